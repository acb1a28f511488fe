/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of multicast groups on the loopback.  */

#include "option/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "option/constants.h"
#include "option/option.h"
#include "suites.h"
#include "values.h"

/* IPv6 sends no multicasts through the loopback interface itself, but
   keeps a group of this scope on the host.  */
static const char *
group_name (int family)
{
  return family == AF_INET ? "239.83.79.1" : "ff11::5350:1";
}

/* Where groups are tried: an interface, and its address in words.  */
struct place_to_be
{
  char interface[IF_NAMESIZE];
  struct address address;
  char source[INET6_ADDRSTRLEN];
};

static bool
takes_groups (const struct ifaddrs *entry)
{
  unsigned flags = IFF_UP | IFF_RUNNING | IFF_MULTICAST;
  return entry->ifa_addr && entry->ifa_addr->sa_family == AF_INET6
         && (entry->ifa_flags & flags) == flags;
}

static void
note_place (struct place_to_be *place, const struct ifaddrs *entry)
{
  const struct sockaddr *address = entry->ifa_addr;
  snprintf (place->interface, sizeof place->interface, "%s", entry->ifa_name);
  address_copy (&place->address, address, sizeof (struct sockaddr_in6));
  inet_ntop (AF_INET6, address_bytes (&place->address), place->source,
             sizeof place->source);
}

/* The place for groups of FAMILY; null if there is none.  */
static const struct place_to_be *
place_for (int family)
{
  static struct place_to_be ipv4, place;
  struct ifaddrs *list;
  ipv4 = (struct place_to_be){ "lo", loopback (AF_INET, 0), "127.0.0.1" };
  if (family == AF_INET)
    return &ipv4;
  place.interface[0] = '\0';
  ck_assert_int_eq (getifaddrs (&list), 0);
  for (struct ifaddrs *entry = list; entry && !place.interface[0];
       entry = entry->ifa_next)
    if (takes_groups (entry))
      note_place (&place, entry);
  freeifaddrs (list);
  return place.interface[0] ? &place : NULL;
}

/* A group with a member and a sender, on an
   interface of this host.  */
struct party
{
  int member;
  int sender;
  struct address group;
  const struct place_to_be *place;
};

static const char *
interface_for (int family)
{
  const struct place_to_be *place = place_for (family);
  return place ? place->interface : "lo";
}

/* (GROUP INTERFACE) and (GROUP INTERFACE SOURCE).  */
#define MEMBERSHIP(family) \
 LIST (text (group_name (family)), text (interface_for (family)))
#define SOURCE(family, source)                                    \
 LIST (text (group_name (family)), text (interface_for (family)), \
       text (source))

/* The member hears of no group but those that it joined itself.  Return
   false if there is nowhere to go.  */
static bool
open_party (struct party *party, int sample)
{
  static const uint8_t any[16];
  int family = samples[sample].family;
  bool ipv4 = family == AF_INET;
  struct address address;
  party->place = place_for (family);
  if (!party->place || !sample_available (sample))
    return false;
  party->member = sample_socket (sample);
  party->sender = sample_socket (sample);
  if (ipv4)
    address_ipv4 (&address, any, 0);
  else
    address_ipv6 (&address, any, 0);
  ck_assert_int_eq (bind_to (party->member, &address), 0);
  set_keyword (party->member,
               ipv4 ? ":ip-multicast-all" : ":ipv6-multicast-all", NIL);
  ck_assert (address_local_of (party->member, &party->group));
  ck_assert_int_eq (
    inet_pton (
      family, group_name (family),
      ipv4 ? (void *) &((struct sockaddr_in *) &party->group.storage)->sin_addr
           : (void *) &((struct sockaddr_in6 *) &party->group.storage)
               ->sin6_addr),
    1);
  ck_assert_int_eq (bind_to (party->sender, &party->place->address), 0);
  set_keyword (party->sender, ipv4 ? ":ip-multicast-if" : ":ipv6-multicast-if",
               text (party->place->interface));
  return true;
}

static void
close_party (struct party *party)
{
  close (party->member);
  close (party->sender);
}

/* Whether the member hears what is sent to the group now.  */
static bool
hears (const struct party *party)
{
  ck_assert_int_eq (sendto (party->sender, "hello", 5, 0,
                            (const struct sockaddr *) &party->group.storage,
                            party->group.length),
                    5);
  return gets_packet (party->member, "hello");
}

/* A way to join a group, and to leave it.  */
struct way
{
  int sample;
  const char *join, *leave;
};

static const struct way ways[] = {
  { SAMPLE_UDP4, ":ip-add-membership", ":ip-drop-membership" },
  { SAMPLE_UDP4, ":mcast-join-group", ":mcast-leave-group" },
  { SAMPLE_UDP6, ":ipv6-add-membership", ":ipv6-drop-membership" },
  { SAMPLE_UDP6, ":mcast-join-group", ":mcast-leave-group" },
};

START_TEST (test_member)
{
  const struct way *way = &ways[_i];
  int family = samples[way->sample].family;
  struct party party;
  if (!open_party (&party, way->sample))
    SKIP ("no interface for multicasts");
  ck_assert (!hears (&party));
  set_keyword (party.member, way->join, MEMBERSHIP (family));
  ck_assert (hears (&party));
  ck_assert_int_eq (try_keyword (party.member, way->join, MEMBERSHIP (family)),
                    EADDRINUSE);
  set_keyword (party.member, way->leave, MEMBERSHIP (family));
  ck_assert (!hears (&party));
  ck_assert_int_ne (try_keyword (party.member, way->leave,
                                 MEMBERSHIP (family)),
                    0);
  close_party (&party);
}
END_TEST

/* Likewise from one source only.  */
static const struct way source_ways[] = {
  { SAMPLE_UDP4, ":ip-add-source-membership", ":ip-drop-source-membership" },
  { SAMPLE_UDP4, ":mcast-join-source-group", ":mcast-leave-source-group" },
  { SAMPLE_UDP6, ":mcast-join-source-group", ":mcast-leave-source-group" },
};

static const char *
own_source (int family)
{
  const struct place_to_be *place = place_for (family);
  return place ? place->source : "::1";
}

static const char *
other_source (int family)
{
  return family == AF_INET ? "127.0.0.2" : "fe80::2";
}

START_TEST (test_source_member)
{
  const struct way *way = &source_ways[_i];
  int family = samples[way->sample].family;
  struct value other = SOURCE (family, other_source (family));
  struct value own = SOURCE (family, own_source (family));
  struct party party;
  if (!open_party (&party, way->sample))
    SKIP ("no interface for multicasts");
  set_keyword (party.member, way->join, other);
  ck_assert (!hears (&party));
  set_keyword (party.member, way->join, own);
  ck_assert (hears (&party));
  set_keyword (party.member, way->leave, own);
  ck_assert (!hears (&party));
  close_party (&party);
}
END_TEST

/* Likewise a way to block a source, and to let it in again.  */
static const struct way block_ways[] = {
  { SAMPLE_UDP4, ":ip-block-source", ":ip-unblock-source" },
  { SAMPLE_UDP4, ":mcast-block-source", ":mcast-unblock-source" },
  { SAMPLE_UDP6, ":mcast-block-source", ":mcast-unblock-source" },
};

START_TEST (test_blocked_source)
{
  const struct way *way = &block_ways[_i];
  int family = samples[way->sample].family;
  struct value own = SOURCE (family, own_source (family));
  struct value other = SOURCE (family, other_source (family));
  struct party party;
  if (!open_party (&party, way->sample))
    SKIP ("no interface for multicasts");
  set_keyword (party.member, ":mcast-join-group", MEMBERSHIP (family));
  set_keyword (party.member, way->join, other);
  ck_assert (hears (&party));
  set_keyword (party.member, way->join, own);
  ck_assert (!hears (&party));
  set_keyword (party.member, way->leave, own);
  ck_assert (hears (&party));
  close_party (&party);
}
END_TEST

/* Source filters.  */

static const struct
{
  int sample;
  const char *keyword;
} filters[] = {
  { SAMPLE_UDP4, ":ip-msfilter" },
  { SAMPLE_UDP4, ":mcast-msfilter" },
  { SAMPLE_UDP6, ":mcast-msfilter" },
};

/* What FD has for OPTION of the group.  */
static struct value
read_filter (int fd, const struct option *option, int family)
{
  struct bytes bytes = prepare (option, MEMBERSHIP (family));
  int code = option_get (fd, option, &bytes);
  ck_assert_msg (code == 0, "%s: %s", option->keyword, strerror (code));
  struct value value = decode (option, bytes);
  bytes_free (&bytes);
  return value;
}

/* What is set reads back, and decides whether the group is heard.  */
static void
check_filter (const struct party *party, const struct option *option,
              struct value value, bool heard)
{
  int family = address_family (&party->group);
  set_value (party->member, option, value);
  struct value read = read_filter (party->member, option, family);
  ck_assert_msg (same_value (&read, &value), "%s: %s, not %s", option->keyword,
                 words_of (&read), words_of (&value));
  ck_assert_int_eq (hears (party), heard);
}

START_TEST (test_source_filter)
{
  int sample = filters[_i].sample;
  int family = samples[sample].family;
  const struct option *option = row (filters[_i].keyword);
  struct value group = text (group_name (family)),
               lo = text (interface_for (family));
  struct value own = text (own_source (family));
  struct value other = text (other_source (family));
  struct value include = symbol ("include"), exclude = symbol ("exclude");
  struct party party;
  if (!open_party (&party, sample))
    SKIP ("no interface for multicasts");
  set_keyword (party.member, ":mcast-join-group", MEMBERSHIP (family));
  check_filter (&party, option, LIST (group, lo, exclude, own), false);
  check_filter (&party, option, LIST (group, lo, exclude, other), true);
  check_filter (&party, option, LIST (group, lo, include, other), false);
  check_filter (&party, option, LIST (group, lo, include, other, own), true);
  check_filter (&party, option, LIST (group, lo, exclude), true);
  close_party (&party);
}
END_TEST

/* A group of the other family is none of this socket's.  */
START_TEST (test_level_of_family)
{
  struct value v4 = MEMBERSHIP (AF_INET), v6 = MEMBERSHIP (AF_INET6);
  const struct option *join = row (":mcast-join-group");
  ck_assert_int_eq (join->level, LEVEL_OF_FAMILY);
  if (!sample_available (SAMPLE_UDP6))
    SKIP (samples[SAMPLE_UDP6].name);
  int udp4 = sample_socket (SAMPLE_UDP4);
  int udp6 = sample_socket (SAMPLE_UDP6);
  ck_assert_int_ne (try_set (udp4, join, v6), 0);
  ck_assert_int_ne (try_set (udp6, join, v4), 0);
  ck_assert_int_eq (try_set (udp4, join, v4), 0);
  ck_assert_int_eq (try_set (udp6, join, v6), 0);
  close (udp4);
  close (udp6);
}
END_TEST

/* Options that can only be set.  */

static bool
packets (int sample)
{
  return samples[sample].socket_class & CLASSES_PACKET;
}

/* Join and leave, on sockets of all classes that can.  */
START_TEST (test_groups_of_sample)
{
  int family = samples[_i].family;
  if (!packets (_i))
    return;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = sample_socket (_i);
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
    if (samples[ways[i].sample].family == family)
      {
        set_keyword (fd, ways[i].join, MEMBERSHIP (family));
        set_keyword (fd, ways[i].leave, MEMBERSHIP (family));
      }
  for (size_t i = 0; i < sizeof source_ways / sizeof source_ways[0]; i++)
    if (samples[source_ways[i].sample].family == family)
      {
        struct value source = SOURCE (family, own_source (family));
        set_keyword (fd, source_ways[i].join, source);
        set_keyword (fd, source_ways[i].leave, source);
      }
  close (fd);
}
END_TEST

/* A socket that is not for packets has no groups, whatever the kernel
   calls it.  Linux forgets to look for TCP in one place.  */
START_TEST (test_no_groups)
{
  if (packets (_i))
    return;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = sample_socket (_i);
  bool tcp = samples[_i].socket_class & CLASSES_TCP;
  for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
    {
      int family = samples[ways[i].sample].family;
      int code = try_keyword (fd, ways[i].join, MEMBERSHIP (family));
      bool of_both = strncmp (ways[i].join, ":mcast", 6) == 0;
      ck_assert_msg (code == ENOPROTOOPT || (code == 0 && tcp && of_both),
                     "%s on %s: %d", ways[i].join, samples[_i].name, code);
    }
  close (fd);
}
END_TEST

/* Beyond what the system allows to all.  */
START_TEST (test_forced_buffers)
{
  int fd = sample_socket (_i);
  if (try_keyword (fd, ":rcvbufforce", integer (20000000)) == EPERM)
    {
      close (fd);
      SKIP ("buffers may not be forced");
    }
  set_keyword (fd, ":sndbufforce", integer (20000000));
  ck_assert_int_eq (socket_int (fd, SOL_SOCKET, SO_RCVBUF), 40000000);
  ck_assert_int_eq (socket_int (fd, SOL_SOCKET, SO_SNDBUF), 40000000);
  close (fd);
}
END_TEST

START_TEST (test_packet_info)
{
  if (!sample_available (SAMPLE_UDP6))
    SKIP (samples[SAMPLE_UDP6].name);
  int fd = sample_socket (SAMPLE_UDP6);
  set_keyword (fd, ":ipv6-pktinfo", LIST (text ("::1"), text ("lo")));
  set_keyword (fd, ":ipv6-pktinfo", NIL);
  close (fd);
}
END_TEST

/* Newer than the kernels that there are.  */
START_TEST (test_inq)
{
  int fd = sample_socket (SAMPLE_LOCAL_STREAM);
  int code = try_keyword (fd, ":inq", of_type (VALUE_T));
  close (fd);
  if (code == ENOPROTOOPT)
    SKIP ("no :inq in this kernel");
  ck_assert_int_eq (code, 0);
}
END_TEST

/* No other option can only be set, so that none goes untested.  */
START_TEST (test_set_only_rows)
{
  static const char *const tested
    = ":detach-filter :inq :rcvbufforce :sndbufforce :ip-add-membership "
      ":ip-add-source-membership :ip-block-source :ip-drop-membership "
      ":ip-drop-source-membership :ip-unblock-source :mcast-block-source "
      ":mcast-join-group :mcast-join-source-group :mcast-leave-group "
      ":mcast-leave-source-group :mcast-unblock-source :ipv6-pktinfo "
      ":ipv6-add-membership :ipv6-drop-membership ";
  char word[64];
  for (size_t i = 0; i < options_count; i++)
    if (options[i].access == ACCESS_SET)
      {
        snprintf (word, sizeof word, "%s ", options[i].keyword);
        ck_assert_msg (strstr (tested, word), "%s is tested nowhere",
                       options[i].keyword);
      }
}
END_TEST

Suite *
group_suite (void)
{
  Suite *suite = suite_create ("group");
  TCase *group = add_case (suite, "groups");
  tcase_add_loop_test (group, test_member, 0, 4);
  tcase_add_loop_test (group, test_source_member, 0, 3);
  tcase_add_loop_test (group, test_blocked_source, 0, 3);
  tcase_add_loop_test (group, test_source_filter, 0, 3);
  tcase_add_test (group, test_level_of_family);
  TCase *only = add_case (suite, "set only");
  tcase_add_loop_test (only, test_groups_of_sample, 0, ALL_SAMPLES);
  tcase_add_loop_test (only, test_no_groups, 0, ALL_SAMPLES);
  tcase_add_loop_test (only, test_forced_buffers, 0, SAMPLES);
  tcase_add_test (only, test_packet_info);
  tcase_add_test (only, test_inq);
  tcase_add_test (only, test_set_only_rows);
  return suite;
}

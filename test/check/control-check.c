/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of decoding what the kernel tells along with data.  */

#include "option/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "controls.h"
#include "option/constants.h"
#include "option/option.h"
#include "suites.h"
#include "values.h"

/* Check that LEVEL and TYPE with DATA give KEY the value EXPECTED, and that
   other lengths do not.  */
static void
check_one (int level, int type, const void *data, size_t size, const char *key,
           struct value expected)
{
  struct message message = { .used = 0 };
  message_add (&message, level, type, data, size);
  struct value value = message_decode (&message);
  const struct value *found = plist_get (&value, key);
  ck_assert_msg (found != NULL, "%s", words_of (&value));
  check_same (*found, expected);
  message = (struct message){ .used = 0 };
  message_add (&message, level, type, data, size - 1);
  value = message_decode (&message);
  ck_assert_ptr_null (plist_get (&value, key));
  ck_assert_uint_eq (plist_get (&value, ":control")->size, 1);
}

#define CHECK_ONE(level, type, data, key, expected) \
 check_one (level, type, &(data), sizeof (data), key, expected)

START_TEST (test_numbers)
{
  int hops = 64;
  uint32_t big = 4000000000;
  CHECK_ONE (IPPROTO_IP, IP_TTL, hops, ":ttl", integer (64));
  CHECK_ONE (IPPROTO_IPV6, IPV6_HOPLIMIT, hops, ":hop-limit", integer (64));
  CHECK_ONE (SOL_SOCKET, SO_RXQ_OVFL, big, ":dropped", integer (4000000000));
  CHECK_ONE (SOL_SOCKET, SO_MARK, big, ":mark", integer (4000000000));
  CHECK_ONE (SOL_SOCKET, SO_PRIORITY, big, ":priority", integer (4000000000));
}
END_TEST

/* IPv4 has it in one byte.  */
START_TEST (test_class)
{
  int class = 0xb8;
  uint8_t octet = 0xb8;
  CHECK_ONE (IPPROTO_IPV6, IPV6_TCLASS, class, ":tos", integer (0xb8));
  CHECK_ONE (IPPROTO_IP, IP_TOS, octet, ":tos", integer (0xb8));
}
END_TEST

static struct value
timestamp (intmax_t ticks, intmax_t hz)
{
  static struct value items[2];
  items[0] = integer (ticks);
  items[1] = integer (hz);
  return (struct value){ .type = VALUE_PAIR, .as.items = items, .size = 2 };
}

START_TEST (test_times)
{
  struct timeval micro = { .tv_sec = 1700000000, .tv_usec = 999999 };
  struct timespec nano = { .tv_sec = 1700000000, .tv_nsec = 999999999 };
  CHECK_ONE (SOL_SOCKET, SCM_TIMESTAMP, micro, ":time",
             timestamp (1700000000999999, 1000000));
  CHECK_ONE (SOL_SOCKET, SO_TIMESTAMPNS, nano, ":time",
             timestamp (1700000000999999999, 1000000000));
}
END_TEST

/* What is no time is given as it is.  */
START_TEST (test_bad_times)
{
  /* In 32 bits no time is too long.  */
  time_t too_long
    = sizeof (time_t) < 8 ? -2 : (time_t) (INT64_MAX / 1000000000);
  const struct timespec bad[] = { { .tv_sec = too_long },
                                  { .tv_sec = -1 },
                                  { .tv_nsec = -1 },
                                  { .tv_nsec = 1000000000 } };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    {
      struct message message = { .used = 0 };
      message_add (&message, SOL_SOCKET, SO_TIMESTAMPNS, &bad[i],
                   sizeof bad[i]);
      struct value value = message_decode (&message);
      ck_assert_ptr_null (plist_get (&value, ":time"));
      ck_assert_uint_eq (plist_get (&value, ":control")->size, 1);
    }
}
END_TEST

/* Of two times, only those that are set are told.  */
START_TEST (test_timestamping)
{
  struct timespec times[3] = { { .tv_sec = 5 } };
  CHECK_ONE (SOL_SOCKET, SO_TIMESTAMPING, times, ":time",
             timestamp (5000000000, 1000000000));
  times[2].tv_nsec = 7;
  CHECK_ONE (SOL_SOCKET, SO_TIMESTAMPING, times, ":hardware-time",
             timestamp (7, 1000000000));
  times[0].tv_sec = 0;
  struct message message = { .used = 0 };
  message_add (&message, SOL_SOCKET, SO_TIMESTAMPING, times, sizeof times);
  struct value value = message_decode (&message);
  ck_assert_uint_eq (value.size, 2);
}
END_TEST

/* Two options may tell the time: it is told once.  */
START_TEST (test_repeated)
{
  struct timeval micro = { .tv_sec = 1 };
  struct timespec times[3] = { { .tv_sec = 2 } };
  struct message message = { .used = 0 };
  message_add (&message, SOL_SOCKET, SCM_TIMESTAMP, &micro, sizeof micro);
  message_add (&message, SOL_SOCKET, SO_TIMESTAMPING, times, sizeof times);
  struct value value = message_decode (&message);
  ck_assert_uint_eq (value.size, 2);
  check_same (value.as.items[1], timestamp (1000000, 1000000));
}
END_TEST

START_TEST (test_packet_info4)
{
  unsigned loopback = if_nametoindex ("lo");
  struct in_pktinfo packet = { .ipi_ifindex = (int) loopback };
  packet.ipi_addr.s_addr = htonl (0xe00000fb);
  packet.ipi_spec_dst.s_addr = htonl (INADDR_LOOPBACK);
  CHECK_ONE (IPPROTO_IP, IP_PKTINFO, packet, ":destination",
             text ("224.0.0.251"));
  CHECK_ONE (IPPROTO_IP, IP_PKTINFO, packet, ":interface", text ("lo"));
  /* One that is gone by now.  */
  packet.ipi_ifindex = 1 << 30;
  CHECK_ONE (IPPROTO_IP, IP_PKTINFO, packet, ":interface", integer (1 << 30));
}
END_TEST

START_TEST (test_packet_info6)
{
  struct in6_pktinfo packet = { .ipi6_ifindex = if_nametoindex ("lo") };
  packet.ipi6_addr = in6addr_loopback;
  CHECK_ONE (IPPROTO_IPV6, IPV6_PKTINFO, packet, ":destination", text ("::1"));
  CHECK_ONE (IPPROTO_IPV6, IPV6_PKTINFO, packet, ":interface", text ("lo"));
}
END_TEST

START_TEST (test_addresses)
{
  struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons (53) };
  struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
                               .sin6_port = htons (53),
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  struct value zero = integer (0);
  struct message message = { .used = 0 };
  message_add (&message, IPPROTO_IP, IP_ORIGDSTADDR, &ipv4, sizeof ipv4);
  struct value value = message_decode (&message);
  check_same (*plist_get (&value, ":original-destination"),
              VECTOR (zero, zero, zero, zero, integer (53)));
  message = (struct message){ .used = 0 };
  message_add (&message, IPPROTO_IPV6, IPV6_ORIGDSTADDR, &ipv6, sizeof ipv6);
  value = message_decode (&message);
  check_same (*plist_get (&value, ":original-destination"),
              VECTOR (zero, zero, zero, zero, zero, zero, zero, integer (1),
                      integer (53)));
}
END_TEST

START_TEST (test_path_mtu)
{
  struct ip6_mtuinfo path = { .ip6m_mtu = 1280 };
  path.ip6m_addr.sin6_family = AF_INET6;
  struct message message = { .used = 0 };
  message_add (&message, IPPROTO_IPV6, IPV6_PATHMTU, &path, sizeof path);
  struct value value = message_decode (&message);
  check_number (plist_get (&value, ":path-mtu"), ":mtu", 1280);
}
END_TEST

START_TEST (test_sender)
{
  struct ucred sender = { .pid = 7, .uid = 1000, .gid = 100 };
  struct message message = { .used = 0 };
  message_add (&message, SOL_SOCKET, SCM_CREDENTIALS, &sender, sizeof sender);
  message_add (&message, SOL_SOCKET, SCM_SECURITY, "unconfined", 10);
  struct value value = message_decode (&message);
  check_number (plist_get (&value, ":credentials"), ":uid", 1000);
  check_same (*plist_get (&value, ":security"), text ("unconfined"));
}
END_TEST

static struct message
error_message (struct sock_extended_err report, const void *offender,
               size_t size)
{
  char data[sizeof report + sizeof (struct sockaddr_in6)];
  struct message message = { .used = 0 };
  bool ipv6 = report.ee_origin == SO_EE_ORIGIN_ICMP6;
  memcpy (data, &report, sizeof report);
  memcpy (data + sizeof report, offender, size);
  message_add (&message, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
               ipv6 ? IPV6_RECVERR : IP_RECVERR, data, sizeof report + size);
  return message;
}

START_TEST (test_error)
{
  struct sockaddr_in router = { .sin_family = AF_INET };
  router.sin_addr.s_addr = htonl (0x0a090001);
  struct message message
    = error_message ((struct sock_extended_err){ .ee_errno = EHOSTUNREACH,
                                                 .ee_origin = 2,
                                                 .ee_type = 11 },
                     &router, sizeof router);
  struct value value = message_decode (&message);
  ck_assert_int_eq (plist_get (&value, ":error")->type, VALUE_PAIR);
  check_same (plist_get (&value, ":error")->as.items[0],
              symbol ("EHOSTUNREACH"));
  check_name (&value, ":origin", "icmp");
  check_same (*plist_get (&value, ":icmp"), LIST (integer (11), integer (0)));
  check_same (*plist_get (&value, ":offender"), text ("10.9.0.1"));
  ck_assert_ptr_null (plist_get (&value, ":mtu"));
}
END_TEST

START_TEST (test_error6)
{
  struct sockaddr_in6 router
    = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  struct message message
    = error_message ((struct sock_extended_err){ .ee_errno = EMSGSIZE,
                                                 .ee_origin = 3,
                                                 .ee_type = 2,
                                                 .ee_info = 1280 },
                     &router, sizeof router);
  struct value value = message_decode (&message);
  check_name (&value, ":origin", "icmp6");
  check_number (&value, ":mtu", 1280);
  check_same (*plist_get (&value, ":offender"), text ("::1"));
}
END_TEST

/* Nobody sent it; the room for an address is empty, cut, or not there.  */
START_TEST (test_error_local)
{
  struct sockaddr_in nobody = { .sin_family = AF_UNSPEC };
  struct sock_extended_err report
    = { .ee_errno = EMSGSIZE, .ee_origin = 1, .ee_info = 1500 };
  for (int i = 0; i < 3; i++)
    {
      size_t size = i == 0 ? sizeof nobody : i == 1 ? 6 : 0;
      nobody.sin_family = i == 0 ? AF_UNSPEC : AF_INET;
      struct message message = error_message (report, &nobody, size);
      struct value value = message_decode (&message);
      check_name (&value, ":origin", "local");
      check_number (&value, ":mtu", 1500);
      ck_assert_ptr_null (plist_get (&value, ":icmp"));
      ck_assert_ptr_null (plist_get (&value, ":offender"));
    }
}
END_TEST

START_TEST (test_error_cut)
{
  struct sock_extended_err report = { .ee_errno = EMSGSIZE };
  struct message message = { .used = 0 };
  message_add (&message, IPPROTO_IP, IP_RECVERR, &report, sizeof report - 1);
  struct value value = message_decode (&message);
  ck_assert_ptr_null (plist_get (&value, ":origin"));
  ck_assert_uint_eq (plist_get (&value, ":control")->size, 1);
}
END_TEST

/* How sending went: no error.  */
START_TEST (test_sent)
{
  struct sock_extended_err report
    = { .ee_errno = ENOMSG, .ee_origin = 4, .ee_info = 1, .ee_data = 77 };
  struct message message = error_message (report, &report, 0);
  struct value value = message_decode (&message);
  check_name (&value, ":origin", "timestamping");
  check_name (&value, ":step", "scheduled");
  check_number (&value, ":id", 77);
  ck_assert_ptr_null (plist_get (&value, ":error"));
}
END_TEST

START_TEST (test_unknown)
{
  struct message message = { .used = 0 };
  message_add (&message, 99, 98, "abc", 3);
  struct value value = message_decode (&message);
  struct value bytes = text ("abc");
  bytes.type = VALUE_BYTES;
  ck_assert_uint_eq (value.size, 2);
  check_same (*plist_get (&value, ":control"),
              LIST (LIST (integer (99), integer (98), bytes)));
}
END_TEST

START_TEST (test_none)
{
  struct message message = { .used = 0 };
  check_same (message_decode (&message), NIL);
}
END_TEST

/* Descriptors are counted, and closed by the call that does so.  */
START_TEST (test_descriptors)
{
  int pair[2];
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_DGRAM, 0, pair), 0);
  struct message message = { .used = 0 };
  message_add (&message, SOL_SOCKET, SCM_RIGHTS, pair, sizeof pair);
  struct value value = message_decode (&message);
  check_number (&value, ":descriptors", 2);
  ck_assert (is_open (pair[0]));
  struct msghdr header = message_header (&message);
  control_close (&header);
  ck_assert (!is_open (pair[0]));
  ck_assert (!is_open (pair[1]));
}
END_TEST

/* Whether the keys of some message have KEY in them.  */
static bool
some_control_has (const char *key, size_t length)
{
  for (size_t i = 0; i < controls_count; i++)
    {
      const char *at = strstr (controls[i].keys, key);
      if (at && (at[length] == ' ' || at[length] == '\0'))
        return true;
    }
  return false;
}

/* What a row says that it tells is told.  */
START_TEST (test_row_info)
{
  char list[128];
  snprintf (list, sizeof list, "%s", options[_i].info ? options[_i].info : "");
  for (char *key = strtok (list, " "); key; key = strtok (NULL, " "))
    ck_assert_msg (some_control_has (key, strlen (key)), "%s", key);
}
END_TEST

/* What is told, some row says.  */
START_TEST (test_control_row)
{
  char keys[128];
  snprintf (keys, sizeof keys, "%s", controls[_i].keys);
  for (char *key = strtok (keys, " "); key; key = strtok (NULL, " "))
    {
      bool found = false;
      for (size_t i = 0; i < options_count; i++)
        found = found || (options[i].info && strstr (options[i].info, key));
#ifndef SYSTEM_LINUX
      /* The kernel may tell of it, but no option asks for that.  */
      if (!found)
        SKIP (controls[_i].keys);
#endif
      ck_assert_msg (found, "%s", key);
    }
}
END_TEST

Suite *
control_suite (void)
{
  Suite *suite = suite_create ("control");
  TCase *one = add_case (suite, "one message");
  tcase_add_test (one, test_numbers);
  tcase_add_test (one, test_class);
  tcase_add_test (one, test_times);
  tcase_add_test (one, test_bad_times);
  tcase_add_test (one, test_timestamping);
  tcase_add_test (one, test_repeated);
  tcase_add_test (one, test_packet_info4);
  tcase_add_test (one, test_packet_info6);
  tcase_add_test (one, test_addresses);
  tcase_add_test (one, test_path_mtu);
  tcase_add_test (one, test_sender);
  tcase_add_test (one, test_error);
  tcase_add_test (one, test_error6);
  tcase_add_test (one, test_error_local);
  tcase_add_test (one, test_error_cut);
  tcase_add_test (one, test_sent);
  tcase_add_test (one, test_unknown);
  tcase_add_test (one, test_none);
  tcase_add_test (one, test_descriptors);
  TCase *rows = add_case (suite, "rows");
  tcase_add_loop_test (rows, test_row_info, 0, (int) options_count);
  tcase_add_loop_test (rows, test_control_row, 0, (int) controls_count);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the kinds of multicast groups and their sources.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "option/inet.h"
#include "option/option.h"
#include "suites.h"
#include "values.h"

#define GROUP4 "239.1.2.3"
#define GROUP6 "ff15::123"

START_TEST (test_membership4)
{
  static const char *const keywords[]
    = { ":ip-add-membership", ":ip-drop-membership" };
  const struct option *option = row (keywords[_i]);
#ifdef SYSTEM_LINUX
  struct ip_mreqn request;
#else
  struct ip_mreq request;
#endif
  struct bytes bytes = encode (option, LIST (text (GROUP4), text ("lo")));
  ck_assert_uint_eq (bytes.length, sizeof request);
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_uint_eq (request.imr_multiaddr.s_addr, htonl (0xef010203));
#ifdef SYSTEM_LINUX
  ck_assert_uint_eq ((unsigned) request.imr_ifindex, if_nametoindex ("lo"));
  ck_assert_uint_eq (request.imr_address.s_addr, 0);
#else
  ck_assert_uint_eq (request.imr_interface.s_addr, htonl (INADDR_LOOPBACK));
#endif
  check_fault (option, LIST (text (GROUP4)), FAULT_NONE);
  check_fault (option, LIST (text (GROUP4), NIL), FAULT_NONE);
  check_fault (option, LIST (text (GROUP6), NIL), FAULT_RANGE);
}
END_TEST

START_TEST (test_membership6)
{
  static const char *const keywords[]
    = { ":ipv6-add-membership", ":ipv6-drop-membership" };
  const struct option *option = row (keywords[_i]);
  struct ipv6_mreq request;
  struct bytes bytes = encode (option, LIST (text (GROUP6), integer (7)));
  ck_assert_uint_eq (bytes.length, sizeof request);
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_uint_eq (request.ipv6mr_multiaddr.s6_addr[0], 0xff);
  ck_assert_uint_eq (request.ipv6mr_multiaddr.s6_addr[14], 1);
  ck_assert_uint_eq (request.ipv6mr_multiaddr.s6_addr[15], 0x23);
  ck_assert_uint_eq (request.ipv6mr_interface, 7);
  bytes_free (&bytes);
  check_fault (option, LIST (text (GROUP4), NIL), FAULT_RANGE);
}
END_TEST

/* What is wrong with any membership.  */
START_TEST (test_membership_faults)
{
  static const char *const keywords[]
    = { ":ip-add-membership", ":ipv6-add-membership", ":mcast-join-group" };
  const struct option *option = row (keywords[_i]);
  struct value group = text (_i == 1 ? GROUP6 : GROUP4);
  check_fault (option, LIST (group, text ("lo"), group), FAULT_RANGE);
  check_fault (option, (struct value){ .type = VALUE_LIST }, FAULT_RANGE);
  check_fault (option, LIST (group, text ("no-such-iface")), FAULT_RANGE);
  check_fault (option, LIST (group, of_type (VALUE_T)), FAULT_TYPE);
  check_fault (option, LIST (text ("239.1.2"), NIL), FAULT_RANGE);
  check_fault (option, LIST (text ("239.1.2.256"), NIL), FAULT_RANGE);
  check_fault (option, LIST (text (":"), NIL), FAULT_RANGE);
  check_fault (option, LIST (text (""), NIL), FAULT_RANGE);
  check_fault (option,
               LIST (text ("as long as no address is: of forty-six letters"),
                     NIL),
               FAULT_RANGE);
  check_fault (option, LIST (integer (5), NIL), FAULT_TYPE);
  check_fault (option, LIST (NIL, NIL), FAULT_TYPE);
  check_fault (option, group, FAULT_TYPE);
  check_fault (option, NIL, FAULT_TYPE);
  check_fault (option, VECTOR (group, NIL), FAULT_TYPE);
}
END_TEST

START_TEST (test_inet_vectors)
{
  struct inet inet;
  struct value value
    = VECTOR (integer (239), integer (1), integer (2), integer (3));
  ck_assert_int_eq (inet_from_value (&value, AF_UNSPEC, &inet), FAULT_NONE);
  ck_assert_int_eq (inet.family, AF_INET);
  ck_assert_uint_eq (inet.as.ipv4.s_addr, htonl (0xef010203));
  ck_assert_int_eq (inet_from_value (&value, AF_INET6, &inet), FAULT_RANGE);
  value.as.items[3] = integer (256);
  ck_assert_int_eq (inet_from_value (&value, AF_UNSPEC, &inet), FAULT_RANGE);
  value.as.items[3] = NIL;
  ck_assert_int_eq (inet_from_value (&value, AF_UNSPEC, &inet), FAULT_TYPE);
  value.size = 3;
  ck_assert_int_eq (inet_from_value (&value, AF_UNSPEC, &inet), FAULT_RANGE);
  value = VECTOR (integer (0xff15), integer (0), integer (0), integer (0),
                  integer (0), integer (0), integer (0), integer (0x123));
  ck_assert_int_eq (inet_from_value (&value, AF_INET6, &inet), FAULT_NONE);
  ck_assert_uint_eq (inet.as.ipv6.s6_addr[1], 0x15);
  ck_assert_uint_eq (inet.as.ipv6.s6_addr[15], 0x23);
  value.as.items[0] = integer (65536);
  ck_assert_int_eq (inet_from_value (&value, AF_INET6, &inet), FAULT_RANGE);
}
END_TEST

START_TEST (test_source4)
{
  static const char *const keywords[]
    = { ":ip-add-source-membership", ":ip-drop-source-membership",
        ":ip-block-source", ":ip-unblock-source" };
  const struct option *option = row (keywords[_i]);
  struct ip_mreq_source request;
  struct value lo = text ("lo");
  struct bytes bytes
    = encode (option, LIST (text (GROUP4), lo, text ("127.0.0.2")));
  ck_assert_uint_eq (bytes.length, sizeof request);
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_uint_eq (request.imr_multiaddr.s_addr, htonl (0xef010203));
  ck_assert_uint_eq (request.imr_interface.s_addr, htonl (INADDR_LOOPBACK));
  ck_assert_uint_eq (request.imr_sourceaddr.s_addr, htonl (0x7f000002));
  check_fault (option, LIST (text (GROUP4), lo), FAULT_RANGE);
  check_fault (option, LIST (text (GROUP4), lo, text ("::1")), FAULT_RANGE);
  check_fault (option, LIST (text (GROUP6), lo, text ("::1")), FAULT_RANGE);
  check_fault (option, LIST (text (GROUP4), lo, NIL), FAULT_TYPE);
}
END_TEST

/* The value with which an option is tried that knows an interface by its
   address: the interface is INTERFACE.  */
static struct value
by_address (const char *keyword, struct value interface)
{
  static struct value items[3];
  if (strcmp (keyword, ":ip-multicast-if") == 0)
    return interface;
  items[0] = text (GROUP4);
  items[1] = interface;
  items[2] = strcmp (keyword, ":ip-msfilter") == 0 ? symbol ("include")
                                                   : text ("127.0.0.2");
  return (struct value){ .type = VALUE_LIST, .size = 3, .as.items = items };
}

static const char *const by_addresses[] = { ":ip-add-source-membership",
                                            ":ip-drop-source-membership",
                                            ":ip-block-source",
                                            ":ip-unblock-source",
                                            ":ip-msfilter",
                                            ":ip-multicast-if" };

/* What cannot be found out is not taken for "any interface".  */
START_TEST (test_no_descriptors)
{
  const struct option *option = row (by_addresses[_i]);
  struct in_addr lo = { .s_addr = htonl (INADDR_LOOPBACK) };
  struct bytes bytes = bytes_of (&lo, sizeof lo);
  struct pool pool = POOL_NONE;
  struct value value;
  struct rlimit old = limit_descriptors (0);
  check_fault (option, by_address (option->keyword, integer (1)),
               FAULT_SYSTEM);
  int code = errno;
  enum fault fault = FAULT_SYSTEM;
  if (option->access & ACCESS_GET && !option->kind->prepare)
    fault = option->kind->decode (option, &bytes, &pool, &value);
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &old), 0);
  ck_assert_int_eq (code, EMFILE);
  ck_assert_int_eq (fault, FAULT_SYSTEM);
  pool_free (&pool);
  bytes_free (&bytes);
}
END_TEST

/* Nor is an interface that has no address, or is not there: the kernel
   would join the group elsewhere.  It does know one by its index that is
   to send.  */
START_TEST (test_no_address)
{
  const struct option *option = row (by_addresses[_i]);
#ifdef SYSTEM_LINUX
  /* This one takes an index besides.  */
  bool sends = strcmp (option->keyword, ":ip-multicast-if") == 0;
#else
  bool sends = false;
#endif
  check_fault (option, by_address (option->keyword, integer (9999999)),
               sends ? FAULT_NONE : FAULT_RANGE);
#ifdef __linux__
  int home = open ("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (home < 0 || unshare (CLONE_NEWNET) < 0)
    {
      close (home);
      SKIP ("network namespaces need root");
    }
  struct bytes bytes = { .length = 0 };
  struct value value = by_address (option->keyword, text ("lo"));
  enum fault fault = option->kind->encode (option, &value, &bytes);
  int code = errno;
  /* Other tests may run in the same process.  */
  ck_assert_int_eq (setns (home, CLONE_NEWNET), 0);
  close (home);
  bytes_free (&bytes);
  ck_assert_int_eq (fault, sends ? FAULT_NONE : FAULT_SYSTEM);
  ck_assert_int_eq (code, EADDRNOTAVAIL);
#endif
}
END_TEST

START_TEST (test_group)
{
  const struct option *option = row (":mcast-join-group");
  struct group_req request;
  struct bytes bytes = encode (option, LIST (text (GROUP6), integer (7)));
  ck_assert_uint_eq (bytes.length, sizeof request);
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_uint_eq (request.gr_interface, 7);
  ck_assert_int_eq (request.gr_group.ss_family, AF_INET6);
  bytes_free (&bytes);
  bytes = encode (option, LIST (text (GROUP4)));
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_uint_eq (request.gr_interface, 0);
  ck_assert_int_eq (request.gr_group.ss_family, AF_INET);
  bytes_free (&bytes);
}
END_TEST

START_TEST (test_group_source)
{
  static const char *const keywords[]
    = { ":mcast-join-source-group", ":mcast-leave-source-group",
        ":mcast-block-source", ":mcast-unblock-source" };
  const struct option *option = row (keywords[_i]);
  struct group_source_req request;
  struct bytes bytes
    = encode (option, LIST (text (GROUP6), NIL, text ("::1")));
  ck_assert_uint_eq (bytes.length, sizeof request);
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_int_eq (request.gsr_group.ss_family, AF_INET6);
  ck_assert_int_eq (request.gsr_source.ss_family, AF_INET6);
  ck_assert_uint_eq (request.gsr_interface, 0);
  const struct sockaddr_in6 *group
    = (const struct sockaddr_in6 *) &request.gsr_group;
  const struct sockaddr_in6 *source
    = (const struct sockaddr_in6 *) &request.gsr_source;
  ck_assert_uint_eq (group->sin6_addr.s6_addr[0], 0xff);
  ck_assert_mem_eq (&source->sin6_addr, &in6addr_loopback, 16);
  bytes_free (&bytes);
  check_fault (option, LIST (text (GROUP4), NIL, text ("127.0.0.1")),
               FAULT_NONE);
  check_fault (option, LIST (text (GROUP4), NIL, text ("::1")), FAULT_RANGE);
  check_fault (option, LIST (text (GROUP6), NIL, text ("127.0.0.1")),
               FAULT_RANGE);
  check_fault (option, LIST (text (GROUP4), NIL), FAULT_RANGE);
}
END_TEST

START_TEST (test_source_filter)
{
  static const char *const keywords[] = { ":ip-msfilter", ":mcast-msfilter" };
  const struct option *option = row (keywords[_i]);
  struct value group = text (GROUP4), lo = text ("lo");
  struct value source = text ("127.0.0.1"), other = text ("10.0.0.1");
  struct value include = symbol ("include"), exclude = symbol ("exclude");
  struct value value = LIST (group, lo, include, source, other);
  check_there_and_back (keywords[_i], value, value);
  value = LIST (group, lo, exclude);
  check_there_and_back (keywords[_i], value, value);
  check_fault (option, LIST (group, lo), FAULT_RANGE);
  check_fault (option, LIST (group, lo, symbol ("both")), FAULT_RANGE);
  check_fault (option, LIST (group, lo, text ("include")), FAULT_TYPE);
  check_fault (option, LIST (group, lo, include, text ("::1")), FAULT_RANGE);
  check_fault (option, LIST (group, lo, include, NIL), FAULT_TYPE);
  check_fault (option, LIST (source, text ("no-such-iface"), include),
               FAULT_RANGE);
  check_fault (option, VECTOR (group, lo, include), FAULT_TYPE);
}
END_TEST

START_TEST (test_source_filter6)
{
  struct value value = LIST (text (GROUP6), text ("lo"), symbol ("exclude"),
                             text ("::1"), text ("fe80::1"));
  check_there_and_back (":mcast-msfilter", value, value);
  check_fault (row (":ip-msfilter"), value, FAULT_RANGE);
}
END_TEST

/* 128 sources, and one too many.  */
START_TEST (test_source_filter_many)
{
  static const char *const keywords[] = { ":ip-msfilter", ":mcast-msfilter" };
  struct value items[3 + 129];
  struct value list
    = { .type = VALUE_LIST, .as.items = items, .size = 3 + 128 };
  items[0] = text (GROUP4);
  items[1] = text ("lo");
  items[2] = symbol ("include");
  for (size_t i = 3; i < 3 + 129; i++)
    items[i] = text ("127.0.0.1");
  check_there_and_back (keywords[_i], list, list);
  list.size++;
  check_fault (row (keywords[_i]), list, FAULT_RANGE);
}
END_TEST

/* The kernel gives less than it says, or than there must be.  */
START_TEST (test_source_filter_cut)
{
  static const char *const keywords[] = { ":ip-msfilter", ":mcast-msfilter" };
  const struct option *option = row (keywords[_i]);
  struct bytes bytes
    = encode (option, LIST (text (GROUP4), text ("lo"), symbol ("include"),
                            text ("127.0.0.1")));
  check_length (option, bytes, bytes.length - 1);
  check_length (option, bytes, 0);
  bytes_free (&bytes);
}
END_TEST

START_TEST (test_source_filter_prepare)
{
  static const char *const keywords[] = { ":ip-msfilter", ":mcast-msfilter" };
  const struct option *option = row (keywords[_i]);
  struct bytes bytes = prepare (option, LIST (text (GROUP4), text ("lo")));
  ck_assert_uint_gt (bytes.length, 128 * sizeof (struct in_addr));
  bytes_free (&bytes);
  struct value bad[] = { NIL, LIST (integer (1), NIL), LIST (text ("x"), NIL),
                         LIST (text (GROUP4), NIL, NIL) };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_int_ne (option->kind->prepare (option, &bad[i], &bytes),
                      FAULT_NONE);
  bytes_free (&bytes);
}
END_TEST

Suite *
membership_suite (void)
{
  Suite *suite = suite_create ("membership");
  TCase *group = add_case (suite, "groups");
  tcase_add_loop_test (group, test_membership4, 0, 2);
  tcase_add_loop_test (group, test_membership6, 0, 2);
  tcase_add_loop_test (group, test_membership_faults, 0, 3);
  tcase_add_loop_test (group, test_no_descriptors, 0,
                       sizeof by_addresses / sizeof by_addresses[0]);
  tcase_add_loop_test (group, test_no_address, 0,
                       sizeof by_addresses / sizeof by_addresses[0]);
  tcase_add_test (group, test_inet_vectors);
  tcase_add_loop_test (group, test_source4, 0, 4);
  tcase_add_test (group, test_group);
  tcase_add_loop_test (group, test_group_source, 0, 4);
  tcase_add_loop_test (group, test_source_filter, 0, 2);
  tcase_add_test (group, test_source_filter6);
  tcase_add_loop_test (group, test_source_filter_many, 0, 2);
  tcase_add_loop_test (group, test_source_filter_cut, 0, 2);
  tcase_add_loop_test (group, test_source_filter_prepare, 0, 2);
  return suite;
}

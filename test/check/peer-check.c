/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the kinds of ports, peers and packets.  */

#include "option/config.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "option/get-set.h"
#include "option/option.h"
#include "suites.h"
#include "values.h"

START_TEST (test_port_range)
{
  const struct option *option = row (":ip-local-port-range");
  struct bytes bytes
    = encode (option, LIST (integer (40000), integer (50000)));
  ck_assert_uint_eq (bytes.length, 4);
  ck_assert_uint_eq (bytes.as.unsigned32, 50000U << 16 | 40000);
  check_same (decode (option, bytes), LIST (integer (40000), integer (50000)));
  check_there_and_back (":ip-local-port-range", NIL, NIL);
  check_fault (option, LIST (integer (7), integer (7)), FAULT_NONE);
  check_fault (option, LIST (integer (50000), integer (40000)), FAULT_RANGE);
  check_fault (option, LIST (integer (1), integer (65536)), FAULT_RANGE);
  check_fault (option, LIST (integer (-1), integer (5)), FAULT_RANGE);
  check_fault (option, LIST (integer (1)), FAULT_RANGE);
  check_fault (option, LIST (integer (1), integer (2), integer (3)),
               FAULT_RANGE);
  check_fault (option, LIST (integer (1), NIL), FAULT_TYPE);
  check_fault (option, integer (1), FAULT_TYPE);
  check_length (option, bytes, 2);
}
END_TEST

START_TEST (test_packet_info)
{
  const struct option *option = row (":ipv6-pktinfo");
  struct in6_pktinfo info;
  struct bytes bytes = encode (option, LIST (text ("::1"), text ("lo")));
  ck_assert_uint_eq (bytes.length, sizeof info);
  memcpy (&info, bytes_data (&bytes), sizeof info);
  ck_assert_mem_eq (&info.ipi6_addr, &in6addr_loopback, 16);
  ck_assert_uint_eq (info.ipi6_ifindex, if_nametoindex ("lo"));
  bytes_free (&bytes);
  check_fault (option, NIL, FAULT_NONE);
  check_fault (option, LIST (NIL, NIL), FAULT_NONE);
  check_fault (option, LIST (text ("127.0.0.1"), NIL), FAULT_RANGE);
  check_fault (option, LIST (text ("::1"), text ("no-such-iface")),
               FAULT_RANGE);
  check_fault (option, LIST (text ("::1")), FAULT_RANGE);
  check_fault (option, text ("::1"), FAULT_TYPE);
}
END_TEST

START_TEST (test_credentials)
{
  struct ucred peer = { .pid = 7, .uid = 1000, .gid = 100 };
  struct value value = decode_data (":peercred", &peer, sizeof peer);
  check_number (&value, ":pid", 7);
  check_number (&value, ":uid", 1000);
  check_number (&value, ":gid", 100);
  /* One that has no number here, in another namespace.  */
  peer.pid = 0;
  value = decode_data (":peercred", &peer, sizeof peer);
  check_number (&value, ":pid", 0);
  check_number (&value, ":uid", 1000);
  peer = (struct ucred){ .pid = 0, .uid = (uid_t) -1, .gid = (gid_t) -1 };
  check_same (decode_data (":peercred", &peer, sizeof peer), NIL);
  check_length (row (":peercred"), bytes_of (&peer, sizeof peer), 8);
}
END_TEST

/* More than there is room for at first.  */
START_TEST (test_groups)
{
  gid_t groups[200];
  for (size_t i = 0; i < 200; i++)
    groups[i] = (gid_t) (UINT32_MAX - i);
  struct value value = decode_data (":peergroups", groups, sizeof groups);
  ck_assert_uint_eq (value.size, 200);
  check_same (value.as.items[0], integer (UINT32_MAX));
  check_same (value.as.items[199], integer (UINT32_MAX - 199));
  check_same (decode_data (":peergroups", groups, 0), NIL);
}
END_TEST

/* More than the kernel is given room for at first: it says how many.  */
START_TEST (test_many_groups)
{
  gid_t groups[200], old[200];
  int pair[2];
  for (size_t i = 0; i < 200; i++)
    groups[i] = (gid_t) (1000 + i);
  int count = getgroups (200, old);
  ck_assert_int_ge (count, 0);
  if (setgroups (200, groups) < 0)
    SKIP ("only root has other groups");
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
  ck_assert_int_eq (setgroups ((size_t) count, old), 0);
  struct value value = read_value (pair[0], row (":peergroups"));
  ck_assert_uint_eq (value.size, 200);
  check_same (value.as.items[199], integer (1199));
  close (pair[0]);
  close (pair[1]);
}
END_TEST

START_TEST (test_socket_address)
{
  struct sockaddr_in ipv4 = { .sin_family = AF_INET,
                              .sin_port = htons (8080),
                              .sin_addr.s_addr = htonl (0x7f000002) };
  struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
                               .sin6_port = htons (81),
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  struct value zero = integer (0);
  check_same (decode_data (":original-dst", &ipv4, sizeof ipv4),
              VECTOR (integer (127), zero, zero, integer (2), integer (8080)));
  check_same (decode_data (":ip6t-so-original-dst", &ipv6, sizeof ipv6),
              VECTOR (zero, zero, zero, zero, zero, zero, zero, integer (1),
                      integer (81)));
  check_same (decode_data (":original-dst", &ipv4, 0), NIL);
}
END_TEST

START_TEST (test_path_mtu)
{
  struct ip6_mtuinfo info = { .ip6m_mtu = 1400 };
  info.ip6m_addr.sin6_family = AF_INET6;
  info.ip6m_addr.sin6_port = htons (81);
  struct value value = decode_data (":ipv6-pathmtu", &info, sizeof info);
  check_number (&value, ":mtu", 1400);
  ck_assert_uint_eq (plist_get (&value, ":addr")->size, 9);
  struct bytes bytes = bytes_of (&info, sizeof info);
  check_length (row (":ipv6-pathmtu"), bytes, 28);
  bytes_free (&bytes);
}
END_TEST

/* A process is not "gone" because it cannot be asked for.  */
START_TEST (test_no_descriptors)
{
  struct bytes bytes = BYTES_NONE;
  int pair[2];
  const struct option *option = row (":peerpidfd");
  if (!option)
    SKIP ("built without :peerpidfd");
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
  int code = option_get (pair[0], option, &bytes);
  if (code == ENOPROTOOPT)
    SKIP ("Linux has :peerpidfd from 6.5 on");
  ck_assert_int_eq (code, 0);
  ck_assert_int_eq (bytes.as.integer, getpid ());
  for (int more = 0; more < 2; more++)
    {
      struct rlimit old = limit_descriptors (more);
      code = option_get (pair[0], option, &bytes);
      ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &old), 0);
      ck_assert_int_eq (code, EMFILE);
    }
  close (pair[0]);
  close (pair[1]);
}
END_TEST

Suite *
peer_suite (void)
{
  Suite *suite = suite_create ("peer");
  TCase *peer = add_case (suite, "peers");
  tcase_add_test (peer, test_port_range);
  tcase_add_test (peer, test_packet_info);
  tcase_add_test (peer, test_credentials);
  tcase_add_test (peer, test_groups);
  tcase_add_test (peer, test_many_groups);
  tcase_add_test (peer, test_socket_address);
  tcase_add_test (peer, test_path_mtu);
  tcase_add_test (peer, test_no_descriptors);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of when it is too late to set an option.  */

#include "option/config.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "plans.h"
#include "suites.h"

/* Whether it is too late on FD for an option with PHASE.  */
static bool
too_late (int fd, enum phase phase)
{
  struct option row = tcp_row;
  row.phase = phase;
  return socket_too_late (fd, &row);
}

static void
check_too_late (int fd, bool bind, bool connect)
{
  ck_assert (!too_late (fd, PHASE_ANY));
  ck_assert (too_late (fd, PHASE_BEFORE_BIND) == bind);
  ck_assert (too_late (fd, PHASE_BEFORE_CONNECT) == connect);
  ck_assert (too_late (fd, PHASE_LISTENING) == connect);
  ck_assert (!too_late (fd, PHASE_AFTER_CONNECT));
}

START_TEST (test_too_late_fresh)
{
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = make_client (_i);
  check_too_late (fd, false, false);
  close (fd);
}
END_TEST

START_TEST (test_too_late_bound)
{
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = make_server (_i);
  check_too_late (fd, true, false);
  close (fd);
}
END_TEST

#ifdef __linux__
/* A raw socket has a protocol where others have a port.  */
START_TEST (test_too_late_raw)
{
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = sample_socket (_i);
  struct address address = loopback (samples[_i].family, 0);
  check_too_late (fd, false, false);
  ck_assert_int_eq (bind_to (fd, &address), 0);
  check_too_late (fd, true, false);
  close (fd);
}
END_TEST

#endif

/* A port is enough, whatever the address.  */
START_TEST (test_too_late_any_address)
{
  static const uint8_t any[4];
  struct address address;
  address_ipv4 (&address, any, 0);
  int fd = sample_socket (SAMPLE_TCP4);
  ck_assert_int_eq (bind_to (fd, &address), 0);
  check_too_late (fd, true, false);
  close (fd);
}
END_TEST

START_TEST (test_too_late_connected)
{
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int server = serve_sample (_i, 1, &address);
  int client = make_client (_i);
  connect_fully (client, &address);
  check_too_late (client, true, true);
  close (client);
  close (server);
}
END_TEST

START_TEST (test_too_late_accepted)
{
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int server = serve_sample (_i, 1, &address);
  int client = make_client (_i);
  connect_fully (client, &address);
  int child = accept_one (server);
  check_too_late (child, true, true);
  close (child);
  close (client);
  close (server);
}
END_TEST

START_TEST (test_too_late_pair)
{
  int pair[2];
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
  check_too_late (pair[0], true, true);
  close (pair[0]);
  close (pair[1]);
}
END_TEST

/* connect has been called, though nobody has answered: the first packet
   is out, with all that the options have to do with it.  */
START_TEST (test_too_late_connecting)
{
  struct mute mute;
  mute_open (&mute, SAMPLE_TCP4);
  int fd = make_client (SAMPLE_TCP4);
  ck_assert_int_eq (socket_connect (fd, &mute.address), EINPROGRESS);
  ck_assert_int_eq (poll_events (fd, POLLOUT, 50), 0);
  ck_assert (too_late (fd, PHASE_BEFORE_BIND));
  ck_assert (too_late (fd, PHASE_BEFORE_CONNECT));
  close (fd);
  mute_close (&mute);
}
END_TEST

Suite *
too_late_suite (void)
{
  Suite *suite = suite_create ("too late");
  TCase *late = add_case (suite, "too late");
  tcase_add_loop_test (late, test_too_late_fresh, 0, SAMPLES);
  tcase_add_loop_test (late, test_too_late_bound, 0, SAMPLES);
  tcase_add_loop_test (late, test_too_late_connected, 0, SAMPLES);
#ifdef __linux__
  tcase_add_loop_test (late, test_too_late_raw, SAMPLE_RAW4, SAMPLE_MPTCP4);
#endif
  tcase_add_test (late, test_too_late_any_address);
  tcase_add_loop_test (late, test_too_late_accepted, SAMPLE_TCP4, SAMPLE_UDP4);
  tcase_add_loop_test (late, test_too_late_accepted, SAMPLE_LOCAL_STREAM,
                       SAMPLE_LOCAL_DATAGRAM);
  tcase_add_test (late, test_too_late_pair);
  tcase_add_test (late, test_too_late_connecting);
  return suite;
}

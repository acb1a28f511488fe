/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of connecting to the first address that answers.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "races.h"
#include "suites.h"

static const struct plan datagram_plan = { .type = SOCK_DGRAM };

/* One address.  */

START_TEST (test_won)
{
  struct race race;
  struct address address;
  struct plan plan = { .type = samples[_i].type };
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int server = serve_sample (_i, 1, &address);
  race_start (&race, &plan, &address, 1);
  check_won (&race, race_run (&race, 5000), 0);
  close (server);
}
END_TEST

/* The winner is as socket_make made it, and works.  */
START_TEST (test_winner_works)
{
  struct race race;
  struct address address;
  char byte = 0;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  ck_assert_int_eq (run_race (&race, &stream_plan, &address, 1), RACE_WON);
  int child = accept_one (server);
  ck_assert_int_ne (fcntl (race.fd, F_GETFL) & O_NONBLOCK, 0);
  ck_assert_int_ne (fcntl (race.fd, F_GETFD) & FD_CLOEXEC, 0);
  ck_assert_int_eq (send (race.fd, "x", 1, MSG_NOSIGNAL), 1);
  ck_assert_int_eq (recv (child, &byte, 1, 0), 1);
  ck_assert_int_eq (byte, 'x');
  close (child);
  socket_close (&race.fd);
  close (server);
}
END_TEST

START_TEST (test_settings_of_winner)
{
  struct race race;
  struct address address;
  struct setting on
    = { .option = option_find (":keepalive"), .bytes = int_bytes (1) };
  struct plan plan
    = { .type = SOCK_STREAM, .settings = &on, .settings_count = 1 };
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  race_start (&race, &plan, &address, 1);
  ck_assert_int_eq (race_run (&race, 5000), RACE_WON);
  ck_assert_int_ne (socket_int (race.fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  socket_close (&race.fd);
  close (server);
}
END_TEST

/* What takes a connection is set before there is a winner.  */
START_TEST (test_settings_of_connection)
{
  struct race race;
  struct address address;
  struct option row = *option_find (":keepalive");
  row.phase = PHASE_AFTER_CONNECT;
  struct setting on = { .option = &row, .bytes = int_bytes (1) };
  struct plan plan
    = { .type = SOCK_STREAM, .settings = &on, .settings_count = 1 };
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  ck_assert_int_eq (run_race (&race, &plan, &address, 1), RACE_WON);
  ck_assert_int_ne (socket_int (race.fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  socket_close (&race.fd);
  on.bytes.length = 1;
  check_failed (&race, run_race (&race, &plan, &address, 1), EINVAL);
  ck_assert_ptr_eq (race.failure.setting, &on);
  close (server);
}
END_TEST

START_TEST (test_refused)
{
  struct race race;
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int refusing = refuse_sample (_i, &address);
  check_refused (&race, run_race (&race, &stream_plan, &address, 1),
                 ECONNREFUSED);
  close (refusing);
}
END_TEST

START_TEST (test_refused_at_once)
{
  struct race race;
  struct address address;
  int refusing = refuse_sample (SAMPLE_LOCAL_STREAM, &address);
  check_failed (&race, run_race (&race, &stream_plan, &address, 1),
                ECONNREFUSED);
  ck_assert_str_eq (race.failure.verb, "make client process failed");
  ck_assert_ptr_null (race.failure.setting);
  close (refusing);
}
END_TEST

START_TEST (test_no_path)
{
  struct race race;
  struct address address = scratch_address ("none");
  check_failed (&race, run_race (&race, &stream_plan, &address, 1), ENOENT);
}
END_TEST

START_TEST (test_unreachable)
{
  struct race race;
  struct address address = unreachable_address ();
  check_failed (&race, run_race (&race, &stream_plan, &address, 1),
                ENETUNREACH);
}
END_TEST

START_TEST (test_unknown_family)
{
  struct race race;
  struct address address = unknown_family ();
  check_failed (&race, run_race (&race, &stream_plan, &address, 1),
                EAFNOSUPPORT);
  ck_assert_str_eq (race.failure.verb, "Cannot make socket");
}
END_TEST

START_TEST (test_failing_setting)
{
  static const struct option row = { .keyword = ":tcp-nodelay",
                                     .level = IPPROTO_TCP,
                                     .number = TCP_NODELAY,
                                     .kind = &kind_boolean,
                                     .access = ACCESS_BOTH,
                                     .classes = CLASSES_ALL };
  struct setting on = { .option = &row, .bytes = int_bytes (1) };
  struct plan plan
    = { .type = SOCK_STREAM, .settings = &on, .settings_count = 1 };
  struct race race;
  struct address address;
  int server = serve_sample (SAMPLE_LOCAL_STREAM, 1, &address);
  race_start (&race, &plan, &address, 1);
  check_failed (&race, race_run (&race, 5000), ENOPROTOOPT);
  ck_assert_ptr_eq (race.failure.setting, &on);
  close (server);
}
END_TEST

/* Several addresses.  */

START_TEST (test_first_wins)
{
  struct race race;
  struct address addresses[2];
  int first = serve_sample (SAMPLE_TCP4, 1, &addresses[0]);
  int second = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  check_won (&race, run_race (&race, &stream_plan, addresses, 2), 0);
  ck_assert_int_eq (poll_events (second, POLLIN, 20), 0);
  close (first);
  close (second);
}
END_TEST

/* A failure lets the next one start at once.  */
START_TEST (test_refused_then_good)
{
  struct race race;
  struct address addresses[2];
  int first = refuse_sample (SAMPLE_TCP4, &addresses[0]);
  int second = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  int64_t start = now ();
  check_won (&race, run_race (&race, &stream_plan, addresses, 2), 1);
  ck_assert_int_lt (now () - start, RACE_DELAY - 10);
  close (first);
  close (second);
}
END_TEST

START_TEST (test_failures_then_good)
{
  struct race race;
  struct address addresses[4]
    = { unreachable_address (), unknown_family (), scratch_address ("no") };
  int server = serve_sample (SAMPLE_TCP4, 1, &addresses[3]);
  int64_t start = now ();
  check_won (&race, run_race (&race, &stream_plan, addresses, 4), 3);
  ck_assert_int_lt (now () - start, RACE_DELAY - 10);
  close (server);
}
END_TEST

START_TEST (test_families)
{
  struct race race;
  struct address addresses[2];
  if (!sample_available (SAMPLE_TCP6))
    SKIP (samples[SAMPLE_TCP6].name);
  int first = refuse_sample (SAMPLE_TCP6, &addresses[0]);
  int second = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  check_won (&race, run_race (&race, &stream_plan, addresses, 2), 1);
  close (first);
  close (second);
}
END_TEST

START_TEST (test_all_refused)
{
  struct race race;
  struct address addresses[3];
  int refusing[3];
  for (int i = 0; i < 3; i++)
    refusing[i] = refuse_sample (SAMPLE_TCP4, &addresses[i]);
  check_refused (&race, run_race (&race, &stream_plan, addresses, 3),
                 ECONNREFUSED);
  for (int i = 0; i < 3; i++)
    close (refusing[i]);
}
END_TEST

/* The last failure counts, whichever way it comes.  */
START_TEST (test_refused_then_failed)
{
  struct race race;
  struct address addresses[2];
  int refusing = refuse_sample (SAMPLE_TCP4, &addresses[0]);
  addresses[1] = scratch_address ("none");
  check_failed (&race, run_race (&race, &stream_plan, addresses, 2), ENOENT);
  close (refusing);
}
END_TEST

START_TEST (test_failed_then_refused)
{
  struct race race;
  struct address addresses[2] = { scratch_address ("none") };
  int refusing = refuse_sample (SAMPLE_TCP4, &addresses[1]);
  check_refused (&race, run_race (&race, &stream_plan, addresses, 2),
                 ECONNREFUSED);
  close (refusing);
}
END_TEST

/* In steps, as one does who has to look elsewhere meanwhile.  */
START_TEST (test_steps)
{
  struct race race;
  struct address addresses[2];
  int first = refuse_sample (SAMPLE_TCP4, &addresses[0]);
  int second = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  enum race_state state = RACE_RUNNING;
  int64_t end = now () + 2000;
  race_start (&race, &stream_plan, addresses, 2);
  while (state == RACE_RUNNING && now () < end)
    state = race_run (&race, 0);
  check_won (&race, state, 1);
  close (first);
  close (second);
}
END_TEST

START_TEST (test_steps_to_loss)
{
  struct race race;
  struct address address;
  int refusing = refuse_sample (SAMPLE_TCP4, &address);
  enum race_state state = RACE_RUNNING;
  int64_t end = now () + 2000;
  race_start (&race, &stream_plan, &address, 1);
  while (state == RACE_RUNNING && now () < end)
    state = race_run (&race, 0);
  check_refused (&race, state, ECONNREFUSED);
  close (refusing);
}
END_TEST

/* Datagram sockets need no answer.  */
START_TEST (test_datagram)
{
  struct race race;
  struct address addresses[2];
  int first = refuse_sample (SAMPLE_UDP4, &addresses[0]);
  addresses[1] = addresses[0];
  race_start (&race, &datagram_plan, addresses, 2);
  check_won (&race, race_run (&race, 0), 0);
  close (first);
}
END_TEST

Suite *
connect_suite (void)
{
  Suite *suite = suite_create ("connect");
  TCase *one = add_case (suite, "one address");
  tcase_add_loop_test (one, test_won, 0, SAMPLES);
  tcase_add_test (one, test_winner_works);
  tcase_add_test (one, test_settings_of_winner);
  tcase_add_test (one, test_settings_of_connection);
  tcase_add_loop_test (one, test_refused, SAMPLE_TCP4, SAMPLE_UDP4);
  tcase_add_test (one, test_refused_at_once);
  tcase_add_test (one, test_no_path);
  tcase_add_test (one, test_unreachable);
  tcase_add_test (one, test_unknown_family);
  tcase_add_test (one, test_failing_setting);
  tcase_add_test (one, test_datagram);
  TCase *several = add_case (suite, "several addresses");
  tcase_add_test (several, test_first_wins);
  tcase_add_test (several, test_refused_then_good);
  tcase_add_test (several, test_failures_then_good);
  tcase_add_test (several, test_families);
  tcase_add_test (several, test_all_refused);
  tcase_add_test (several, test_refused_then_failed);
  tcase_add_test (several, test_failed_then_refused);
  TCase *steps = add_case (suite, "time");
  tcase_add_test (steps, test_steps);
  tcase_add_test (steps, test_steps_to_loss);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of connecting to servers that do not answer.  */

#include "option/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

#include "fake-calls.h"
#include "plans.h"
#include "races.h"
#include "suites.h"

/* A mute server like sample _i comes first: it has its head start, and no
   more.  */
START_TEST (test_mute_then_good)
{
  struct race race;
  struct mute mute;
  struct address addresses[2];
  mute_open (&mute, _i);
  addresses[0] = mute.address;
  int server = serve_sample (_i, 1, &addresses[1]);
  int64_t start = now ();
  check_won (&race, run_race (&race, &stream_plan, addresses, 2), 1);
  int64_t took = now () - start;
  ck_assert_int_ge (took, RACE_DELAY - 10);
  ck_assert_int_lt (took, 1000);
  close (server);
  mute_close (&mute);
}
END_TEST

#if defined TCP_FASTOPEN_CONNECT && defined SYSTEM_LINUX
/* With these connect(2) succeeds at once, whoever is there: one address has
   it so, but of several the one wins that answers.  */
START_TEST (test_blind)
{
  struct race race;
  struct mute mute;
  struct address addresses[2];
  struct setting blind[]
    = { { .option = option_find (":tcp-fastopen-connect"),
          .bytes = int_bytes (1) },
        { .option = option_find (":tcp-fastopen-no-cookie"),
          .bytes = int_bytes (1) } };
  struct plan plan
    = { .type = SOCK_STREAM, .settings = blind, .settings_count = 2 };
  mute_open (&mute, SAMPLE_TCP4);
  addresses[0] = mute.address;
  int server = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  ck_assert_int_eq (run_race (&race, &plan, addresses, 1), RACE_WON);
  ck_assert_int_ne (socket_int (race.fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
                    0);
  socket_close (&race.fd);
  ck_assert_int_eq (run_race (&race, &plan, addresses, 2), RACE_WON);
  ck_assert_uint_eq (race.address, 1);
  ck_assert_int_eq (socket_int (race.fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
                    0);
  socket_close (&race.fd);
  /* Of these two only one fits, so there is one.  */
  plan.local = loopback (AF_INET, 0);
  addresses[1] = loopback (AF_INET6, 9);
  ck_assert_int_eq (run_race (&race, &plan, addresses, 2), RACE_WON);
  ck_assert_int_ne (socket_int (race.fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
                    0);
  socket_close (&race.fd);
  close (server);
  mute_close (&mute);
}
END_TEST
#endif

/* The first goes on while the second runs, and may still win.  */
START_TEST (test_first_wins_late)
{
  struct race race;
  struct mute first, second;
  struct address addresses[2];
  mute_open (&first, SAMPLE_LOCAL_STREAM);
  mute_open (&second, SAMPLE_LOCAL_STREAM);
  addresses[0] = first.address;
  addresses[1] = second.address;
  race_start (&race, &stream_plan, addresses, 2);
  ck_assert_int_eq (race_run (&race, RACE_DELAY + 50), RACE_RUNNING);
  ck_assert_uint_eq (race.running, 2);
  close (accept_one (first.listener));
  check_won (&race, race_run (&race, 5000), 0);
  mute_close (&first);
  mute_close (&second);
}
END_TEST

/* Two that run fail together, then the third gets its turn.  */
START_TEST (test_two_fail)
{
  struct race race;
  struct mute first, second;
  struct address addresses[3];
  mute_open (&first, SAMPLE_LOCAL_STREAM);
  mute_open (&second, SAMPLE_LOCAL_STREAM);
  addresses[0] = first.address;
  addresses[1] = second.address;
  int server = serve_sample (SAMPLE_LOCAL_STREAM, 1, &addresses[2]);
  race_start (&race, &stream_plan, addresses, 3);
  ck_assert_int_eq (race_run (&race, RACE_DELAY + 50), RACE_RUNNING);
  mute_close (&first);
  mute_close (&second);
  check_won (&race, race_run (&race, 5000), 2);
  close (server);
}
END_TEST

/* Fill RACE with contenders for address 0, a mute one, without waiting
   for their head starts.  */
static void
fill_race (struct race *race, struct address *addresses, size_t count)
{
  for (size_t i = 1; i + 1 < count; i++)
    addresses[i] = addresses[0];
  race_start (race, &stream_plan, addresses, count);
  for (size_t i = 0; i < count; i++)
    {
      race->next_start = 0;
      ck_assert_int_eq (race_run (race, 0), RACE_RUNNING);
    }
}

/* No more than RACE_WIDTH side by side.  */
START_TEST (test_width)
{
  struct race race;
  struct mute mute;
  struct address addresses[RACE_WIDTH + 2];
  mute_open (&mute, _i);
  addresses[0] = mute.address;
  int server = serve_sample (_i, 1, &addresses[RACE_WIDTH + 1]);
  fill_race (&race, addresses, RACE_WIDTH + 2);
  ck_assert_uint_eq (race.running, RACE_WIDTH);
  ck_assert_uint_eq (race.next, RACE_WIDTH);
  race_abandon (&race);
  close (server);
  mute_close (&mute);
}
END_TEST

/* When all fail, the others follow.  */
START_TEST (test_width_then_good)
{
  struct race race;
  struct mute mute;
  struct address addresses[RACE_WIDTH + 2];
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  addresses[0] = mute.address;
  int server
    = serve_sample (SAMPLE_LOCAL_STREAM, 1, &addresses[RACE_WIDTH + 1]);
  fill_race (&race, addresses, RACE_WIDTH + 2);
  mute_close (&mute);
  check_won (&race, race_run (&race, 5000), RACE_WIDTH + 1);
  close (server);
}
END_TEST

/* A local server whose queue was full makes room.  */
START_TEST (test_room)
{
  struct race race;
  struct mute mute;
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  race_start (&race, &stream_plan, &mute.address, 1);
  ck_assert_int_eq (race_run (&race, 60), RACE_RUNNING);
  close (accept_one (mute.listener));
  int64_t start = now ();
  check_won (&race, race_run (&race, 5000), 0);
  ck_assert_int_lt (now () - start, 250);
  mute_close (&mute);
}
END_TEST

/* Settings that may fail are made on the sockets of all, and what counts is
   what came of them on the winner's, though another has joined since.  */
START_TEST (test_codes_of_winner)
{
  struct race race;
  struct mute first, second;
  struct setting option = setting (":tcp-nodelay", 1);
  option.optional = true;
  struct plan plan
    = { .type = SOCK_STREAM, .settings = &option, .settings_count = 1 };
  mute_open (&first, SAMPLE_LOCAL_STREAM);
  mute_open (&second, SAMPLE_TCP4);
  const struct address addresses[2] = { first.address, second.address };
  race_start (&race, &plan, addresses, 2);
  for (int i = 0; i < 100 && race.running < 2; i++)
    ck_assert_int_eq (race_run (&race, 50), RACE_RUNNING);
  ck_assert_uint_eq (race.running, 2);
  ck_assert_int_eq (option.code, 0);
  close (accept_one (first.listener));
  check_won (&race, race_run (&race, 5000), 0);
  ck_assert_int_eq (option.code, ENOPROTOOPT);
  mute_close (&first);
  mute_close (&second);
}
END_TEST

/* A local server whose queue was full goes away.  */
START_TEST (test_no_room_ever)
{
  struct race race;
  struct mute mute;
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  race_start (&race, &stream_plan, &mute.address, 1);
  ck_assert_int_eq (race_run (&race, 60), RACE_RUNNING);
  mute_close (&mute);
  check_failed (&race, race_run (&race, 5000), ECONNREFUSED);
}
END_TEST

/* Time.  */

START_TEST (test_timeout)
{
  struct race race;
  struct mute mute;
  mute_open (&mute, _i);
  race_start (&race, &stream_plan, &mute.address, 1);
  int64_t start = now ();
  ck_assert_int_eq (race_run (&race, 100), RACE_RUNNING);
  int64_t took = now () - start;
  ck_assert_int_ge (took, 95);
  ck_assert_int_lt (took, 500);
  ck_assert_uint_eq (race.running, 1);
  race_abandon (&race);
  mute_close (&mute);
}
END_TEST

/* Waiting must not be spinning.  */
START_TEST (test_timeout_sleeps)
{
  struct race race;
  struct mute mute;
  mute_open (&mute, _i);
  race_start (&race, &stream_plan, &mute.address, 1);
  struct timespec before, after;
  int calls = atomic_load (&poll_calls);
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &before);
  ck_assert_int_eq (race_run (&race, 300), RACE_RUNNING);
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &after);
  int64_t used = ((int64_t) after.tv_sec - before.tv_sec) * 1000
                 + (after.tv_nsec - before.tv_nsec) / 1000000;
  ck_assert_int_lt (used, 150);
  ck_assert_int_lt (atomic_load (&poll_calls) - calls, 100);
  race_abandon (&race);
  mute_close (&mute);
}
END_TEST

/* Giving up.  */

START_TEST (test_abandon)
{
  struct race race;
  struct mute mute;
  struct address addresses[4];
  int before = open_descriptors ();
  mute_open (&mute, SAMPLE_TCP4);
  int with_mute = open_descriptors ();
  addresses[0] = mute.address;
  addresses[3] = mute.address;
  fill_race (&race, addresses, 4);
  ck_assert_int_eq (open_descriptors (), with_mute + 4);
  race_abandon (&race);
  ck_assert_uint_eq (race.running, 0);
  ck_assert_int_eq (open_descriptors (), with_mute);
  race_abandon (&race);
  mute_close (&mute);
  ck_assert_int_eq (open_descriptors (), before);
}
END_TEST

START_TEST (test_abandon_early)
{
  struct race race;
  struct address address = unreachable_address ();
  race_start (&race, &stream_plan, &address, 1);
  race_abandon (&race);
  ck_assert_int_eq (race.fd, -1);
}
END_TEST

START_TEST (test_abandon_won)
{
  struct race race;
  struct address address;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  ck_assert_int_eq (run_race (&race, &stream_plan, &address, 1), RACE_WON);
  int fd = race.fd;
  race_abandon (&race);
  ck_assert (!is_open (fd));
  ck_assert_int_eq (race.fd, -1);
  close (server);
}
END_TEST

Suite *
mute_suite (void)
{
  Suite *suite = suite_create ("mute");
  TCase *mute = add_case (suite, "mute servers");
  tcase_add_loop_test (mute, test_mute_then_good, SAMPLE_TCP4,
                       SAMPLE_TCP4 + 1);
  tcase_add_loop_test (mute, test_mute_then_good, SAMPLE_LOCAL_STREAM,
                       SAMPLE_LOCAL_STREAM + 1);
#if defined TCP_FASTOPEN_CONNECT && defined SYSTEM_LINUX
  tcase_add_test (mute, test_blind);
#endif
  tcase_add_test (mute, test_first_wins_late);
  tcase_add_test (mute, test_two_fail);
  tcase_add_loop_test (mute, test_width, SAMPLE_TCP4, SAMPLE_TCP4 + 1);
  tcase_add_loop_test (mute, test_width, SAMPLE_LOCAL_STREAM,
                       SAMPLE_LOCAL_STREAM + 1);
  tcase_add_test (mute, test_width_then_good);
  tcase_add_test (mute, test_room);
  tcase_add_test (mute, test_codes_of_winner);
  tcase_add_test (mute, test_no_room_ever);
  TCase *time = add_case (suite, "time");
  tcase_add_loop_test (time, test_timeout, SAMPLE_TCP4, SAMPLE_TCP4 + 1);
  tcase_add_loop_test (time, test_timeout, SAMPLE_LOCAL_STREAM,
                       SAMPLE_LOCAL_STREAM + 1);
  tcase_add_loop_test (time, test_timeout_sleeps, SAMPLE_TCP4,
                       SAMPLE_TCP4 + 1);
  tcase_add_loop_test (time, test_timeout_sleeps, SAMPLE_LOCAL_STREAM,
                       SAMPLE_LOCAL_STREAM + 1);
  TCase *end = add_case (suite, "giving up");
  tcase_add_test (end, test_abandon);
  tcase_add_test (end, test_abandon_early);
  tcase_add_test (end, test_abandon_won);
  return suite;
}

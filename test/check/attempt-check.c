/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what a race tells of its attempts.  */

#include "option/config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "races.h"
#include "socket/connection-log.h"
#include "suites.h"

/* One that was refused, and the winner after it.  */
START_TEST (test_refused_then_good)
{
  struct race race;
  struct address addresses[2];
  int first = refuse_sample (SAMPLE_TCP4, &addresses[0]);
  int second = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  ck_assert_int_eq (run_race (&race, &stream_plan, addresses, 2), RACE_WON);
  ck_assert_uint_eq (race.attempts_count, 2);
  ck_assert_uint_eq (race.attempts[0].address, 0);
  ck_assert_int_eq (race.attempts[0].code, ECONNREFUSED);
  ck_assert_uint_eq (race.attempts[1].address, 1);
  ck_assert_int_eq (race.attempts[1].code, 0);
  for (int i = 0; i < 2; i++)
    ck_assert_int_ge (race.attempts[i].end, race.attempts[i].start);
  ck_assert_int_ge (race.attempts[1].start, race.attempts[0].end);
  close (race.fd);
  close (first);
  close (second);
}
END_TEST

/* The last error stays on its socket, so its code is not known here.  */
START_TEST (test_refused)
{
  struct race race;
  struct address addresses[2];
  int refusing[2];
  for (int i = 0; i < 2; i++)
    refusing[i] = refuse_sample (SAMPLE_TCP4, &addresses[i]);
  ck_assert_int_eq (run_race (&race, &stream_plan, addresses, 2), RACE_LOST);
  ck_assert_int_eq (race.attempts[0].code, ECONNREFUSED);
  ck_assert_int_eq (race.attempts[1].code, ATTEMPT_UNREAD);
  ck_assert_int_eq (socket_error (race.fd), ECONNREFUSED);
  race_abandon (&race);
  for (int i = 0; i < 2; i++)
    close (refusing[i]);
}
END_TEST

/* One that is mute is given up when another wins; that begins after the
   head start that the plan gives.  */
START_TEST (test_mute_then_good)
{
  struct race race;
  struct mute mute;
  struct address addresses[2];
  struct plan plan = { .type = SOCK_STREAM, .stagger = 40 };
  mute_open (&mute, SAMPLE_TCP4);
  addresses[0] = mute.address;
  int server = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  ck_assert_int_eq (run_race (&race, &plan, addresses, 2), RACE_WON);
  ck_assert_int_eq (race.attempts[0].code, ECANCELED);
  ck_assert_int_eq (race.attempts[1].code, 0);
  int64_t start = race.attempts[1].start - race.attempts[0].start;
  ck_assert_int_ge (start, 39 * 1000);
  ck_assert_int_lt (start, (RACE_DELAY - 20) * 1000);
  ck_assert_int_ge (race.attempts[0].end, race.attempts[1].start);
  close (race.fd);
  close (server);
  mute_close (&mute);
}
END_TEST

/* All attempts are counted, and the first of them kept.  */
START_TEST (test_many)
{
  enum
  {
    MANY = RACE_ATTEMPTS + 4
  };
  struct race race;
  struct address addresses[MANY];
  for (int i = 0; i < MANY; i++)
    {
      char path[] = "/nonexistent/socket?";
      path[sizeof path - 2] = (char) ('A' + i);
      addresses[i] = local_address (path, sizeof path - 1);
    }
  ck_assert_int_eq (run_race (&race, &stream_plan, addresses, MANY),
                    RACE_LOST);
  ck_assert_uint_eq (race.attempts_count, MANY);
  struct connection_log *log = connection_log_make (&race, 1234);
  ck_assert_ptr_nonnull (log);
  ck_assert_uint_eq (log->total, MANY);
  ck_assert_uint_eq (log->count, RACE_ATTEMPTS);
  ck_assert_int_eq (log->lookup, 1234);
  for (size_t i = 0; i < log->count; i++)
    {
      ck_assert_int_eq (log->attempts[i].code, ENOENT);
      struct address address = connection_log_address (log, i);
      ck_assert (address_equal (&address, &addresses[i]));
      ck_assert_int_eq (log->attempts[i].start,
                        race.attempts[i].start - race.attempts[0].start);
      ck_assert_int_eq (log->attempts[i].took,
                        race.attempts[i].end - race.attempts[i].start);
    }
  free (log);
}
END_TEST

Suite *
attempt_suite (void)
{
  Suite *suite = suite_create ("attempt");
  TCase *attempts = add_case (suite, "attempts");
  tcase_add_test (attempts, test_refused_then_good);
  tcase_add_test (attempts, test_refused);
  tcase_add_test (attempts, test_mute_then_good);
  tcase_add_test (attempts, test_many);
  return suite;
}

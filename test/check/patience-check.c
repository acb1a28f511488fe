/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of waiting where poll(2) itself fails.  */

#include "option/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "fake-calls.h"
#include "jobs.h"
#include "races.h"
#include "socket/clock.h"
#include "suites.h"

static const int codes[] = { EINTR, ENOMEM, EINVAL, EFAULT };

enum
{
  CODES = sizeof codes / sizeof codes[0]
};

/* Have poll fail from now on; return how often it was called by now.  */
static int
fail_polls (int code)
{
  atomic_store (&poll_code, code);
  return atomic_load (&poll_calls);
}

/* Poll works again.  It was called often, but not without end, since there
   were BEFORE calls.  */
static void
end_polls (int before)
{
  int calls = atomic_load (&poll_calls) - before;
  atomic_store (&poll_code, 0);
  ck_assert_int_gt (calls, 50);
  ck_assert_int_lt (calls, 10000);
}

START_TEST (test_fails_for_ever)
{
  struct patience patience = { .failures = 0 };
  struct pollfd polled = { .fd = STDIN_FILENO, .revents = POLLIN };
  int64_t start = now ();
  int before = fail_polls (codes[_i]);
  int code = 0;
  while (code == 0 && now () < start + 20000)
    code = patience_poll (&patience, &polled, 1, 0);
  end_polls (before);
  ck_assert_int_eq (code, codes[_i]);
  ck_assert_int_eq (polled.revents, 0);
}
END_TEST

/* One that fails for a while, over and over, is waited for.  */
START_TEST (test_fails_for_a_while)
{
  struct patience patience = { .failures = 0 };
  struct pollfd polled = { .fd = -1 };
  for (int i = 0; i < 4; i++)
    {
      atomic_store (&poll_code, codes[_i]);
      for (int j = 0; j < 60; j++)
        ck_assert_int_eq (patience_poll (&patience, &polled, 1, 0), 0);
      atomic_store (&poll_code, 0);
      ck_assert_int_eq (patience_poll (&patience, &polled, 1, 0), 0);
    }
}
END_TEST

/* As many signals as a profiler sends interrupt each wait, and harm
   nothing.  */
START_TEST (test_signals)
{
  struct patience patience = { .failures = 0 };
  struct pollfd polled = { .fd = -1 };
  atomic_store (&poll_code, EINTR);
  for (int i = 0; i < 1500; i++)
    {
      rest (1);
      ck_assert_int_eq (patience_poll (&patience, &polled, 1, 0), 0);
    }
  atomic_store (&poll_code, 0);
}
END_TEST

/* A race that is waited for is lost, and leaves no socket.  */
START_TEST (test_race)
{
  struct race race;
  struct mute mute;
  mute_open (&mute, SAMPLE_TCP4);
  race_start (&race, &stream_plan, &mute.address, 1);
  int before = fail_polls (codes[_i]);
  check_failed (&race, race_run (&race, 20000), codes[_i]);
  end_polls (before);
  ck_assert_int_eq (race.attempts[0].code, ECANCELED);
  mute_close (&mute);
}
END_TEST

/* So are those that the thread runs; afterwards it works as before.  */
START_TEST (test_jobs)
{
  enum
  {
    COUNT = 3
  };
  struct started started[COUNT];
  struct mute mute;
  struct race *race;
  mute_open (&mute, SAMPLE_TCP4);
  for (int i = 0; i < COUNT; i++)
    start_job_connect (&started[i], &mute.address);
  int before = fail_polls (codes[_i]);
  int64_t end = now () + 20000;
  /* The thread may still be in a poll that does not fail.  */
  for (int i = 0; i < COUNT; i++)
    while (!job_done (started[i].job) && now () < end)
      rest (5);
  end_polls (before);
  for (int i = 0; i < COUNT; i++)
    {
      wait_for (&started[i]);
      ck_assert_int_eq (job_race (started[i].job, &race), RACE_LOST);
      ck_assert_int_eq (race->failure.code, codes[_i]);
      ck_assert_int_eq (race->fd, -1);
      finish (&started[i]);
    }
  start_job_connect (&started[0], &mute.address);
  ck_assert_int_eq (poll_events (started[0].lines, POLLIN, 50), 0);
  finish (&started[0]);
  mute_close (&mute);
}
END_TEST

/* Only a local server says EAGAIN because its queue is full.  */
START_TEST (test_connect_again)
{
  struct race race;
  struct address address;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  atomic_store (&connect_code, EAGAIN);
  enum race_state state = run_race (&race, &stream_plan, &address, 1);
  atomic_store (&connect_code, 0);
  check_failed (&race, state, EAGAIN);
  close (server);
}
END_TEST

Suite *
patience_suite (void)
{
  Suite *suite = suite_create ("patience");
  TCase *patience = add_case_after (suite, "patience", hold_once);
  tcase_add_loop_test (patience, test_fails_for_ever, 0, CODES);
  tcase_add_loop_test (patience, test_fails_for_a_while, 0, CODES);
  tcase_add_test (patience, test_signals);
  tcase_add_loop_test (patience, test_race, 0, CODES);
  tcase_add_loop_test (patience, test_jobs, 0, CODES);
  tcase_add_test (patience, test_connect_again);
  return suite;
}

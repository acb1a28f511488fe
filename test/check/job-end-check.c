/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of jobs that are given up, and of many at once.  */

#include "option/config.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "fake-calls.h"
#include "fake-lookup.h"
#include "jobs.h"
#include "suites.h"

/* The owner is closed while the job connects: it ends with no result, and
   says so once.  */
START_TEST (test_job_cancel_while_connecting)
{
  struct started started;
  struct race *race;
  struct mute mute;
  mute_open (&mute, _i);
  start_job_connect (&started, &mute.address);
  ck_assert_int_eq (poll_events (started.lines, POLLIN, 100), 0);
  ck_assert (!job_done (started.job));
  int64_t start = now ();
  socket_close (&started.owner);
  wait_for (&started);
  ck_assert_int_lt (now () - start, 1000);
  ck_assert_int_eq (job_race (started.job, &race), RACE_RUNNING);
  ck_assert_int_eq (race->fd, -1);
  /* Who asks why there is no connection is told something.  */
  ck_assert_int_eq (race->failure.code, ECANCELED);
  ck_assert_str_eq (race->failure.verb, "make client process failed");
  job_release (started.job);
  close (started.lines);
  mute_close (&mute);
}
END_TEST

/* The owner is closed during the lookup: there is no connection.  */
START_TEST (test_job_cancel_while_looking_up)
{
  struct started started;
  struct address address;
  struct race *race;
  struct list list;
  struct fake faked
    = { .list = make_list (&list, "4"), .numeric_code = EAI_NONAME };
  int gate[2];
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  list.addresses[0] = address;
  open_pair (gate);
  faked.gate = gate[0];
  fake = &faked;
  start_lookup (&started, &address, &stream_plan);
  while (faked.calls <= 1)
    rest (1);
  socket_close (&started.owner);
  close (gate[1]);
  wait_for (&started);
  fake = NULL;
  ck_assert_int_eq (job_race (started.job, &race), RACE_RUNNING);
  ck_assert_int_eq (race->fd, -1);
  ck_assert_int_eq (poll_events (server, POLLIN, 20), 0);
  job_release (started.job);
  close (started.lines);
  close (gate[0]);
  close (server);
}
END_TEST

/* Nobody waits for the lookup; the thread frees the job.  */
START_TEST (test_job_released_while_looking_up)
{
  struct started started;
  struct address address = loopback (AF_INET, 80);
  struct list list;
  struct fake faked
    = { .list = make_list (&list, "46"), .numeric_code = EAI_NONAME };
  int gate[2];
  open_pair (gate);
  faked.gate = gate[0];
  fake = &faked;
  start_lookup (&started, &address, &stream_plan);
  while (faked.calls <= 1)
    rest (1);
  int64_t start = now ();
  job_release (started.job);
  close (started.owner);
  ck_assert_int_lt (now () - start, 500);
  ck_assert_int_eq (poll_events (started.lines, POLLIN, 50), 0);
  close (gate[1]);
  check_lines (&started, "1234567890\n");
  fake = NULL;
  close (started.lines);
  close (gate[0]);
}
END_TEST

/* The fixture sees that the thread ends and closes all, though the owner is
   still there.  */
START_TEST (test_job_released_while_connecting)
{
  struct started started;
  struct mute mute;
  mute_open (&mute, _i);
  start_job_connect (&started, &mute.address);
  ck_assert_int_eq (poll_events (started.lines, POLLIN, 50), 0);
  job_release (started.job);
  check_lines (&started, "1234567890\n");
  close (started.owner);
  close (started.lines);
  mute_close (&mute);
}
END_TEST

START_TEST (test_job_released_at_once)
{
  for (int i = 0; i < 20; i++)
    {
      struct started started;
      struct address address;
      int server = serve_sample (SAMPLE_TCP4, 1, &address);
      start_lookup (&started, &address, i % 2 ? &stream_plan : NULL);
      finish (&started);
      close (server);
    }
}
END_TEST

/* With nobody at the other end of the channel, no signal kills us, and
   the socket goes with the job.  */
START_TEST (test_job_channel_gone)
{
  struct started started;
  struct mute mute;
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  start_job_connect (&started, &mute.address);
  socket_close (&started.lines);
  close (accept_one (mute.listener));
  int child = accept_one (mute.listener);
  ck_assert_int_ge (child, 0);
  for (int64_t end = now () + 2000; !job_done (started.job) && now () < end;)
    rest (5);
  ck_assert (job_done (started.job));
  job_release (started.job);
  close (started.owner);
  ck_assert_int_ne (poll_events (child, POLLIN, 2000) & POLLHUP, 0);
  close (child);
  mute_close (&mute);
}
END_TEST

/* Signals are for Emacs.  */
START_TEST (test_job_blocks_signals)
{
  static const int signals[]
    = { SIGCHLD, SIGALRM, SIGIO, SIGINT, SIGTERM, SIGPIPE, SIGUSR1 };
  struct started started;
  struct address address = loopback (AF_INET, 80);
  struct fake faked
    = { .code = EAI_AGAIN, .numeric_code = EAI_NONAME, .gate = -1 };
  sigset_t before, after;
  pthread_sigmask (SIG_SETMASK, NULL, &before);
  fake = &faked;
  start_lookup (&started, &address, NULL);
  pthread_sigmask (SIG_SETMASK, NULL, &after);
  wait_for (&started);
  fake = NULL;
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
    {
      ck_assert_int_eq (sigismember (&faked.blocked, signals[i]), 1);
      ck_assert_int_eq (sigismember (&before, signals[i]),
                        sigismember (&after, signals[i]));
    }
  finish (&started);
}
END_TEST

/* What it reports is not lost where nobody can be told.  */
START_TEST (test_job_report_fails)
{
  static const int codes[] = { EIO, EAGAIN, EINTR, ENOSPC };
  struct started started;
  struct mute mute;
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  start_job_connect (&started, &mute.address);
  atomic_store (&write_code, codes[_i]);
  close (accept_one (mute.listener));
  int64_t end = now () + 2000;
  while (!job_done (started.job) && now () < end)
    rest (5);
  check_lines (&started, "");
  atomic_store (&write_code, 0);
  ck_assert (job_done (started.job));
  check_job_won (&started, &mute.address);
  finish (&started);
  mute_close (&mute);
}
END_TEST

#ifdef __GLIBC__
/* No thread can have such a stack, of three quarters of all addresses.  */
static pthread_attr_t usual_stack;

static void
allow_no_threads (void)
{
  pthread_attr_t huge;
  ck_assert_int_eq (pthread_getattr_default_np (&usual_stack), 0);
  ck_assert_int_eq (pthread_attr_init (&huge), 0);
  ck_assert_int_eq (pthread_attr_setstacksize (&huge, SIZE_MAX / 4 * 3), 0);
  ck_assert_int_eq (pthread_setattr_default_np (&huge), 0);
  pthread_attr_destroy (&huge);
}

static void
allow_threads (void)
{
  pthread_setattr_default_np (&usual_stack);
  pthread_attr_destroy (&usual_stack);
}

/* Start a job that needs a thread, where there can be none.  */
static void
check_cannot_start (const struct query *query, struct addresses *addresses,
                    const struct plan *plan)
{
  int lines;
  struct waiting waiting = { .owner = -1 };
  waiting.channel = open_channel (&lines);
  allow_no_threads ();
  errno = 0;
  struct job *job = job_start (query, addresses, plan, &waiting);
  int code = errno;
  allow_threads ();
  channel_release (waiting.channel);
  ck_assert_ptr_null (job);
  ck_assert_int_ne (code, 0);
  ck_assert_int_ne (poll_events (lines, 0, 0) & POLLHUP, 0);
  close (lines);
}

START_TEST (test_job_cannot_start)
{
  struct mute mute;
  mute_open (&mute, SAMPLE_TCP4);
  check_cannot_start (&no_query, one_address (&mute.address), &stream_plan);
  mute_close (&mute);
}
END_TEST

START_TEST (test_lookup_cannot_start)
{
  struct fake faked = { .numeric_code = EAI_NONAME, .gate = -1 };
  struct query query = { .host = "x", .service = "80", .type = SOCK_STREAM };
  fake = &faked;
  check_cannot_start (&query, NULL, _i ? &stream_plan : NULL);
  fake = NULL;
  ck_assert_int_eq (faked.calls, 1);
}
END_TEST

/* What is known at once needs no thread.  */
START_TEST (test_job_without_threads)
{
  struct started started;
  struct address address;
  int server = serve_sample (SAMPLE_LOCAL_STREAM, 1, &address);
  allow_no_threads ();
  start_job_connect (&started, &address);
  allow_threads ();
  ck_assert (job_done (started.job));
  wait_for (&started);
  check_job_won (&started, &address);
  finish (&started);
  close (server);
}
END_TEST

/* A name is known, but nobody can wait for the socket then.  */
START_TEST (test_job_cannot_race)
{
  struct started started;
  struct mute mute;
  struct list list;
  struct race *race;
  struct fake faked
    = { .list = make_list (&list, "4"), .numeric_code = EAI_NONAME };
  int gate[2];
  mute_open (&mute, SAMPLE_TCP4);
  list.addresses[0] = mute.address;
  open_pair (gate);
  faked.gate = gate[0];
  fake = &faked;
  start_lookup (&started, &mute.address, &stream_plan);
  allow_no_threads ();
  close (gate[1]);
  wait_for (&started);
  allow_threads ();
  fake = NULL;
  ck_assert_int_eq (job_race (started.job, &race), RACE_LOST);
  ck_assert_int_eq (race->fd, -1);
  ck_assert_uint_eq (race->running, 0);
  ck_assert_int_ne (race->failure.code, 0);
  ck_assert_int_ne (race->failure.code, ECANCELED);
  ck_assert_str_eq (race->failure.verb, "make client process failed");
  finish (&started);
  close (gate[0]);
  mute_close (&mute);
}
END_TEST
#endif

/* Many at once.  */

enum
{
  MANY = 40
};

START_TEST (test_many_jobs)
{
  struct started started[MANY];
  struct address address;
  int server = serve_sample (SAMPLE_TCP4, MANY, &address);
  for (int i = 0; i < MANY; i++)
    if (i % 2)
      start_lookup (&started[i], &address, &stream_plan);
    else
      start_job_connect (&started[i], &address);
  for (int i = 0; i < MANY; i++)
    {
      wait_for (&started[i]);
      check_job_won (&started[i], &address);
      finish (&started[i]);
    }
  close (server);
}
END_TEST

START_TEST (test_many_jobs_let_go)
{
  struct started started[MANY];
  struct mute mute;
  mute_open (&mute, SAMPLE_TCP4);
  for (int i = 0; i < MANY; i++)
    start_job_connect (&started[i], &mute.address);
  int64_t start = now ();
  for (int i = 0; i < MANY; i++)
    close (started[i].owner);
  for (int i = 0; i < MANY; i++)
    {
      wait_for (&started[i]);
      job_release (started[i].job);
      close (started[i].lines);
    }
  ck_assert_int_lt (now () - start, 2000);
  mute_close (&mute);
}
END_TEST

Suite *
job_end_suite (void)
{
  Suite *suite = suite_create ("job end");
  TCase *end = add_case_after (suite, "giving up", hold_once);
  tcase_add_loop_test (end, test_job_cancel_while_connecting, SAMPLE_TCP4,
                       SAMPLE_TCP4 + 1);
  tcase_add_loop_test (end, test_job_cancel_while_connecting,
                       SAMPLE_LOCAL_STREAM, SAMPLE_LOCAL_STREAM + 1);
  tcase_add_test (end, test_job_cancel_while_looking_up);
  tcase_add_test (end, test_job_released_while_looking_up);
  tcase_add_loop_test (end, test_job_released_while_connecting, SAMPLE_TCP4,
                       SAMPLE_TCP4 + 1);
  tcase_add_loop_test (end, test_job_released_while_connecting,
                       SAMPLE_LOCAL_STREAM, SAMPLE_LOCAL_STREAM + 1);
  tcase_add_test (end, test_job_released_at_once);
  tcase_add_test (end, test_job_channel_gone);
  tcase_add_test (end, test_job_blocks_signals);
  tcase_add_loop_test (end, test_job_report_fails, 0, 4);
#ifdef __GLIBC__
  tcase_add_test (end, test_job_cannot_start);
  tcase_add_loop_test (end, test_lookup_cannot_start, 0, 2);
  tcase_add_test (end, test_job_without_threads);
  tcase_add_test (end, test_job_cannot_race);
#endif
  TCase *many = add_case_after (suite, "many", hold_once);
  tcase_add_test (many, test_many_jobs);
  tcase_add_test (many, test_many_jobs_let_go);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the thread that runs all races.  */

#include "option/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake-calls.h"
#include "jobs.h"
#include "socket/placeholder.h"
#include "suites.h"

enum
{
  MANY = 500
};

/* What many jobs at once take: one thread, and for each job its socket and
   the placeholder of its process, beside PIPES descriptors for all.  */
static void
check_cost (int threads, int descriptors)
{
  enum
  {
    PIPES = 4
  };
  if (threads > 0)
    ck_assert_int_eq (running_threads (), threads + 1);
  ck_assert_int_le (open_descriptors () - descriptors, 2 * MANY + PIPES);
}

/* All report to one channel.  */
static struct channel *channel;
static int lines;

static void
start_mute_job (struct started *started, const struct mute *mute,
                unsigned number)
{
  struct waiting waiting = { .channel = channel, .number = number };
  ck_assert_int_eq (placeholder_hold (&waiting.owner), 0);
  started->owner = waiting.owner;
  started->job = job_start (&no_query, one_address (&mute->address),
                            &stream_plan, &waiting);
  ck_assert_ptr_nonnull (started->job);
}

START_TEST (test_five_hundred)
{
  struct mute mute;
  struct rlimit limit;
  struct started *started = calloc (MANY, sizeof *started);
  ck_assert_ptr_nonnull (started);
  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
  mute_open (&mute, SAMPLE_TCP4);
  int threads = running_threads ();
  int descriptors = open_descriptors ();
  if (limit.rlim_cur < (rlim_t) descriptors + 2 * MANY + 8)
    {
      mute_close (&mute);
      free (started);
      SKIP ("too few descriptors are allowed");
    }
  channel = open_channel (&lines);
  for (unsigned i = 0; i < MANY; i++)
    start_mute_job (&started[i], &mute, i);
  check_cost (threads, descriptors);
  rest (250);
  check_cost (threads, descriptors);
  for (int i = 0; i < MANY; i++)
    ck_assert (!job_done (started[i].job));
  int64_t start = now ();
  for (int i = 0; i < MANY; i++)
    {
      /* Half of them because the process is gone.  */
      close (started[i].owner);
      if (i % 2)
        job_release (started[i].job);
    }
  channel_release (channel);
  char bytes[4096];
  while (poll_events (lines, POLLIN, 5000) & POLLIN)
    ck_assert_int_gt (read (lines, bytes, sizeof bytes), 0);
  ck_assert_int_lt (now () - start, 2000);
  for (int i = 0; i < MANY; i += 2)
    {
      ck_assert (job_done (started[i].job));
      job_release (started[i].job);
    }
  close (lines);
  mute_close (&mute);
  free (started);
}
END_TEST

/* Those that win and those that wait do not disturb each other.  */
START_TEST (test_mixed)
{
  enum
  {
    ROUNDS = 40
  };
  struct started good[ROUNDS], waiting[ROUNDS];
  struct mute mute;
  mute_open (&mute, SAMPLE_TCP4);
  for (int i = 0; i < ROUNDS; i++)
    {
      struct address both[2] = { mute.address };
      int server = serve_sample (SAMPLE_TCP4, 1, &both[1]);
      struct plan plan = { .type = SOCK_STREAM, .stagger = 10 + i };
      start_job_connect (&waiting[i], &mute.address);
      start_query (&good[i], &no_query, addresses_of (both, 2), &plan);
      if (i % 4 == 0)
        {
          wait_for (&good[i]);
          check_job_won (&good[i], &both[1]);
        }
      else
        wait_for (&good[i]);
      finish (&good[i]);
      close (server);
    }
  for (int i = 0; i < ROUNDS; i++)
    {
      ck_assert (!job_done (waiting[i].job));
      finish (&waiting[i]);
    }
  mute_close (&mute);
}
END_TEST

/* While the thread cannot read what wakes it, it does not spin.  */
START_TEST (test_reading_fails)
{
  struct started waiting, more;
  struct mute mute;
  mute_open (&mute, SAMPLE_TCP4);
  start_job_connect (&waiting, &mute.address);
  atomic_store (&read_code, EIO);
  start_job_connect (&more, &mute.address);
  rest (20);
  atomic_store (&poll_calls, 0);
  rest (50);
  ck_assert_int_gt (atomic_load (&poll_calls), 0);
  ck_assert_int_lt (atomic_load (&poll_calls), 20);
  atomic_store (&read_code, 0);
  finish (&more);
  finish (&waiting);
  mute_close (&mute);
}
END_TEST

/* What happens to the socket of one is not taken for another's.  */
START_TEST (test_older)
{
  struct started older, newer;
  struct mute closed, mute;
  struct race *race;
  mute_open (&closed, SAMPLE_TCP4);
  mute_open (&mute, SAMPLE_TCP4);
  start_job_connect (&older, &closed.address);
  start_job_connect (&newer, &mute.address);
  /* It is refused when the kernel asks again, after a second.  */
  mute_close (&closed);
  wait_for (&older);
  ck_assert_int_eq (job_race (older.job, &race), RACE_LOST);
  ck_assert (!job_done (newer.job));
  finish (&older);
  finish (&newer);
  mute_close (&mute);
}
END_TEST

/* The next address joins in time though nothing else wakes the thread, for
   the job has no owner to look for.  */
START_TEST (test_joins_in_time)
{
  struct started started;
  struct mute mute;
  struct address both[2];
  struct waiting waiting = { .number = 1234567890, .owner = -1 };
  struct plan plan = { .type = SOCK_STREAM, .stagger = 50 };
  mute_open (&mute, SAMPLE_TCP4);
  both[0] = mute.address;
  int server = serve_sample (SAMPLE_TCP4, 1, &both[1]);
  waiting.channel = open_channel (&started.lines);
  int64_t start = now ();
  started.job = job_start (&no_query, addresses_of (both, 2), &plan, &waiting);
  ck_assert_ptr_nonnull (started.job);
  channel_release (waiting.channel);
  wait_for (&started);
  ck_assert_int_ge (now () - start, 45);
  ck_assert_int_lt (now () - start, 600);
  check_job_won (&started, &both[1]);
  job_release (started.job);
  close (started.lines);
  close (server);
  mute_close (&mute);
}
END_TEST

/* The process is deleted, and the next one that waits is given the same
   descriptor: the earlier job ends, the later goes on.  */
START_TEST (test_owner_again)
{
  struct started first, second;
  struct mute mute;
  mute_open (&mute, SAMPLE_TCP4);
  start_job_connect (&first, &mute.address);
  close (first.owner);
  struct waiting waiting = { .number = 1234567890 };
  waiting.channel = open_channel (&second.lines);
  ck_assert_int_eq (placeholder_hold (&waiting.owner), 0);
  ck_assert_int_eq (dup2 (waiting.owner, first.owner), first.owner);
  if (waiting.owner != first.owner)
    close (waiting.owner);
  waiting.owner = second.owner = first.owner;
  second.job = job_start (&no_query, one_address (&mute.address), &stream_plan,
                          &waiting);
  channel_release (waiting.channel);
  wait_for (&first);
  ck_assert_int_eq (poll_events (second.lines, POLLIN, 250), 0);
  job_release (first.job);
  close (first.lines);
  finish (&second);
  mute_close (&mute);
}
END_TEST

/* Between one race and the next the thread may just be about to end.  */
START_TEST (test_one_after_the_other)
{
  struct started started;
  struct mute mute;
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  for (int i = 0; i < 50; i++)
    {
      start_job_connect (&started, &mute.address);
      if (i % 2)
        rest (i % 5);
      finish (&started);
    }
  mute_close (&mute);
}
END_TEST

Suite *
racers_suite (void)
{
  Suite *suite = suite_create ("racers");
  TCase *racers = add_case_after (suite, "racers", hold_once);
  tcase_add_test (racers, test_five_hundred);
  tcase_add_test (racers, test_mixed);
  tcase_add_test (racers, test_reading_fails);
  tcase_add_test (racers, test_older);
  tcase_add_test (racers, test_joins_in_time);
  tcase_add_test (racers, test_owner_again);
  tcase_add_test (racers, test_one_after_the_other);
  return suite;
}

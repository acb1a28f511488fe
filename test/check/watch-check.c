/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the thread that says which sockets have something to read.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "fake-calls.h"
#include "socket/watch.h"
#include "suites.h"

/* Again, as it is where there is no epoll.  */
#define WATCH_POLL 1
#define watch_start poll_watch_start
#define watch_arm poll_watch_arm
#define watch_wake poll_watch_wake
#define watch_release poll_watch_release
#undef SOCKOPT_WATCH_H
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "socket/watch.c"
#undef watch_start
#undef watch_arm
#undef watch_wake
#undef watch_release

static const struct
{
  struct watch *(*start) (struct channel *channel);
  int (*arm) (struct watch *watch, int fd, unsigned number);
  void (*wake) (const struct watch *watch);
  void (*release) (struct watch *watch);
} ways[] = {
  { watch_start, watch_arm, watch_wake, watch_release },
  { poll_watch_start, poll_watch_arm, poll_watch_wake, poll_watch_release },
};

enum
{
  WAYS = sizeof ways / sizeof ways[0]
};

/* A thread that is watched, and what it reports to.  */
static struct watch *watch;
static int channel[2];

static void
start (int way)
{
  ck_assert_int_eq (pipe (channel), 0);
  watch = ways[way].start (channel_make (channel[1]));
  ck_assert_ptr_nonnull (watch);
}

/* Wait until the thread has ended: it closes its end of the pipe then.  */
static void
stop (int way)
{
  ways[way].release (watch);
  ck_assert_int_eq (poll_events (channel[0], 0, 5000), POLLHUP);
  close (channel[0]);
  /* It is still counted for a moment.  */
  rest (20);
}

/* The number that is reported within TIMEOUT milliseconds, or -1.  */
static int
reported (int timeout)
{
  char line[16] = "";
  size_t used = 0;
  while (used == 0 || line[used - 1] != '\n')
    if (used + 1 == sizeof line
        || poll_events (channel[0], POLLIN, timeout) != POLLIN
        || read (channel[0], line + used++, 1) != 1)
      return -1;
  return (int) strtol (line, NULL, 10);
}

/* Nothing is reported for a while.  */
static void
check_silence (void)
{
  ck_assert_int_eq (reported (30), -1);
}

static void
pair_of_datagrams (int *pair)
{
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_DGRAM, 0, pair), 0);
}

static void
close_pair (const int *pair)
{
  close (pair[0]);
  close (pair[1]);
}

START_TEST (test_report)
{
  int pair[2];
  pair_of_datagrams (pair);
  start (_i);
  ck_assert_int_eq (ways[_i].arm (watch, pair[0], INT_MAX), 0);
  check_silence ();
  ck_assert_int_eq (write (pair[1], "x", 1), 1);
  ck_assert_int_eq (reported (5000), INT_MAX);
  stop (_i);
  close_pair (pair);
}
END_TEST

/* What is there already is reported at once, and only once.  */
START_TEST (test_once)
{
  int pair[2];
  pair_of_datagrams (pair);
  ck_assert_int_eq (write (pair[1], "x", 1), 1);
  start (_i);
  for (unsigned number = 1; number < 4; number++)
    {
      ck_assert_int_eq (ways[_i].arm (watch, pair[0], number), 0);
      ck_assert_int_eq (reported (5000), (int) number);
      ck_assert_int_eq (write (pair[1], "x", 1), 1);
      check_silence ();
    }
  stop (_i);
  close_pair (pair);
}
END_TEST

/* Whoever is asked for again is reported by the last number alone.  */
START_TEST (test_again)
{
  int pair[2];
  pair_of_datagrams (pair);
  start (_i);
  ck_assert_int_eq (ways[_i].arm (watch, pair[0], 1), 0);
  ck_assert_int_eq (ways[_i].arm (watch, pair[0], 2), 0);
  ck_assert_int_eq (write (pair[1], "x", 1), 1);
  ck_assert_int_eq (reported (5000), 2);
  check_silence ();
  stop (_i);
  close_pair (pair);
}
END_TEST

START_TEST (test_many)
{
  enum
  {
    COUNT = 100
  };
  int pairs[COUNT][2];
  bool seen[COUNT] = { false };
  start (_i);
  for (unsigned i = 0; i < COUNT; i++)
    {
      pair_of_datagrams (pairs[i]);
      ck_assert_int_eq (ways[_i].arm (watch, pairs[i][0], i + 1), 0);
    }
  for (int i = 0; i < COUNT; i++)
    ck_assert_int_eq (write (pairs[i][1], "x", 1), 1);
  for (int i = 0; i < COUNT; i++)
    {
      int number = reported (5000);
      ck_assert_int_ge (number, 1);
      ck_assert (!seen[number - 1]);
      seen[number - 1] = true;
    }
  check_silence ();
  stop (_i);
  for (int i = 0; i < COUNT; i++)
    close_pair (pairs[i]);
}
END_TEST

/* An error of the network is something to read.  */
START_TEST (test_error)
{
  struct address refused;
  int on = 1;
  close (serve_sample (SAMPLE_UDP4, 0, &refused));
  int fd = socket (AF_INET, SOCK_DGRAM, 0);
  ck_assert_int_ge (fd, 0);
  ck_assert_int_eq (setsockopt (fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on),
                    0);
  start (_i);
  ck_assert_int_eq (ways[_i].arm (watch, fd, 7), 0);
  ck_assert_int_eq (connect_to (fd, &refused), 0);
  ck_assert_int_eq (send (fd, "x", 1, 0), 1);
  ck_assert_int_eq (reported (5000), 7);
  stop (_i);
  close (fd);
}
END_TEST

/* A descriptor may be closed, and be another socket's then.  */
START_TEST (test_closed)
{
  int pair[2], next[2];
  pair_of_datagrams (pair);
  start (_i);
  ck_assert_int_eq (ways[_i].arm (watch, pair[0], 1), 0);
  close_pair (pair);
  pair_of_datagrams (next);
  ck_assert_int_eq (next[0], pair[0]);
  ck_assert_int_eq (ways[_i].arm (watch, next[0], 2), 0);
  ck_assert_int_eq (write (next[1], "x", 1), 1);
  int number = reported (5000);
  /* Where poll is used, it may have been seen that it was closed.  */
  if (number == 1)
    number = reported (5000);
  ck_assert_int_eq (number, 2);
  stop (_i);
  close_pair (next);
}
END_TEST

START_TEST (test_bad)
{
  start (_i);
  int code = ways[_i].arm (watch, -1, 1);
  /* poll sees it only later.  */
#ifdef SYSTEM_LINUX
  if (_i == 0)
    ck_assert_int_eq (code, EBADF);
  else
#endif
    ck_assert_int_eq (code, 0);
  stop (_i);
}
END_TEST

START_TEST (test_wake)
{
  start (_i);
  ways[_i].wake (watch);
  ck_assert_int_eq (reported (5000), 0);
  stop (_i);
}
END_TEST

/* A channel that is full holds up the thread, but not who wakes it; and
   nothing is lost.  */
START_TEST (test_full)
{
  enum
  {
    MANY = 100000
  };
  int pair[2];
  int zeros = 0, number;
  pair_of_datagrams (pair);
  start (_i);
  for (int i = 0; i < MANY; i++)
    ways[_i].wake (watch);
  ck_assert_int_eq (ways[_i].arm (watch, pair[0], 9), 0);
  ck_assert_int_eq (write (pair[1], "x", 1), 1);
  rest (20);
  while ((number = reported (5000)) == 0)
    zeros++;
  ck_assert_int_eq (number, 9);
  ck_assert_int_gt (zeros, 1000);
  ck_assert_int_lt (zeros, MANY);
  stop (_i);
  close_pair (pair);
}
END_TEST

/* Nobody reads any more.  The thread ends by itself, or when it is
   released, and no signal ends the program.  */
START_TEST (test_no_reader)
{
  int pair[2];
  pair_of_datagrams (pair);
  start (_i);
  ck_assert_int_eq (ways[_i].arm (watch, pair[0], 9), 0);
  close (channel[0]);
  ck_assert_int_eq (write (pair[1], "x", 1), 1);
  rest (20);
  ways[_i].release (watch);
  rest (20);
  close_pair (pair);
}
END_TEST

/* What cannot be written now is written a moment later, and is not tried all
   the time.  EAGAIN is of a pipe that has room for all that.  */
START_TEST (test_report_fails)
{
  static const int codes[] = { EIO, EAGAIN };
  int pair[2];
  pair_of_datagrams (pair);
  start (_i);
  for (unsigned i = 0; i < 2; i++)
    {
      atomic_store (&write_failures, 0);
      atomic_store (&write_code, codes[i]);
      ck_assert_int_eq (ways[_i].arm (watch, pair[0], 9 + i), 0);
      ck_assert_int_eq (write (pair[1], "x", 1), 1);
      check_silence ();
      atomic_store (&write_code, 0);
      ck_assert_int_eq (reported (5000), (int) (9 + i));
      ck_assert_int_gt (atomic_load (&write_failures), 0);
      ck_assert_int_lt (atomic_load (&write_failures), 20);
    }
  stop (_i);
  close_pair (pair);
}
END_TEST

/* Start to report, and return how often writing failed with CODE before the
   thread gave up.  */
static int
failures_until_end (int way, int code)
{
  int pair[2];
  pair_of_datagrams (pair);
  start (way);
  atomic_store (&write_failures, 0);
  atomic_store (&write_code, code);
  ck_assert_int_eq (ways[way].arm (watch, pair[0], 9), 0);
  ck_assert_int_eq (write (pair[1], "x", 1), 1);
  ck_assert_int_eq (reported (200), -1);
  atomic_store (&write_code, 0);
  stop (way);
  close_pair (pair);
  return atomic_load (&write_failures);
}

/* A report that signals interrupt without end is given up at last, with the
   thread; one that nobody can read any more, at once.  */
START_TEST (test_report_given_up)
{
  int failures = failures_until_end (_i, EINTR);
  ck_assert_int_ge (failures, 100);
  ck_assert_int_le (failures, 1000);
  ck_assert_int_eq (failures_until_end (_i, EPIPE), 1);
}
END_TEST

/* Signals without end hold up nobody.  */
START_TEST (test_wake_interrupted)
{
  start (_i);
  atomic_store (&write_code, EINTR);
  ways[_i].wake (watch);
  atomic_store (&write_code, 0);
  check_silence ();
  stop (_i);
}
END_TEST

/* While FAILING, a call of the thread of WAY, fails with CODE, the thread
   rests; and then it goes on.  */
static void
check_rests (int way, atomic_int *failing, int code)
{
  int pair[2];
  pair_of_datagrams (pair);
  start (way);
  atomic_store (failing, code);
  ck_assert_int_eq (ways[way].arm (watch, pair[0], 9), 0);
  ck_assert_int_eq (write (pair[1], "x", 1), 1);
  atomic_store (&poll_calls, 0);
  rest (50);
  ck_assert_int_lt (atomic_load (&poll_calls), 20);
  atomic_store (failing, 0);
  ck_assert_int_eq (reported (5000), 9);
  stop (way);
  close_pair (pair);
}

START_TEST (test_waiting_fails) { check_rests (_i, &poll_code, ENOMEM); }
END_TEST

/* It cannot read what wakes it.  */
START_TEST (test_reading_fails) { check_rests (_i, &read_code, EIO); }
END_TEST

/* What a thread that sends has to do.  */
struct sender
{
  int fd;
  atomic_int left;
};

static void *
send_all (void *data)
{
  struct sender *sender = data;
  while (atomic_fetch_sub (&sender->left, 1) > 0)
    if (write (sender->fd, "x", 1) != 1)
      break;
  return NULL;
}

/* None of many is overlooked while others send.  */
START_TEST (test_busy)
{
  enum
  {
    SENDERS = 4,
    EACH = 500
  };
  int pairs[SENDERS][2];
  pthread_t threads[SENDERS];
  struct sender senders[SENDERS];
  int got = 0;
  char byte;
  start (_i);
  for (unsigned i = 0; i < SENDERS; i++)
    {
      pair_of_datagrams (pairs[i]);
      fcntl (pairs[i][0], F_SETFL, O_NONBLOCK);
      ck_assert_int_eq (ways[_i].arm (watch, pairs[i][0], i + 1), 0);
      senders[i].fd = pairs[i][1];
      atomic_init (&senders[i].left, EACH);
      pthread_create (&threads[i], NULL, send_all, &senders[i]);
    }
  while (got < SENDERS * EACH)
    {
      int number = reported (5000);
      ck_assert_int_ge (number, 1);
      int fd = pairs[number - 1][0];
      while (read (fd, &byte, 1) == 1)
        got++;
      ck_assert_int_eq (ways[_i].arm (watch, fd, (unsigned) number), 0);
    }
  ck_assert_int_eq (got, SENDERS * EACH);
  for (int i = 0; i < SENDERS; i++)
    {
      pthread_join (threads[i], NULL);
      close_pair (pairs[i]);
    }
  stop (_i);
}
END_TEST

START_TEST (test_many_threads)
{
  for (int i = 0; i < 200; i++)
    {
      start (_i);
      stop (_i);
    }
}
END_TEST

START_TEST (test_no_descriptors)
{
  int pair[2];
  ck_assert_int_eq (pipe (pair), 0);
  struct channel *one = channel_make (pair[1]);
  struct rlimit limit = limit_descriptors (1);
  ck_assert_ptr_null (ways[_i].start (one));
  ck_assert_int_eq (errno, EMFILE);
  setrlimit (RLIMIT_NOFILE, &limit);
  ck_assert (!is_open (pair[1]));
  close (pair[0]);
}
END_TEST

Suite *
watch_suite (void)
{
  Suite *suite = suite_create ("watch");
  TCase *each = add_case (suite, "epoll, poll");
  tcase_set_timeout (each, 60);
  tcase_add_loop_test (each, test_report, 0, WAYS);
  tcase_add_loop_test (each, test_once, 0, WAYS);
  tcase_add_loop_test (each, test_again, 0, WAYS);
  tcase_add_loop_test (each, test_many, 0, WAYS);
  tcase_add_loop_test (each, test_error, 0, WAYS);
  tcase_add_loop_test (each, test_closed, 0, WAYS);
  tcase_add_loop_test (each, test_bad, 0, WAYS);
  tcase_add_loop_test (each, test_wake, 0, WAYS);
  tcase_add_loop_test (each, test_full, 0, WAYS);
  tcase_add_loop_test (each, test_no_reader, 0, WAYS);
  tcase_add_loop_test (each, test_report_fails, 0, WAYS);
  tcase_add_loop_test (each, test_report_given_up, 0, WAYS);
  tcase_add_loop_test (each, test_wake_interrupted, 0, WAYS);
  tcase_add_loop_test (each, test_waiting_fails, 0, WAYS);
  tcase_add_loop_test (each, test_reading_fails, 0, WAYS);
  tcase_add_loop_test (each, test_busy, 0, WAYS);
  tcase_add_loop_test (each, test_many_threads, 0, WAYS);
  tcase_add_loop_test (each, test_no_descriptors, 0, WAYS);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what closing a connection does to what is queued.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plans.h"
#include "socket/linger.h"
#include "suites.h"
#include "values.h"

static const struct option buffer_row = { .keyword = ":rcvbuf",
                                          .level = SOL_SOCKET,
                                          .number = SO_RCVBUF,
                                          .kind = &kind_integer,
                                          .access = ACCESS_BOTH,
                                          .classes = CLASSES_ALL };

/* What the reader of a flow found.  */
struct found
{
  size_t received;
  int error;
};

/* A connection with a full queue, and a reader that is slow.  It is a
   process, not a thread: valgrind stops all threads while one closes a
   descriptor.  */
struct flow
{
  int writer;
  int reader;
  size_t sent;
  struct found found;
};

enum
{
  /* How long the reader waits before it reads, in milliseconds.  */
  DELAY = 300
};

static void
fill_flow (struct flow *flow)
{
  static const char bytes[8192];
  int64_t end = now () + 100;
  while (now () < end)
    {
      ssize_t size = send (flow->writer, bytes, sizeof bytes, MSG_NOSIGNAL);
      if (size > 0)
        flow->sent += (size_t) size;
      else
        rest (5);
    }
}

/* Open FLOW with small buffers, and fill them; VALUE is the linger
   option of the writer.  */
static void
open_flow (struct flow *flow, struct value value)
{
  struct setting small = setting_of (&buffer_row, 8192);
  struct setting linger = { .option = option_find (":linger") };
  struct plan plan = server_plan (SAMPLE_TCP4);
  struct address address = sample_address (SAMPLE_TCP4);
  plan.settings = &small;
  plan.settings_count = 1;
  int server = make_socket (&plan, &address);
  ck_assert (address_local_of (server, &address));
  linger.bytes = encode (linger.option, value);
  plan = client_plan (SAMPLE_TCP4);
  plan.settings = &linger;
  plan.settings_count = 1;
  *flow = (struct flow){ .writer = make_socket (&plan, &address) };
  ck_assert_int_eq (socket_connect (flow->writer, &address), EINPROGRESS);
  flow->reader = accept_one (server);
  close (server);
  fill_flow (flow);
  ck_assert_uint_gt (flow->sent, 8192);
}

/* Read until the end of FLOW, or an error, after DELAY milliseconds.  */
static struct found
read_flow (const struct flow *flow, int delay)
{
  struct found found = { .error = 0 };
  char buffer[8192];
  ssize_t size;
  rest (delay);
  while ((size = recv (flow->reader, buffer, sizeof buffer, 0)) > 0)
    found.received += (size_t) size;
  found.error = size < 0 ? errno : 0;
  return found;
}

/* The reader of FLOW.  It says that it is there, and no longer has the
   writer open; then what it found.  */
static _Noreturn void
run_reader (const struct flow *flow, int delay, int report)
{
  close (flow->writer);
  bool ok = write (report, "", 1) == 1;
  struct found found = read_flow (flow, delay);
  ok = ok && write (report, &found, sizeof found) == sizeof found;
  _exit (ok ? 0 : 1);
}

/* Close the writer of FLOW, while another process reads what arrives.
   Return how long closing took.  */
static int64_t
close_flow (struct flow *flow, int delay)
{
  int report[2];
  char byte;
  ck_assert_int_eq (pipe (report), 0);
  pid_t child = fork ();
  ck_assert_int_ge (child, 0);
  if (child == 0)
    run_reader (flow, delay, report[1]);
  ck_assert_int_eq (read (report[0], &byte, 1), 1);
  close (flow->reader);
  int64_t start = now ();
  close (flow->writer);
  int64_t took = now () - start;
  ck_assert_int_eq (read (report[0], &flow->found, sizeof flow->found),
                    sizeof flow->found);
  ck_assert_int_eq (waitpid (child, NULL, 0), child);
  close (report[0]);
  close (report[1]);
  return took;
}

static const struct value linger_t = { .type = VALUE_T };
static const struct value linger_nil = { .type = VALUE_NIL };

static struct value
linger_seconds (int seconds)
{
  return integer (seconds);
}

START_TEST (test_linger_t)
{
  struct flow flow;
  open_flow (&flow, linger_t);
  int64_t took = close_flow (&flow, DELAY);
  ck_assert_int_ge (took, DELAY - 20);
  ck_assert_int_eq (flow.found.error, 0);
  ck_assert_uint_eq (flow.found.received, flow.sent);
}
END_TEST

START_TEST (test_linger_nil)
{
  struct flow flow;
  open_flow (&flow, linger_nil);
  int64_t took = close_flow (&flow, DELAY);
  ck_assert_int_lt (took, DELAY - 20);
  ck_assert_int_eq (flow.found.error, 0);
  ck_assert_uint_eq (flow.found.received, flow.sent);
}
END_TEST

START_TEST (test_linger_0)
{
  struct flow flow;
  open_flow (&flow, linger_seconds (0));
  int64_t took = close_flow (&flow, DELAY);
  ck_assert_int_lt (took, DELAY - 20);
  ck_assert_int_eq (flow.found.error, ECONNRESET);
  ck_assert_uint_lt (flow.found.received, flow.sent);
}
END_TEST

/* No longer than it must.  */
START_TEST (test_linger_many_seconds)
{
  struct flow flow;
  open_flow (&flow, linger_seconds (60));
  int64_t took = close_flow (&flow, DELAY);
  ck_assert_int_ge (took, DELAY - 20);
  ck_assert_int_lt (took, 10000);
  ck_assert_int_eq (flow.found.error, 0);
  ck_assert_uint_eq (flow.found.received, flow.sent);
}
END_TEST

/* No longer than it may.  */
START_TEST (test_linger_1)
{
  struct flow flow;
  open_flow (&flow, linger_seconds (1));
  int64_t took = close_flow (&flow, 1500);
  ck_assert_int_ge (took, 900);
  ck_assert_int_lt (took, 1450);
}
END_TEST

/* What nobody is going to have does not wait, but still delivers, unless it
   is to throw away.  */
START_TEST (test_discarded)
{
  struct flow flow;
  for (int seconds = 60; seconds >= 0; seconds -= 60)
    {
      open_flow (&flow, linger_seconds (seconds));
      int64_t start = now ();
      socket_discard (&flow.writer);
      ck_assert_int_lt (now () - start, DELAY);
      struct found found = read_flow (&flow, 0);
      ck_assert_int_eq (found.error, seconds ? 0 : ECONNRESET);
      ck_assert (!seconds || found.received == flow.sent);
      close (flow.reader);
    }
}
END_TEST

#ifdef SYSTEM_LINUX

/* The number of the socket FD.  */
static uint64_t
identity_of (int fd)
{
  uint64_t identity;
  ck_assert (socket_identity (fd, &identity));
  return identity;
}

/* Wait until the thread has ended and DESCRIPTORS are open, as before.  */
static void
wait_for_rest (int descriptors)
{
  int64_t end = now () + 5000;
  while (open_descriptors () != descriptors && now () < end)
    rest (5);
  ck_assert_int_eq (open_descriptors (), descriptors);
  /* It is still counted for a moment.  */
  rest (20);
}

/* Open FLOW with a writer that lingers for a minute and is kept.  */
static void
open_kept (struct flow *flow)
{
  open_flow (flow, linger_seconds (60));
  ck_assert (linger_waits_now (flow->writer));
  ck_assert_int_eq (linger_keep (flow->writer, identity_of (flow->writer)), 0);
}

/* Close the writer of FLOW, which is kept, and read: all arrives, and its
   end, which takes MILLISECONDS at most.  */
static void
check_kept (struct flow *flow, int milliseconds)
{
  int64_t start = now ();
  close (flow->writer);
  ck_assert_int_lt (now () - start, DELAY);
  struct found found = read_flow (flow, 0);
  ck_assert_int_eq (found.error, 0);
  ck_assert_uint_eq (found.received, flow->sent);
  ck_assert_int_lt (now () - start, milliseconds);
  close (flow->reader);
}

START_TEST (test_kept)
{
  struct flow flow;
  int descriptors = open_descriptors ();
  open_kept (&flow);
  check_kept (&flow, 2500);
  wait_for_rest (descriptors);
}
END_TEST

/* Nor does the thread wait, for then others would wait for it.  */
START_TEST (test_kept_unread)
{
  struct flow flow;
  int descriptors = open_descriptors ();
  open_kept (&flow);
  close (flow.writer);
  rest (1500);
  int64_t start = now ();
  linger_release (flow.writer, 0);
  ck_assert_int_lt (now () - start, DELAY);
  wait_for_rest (descriptors + 1);
  struct found found = read_flow (&flow, 0);
  ck_assert_int_eq (found.error, 0);
  ck_assert_uint_eq (found.received, flow.sent);
  close (flow.reader);
}
END_TEST

/* Its descriptor may be another socket's before the thread looks.  */
START_TEST (test_kept_reused)
{
  struct flow flow;
  int descriptors = open_descriptors ();
  open_kept (&flow);
  close (flow.writer);
  int other = sample_socket (SAMPLE_TCP4);
  ck_assert_int_eq (other, flow.writer);
  wait_for_rest (descriptors + 2);
  struct found found = read_flow (&flow, 0);
  ck_assert_uint_eq (found.received, flow.sent);
  close (flow.reader);
  close (other);
}
END_TEST

/* A peer that has ended its side waits for no longer than who closes took,
   whether or not the thread has looked in between.  */
START_TEST (test_kept_after_end)
{
  static const int delays[] = { 0, 1, 10, 100 };
  int descriptors = open_descriptors ();
  for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++)
    {
      struct flow flow;
      open_kept (&flow);
      shutdown (flow.reader, SHUT_WR);
      rest (delays[i]);
      check_kept (&flow, 500);
      wait_for_rest (descriptors);
    }
}
END_TEST

/* It is kept once, however often that is asked for.  */
START_TEST (test_kept_again)
{
  struct flow flow;
  int descriptors = open_descriptors ();
  open_kept (&flow);
  uint64_t identity = identity_of (flow.writer);
  int held = open_descriptors ();
  ck_assert_int_eq (linger_keep (flow.writer, identity), 0);
  ck_assert_int_eq (open_descriptors (), held);
  linger_release (flow.writer, identity + 1);
  ck_assert_int_eq (open_descriptors (), held);
  /* The thread is waiting by now.  */
  rest (100);
  int64_t start = now ();
  linger_release (flow.writer, identity);
  wait_for_rest (descriptors + 2);
  /* It is told.  */
  ck_assert_int_lt (now () - start, 500);
  linger_release (flow.writer, identity);
  close (flow.reader);
  close (flow.writer);
}
END_TEST

/* Which descriptor is kept is known.  */
START_TEST (test_keeps)
{
  struct flow flow;
  int kept = 0;
  int descriptors = open_descriptors ();
  open_kept (&flow);
  ck_assert (!linger_keeps (flow.writer));
  for (int fd = 0; fd < DESCRIPTORS; fd++)
    if (linger_keeps (fd))
      {
        ck_assert (identity_of (fd) == identity_of (flow.writer));
        ck_assert_int_eq (fcntl (fd, F_GETFD), FD_CLOEXEC);
        kept++;
      }
  ck_assert_int_eq (kept, 1);
  close (flow.reader);
  close (flow.writer);
  wait_for_rest (descriptors);
}
END_TEST

/* Once it is released, closing waits again.  */
START_TEST (test_released)
{
  struct flow flow;
  int descriptors = open_descriptors ();
  open_kept (&flow);
  linger_release (flow.writer, identity_of (flow.writer));
  wait_for_rest (descriptors + 2);
  int64_t took = close_flow (&flow, DELAY);
  ck_assert_int_ge (took, DELAY - 20);
  ck_assert_uint_eq (flow.found.received, flow.sent);
}
END_TEST

/* Setting the time to 0 still resets.  */
START_TEST (test_kept_0)
{
  struct flow flow;
  const struct linger zero = { .l_onoff = 1 };
  int descriptors = open_descriptors ();
  open_kept (&flow);
  setsockopt (flow.writer, SOL_SOCKET, SO_LINGER, &zero, sizeof zero);
  close (flow.writer);
  struct found found = read_flow (&flow, 1500);
  ck_assert_int_eq (found.error, ECONNRESET);
  close (flow.reader);
  wait_for_rest (descriptors);
}
END_TEST

/* Without a descriptor to spare nothing is changed.  */
START_TEST (test_keep_no_descriptor)
{
  struct flow flow;
  open_flow (&flow, linger_seconds (60));
  uint64_t identity = identity_of (flow.writer);
  int descriptors = open_descriptors ();
  for (int more = 0; more < 3; more++)
    {
      struct rlimit limit = limit_descriptors (more);
      ck_assert_int_eq (linger_keep (flow.writer, identity), EMFILE);
      setrlimit (RLIMIT_NOFILE, &limit);
      ck_assert_int_eq (open_descriptors (), descriptors);
    }
  close (flow.reader);
  close (flow.writer);
}
END_TEST

#endif

/* What never waits is not kept.  */
START_TEST (test_not_kept)
{
  struct address address;
  int descriptors = open_descriptors ();
  int sockets[]
    = { serve_sample (SAMPLE_TCP4, 1, &address), sample_socket (SAMPLE_UDP4),
        sample_socket (SAMPLE_LOCAL_STREAM) };
  for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++)
    ck_assert_int_eq (linger_keep (sockets[i], 1), 0);
  ck_assert_int_eq (open_descriptors (), descriptors + 3);
  for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++)
    close (sockets[i]);
}
END_TEST

Suite *
linger_suite (void)
{
  Suite *suite = suite_create ("linger");
  TCase *linger = add_case (suite, "linger");
  tcase_add_test (linger, test_linger_t);
  tcase_add_test (linger, test_linger_nil);
  tcase_add_test (linger, test_linger_0);
  tcase_add_test (linger, test_linger_many_seconds);
  tcase_add_test (linger, test_linger_1);
  tcase_add_test (linger, test_discarded);
  TCase *kept = add_case (suite, "kept");
#ifdef SYSTEM_LINUX
  tcase_add_test (kept, test_kept);
  tcase_add_test (kept, test_kept_unread);
  tcase_add_test (kept, test_kept_reused);
  tcase_add_test (kept, test_kept_after_end);
  tcase_add_test (kept, test_kept_again);
  tcase_add_test (kept, test_keeps);
  tcase_add_test (kept, test_released);
  tcase_add_test (kept, test_kept_0);
  tcase_add_test (kept, test_keep_no_descriptor);
#endif
  tcase_add_test (kept, test_not_kept);
  return suite;
}

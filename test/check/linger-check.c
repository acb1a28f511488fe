/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what closing a connection does to what is queued.  */

#include "option/config.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plans.h"
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
  return suite;
}

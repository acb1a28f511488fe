/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of jobs that look up and connect.  */

#include "option/config.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake-lookup.h"
#include "jobs.h"
#include "suites.h"

/* Lookup, and no connection.  */
START_TEST (test_job_lookup)
{
  struct started started;
  struct address address;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  start_lookup (&started, &address, NULL);
  wait_for (&started);
  check_lookup_code (started.job, 0);
  struct addresses *addresses = job_take_addresses (started.job);
  ck_assert_ptr_null (job_take_addresses (started.job));
  ck_assert_uint_eq (addresses->count, 1);
  ck_assert (address_equal (&addresses->items[0], &address));
  ck_assert_int_eq (poll_events (server, POLLIN, 20), 0);
  free (addresses);
  finish (&started);
  close (server);
}
END_TEST

/* Nobody need take the addresses.  */
START_TEST (test_job_lookup_left)
{
  struct started started;
  struct address address = loopback (AF_INET, 80);
  start_lookup (&started, &address, NULL);
  wait_for (&started);
  finish (&started);
}
END_TEST

START_TEST (test_job_lookup_fails)
{
  struct started started;
  struct race *race;
  struct query query = { .host = "127.0.0.1",
                         .service = "no-such-service",
                         .family = AF_UNSPEC,
                         .type = SOCK_STREAM };
  start_query (&started, &query, NULL, &stream_plan);
  wait_for (&started);
  check_lookup_code (started.job, EAI_SERVICE);
  ck_assert_ptr_null (job_take_addresses (started.job));
  ck_assert_int_eq (job_race (started.job, &race), RACE_RUNNING);
  ck_assert_int_eq (race->fd, -1);
  finish (&started);
}
END_TEST

START_TEST (test_job_system_code)
{
  struct started started;
  struct address address = loopback (AF_INET, 80);
  struct fake faked
    = { .code = EAI_SYSTEM, .system_code = EMFILE, .gate = -1 };
  int system_code = 0;
  fake = &faked;
  start_lookup (&started, &address, &stream_plan);
  wait_for (&started);
  fake = NULL;
  ck_assert_int_eq (job_lookup_code (started.job, &system_code), EAI_SYSTEM);
  ck_assert_int_eq (system_code, EMFILE);
  finish (&started);
}
END_TEST

/* A name is looked up once it is known to be none of an address.  */
START_TEST (test_job_name)
{
  struct started started;
  struct address address = loopback (AF_INET, 80);
  struct fake faked = { .code = EAI_SYSTEM,
                        .system_code = EMFILE,
                        .numeric_code = EAI_NONAME,
                        .gate = -1 };
  int system_code = 0;
  fake = &faked;
  start_lookup (&started, &address, NULL);
  wait_for (&started);
  fake = NULL;
  ck_assert_int_eq (faked.calls, 2);
  ck_assert_int_eq (job_lookup_code (started.job, &system_code), EAI_SYSTEM);
  ck_assert_int_eq (system_code, EMFILE);
  finish (&started);
}
END_TEST

/* Of an address nobody is asked, whatever is wrong with it.  */
START_TEST (test_job_no_name)
{
  struct started started;
  struct address address = loopback (AF_INET, 80);
  struct fake faked = { .numeric_code = EAI_FAMILY, .gate = -1 };
  fake = &faked;
  start_lookup (&started, &address, NULL);
  wait_for (&started);
  fake = NULL;
  ck_assert_int_eq (faked.calls, 1);
  check_lookup_code (started.job, EAI_FAMILY);
  finish (&started);
}
END_TEST

/* How long a lookup took, in microseconds; none for an address.  */
START_TEST (test_job_lookup_time)
{
  struct started started;
  struct address address = loopback (AF_INET, 80);
  struct list list;
  struct fake faked
    = { .list = make_list (&list, "4"), .numeric_code = EAI_NONAME };
  int gate[2];
  open_pair (gate);
  faked.gate = gate[0];
  fake = &faked;
  start_lookup (&started, &address, NULL);
  /* The thread may begin late; what counts is how long the lookup takes.  */
  for (int i = 0; i < 5000 && faked.calls <= 1; i++)
    rest (1);
  rest (60);
  close (gate[1]);
  wait_for (&started);
  fake = NULL;
  struct addresses *addresses = job_take_addresses (started.job);
  ck_assert_ptr_nonnull (addresses);
  ck_assert_int_ge (addresses->lookup, 50 * 1000);
  ck_assert_int_lt (addresses->lookup, 5000 * 1000);
  free (addresses);
  finish (&started);
  close (gate[0]);
}
END_TEST

START_TEST (test_job_no_lookup_time)
{
  struct started started;
  struct address address = loopback (AF_INET, 80);
  start_lookup (&started, &address, NULL);
  wait_for (&started);
  struct addresses *addresses = job_take_addresses (started.job);
  ck_assert_int_eq (addresses->lookup, LOOKUP_NONE);
  free (addresses);
  finish (&started);
}
END_TEST

/* A name that somebody waits for is looked up without an owner; the end of
   the channel tells, too.  */
START_TEST (test_job_waited_for)
{
  int lines;
  struct fake faked
    = { .code = EAI_AGAIN, .numeric_code = EAI_NONAME, .gate = -1 };
  struct query query = { .host = "x", .service = "80", .type = SOCK_STREAM };
  struct waiting waiting = { .owner = -1 };
  waiting.channel = open_channel (&lines);
  fake = &faked;
  struct job *job = job_start (&query, NULL, NULL, &waiting);
  ck_assert_ptr_nonnull (job);
  channel_release (waiting.channel);
  while (poll_events (lines, POLLIN, 5000) & POLLIN)
    {
      char byte;
      ck_assert_int_eq (read (lines, &byte, 1), 1);
    }
  fake = NULL;
  ck_assert (job_done (job));
  check_lookup_code (job, EAI_AGAIN);
  job_release (job);
  close (lines);
}
END_TEST

START_TEST (test_job_connect)
{
  struct started started;
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  struct plan plan = { .type = samples[_i].type };
  int server = serve_sample (_i, 1, &address);
  start_query (&started, &no_query, one_address (&address), &plan);
  wait_for (&started);
  check_job_won (&started, &address);
  finish (&started);
  close (server);
}
END_TEST

START_TEST (test_job_lookup_and_connect)
{
  struct started started;
  struct address address;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  start_lookup (&started, &address, &stream_plan);
  wait_for (&started);
  check_lookup_code (started.job, 0);
  check_job_won (&started, &address);
  finish (&started);
  close (server);
}
END_TEST

START_TEST (test_job_second_address)
{
  struct started started;
  struct address both[2];
  int refusing = refuse_sample (SAMPLE_TCP4, &both[0]);
  int server = serve_sample (SAMPLE_TCP4, 1, &both[1]);
  start_query (&started, &no_query, addresses_of (both, 2), &stream_plan);
  wait_for (&started);
  check_job_won (&started, &both[1]);
  finish (&started);
  close (server);
  close (refusing);
}
END_TEST

/* Who takes the socket out of the race keeps it.  */
START_TEST (test_job_socket_taken)
{
  struct started started;
  struct address address;
  struct race *race;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  start_job_connect (&started, &address);
  wait_for (&started);
  ck_assert_int_eq (job_race (started.job, &race), RACE_WON);
  int fd = race->fd;
  race->fd = -1;
  finish (&started);
  int child = accept_one (server);
  ck_assert_int_eq (send (fd, "x", 1, MSG_NOSIGNAL), 1);
  ck_assert_int_eq (poll_events (child, POLLIN, 1000), POLLIN);
  close (fd);
  close (child);
  close (server);
}
END_TEST

START_TEST (test_job_refused)
{
  struct started started;
  struct address address;
  struct race *race;
  int refusing = refuse_sample (SAMPLE_TCP4, &address);
  start_job_connect (&started, &address);
  wait_for (&started);
  ck_assert_int_eq (job_race (started.job, &race), RACE_LOST);
  ck_assert_int_eq (socket_error (race->fd), ECONNREFUSED);
  finish (&started);
  close (refusing);
}
END_TEST

START_TEST (test_job_fails)
{
  struct started started;
  struct race *race;
  struct address address = scratch_address ("none");
  start_job_connect (&started, &address);
  wait_for (&started);
  ck_assert_int_eq (job_race (started.job, &race), RACE_LOST);
  ck_assert_int_eq (race->fd, -1);
  ck_assert_int_eq (race->failure.code, ENOENT);
  finish (&started);
}
END_TEST

/* The plan and its settings are the job's own: here they change as soon
   as it has started.  */
START_TEST (test_job_copies_plan)
{
  struct started started;
  struct address address;
  struct race *race;
  struct fake faked = { .numeric_code = EAI_NONAME };
  struct list list;
  struct setting on
    = { .option = option_find (":keepalive"), .bytes = int_bytes (1) };
  struct plan plan
    = { .type = SOCK_STREAM, .settings = &on, .settings_count = 1 };
  int gate[2];
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  open_pair (gate);
  faked.gate = gate[0];
  faked.list = make_list (&list, "4");
  list.addresses[0] = address;
  fake = &faked;
  start_lookup (&started, &address, &plan);
  on.bytes.as.integer = 0;
  plan.type = SOCK_DGRAM;
  close (gate[1]);
  wait_for (&started);
  fake = NULL;
  check_job_won (&started, &address);
  ck_assert_int_eq (job_race (started.job, &race), RACE_WON);
  ck_assert_int_eq (socket_int (race->fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
  ck_assert_int_ne (socket_int (race->fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  finish (&started);
  close (gate[0]);
  close (server);
}
END_TEST

/* A failing option is named by its place in the job's own copy.  */
START_TEST (test_job_failing_setting)
{
  struct started started;
  struct address address;
  struct race *race;
  struct setting settings[] = {
    { .option = option_find (":keepalive"), .bytes = int_bytes (1) },
    { .option = option_find (":broadcast"), .bytes = { .length = 1 } },
  };
  struct plan plan
    = { .type = SOCK_STREAM, .settings = settings, .settings_count = 2 };
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  start_query (&started, &no_query, one_address (&address), &plan);
  wait_for (&started);
  ck_assert_int_eq (job_race (started.job, &race), RACE_LOST);
  ck_assert_int_eq (race->failure.code, EINVAL);
  ck_assert_ptr_eq (race->failure.setting, &race->plan->settings[1]);
  finish (&started);
  close (server);
}
END_TEST

Suite *
job_suite (void)
{
  Suite *suite = suite_create ("job");
  TCase *jobs = add_case_after (suite, "jobs", hold_once);
  tcase_add_test (jobs, test_job_lookup);
  tcase_add_test (jobs, test_job_lookup_left);
  tcase_add_test (jobs, test_job_lookup_fails);
  tcase_add_test (jobs, test_job_system_code);
  tcase_add_test (jobs, test_job_name);
  tcase_add_test (jobs, test_job_no_name);
  tcase_add_test (jobs, test_job_lookup_time);
  tcase_add_test (jobs, test_job_no_lookup_time);
  tcase_add_test (jobs, test_job_waited_for);
  tcase_add_loop_test (jobs, test_job_connect, 0, SAMPLES);
  tcase_add_test (jobs, test_job_lookup_and_connect);
  tcase_add_test (jobs, test_job_second_address);
  tcase_add_test (jobs, test_job_socket_taken);
  tcase_add_test (jobs, test_job_refused);
  tcase_add_test (jobs, test_job_fails);
  tcase_add_test (jobs, test_job_copies_plan);
  tcase_add_test (jobs, test_job_failing_setting);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of a client's own address.  */

#include "option/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "plans.h"
#include "races.h"
#include "socket/local.h"
#include "suites.h"

/* 127.0.0.5, which is this host as well, with PORT.  */
static struct address
fifth (uint16_t port)
{
  static const uint8_t bytes[] = { 127, 0, 0, 5 };
  struct address address = dirty_address ();
  address_ipv4 (&address, bytes, port);
  return address;
}

/* For a client of SAMPLE at LOCAL.  */
static struct plan
plan_at (int sample, struct address local)
{
  struct plan plan = client_plan (sample);
  plan.local = local;
  return plan;
}

static void
check_failure (const struct failure *failure, enum local_stage stage, int code)
{
  ck_assert_int_eq (failure->local, stage);
  ck_assert_int_eq (failure->code, code);
  ck_assert_ptr_null (failure->setting);
}

/* Making a client of SAMPLE at LOCAL, for ADDRESS, fails with CODE, and the
   hint has WORDS.  */
static void
check_bind_fails (int sample, struct address local, struct address address,
                  int code, const char *words)
{
  struct plan plan = plan_at (sample, local);
  struct failure failure = fail_to_make (&plan, &address);
  check_failure (&failure, LOCAL_BIND, code);
  ck_assert_str_eq (failure.verb, "Cannot bind client socket");
  const char *hint = local_hint (&plan, &failure);
  ck_assert_ptr_nonnull (hint);
  ck_assert_msg (strstr (hint, words) != NULL, "%s", hint);
}

START_TEST (test_bound)
{
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  struct address local = sample_address (_i), bound;
  struct address remote = samples[_i].family == AF_UNIX
                            ? scratch_address ("remote")
                            : sample_address (_i);
  struct plan plan = plan_at (_i, local);
  int fd = make_socket (&plan, &remote);
  ck_assert (address_local_of (fd, &bound));
  if (samples[_i].family == AF_UNIX)
    ck_assert (address_equal (&bound, &local));
  else
    {
      size_t size = samples[_i].family == AF_INET ? 4 : 16;
      ck_assert_mem_eq (address_bytes (&bound), address_bytes (&local), size);
      ck_assert_uint_ne (address_port (&bound), 0);
    }
  close (fd);
}
END_TEST

START_TEST (test_none)
{
  struct address bound;
  struct plan plan = client_plan (SAMPLE_TCP4);
  struct address remote = sample_address (SAMPLE_TCP4);
  int fd = make_socket (&plan, &remote);
  ck_assert (address_local_of (fd, &bound));
  ck_assert_uint_eq (address_port (&bound), 0);
  close (fd);
}
END_TEST

START_TEST (test_seen_by_server)
{
  struct race race;
  struct address address, seen, local = fifth (0);
  struct plan plan = plan_at (SAMPLE_TCP4, local);
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  ck_assert_int_eq (run_race (&race, &plan, &address, 1), RACE_WON);
  int child = accept_one (server);
  ck_assert (address_remote_of (child, &seen));
  ck_assert_mem_eq (address_bytes (&seen), address_bytes (&local), 4);
  close (child);
  socket_close (&race.fd);
  close (server);
}
END_TEST

/* Addresses of another family take no part.  */
START_TEST (test_families)
{
  struct race race;
  struct address addresses[4];
  struct plan plan = plan_at (SAMPLE_TCP4, fifth (0));
  int server = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  addresses[0] = loopback (AF_INET6, 9);
  addresses[2] = loopback (AF_INET6, 9);
  addresses[3] = loopback (AF_INET6, 9);
  enum race_state state = run_race (&race, &plan, addresses, 4);
  ck_assert_uint_eq (race.attempts_count, 1);
  check_won (&race, state, 1);
  close (server);
}
END_TEST

/* The error of the one that does is what is told.  */
START_TEST (test_families_refused)
{
  struct race race;
  struct address addresses[2];
  struct plan plan = plan_at (SAMPLE_TCP4, fifth (0));
  int refusing = refuse_sample (SAMPLE_TCP4, &addresses[0]);
  addresses[1] = loopback (AF_INET6, 9);
  check_refused (&race, run_race (&race, &plan, addresses, 2), ECONNREFUSED);
  close (refusing);
}
END_TEST

START_TEST (test_no_family)
{
  struct race race;
  struct address addresses[2]
    = { loopback (AF_INET6, 9), loopback (AF_INET6, 9) };
  struct plan plan = plan_at (SAMPLE_TCP4, fifth (0));
  check_failed (&race, run_race (&race, &plan, addresses, 2), EAFNOSUPPORT);
  check_failure (&race.failure, LOCAL_FAMILY, EAFNOSUPPORT);
  ck_assert_uint_eq (race.attempts_count, 0);
  ck_assert_ptr_nonnull (local_hint (&plan, &race.failure));
  plan.type = SOCK_DGRAM;
  struct failure failure = fail_to_make (&plan, &addresses[0]);
  check_failure (&failure, LOCAL_FAMILY, EAFNOSUPPORT);
}
END_TEST

/* Options that count before a socket is bound are in force by then.  */
START_TEST (test_settings_first)
{
  struct setting share = setting (":reuseport", 1);
  struct address remote = sample_address (SAMPLE_UDP4);
  struct plan plan = plan_at (SAMPLE_UDP4, fifth (0));
  plan.settings = &share;
  plan.settings_count = 1;
  int first = make_socket (&plan, &remote);
  ck_assert (address_local_of (first, &plan.local));
  int second = make_socket (&plan, &remote);
  plan.settings_count = 0;
  struct failure failure = fail_to_make (&plan, &remote);
  check_failure (&failure, LOCAL_BIND, EADDRINUSE);
  close (first);
  close (second);
}
END_TEST

/* What fails, and what would do.  */

START_TEST (test_not_ours)
{
  static const uint8_t bytes[] = { 192, 0, 2, 1 };
  struct address local;
  address_ipv4 (&local, bytes, 0);
  check_bind_fails (SAMPLE_TCP4, local, sample_address (SAMPLE_TCP4),
                    EADDRNOTAVAIL, ":ip-freebind");
}
END_TEST

START_TEST (test_in_use)
{
  struct address local;
  int server = serve_sample (SAMPLE_TCP4, 1, &local);
  check_bind_fails (SAMPLE_TCP4, local, sample_address (SAMPLE_TCP4),
                    EADDRINUSE, ":reuseport");
  close (server);
}
END_TEST

START_TEST (test_link_local)
{
  static const uint8_t bytes[16] = { 0xfe, 0x80, [15] = 1 };
  struct address local;
  if (!sample_available (SAMPLE_TCP6))
    SKIP ("no IPv6");
  address_ipv6 (&local, bytes, 0);
  check_bind_fails (SAMPLE_TCP6, local, loopback (AF_INET6, 9), EINVAL,
                    ":bindtodevice");
}
END_TEST

START_TEST (test_file_in_use)
{
  struct address remote = scratch_address ("remote");
  struct address local = scratch_address ("local");
  int server = serve_at (scratch_path ("local"));
  check_bind_fails (SAMPLE_LOCAL_DATAGRAM, local, remote, EADDRINUSE,
                    "delete it");
  /* It is not ours to remove.  */
  ck_assert_int_eq (access (scratch_path ("local"), F_OK), 0);
  close (server);
  check_bind_fails (SAMPLE_LOCAL_DATAGRAM, scratch_address ("none/local"),
                    remote, ENOENT, "directory");
}
END_TEST

#ifdef SYSTEM_LINUX
START_TEST (test_name_in_use)
{
  struct address name;
  char bytes[40];
  int size = snprintf (bytes, sizeof bytes, "%csockopt-check-%ld", '\0',
                       (long) getpid ());
  ck_assert (address_local (&name, bytes, (size_t) size));
  struct plan plan = server_plan (SAMPLE_LOCAL_DATAGRAM);
  int server = make_socket (&plan, &name);
  check_bind_fails (SAMPLE_LOCAL_DATAGRAM, name, scratch_address ("remote"),
                    EADDRINUSE, "another socket has this name; \"\"");
  struct failure failure = fail_to_make (&plan, &name);
  ck_assert_str_eq (failure.hint, "another socket has this name");
  close (server);
}
END_TEST
#endif

/* Both ends and their ports are the same as another connection's.  */
START_TEST (test_connected_already)
{
  struct race first, second;
  struct address address;
  struct setting share = setting (":reuseaddr", 1);
  struct plan plan = plan_at (SAMPLE_TCP4, fifth (0));
  plan.settings = &share;
  plan.settings_count = 1;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  ck_assert_int_eq (run_race (&first, &plan, &address, 1), RACE_WON);
  ck_assert (address_local_of (first.fd, &plan.local));
  check_failed (&second, run_race (&second, &plan, &address, 1),
                EADDRNOTAVAIL);
  check_failure (&second.failure, LOCAL_CONNECT, EADDRNOTAVAIL);
  ck_assert_ptr_nonnull (local_hint (&plan, &second.failure));
  socket_close (&first.fd);
  close (server);
}
END_TEST

START_TEST (test_no_hint)
{
  struct plan plan = plan_at (SAMPLE_TCP4, fifth (0));
  struct failure failure = { .code = ENOMEM, .local = LOCAL_BIND };
  ck_assert_ptr_null (local_hint (&plan, &failure));
  failure.code = ENOENT;
  ck_assert_ptr_null (local_hint (&plan, &failure));
  failure.code = EINVAL;
  ck_assert_ptr_null (local_hint (&plan, &failure));
  failure = (struct failure){ .code = EADDRINUSE, .local = LOCAL_CONNECT };
  ck_assert_ptr_null (local_hint (&plan, &failure));
}
END_TEST

/* Without an address of its own, connecting fails as it always did, though
   with the same code: the only port that it may have is taken.  */
START_TEST (test_not_about_it)
{
  struct race first, second;
  struct address address, local;
  struct plan plan = stream_plan;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  ck_assert_int_eq (run_race (&first, &plan, &address, 1), RACE_WON);
  ck_assert (address_local_of (first.fd, &local));
  int port = address_port (&local);
  struct setting range
    = setting (":ip-local-port-range", (int) ((unsigned) port << 16) | port);
  plan.settings = &range;
  plan.settings_count = 1;
  enum race_state state = run_race (&second, &plan, &address, 1);
  check_failed (&second, state,
                second.failure.setting ? ENOPROTOOPT : EADDRNOTAVAIL);
  ck_assert_int_eq (second.failure.local, LOCAL_NONE);
  if (second.failure.setting)
    printf ("SKIP: this kernel has no IP_LOCAL_PORT_RANGE\n");
  socket_close (&first.fd);
  close (server);
}
END_TEST

/* Files.  */

START_TEST (test_file_goes)
{
  struct race race;
  struct address address = scratch_address ("none");
  struct plan plan = plan_at (SAMPLE_LOCAL_STREAM, scratch_address ("local"));
  check_failed (&race, run_race (&race, &plan, &address, 1), ENOENT);
  ck_assert_int_eq (access (scratch_path ("local"), F_OK), -1);
}
END_TEST

/* A winner that nobody takes.  */
START_TEST (test_file_of_abandoned)
{
  struct race race;
  struct address address;
  struct plan plan = plan_at (SAMPLE_LOCAL_STREAM, scratch_address ("local"));
  int server = serve_sample (SAMPLE_LOCAL_STREAM, 1, &address);
  ck_assert_int_eq (run_race (&race, &plan, &address, 1), RACE_WON);
  ck_assert_int_eq (access (scratch_path ("local"), F_OK), 0);
  race_abandon (&race);
  ck_assert_int_eq (access (scratch_path ("local"), F_OK), -1);
  close (server);
}
END_TEST

/* Discarding leaves errno alone, and takes any descriptor.  */
START_TEST (test_discard)
{
  int none = -1;
  struct address local = local_address ("\0sockopt-check-local", 20), bound;
  struct plan plan = plan_at (SAMPLE_LOCAL_DATAGRAM, local);
  struct address remote = scratch_address ("remote");
  int fd = make_socket (&plan, &remote);
  ck_assert (address_local_of (fd, &bound));
  ck_assert (address_equal (&bound, &local));
  errno = EDOM;
  socket_discard (&fd);
  ck_assert_int_eq (errno, EDOM);
  ck_assert_int_eq (fd, -1);
  socket_discard (&none);
  int unbound = sample_socket (SAMPLE_LOCAL_STREAM);
  socket_discard (&unbound);
  ck_assert_int_eq (unbound, -1);
}
END_TEST

Suite *
local_suite (void)
{
  Suite *suite = suite_create ("local");
  TCase *bound = add_case (suite, "bound");
  tcase_add_loop_test (bound, test_bound, 0, SAMPLES);
  tcase_add_test (bound, test_none);
  tcase_add_test (bound, test_seen_by_server);
  tcase_add_test (bound, test_families);
  tcase_add_test (bound, test_families_refused);
  tcase_add_test (bound, test_no_family);
  tcase_add_test (bound, test_settings_first);
  TCase *errors = add_case (suite, "errors");
  tcase_add_test (errors, test_not_ours);
  tcase_add_test (errors, test_in_use);
  tcase_add_test (errors, test_link_local);
  tcase_add_test (errors, test_file_in_use);
#ifdef SYSTEM_LINUX
  tcase_add_test (errors, test_name_in_use);
#endif
  tcase_add_test (errors, test_connected_already);
  tcase_add_test (errors, test_no_hint);
  tcase_add_test (errors, test_not_about_it);
  TCase *files = add_case (suite, "files");
  tcase_add_test (files, test_file_goes);
  tcase_add_test (files, test_file_of_abandoned);
  tcase_add_test (files, test_discard);
  return suite;
}

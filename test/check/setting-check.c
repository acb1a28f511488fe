/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the options with which a socket is made.  */

#include "option/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "plans.h"
#include "suites.h"

static const struct option port_row = { .keyword = ":reuseport",
                                        .level = SOL_SOCKET,
                                        .number = SO_REUSEPORT,
                                        .kind = &kind_boolean,
                                        .access = ACCESS_BOTH,
                                        .classes = CLASSES_ALL,
                                        .phase = PHASE_BEFORE_BIND };

/* Inet servers have it by default; clients and local sockets do not.  */
START_TEST (test_reuseaddr)
{
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int server = make_server (_i);
  int client = make_client (_i);
  ck_assert_int_eq (socket_int (server, SOL_SOCKET, SO_REUSEADDR) != 0,
                    samples[_i].family != AF_UNIX);
  ck_assert_int_eq (socket_int (client, SOL_SOCKET, SO_REUSEADDR), 0);
  close (server);
  close (client);
}
END_TEST

START_TEST (test_reuseaddr_off)
{
  struct setting settings[]
    = { setting (":keepalive", 1), setting (":reuseaddr", 0) };
  struct plan plan = server_plan (SAMPLE_TCP4);
  struct address address = sample_address (SAMPLE_TCP4);
  plan.settings = settings;
  plan.settings_count = 2;
  int fd = make_socket (&plan, &address);
  ck_assert_int_eq (socket_int (fd, SOL_SOCKET, SO_REUSEADDR), 0);
  ck_assert_int_ne (socket_int (fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  close (fd);
}
END_TEST

/* An option of another level with the number of SO_REUSEADDR is another
   option.  */
START_TEST (test_reuseaddr_by_level)
{
  struct option row = tcp_row;
  row.number = SO_REUSEADDR;
  struct setting other = setting_of (&row, 1000);
  struct plan plan = server_plan (SAMPLE_TCP4);
  struct address address = sample_address (SAMPLE_TCP4);
  plan.settings = &other;
  plan.settings_count = 1;
  int fd = make_socket (&plan, &address);
  ck_assert_int_ne (socket_int (fd, SOL_SOCKET, SO_REUSEADDR), 0);
  close (fd);
}
END_TEST

START_TEST (test_reuseaddr_on_local)
{
  struct setting on = setting (":reuseaddr", 1);
  struct plan plan = server_plan (SAMPLE_LOCAL_STREAM);
  struct address address = sample_address (SAMPLE_LOCAL_STREAM);
  plan.settings = &on;
  plan.settings_count = 1;
  int fd = make_socket (&plan, &address);
  ck_assert_int_ne (socket_int (fd, SOL_SOCKET, SO_REUSEADDR), 0);
  close (fd);
}
END_TEST

/* Two can be bound to one port only if both said so before.  */
START_TEST (test_settings_before_bind)
{
  struct setting on = setting_of (&port_row, 1);
  struct plan plan = server_plan (_i);
  struct address address = sample_address (_i);
  plan.settings = &on;
  plan.settings_count = 1;
  int first = make_socket (&plan, &address);
  ck_assert (address_local_of (first, &address));
  int second = make_socket (&plan, &address);
  close (first);
  close (second);
}
END_TEST

/* Core skips the options of datagram clients.  */
START_TEST (test_settings_of_client)
{
  struct setting settings[]
    = { setting (":broadcast", 1), setting (":keepalive", 1) };
  struct plan plan = client_plan (_i);
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  struct address address = sample_address (_i);
  plan.settings = settings;
  plan.settings_count = 2;
  int fd = make_socket (&plan, &address);
  ck_assert_int_ne (socket_int (fd, SOL_SOCKET, SO_BROADCAST), 0);
  ck_assert_int_ne (socket_int (fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  close (fd);
}
END_TEST

/* The later of two settings wins.  */
START_TEST (test_settings_in_order)
{
  struct setting settings[]
    = { setting (":broadcast", 1), setting (":broadcast", 0) };
  struct plan plan = client_plan (SAMPLE_UDP4);
  struct address address = sample_address (SAMPLE_UDP4);
  plan.settings = settings;
  plan.settings_count = 2;
  int fd = make_socket (&plan, &address);
  ck_assert_int_eq (socket_int (fd, SOL_SOCKET, SO_BROADCAST), 0);
  close (fd);
}
END_TEST

/* The second of three settings fails, for a client and for a server.  */
START_TEST (test_failing_setting)
{
  struct setting settings[]
    = { setting (":keepalive", 1), setting_of (&tcp_row, 1),
        setting (":broadcast", 1) };
  struct plan plan = client_plan (SAMPLE_LOCAL_STREAM);
  struct address address = sample_address (SAMPLE_LOCAL_STREAM);
  plan.server = _i;
  plan.settings = settings;
  plan.settings_count = 3;
  struct failure failure = fail_to_make (&plan, &address);
  ck_assert_ptr_eq (failure.setting, &settings[1]);
  ck_assert_int_eq (failure.code, ENOPROTOOPT);
  ck_assert_str_eq (failure.verb, "Cannot set network option");
  ck_assert_int_lt (access (scratch_path ("s0"), F_OK), 0);
}
END_TEST

/* What may fail does not keep a socket from being made, but is noted.  */
START_TEST (test_setting_may_fail)
{
  struct setting settings[]
    = { setting (":keepalive", 1), setting_of (&tcp_row, 1),
        setting (":broadcast", 1) };
  struct plan plan = client_plan (SAMPLE_LOCAL_STREAM);
  struct address address = sample_address (SAMPLE_LOCAL_STREAM);
  settings[0].code = -1;
  settings[1].optional = true;
  plan.server = _i;
  plan.backlog = 1;
  plan.settings = settings;
  plan.settings_count = 3;
  int fd = make_socket (&plan, &address);
  ck_assert_int_eq (settings[0].code, 0);
  ck_assert_int_eq (settings[1].code, ENOPROTOOPT);
  ck_assert_int_ne (socket_int (fd, SOL_SOCKET, SO_BROADCAST), 0);
  close (fd);
}
END_TEST

/* A copy lives on its own, however long its bytes are.  */
START_TEST (test_settings_copy)
{
  struct setting settings[2] = { setting (":keepalive", 1) };
  char *data = bytes_reserve (&settings[1].bytes, 5000);
  ck_assert_ptr_nonnull (data);
  memset (data, 'x', 5000);
  settings[1].option = &tcp_row;
  settings[1].optional = true;
  struct setting *copy = settings_copy (settings, 2);
  memset (data, 'y', 5000);
  bytes_free (&settings[1].bytes);
  ck_assert_ptr_eq (copy[0].option, settings[0].option);
  ck_assert_int_eq (copy[0].bytes.as.integer, 1);
  ck_assert (!copy[0].optional);
  ck_assert_ptr_eq (copy[1].option, &tcp_row);
  ck_assert (copy[1].optional);
  ck_assert_uint_eq (copy[1].bytes.length, 5000);
  data = copy[1].bytes.allocated;
  ck_assert_int_eq (data[0], 'x');
  ck_assert_int_eq (data[4999], 'x');
  settings_free (copy, 2);
}
END_TEST

/* What takes a connection waits for it, unless it is for a listener, from
   which connections inherit it.  */
START_TEST (test_setting_after_connect)
{
  struct option row = tcp_row;
  row.phase = PHASE_AFTER_CONNECT;
  struct setting on = setting_of (&row, 1);
  struct plan plan = client_plan (SAMPLE_TCP4);
  struct address address = sample_address (SAMPLE_TCP4);
  struct failure failure;
  plan.settings = &on;
  plan.settings_count = 1;
  int fd = make_socket (&plan, &address);
  ck_assert_int_eq (socket_int (fd, IPPROTO_TCP, TCP_NODELAY), 0);
  ck_assert (socket_connected (&plan, &address, fd, &failure));
  ck_assert_int_ne (socket_int (fd, IPPROTO_TCP, TCP_NODELAY), 0);
  close (fd);
  plan.server = true;
  fd = make_socket (&plan, &address);
  ck_assert_int_ne (socket_int (fd, IPPROTO_TCP, TCP_NODELAY), 0);
  close (fd);
}
END_TEST

START_TEST (test_setting_after_connect_fails)
{
  struct option row = tcp_row;
  row.phase = PHASE_AFTER_CONNECT;
  struct setting on = setting_of (&row, 1);
  struct plan plan = client_plan (SAMPLE_LOCAL_STREAM);
  struct address address = sample_address (SAMPLE_LOCAL_STREAM);
  struct failure failure = { .code = 0 };
  plan.settings = &on;
  plan.settings_count = 1;
  int fd = make_socket (&plan, &address);
  ck_assert (!socket_connected (&plan, &address, fd, &failure));
  ck_assert_int_eq (failure.code, ENOPROTOOPT);
  ck_assert_ptr_eq (failure.setting, &on);
  close (fd);
}
END_TEST

Suite *
setting_suite (void)
{
  Suite *suite = suite_create ("setting");
  TCase *made = add_case (suite, "make");
  tcase_add_loop_test (made, test_reuseaddr, 0, SAMPLES);
  tcase_add_test (made, test_reuseaddr_off);
  tcase_add_test (made, test_reuseaddr_by_level);
  tcase_add_test (made, test_reuseaddr_on_local);
  tcase_add_loop_test (made, test_settings_before_bind, SAMPLE_TCP4,
                       SAMPLE_TCP4 + 1);
  tcase_add_loop_test (made, test_settings_before_bind, SAMPLE_UDP4,
                       SAMPLE_UDP4 + 1);
  tcase_add_loop_test (made, test_settings_of_client, 0, SAMPLES);
  tcase_add_test (made, test_settings_in_order);
  tcase_add_loop_test (made, test_failing_setting, 0, 2);
  tcase_add_loop_test (made, test_setting_may_fail, 0, 2);
  tcase_add_test (made, test_settings_copy);
  tcase_add_test (made, test_setting_after_connect);
  tcase_add_test (made, test_setting_after_connect_fails);
  return suite;
}

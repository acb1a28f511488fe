/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of sockets: made, bound, connected, closed.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "plans.h"
#include "suites.h"

/* Making sockets.  Tests with _i take a socket like that sample.  */

START_TEST (test_client)
{
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = make_client (_i);
  ck_assert_int_eq (socket_int (fd, SOL_SOCKET, SO_TYPE), samples[_i].type);
  ck_assert (address_local_of (fd, &address));
  ck_assert_int_eq (address_family (&address), samples[_i].family);
  ck_assert (!address_named (&address));
  ck_assert (!address_remote_of (fd, &address));
  close (fd);
}
END_TEST

START_TEST (test_server)
{
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = make_server (_i);
  ck_assert_int_eq (socket_int (fd, SOL_SOCKET, SO_TYPE), samples[_i].type);
  ck_assert_int_eq (socket_int (fd, SOL_SOCKET, SO_ACCEPTCONN),
                    samples[_i].type != SOCK_DGRAM);
  ck_assert (address_local_of (fd, &address));
  ck_assert (address_named (&address));
  close (fd);
}
END_TEST

START_TEST (test_descriptor_flags)
{
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fds[] = { make_client (_i), make_server (_i) };
  for (int i = 0; i < 2; i++)
    {
      ck_assert_int_ne (fcntl (fds[i], F_GETFL) & O_NONBLOCK, 0);
      ck_assert_int_ne (fcntl (fds[i], F_GETFD) & FD_CLOEXEC, 0);
      close (fds[i]);
    }
}
END_TEST

START_TEST (test_protocol)
{
  struct plan plan = client_plan (SAMPLE_TCP4);
  struct address address = sample_address (SAMPLE_TCP4);
  plan.protocol = IPPROTO_UDP;
  struct failure failure = fail_to_make (&plan, &address);
  ck_assert_int_eq (failure.code, EPROTONOSUPPORT);
  ck_assert_ptr_null (failure.setting);
  plan.protocol = IPPROTO_TCP;
  close (make_socket (&plan, &address));
}
END_TEST

START_TEST (test_no_such_family)
{
  struct plan plan = client_plan (SAMPLE_TCP4);
  struct address address;
  ck_assert (address_raw (&address, 255, (const uint8_t *) "", 0));
  struct failure failure = fail_to_make (&plan, &address);
  ck_assert_int_eq (failure.code, EAFNOSUPPORT);
  ck_assert_str_eq (failure.verb, "Cannot make socket");
  ck_assert_ptr_null (failure.setting);
}
END_TEST

START_TEST (test_no_such_type)
{
  struct plan plan = { .type = SOCK_SEQPACKET };
  struct address address = sample_address (SAMPLE_TCP4);
  struct failure failure = fail_to_make (&plan, &address);
  ck_assert_str_eq (failure.verb, "Cannot make socket");
  ck_assert_int_ne (failure.code, 0);
}
END_TEST

START_TEST (test_address_in_use)
{
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  struct plan plan = server_plan (_i);
  struct setting off = setting (":reuseaddr", 0);
  plan.settings = &off;
  plan.settings_count = 1;
  int fd = serve_sample (_i, 1, &address);
  struct failure failure = fail_to_make (&plan, &address);
  ck_assert_int_eq (failure.code, EADDRINUSE);
  ck_assert_str_eq (failure.verb, "Cannot bind server socket");
  ck_assert_ptr_null (failure.setting);
  const char *hint = failure.hint;
  if (samples[_i].family == AF_UNIX)
    ck_assert_ptr_nonnull (strstr (hint, "delete it"));
  else if (samples[_i].family == AF_INET || samples[_i].family == AF_INET6)
    ck_assert_ptr_nonnull (strstr (hint, ":service t"));
  else
    ck_assert_ptr_null (hint);
  close (fd);
}
END_TEST

/* Making a client does not connect it.  */
START_TEST (test_client_ignores_address)
{
  struct address address;
  struct plan plan = client_plan (SAMPLE_LOCAL_STREAM);
  int server = serve_sample (SAMPLE_LOCAL_STREAM, 1, &address);
  int client = make_socket (&plan, &address);
  ck_assert_int_eq (poll_events (server, POLLIN, 20), 0);
  close (client);
  close (server);
}
END_TEST

START_TEST (test_bind_fails)
{
  struct plan plan = server_plan (SAMPLE_LOCAL_STREAM);
  struct address address = scratch_address ("no-such-directory/s");
  struct failure failure = fail_to_make (&plan, &address);
  ck_assert_int_eq (failure.code, ENOENT);
  ck_assert_str_eq (failure.verb, "Cannot bind server socket");
}
END_TEST

/* A queue of length N holds N + 1 connections.  */
START_TEST (test_backlog)
{
  struct plan plan = server_plan (SAMPLE_LOCAL_STREAM);
  struct address address = sample_address (SAMPLE_LOCAL_STREAM);
  int clients[5];
  plan.backlog = _i;
  int server = make_socket (&plan, &address);
  for (int i = 0; i < _i + 2; i++)
    {
      clients[i] = make_client (SAMPLE_LOCAL_STREAM);
      ck_assert_int_eq (socket_connect (clients[i], &address),
                        i <= _i ? 0 : EAGAIN);
    }
  for (int i = 0; i < _i + 2; i++)
    close (clients[i]);
  close (server);
}
END_TEST

/* Connecting.  */

START_TEST (test_connect)
{
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int server = serve_sample (_i, 1, &address);
  int client = make_client (_i);
  int code = socket_connect (client, &address);
  ck_assert_int_eq (code,
                    _i == SAMPLE_TCP4 || _i == SAMPLE_TCP6 ? EINPROGRESS : 0);
  ck_assert_int_eq (poll_events (client, POLLOUT, 1000), POLLOUT);
  ck_assert_int_eq (socket_error (client), 0);
  ck_assert (address_remote_of (client, &address));
  close (client);
  close (server);
}
END_TEST

START_TEST (test_connect_to_no_path)
{
  struct address address = sample_address (_i);
  int fd = make_client (_i);
  ck_assert_int_eq (socket_connect (fd, &address), ENOENT);
  close (fd);
}
END_TEST

START_TEST (test_connect_refused)
{
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int refusing = refuse_sample (_i, &address);
  int fd = make_client (_i);
  ck_assert_int_eq (socket_connect (fd, &address), EINPROGRESS);
  ck_assert_int_ne (poll_events (fd, POLLOUT, 1000) & POLLERR, 0);
  ck_assert_int_eq (socket_error (fd), ECONNREFUSED);
  ck_assert_int_eq (socket_error (fd), 0);
  close (fd);
  close (refusing);
}
END_TEST

START_TEST (test_connect_to_full_queue)
{
  struct mute mute;
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  int fd = make_client (SAMPLE_LOCAL_STREAM);
  ck_assert_int_eq (socket_connect (fd, &mute.address), EAGAIN);
  close (fd);
  mute_close (&mute);
}
END_TEST

START_TEST (test_connect_bad_descriptor)
{
  struct address address = loopback (AF_INET, 9);
  ck_assert_int_eq (socket_connect (-1, &address), EBADF);
  ck_assert_int_eq (socket_error (-1), EBADF);
}
END_TEST

START_TEST (test_close)
{
  int fd = sample_socket (SAMPLE_UDP4);
  int copy = fd;
  errno = ENOTTY;
  socket_close (&fd);
  ck_assert_int_eq (errno, ENOTTY);
  socket_close (&fd);
  ck_assert_int_eq (errno, ENOTTY);
  ck_assert_int_eq (fd, -1);
  ck_assert (!is_open (copy));
  fd = copy;
  errno = ENOTTY;
  socket_close (&fd);
  ck_assert_int_eq (errno, ENOTTY);
}
END_TEST

/* Identity.  */

/* Put the identity of socket FD into *IDENTITY.  One that is not connected
   may have none, but not on Linux.  */
static bool
identify (int fd, uint64_t *identity)
{
  bool found = socket_identity (fd, identity);
#ifdef SYSTEM_LINUX
  ck_assert (found);
#endif
  return found;
}

START_TEST (test_identity_differs)
{
  uint64_t identities[SAMPLES];
  int fds[SAMPLES];
  int count = 0;
  for (int i = 0; i < SAMPLES; i++)
    if (sample_available (i))
      {
        fds[count] = sample_socket (i);
        if (identify (fds[count], &identities[count]))
          count++;
        else
          close (fds[count]);
      }
  for (int i = 0; i < count; i++)
    for (int j = 0; j < i; j++)
      ck_assert_uint_ne (identities[i], identities[j]);
  for (int i = 0; i < count; i++)
    close (fds[i]);
}
END_TEST

START_TEST (test_identity_stays)
{
  uint64_t first, second, third;
  int fd = sample_socket (_i);
  int copy = dup (fd);
  bool found = identify (fd, &first);
  if (!found)
    {
      close (fd);
      close (copy);
      SKIP ("no identity before a socket is connected");
    }
  ck_assert (socket_identity (fd, &second));
  ck_assert (socket_identity (copy, &third));
  ck_assert_uint_eq (first, second);
  ck_assert_uint_eq (first, third);
  close (fd);
  close (copy);
}
END_TEST

/* Another socket on the same descriptor is another socket.  */
START_TEST (test_identity_of_descriptor)
{
  uint64_t first, second;
  int fd = sample_socket (SAMPLE_TCP4);
  bool found = identify (fd, &first);
  close (fd);
  int again = sample_socket (SAMPLE_TCP4);
  ck_assert_int_eq (fd, again);
  ck_assert (identify (again, &second) == found);
  close (again);
  if (!found)
    SKIP ("no identity before a socket is connected");
  ck_assert_uint_ne (first, second);
}
END_TEST

/* Connections to one server differ, and each stays what it is.  */
START_TEST (test_identity_of_connections)
{
  struct address address;
  uint64_t first, second, again;
  int server = serve_sample (_i, 5, &address);
  int fds[2] = { sample_socket (_i), sample_socket (_i) };
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq (connect_to (fds[i], &address), 0);
  ck_assert (socket_identity (fds[0], &first));
  ck_assert (socket_identity (fds[1], &second));
  ck_assert (socket_identity (fds[0], &again));
  ck_assert_uint_eq (first, again);
  ck_assert_uint_ne (first, second);
  int peer = accept_one (server);
  ck_assert (socket_identity (peer, &again));
  ck_assert_uint_ne (again, first);
  ck_assert_uint_ne (again, second);
  close (peer);
  close (fds[0]);
  close (fds[1]);
  close (server);
}
END_TEST

START_TEST (test_identity_of_none)
{
  uint64_t identity;
  int ends[2];
  int fd = sample_socket (SAMPLE_TCP4);
  close (fd);
  ck_assert (!socket_identity (fd, &identity));
  ck_assert (!socket_identity (-1, &identity));
  ck_assert_int_eq (pipe (ends), 0);
  ck_assert (!socket_identity (ends[0], &identity));
  close (ends[0]);
  close (ends[1]);
}
END_TEST

Suite *
socket_suite (void)
{
  Suite *suite = suite_create ("socket");
  TCase *made = add_case (suite, "make");
  tcase_add_loop_test (made, test_client, 0, SAMPLES);
  tcase_add_loop_test (made, test_server, 0, SAMPLES);
  tcase_add_loop_test (made, test_descriptor_flags, 0, SAMPLES);
  tcase_add_test (made, test_protocol);
  tcase_add_test (made, test_no_such_family);
  tcase_add_test (made, test_no_such_type);
  tcase_add_loop_test (made, test_address_in_use, 0, SAMPLES);
  tcase_add_test (made, test_client_ignores_address);
  tcase_add_test (made, test_bind_fails);
  tcase_add_loop_test (made, test_backlog, 0, 4);
  TCase *connect = add_case (suite, "connect");
  tcase_add_loop_test (connect, test_connect, 0, SAMPLES);
  tcase_add_loop_test (connect, test_connect_to_no_path, SAMPLE_LOCAL_STREAM,
                       SAMPLES);
  tcase_add_loop_test (connect, test_connect_refused, SAMPLE_TCP4,
                       SAMPLE_UDP4);
  tcase_add_test (connect, test_connect_to_full_queue);
  tcase_add_test (connect, test_connect_bad_descriptor);
  tcase_add_test (connect, test_close);
  TCase *identity = add_case (suite, "identity");
  tcase_add_test (identity, test_identity_differs);
  tcase_add_loop_test (identity, test_identity_stays, 0, SAMPLES);
  tcase_add_test (identity, test_identity_of_descriptor);
  tcase_add_loop_test (identity, test_identity_of_connections, SAMPLE_TCP4,
                       SAMPLE_TCP6 + 1);
  tcase_add_test (identity, test_identity_of_none);
  return suite;
}

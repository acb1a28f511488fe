/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of sockets: made, bound, connected, closed.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "socket/socket.h"
#include "suites.h"
#include "values.h"

/* Rows that are not in the table, or not like this.  */
static const struct option tcp_row = { .keyword = ":tcp-nodelay",
                                       .level = IPPROTO_TCP,
                                       .number = TCP_NODELAY,
                                       .kind = &kind_boolean,
                                       .access = ACCESS_BOTH,
                                       .classes = CLASSES_ALL };
static const struct option port_row = { .keyword = ":reuseport",
                                        .level = SOL_SOCKET,
                                        .number = SO_REUSEPORT,
                                        .kind = &kind_boolean,
                                        .access = ACCESS_BOTH,
                                        .classes = CLASSES_ALL,
                                        .phase = PHASE_BEFORE_BIND };
static const struct option buffer_row = { .keyword = ":rcvbuf",
                                          .level = SOL_SOCKET,
                                          .number = SO_RCVBUF,
                                          .kind = &kind_integer,
                                          .access = ACCESS_BOTH,
                                          .classes = CLASSES_ALL };

static struct setting
setting_of (const struct option *option, int value)
{
  return (struct setting){ .option = option, .bytes = int_bytes (value) };
}

static struct setting
setting (const char *keyword, int value)
{
  return setting_of (option_find (keyword), value);
}

static struct plan
client_plan (int sample)
{
  return (struct plan){ .type = samples[sample].type };
}

static struct plan
server_plan (int sample)
{
  return (
    struct plan){ .type = samples[sample].type, .server = true, .backlog = 5 };
}

/* What must be made by PLAN for ADDRESS.  */
static int
make (const struct plan *plan, const struct address *address)
{
  struct failure failure = { .verb = "nothing" };
  int fd = socket_make (plan, address, &failure);
  ck_assert_msg (fd >= 0, "%s: %d", failure.verb, failure.code);
  return fd;
}

static int
make_client (int sample)
{
  struct plan plan = client_plan (sample);
  struct address address = sample_address (sample);
  return make (&plan, &address);
}

static int
make_server (int sample)
{
  struct plan plan = server_plan (sample);
  struct address address = sample_address (sample);
  return make (&plan, &address);
}

/* How making a socket by PLAN for ADDRESS fails.  */
static struct failure
fail_to_make (const struct plan *plan, const struct address *address)
{
  struct failure failure;
  memset (&failure, 0xaa, sizeof failure);
  ck_assert_int_eq (socket_make (plan, address, &failure), -1);
  ck_assert_ptr_nonnull (failure.verb);
  return failure;
}

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
  close (make (&plan, &address));
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
  int fd = make (&plan, &address);
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
  int fd = make (&plan, &address);
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
  int fd = make (&plan, &address);
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
  int first = make (&plan, &address);
  ck_assert (address_local_of (first, &address));
  int second = make (&plan, &address);
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
  int fd = make (&plan, &address);
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
  int fd = make (&plan, &address);
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
  int fd = make (&plan, &address);
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
  int fd = make (&plan, &address);
  ck_assert_int_eq (socket_int (fd, IPPROTO_TCP, TCP_NODELAY), 0);
  ck_assert (socket_connected (&plan, &address, fd, &failure));
  ck_assert_int_ne (socket_int (fd, IPPROTO_TCP, TCP_NODELAY), 0);
  close (fd);
  plan.server = true;
  fd = make (&plan, &address);
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
  int fd = make (&plan, &address);
  ck_assert (!socket_connected (&plan, &address, fd, &failure));
  ck_assert_int_eq (failure.code, ENOPROTOOPT);
  ck_assert_ptr_eq (failure.setting, &on);
  close (fd);
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
  close (fd);
}
END_TEST

/* Making a client does not connect it.  */
START_TEST (test_client_ignores_address)
{
  struct address address;
  struct plan plan = client_plan (SAMPLE_LOCAL_STREAM);
  int server = serve_sample (SAMPLE_LOCAL_STREAM, 1, &address);
  int client = make (&plan, &address);
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
  int server = make (&plan, &address);
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
}
END_TEST

/* Too late.  */

/* Whether it is too late on FD for an option with PHASE.  */
static bool
too_late (int fd, enum phase phase)
{
  struct option row = tcp_row;
  row.phase = phase;
  return socket_too_late (fd, &row);
}

static void
check_too_late (int fd, bool bind, bool connect)
{
  ck_assert (!too_late (fd, PHASE_ANY));
  ck_assert (too_late (fd, PHASE_BEFORE_BIND) == bind);
  ck_assert (too_late (fd, PHASE_BEFORE_CONNECT) == connect);
  ck_assert (too_late (fd, PHASE_LISTENING) == connect);
  ck_assert (!too_late (fd, PHASE_AFTER_CONNECT));
}

START_TEST (test_too_late_fresh)
{
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = make_client (_i);
  check_too_late (fd, false, false);
  close (fd);
}
END_TEST

START_TEST (test_too_late_bound)
{
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = make_server (_i);
  check_too_late (fd, true, false);
  close (fd);
}
END_TEST

START_TEST (test_too_late_connected)
{
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int server = serve_sample (_i, 1, &address);
  int client = make_client (_i);
  connect_fully (client, &address);
  check_too_late (client, true, true);
  close (client);
  close (server);
}
END_TEST

START_TEST (test_too_late_accepted)
{
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int server = serve_sample (_i, 1, &address);
  int client = make_client (_i);
  connect_fully (client, &address);
  int child = accept_one (server);
  check_too_late (child, true, true);
  close (child);
  close (client);
  close (server);
}
END_TEST

START_TEST (test_too_late_pair)
{
  int pair[2];
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
  check_too_late (pair[0], true, true);
  close (pair[0]);
  close (pair[1]);
}
END_TEST

/* connect has been called, though nobody has answered: the first packet
   is out, with all that the options have to do with it.  */
START_TEST (test_too_late_connecting)
{
  struct mute mute;
  mute_open (&mute, SAMPLE_TCP4);
  int fd = make_client (SAMPLE_TCP4);
  ck_assert_int_eq (socket_connect (fd, &mute.address), EINPROGRESS);
  ck_assert_int_eq (poll_events (fd, POLLOUT, 50), 0);
  ck_assert (too_late (fd, PHASE_BEFORE_BIND));
  ck_assert (too_late (fd, PHASE_BEFORE_CONNECT));
  close (fd);
  mute_close (&mute);
}
END_TEST

/* Identity.  */

START_TEST (test_identity_differs)
{
  uint64_t identities[SAMPLES];
  int fds[SAMPLES];
  int count = 0;
  for (int i = 0; i < SAMPLES; i++)
    if (sample_available (i))
      {
        fds[count] = sample_socket (i);
        ck_assert (socket_identity (fds[count], &identities[count]));
        count++;
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
  ck_assert (socket_identity (fd, &first));
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
  ck_assert (socket_identity (fd, &first));
  close (fd);
  int again = sample_socket (SAMPLE_TCP4);
  ck_assert_int_eq (fd, again);
  ck_assert (socket_identity (again, &second));
  ck_assert_uint_ne (first, second);
  close (again);
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

/* Lingering: what closing a connection does to what is queued.  */

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
  int server = make (&plan, &address);
  ck_assert (address_local_of (server, &address));
  linger.bytes = encode (linger.option, value);
  plan = client_plan (SAMPLE_TCP4);
  plan.settings = &linger;
  plan.settings_count = 1;
  *flow = (struct flow){ .writer = make (&plan, &address) };
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
  TCase *late = add_case (suite, "too late");
  tcase_add_loop_test (late, test_too_late_fresh, 0, SAMPLES);
  tcase_add_loop_test (late, test_too_late_bound, 0, SAMPLES);
  tcase_add_loop_test (late, test_too_late_connected, 0, SAMPLES);
  tcase_add_loop_test (late, test_too_late_accepted, SAMPLE_TCP4, SAMPLE_UDP4);
  tcase_add_loop_test (late, test_too_late_accepted, SAMPLE_LOCAL_STREAM,
                       SAMPLE_LOCAL_DATAGRAM);
  tcase_add_test (late, test_too_late_pair);
  tcase_add_test (late, test_too_late_connecting);
  TCase *identity = add_case (suite, "identity");
  tcase_add_test (identity, test_identity_differs);
  tcase_add_loop_test (identity, test_identity_stays, 0, SAMPLES);
  tcase_add_test (identity, test_identity_of_descriptor);
  tcase_add_test (identity, test_identity_of_none);
  TCase *linger = add_case (suite, "linger");
  tcase_add_test (linger, test_linger_t);
  tcase_add_test (linger, test_linger_nil);
  tcase_add_test (linger, test_linger_0);
  tcase_add_test (linger, test_linger_many_seconds);
  tcase_add_test (linger, test_linger_1);
  return suite;
}

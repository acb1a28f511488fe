/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the C tests have in common.  */

#include "option/config.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "option/constants.h"
#include "suites.h"
#include "values.h"

const struct plan stream_plan = { .type = SOCK_STREAM };

/* clang-format off */
const struct sample samples[ALL_SAMPLES] = {
  [SAMPLE_TCP4] = { "TCP over IPv4", AF_INET, SOCK_STREAM, 0, CLASS_TCP4 },
  [SAMPLE_TCP6] = { "TCP over IPv6", AF_INET6, SOCK_STREAM, 0, CLASS_TCP6 },
  [SAMPLE_UDP4] = { "UDP over IPv4", AF_INET, SOCK_DGRAM, 0, CLASS_UDP4 },
  [SAMPLE_UDP6] = { "UDP over IPv6", AF_INET6, SOCK_DGRAM, 0, CLASS_UDP6 },
  [SAMPLE_LOCAL_STREAM]
    = { "local stream", AF_UNIX, SOCK_STREAM, 0, CLASS_UNIX_STREAM },
  [SAMPLE_LOCAL_DATAGRAM]
    = { "local datagram", AF_UNIX, SOCK_DGRAM, 0, CLASS_UNIX_DATAGRAM },
  [SAMPLE_LOCAL_SEQPACKET]
    = { "local seqpacket", AF_UNIX, SOCK_SEQPACKET, 0, CLASS_UNIX_SEQPACKET },
#ifdef __linux__
  [SAMPLE_UDPLITE4] = { "UDP-Lite over IPv4", AF_INET, SOCK_DGRAM,
                        IPPROTO_UDPLITE, CLASS_UDPLITE4 },
  [SAMPLE_UDPLITE6] = { "UDP-Lite over IPv6", AF_INET6, SOCK_DGRAM,
                        IPPROTO_UDPLITE, CLASS_UDPLITE6 },
  /* A protocol that is nobody's: RFC 3692.  */
  [SAMPLE_RAW4] = { "raw IPv4", AF_INET, SOCK_RAW, 253, CLASS_RAW4 },
  [SAMPLE_RAW6] = { "raw IPv6", AF_INET6, SOCK_RAW, 253, CLASS_RAW6 },
  [SAMPLE_ICMP4]
    = { "raw ICMP", AF_INET, SOCK_RAW, IPPROTO_ICMP, CLASS_ICMP4 },
  [SAMPLE_ICMP6]
    = { "raw ICMPv6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, CLASS_ICMP6 },
  [SAMPLE_MPTCP4] = { "MPTCP over IPv4", AF_INET, SOCK_STREAM, IPPROTO_MPTCP,
                      CLASS_MPTCP4 },
  [SAMPLE_MPTCP6] = { "MPTCP over IPv6", AF_INET6, SOCK_STREAM, IPPROTO_MPTCP,
                      CLASS_MPTCP6 },
  [SAMPLE_VSOCK] = { "vsock", PF_VSOCK, SOCK_STREAM, 0, CLASS_VSOCK },
#endif
};
/* clang-format on */

bool
is_open (int fd)
{
  return fcntl (fd, F_GETFD) >= 0;
}

int
open_descriptors (void)
{
  int count = 0;
  for (int fd = 0; fd < DESCRIPTORS; fd++)
    count += is_open (fd);
  return count;
}

static int
not_hidden (const struct dirent *entry)
{
  return entry->d_name[0] != '.';
}

int
entries (const char *path)
{
  struct dirent **list;
  int count = scandir (path, &list, not_hidden, NULL);
  for (int i = 0; i < count; i++)
    free (list[i]);
  if (count >= 0)
    free (list);
  return count;
}

int
running_threads (void)
{
  return entries ("/proc/self/task");
}

static char scratch[32];

static void
remove_scratch (void)
{
  struct dirent **list;
  char path[512];
  if (!scratch[0])
    return;
  int count = scandir (scratch, &list, not_hidden, NULL);
  for (int i = 0; i < count; i++)
    {
      snprintf (path, sizeof path, "%s/%s", scratch, list[i]->d_name);
      unlink (path);
      free (list[i]);
    }
  if (count >= 0)
    free (list);
  /* A test that leaves a directory of its own in there fails.  */
  int code = rmdir (scratch) < 0 ? errno : 0;
  scratch[0] = '\0';
  ck_assert_int_eq (code, 0);
}

const char *
scratch_path (const char *name)
{
  static char path[512];
  if (!scratch[0])
    {
      strcpy (scratch, "/tmp/sockopt-check-XXXXXX");
      ck_assert_ptr_nonnull (mkdtemp (scratch));
    }
  int size = snprintf (path, sizeof path, "%s/%s", scratch, name);
  ck_assert_int_lt (size, (int) sizeof path);
  return path;
}

const char *
scratch_directory (void)
{
  static char directory[64];
  snprintf (directory, sizeof directory, "%s", scratch_path (""));
  return directory;
}

static int descriptors_before;
static int threads_before;

#ifdef __SANITIZE_THREAD__
static void *
do_nothing (void *data)
{
  return data;
}

/* Here the first thread starts another, for good.  That one which has been
   joined may still be seen for a moment.  */
static void
run_first_thread (void)
{
  pthread_t thread;
  ck_assert_int_eq (pthread_create (&thread, NULL, do_nothing, NULL), 0);
  ck_assert_int_eq (pthread_join (thread, NULL), 0);
  for (int i = 0; i < 200 && running_threads () > 2; i++)
    rest (5);
}
#else
static void
run_first_thread (void)
{
}
#endif

static void
count_before (void)
{
  run_first_thread ();
  descriptors_before = open_descriptors ();
  threads_before = running_threads ();
}

/* A thread that ends may need a moment.  */
static void
count_after (void)
{
  int64_t end = now () + 5000;
  while ((open_descriptors () != descriptors_before
          || running_threads () != threads_before)
         && now () < end)
    rest (5);
  ck_assert_msg (open_descriptors () == descriptors_before,
                 "%d descriptors were open before the test, %d are now",
                 descriptors_before, open_descriptors ());
  ck_assert_msg (running_threads () == threads_before,
                 "%d threads ran before the test, %d do now", threads_before,
                 running_threads ());
  values_free ();
  remove_scratch ();
}

void
leave_test (const char *keyword)
{
  const char *fork = getenv ("CK_FORK");
  printf ("SKIP: no %s on this system\n", keyword);
  fflush (stdout);
  /* What would leave the test would end all others, as if they passed.  */
  if (fork && strcmp (fork, "no") == 0)
    ck_abort_msg ("this test needs a process of its own to be skipped");
  remove_scratch ();
  _exit (EXIT_SUCCESS);
}

TCase *
add_case_after (Suite *suite, const char *name, SFun setup)
{
  TCase *tcase = tcase_create (name);
  if (setup)
    tcase_add_checked_fixture (tcase, setup, NULL);
  tcase_add_checked_fixture (tcase, count_before, count_after);
  tcase_set_timeout (tcase, 30);
  suite_add_tcase (suite, tcase);
  return tcase;
}

TCase *
add_case (Suite *suite, const char *name)
{
  return add_case_after (suite, name, NULL);
}

struct address
loopback (int family, uint16_t port)
{
  static const uint8_t ipv4[4] = { 127, 0, 0, 1 };
  struct address address;
  if (family == AF_INET)
    address_ipv4 (&address, ipv4, port);
  else
    address_ipv6 (&address, in6addr_loopback.s6_addr, port);
  return address;
}

struct address
dirty_address (void)
{
  struct address address;
  memset (&address, 0xaa, sizeof address);
  return address;
}

struct address
local_address (const char *name, size_t size)
{
  struct address address = dirty_address ();
  ck_assert (address_local (&address, name, size));
  return address;
}

void
check_path (const struct address *address, const char *expected, size_t size)
{
  size_t got;
  const char *path = address_path (address, &got);
  ck_assert_uint_eq (got, size);
  ck_assert_mem_eq (path, expected, size);
}

struct address
scratch_address (const char *name)
{
  const char *path = scratch_path (name);
  return local_address (path, strlen (path));
}

struct address
sample_address (int sample)
{
  static int count;
  char name[16];
  if (samples[sample].family != AF_UNIX)
    return loopback (samples[sample].family, 0);
  snprintf (name, sizeof name, "s%d", count++);
  return scratch_address (name);
}

static int
new_socket (int sample)
{
  return socket (samples[sample].family, samples[sample].type,
                 samples[sample].protocol);
}

int
sample_socket (int sample)
{
  int fd = new_socket (sample);
  ck_assert_int_ge (fd, 0);
  return fd;
}

int
bind_to (int fd, const struct address *address)
{
  return bind (fd, (const struct sockaddr *) &address->storage,
               address->length);
}

bool
sample_available (int sample)
{
  int fd = new_socket (sample);
  bool available = fd >= 0;
#ifndef SYSTEM_LINUX
  /* The class may not be told by the socket.  */
  available = available && socket_class (fd) == samples[sample].socket_class;
#endif
  if (available && samples[sample].family == AF_INET6)
    {
      struct address address = loopback (AF_INET6, 0);
      available = bind_to (fd, &address) == 0;
    }
  if (fd >= 0)
    close (fd);
  return available;
}

int
serve_sample (int sample, int backlog, struct address *address)
{
  int fd = sample_socket (sample);
  *address = sample_address (sample);
  ck_assert_int_eq (bind_to (fd, address), 0);
  if (samples[sample].type == SOCK_STREAM
      || samples[sample].type == SOCK_SEQPACKET)
    ck_assert_int_eq (listen (fd, backlog), 0);
  ck_assert (address_local_of (fd, address));
  return fd;
}

/* A socket that is bound but does not listen keeps its port to itself
   and refuses.  */
int
refuse_sample (int sample, struct address *address)
{
  int fd = sample_socket (sample);
  *address = sample_address (sample);
  ck_assert_int_eq (bind_to (fd, address), 0);
  ck_assert (address_local_of (fd, address));
  return fd;
}

int
connect_to (int fd, const struct address *address)
{
  return connect (fd, (const struct sockaddr *) &address->storage,
                  address->length);
}

/* A queue of length 0 holds one connection.  TCP then drops what else
   comes; local sockets say EAGAIN.  */
void
mute_open (struct mute *mute, int sample)
{
  mute->listener = serve_sample (sample, 0, &mute->address);
  for (int i = 0; i < 3; i++)
    {
      mute->clients[i] = sample_socket (sample);
      fcntl (mute->clients[i], F_SETFL, O_NONBLOCK);
      connect_to (mute->clients[i], &mute->address);
    }
}

void
mute_close (struct mute *mute)
{
  for (int i = 0; i < 3; i++)
    socket_close (&mute->clients[i]);
  socket_close (&mute->listener);
}

int
accept_one (int listener)
{
  return poll_events (listener, POLLIN, 1000) ? accept (listener, NULL, NULL)
                                              : -1;
}

void
connect_fully (int fd, const struct address *address)
{
  if (connect_to (fd, address) == 0)
    return;
  ck_assert_int_eq (errno, EINPROGRESS);
  ck_assert_int_eq (poll_events (fd, POLLOUT, 1000), POLLOUT);
}

int
poll_events (int fd, short events, int timeout)
{
  struct pollfd polled = { .fd = fd, .events = events };
  ck_assert_int_ge (poll (&polled, 1, timeout), 0);
  return polled.revents;
}

int
serve_at (const char *path)
{
  struct address address = local_address (path, strlen (path));
  int fd = sample_socket (SAMPLE_LOCAL_STREAM);
  ck_assert_int_eq (bind_to (fd, &address), 0);
  ck_assert_int_eq (listen (fd, 5), 0);
  return fd;
}

int
connect_at (const char *path)
{
  struct address address = local_address (path, strlen (path));
  int fd = sample_socket (SAMPLE_LOCAL_STREAM);
  ck_assert_int_eq (connect_to (fd, &address), 0);
  return fd;
}

bool
gets_packet (int fd, const char *expected)
{
  char buffer[64];
  if (poll_events (fd, POLLIN, 50) == 0)
    return false;
  ssize_t size = recv (fd, buffer, sizeof buffer, 0);
  ck_assert_int_eq (size, (int) strlen (expected));
  ck_assert_mem_eq (buffer, expected, strlen (expected));
  return true;
}

struct rlimit
limit_descriptors (int more)
{
  struct rlimit old;
  int next = sample_socket (SAMPLE_UDP4);
  close (next);
  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &old), 0);
  struct rlimit limit = old;
  limit.rlim_cur = (rlim_t) next + (rlim_t) more;
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
  return old;
}

int64_t
now (void)
{
  struct timespec time;
  clock_gettime (CLOCK_MONOTONIC, &time);
  return (int64_t) time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void
rest (int milliseconds)
{
  struct timespec time = { .tv_sec = milliseconds / 1000,
                           .tv_nsec = milliseconds % 1000 * 1000000L };
  nanosleep (&time, NULL);
}

int
socket_int (int fd, int level, int number)
{
  int value = -1;
  socklen_t length = sizeof value;
  ck_assert_int_eq (getsockopt (fd, level, number, &value, &length), 0);
  return value;
}

struct bytes
int_bytes (int value)
{
  return (struct bytes){ .length = sizeof value, .as.integer = value };
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of placeholders.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-calls.h"
#include "jobs.h"
#include "socket/placeholder.h"
#include "socket/socket.h"
#include "suites.h"

static void
check_no_listener (const char *parent, int code)
{
  const char *path;
  int before = open_descriptors ();
  ck_assert_int_eq (placeholder_path (parent, &path), code);
  ck_assert_int_eq (open_descriptors (), before);
}

START_TEST (test_no_listener)
{
  char parent[PATH_MAX];
  memset (parent, '/', sizeof parent);
  parent[sizeof parent - 1] = '\0';
  placeholder_drain ();
  check_no_listener ("/no-such-directory", ENOENT);
  check_no_listener ("/dev/null", ENOTDIR);
  check_no_listener (parent, ENAMETOOLONG);
}
END_TEST

static char scratch_parent[] = "/tmp/sockopt-check-XXXXXX";

static void
remove_parent (void)
{
  rmdir (scratch_parent);
}

/* The listener and its file are two descriptors, both closed on exec; on
   Linux no file has a name, elsewhere it goes when the process does.  */
START_TEST (test_listener)
{
  const char *path, *again;
  ck_assert_ptr_nonnull (mkdtemp (scratch_parent));
  atexit (remove_parent);
  bool was_open[DESCRIPTORS];
  for (int fd = 0; fd < DESCRIPTORS; fd++)
    was_open[fd] = is_open (fd);
  int before = open_descriptors ();
  ck_assert_int_eq (placeholder_path (scratch_parent, &path), 0);
  ck_assert_int_eq (open_descriptors (), before + 2);
  for (int fd = 0; fd < DESCRIPTORS; fd++)
    if (is_open (fd) && !was_open[fd])
      ck_assert_int_ne (fcntl (fd, F_GETFD) & FD_CLOEXEC, 0);
#ifdef SYSTEM_LINUX
  ck_assert_int_eq (entries (scratch_parent), 0);
#else
  ck_assert_int_eq (entries (scratch_parent), 1);
#endif
  ck_assert_int_eq (placeholder_path (scratch_parent, &again), 0);
  ck_assert_str_eq (path, again);
  ck_assert_int_eq (open_descriptors (), before + 2);
  int client = connect_at (path);
  placeholder_drain ();
  close (client);
}
END_TEST

/* For the other tests of the listener: it is there already.  */
static const char *listener;

static void
find_listener (void)
{
  ck_assert_int_eq (placeholder_path ("/tmp", &listener), 0);
}

/* Emacs checks the length of a path as core has it.  */
START_TEST (test_listener_path)
{
  ck_assert_uint_gt (strlen (listener), 0);
  ck_assert_uint_le (strlen (listener), LOCAL_PATH_MAX);
}
END_TEST

/* The descriptor of the server that CLIENT is connected to.  */
static int
server_of (int client)
{
  struct address peer, address;
  ck_assert (address_remote_of (client, &peer));
  for (int fd = 3; fd < DESCRIPTORS; fd++)
    if (fd != client && address_local_of (fd, &address)
        && address_equal (&address, &peer))
      return fd;
  ck_abort_msg ("no server");
}

START_TEST (test_listener_flags)
{
  int client = connect_at (listener);
  int server = server_of (client);
  ck_assert_int_ne (fcntl (server, F_GETFL) & O_NONBLOCK, 0);
  ck_assert_int_ne (fcntl (server, F_GETFD) & FD_CLOEXEC, 0);
  placeholder_drain ();
  close (client);
}
END_TEST

/* What is connected or bound elsewhere is no placeholder.  */
START_TEST (test_is_placeholder)
{
  struct place place, other;
  ck_assert_int_eq (place_make (&place, scratch_directory ()), 0);
  ck_assert_int_eq (place_make (&other, scratch_directory ()), 0);
  int ours = connect_at (listener);
  int server = serve_at (place.path);
  int elsewhere = serve_at (scratch_path ("s"));
  int client = connect_at (scratch_path ("s"));
  int fresh = sample_socket (SAMPLE_LOCAL_STREAM);
  ck_assert (placeholder_is_client (ours));
  ck_assert (!placeholder_is_client (client));
  ck_assert (!placeholder_is_client (server));
  ck_assert (!placeholder_is_client (fresh));
  ck_assert (placeholder_is_server (server, &place));
  ck_assert (!placeholder_is_server (server, &other));
  ck_assert (!placeholder_is_server (ours, &place));
  ck_assert (!placeholder_is_server (fresh, &place));
  close (ours);
  close (client);
  close (elsewhere);
  close (server);
  close (fresh);
  placeholder_drain ();
  place_remove (&place);
  place_remove (&other);
}
END_TEST

START_TEST (test_drain)
{
  int clients[10];
  char byte;
  for (int i = 0; i < 10; i++)
    clients[i] = connect_at (listener);
  for (int i = 0; i < 10; i++)
    ck_assert_int_eq (poll_events (clients[i], POLLIN, 0), 0);
  placeholder_drain ();
  for (int i = 0; i < 10; i++)
    {
      ck_assert_int_eq (recv (clients[i], &byte, 1, MSG_DONTWAIT), 0);
      close (clients[i]);
    }
}
END_TEST

/* The queue never fills.  */
START_TEST (test_drain_often)
{
  for (int i = 0; i < 10000; i++)
    {
      close (connect_at (listener));
      placeholder_spent ();
    }
}
END_TEST

/* What has connected is closed after some more, not at once.  */
START_TEST (test_spent)
{
  char byte;
  int count = 0;
  int client = connect_at (listener);
  while (recv (client, &byte, 1, MSG_DONTWAIT) != 0 && count < 1000)
    {
      placeholder_spent ();
      count++;
    }
  ck_assert_int_gt (count, 10);
  ck_assert_int_lt (count, 100);
  close (client);
}
END_TEST

START_TEST (test_drain_again)
{
  placeholder_drain ();
  placeholder_drain ();
  int client = connect_at (listener);
  placeholder_drain ();
  placeholder_drain ();
  close (client);
}
END_TEST

/* Clients that are gone before anyone has looked.  */
START_TEST (test_drain_closed)
{
  for (int i = 0; i < 10; i++)
    close (connect_at (listener));
  placeholder_drain ();
}
END_TEST

/* What holds a process that waits.  */

static int
open_hold (void)
{
  int fd = -1;
  ck_assert_int_eq (placeholder_hold (&fd), 0);
  return fd;
}

static void
check_held (int fd)
{
  ck_assert_int_eq (poll_events (fd, POLLIN | POLLOUT, 50), 0);
  ck_assert_int_ne (fcntl (fd, F_GETFL) & O_NONBLOCK, 0);
  ck_assert_int_ne (fcntl (fd, F_GETFD) & FD_CLOEXEC, 0);
}

START_TEST (test_hold)
{
  int first = open_hold ();
  int second = open_hold ();
  check_held (first);
  close (first);
  check_held (second);
  close (second);
}
END_TEST

/* Not even one byte.  */
START_TEST (test_hold_takes_nothing)
{
  int fd = open_hold ();
  char byte = 0;
  ck_assert_int_lt (send (fd, &byte, 1, MSG_NOSIGNAL), 0);
  ck_assert_int_eq (errno, EAGAIN);
  ck_assert_int_lt (recv (fd, &byte, 1, 0), 0);
  ck_assert_int_eq (errno, EAGAIN);
  close (fd);
}
END_TEST

/* What is on that socket is known, and what is on another.  */
START_TEST (test_holds)
{
  int fd = open_hold ();
  int other = sample_socket (SAMPLE_LOCAL_STREAM);
  ck_assert (placeholder_holds (fd));
  ck_assert (!placeholder_holds (other));
  ck_assert (!placeholder_holds (-1));
  ck_assert_int_eq (placeholder_replace (fd, &other), 0);
  ck_assert (!placeholder_holds (fd));
  close (fd);
  ck_assert (!placeholder_holds (fd));
}
END_TEST

/* Only that one fails, and each has its error.  */
START_TEST (test_break)
{
  int fds[2] = { open_hold (), open_hold () };
  int kept = open_hold ();
  for (int i = 0; i < 2; i++)
    {
      ck_assert_int_eq (placeholder_break (fds[i]), 0);
      ck_assert_int_ne (poll_events (fds[i], POLLOUT, 50) & POLLOUT, 0);
      ck_assert_int_eq (socket_error (fds[i]), ECONNRESET);
      ck_assert_int_ne (fcntl (fds[i], F_GETFD) & FD_CLOEXEC, 0);
      close (fds[i]);
    }
  check_held (kept);
  close (kept);
}
END_TEST

/* It works with the table of descriptors full, too.  */
START_TEST (test_break_without_descriptors)
{
  int fds[2] = { open_hold (), open_hold () };
  struct rlimit old = limit_descriptors (0);
  for (int i = 0; i < 2; i++)
    {
      ck_assert_int_eq (placeholder_break (fds[i]), 0);
      ck_assert_int_ne (poll_events (fds[i], POLLOUT, 50) & POLLOUT, 0);
      /* Under valgrind, which does not limit socketpair, the other.  */
      int code = socket_error (fds[i]);
      ck_assert (code == ENOTSOCK || code == ECONNRESET);
      ck_assert_int_ne (fcntl (fds[i], F_GETFD) & FD_CLOEXEC, 0);
      close (fds[i]);
    }
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &old), 0);
}
END_TEST

START_TEST (test_break_nothing)
{
  ck_assert_int_eq (placeholder_break (-1), EBADF);
}
END_TEST

START_TEST (test_hold_without_descriptors)
{
  int fd = -1;
  struct rlimit old = limit_descriptors (0);
  int code = placeholder_hold (&fd);
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &old), 0);
  ck_assert_int_eq (code, EMFILE);
  ck_assert_int_eq (fd, -1);
}
END_TEST

/* The very first takes three, which are there later.  Room for one is enough
   when something is held already, as in one process with other tests.  */
START_TEST (test_first_hold)
{
  static const int room[] = { 1, 0, 2, 3 };
  int fd = -1;
  for (size_t i = 0; i < sizeof room / sizeof room[0]; i++)
    {
      int more = room[i];
      int before = open_descriptors ();
      struct rlimit old = limit_descriptors (more);
      int code = placeholder_hold (&fd);
      ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &old), 0);
      if (code == 0 && more < 3)
        {
          close (fd);
          SKIP ("held already, or valgrind does not limit socketpair");
        }
      ck_assert_int_eq (code, EMFILE);
      ck_assert_int_eq (open_descriptors () - before, more < 3 ? 0 : 3);
    }
  fd = open_hold ();
  check_held (fd);
  close (fd);
}
END_TEST

/* Replacing.  */

START_TEST (test_replace)
{
  uint64_t wanted, got;
  int fd = open_hold ();
  int socket = sample_socket (SAMPLE_LOCAL_STREAM);
  int copy = socket;
  ck_assert (socket_identity (socket, &wanted));
  ck_assert_int_eq (placeholder_replace (fd, &socket), 0);
  ck_assert_int_eq (socket, -1);
  ck_assert (!is_open (copy));
  ck_assert (socket_identity (fd, &got));
  ck_assert_uint_eq (got, wanted);
  ck_assert_int_ne (fcntl (fd, F_GETFD) & FD_CLOEXEC, 0);
  close (fd);
}
END_TEST

START_TEST (test_replace_then_use)
{
  int other[2];
  char byte = 0;
  int fd = open_hold ();
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, other), 0);
  ck_assert_int_eq (placeholder_replace (fd, &other[0]), 0);
  ck_assert_int_eq (poll_events (fd, POLLOUT, 50), POLLOUT);
  ck_assert_int_eq (send (fd, "x", 1, MSG_NOSIGNAL), 1);
  ck_assert_int_eq (recv (other[1], &byte, 1, 0), 1);
  ck_assert_int_eq (byte, 'x');
  close (other[1]);
  close (fd);
}
END_TEST

START_TEST (test_replace_by_closed)
{
  uint64_t before, after;
  int fd = open_hold ();
  int closed = sample_socket (SAMPLE_TCP4);
  int copy = closed;
  close (closed);
  ck_assert (socket_identity (fd, &before));
  ck_assert_int_eq (placeholder_replace (fd, &closed), EBADF);
  ck_assert_int_eq (closed, copy);
  ck_assert (socket_identity (fd, &after));
  ck_assert_uint_eq (before, after);
  close (fd);
}
END_TEST

START_TEST (test_replace_bad_descriptor)
{
  uint64_t before, after;
  int fd = sample_socket (SAMPLE_LOCAL_STREAM);
  int copy = fd;
  ck_assert (socket_identity (fd, &before));
  ck_assert_int_eq (placeholder_replace (-1, &fd), EBADF);
  ck_assert_int_eq (placeholder_replace (fd, &fd), EINVAL);
  ck_assert_int_eq (fd, copy);
  ck_assert (socket_identity (fd, &after));
  ck_assert_uint_eq (before, after);
  close (fd);
}
END_TEST

/* The next descriptor.  */

static void
check_next (void)
{
  int next = placeholder_next_descriptor ();
  ck_assert_int_ge (next, 0);
  ck_assert (!is_open (next));
  int fd = sample_socket (SAMPLE_UDP4);
  ck_assert_int_eq (fd, next);
  close (fd);
}

START_TEST (test_next_descriptor)
{
  int fds[4];
  check_next ();
  for (int i = 0; i < 4; i++)
    fds[i] = sample_socket (SAMPLE_UDP4);
  check_next ();
  close (fds[1]);
  check_next ();
  close (fds[0]);
  check_next ();
  close (fds[2]);
  close (fds[3]);
  check_next ();
}
END_TEST

/* Among the first three, as well.  */
START_TEST (test_next_descriptor_low)
{
  int copy = dup (STDERR_FILENO);
  ck_assert_int_ge (copy, 0);
  close (STDERR_FILENO);
  int next = placeholder_next_descriptor ();
  ck_assert_int_eq (dup2 (copy, STDERR_FILENO), STDERR_FILENO);
  close (copy);
  ck_assert_int_eq (next, STDERR_FILENO);
}
END_TEST

START_TEST (test_no_next_descriptor)
{
  int next = placeholder_next_descriptor ();
  struct rlimit old = limit_descriptors (0);
  int none = placeholder_next_descriptor ();
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &old), 0);
  limit_descriptors (1);
  int last = placeholder_next_descriptor ();
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &old), 0);
  ck_assert_int_eq (none, -1);
  ck_assert_int_eq (last, next);
}
END_TEST

/* Signals without end hold up nobody.  */
START_TEST (test_first_hold_interrupted)
{
  int fd = -1;
  atomic_store (&send_code, EINTR);
  int code = placeholder_hold (&fd);
  atomic_store (&send_code, 0);
  ck_assert_int_eq (code, 0);
  close (fd);
}
END_TEST

Suite *
placeholder_suite (void)
{
  Suite *suite = suite_create ("placeholder");
  TCase *first = tcase_create ("first");
  suite_add_tcase (suite, first);
  tcase_add_test (first, test_no_listener);
  tcase_add_test (first, test_listener);
  TCase *later = add_case_after (suite, "listener", find_listener);
  tcase_add_test (later, test_listener_path);
  tcase_add_test (later, test_listener_flags);
  tcase_add_test (later, test_is_placeholder);
  tcase_add_test (later, test_drain);
  tcase_add_test (later, test_drain_often);
  tcase_add_test (later, test_spent);
  tcase_add_test (later, test_drain_again);
  tcase_add_test (later, test_drain_closed);
  TCase *none = tcase_create ("none held yet");
  suite_add_tcase (suite, none);
  tcase_add_test (none, test_first_hold);
  tcase_add_test (none, test_first_hold_interrupted);
  TCase *hold = add_case_after (suite, "hold", hold_once);
  tcase_add_test (hold, test_hold);
  tcase_add_test (hold, test_hold_takes_nothing);
  tcase_add_test (hold, test_holds);
  tcase_add_test (hold, test_break);
  tcase_add_test (hold, test_break_without_descriptors);
  tcase_add_test (hold, test_break_nothing);
  tcase_add_test (hold, test_hold_without_descriptors);
  TCase *replace = add_case_after (suite, "replace", hold_once);
  tcase_add_test (replace, test_replace);
  tcase_add_test (replace, test_replace_then_use);
  tcase_add_test (replace, test_replace_by_closed);
  tcase_add_test (replace, test_replace_bad_descriptor);
  tcase_add_test (replace, test_next_descriptor);
  tcase_add_test (replace, test_next_descriptor_low);
  tcase_add_test (replace, test_no_next_descriptor);
  return suite;
}

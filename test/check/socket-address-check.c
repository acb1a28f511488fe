/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the addresses of sockets, as the kernel tells them.  */

#include "option/config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "suites.h"

/* A fresh socket like sample _i has no name and no peer.  */
START_TEST (test_of_fresh_socket)
{
  struct address address = dirty_address ();
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = sample_socket (_i);
  ck_assert (address_local_of (fd, &address));
  ck_assert_int_eq (address_family (&address), samples[_i].family);
  ck_assert (!address_named (&address));
  errno = 0;
  ck_assert (!address_remote_of (fd, &address));
  ck_assert_int_eq (errno, ENOTCONN);
  close (fd);
}
END_TEST

/* A server like sample _i has the name that it was given.  */
START_TEST (test_of_server)
{
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = sample_socket (_i);
  struct address asked = sample_address (_i);
  struct address bound = dirty_address ();
  ck_assert_int_eq (bind_to (fd, &asked), 0);
  ck_assert (address_local_of (fd, &bound));
  ck_assert (address_named (&bound));
  address_set_port (&asked, address_port (&bound));
  ck_assert (address_equal (&asked, &bound));
  close (fd);
}
END_TEST

START_TEST (test_of_client)
{
  struct address server, address = dirty_address ();
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int listener = serve_sample (_i, 1, &server);
  int fd = sample_socket (_i);
  connect_fully (fd, &server);
  ck_assert (address_remote_of (fd, &address));
  ck_assert (address_equal (&address, &server));
  close (fd);
  close (listener);
}
END_TEST

START_TEST (test_of_no_socket)
{
  struct address address;
  errno = 0;
  ck_assert (!address_local_of (-1, &address));
  ck_assert_int_eq (errno, EBADF);
  errno = 0;
  ck_assert (!address_remote_of (-1, &address));
  ck_assert_int_eq (errno, EBADF);
}
END_TEST

/* ADDRESS can be bound to, and is what the kernel then says.  */
static void
check_bind (const struct address *address)
{
  struct address bound;
  int fd = sample_socket (SAMPLE_LOCAL_STREAM);
  ck_assert_int_eq (bind_to (fd, address), 0);
  ck_assert (address_local_of (fd, &bound));
  ck_assert (address_equal (address, &bound));
  close (fd);
}

/* The scratch_path of SIZE bytes.  */
static const char *
long_path (size_t size)
{
  char name[LOCAL_PATH_MAX + 2];
  size_t start = strlen (scratch_path (""));
  memset (name, 'n', sizeof name);
  name[size - start] = '\0';
  return scratch_path (name);
}

START_TEST (test_bind_longest_path)
{
  struct address address
    = local_address (long_path (LOCAL_PATH_MAX), LOCAL_PATH_MAX);
  check_bind (&address);
}
END_TEST

#ifdef __linux__
START_TEST (test_bind_abstract)
{
  char name[64];
  int size
    = snprintf (name, sizeof name, "%csockopt check %d", 0, (int) getpid ());
  struct address address = local_address (name, (size_t) size);
  check_bind (&address);
}
END_TEST

START_TEST (test_bind_longest_abstract)
{
  char name[LOCAL_PATH_MAX + 1];
  memset (name, 'n', sizeof name);
  snprintf (name, sizeof name, "%csockopt check %d", 0, (int) getpid ());
  struct address address = local_address (name, sizeof name);
  check_bind (&address);
}
END_TEST

/* Others may fill sun_path to the brim, with no NUL (unix(7)): then the
   kernel tells an address longer than sockaddr_un.  */
START_TEST (test_path_without_nul)
{
  const size_t size = LOCAL_PATH_MAX + 1;
  const char *path = long_path (size);
  struct address address;
  ck_assert (address_raw (&address, AF_UNIX, (const uint8_t *) path, size));
  int fd = sample_socket (SAMPLE_LOCAL_STREAM);
  ck_assert_int_eq (bind_to (fd, &address), 0);
  ck_assert (address_local_of (fd, &address));
  check_path (&address, path, size);
  close (fd);
}
END_TEST
#endif

Suite *
socket_address_suite (void)
{
  Suite *suite = suite_create ("socket address");
  TCase *kernel = add_case (suite, "of sockets");
  tcase_add_loop_test (kernel, test_of_fresh_socket, 0, SAMPLES);
  tcase_add_loop_test (kernel, test_of_server, 0, SAMPLES);
  tcase_add_loop_test (kernel, test_of_client, 0, SAMPLES);
  tcase_add_test (kernel, test_of_no_socket);
  tcase_add_test (kernel, test_bind_longest_path);
#ifdef __linux__
  tcase_add_test (kernel, test_bind_abstract);
  tcase_add_test (kernel, test_bind_longest_abstract);
  tcase_add_test (kernel, test_path_without_nul);
#endif
  return suite;
}

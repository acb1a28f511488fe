/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of places for sockets below a directory.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
# include <sys/fsuid.h>
#endif

#include "socket/placeholder.h"
#include "suites.h"

START_TEST (test_place)
{
  struct place place;
  struct stat status;
  const char *parent = scratch_directory ();
  ck_assert_int_eq (place_make (&place, parent), 0);
  ck_assert_int_eq (entries (parent), 1);
  ck_assert_uint_le (strlen (place.path), LOCAL_PATH_MAX);
  ck_assert_int_ne (fcntl (place.directory, F_GETFD) & FD_CLOEXEC, 0);
  ck_assert_int_eq (stat (place.name, &status), 0);
  ck_assert (S_ISDIR (status.st_mode));
  ck_assert_uint_eq (status.st_mode & 07777, 0700);
  ck_assert_uint_eq (status.st_uid, geteuid ());
  place_remove (&place);
  ck_assert_int_eq (place.directory, -1);
  ck_assert_int_eq (entries (parent), 0);
}
END_TEST

START_TEST (test_place_with_socket)
{
  struct place place;
  const char *parent = scratch_directory ();
  ck_assert_int_eq (place_make (&place, parent), 0);
  ck_assert_int_lt (access (place.path, F_OK), 0);
  int server = serve_at (place.path);
  ck_assert_int_eq (entries (place.name), 1);
  close (connect_at (place.path));
  place_remove (&place);
  ck_assert_int_eq (entries (parent), 0);
  close (server);
}
END_TEST

START_TEST (test_places_differ)
{
  struct place first, second;
  const char *parent = scratch_directory ();
  ck_assert_int_eq (place_make (&first, parent), 0);
  ck_assert_int_eq (place_make (&second, parent), 0);
  ck_assert_str_ne (first.name, second.name);
  ck_assert_str_ne (first.path, second.path);
  ck_assert_int_eq (entries (parent), 2);
  place_remove (&first);
  ck_assert_int_eq (entries (parent), 1);
  place_remove (&second);
  ck_assert_int_eq (entries (parent), 0);
}
END_TEST

START_TEST (test_place_removed_twice)
{
  struct place place;
  const char *parent = scratch_directory ();
  ck_assert_int_eq (place_make (&place, parent), 0);
  place_remove (&place);
  place_remove (&place);
  ck_assert_int_eq (entries (parent), 0);
}
END_TEST

/* The name of the directory is longer than any path of a socket.  */
START_TEST (test_place_in_long_directory)
{
  struct place place;
  char name[201], parent[256];
  memset (name, 'n', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  snprintf (parent, sizeof parent, "%s", scratch_path (name));
  ck_assert_int_eq (mkdir (parent, 0700), 0);
#ifdef SYSTEM_LINUX
  ck_assert_int_eq (place_make (&place, parent), 0);
  ck_assert_uint_le (strlen (place.path), LOCAL_PATH_MAX);
  int server = serve_at (place.path);
  close (connect_at (place.path));
  place_remove (&place);
  close (server);
#else
  ck_assert_int_eq (place_make (&place, parent), ENAMETOOLONG);
#endif
  ck_assert_int_eq (entries (parent), 0);
  ck_assert_int_eq (rmdir (parent), 0);
}
END_TEST

START_TEST (test_place_errors)
{
  struct place place;
  ck_assert_int_eq (place_make (&place, scratch_path ("none")), ENOENT);
  ck_assert_int_eq (place_make (&place, "/dev/null"), ENOTDIR);
}
END_TEST

/* A directory with a name made longer and longer by slashes.  */
START_TEST (test_place_longest_directory)
{
  struct place place;
  char parent[PATH_MAX + 1];
  const char *directory = scratch_directory ();
  const size_t most = PATH_MAX - sizeof "/sockopt-XXXXXX";
  memset (parent, '/', sizeof parent);
  memcpy (parent, directory, strlen (directory));
  for (size_t size = most - 1; size <= PATH_MAX; size++)
    {
      parent[size] = '\0';
      int code = place_make (&place, parent);
#ifdef SYSTEM_LINUX
      ck_assert_int_eq (code, size <= most ? 0 : ENAMETOOLONG);
#else
      ck_assert_int_eq (code, ENAMETOOLONG);
#endif
      if (code == 0)
        place_remove (&place);
      parent[size] = '/';
    }
  ck_assert_int_eq (entries (directory), 0);
}
END_TEST

/* With no descriptor left, the directory goes again.  */
START_TEST (test_place_without_descriptor)
{
  struct place place;
  const char *parent = scratch_directory ();
  struct rlimit old = limit_descriptors (0);
  int code = place_make (&place, parent);
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &old), 0);
  ck_assert_int_eq (code, EMFILE);
  ck_assert_int_eq (entries (parent), 0);
}
END_TEST

/* What cannot be removed is told of, once.  */
START_TEST (test_place_left)
{
  struct place place;
  char name[PATH_MAX], file[PATH_MAX + 2];
  ck_assert_int_eq (place_make (&place, scratch_directory ()), 0);
  snprintf (file, sizeof file, "%s/t", place.name);
  close (open (file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ck_assert_int_eq (place_left (name), 0);
  place_remove (&place);
  ck_assert_int_eq (place_left (name), ENOTEMPTY);
  ck_assert_str_eq (name, place.name);
  ck_assert_int_eq (place_left (name), 0);
  ck_assert_int_eq (unlink (file), 0);
  place_remove (&place);
  ck_assert_int_eq (place_left (name), 0);
}
END_TEST

/* A directory that has another owner is not the one that was made.  */
START_TEST (test_place_of_others)
{
#ifdef __linux__
  enum
  {
    NOBODY = 65534
  };
  struct place place;
  const char *parent = scratch_directory ();
  if (geteuid () != 0)
    SKIP ("only root can make files for others");
  ck_assert_int_eq (chmod (parent, 0777), 0);
  setfsuid (NOBODY);
  int code = place_make (&place, parent);
  setfsuid (0);
  ck_assert_int_eq (code, EACCES);
  ck_assert_int_eq (entries (parent), 0);
#else
  SKIP ("only Linux can make files for others");
#endif
}
END_TEST

Suite *
place_suite (void)
{
  Suite *suite = suite_create ("place");
  TCase *places = add_case (suite, "place");
  tcase_add_test (places, test_place);
  tcase_add_test (places, test_place_with_socket);
  tcase_add_test (places, test_places_differ);
  tcase_add_test (places, test_place_removed_twice);
  tcase_add_test (places, test_place_in_long_directory);
  tcase_add_test (places, test_place_errors);
  tcase_add_test (places, test_place_longest_directory);
  tcase_add_test (places, test_place_without_descriptor);
  tcase_add_test (places, test_place_left);
  tcase_add_test (places, test_place_of_others);
  return suite;
}

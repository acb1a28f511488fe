/* Tests of the keyword dispatch table.

Copyright (C) 2026 The sockopt authors

This file is part of sockopt.

sockopt is free software: you can redistribute it and/or modify it
under the terms of the GNU General Public License as published by the
Free Software Foundation, either version 3 of the License, or (at your
option) any later version.

sockopt is distributed in the hope that it will be useful, but WITHOUT
ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or
FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License
for more details.

You should have received a copy of the GNU General Public License
along with sockopt.  If not, see <https://www.gnu.org/licenses/>.  */

#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "option.h"
#include "suites.h"

/* Rows that are not in the table.  */
static const struct option tcp_row = { .keyword = ":tcp-nodelay",
                                       .constant = "TCP_NODELAY",
                                       .level = IPPROTO_TCP,
                                       .number = TCP_NODELAY,
                                       .kind = &kind_boolean,
                                       .access = ACCESS_BOTH };
static const struct option unknown_row = { .keyword = ":unknown",
                                           .constant = "SO_UNKNOWN",
                                           .level = SOL_SOCKET,
                                           .number = 32000,
                                           .kind = &kind_boolean,
                                           .access = ACCESS_BOTH };

/* What a row has to say, written down a second time.  */
struct expected
{
  const char *keyword;
  int number;
  const struct kind *kind;
  enum moment moment;
};

static const struct expected expected[] = {
#ifdef SO_BINDTODEVICE
  { ":bindtodevice", SO_BINDTODEVICE, &kind_interface, MOMENT_ANY },
#endif
  { ":broadcast", SO_BROADCAST, &kind_boolean, MOMENT_ANY },
  { ":dontroute", SO_DONTROUTE, &kind_boolean, MOMENT_ANY },
  { ":keepalive", SO_KEEPALIVE, &kind_boolean, MOMENT_ANY },
  { ":linger", SO_LINGER, &kind_linger, MOMENT_ANY },
  { ":oobinline", SO_OOBINLINE, &kind_boolean, MOMENT_ANY },
#ifdef SO_PRIORITY
  { ":priority", SO_PRIORITY, &kind_integer, MOMENT_ANY },
#endif
  { ":reuseaddr", SO_REUSEADDR, &kind_boolean, MOMENT_BEFORE_BIND },
};

enum
{
  EXPECTED = sizeof expected / sizeof expected[0]
};

START_TEST (test_core_option)
{
  const struct expected *wanted = &expected[_i];
  const struct option *option = option_find (wanted->keyword);
  ck_assert_ptr_nonnull (option);
  ck_assert_str_eq (option->keyword, wanted->keyword);
  ck_assert_int_eq (option->level, SOL_SOCKET);
  ck_assert_int_eq (option->number, wanted->number);
  ck_assert_ptr_eq (option->kind, wanted->kind);
  ck_assert_int_eq (option->moment, wanted->moment);
  ck_assert_int_eq (option->access, ACCESS_BOTH);
  ck_assert_uint_eq (option->flags, 0);
}
END_TEST

START_TEST (test_row_keyword)
{
  const struct option *option = &options[_i];
  const char *name = option->constant;
  ck_assert_int_eq (option->keyword[0], ':');
  if (strncmp (name, "SO_", 3) == 0)
    name += 3;
  ck_assert_uint_eq (strlen (option->keyword + 1), strlen (name));
  for (size_t i = 0; name[i]; i++)
    ck_assert_int_eq (option->keyword[i + 1],
                      name[i] == '_' ? '-'
                                     : tolower ((unsigned char) name[i]));
}
END_TEST

START_TEST (test_row_doc)
{
  const char *doc = options[_i].doc;
  size_t size = strlen (doc);
  ck_assert_uint_gt (size, 0);
  ck_assert_uint_le (size, 74);
  ck_assert (isupper ((unsigned char) doc[0]));
  ck_assert_int_eq (doc[size - 1], '.');
  ck_assert_ptr_null (strstr (doc, ". "));
  ck_assert_ptr_null (strchr (doc, '\n'));
}
END_TEST

START_TEST (test_row_kind)
{
  const struct kind *kind = options[_i].kind;
  ck_assert_ptr_nonnull (kind);
  ck_assert_ptr_nonnull (kind->name);
  ck_assert_ptr_nonnull (kind->predicate);
  ck_assert (kind->encode && kind->decode);
  ck_assert_uint_gt (kind->size, 0);
  ck_assert_uint_le (kind->size, sizeof ((struct bytes *) NULL)->as);
  ck_assert_int_le (kind->min, kind->max);
}
END_TEST

START_TEST (test_row_access)
{
  const struct option *option = &options[_i];
  ck_assert_int_ne (option->access, 0);
  ck_assert_int_le (option->access, ACCESS_BOTH);
  ck_assert_uint_eq (option->flags
                       & ~(unsigned) (OPTION_READ_CHANGES | OPTION_ADJUSTED),
                     0);
  ck_assert_int_ge (option->moment, MOMENT_ANY);
  ck_assert_int_le (option->moment, MOMENT_BEFORE_CONNECT);
}
END_TEST

START_TEST (test_row_found)
{
  ck_assert_ptr_eq (option_find (options[_i].keyword), &options[_i]);
}
END_TEST

START_TEST (test_keywords_differ)
{
  for (size_t i = 0; i < options_count; i++)
    for (size_t j = i + 1; j < options_count; j++)
      ck_assert_str_ne (options[i].keyword, options[j].keyword);
}
END_TEST

START_TEST (test_numbers_differ)
{
  for (size_t i = 0; i < options_count; i++)
    for (size_t j = i + 1; j < options_count; j++)
      ck_assert (options[i].level != options[j].level
                 || options[i].number != options[j].number);
}
END_TEST

START_TEST (test_keywords_in_order)
{
  for (size_t i = 1; i < options_count; i++)
    if (options[i - 1].level == options[i].level)
      ck_assert_str_lt (options[i - 1].keyword, options[i].keyword);
}
END_TEST

START_TEST (test_find_unknown)
{
  ck_assert_ptr_null (option_find (":no-such-option"));
  ck_assert_ptr_null (option_find (":keepaliv"));
  ck_assert_ptr_null (option_find (":keepalive "));
  ck_assert_ptr_null (option_find ("keepalive"));
  ck_assert_ptr_null (option_find (":KEEPALIVE"));
  ck_assert_ptr_null (option_find (""));
}
END_TEST

/* The value that FD has for OPTION.  */
static struct value
read_value (int fd, const struct option *option)
{
  struct bytes bytes;
  struct value value = { .type = VALUE_OTHER };
  memset (&bytes, 0xaa, sizeof bytes);
  ck_assert_int_eq (option_get (fd, option, &bytes), 0);
  ck_assert_uint_le (bytes.length, option->kind->size);
  ck_assert_int_eq (option->kind->decode (&bytes, &value), FAULT_NONE);
  return value;
}

static bool
same_value (const struct value *a, const struct value *b)
{
  if (a->type != b->type)
    return false;
  switch (a->type)
    {
    case VALUE_INTEGER:
      return a->integer == b->integer;
    case VALUE_TEXT:
      return a->size == b->size && memcmp (a->text, b->text, a->size) == 0;
    case VALUE_NIL:
    case VALUE_T:
      return true;
    case VALUE_BIG_INTEGER:
    case VALUE_OTHER:
    default:
      return false;
    }
}

/* A value for an option of KIND that is not OLD.  */
static struct value
other_value (const struct kind *kind, const struct value *old)
{
  struct value value = { .type = VALUE_NIL };
  if (kind == &kind_boolean)
    value.type = old->type == VALUE_NIL ? VALUE_T : VALUE_NIL;
  else if (kind == &kind_interface && old->type == VALUE_NIL)
    {
      value.type = VALUE_TEXT;
      ck_assert_ptr_nonnull (if_indextoname (1, value.text));
      value.size = strlen (value.text);
    }
  else if (kind == &kind_integer || kind == &kind_linger)
    {
      value.type = VALUE_INTEGER;
      value.integer = old->type == VALUE_INTEGER && old->integer == 5 ? 4 : 5;
    }
  return value;
}

/* Row _i / SORTS on a socket of sort _i % SORTS.  */
START_TEST (test_round_trip)
{
  const struct option *option = &options[_i / SORTS];
  int sort = _i % SORTS;
  struct bytes bytes;
  if (!sort_available (sort))
    SKIP (sorts[sort].name);
  if (option->access != ACCESS_BOTH)
    return;
  int fd = sort_socket (sort);
  struct value old = read_value (fd, option);
  struct value new = other_value (option->kind, &old);
  ck_assert_msg (!same_value (&old, &new), "%s: old and new are the same",
                 option->keyword);
  ck_assert_int_eq (option->kind->encode (option->kind, &new, &bytes),
                    FAULT_NONE);
  ck_assert_int_eq (option_set (fd, option, &bytes), 0);
  struct value read = read_value (fd, option);
  if (option->flags & OPTION_ADJUSTED)
    ck_assert (!same_value (&read, &old));
  else
    ck_assert_msg (same_value (&read, &new), "%s on %s: not as it was set",
                   option->keyword, sorts[sort].name);
  close (fd);
}
END_TEST

/* The kernel is asked behind the back of the module.  */
START_TEST (test_set_reaches_kernel)
{
  const struct expected *wanted = &expected[_i];
  if (wanted->kind != &kind_boolean)
    return;
  struct bytes bytes = int_bytes (1);
  int fd = sort_socket (SORT_TCP4);
  ck_assert_int_eq (socket_int (fd, SOL_SOCKET, wanted->number), 0);
  ck_assert_int_eq (option_set (fd, option_find (wanted->keyword), &bytes), 0);
  ck_assert_int_ne (socket_int (fd, SOL_SOCKET, wanted->number), 0);
  close (fd);
}
END_TEST

START_TEST (test_get_sees_kernel)
{
  const struct expected *wanted = &expected[_i];
  if (wanted->kind != &kind_boolean)
    return;
  int on = 1;
  int fd = sort_socket (SORT_UDP4);
  ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, wanted->number, &on,
                                sizeof on),
                    0);
  struct value value = read_value (fd, option_find (wanted->keyword));
  ck_assert_int_eq (value.type, VALUE_T);
  close (fd);
}
END_TEST

/* Where the kernel says EOPNOTSUPP itself, on Linux all local ones.  */
START_TEST (test_not_on_this_socket)
{
  struct bytes bytes = int_bytes (1);
  if (!sort_available (_i))
    SKIP (sorts[_i].name);
  int fd = sort_socket (_i);
  ck_assert_int_eq (option_set (fd, &tcp_row, &bytes), ENOPROTOOPT);
  ck_assert_int_eq (option_get (fd, &tcp_row, &bytes), ENOPROTOOPT);
  close (fd);
}
END_TEST

#ifdef __linux__
START_TEST (test_kernel_has_two_codes)
{
  int value = 1;
  socklen_t length = sizeof value;
  int fd = sort_socket (SORT_LOCAL_STREAM);
  ck_assert_int_lt (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &value, length),
                    0);
  ck_assert_int_eq (errno, EOPNOTSUPP);
  ck_assert_int_lt (setsockopt (fd, SOL_SOCKET, unknown_row.number, &value,
                                length),
                    0);
  ck_assert_int_eq (errno, ENOPROTOOPT);
  close (fd);
}
END_TEST
#endif

START_TEST (test_pseudo_row_on_tcp)
{
  struct bytes bytes = int_bytes (1);
  int fd = sort_socket (SORT_TCP4);
  ck_assert_int_eq (option_set (fd, &tcp_row, &bytes), 0);
  bytes.as.integer = 0;
  ck_assert_int_eq (option_get (fd, &tcp_row, &bytes), 0);
  ck_assert_int_ne (bytes.as.integer, 0);
  close (fd);
}
END_TEST

START_TEST (test_unknown_number)
{
  struct bytes bytes = int_bytes (1);
  int fd = sort_socket (SORT_TCP4);
  ck_assert_int_eq (option_set (fd, &unknown_row, &bytes), ENOPROTOOPT);
  ck_assert_int_eq (option_get (fd, &unknown_row, &bytes), ENOPROTOOPT);
  close (fd);
}
END_TEST

START_TEST (test_get_only)
{
  struct option row = *option_find (":keepalive");
  struct bytes bytes = int_bytes (1);
  int fd = sort_socket (SORT_TCP4);
  row.access = ACCESS_GET;
  ck_assert_int_eq (option_set (fd, &row, &bytes), ENOPROTOOPT);
  ck_assert_int_eq (socket_int (fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  ck_assert_int_eq (option_get (fd, &row, &bytes), 0);
  close (fd);
}
END_TEST

START_TEST (test_set_only)
{
  struct option row = *option_find (":keepalive");
  struct bytes bytes = int_bytes (1);
  int fd = sort_socket (SORT_TCP4);
  row.access = ACCESS_SET;
  ck_assert_int_eq (option_get (fd, &row, &bytes), ENOPROTOOPT);
  ck_assert_int_eq (option_set (fd, &row, &bytes), 0);
  ck_assert_int_ne (socket_int (fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  close (fd);
}
END_TEST

/* Other errors stay what they are.  */
START_TEST (test_bad_descriptor)
{
  int ends[2];
  struct bytes bytes = int_bytes (1);
  const struct option *row = option_find (":keepalive");
  ck_assert_int_eq (option_set (-1, row, &bytes), EBADF);
  ck_assert_int_eq (option_get (-1, row, &bytes), EBADF);
  ck_assert_int_eq (pipe (ends), 0);
  ck_assert_int_eq (option_set (ends[0], row, &bytes), ENOTSOCK);
  ck_assert_int_eq (option_get (ends[0], row, &bytes), ENOTSOCK);
  close (ends[0]);
  close (ends[1]);
}
END_TEST

START_TEST (test_short_value)
{
  struct bytes bytes = int_bytes (1);
  int fd = sort_socket (SORT_TCP4);
  bytes.length = 1;
  ck_assert_int_eq (option_set (fd, option_find (":keepalive"), &bytes),
                    EINVAL);
  close (fd);
}
END_TEST

#ifdef SO_BINDTODEVICE
START_TEST (test_no_such_device)
{
  struct bytes bytes = { .length = 12, .as.text = "no-such-dev" };
  const struct option *row = option_find (":bindtodevice");
  int fd = sort_socket (SORT_TCP4);
  ck_assert_int_eq (option_set (fd, row, &bytes), ENODEV);
  ck_assert_int_eq (read_value (fd, row).type, VALUE_NIL);
  close (fd);
}
END_TEST
#endif

#ifdef SO_PRIORITY
START_TEST (test_priority_of_the_privileged)
{
  struct bytes bytes = int_bytes (7);
  const struct option *row = option_find (":priority");
  int fd = sort_socket (SORT_TCP4);
  int code = option_set (fd, row, &bytes);
  ck_assert (code == 0 || code == EPERM);
  ck_assert_int_eq (read_value (fd, row).integer, code == 0 ? 7 : 0);
  close (fd);
}
END_TEST
#endif

Suite *
option_suite (void)
{
  int rows = (int) options_count;
  Suite *suite = suite_create ("option");
  TCase *table = add_case (suite, "table");
  tcase_add_loop_test (table, test_core_option, 0, EXPECTED);
  tcase_add_loop_test (table, test_row_keyword, 0, rows);
  tcase_add_loop_test (table, test_row_doc, 0, rows);
  tcase_add_loop_test (table, test_row_kind, 0, rows);
  tcase_add_loop_test (table, test_row_access, 0, rows);
  tcase_add_loop_test (table, test_row_found, 0, rows);
  tcase_add_test (table, test_keywords_differ);
  tcase_add_test (table, test_numbers_differ);
  tcase_add_test (table, test_keywords_in_order);
  tcase_add_test (table, test_find_unknown);
  TCase *access = add_case (suite, "access");
  tcase_add_loop_test (access, test_round_trip, 0, rows * SORTS);
  tcase_add_loop_test (access, test_set_reaches_kernel, 0, EXPECTED);
  tcase_add_loop_test (access, test_get_sees_kernel, 0, EXPECTED);
  tcase_add_loop_test (access, test_not_on_this_socket, SORT_UDP4, SORTS);
#ifdef __linux__
  tcase_add_test (access, test_kernel_has_two_codes);
#endif
  tcase_add_test (access, test_pseudo_row_on_tcp);
  tcase_add_test (access, test_unknown_number);
  tcase_add_test (access, test_get_only);
  tcase_add_test (access, test_set_only);
  tcase_add_test (access, test_bad_descriptor);
  tcase_add_test (access, test_short_value);
#ifdef SO_BINDTODEVICE
  tcase_add_test (access, test_no_such_device);
#endif
#ifdef SO_PRIORITY
  tcase_add_test (access, test_priority_of_the_privileged);
#endif
  return suite;
}

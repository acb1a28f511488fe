/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the keyword dispatch table.  */

#include "option/config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "option/option.h"
#include "suites.h"
#include "values.h"

/* Rows that are not in the table.  */
static const struct option tcp_row
  = { .keyword = ":tcp-nodelay",
      .constant = "TCP_NODELAY",
      .level = IPPROTO_TCP,
      .number = TCP_NODELAY,
      .kind = &kind_boolean,
      .access = ACCESS_BOTH,
      .classes = CLASSES_TCP | CLASSES_MPTCP };
static const struct option unknown_row = { .keyword = ":unknown",
                                           .constant = "SO_UNKNOWN",
                                           .level = SOL_SOCKET,
                                           .number = 32000,
                                           .kind = &kind_boolean,
                                           .access = ACCESS_BOTH,
                                           .classes = CLASSES_ALL };

/* What a row has to say, written down a second time.  */
struct expected
{
  const char *keyword;
  int number;
  const struct kind *kind;
  enum phase phase;
};

static const struct expected expected[] = {
#ifdef SO_BINDTODEVICE
  { ":bindtodevice", SO_BINDTODEVICE, &kind_interface, PHASE_ANY },
#endif
  { ":broadcast", SO_BROADCAST, &kind_boolean, PHASE_ANY },
  { ":dontroute", SO_DONTROUTE, &kind_boolean, PHASE_ANY },
  { ":keepalive", SO_KEEPALIVE, &kind_boolean, PHASE_ANY },
  { ":linger", SO_LINGER, &kind_linger, PHASE_ANY },
  { ":oobinline", SO_OOBINLINE, &kind_boolean, PHASE_ANY },
#ifdef SO_PRIORITY
  { ":priority", SO_PRIORITY, &kind_integer, PHASE_ANY },
#endif
  { ":reuseaddr", SO_REUSEADDR, &kind_boolean, PHASE_BEFORE_BIND },
};

enum
{
  EXPECTED = sizeof expected / sizeof expected[0]
};

START_TEST (test_core_option)
{
  const struct expected *wanted = &expected[_i];
  const struct option *option = row (wanted->keyword);
  ck_assert_ptr_nonnull (option);
  ck_assert_str_eq (option->keyword, wanted->keyword);
  ck_assert_int_eq (option->level, SOL_SOCKET);
  ck_assert_int_eq (option->number, wanted->number);
  ck_assert_ptr_eq (option->kind, wanted->kind);
  ck_assert_int_eq (option->phase, wanted->phase);
  ck_assert_int_eq (option->access, ACCESS_BOTH);
  ck_assert_uint_eq (option->flags & ~(unsigned) OPTION_ADMITS,
                     option->kind == &kind_linger ? OPTION_CLOSE_WAITS : 0);
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

/* Whether the values of KIND are integers, or text, that the row sets a
   range for.  */
static bool
has_range (const struct kind *kind)
{
  static const struct kind *const kinds[]
    = { &kind_integer,        &kind_unsigned,  &kind_unsigned64,
        &kind_rate,           &kind_seconds,   &kind_linger,
        &kind_name,           &kind_interface, &kind_congestion,
        &kind_upper_protocol, &kind_dscp,      &kind_mtu_discover,
        &kind_octet };
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (kind == kinds[i])
      return true;
  return false;
}

START_TEST (test_row_kind)
{
  const struct kind *kind = options[_i].kind;
  ck_assert_ptr_nonnull (kind);
  ck_assert_ptr_nonnull (kind->name);
  ck_assert_uint_gt (strlen (kind->name), 0);
  ck_assert_ptr_nonnull (kind->predicate);
  ck_assert_uint_gt (strlen (kind->predicate), 0);
}
END_TEST

/* What can be done with the options of KIND, all in all.  */
static unsigned
kind_access (const struct kind *kind)
{
  unsigned access = 0;
  for (size_t i = 0; i < options_count; i++)
    if (options[i].kind == kind)
      access |= options[i].access;
  return access;
}

/* A kind has functions for what can be done with one of its options, and
   no others; so each option has those that it needs.  */
START_TEST (test_row_functions)
{
  const struct option *option = &options[_i];
  const struct kind *kind = option->kind;
  unsigned access = kind_access (kind);
  ck_assert_int_eq (kind->encode != NULL, (access & ACCESS_SET) != 0);
  ck_assert_int_eq (kind->decode != NULL, (access & ACCESS_GET) != 0);
  ck_assert_int_eq (kind->prepare != NULL,
                    (option->flags & OPTION_ARGUMENT) != 0);
  ck_assert (!kind->set || kind->encode);
  ck_assert (!kind->get || kind->decode);
  if (option->access & ACCESS_GET && !kind->get && !kind->prepare)
    ck_assert_uint_gt (kind->size, 0);
}
END_TEST

/* A range, where the kind looks at one and values can be set; then the
   kernel's type holds it.  */
START_TEST (test_row_range)
{
  const struct option *option = &options[_i];
  const struct kind *kind = option->kind;
  if (has_range (kind) && option->access & ACCESS_SET)
    ck_assert_int_lt (option->min, option->max);
  else
    ck_assert (option->min == 0 && option->max == 0);
  if (kind == &kind_integer)
    ck_assert (INT_MIN <= option->min && option->max <= INT_MAX);
  else if (kind != &kind_dscp)
    ck_assert_int_ge (option->min, 0);
  if (kind == &kind_unsigned)
    ck_assert_int_le (option->max, UINT32_MAX);
  if (is_name (kind) || kind == &kind_interface)
    ck_assert_int_eq (option->max, INTERFACE_NAME_MAX);
}
END_TEST

START_TEST (test_row_access)
{
  const struct option *option = &options[_i];
  unsigned flags = OPTION_READ_CHANGES | OPTION_ADJUSTED | OPTION_ARGUMENT
                   | OPTION_CLOSE_WAITS | OPTION_ADMITS | OPTION_BLIND;
  ck_assert_int_ne (option->access, 0);
  ck_assert_int_le (option->access, ACCESS_BOTH);
  ck_assert_uint_eq (option->flags & ~flags, 0);
  ck_assert_int_ge (option->phase, PHASE_ANY);
  ck_assert_int_le (option->phase, PHASE_AFTER_CONNECT);
  if (option->flags & (OPTION_READ_CHANGES | OPTION_ARGUMENT))
    ck_assert (option->access & ACCESS_GET);
  if (option->flags & (OPTION_ADJUSTED | OPTION_CLOSE_WAITS)
      || option->phase != PHASE_ANY)
    ck_assert (option->access & ACCESS_SET);
  /* What is said of servers is about options that they can be set.  */
  if (option->inherited)
    ck_assert_uint_eq (option->access, ACCESS_BOTH);
  if (option->flags & OPTION_ADMITS)
    ck_assert_uint_ne (option->inherited & option->classes, 0);
}
END_TEST

START_TEST (test_row_sorts)
{
  const struct option *option = &options[_i];
  ck_assert_uint_ne (option->classes, 0);
  ck_assert_uint_eq (option->classes & ~(unsigned) CLASSES_ALL, 0);
  if (option->level == IPPROTO_IPV6)
    ck_assert_uint_eq (option->classes & ~(unsigned) CLASSES_INET6, 0);
  if (option->level == IPPROTO_TCP)
    ck_assert_uint_eq (option->classes
                         & ~(unsigned) (CLASSES_TCP | CLASSES_MPTCP),
                       0);
  if (option->level == IPPROTO_UDP)
    ck_assert_uint_eq (option->classes
                         & ~(unsigned) (CLASSES_UDP | CLASSES_UDPLITE),
                       0);
}
END_TEST

/* "tcp(7)" or "IP_LOCAL_PORT_RANGE(2const)".  */
START_TEST (test_row_manual)
{
  const char *manual = options[_i].manual;
  if (!manual)
    return;
  size_t name = strspn (manual, "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
  ck_assert_uint_gt (name, 0);
  ck_assert (strcmp (manual + name, "(7)") == 0
             || strcmp (manual + name, "(2const)") == 0);
  if (strcmp (manual + name, "(2const)") == 0)
    ck_assert_int_eq (strncmp (manual, options[_i].constant, name), 0);
}
END_TEST

/* Words for people, where there are any, are no sentences.  */
START_TEST (test_row_words)
{
  const char *words[] = { options[_i].unit, options[_i].privilege };
  for (size_t i = 0; i < 2; i++)
    if (words[i])
      {
        ck_assert_uint_gt (strlen (words[i]), 0);
        ck_assert_int_ne (words[i][strlen (words[i]) - 1], '.');
      }
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

/* Within a level, options that other systems share come first, then
   Linux's own: the alphabet may begin anew once.  */
START_TEST (test_keywords_in_order)
{
  int descents = 0;
  for (size_t i = 1; i < options_count; i++)
    {
      if (options[i - 1].level != options[i].level)
        descents = 0;
      else if (strcmp (options[i - 1].keyword, options[i].keyword) >= 0)
        ck_assert_msg (++descents <= 1, "%s is out of order",
                       options[i].keyword);
    }
}
END_TEST

#ifdef __linux__
/* All of tiers A and B.  */
# ifdef SYSTEM_LINUX
START_TEST (test_count) { ck_assert_uint_eq (options_count, 158); }
END_TEST
# endif
#endif

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

/* The kernel is asked behind the back of the module.  */
START_TEST (test_set_reaches_kernel)
{
  const struct expected *wanted = &expected[_i];
  if (wanted->kind != &kind_boolean)
    return;
  struct bytes bytes = int_bytes (1);
  int fd = sample_socket (SAMPLE_TCP4);
  ck_assert_int_eq (socket_int (fd, SOL_SOCKET, wanted->number), 0);
  ck_assert_int_eq (option_set (fd, row (wanted->keyword), &bytes), 0);
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
  int fd = sample_socket (SAMPLE_UDP4);
  ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, wanted->number, &on,
                                sizeof on),
                    0);
  struct value value = read_value (fd, row (wanted->keyword));
  ck_assert_int_eq (value.type, VALUE_T);
  close (fd);
}
END_TEST

/* Where the kernel says EOPNOTSUPP itself, on Linux all local ones.  */
START_TEST (test_not_on_this_socket)
{
  struct bytes bytes = int_bytes (1);
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = sample_socket (_i);
  struct option row = tcp_row;
  row.classes = CLASSES_ALL;
  ck_assert_int_eq (option_set (fd, &row, &bytes), ENOPROTOOPT);
  ck_assert_int_eq (option_get (fd, &row, &bytes), ENOPROTOOPT);
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
  int fd = sample_socket (SAMPLE_LOCAL_STREAM);
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
  int fd = sample_socket (SAMPLE_TCP4);
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
  int fd = sample_socket (SAMPLE_TCP4);
  ck_assert_int_eq (option_set (fd, &unknown_row, &bytes), ENOPROTOOPT);
  ck_assert_int_eq (option_get (fd, &unknown_row, &bytes), ENOPROTOOPT);
  close (fd);
}
END_TEST

START_TEST (test_get_only)
{
  struct option row = *option_find (":keepalive");
  struct bytes bytes = int_bytes (1);
  int fd = sample_socket (SAMPLE_TCP4);
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
  int fd = sample_socket (SAMPLE_TCP4);
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
  int fd = sample_socket (SAMPLE_TCP4);
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
  const struct option *option = row (":bindtodevice");
  int fd = sample_socket (SAMPLE_TCP4);
  ck_assert_int_eq (option_set (fd, option, &bytes), ENODEV);
  ck_assert_int_eq (read_value (fd, option).type, VALUE_NIL);
  close (fd);
}
END_TEST
#endif

#ifdef SO_PRIORITY
START_TEST (test_priority_of_the_privileged)
{
  struct bytes bytes = int_bytes (7);
  const struct option *option = row (":priority");
  int fd = sample_socket (SAMPLE_TCP4);
  int code = option_set (fd, option, &bytes);
  ck_assert (code == 0 || code == EPERM);
  ck_assert_int_eq (read_value (fd, option).as.integer, code == 0 ? 7 : 0);
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
  tcase_add_loop_test (table, test_row_functions, 0, rows);
  tcase_add_loop_test (table, test_row_range, 0, rows);
  tcase_add_loop_test (table, test_row_access, 0, rows);
  tcase_add_loop_test (table, test_row_sorts, 0, rows);
  tcase_add_loop_test (table, test_row_manual, 0, rows);
  tcase_add_loop_test (table, test_row_words, 0, rows);
  tcase_add_loop_test (table, test_row_found, 0, rows);
  tcase_add_test (table, test_keywords_differ);
  tcase_add_test (table, test_numbers_differ);
  tcase_add_test (table, test_keywords_in_order);
#ifdef SYSTEM_LINUX
  tcase_add_test (table, test_count);
#endif
  tcase_add_test (table, test_find_unknown);
  TCase *access = add_case (suite, "access");
  tcase_add_loop_test (access, test_set_reaches_kernel, 0, EXPECTED);
  tcase_add_loop_test (access, test_get_sees_kernel, 0, EXPECTED);
  tcase_add_loop_test (access, test_not_on_this_socket, SAMPLE_UDP4, SAMPLES);
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

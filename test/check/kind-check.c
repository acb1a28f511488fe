/* Tests of value kinds.

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

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "kind.h"
#include "option.h"
#include "suites.h"

static struct value
of_type (enum value_type type)
{
  return (struct value){ .type = type };
}

static struct value
integer (intmax_t number)
{
  return (struct value){ .type = VALUE_INTEGER, .integer = number };
}

/* SIZE bytes of TEXT, if they fit.  */
static struct value
text_of_size (const char *text, size_t size)
{
  struct value value = { .type = VALUE_TEXT, .size = size };
  memcpy (value.text, text, size < sizeof value.text ? size : 0);
  return value;
}

static struct value
text (const char *string)
{
  return text_of_size (string, strlen (string));
}

/* VALUE encoded by KIND must have FAULT.  */
static void
check_fault (const struct kind *kind, struct value value, enum fault fault)
{
  struct bytes bytes;
  ck_assert_int_eq (kind->encode (kind, &value, &bytes), fault);
}

/* What KIND makes of VALUE, which is right.  The bytes are dirty
   before.  */
static struct bytes
encode (const struct kind *kind, struct value value)
{
  struct bytes bytes;
  memset (&bytes, 0xaa, sizeof bytes);
  ck_assert_int_eq (kind->encode (kind, &value, &bytes), FAULT_NONE);
  return bytes;
}

/* What KIND reads in BYTES, which are right.  */
static struct value
decode (const struct kind *kind, struct bytes bytes)
{
  struct value value;
  memset (&value, 0x55, sizeof value);
  ck_assert_int_eq (kind->decode (&bytes, &value), FAULT_NONE);
  return value;
}

/* KIND cannot read BYTES cut to LENGTH.  */
static void
check_length (const struct kind *kind, struct bytes bytes, size_t length)
{
  struct value value;
  bytes.length = (socklen_t) length;
  ck_assert_int_eq (kind->decode (&bytes, &value), FAULT_TYPE);
}

/* Booleans.  */

static void
check_boolean (struct value value, int expected)
{
  struct bytes bytes = encode (&kind_boolean, value);
  ck_assert_uint_eq (bytes.length, sizeof (int));
  ck_assert_int_eq (bytes.as.integer, expected);
}

START_TEST (test_boolean_encode)
{
  check_boolean (of_type (VALUE_NIL), 0);
  check_boolean (of_type (VALUE_T), 1);
}
END_TEST

/* In Lisp, all that is not nil is true.  */
START_TEST (test_boolean_encode_non_nil)
{
  check_boolean (integer (0), 1);
  check_boolean (integer (2), 1);
  check_boolean (text (""), 1);
  check_boolean (of_type (VALUE_BIG_INTEGER), 1);
  check_boolean (of_type (VALUE_OTHER), 1);
}
END_TEST

START_TEST (test_boolean_decode)
{
  ck_assert_int_eq (decode (&kind_boolean, int_bytes (0)).type, VALUE_NIL);
  ck_assert_int_eq (decode (&kind_boolean, int_bytes (1)).type, VALUE_T);
  ck_assert_int_eq (decode (&kind_boolean, int_bytes (2)).type, VALUE_T);
  ck_assert_int_eq (decode (&kind_boolean, int_bytes (-1)).type, VALUE_T);
  ck_assert_int_eq (decode (&kind_boolean, int_bytes (256)).type, VALUE_T);
}
END_TEST

START_TEST (test_boolean_decode_length)
{
  check_length (&kind_boolean, int_bytes (1), 0);
  check_length (&kind_boolean, int_bytes (1), 1);
  check_length (&kind_boolean, int_bytes (1), sizeof (int) - 1);
  check_length (&kind_boolean, int_bytes (1), sizeof (int) + 1);
}
END_TEST

/* Integers.  */

static const intmax_t good_integers[] = { 0, 1, -1, 65535, INT_MIN, INT_MAX };

enum
{
  GOOD_INTEGERS = sizeof good_integers / sizeof good_integers[0]
};

START_TEST (test_integer)
{
  intmax_t number = good_integers[_i];
  struct bytes bytes = encode (&kind_integer, integer (number));
  ck_assert_uint_eq (bytes.length, sizeof (int));
  ck_assert_int_eq (bytes.as.integer, number);
  struct value value = decode (&kind_integer, bytes);
  ck_assert_int_eq (value.type, VALUE_INTEGER);
  ck_assert_int_eq (value.integer, number);
}
END_TEST

START_TEST (test_integer_range)
{
  check_fault (&kind_integer, integer ((intmax_t) INT_MAX + 1), FAULT_RANGE);
  check_fault (&kind_integer, integer ((intmax_t) INT_MIN - 1), FAULT_RANGE);
  check_fault (&kind_integer, integer (INTMAX_MAX), FAULT_RANGE);
  check_fault (&kind_integer, integer (INTMAX_MIN), FAULT_RANGE);
  check_fault (&kind_integer, of_type (VALUE_BIG_INTEGER), FAULT_RANGE);
}
END_TEST

START_TEST (test_integer_type)
{
  check_fault (&kind_integer, of_type (VALUE_NIL), FAULT_TYPE);
  check_fault (&kind_integer, of_type (VALUE_T), FAULT_TYPE);
  check_fault (&kind_integer, of_type (VALUE_OTHER), FAULT_TYPE);
  check_fault (&kind_integer, text ("1"), FAULT_TYPE);
}
END_TEST

/* A kind of another range, as rows to come may have.  */
START_TEST (test_integer_own_range)
{
  struct kind kind = kind_integer;
  kind.min = 1;
  kind.max = 6;
  check_fault (&kind, integer (0), FAULT_RANGE);
  check_fault (&kind, integer (1), FAULT_NONE);
  check_fault (&kind, integer (6), FAULT_NONE);
  check_fault (&kind, integer (7), FAULT_RANGE);
}
END_TEST

START_TEST (test_integer_decode_length)
{
  check_length (&kind_integer, int_bytes (1), 0);
  check_length (&kind_integer, int_bytes (1), 1);
  check_length (&kind_integer, int_bytes (1), sizeof (int) - 1);
  check_length (&kind_integer, int_bytes (1), 2 * sizeof (int));
}
END_TEST

/* Interface names.  */

#define NAME_15 "abcdefghijklmno"

static void
check_interface (struct value value, const char *expected)
{
  struct bytes bytes = encode (&kind_interface, value);
  ck_assert_uint_eq (bytes.length, strlen (expected) + 1);
  ck_assert_str_eq (bytes.as.text, expected);
}

START_TEST (test_interface_encode)
{
  check_interface (text ("lo"), "lo");
  check_interface (text ("e"), "e");
  check_interface (text (NAME_15), NAME_15);
}
END_TEST

START_TEST (test_interface_encode_any)
{
  check_interface (of_type (VALUE_NIL), "");
  check_interface (text (""), "");
}
END_TEST

/* What a value holds besides its text does not count.  */
START_TEST (test_interface_encode_nil_ignores_text)
{
  struct value value = text (NAME_15);
  value.type = VALUE_NIL;
  check_interface (value, "");
}
END_TEST

START_TEST (test_interface_too_long)
{
  check_fault (&kind_interface, text (NAME_15 "p"), FAULT_RANGE);
  check_fault (&kind_interface, text (NAME_15 NAME_15), FAULT_RANGE);
}
END_TEST

/* The size is that of the Lisp string, which need not fit.  */
START_TEST (test_interface_beyond_buffer)
{
  size_t size = sizeof ((struct value *) NULL)->text;
  check_fault (&kind_interface, text_of_size ("", size), FAULT_RANGE);
  check_fault (&kind_interface, text_of_size ("", size + 1), FAULT_RANGE);
  check_fault (&kind_interface, text_of_size ("", 1000000), FAULT_RANGE);
  check_fault (&kind_interface, text_of_size ("", SIZE_MAX), FAULT_RANGE);
}
END_TEST

START_TEST (test_interface_nul)
{
  check_fault (&kind_interface, text_of_size ("l\0o", 3), FAULT_RANGE);
  check_fault (&kind_interface, text_of_size ("\0lo", 3), FAULT_RANGE);
  check_fault (&kind_interface, text_of_size ("lo\0", 3), FAULT_RANGE);
  check_fault (&kind_interface, text_of_size ("\0", 1), FAULT_RANGE);
}
END_TEST

/* A NUL after the text is not in it.  */
START_TEST (test_interface_nul_behind)
{
  check_interface (text_of_size ("lo\0x", 2), "lo");
}
END_TEST

START_TEST (test_interface_type)
{
  check_fault (&kind_interface, of_type (VALUE_T), FAULT_TYPE);
  check_fault (&kind_interface, integer (1), FAULT_TYPE);
  check_fault (&kind_interface, of_type (VALUE_BIG_INTEGER), FAULT_TYPE);
  check_fault (&kind_interface, of_type (VALUE_OTHER), FAULT_TYPE);
}
END_TEST

/* LENGTH bytes of TEXT mean EXPECTED.  */
static void
check_decode_interface (const char *string, size_t length,
                        const char *expected)
{
  struct bytes bytes = { .length = (socklen_t) length };
  memset (bytes.as.text, 'x', sizeof bytes.as.text);
  memcpy (bytes.as.text, string, length);
  struct value value = decode (&kind_interface, bytes);
  ck_assert_int_eq (value.type, VALUE_TEXT);
  ck_assert_uint_eq (value.size, strlen (expected));
  ck_assert_mem_eq (value.text, expected, value.size);
}

START_TEST (test_interface_decode)
{
  check_decode_interface ("lo", 3, "lo");
  check_decode_interface (NAME_15, 16, NAME_15);
  check_decode_interface ("lo\0\0junk", 8, "lo");
}
END_TEST

START_TEST (test_interface_decode_unterminated)
{
  check_decode_interface ("lo", 2, "lo");
  check_decode_interface (NAME_15 "p", 16, NAME_15 "p");
}
END_TEST

START_TEST (test_interface_decode_none)
{
  struct bytes bytes = { .length = 0, .as.text = "junk" };
  ck_assert_int_eq (decode (&kind_interface, bytes).type, VALUE_NIL);
  bytes = (struct bytes){ .length = 1, .as.text = "" };
  ck_assert_int_eq (decode (&kind_interface, bytes).type, VALUE_NIL);
  bytes = (struct bytes){ .length = 16, .as.text = "" };
  ck_assert_int_eq (decode (&kind_interface, bytes).type, VALUE_NIL);
}
END_TEST

/* Lingering.  */

static void
check_linger (struct value value, bool on, int seconds)
{
  struct bytes bytes = encode (&kind_linger, value);
  ck_assert_uint_eq (bytes.length, sizeof (struct linger));
  ck_assert (!!bytes.as.linger.l_onoff == on);
  if (on)
    ck_assert_int_eq (bytes.as.linger.l_linger, seconds);
}

START_TEST (test_linger_encode)
{
  check_linger (of_type (VALUE_NIL), false, 0);
  check_linger (integer (0), true, 0);
  check_linger (integer (1), true, 1);
  check_linger (integer (65535), true, 65535);
}
END_TEST

/* "Until delivered" must be longer than any number of seconds.  */
START_TEST (test_linger_encode_t)
{
  struct bytes bytes = encode (&kind_linger, of_type (VALUE_T));
  ck_assert_int_ne (bytes.as.linger.l_onoff, 0);
  ck_assert_int_gt (bytes.as.linger.l_linger, LINGER_SECONDS_MAX);
}
END_TEST

START_TEST (test_linger_range)
{
  check_fault (&kind_linger, integer (-1), FAULT_RANGE);
  check_fault (&kind_linger, integer (65536), FAULT_RANGE);
  check_fault (&kind_linger, integer (INT_MAX), FAULT_RANGE);
  check_fault (&kind_linger, integer (INTMAX_MAX), FAULT_RANGE);
  check_fault (&kind_linger, integer (INTMAX_MIN), FAULT_RANGE);
  check_fault (&kind_linger, of_type (VALUE_BIG_INTEGER), FAULT_RANGE);
}
END_TEST

START_TEST (test_linger_type)
{
  check_fault (&kind_linger, text ("1"), FAULT_TYPE);
  check_fault (&kind_linger, of_type (VALUE_OTHER), FAULT_TYPE);
}
END_TEST

static struct value
decode_linger (int on, int seconds)
{
  struct bytes bytes = { .length = sizeof (struct linger) };
  bytes.as.linger.l_onoff = on;
  bytes.as.linger.l_linger = seconds;
  return decode (&kind_linger, bytes);
}

START_TEST (test_linger_decode)
{
  ck_assert_int_eq (decode_linger (0, 0).type, VALUE_NIL);
  ck_assert_int_eq (decode_linger (0, 7).type, VALUE_NIL);
  ck_assert_int_eq (decode_linger (1, 0).type, VALUE_INTEGER);
  ck_assert_int_eq (decode_linger (1, 0).integer, 0);
  ck_assert_int_eq (decode_linger (2, 7).integer, 7);
  ck_assert_int_eq (decode_linger (1, 65535).type, VALUE_INTEGER);
  ck_assert_int_eq (decode_linger (1, 65535).integer, 65535);
}
END_TEST

/* What nobody can ask for in seconds is t.  */
START_TEST (test_linger_decode_long)
{
  ck_assert_int_eq (decode_linger (1, 65536).type, VALUE_T);
  ck_assert_int_eq (decode_linger (1, INT_MAX).type, VALUE_T);
  ck_assert_int_eq (decode_linger (1, -1).type, VALUE_T);
  ck_assert_int_eq (decode_linger (1, INT_MIN).type, VALUE_T);
}
END_TEST

START_TEST (test_linger_decode_length)
{
  struct bytes bytes = encode (&kind_linger, integer (1));
  check_length (&kind_linger, bytes, 0);
  check_length (&kind_linger, bytes, sizeof (int));
  check_length (&kind_linger, bytes, sizeof (struct linger) - 1);
  check_length (&kind_linger, bytes, sizeof (struct linger) + 1);
}
END_TEST

/* VALUE, as socket FD returns it.  */
static struct value
linger_of_kernel (int fd, struct value value)
{
  struct bytes bytes = encode (&kind_linger, value);
  const struct option *row = option_find (":linger");
  ck_assert_int_eq (option_set (fd, row, &bytes), 0);
  memset (&bytes, 0xaa, sizeof bytes);
  ck_assert_int_eq (option_get (fd, row, &bytes), 0);
  return decode (&kind_linger, bytes);
}

/* What was set reads back as set, on a socket of sort _i.  */
START_TEST (test_linger_of_kernel)
{
  static const int seconds[] = { 0, 1, 300, 32767, 65534, 65535 };
  if (!sort_available (_i))
    SKIP (sorts[_i].name);
  int fd = sort_socket (_i);
  ck_assert_int_eq (linger_of_kernel (fd, of_type (VALUE_T)).type, VALUE_T);
  for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
    {
      struct value value = linger_of_kernel (fd, integer (seconds[i]));
      ck_assert_int_eq (value.type, VALUE_INTEGER);
      ck_assert_int_eq (value.integer, seconds[i]);
    }
  ck_assert_int_eq (linger_of_kernel (fd, of_type (VALUE_NIL)).type,
                    VALUE_NIL);
  close (fd);
}
END_TEST

/* Set by others: what does not fit into the kernel's clock.  */
START_TEST (test_linger_by_others)
{
  static const int seconds[] = { 65536, INT_MAX / 1000, INT_MAX, -1 };
  int fd = sort_socket (SORT_TCP4);
  struct linger linger = { .l_onoff = 1, .l_linger = seconds[_i] };
  struct bytes bytes;
  ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger,
                                sizeof linger),
                    0);
  ck_assert_int_eq (option_get (fd, option_find (":linger"), &bytes), 0);
  ck_assert_int_eq (decode (&kind_linger, bytes).type, VALUE_T);
  close (fd);
}
END_TEST

Suite *
kind_suite (void)
{
  Suite *suite = suite_create ("kind");
  TCase *boolean = add_case (suite, "boolean");
  tcase_add_test (boolean, test_boolean_encode);
  tcase_add_test (boolean, test_boolean_encode_non_nil);
  tcase_add_test (boolean, test_boolean_decode);
  tcase_add_test (boolean, test_boolean_decode_length);
  TCase *number = add_case (suite, "integer");
  tcase_add_loop_test (number, test_integer, 0, GOOD_INTEGERS);
  tcase_add_test (number, test_integer_range);
  tcase_add_test (number, test_integer_type);
  tcase_add_test (number, test_integer_own_range);
  tcase_add_test (number, test_integer_decode_length);
  TCase *interface = add_case (suite, "interface");
  tcase_add_test (interface, test_interface_encode);
  tcase_add_test (interface, test_interface_encode_any);
  tcase_add_test (interface, test_interface_encode_nil_ignores_text);
  tcase_add_test (interface, test_interface_too_long);
  tcase_add_test (interface, test_interface_beyond_buffer);
  tcase_add_test (interface, test_interface_nul);
  tcase_add_test (interface, test_interface_nul_behind);
  tcase_add_test (interface, test_interface_type);
  tcase_add_test (interface, test_interface_decode);
  tcase_add_test (interface, test_interface_decode_unterminated);
  tcase_add_test (interface, test_interface_decode_none);
  TCase *linger = add_case (suite, "linger");
  tcase_add_test (linger, test_linger_encode);
  tcase_add_test (linger, test_linger_encode_t);
  tcase_add_test (linger, test_linger_range);
  tcase_add_test (linger, test_linger_type);
  tcase_add_test (linger, test_linger_decode);
  tcase_add_test (linger, test_linger_decode_long);
  tcase_add_test (linger, test_linger_decode_length);
  tcase_add_loop_test (linger, test_linger_of_kernel, 0, SORTS);
  tcase_add_loop_test (linger, test_linger_by_others, 0, 4);
  return suite;
}

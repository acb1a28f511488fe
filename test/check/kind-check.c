/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of value kinds.  */

#include "option/config.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "option/kind.h"
#include "option/option.h"
#include "suites.h"
#include "values.h"

/* Rows that are not in the table, each with the range that its kind
   once had for all.  */
static const struct option boolean_row
  = { .keyword = ":boolean", .kind = &kind_boolean };
static const struct option integer_row = {
  .keyword = ":integer", .kind = &kind_integer, .min = INT_MIN, .max = INT_MAX
};
static const struct option interface_row = { .keyword = ":interface",
                                             .kind = &kind_interface,
                                             .min = 0,
                                             .max = INTERFACE_NAME_MAX };
static const struct option linger_row = { .keyword = ":linger",
                                          .kind = &kind_linger,
                                          .min = 0,
                                          .max = LINGER_SECONDS_MAX };

/* Booleans.  */

static void
check_boolean (struct value value, int expected)
{
  struct bytes bytes = encode (&boolean_row, value);
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
  check_boolean (of_type (VALUE_BIG), 1);
  check_boolean (of_type (VALUE_OTHER), 1);
}
END_TEST

START_TEST (test_boolean_decode)
{
  ck_assert_int_eq (decode (&boolean_row, int_bytes (0)).type, VALUE_NIL);
  ck_assert_int_eq (decode (&boolean_row, int_bytes (1)).type, VALUE_T);
  ck_assert_int_eq (decode (&boolean_row, int_bytes (2)).type, VALUE_T);
  ck_assert_int_eq (decode (&boolean_row, int_bytes (-1)).type, VALUE_T);
  ck_assert_int_eq (decode (&boolean_row, int_bytes (256)).type, VALUE_T);
}
END_TEST

START_TEST (test_boolean_decode_length)
{
  check_length (&boolean_row, int_bytes (1), 0);
  check_length (&boolean_row, int_bytes (1), 1);
  check_length (&boolean_row, int_bytes (1), sizeof (int) - 1);
  check_length (&boolean_row, int_bytes (1), sizeof (int) + 1);
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
  struct bytes bytes = encode (&integer_row, integer (number));
  ck_assert_uint_eq (bytes.length, sizeof (int));
  ck_assert_int_eq (bytes.as.integer, number);
  struct value value = decode (&integer_row, bytes);
  ck_assert_int_eq (value.type, VALUE_INTEGER);
  ck_assert_int_eq (value.as.integer, number);
}
END_TEST

START_TEST (test_integer_range)
{
  check_fault (&integer_row, integer ((intmax_t) INT_MAX + 1), FAULT_RANGE);
  check_fault (&integer_row, integer ((intmax_t) INT_MIN - 1), FAULT_RANGE);
  check_fault (&integer_row, integer (INTMAX_MAX), FAULT_RANGE);
  check_fault (&integer_row, integer (INTMAX_MIN), FAULT_RANGE);
  check_fault (&integer_row, of_type (VALUE_BIG), FAULT_RANGE);
}
END_TEST

START_TEST (test_integer_type)
{
  check_fault (&integer_row, of_type (VALUE_NIL), FAULT_TYPE);
  check_fault (&integer_row, of_type (VALUE_T), FAULT_TYPE);
  check_fault (&integer_row, of_type (VALUE_OTHER), FAULT_TYPE);
  check_fault (&integer_row, text ("1"), FAULT_TYPE);
}
END_TEST

/* A row has a range of its own.  */
START_TEST (test_integer_own_range)
{
  struct option row = integer_row;
  row.min = 1;
  row.max = 6;
  check_fault (&row, integer (0), FAULT_RANGE);
  check_fault (&row, integer (1), FAULT_NONE);
  check_fault (&row, integer (6), FAULT_NONE);
  check_fault (&row, integer (7), FAULT_RANGE);
}
END_TEST

START_TEST (test_integer_decode_length)
{
  check_length (&integer_row, int_bytes (1), 0);
  check_length (&integer_row, int_bytes (1), 1);
  check_length (&integer_row, int_bytes (1), sizeof (int) - 1);
  check_length (&integer_row, int_bytes (1), 2 * sizeof (int));
}
END_TEST

/* Interface names.  */

#define NAME_15 "abcdefghijklmno"

static void
check_interface (struct value value, const char *expected)
{
  struct bytes bytes = encode (&interface_row, value);
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
  check_fault (&interface_row, text (NAME_15 "p"), FAULT_RANGE);
  check_fault (&interface_row, text (NAME_15 NAME_15), FAULT_RANGE);
}
END_TEST

/* The size is that of the Lisp string, which need not fit.  */
START_TEST (test_interface_beyond_buffer)
{
  size_t size = sizeof ((struct bytes *) NULL)->as;
  check_fault (&interface_row, text_of_size ("", size), FAULT_RANGE);
  check_fault (&interface_row, text_of_size ("", size + 1), FAULT_RANGE);
  check_fault (&interface_row, text_of_size ("", 1000000), FAULT_RANGE);
  check_fault (&interface_row, text_of_size ("", SIZE_MAX), FAULT_RANGE);
}
END_TEST

START_TEST (test_interface_nul)
{
  check_fault (&interface_row, text_of_size ("l\0o", 3), FAULT_RANGE);
  check_fault (&interface_row, text_of_size ("\0lo", 3), FAULT_RANGE);
  check_fault (&interface_row, text_of_size ("lo\0", 3), FAULT_RANGE);
  check_fault (&interface_row, text_of_size ("\0", 1), FAULT_RANGE);
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
  check_fault (&interface_row, of_type (VALUE_T), FAULT_TYPE);
  check_fault (&interface_row, of_type (VALUE_BIG), FAULT_RANGE);
  check_fault (&interface_row, of_type (VALUE_OTHER), FAULT_TYPE);
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
  struct value value = decode (&interface_row, bytes);
  ck_assert_int_eq (value.type, VALUE_STRING);
  ck_assert_uint_eq (value.size, strlen (expected));
  ck_assert_mem_eq (value.as.text, expected, value.size);
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
  ck_assert_int_eq (decode (&interface_row, bytes).type, VALUE_NIL);
  bytes = (struct bytes){ .length = 1, .as.text = "" };
  ck_assert_int_eq (decode (&interface_row, bytes).type, VALUE_NIL);
  bytes = (struct bytes){ .length = 16, .as.text = "" };
  ck_assert_int_eq (decode (&interface_row, bytes).type, VALUE_NIL);
}
END_TEST

/* Lingering.  */

static void
check_linger (struct value value, bool on, int seconds)
{
  struct bytes bytes = encode (&linger_row, value);
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
  check_linger (integer (LINGER_SECONDS_MAX), true, LINGER_SECONDS_MAX);
}
END_TEST

/* "Until delivered" must be longer than any number of seconds.  */
START_TEST (test_linger_encode_t)
{
  struct bytes bytes = encode (&linger_row, of_type (VALUE_T));
  ck_assert_int_ne (bytes.as.linger.l_onoff, 0);
  ck_assert_int_gt (bytes.as.linger.l_linger, LINGER_SECONDS_MAX);
}
END_TEST

START_TEST (test_linger_range)
{
  check_fault (&linger_row, integer (-1), FAULT_RANGE);
  check_fault (&linger_row, integer (LINGER_SECONDS_MAX + 1), FAULT_RANGE);
  check_fault (&linger_row, integer (INT_MAX), FAULT_RANGE);
  check_fault (&linger_row, integer (INTMAX_MAX), FAULT_RANGE);
  check_fault (&linger_row, integer (INTMAX_MIN), FAULT_RANGE);
  check_fault (&linger_row, of_type (VALUE_BIG), FAULT_RANGE);
}
END_TEST

START_TEST (test_linger_type)
{
  check_fault (&linger_row, text ("1"), FAULT_TYPE);
  check_fault (&linger_row, of_type (VALUE_OTHER), FAULT_TYPE);
}
END_TEST

static struct value
decode_linger (int on, int seconds)
{
  struct bytes bytes = { .length = sizeof (struct linger) };
  bytes.as.linger.l_onoff = on;
  bytes.as.linger.l_linger = seconds;
  return decode (&linger_row, bytes);
}

START_TEST (test_linger_decode)
{
  ck_assert_int_eq (decode_linger (0, 0).type, VALUE_NIL);
  ck_assert_int_eq (decode_linger (0, 7).type, VALUE_NIL);
  ck_assert_int_eq (decode_linger (1, 0).type, VALUE_INTEGER);
  ck_assert_int_eq (decode_linger (1, 0).as.integer, 0);
  ck_assert_int_eq (decode_linger (2, 7).as.integer, 7);
  ck_assert_int_eq (decode_linger (1, LINGER_SECONDS_MAX).type, VALUE_INTEGER);
  ck_assert_int_eq (decode_linger (1, LINGER_SECONDS_MAX).as.integer,
                    LINGER_SECONDS_MAX);
}
END_TEST

/* What core can set reads as it is; what no clock can hold is t.  */
START_TEST (test_linger_decode_long)
{
  ck_assert_int_eq (decode_linger (1, LINGER_FOREVER_MIN - 1).as.integer,
                    LINGER_FOREVER_MIN - 1);
  ck_assert_int_eq (decode_linger (1, LINGER_FOREVER_MIN).type, VALUE_T);
  ck_assert_int_eq (decode_linger (1, INT_MAX).type, VALUE_T);
  ck_assert_int_eq (decode_linger (2, INT_MAX).type, VALUE_T);
  ck_assert_int_eq (decode_linger (1, -1).type, VALUE_T);
  ck_assert_int_eq (decode_linger (1, INT_MIN).type, VALUE_T);
}
END_TEST

START_TEST (test_linger_decode_length)
{
  struct bytes bytes = encode (&linger_row, integer (1));
  check_length (&linger_row, bytes, 0);
  check_length (&linger_row, bytes, sizeof (int));
  check_length (&linger_row, bytes, sizeof (struct linger) - 1);
  check_length (&linger_row, bytes, sizeof (struct linger) + 1);
}
END_TEST

/* VALUE, as socket FD returns it.  */
static struct value
linger_of_kernel (int fd, struct value value)
{
  const struct option *row = option_find (":linger");
  set_value (fd, row, value);
  return read_value (fd, row);
}

/* What was set reads back as set, on a socket like sample _i.  */
START_TEST (test_linger_of_kernel)
{
  static const int seconds[]
    = { 0, 1, 300, 32766, LINGER_SECONDS_MAX - 1, LINGER_SECONDS_MAX };
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int fd = sample_socket (_i);
  ck_assert_int_eq (linger_of_kernel (fd, of_type (VALUE_T)).type, VALUE_T);
  for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
    {
      struct value value = linger_of_kernel (fd, integer (seconds[i]));
      ck_assert_int_eq (value.type, VALUE_INTEGER);
      ck_assert_int_eq (value.as.integer, seconds[i]);
    }
  ck_assert_int_eq (linger_of_kernel (fd, of_type (VALUE_NIL)).type,
                    VALUE_NIL);
  close (fd);
}
END_TEST

/* Set by others: what does not fit into the kernel's clock.  */
#ifdef SYSTEM_LINUX
START_TEST (test_linger_by_others)
{
  static const int seconds[] = { INT_MAX / 1000, INT_MAX, -1 };
  int fd = sample_socket (SAMPLE_TCP4);
  struct linger linger = { .l_onoff = 1, .l_linger = seconds[_i] };
  ck_assert_int_eq (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger,
                                sizeof linger),
                    0);
  ck_assert_int_eq (read_value (fd, option_find (":linger")).type, VALUE_T);
  close (fd);
}
END_TEST
#endif

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
  tcase_add_loop_test (linger, test_linger_of_kernel, 0, SAMPLES);
#ifdef SYSTEM_LINUX
  tcase_add_loop_test (linger, test_linger_by_others, 0, 3);
#endif
  return suite;
}

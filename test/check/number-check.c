/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of values and bytes, and of the kinds that are one number.  */

#include "option/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "option/option.h"
#include "suites.h"
#include "values.h"

/* Values and bytes.  */

START_TEST (test_bytes_within)
{
  struct bytes bytes = dirty_bytes ();
  char *data = bytes_reserve (&bytes, BYTES_WITHIN);
  ck_assert_ptr_null (bytes.allocated);
  ck_assert_ptr_eq (bytes_data (&bytes), data);
  ck_assert_uint_eq (bytes.length, BYTES_WITHIN);
  for (size_t i = 0; i < BYTES_WITHIN; i++)
    ck_assert_int_eq (data[i], 0);
  bytes_free (&bytes);
  ck_assert_uint_eq (bytes.length, 0);
}
END_TEST

START_TEST (test_bytes_allocated)
{
  struct bytes bytes = dirty_bytes ();
  char *data = bytes_reserve (&bytes, 4 * BYTES_WITHIN);
  ck_assert_ptr_eq (bytes.allocated, data);
  ck_assert_ptr_eq (bytes_data (&bytes), data);
  ck_assert_uint_eq (bytes.length, 4 * BYTES_WITHIN);
  data[4 * BYTES_WITHIN - 1] = 'x';
  ck_assert (bytes_copy (&bytes, "abc", 3));
  ck_assert_ptr_null (bytes.allocated);
  ck_assert_mem_eq (bytes_data (&bytes), "abc", 3);
  bytes_free (&bytes);
  bytes_free (&bytes);
}
END_TEST

START_TEST (test_pool)
{
  struct pool pool = POOL_NONE;
  struct value list, string;
  ck_assert (value_list (&list, &pool, 100));
  for (size_t i = 0; i < list.size; i++)
    ck_assert_int_eq (list.as.items[i].type, VALUE_NIL);
  ck_assert (value_string (&string, &pool, "a\0b", 3));
  check_same (string, text_of_size ("a\0b", 3));
  ck_assert (value_vector (&list, &pool, 0));
  pool_free (&pool);
  ck_assert_ptr_null (pool.blocks);
  pool_free (&pool);
}
END_TEST

/* What does not fit into the caller's room is allocated.  */
START_TEST (test_pool_room)
{
  _Alignas(max_align_t) char room[64];
  struct pool pool = { .room = room, .left = sizeof room };
  memset (room, 'x', sizeof room);
  char *first = pool_allocate (&pool, 1);
  ck_assert_ptr_eq (first, room);
  ck_assert_int_eq (*first, 0);
  char *second = pool_allocate (&pool, 8);
  ck_assert_ptr_eq (second, room + _Alignof(max_align_t));
  ck_assert_ptr_nonnull (pool_allocate (&pool, sizeof room));
  ck_assert_ptr_nonnull (pool.blocks);
  ck_assert_int_eq (room[sizeof room - 1], 'x');
  pool_free (&pool);
}
END_TEST

START_TEST (test_value_unsigned)
{
  struct value value;
  value_unsigned (&value, INTMAX_MAX);
  check_same (value, integer (INTMAX_MAX));
  value_unsigned (&value, UINTMAX_MAX);
  ck_assert_int_eq (value.type, VALUE_BIG);
  ck_assert_uint_eq ((uintmax_t) value.as.integer, UINTMAX_MAX);
}
END_TEST

START_TEST (test_value_is_symbol)
{
  struct value value = symbol ("do");
  ck_assert (value_is_symbol (&value, "do"));
  ck_assert (!value_is_symbol (&value, "dont"));
  ck_assert (!value_is_symbol (&value, "d"));
  value = text ("do");
  ck_assert (!value_is_symbol (&value, "do"));
}
END_TEST

/* Numbers.  */

START_TEST (test_too_large)
{
  static const char *const keywords[]
    = { ":rcvbuf",       ":priority",       ":tcp-maxseg",  ":tcp-keepidle",
        ":mark",         ":ip-ttl",         ":ip-tos",      ":ipv6-tclass",
        ":rcvtimeo",     ":peek-off",       ":udp-segment", ":linger",
        ":tcp-tx-delay", ":ip-mtu-discover" };
  for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
    {
      check_fault (row (keywords[i]), integer ((intmax_t) 1 << 40),
                   FAULT_RANGE);
      check_fault (row (keywords[i]), integer (-((intmax_t) 1 << 40)),
                   FAULT_RANGE);
      check_fault (row (keywords[i]), integer (((intmax_t) 1 << 32) + 5),
                   FAULT_RANGE);
    }
}
END_TEST

/* Both ends of the range of row _i, and what is beyond.  */
START_TEST (test_range_of_row)
{
  const struct option *option = &options[_i];
  const struct kind *kind = option->kind;
  if (is_name (kind) || kind == &kind_interface || option->min == option->max)
    return;
  check_fault (option, integer (option->min), FAULT_NONE);
  check_fault (option, integer (option->max), FAULT_NONE);
  check_fault (option, integer (option->min - 1), FAULT_RANGE);
  if (option->max < INTMAX_MAX)
    check_fault (option, integer (option->max + 1), FAULT_RANGE);
  if (kind != &kind_dscp && kind != &kind_mtu_discover)
    check_fault (option, of_type (VALUE_BIG), FAULT_RANGE);
  check_fault (option, text ("1"), FAULT_TYPE);
  check_fault (option, of_type (VALUE_OTHER), FAULT_TYPE);
}
END_TEST

START_TEST (test_dscp)
{
  check_fault (row (":ip-tos"), integer (300), FAULT_RANGE);
  check_fault (row (":ip-tos"), integer (256), FAULT_RANGE);
  check_fault (row (":ip-tos"), integer (-1), FAULT_RANGE);
  check_fault (row (":ip-tos"), symbol ("no-such-class"), FAULT_RANGE);
  check_fault (row (":ip-tos"), text ("ef"), FAULT_TYPE);
  check_fault (row (":ip-tos"), real (1), FAULT_TYPE);
  check_fault (row (":ip-tos"), NIL, FAULT_TYPE);
  check_integer (":ip-tos", symbol ("ef"), 46 << 2);
  check_integer (":ip-tos", symbol ("af41"), 34 << 2);
  check_integer (":ip-tos", symbol ("cs1"), 8 << 2);
  check_integer (":ipv6-tclass", symbol ("le"), 1 << 2);
  check_integer (":ipv6-tclass", integer (-1), -1);
  check_there_and_back (":ip-tos", symbol ("va"), integer (44 << 2));
}
END_TEST

/* RFC 2474, 2597: cs N is N << 3, af NM is 8 N + 2 M.  */
START_TEST (test_dscp_names)
{
  char name[32];
  for (int n = 0; n < 8; n++)
    {
      snprintf (name, sizeof name, "cs%d", n);
      check_integer (":ip-tos", symbol (name), (n << 3) << 2);
    }
  for (int n = 1; n <= 4; n++)
    for (int m = 1; m <= 3; m++)
      {
        snprintf (name, sizeof name, "af%d%d", n, m);
        check_integer (":ip-tos", symbol (name), (8 * n + 2 * m) << 2);
      }
}
END_TEST

START_TEST (test_unsigned)
{
  struct bytes bytes = encode (row (":mark"), integer (UINT32_MAX));
  ck_assert_uint_eq (bytes.length, 4);
  ck_assert_uint_eq (bytes.as.unsigned32, UINT32_MAX);
  check_same (decode (row (":mark"), bytes), integer (UINT32_MAX));
  check_length (row (":mark"), bytes, 3);
  check_length (row (":mark"), bytes, 8);
}
END_TEST

START_TEST (test_unsigned64)
{
  uint64_t number = UINT64_MAX - 1;
  struct value value = decode_data (":cookie", &number, sizeof number);
  ck_assert_int_eq (value.type, VALUE_BIG);
  ck_assert_uint_eq ((uint64_t) value.as.integer, number);
  number = 7;
  check_same (decode_data (":cookie", &number, sizeof number), integer (7));
  check_length (row (":cookie"), bytes_of (&number, sizeof number), 4);
  check_there_and_back (":vm-sockets-buffer-size", integer (INT64_MAX),
                        integer (INT64_MAX));
}
END_TEST

START_TEST (test_rate)
{
  const struct option *option = row (":max-pacing-rate");
  struct bytes bytes = encode (option, NIL);
  ck_assert_uint_eq (bytes.length, 8);
  ck_assert_uint_eq (bytes.as.unsigned64, UINT64_MAX);
  check_same (decode (option, bytes), NIL);
  check_there_and_back (":max-pacing-rate", integer (0), integer (0));
  check_there_and_back (":max-pacing-rate", integer ((intmax_t) 1 << 40),
                        integer ((intmax_t) 1 << 40));
  check_fault (option, integer (-1), FAULT_RANGE);
  check_fault (option, of_type (VALUE_T), FAULT_TYPE);
  check_length (option, bytes, 3);
  /* As a 32-bit kernel gives it.  */
  uint32_t half = UINT32_MAX;
  check_same (decode_data (":max-pacing-rate", &half, sizeof half), NIL);
  half = 5000;
  check_same (decode_data (":max-pacing-rate", &half, sizeof half),
              integer (5000));
}
END_TEST

/* Seconds.  */

static struct timeval
encode_time (struct value value)
{
  struct timeval time;
  struct bytes bytes = encode (row (":rcvtimeo"), value);
  ck_assert_uint_eq (bytes.length, sizeof time);
  memcpy (&time, bytes_data (&bytes), sizeof time);
  return time;
}

static void
check_time (struct value value, time_t seconds, suseconds_t microseconds)
{
  struct timeval time = encode_time (value);
  ck_assert_int_eq (time.tv_sec, seconds);
  ck_assert_int_eq (time.tv_usec, microseconds);
}

START_TEST (test_seconds)
{
  check_time (NIL, 0, 0);
  check_time (integer (3), 3, 0);
  check_time (real (0.5), 0, 500000);
  check_time (real (2.25), 2, 250000);
  check_time (real (7), 7, 0);
  check_time (real (1e-9), 0, 1);
  check_time (real (1e-6 / 2), 0, 1);
}
END_TEST

/* What was read can be set again without becoming less.  */
START_TEST (test_seconds_again)
{
  for (suseconds_t i = 1; i < 1000000; i += i < 1000 ? 1 : 997)
    {
      struct timeval time = { .tv_sec = _i, .tv_usec = i };
      struct value value = decode_data (":rcvtimeo", &time, sizeof time);
      time = encode_time (value);
      if (time.tv_sec != _i || time.tv_usec != i)
        ck_abort_msg ("%d s and %ld us became %ld us", _i, (long) i,
                      (long) time.tv_usec);
    }
}
END_TEST

/* Never as many microseconds as a second has.  */
START_TEST (test_seconds_below_next)
{
  struct timeval time = encode_time (real (nextafter (2, 0)));
  ck_assert_int_le (time.tv_usec, 999999);
  ck_assert_int_eq (time.tv_sec, 1);
}
END_TEST

START_TEST (test_seconds_range)
{
  const struct option *option = row (":rcvtimeo");
  check_fault (option, real ((double) NAN), FAULT_RANGE);
  check_fault (option, real (-0.5), FAULT_RANGE);
  check_fault (option, real (-1e-300), FAULT_RANGE);
  check_fault (option, real ((double) INFINITY), FAULT_RANGE);
  check_fault (option, real ((double) -INFINITY), FAULT_RANGE);
  check_fault (option, real (1e300), FAULT_RANGE);
  check_fault (option, real ((double) option->max), FAULT_NONE);
  check_fault (option, real ((double) option->max + 1), FAULT_RANGE);
  check_fault (option, integer (-1), FAULT_RANGE);
  check_fault (option, text ("1"), FAULT_TYPE);
  check_fault (option, of_type (VALUE_T), FAULT_TYPE);
}
END_TEST

/* Zero is no limit, as nil is, however it is written.  */
START_TEST (test_seconds_zero)
{
  check_time (real (0.0), 0, 0);
  check_time (real (-0.0), 0, 0);
}
END_TEST

static struct value
decode_time (time_t seconds, suseconds_t microseconds)
{
  struct timeval time = { .tv_sec = seconds, .tv_usec = microseconds };
  return decode_data (":rcvtimeo", &time, sizeof time);
}

START_TEST (test_seconds_decode)
{
  check_same (decode_time (0, 0), NIL);
  check_same (decode_time (3, 0), integer (3));
  check_same (decode_time (0, 500000), real (0.5));
  check_same (decode_time (2, 250000), real (2.25));
  struct timeval time = { .tv_sec = 1 };
  check_length (row (":rcvtimeo"), bytes_of (&time, sizeof time),
                sizeof time - 1);
  check_length (row (":rcvtimeo"), bytes_of (&time, sizeof time),
                sizeof time / 2);
}
END_TEST

Suite *
number_suite (void)
{
  Suite *suite = suite_create ("number");
  TCase *values = add_case (suite, "values");
  tcase_add_test (values, test_bytes_within);
  tcase_add_test (values, test_bytes_allocated);
  tcase_add_test (values, test_pool);
  tcase_add_test (values, test_pool_room);
  tcase_add_test (values, test_value_unsigned);
  tcase_add_test (values, test_value_is_symbol);
  TCase *number = add_case (suite, "numbers");
  tcase_add_test (number, test_too_large);
  tcase_add_loop_test (number, test_range_of_row, 0, (int) options_count);
  tcase_add_test (number, test_dscp);
  tcase_add_test (number, test_dscp_names);
  tcase_add_test (number, test_unsigned);
  tcase_add_test (number, test_unsigned64);
  tcase_add_test (number, test_rate);
  TCase *seconds = add_case (suite, "seconds");
  tcase_add_test (seconds, test_seconds);
  tcase_add_loop_test (seconds, test_seconds_again, 0, 2);
  tcase_add_test (seconds, test_seconds_below_next);
  tcase_add_test (seconds, test_seconds_range);
  tcase_add_test (seconds, test_seconds_zero);
  tcase_add_test (seconds, test_seconds_decode);
  return suite;
}

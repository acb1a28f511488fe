/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of packet filters, as bytes and at work.  */

#include "option/config.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "option/constants.h"
#include "option/option.h"
#include "suites.h"
#include "values.h"

#define INSTRUCTION(code, jt, jf, k) \
 VECTOR (integer (code), integer (jt), integer (jf), integer (k))
#define RETURN INSTRUCTION (BPF_RET | BPF_K, 0, 0, 9)

static void
check_filter (struct value value, enum fault fault)
{
  check_fault (row (":attach-filter"), value, fault);
}

START_TEST (test_filter)
{
  struct sock_filter filter[2];
  struct value program
    = VECTOR (INSTRUCTION (BPF_LD | BPF_W | BPF_LEN, 1, 2, UINT32_MAX),
              RETURN);
  struct bytes bytes = encode (row (":attach-filter"), program);
  ck_assert_uint_eq (bytes.length, sizeof filter);
  memcpy (filter, bytes_data (&bytes), sizeof filter);
  ck_assert_uint_eq (filter[0].code, BPF_LD | BPF_W | BPF_LEN);
  ck_assert_uint_eq (filter[0].jt, 1);
  ck_assert_uint_eq (filter[0].jf, 2);
  ck_assert_uint_eq (filter[0].k, UINT32_MAX);
  check_same (decode (row (":attach-filter"), bytes), program);
  check_there_and_back (":attach-filter", NIL, NIL);
}
END_TEST

START_TEST (test_filter_jumps)
{
  int equal = BPF_JMP | BPF_JEQ | BPF_K, always = BPF_JMP | BPF_JA;
  check_filter (VECTOR (INSTRUCTION (equal, 0, 0, 1), RETURN), FAULT_NONE);
  check_filter (VECTOR (INSTRUCTION (equal, 1, 0, 1), RETURN), FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (equal, 0, 1, 1), RETURN), FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (equal, 1, 0, 1), RETURN, RETURN),
                FAULT_NONE);
  check_filter (VECTOR (INSTRUCTION (equal, 0, 255, 1), RETURN, RETURN),
                FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (always, 0, 0, 0), RETURN), FAULT_NONE);
  check_filter (VECTOR (INSTRUCTION (always, 9, 9, 0), RETURN), FAULT_NONE);
  check_filter (VECTOR (INSTRUCTION (always, 0, 0, 1), RETURN), FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (always, 0, 0, UINT32_MAX), RETURN),
                FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (equal, 0, 0, 1)), FAULT_RANGE);
}
END_TEST

START_TEST (test_filter_without_return)
{
  check_filter (VECTOR (INSTRUCTION (BPF_LD | BPF_LEN, 0, 0, 0)), FAULT_RANGE);
  check_filter (VECTOR (RETURN, INSTRUCTION (BPF_LD | BPF_LEN, 0, 0, 0)),
                FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (BPF_RET | BPF_A, 0, 0, 0)), FAULT_NONE);
}
END_TEST

START_TEST (test_filter_parts)
{
  check_filter (VECTOR (INSTRUCTION (65536, 0, 0, 0), RETURN), FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (-1, 0, 0, 0), RETURN), FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (0, 256, 0, 0), RETURN), FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (0, 0, 256, 0), RETURN), FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (0, 0, 0, (intmax_t) 1 << 32), RETURN),
                FAULT_RANGE);
  check_filter (VECTOR (INSTRUCTION (0, 0, 0, -1), RETURN), FAULT_RANGE);
  check_filter (VECTOR (VECTOR (integer (6), integer (0), integer (0))),
                FAULT_RANGE);
  check_filter (VECTOR (VECTOR (integer (6), NIL, integer (0), integer (0))),
                FAULT_TYPE);
  check_filter (VECTOR (integer (6)), FAULT_TYPE);
  check_filter (LIST (RETURN), FAULT_TYPE);
  check_filter (text (""), FAULT_TYPE);
  check_filter ((struct value){ .type = VALUE_VECTOR }, FAULT_RANGE);
}
END_TEST

START_TEST (test_filter_length)
{
  struct value instruction = RETURN;
  struct value *items = calloc (BPF_MAXINSNS + 1, sizeof *items);
  ck_assert_ptr_nonnull (items);
  for (size_t i = 0; i <= BPF_MAXINSNS; i++)
    items[i] = instruction;
  struct value program
    = { .type = VALUE_VECTOR, .as.items = items, .size = 4096 };
  check_there_and_back (":attach-filter", program, program);
  program.size = 4097;
  check_filter (program, FAULT_RANGE);
  free (items);
}
END_TEST

START_TEST (test_icmp_filter)
{
  const struct option *option = row (":icmp-filter");
  struct bytes bytes = encode (option, LIST (integer (0), integer (31)));
  ck_assert_uint_eq (bytes.length, 4);
  ck_assert_uint_eq (bytes.as.unsigned32, UINT32_C (0x80000001));
  check_same (decode (option, bytes), LIST (integer (0), integer (31)));
  check_there_and_back (":icmp-filter", NIL, NIL);
  check_fault (option, LIST (integer (32)), FAULT_RANGE);
  check_fault (option, LIST (integer (-1)), FAULT_RANGE);
  check_fault (option, LIST (symbol ("echo")), FAULT_TYPE);
  check_fault (option, integer (8), FAULT_TYPE);
  check_length (option, bytes, 8);
}
END_TEST

START_TEST (test_icmp6_filter)
{
  const struct option *option = row (":icmp6-filter");
  struct icmp6_filter filter;
  struct bytes bytes
    = encode (option, LIST (integer (ICMP6_ECHO_REQUEST), integer (255)));
  ck_assert_uint_eq (bytes.length, sizeof filter);
  memcpy (&filter, bytes_data (&bytes), sizeof filter);
  for (int i = 0; i < 256; i++)
    ck_assert_int_eq (ICMP6_FILTER_WILLBLOCK (i, &filter) != 0,
                      i == ICMP6_ECHO_REQUEST || i == 255);
  check_same (decode (option, bytes),
              LIST (integer (ICMP6_ECHO_REQUEST), integer (255)));
  check_fault (option, LIST (integer (256)), FAULT_RANGE);
  check_fault (option, LIST (text ("1")), FAULT_TYPE);
  check_length (option, bytes, 4);
  bytes_free (&bytes);
}
END_TEST

/* At work.  */

static bool
passes (const int pair[2], const char *packet)
{
  ck_assert_int_eq (send (pair[1], packet, strlen (packet), 0),
                    (int) strlen (packet));
  return gets_packet (pair[0], packet);
}

/* Drop what begins with `d'; the eight bytes before it are the header
   where PAIR is of UDP.  */
static void
check_dropping (const int pair[2], int offset)
{
  set_keyword (pair[0], ":attach-filter",
               VECTOR (INSTRUCTION (BPF_LD | BPF_B | BPF_ABS, 0, 0, offset),
                       INSTRUCTION (BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 'd'),
                       INSTRUCTION (BPF_RET | BPF_K, 0, 0, 0),
                       INSTRUCTION (BPF_RET | BPF_K, 0, 0, UINT32_MAX)));
  ck_assert (passes (pair, "keep"));
  ck_assert (!passes (pair, "drop"));
  ck_assert (passes (pair, "keep"));
}

START_TEST (test_filter_drops)
{
  int pair[2];
  struct address address;
  pair[0] = serve_sample (SAMPLE_UDP4, 0, &address);
  pair[1] = sample_socket (SAMPLE_UDP4);
  connect_fully (pair[1], &address);
  check_dropping (pair, 8);
  set_keyword (pair[0], ":attach-filter", NIL);
  ck_assert (passes (pair, "drop"));
  ck_assert_int_eq (read_value (pair[0], row (":attach-filter")).type,
                    VALUE_NIL);
  set_keyword (pair[0], ":attach-filter", NIL);
  close (pair[0]);
  close (pair[1]);
}
END_TEST

START_TEST (test_filter_detached)
{
  int pair[2];
  struct address address;
  pair[0] = serve_sample (SAMPLE_UDP4, 0, &address);
  pair[1] = sample_socket (SAMPLE_UDP4);
  connect_fully (pair[1], &address);
  check_dropping (pair, 8);
  set_keyword (pair[0], ":detach-filter", of_type (VALUE_T));
  ck_assert (passes (pair, "drop"));
  ck_assert_int_eq (try_keyword (pair[0], ":detach-filter", of_type (VALUE_T)),
                    ENOENT);
  close (pair[0]);
  close (pair[1]);
}
END_TEST

/* Locked, it stays.  */
START_TEST (test_filter_locked)
{
  int fd = sample_socket (SAMPLE_UDP4);
  set_keyword (fd, ":attach-filter",
               VECTOR (INSTRUCTION (BPF_RET | BPF_K, 0, 0, 0)));
  set_keyword (fd, ":lock-filter", of_type (VALUE_T));
  ck_assert_int_eq (try_keyword (fd, ":attach-filter", NIL), EPERM);
  ck_assert_int_eq (try_keyword (fd, ":detach-filter", of_type (VALUE_T)),
                    EPERM);
  ck_assert_int_eq (read_value (fd, row (":attach-filter")).type,
                    VALUE_VECTOR);
  close (fd);
}
END_TEST

Suite *
filter_suite (void)
{
  Suite *suite = suite_create ("filter");
  TCase *filter = add_case (suite, "filter");
  tcase_add_test (filter, test_filter);
  tcase_add_test (filter, test_filter_jumps);
  tcase_add_test (filter, test_filter_without_return);
  tcase_add_test (filter, test_filter_parts);
  tcase_add_test (filter, test_filter_length);
  tcase_add_test (filter, test_icmp_filter);
  tcase_add_test (filter, test_icmp6_filter);
  TCase *work = add_case (suite, "filters");
  tcase_add_test (work, test_filter_drops);
  tcase_add_test (work, test_filter_detached);
  tcase_add_test (work, test_filter_locked);
  return suite;
}

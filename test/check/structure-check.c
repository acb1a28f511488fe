/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the kinds whose values have parts or names.  */

#include "option/config.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <math.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "option/constants.h"
#include "option/inet.h"
#include "option/option.h"
#include "suites.h"
#include "values.h"

#define NIL of_type (VALUE_NIL)

static const struct option *
row (const char *keyword)
{
  const struct option *option = option_find (keyword);
  ck_assert_msg (option, "no row %s", keyword);
  return option;
}

/* LENGTH bytes at DATA, as the kernel would give them.  */
static struct bytes
bytes_of (const void *data, size_t length)
{
  struct bytes bytes = dirty_bytes ();
  ck_assert (bytes_copy (&bytes, data, length));
  return bytes;
}

/* What OPTION reads in the LENGTH bytes at DATA.  */
static struct value
decode_data (const char *keyword, const void *data, size_t length)
{
  struct bytes bytes = bytes_of (data, length);
  struct value value = decode (row (keyword), bytes);
  bytes_free (&bytes);
  return value;
}

static void
check_same (struct value found, struct value expected)
{
  ck_assert_msg (same_value (&found, &expected), "%s, not %s",
                 words_of (&found), words_of (&expected));
}

/* Encoding VALUE and decoding that gives EXPECTED.  */
static void
check_there_and_back (const char *keyword, struct value value,
                      struct value expected)
{
  struct bytes bytes = encode (row (keyword), value);
  check_same (decode (row (keyword), bytes), expected);
  bytes_free (&bytes);
}

static void
check_integer (const char *keyword, struct value value, int expected)
{
  struct bytes bytes = encode (row (keyword), value);
  ck_assert_uint_eq (bytes.length, sizeof (int));
  ck_assert_int_eq (bytes.as.integer, expected);
}

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
  struct pool pool = { NULL };
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
  check_length (option, bytes, 4);
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
  check_length (row (":rcvtimeo"), bytes_of (&time, sizeof time), 8);
}
END_TEST

/* Names and flags.  */

START_TEST (test_name)
{
  const struct option *option = row (":tcp-congestion");
  struct bytes bytes = encode (option, text ("reno"));
  ck_assert_uint_eq (bytes.length, 5);
  ck_assert_str_eq (bytes.as.text, "reno");
  check_fault (option, text (""), FAULT_RANGE);
  check_fault (option, NIL, FAULT_RANGE);
  check_fault (option, text ("abcdefghijklmno"), FAULT_NONE);
  check_fault (option, text ("abcdefghijklmnop"), FAULT_RANGE);
  check_fault (option, text_of_size ("re\0no", 5), FAULT_RANGE);
  check_fault (option, symbol ("reno"), FAULT_TYPE);
  check_fault (option, integer (1), FAULT_TYPE);
  check_fault (row (":bindtodevice"), text ("an-interface-of-20-b"),
               FAULT_RANGE);
}
END_TEST

START_TEST (test_octets)
{
  struct value value = decode_data (":tcp-saved-syn", "a\0b", 3);
  ck_assert_int_eq (value.type, VALUE_BYTES);
  ck_assert_uint_eq (value.size, 3);
  ck_assert_mem_eq (value.as.text, "a\0b", 3);
  ck_assert_uint_eq (decode_data (":tcp-saved-syn", "", 0).size, 0);
}
END_TEST

START_TEST (test_interface_index)
{
  static const char *const keywords[]
    = { ":bindtoifindex", ":ipv6-multicast-if", ":ip-unicast-if",
        ":ipv6-unicast-if", ":ip-multicast-if" };
  const struct option *option = row (keywords[_i]);
  check_fault (option, text ("lo"), FAULT_NONE);
  check_fault (option, integer (1), FAULT_NONE);
  check_fault (option, text (""), FAULT_NONE);
  check_fault (option, NIL, FAULT_NONE);
  check_fault (option, text ("no-such-iface"), FAULT_RANGE);
  check_fault (option, text ("an-interface-of-20-b"), FAULT_RANGE);
  check_fault (option, integer (-1), FAULT_RANGE);
  check_fault (option, integer ((intmax_t) INT_MAX + 1), FAULT_RANGE);
  check_fault (option, of_type (VALUE_BIG), FAULT_RANGE);
  check_fault (option, of_type (VALUE_T), FAULT_TYPE);
  check_fault (option, symbol ("lo"), FAULT_TYPE);
  check_length (option, int_bytes (1), 3);
}
END_TEST

/* An index that no interface has stays a number.  */
START_TEST (test_interface_gone)
{
  check_there_and_back (":bindtoifindex", integer (INT_MAX),
                        integer (INT_MAX));
  check_there_and_back (":ip-unicast-if", integer (0x12345678),
                        integer (0x12345678));
  struct bytes bytes = encode (row (":ip-unicast-if"), integer (1));
  ck_assert_uint_eq (bytes.as.unsigned32, htonl (1));
}
END_TEST

START_TEST (test_mtu_discover)
{
  const struct option *option = row (":ip-mtu-discover");
  check_integer (":ip-mtu-discover", symbol ("do"), IP_PMTUDISC_DO);
  check_integer (":ip-mtu-discover", symbol ("dont"), IP_PMTUDISC_DONT);
  check_integer (":ipv6-mtu-discover", symbol ("probe"), IPV6_PMTUDISC_PROBE);
  check_there_and_back (":ip-mtu-discover", integer (1), symbol ("want"));
  check_fault (option, symbol ("don"), FAULT_RANGE);
  check_fault (option, integer (6), FAULT_RANGE);
  check_fault (option, text ("do"), FAULT_TYPE);
  check_fault (option, NIL, FAULT_TYPE);
  check_same (decode (option, int_bytes (77)), integer (77));
  check_length (option, int_bytes (1), 1);
}
END_TEST

START_TEST (test_read_names)
{
  check_same (decode (row (":domain"), int_bytes (AF_UNIX)), symbol ("local"));
  check_same (decode (row (":domain"), int_bytes (AF_INET6)), symbol ("ipv6"));
  check_same (decode (row (":domain"), int_bytes (9999)), integer (9999));
  check_same (decode (row (":type"), int_bytes (SOCK_DGRAM)),
              symbol ("datagram"));
  check_same (decode (row (":protocol"), int_bytes (0)), NIL);
  check_same (decode (row (":protocol"), int_bytes (IPPROTO_MPTCP)),
              symbol ("mptcp"));
  check_same (decode (row (":protocol"), int_bytes (253)), integer (253));
  ck_assert_int_eq (protocol_number ("udplite"), IPPROTO_UDPLITE);
  ck_assert_int_eq (protocol_number ("udpl"), -1);
}
END_TEST

START_TEST (test_error)
{
  const struct option *option = row (":error");
  check_same (decode (option, int_bytes (0)), NIL);
  struct value value = decode (option, int_bytes (ECONNREFUSED));
  ck_assert_int_eq (value.type, VALUE_PAIR);
  ck_assert_uint_eq (value.size, 2);
  check_same (value.as.items[0], symbol ("ECONNREFUSED"));
  struct value words = text (strerror (ECONNREFUSED));
  words.type = VALUE_LOCALE_STRING;
  check_same (value.as.items[1], words);
  value = decode (option, int_bytes (4000));
  check_same (value.as.items[0], integer (4000));
  check_length (option, int_bytes (1), 2);
}
END_TEST

START_TEST (test_flags)
{
  static const char *const keywords[]
    = { ":buf-lock", ":timestamping", ":ipv6-addr-preferences" };
  const struct option *option = row (keywords[_i]);
  const struct name *names = option->kind->names;
  check_fault (option, LIST (symbol ("no-such-flag")), FAULT_RANGE);
  check_fault (option, LIST (symbol (names[0].name), symbol ("x")),
               FAULT_RANGE);
  check_fault (option, LIST (text (names[0].name)), FAULT_TYPE);
  check_fault (option, LIST (integer (-1)), FAULT_RANGE);
  check_fault (option, LIST (integer ((intmax_t) 1 << 32)), FAULT_RANGE);
  check_fault (option, symbol (names[0].name), FAULT_TYPE);
  check_fault (option, VECTOR (symbol (names[0].name)), FAULT_TYPE);
  check_there_and_back (keywords[_i], NIL, NIL);
  check_integer (keywords[_i],
                 LIST (symbol (names[1].name), symbol (names[0].name)),
                 names[0].number | names[1].number);
  check_there_and_back (keywords[_i],
                        LIST (symbol (names[1].name), integer (1 << 30)),
                        LIST (symbol (names[1].name), integer (1 << 30)));
  check_length (option, int_bytes (1), 3);
}
END_TEST

/* All 32 bits.  */
START_TEST (test_flags_all)
{
  struct value value = decode (row (":timestamping"), int_bytes (-1));
  ck_assert_int_eq (value.type, VALUE_LIST);
  struct bytes bytes = encode (row (":timestamping"), value);
  ck_assert_uint_eq (bytes.as.unsigned32, UINT32_MAX);
}
END_TEST

/* Filters.  */

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

/* Multicast groups.  */

#define GROUP4 "239.1.2.3"
#define GROUP6 "ff15::123"

START_TEST (test_membership4)
{
  static const char *const keywords[]
    = { ":ip-add-membership", ":ip-drop-membership" };
  const struct option *option = row (keywords[_i]);
  struct ip_mreqn request;
  struct bytes bytes = encode (option, LIST (text (GROUP4), text ("lo")));
  ck_assert_uint_eq (bytes.length, sizeof request);
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_uint_eq (request.imr_multiaddr.s_addr, htonl (0xef010203));
  ck_assert_uint_eq ((unsigned) request.imr_ifindex, if_nametoindex ("lo"));
  ck_assert_uint_eq (request.imr_address.s_addr, 0);
  check_fault (option, LIST (text (GROUP4)), FAULT_NONE);
  check_fault (option, LIST (text (GROUP4), NIL), FAULT_NONE);
  check_fault (option, LIST (text (GROUP6), NIL), FAULT_RANGE);
}
END_TEST

START_TEST (test_membership6)
{
  static const char *const keywords[]
    = { ":ipv6-add-membership", ":ipv6-drop-membership" };
  const struct option *option = row (keywords[_i]);
  struct ipv6_mreq request;
  struct bytes bytes = encode (option, LIST (text (GROUP6), integer (7)));
  ck_assert_uint_eq (bytes.length, sizeof request);
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_uint_eq (request.ipv6mr_multiaddr.s6_addr[0], 0xff);
  ck_assert_uint_eq (request.ipv6mr_multiaddr.s6_addr[14], 1);
  ck_assert_uint_eq (request.ipv6mr_multiaddr.s6_addr[15], 0x23);
  ck_assert_uint_eq (request.ipv6mr_interface, 7);
  bytes_free (&bytes);
  check_fault (option, LIST (text (GROUP4), NIL), FAULT_RANGE);
}
END_TEST

/* What is wrong with any membership.  */
START_TEST (test_membership_faults)
{
  static const char *const keywords[]
    = { ":ip-add-membership", ":ipv6-add-membership", ":mcast-join-group" };
  const struct option *option = row (keywords[_i]);
  struct value group = text (_i == 1 ? GROUP6 : GROUP4);
  check_fault (option, LIST (group, text ("lo"), group), FAULT_RANGE);
  check_fault (option, (struct value){ .type = VALUE_LIST }, FAULT_RANGE);
  check_fault (option, LIST (group, text ("no-such-iface")), FAULT_RANGE);
  check_fault (option, LIST (group, of_type (VALUE_T)), FAULT_TYPE);
  check_fault (option, LIST (text ("239.1.2"), NIL), FAULT_RANGE);
  check_fault (option, LIST (text ("239.1.2.256"), NIL), FAULT_RANGE);
  check_fault (option, LIST (text (":"), NIL), FAULT_RANGE);
  check_fault (option, LIST (text (""), NIL), FAULT_RANGE);
  check_fault (option, LIST (integer (5), NIL), FAULT_TYPE);
  check_fault (option, LIST (NIL, NIL), FAULT_TYPE);
  check_fault (option, group, FAULT_TYPE);
  check_fault (option, NIL, FAULT_TYPE);
  check_fault (option, VECTOR (group, NIL), FAULT_TYPE);
}
END_TEST

START_TEST (test_inet_vectors)
{
  struct inet inet;
  struct value value
    = VECTOR (integer (239), integer (1), integer (2), integer (3));
  ck_assert_int_eq (inet_from_value (&value, AF_UNSPEC, &inet), FAULT_NONE);
  ck_assert_int_eq (inet.family, AF_INET);
  ck_assert_uint_eq (inet.as.ipv4.s_addr, htonl (0xef010203));
  ck_assert_int_eq (inet_from_value (&value, AF_INET6, &inet), FAULT_RANGE);
  value.as.items[3] = integer (256);
  ck_assert_int_eq (inet_from_value (&value, AF_UNSPEC, &inet), FAULT_RANGE);
  value.as.items[3] = NIL;
  ck_assert_int_eq (inet_from_value (&value, AF_UNSPEC, &inet), FAULT_TYPE);
  value.size = 3;
  ck_assert_int_eq (inet_from_value (&value, AF_UNSPEC, &inet), FAULT_RANGE);
  value = VECTOR (integer (0xff15), integer (0), integer (0), integer (0),
                  integer (0), integer (0), integer (0), integer (0x123));
  ck_assert_int_eq (inet_from_value (&value, AF_INET6, &inet), FAULT_NONE);
  ck_assert_uint_eq (inet.as.ipv6.s6_addr[1], 0x15);
  ck_assert_uint_eq (inet.as.ipv6.s6_addr[15], 0x23);
  value.as.items[0] = integer (65536);
  ck_assert_int_eq (inet_from_value (&value, AF_INET6, &inet), FAULT_RANGE);
}
END_TEST

START_TEST (test_source4)
{
  static const char *const keywords[]
    = { ":ip-add-source-membership", ":ip-drop-source-membership",
        ":ip-block-source", ":ip-unblock-source" };
  const struct option *option = row (keywords[_i]);
  struct ip_mreq_source request;
  struct value lo = text ("lo");
  struct bytes bytes
    = encode (option, LIST (text (GROUP4), lo, text ("127.0.0.2")));
  ck_assert_uint_eq (bytes.length, sizeof request);
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_uint_eq (request.imr_multiaddr.s_addr, htonl (0xef010203));
  ck_assert_uint_eq (request.imr_interface.s_addr, htonl (INADDR_LOOPBACK));
  ck_assert_uint_eq (request.imr_sourceaddr.s_addr, htonl (0x7f000002));
  check_fault (option, LIST (text (GROUP4), lo), FAULT_RANGE);
  check_fault (option, LIST (text (GROUP4), lo, text ("::1")), FAULT_RANGE);
  check_fault (option, LIST (text (GROUP6), lo, text ("::1")), FAULT_RANGE);
  check_fault (option, LIST (text (GROUP4), lo, NIL), FAULT_TYPE);
}
END_TEST

START_TEST (test_group)
{
  const struct option *option = row (":mcast-join-group");
  struct group_req request;
  struct bytes bytes = encode (option, LIST (text (GROUP6), integer (7)));
  ck_assert_uint_eq (bytes.length, sizeof request);
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_uint_eq (request.gr_interface, 7);
  ck_assert_int_eq (request.gr_group.ss_family, AF_INET6);
  bytes_free (&bytes);
  bytes = encode (option, LIST (text (GROUP4)));
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_uint_eq (request.gr_interface, 0);
  ck_assert_int_eq (request.gr_group.ss_family, AF_INET);
  bytes_free (&bytes);
}
END_TEST

START_TEST (test_group_source)
{
  static const char *const keywords[]
    = { ":mcast-join-source-group", ":mcast-leave-source-group",
        ":mcast-block-source", ":mcast-unblock-source" };
  const struct option *option = row (keywords[_i]);
  struct group_source_req request;
  struct bytes bytes
    = encode (option, LIST (text (GROUP6), NIL, text ("::1")));
  ck_assert_uint_eq (bytes.length, sizeof request);
  memcpy (&request, bytes_data (&bytes), sizeof request);
  ck_assert_int_eq (request.gsr_group.ss_family, AF_INET6);
  ck_assert_int_eq (request.gsr_source.ss_family, AF_INET6);
  ck_assert_uint_eq (request.gsr_interface, 0);
  bytes_free (&bytes);
  check_fault (option, LIST (text (GROUP4), NIL, text ("127.0.0.1")),
               FAULT_NONE);
  check_fault (option, LIST (text (GROUP4), NIL, text ("::1")), FAULT_RANGE);
  check_fault (option, LIST (text (GROUP6), NIL, text ("127.0.0.1")),
               FAULT_RANGE);
  check_fault (option, LIST (text (GROUP4), NIL), FAULT_RANGE);
}
END_TEST

START_TEST (test_source_filter)
{
  static const char *const keywords[] = { ":ip-msfilter", ":mcast-msfilter" };
  const struct option *option = row (keywords[_i]);
  struct value group = text (GROUP4), lo = text ("lo");
  struct value source = text ("127.0.0.1"), other = text ("10.0.0.1");
  struct value include = symbol ("include"), exclude = symbol ("exclude");
  struct value value = LIST (group, lo, include, source, other);
  check_there_and_back (keywords[_i], value, value);
  value = LIST (group, lo, exclude);
  check_there_and_back (keywords[_i], value, value);
  check_fault (option, LIST (group, lo), FAULT_RANGE);
  check_fault (option, LIST (group, lo, symbol ("both")), FAULT_RANGE);
  check_fault (option, LIST (group, lo, text ("include")), FAULT_TYPE);
  check_fault (option, LIST (group, lo, include, text ("::1")), FAULT_RANGE);
  check_fault (option, LIST (group, lo, include, NIL), FAULT_TYPE);
  check_fault (option, LIST (source, text ("no-such-iface"), include),
               FAULT_RANGE);
  check_fault (option, VECTOR (group, lo, include), FAULT_TYPE);
}
END_TEST

START_TEST (test_source_filter6)
{
  struct value value = LIST (text (GROUP6), text ("lo"), symbol ("exclude"),
                             text ("::1"), text ("fe80::1"));
  check_there_and_back (":mcast-msfilter", value, value);
  check_fault (row (":ip-msfilter"), value, FAULT_RANGE);
}
END_TEST

/* 128 sources, and one too many.  */
START_TEST (test_source_filter_many)
{
  static const char *const keywords[] = { ":ip-msfilter", ":mcast-msfilter" };
  struct value items[3 + 129];
  struct value list
    = { .type = VALUE_LIST, .as.items = items, .size = 3 + 128 };
  items[0] = text (GROUP4);
  items[1] = text ("lo");
  items[2] = symbol ("include");
  for (size_t i = 3; i < 3 + 129; i++)
    items[i] = text ("127.0.0.1");
  check_there_and_back (keywords[_i], list, list);
  list.size++;
  check_fault (row (keywords[_i]), list, FAULT_RANGE);
}
END_TEST

/* The kernel gives less than it says, or than there must be.  */
START_TEST (test_source_filter_cut)
{
  static const char *const keywords[] = { ":ip-msfilter", ":mcast-msfilter" };
  const struct option *option = row (keywords[_i]);
  struct bytes bytes
    = encode (option, LIST (text (GROUP4), text ("lo"), symbol ("include"),
                            text ("127.0.0.1")));
  check_length (option, bytes, bytes.length - 1);
  check_length (option, bytes, 0);
  bytes_free (&bytes);
}
END_TEST

START_TEST (test_source_filter_prepare)
{
  static const char *const keywords[] = { ":ip-msfilter", ":mcast-msfilter" };
  const struct option *option = row (keywords[_i]);
  struct bytes bytes = prepare (option, LIST (text (GROUP4), text ("lo")));
  ck_assert_uint_gt (bytes.length, 128 * sizeof (struct in_addr));
  bytes_free (&bytes);
  struct value bad[] = { NIL, LIST (integer (1), NIL), LIST (text ("x"), NIL),
                         LIST (text (GROUP4), NIL, NIL) };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_int_ne (option->kind->prepare (option, &bad[i], &bytes),
                      FAULT_NONE);
  bytes_free (&bytes);
}
END_TEST

/* Ports, peers and packets.  */

START_TEST (test_port_range)
{
  const struct option *option = row (":ip-local-port-range");
  struct bytes bytes
    = encode (option, LIST (integer (40000), integer (50000)));
  ck_assert_uint_eq (bytes.length, 4);
  ck_assert_uint_eq (bytes.as.unsigned32, 50000U << 16 | 40000);
  check_same (decode (option, bytes), LIST (integer (40000), integer (50000)));
  check_there_and_back (":ip-local-port-range", NIL, NIL);
  check_fault (option, LIST (integer (7), integer (7)), FAULT_NONE);
  check_fault (option, LIST (integer (50000), integer (40000)), FAULT_RANGE);
  check_fault (option, LIST (integer (1), integer (65536)), FAULT_RANGE);
  check_fault (option, LIST (integer (-1), integer (5)), FAULT_RANGE);
  check_fault (option, LIST (integer (1)), FAULT_RANGE);
  check_fault (option, LIST (integer (1), integer (2), integer (3)),
               FAULT_RANGE);
  check_fault (option, LIST (integer (1), NIL), FAULT_TYPE);
  check_fault (option, integer (1), FAULT_TYPE);
  check_length (option, bytes, 2);
}
END_TEST

START_TEST (test_packet_info)
{
  const struct option *option = row (":ipv6-pktinfo");
  struct in6_pktinfo info;
  struct bytes bytes = encode (option, LIST (text ("::1"), text ("lo")));
  ck_assert_uint_eq (bytes.length, sizeof info);
  memcpy (&info, bytes_data (&bytes), sizeof info);
  ck_assert_mem_eq (&info.ipi6_addr, &in6addr_loopback, 16);
  ck_assert_uint_eq (info.ipi6_ifindex, if_nametoindex ("lo"));
  bytes_free (&bytes);
  check_fault (option, NIL, FAULT_NONE);
  check_fault (option, LIST (NIL, NIL), FAULT_NONE);
  check_fault (option, LIST (text ("127.0.0.1"), NIL), FAULT_RANGE);
  check_fault (option, LIST (text ("::1"), text ("no-such-iface")),
               FAULT_RANGE);
  check_fault (option, LIST (text ("::1")), FAULT_RANGE);
  check_fault (option, text ("::1"), FAULT_TYPE);
}
END_TEST

START_TEST (test_credentials)
{
  struct ucred peer = { .pid = 7, .uid = 1000, .gid = 100 };
  struct value value = decode_data (":peercred", &peer, sizeof peer);
  check_number (&value, ":pid", 7);
  check_number (&value, ":uid", 1000);
  check_number (&value, ":gid", 100);
  peer = (struct ucred){ .pid = 0, .uid = (uid_t) -1, .gid = (gid_t) -1 };
  check_same (decode_data (":peercred", &peer, sizeof peer), NIL);
  check_length (row (":peercred"), bytes_of (&peer, sizeof peer), 8);
}
END_TEST

/* More than there is room for at first.  */
START_TEST (test_groups)
{
  gid_t groups[200];
  for (size_t i = 0; i < 200; i++)
    groups[i] = (gid_t) (UINT32_MAX - i);
  struct value value = decode_data (":peergroups", groups, sizeof groups);
  ck_assert_uint_eq (value.size, 200);
  check_same (value.as.items[0], integer (UINT32_MAX));
  check_same (value.as.items[199], integer (UINT32_MAX - 199));
  check_same (decode_data (":peergroups", groups, 0), NIL);
}
END_TEST

START_TEST (test_socket_address)
{
  struct sockaddr_in ipv4 = { .sin_family = AF_INET,
                              .sin_port = htons (8080),
                              .sin_addr.s_addr = htonl (0x7f000002) };
  struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6,
                               .sin6_port = htons (81),
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  struct value zero = integer (0);
  check_same (decode_data (":original-dst", &ipv4, sizeof ipv4),
              VECTOR (integer (127), zero, zero, integer (2), integer (8080)));
  check_same (decode_data (":ip6t-so-original-dst", &ipv6, sizeof ipv6),
              VECTOR (zero, zero, zero, zero, zero, zero, zero, integer (1),
                      integer (81)));
  check_same (decode_data (":original-dst", &ipv4, 0), NIL);
}
END_TEST

START_TEST (test_path_mtu)
{
  struct ip6_mtuinfo info = { .ip6m_mtu = 1400 };
  info.ip6m_addr.sin6_family = AF_INET6;
  info.ip6m_addr.sin6_port = htons (81);
  struct value value = decode_data (":ipv6-pathmtu", &info, sizeof info);
  check_number (&value, ":mtu", 1400);
  ck_assert_uint_eq (plist_get (&value, ":addr")->size, 9);
  struct bytes bytes = bytes_of (&info, sizeof info);
  check_length (row (":ipv6-pathmtu"), bytes, 28);
  bytes_free (&bytes);
}
END_TEST

/* What the kernel tells of a connection.  */

/* struct tcp_info with something in every field that is looked at.  */
static void
make_tcp_info (char data[280])
{
  uint32_t word;
  memset (data, 0, 280);
  data[0] = 1;          /* established */
  data[1] = 3;          /* recovery */
  data[5] = 1 | 2 | 64; /* timestamps, sack, usec-ts */
  data[6] = 0x75;       /* 5 to send, 7 to receive */
  data[7] = 1 | 3 << 1; /* app limited; fail */
  for (word = 8; word < 280; word += 4)
    memcpy (data + word, &word, sizeof word);
}

static struct value
decode_tcp_info (size_t length)
{
  char data[280];
  make_tcp_info (data);
  return decode_data (":tcp-info", data, length);
}

/* PLIST has the first of two fields, and ends before the second.  */
static void
check_end (const struct value *plist, const char *last, const char *next)
{
  ck_assert_msg (plist_get (plist, last), "no %s", last);
  ck_assert_msg (!plist_get (plist, next), "%s", next);
}

START_TEST (test_tcp_info)
{
  struct value value = decode_tcp_info (104);
  check_name (&value, ":state", "established");
  check_name (&value, ":ca-state", "recovery");
  check_number (&value, ":snd-wscale", 5);
  check_number (&value, ":rcv-wscale", 7);
  check_same (*plist_get (&value, ":options"),
              LIST (symbol ("timestamps"), symbol ("sack"),
                    symbol ("usec-ts")));
  check_number (&value, ":rto", 8);
  check_number (&value, ":rtt", 68);
  check_number (&value, ":total-retrans", 100);
  ck_assert_uint_eq (value.size, 2 * 32);
  check_end (&value, ":total-retrans", ":pacing-rate");
}
END_TEST

/* Each field is there as soon as the structure is long enough.  */
START_TEST (test_tcp_info_lengths)
{
  static const struct
  {
    size_t length;
    const char *last, *next;
  } steps[] = {
    { 104, ":total-retrans", ":pacing-rate" },
    { 111, ":total-retrans", ":pacing-rate" },
    { 112, ":pacing-rate", ":max-pacing-rate" },
    { 120, ":max-pacing-rate", ":bytes-acked" },
    { 136, ":bytes-received", ":segs-out" },
    { 144, ":segs-in", ":notsent-bytes" },
    { 160, ":data-segs-out", ":delivery-rate" },
    { 160, ":data-segs-out", ":delivery-rate-app-limited" },
    { 167, ":data-segs-out", ":delivery-rate-app-limited" },
    { 168, ":delivery-rate", ":busy-time" },
    { 168, ":delivery-rate-app-limited", ":fastopen-client-fail" },
    { 192, ":sndbuf-limited", ":delivered" },
    { 200, ":delivered-ce", ":bytes-sent" },
    { 224, ":reord-seen", ":rcv-ooopack" },
    { 231, ":rcv-ooopack", ":fastopen-client-fail" },
    { 232, ":snd-wnd", ":rcv-wnd" },
    { 232, ":fastopen-client-fail", ":rehash" },
    { 240, ":rehash", ":total-rto" },
    { 248, ":total-rto-time", ":received-ce" },
    { 280, ":received-ce-bytes", ":no-such-key" },
    { 3, ":retransmits", ":probes" },
  };
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
    {
      struct value value = decode_tcp_info (steps[i].length);
      check_end (&value, steps[i].last, steps[i].next);
    }
  ck_assert_uint_eq (decode_tcp_info (0).size, 0);
}
END_TEST

START_TEST (test_tcp_info_fields)
{
  char data[280];
  uint64_t big = UINT64_MAX, number = (uint64_t) 1 << 40;
  make_tcp_info (data);
  memcpy (data + 104, &number, 8);
  memcpy (data + 112, &big, 8);
  memset (data + 240, 0xff, 2);
  struct value value = decode_data (":tcp-info", data, sizeof data);
  check_number (&value, ":pacing-rate", (intmax_t) number);
  check_same (*plist_get (&value, ":max-pacing-rate"), NIL);
  check_number (&value, ":segs-out", 136);
  check_number (&value, ":min-rtt", 148);
  check_number (&value, ":delivery-rate-app-limited", 1);
  check_number (&value, ":fastopen-client-fail", 3);
  check_number (&value, ":snd-wnd", 228);
  check_number (&value, ":total-rto", 65535);
  check_number (&value, ":total-rto-recoveries", 0);
  check_number (&value, ":total-rto-time", 244);
}
END_TEST

/* What has no name stays a number; a 32-bit word of all ones is one.  */
START_TEST (test_tcp_info_unknown)
{
  char data[280];
  make_tcp_info (data);
  data[0] = 99;
  memset (data + 76, 0xff, 4);
  struct value value = decode_data (":tcp-info", data, 104);
  check_number (&value, ":state", 99);
  check_number (&value, ":snd-ssthresh", UINT32_MAX);
}
END_TEST

START_TEST (test_memory_info)
{
  uint32_t words[9];
  for (uint32_t i = 0; i < 9; i++)
    words[i] = 100 + i;
  struct value value = decode_data (":meminfo", words, sizeof words);
  ck_assert_uint_eq (value.size, 2 * 9);
  check_number (&value, ":rmem-alloc", 100);
  check_number (&value, ":rcvbuf", 101);
  check_number (&value, ":drops", 108);
  value = decode_data (":meminfo", words, 8 * 4);
  ck_assert_uint_eq (value.size, 2 * 8);
  check_end (&value, ":backlog", ":drops");
}
END_TEST

/* The name of the algorithm, and what it says.  */
static struct value
congestion_info (const char *name, size_t size)
{
  char data[16 + 64] = { 0 };
  strcpy (data, name);
  for (uint32_t i = 0; i < 5; i++)
    memcpy (data + 16 + 4 * i, &(uint32_t){ 10 + i }, 4);
  return decode_data (":tcp-cc-info", data, 16 + size);
}

START_TEST (test_congestion_info)
{
  struct value value = congestion_info ("bbr", 20);
  check_number (&value, ":bw-lo", 10);
  check_number (&value, ":cwnd-gain", 14);
  value = congestion_info ("dctcp", 16);
  check_number (&value, ":enabled", 10);
  check_number (&value, ":ce-state", 0);
  check_number (&value, ":ab-tot", 13);
  value = congestion_info ("vegas", 16);
  check_number (&value, ":minrtt", 13);
  check_same (congestion_info ("cubic", 0), NIL);
}
END_TEST

/* Two subflows, of which only one is there whole.  */
START_TEST (test_mptcp_addresses)
{
  struct
  {
    uint32_t header_size, count, kernel_size, user_size;
    struct sockaddr_storage ends[4];
  } data = { .header_size = 16, .count = 2 };
  data.ends[0].ss_family = AF_INET;
  data.ends[1].ss_family = AF_INET6;
  struct value value
    = decode_data (":mptcp-subflow-addrs", &data, 16 + 2 * 128);
  ck_assert_uint_eq (value.size, 1);
  ck_assert_uint_eq (value.as.items[0].size, 2);
  ck_assert_uint_eq (value.as.items[0].as.items[0].size, 5);
  ck_assert_uint_eq (value.as.items[0].as.items[1].size, 9);
  value = decode_data (":mptcp-subflow-addrs", &data, sizeof data);
  ck_assert_uint_eq (value.size, 2);
  data.count = 1;
  value = decode_data (":mptcp-subflow-addrs", &data, sizeof data);
  ck_assert_uint_eq (value.size, 1);
}
END_TEST

/* The kernel knows less of each subflow than we.  */
START_TEST (test_mptcp_tcp_info)
{
  struct
  {
    uint32_t header_size, count, kernel_size, user_size;
    char infos[2][280];
  } data = { .header_size = 16, .count = 2, .kernel_size = 104 };
  make_tcp_info (data.infos[0]);
  make_tcp_info (data.infos[1]);
  struct value value = decode_data (":mptcp-tcpinfo", &data, sizeof data);
  ck_assert_uint_eq (value.size, 2);
  check_end (&value.as.items[1], ":total-retrans", ":pacing-rate");
  check_number (&value.as.items[1], ":rtt", 68);
  data.kernel_size = 10000;
  value = decode_data (":mptcp-tcpinfo", &data, sizeof data);
  check_number (&value.as.items[0], ":received-ce-bytes", 272);
}
END_TEST

START_TEST (test_mptcp_info)
{
  char data[96] = { 3 };
  data[8] = 1;
  memset (data + 16, 0xff, 8);
  struct value value = decode_data (":mptcp-info", data, sizeof data);
  check_number (&value, ":subflows", 3);
  check_same (*plist_get (&value, ":flags"), LIST (symbol ("fallback")));
  check_same (*plist_get (&value, ":write-seq"), NIL);
  value = decode_data (":mptcp-info", data, 47);
  check_end (&value, ":csum-enabled", ":retransmits");
}
END_TEST

static void
add_numbers (Suite *suite)
{
  TCase *values = add_case (suite, "values");
  tcase_add_test (values, test_bytes_within);
  tcase_add_test (values, test_bytes_allocated);
  tcase_add_test (values, test_pool);
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
  tcase_add_test (seconds, test_seconds_below_next);
  tcase_add_test (seconds, test_seconds_range);
  tcase_add_test (seconds, test_seconds_zero);
  tcase_add_test (seconds, test_seconds_decode);
}

static void
add_names (Suite *suite)
{
  TCase *names = add_case (suite, "names");
  tcase_add_test (names, test_name);
  tcase_add_test (names, test_octets);
  tcase_add_loop_test (names, test_interface_index, 0, 5);
  tcase_add_test (names, test_interface_gone);
  tcase_add_test (names, test_mtu_discover);
  tcase_add_test (names, test_read_names);
  tcase_add_test (names, test_error);
  tcase_add_loop_test (names, test_flags, 0, 3);
  tcase_add_test (names, test_flags_all);
  TCase *filter = add_case (suite, "filter");
  tcase_add_test (filter, test_filter);
  tcase_add_test (filter, test_filter_jumps);
  tcase_add_test (filter, test_filter_without_return);
  tcase_add_test (filter, test_filter_parts);
  tcase_add_test (filter, test_filter_length);
  tcase_add_test (filter, test_icmp_filter);
  tcase_add_test (filter, test_icmp6_filter);
}

static void
add_groups (Suite *suite)
{
  TCase *group = add_case (suite, "groups");
  tcase_add_loop_test (group, test_membership4, 0, 2);
  tcase_add_loop_test (group, test_membership6, 0, 2);
  tcase_add_loop_test (group, test_membership_faults, 0, 3);
  tcase_add_test (group, test_inet_vectors);
  tcase_add_loop_test (group, test_source4, 0, 4);
  tcase_add_test (group, test_group);
  tcase_add_loop_test (group, test_group_source, 0, 4);
  tcase_add_loop_test (group, test_source_filter, 0, 2);
  tcase_add_test (group, test_source_filter6);
  tcase_add_loop_test (group, test_source_filter_many, 0, 2);
  tcase_add_loop_test (group, test_source_filter_cut, 0, 2);
  tcase_add_loop_test (group, test_source_filter_prepare, 0, 2);
}

Suite *
structure_suite (void)
{
  Suite *suite = suite_create ("structure");
  add_numbers (suite);
  add_names (suite);
  add_groups (suite);
  TCase *peer = add_case (suite, "peers");
  tcase_add_test (peer, test_port_range);
  tcase_add_test (peer, test_packet_info);
  tcase_add_test (peer, test_credentials);
  tcase_add_test (peer, test_groups);
  tcase_add_test (peer, test_socket_address);
  tcase_add_test (peer, test_path_mtu);
  TCase *info = add_case (suite, "info");
  tcase_add_test (info, test_tcp_info);
  tcase_add_test (info, test_tcp_info_lengths);
  tcase_add_test (info, test_tcp_info_fields);
  tcase_add_test (info, test_tcp_info_unknown);
  tcase_add_test (info, test_memory_info);
  tcase_add_test (info, test_congestion_info);
  tcase_add_test (info, test_mptcp_addresses);
  tcase_add_test (info, test_mptcp_tcp_info);
  tcase_add_test (info, test_mptcp_info);
  return suite;
}

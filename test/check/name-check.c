/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the kinds whose values have names.  */

#include "option/config.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#include "option/constants.h"
#include "option/kind.h"
#include "option/option.h"
#include "suites.h"
#include "values.h"

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

START_TEST (test_names_text)
{
  static const struct name names[]
    = { { "one", 1 }, { "two", 2 }, { "three", 3 }, { NULL, 0 } };
  char buffer[16];
  names_text (names, buffer, 16);
  ck_assert_str_eq (buffer, "one, two, three");
  names_text (names, buffer, 15);
  ck_assert_str_eq (buffer, "one, two, thre");
  names_text (names, buffer, 6);
  ck_assert_str_eq (buffer, "one, ");
  names_text (names, buffer, 1);
  ck_assert_str_eq (buffer, "");
  names_text (names + 3, buffer, 16);
  ck_assert_str_eq (buffer, "");
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
  check_fault (option, text ("an-iface-of-16-b"), FAULT_RANGE);
  check_fault (option, integer (-1), FAULT_RANGE);
  check_fault (option, integer ((intmax_t) INT_MAX + 1), FAULT_RANGE);
  check_fault (option, of_type (VALUE_BIG), FAULT_RANGE);
  check_fault (option, of_type (VALUE_T), FAULT_TYPE);
  check_fault (option, symbol ("lo"), FAULT_TYPE);
  check_length (option, int_bytes (1), 3);
  /* Without a descriptor the kernel cannot be asked.  */
  struct rlimit old = limit_descriptors (0);
  check_fault (option, text ("lo"), FAULT_SYSTEM);
  ck_assert_int_eq (errno, EMFILE);
  check_fault (option, text ("127.0.0.1"), FAULT_SYSTEM);
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &old), 0);
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
  check_same (decode (option, int_bytes (EPERM)).as.items[0],
              symbol ("EPERM"));
  check_same (decode (option, int_bytes (ETIMEDOUT)).as.items[0],
              symbol ("ETIMEDOUT"));
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

Suite *
name_suite (void)
{
  Suite *suite = suite_create ("name");
  TCase *names = add_case (suite, "names");
  tcase_add_test (names, test_name);
  tcase_add_test (names, test_names_text);
  tcase_add_test (names, test_octets);
  tcase_add_loop_test (names, test_interface_index, 0, 5);
  tcase_add_test (names, test_interface_gone);
  tcase_add_test (names, test_mtu_discover);
  tcase_add_test (names, test_read_names);
  tcase_add_test (names, test_error);
  tcase_add_loop_test (names, test_flags, 0, 3);
  tcase_add_test (names, test_flags_all);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what the kernel tells of a connection.  */

#include "option/config.h"

#include <string.h>

#include "option/option.h"
#include "suites.h"
#include "values.h"

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

Suite *
info_suite (void)
{
  Suite *suite = suite_create ("info");
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

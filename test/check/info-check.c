/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what the kernel tells of a connection.  */

#include "option/config.h"

#include <string.h>

#include "option/option.h"
#include "records.h"
#include "suites.h"
#include "values.h"

/* SK_MEMINFO_* of linux/sock_diag.h.  */
struct kernel_memory
{
  uint32_t rmem_alloc, rcvbuf, wmem_alloc, sndbuf, fwd_alloc;
  uint32_t wmem_queued, optmem, backlog, drops;
};

/* What comes of TCP_CC_INFO in linux/inet_diag.h, after the name of the
   algorithm.  */
struct kernel_vegas
{
  char name[16];
  uint32_t enabled, rttcnt, rtt, minrtt;
};

struct kernel_dctcp
{
  char name[16];
  uint16_t enabled, ce_state;
  uint32_t alpha, ab_ecn, ab_tot;
};

struct kernel_bbr
{
  char name[16];
  uint32_t bw_lo, bw_hi, min_rtt, pacing_gain, cwnd_gain;
};

/* tcp_info.  */

static const struct part tcp_parts[] = {
  PART (tcp, ":state", state),
  PART (tcp, ":ca-state", ca_state),
  PART (tcp, ":retransmits", retransmits),
  PART (tcp, ":probes", probes),
  PART (tcp, ":backoff", backoff),
  PART (tcp, ":rto", rto),
  PART (tcp, ":ato", ato),
  PART (tcp, ":snd-mss", snd_mss),
  PART (tcp, ":rcv-mss", rcv_mss),
  PART (tcp, ":unacked", unacked),
  PART (tcp, ":sacked", sacked),
  PART (tcp, ":lost", lost),
  PART (tcp, ":retrans", retrans),
  PART (tcp, ":fackets", fackets),
  PART (tcp, ":last-data-sent", last_data_sent),
  PART (tcp, ":last-ack-sent", last_ack_sent),
  PART (tcp, ":last-data-recv", last_data_recv),
  PART (tcp, ":last-ack-recv", last_ack_recv),
  PART (tcp, ":pmtu", pmtu),
  PART (tcp, ":rcv-ssthresh", rcv_ssthresh),
  PART (tcp, ":rtt", rtt),
  PART (tcp, ":rttvar", rttvar),
  PART (tcp, ":snd-ssthresh", snd_ssthresh),
  PART (tcp, ":snd-cwnd", snd_cwnd),
  PART (tcp, ":advmss", advmss),
  PART (tcp, ":reordering", reordering),
  PART (tcp, ":rcv-rtt", rcv_rtt),
  PART (tcp, ":rcv-space", rcv_space),
  PART (tcp, ":total-retrans", total_retrans),
  PART (tcp, ":pacing-rate", pacing_rate),
  PART (tcp, ":max-pacing-rate", max_pacing_rate),
  PART (tcp, ":bytes-acked", bytes_acked),
  PART (tcp, ":bytes-received", bytes_received),
  PART (tcp, ":segs-out", segs_out),
  PART (tcp, ":segs-in", segs_in),
  PART (tcp, ":notsent-bytes", notsent_bytes),
  PART (tcp, ":min-rtt", min_rtt),
  PART (tcp, ":data-segs-in", data_segs_in),
  PART (tcp, ":data-segs-out", data_segs_out),
  PART (tcp, ":delivery-rate", delivery_rate),
  PART (tcp, ":busy-time", busy_time),
  PART (tcp, ":rwnd-limited", rwnd_limited),
  PART (tcp, ":sndbuf-limited", sndbuf_limited),
  PART (tcp, ":delivered", delivered),
  PART (tcp, ":delivered-ce", delivered_ce),
  PART (tcp, ":bytes-sent", bytes_sent),
  PART (tcp, ":bytes-retrans", bytes_retrans),
  PART (tcp, ":dsack-dups", dsack_dups),
  PART (tcp, ":reord-seen", reord_seen),
  PART (tcp, ":rcv-ooopack", rcv_ooopack),
  PART (tcp, ":snd-wnd", snd_wnd),
  PART (tcp, ":rcv-wnd", rcv_wnd),
  PART (tcp, ":rehash", rehash),
  PART (tcp, ":total-rto", total_rto),
  PART (tcp, ":total-rto-recoveries", total_rto_recoveries),
  PART (tcp, ":total-rto-time", total_rto_time),
  PART (tcp, ":received-ce", received_ce),
  PART (tcp, ":delivered-e1-bytes", delivered_e1_bytes),
  PART (tcp, ":delivered-e0-bytes", delivered_e0_bytes),
  PART (tcp, ":delivered-ce-bytes", delivered_ce_bytes),
  PART (tcp, ":received-e1-bytes", received_e1_bytes),
  PART (tcp, ":received-e0-bytes", received_e0_bytes),
  PART (tcp, ":received-ce-bytes", received_ce_bytes),
};

static struct value
decode_tcp (const struct kernel_tcp *info, size_t length)
{
  return decode_data (":tcp-info", info, length);
}

/* There is room for all that the newest kernel tells.  */
START_TEST (test_record_sizes)
{
  ck_assert_uint_eq (sizeof (struct kernel_tcp), 280);
  ck_assert_uint_eq (row (":tcp-info")->kind->size, 280);
  ck_assert_uint_ge (row (":meminfo")->kind->size,
                     sizeof (struct kernel_memory));
}
END_TEST

START_TEST (test_tcp_info)
{
  struct kernel_tcp info = tcp_record ();
  struct value value = decode_tcp (&info, 104);
  check_name (&value, ":state", "established");
  check_name (&value, ":ca-state", "recovery");
  check_number (&value, ":snd-wscale", 5);
  check_number (&value, ":rcv-wscale", 7);
  check_same (*plist_get (&value, ":options"),
              LIST (symbol ("timestamps"), symbol ("sack"),
                    symbol ("usec-ts")));
  check_number (&value, ":rto", info.rto);
  check_number (&value, ":rtt", info.rtt);
  check_number (&value, ":total-retrans", info.total_retrans);
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
  struct kernel_tcp info = tcp_record ();
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
    {
      struct value value = decode_tcp (&info, steps[i].length);
      check_end (&value, steps[i].last, steps[i].next);
    }
  ck_assert_uint_eq (decode_tcp (&info, 0).size, 0);
}
END_TEST

/* Beside those that are whole numbers, there are five.  */
START_TEST (test_tcp_info_fields)
{
  struct kernel_tcp info = tcp_record ();
  info.state = 77;
  info.ca_state = 78;
  struct value value = decode_tcp (&info, sizeof info);
  check_parts (&value, &info, PARTS (tcp_parts), 5);
  check_number (&value, ":snd-wscale", 5);
  check_number (&value, ":rcv-wscale", 7);
  check_number (&value, ":delivery-rate-app-limited", 1);
  check_number (&value, ":fastopen-client-fail", 3);
  info.delivery_rate_app_limited = 0;
  info.fastopen_client_fail = 2;
  value = decode_tcp (&info, sizeof info);
  check_number (&value, ":delivery-rate-app-limited", 0);
  check_number (&value, ":fastopen-client-fail", 2);
}
END_TEST

/* Only a 64-bit number can be none.  */
START_TEST (test_tcp_info_limits)
{
  struct kernel_tcp info = tcp_record ();
  info.pacing_rate = (uint64_t) 1 << 40;
  info.max_pacing_rate = UINT64_MAX;
  info.total_rto = UINT16_MAX;
  info.total_rto_recoveries = 0;
  struct value value = decode_tcp (&info, sizeof info);
  check_number (&value, ":pacing-rate", (intmax_t) 1 << 40);
  check_same (*plist_get (&value, ":max-pacing-rate"), NIL);
  check_number (&value, ":total-rto", 65535);
  check_number (&value, ":total-rto-recoveries", 0);
}
END_TEST

/* What has no name stays a number; a 32-bit word of all ones is one.  */
START_TEST (test_tcp_info_unknown)
{
  struct kernel_tcp info = tcp_record ();
  info.state = 99;
  info.snd_ssthresh = UINT32_MAX;
  struct value value = decode_tcp (&info, 104);
  check_number (&value, ":state", 99);
  check_number (&value, ":snd-ssthresh", UINT32_MAX);
}
END_TEST

/* The numbers that have names are those of linux/tcp.h and tcp(7).  */
START_TEST (test_tcp_info_names)
{
  static const char *const states[]
    = { "established", "syn-sent",  "syn-recv", "fin-wait1",
        "fin-wait2",   "time-wait", "close",    "close-wait",
        "last-ack",    "listen",    "closing",  "new-syn-recv" };
  static const char *const moods[]
    = { "open", "disorder", "cwr", "recovery", "loss" };
  static const char *const flags[]
    = { "timestamps", "sack",     "wscale",  "ecn",
        "ecn-seen",   "syn-data", "usec-ts", "tfo-child" };
  struct kernel_tcp info = tcp_record ();
  for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++)
    {
      info.state = (uint8_t) (i + 1);
      info.ca_state = (uint8_t) (i % 5);
      info.options = (uint8_t) (1 << i % 8);
      struct value value = decode_tcp (&info, sizeof info);
      check_name (&value, ":state", states[i]);
      check_name (&value, ":ca-state", moods[i % 5]);
      check_same (*plist_get (&value, ":options"),
                  LIST (symbol (flags[i % 8])));
    }
}
END_TEST

/* Memory.  */

static const struct part memory_parts[] = {
  PART (memory, ":rmem-alloc", rmem_alloc),
  PART (memory, ":rcvbuf", rcvbuf),
  PART (memory, ":wmem-alloc", wmem_alloc),
  PART (memory, ":sndbuf", sndbuf),
  PART (memory, ":fwd-alloc", fwd_alloc),
  PART (memory, ":wmem-queued", wmem_queued),
  PART (memory, ":optmem", optmem),
  PART (memory, ":backlog", backlog),
  PART (memory, ":drops", drops),
};

START_TEST (test_memory_info)
{
  struct kernel_memory memory;
  fill_record (&memory, sizeof memory);
  struct value value = decode_data (":meminfo", &memory, sizeof memory);
  check_parts (&value, &memory, PARTS (memory_parts), 0);
  value = decode_data (":meminfo", &memory, 8 * 4);
  ck_assert_uint_eq (value.size, 2 * 8);
  check_end (&value, ":backlog", ":drops");
}
END_TEST

/* Congestion control.  */

static const struct part vegas_parts[] = {
  PART (vegas, ":enabled", enabled),
  PART (vegas, ":rttcnt", rttcnt),
  PART (vegas, ":rtt", rtt),
  PART (vegas, ":minrtt", minrtt),
};

static const struct part dctcp_parts[] = {
  PART (dctcp, ":enabled", enabled), PART (dctcp, ":ce-state", ce_state),
  PART (dctcp, ":alpha", alpha),     PART (dctcp, ":ab-ecn", ab_ecn),
  PART (dctcp, ":ab-tot", ab_tot),
};

static const struct part bbr_parts[] = {
  PART (bbr, ":bw-lo", bw_lo),         PART (bbr, ":bw-hi", bw_hi),
  PART (bbr, ":min-rtt", min_rtt),     PART (bbr, ":pacing-gain", pacing_gain),
  PART (bbr, ":cwnd-gain", cwnd_gain),
};

/* The name of the algorithm, and SIZE bytes that it says, are read as
   PARTS.  */
static void
check_congestion (const char *name, size_t size, const struct part *parts,
                  size_t count)
{
  char data[16 + 64];
  fill_record (data, sizeof data);
  memset (data, 0, 16);
  strcpy (data, name);
  struct value value = decode_data (":tcp-cc-info", data, 16 + size);
  check_parts (&value, data, parts, count, 0);
}

START_TEST (test_congestion_info)
{
  check_congestion ("bbr", 20, PARTS (bbr_parts));
  check_congestion ("dctcp", 16, PARTS (dctcp_parts));
  check_congestion ("vegas", 16, PARTS (vegas_parts));
  check_congestion ("illinois", 16, PARTS (vegas_parts));
  check_congestion ("vegas", 12, vegas_parts, 3);
  struct kernel_vegas none = { .name = "cubic" };
  check_same (decode_data (":tcp-cc-info", &none, 16), NIL);
}
END_TEST

Suite *
info_suite (void)
{
  Suite *suite = suite_create ("info");
  TCase *info = add_case (suite, "info");
  tcase_add_test (info, test_record_sizes);
  tcase_add_test (info, test_tcp_info);
  tcase_add_test (info, test_tcp_info_lengths);
  tcase_add_test (info, test_tcp_info_fields);
  tcase_add_test (info, test_tcp_info_limits);
  tcase_add_test (info, test_tcp_info_names);
  tcase_add_test (info, test_tcp_info_unknown);
  tcase_add_test (info, test_memory_info);
  tcase_add_test (info, test_congestion_info);
  return suite;
}

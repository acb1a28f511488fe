/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what the kernel tells of a Multipath TCP connection.  */

#include "option/config.h"

#include <netinet/in.h>
#include <string.h>

#include "option/option.h"
#include "records.h"
#include "suites.h"
#include "values.h"

/* struct mptcp_info of linux/mptcp.h.  */
struct kernel_mptcp
{
  uint8_t subflows, add_addr_signal, add_addr_accepted, subflows_max;
  uint8_t add_addr_signal_max, add_addr_accepted_max;
  uint32_t flags, token;
  uint64_t write_seq, snd_una, rcv_nxt;
  uint8_t local_addr_used, local_addr_max, csum_enabled;
  uint32_t retransmits;
  uint64_t bytes_retrans, bytes_sent, bytes_received, bytes_acked;
  uint8_t subflows_total;
  uint32_t last_data_sent, last_data_recv, last_ack_recv;
};

static const struct part mptcp_parts[] = {
  PART (mptcp, ":subflows", subflows),
  PART (mptcp, ":add-addr-signal", add_addr_signal),
  PART (mptcp, ":add-addr-accepted", add_addr_accepted),
  PART (mptcp, ":subflows-max", subflows_max),
  PART (mptcp, ":add-addr-signal-max", add_addr_signal_max),
  PART (mptcp, ":add-addr-accepted-max", add_addr_accepted_max),
  PART (mptcp, ":token", token),
  PART (mptcp, ":write-seq", write_seq),
  PART (mptcp, ":snd-una", snd_una),
  PART (mptcp, ":rcv-nxt", rcv_nxt),
  PART (mptcp, ":local-addr-used", local_addr_used),
  PART (mptcp, ":local-addr-max", local_addr_max),
  PART (mptcp, ":csum-enabled", csum_enabled),
  PART (mptcp, ":retransmits", retransmits),
  PART (mptcp, ":bytes-retrans", bytes_retrans),
  PART (mptcp, ":bytes-sent", bytes_sent),
  PART (mptcp, ":bytes-received", bytes_received),
  PART (mptcp, ":bytes-acked", bytes_acked),
  PART (mptcp, ":subflows-total", subflows_total),
  PART (mptcp, ":last-data-sent", last_data_sent),
  PART (mptcp, ":last-data-recv", last_data_recv),
  PART (mptcp, ":last-ack-recv", last_ack_recv),
};

START_TEST (test_mptcp_info)
{
  struct kernel_mptcp info;
  fill_record (&info, sizeof info);
  info.flags = 1;
  struct value value = decode_data (":mptcp-info", &info, sizeof info);
  check_parts (&value, &info, PARTS (mptcp_parts), 1);
  check_same (*plist_get (&value, ":flags"), LIST (symbol ("fallback")));
  info.flags = 3;
  info.write_seq = UINT64_MAX;
  value = decode_data (":mptcp-info", &info, sizeof info);
  check_same (*plist_get (&value, ":flags"),
              LIST (symbol ("fallback"), symbol ("remote-key-received")));
  check_same (*plist_get (&value, ":write-seq"), NIL);
  value = decode_data (":mptcp-info", &info, 47);
  check_end (&value, ":csum-enabled", ":retransmits");
}
END_TEST

/* What comes before an array of what there is for each subflow.  */
struct kernel_subflows
{
  uint32_t header_size, count, kernel_size, user_size;
};

/* Two subflows, of which only one is there whole.  */
START_TEST (test_mptcp_addresses)
{
  struct
  {
    struct kernel_subflows header;
    struct sockaddr_storage ends[4];
  } data = { .header = { .header_size = 16, .count = 2 } };
  data.ends[0].ss_family = AF_INET;
  data.ends[1].ss_family = AF_INET6;
  struct value value
    = decode_data (":mptcp-subflow-addrs", &data, 16 + 2 * 128);
  ck_assert_uint_eq (value.size, 1);
  ck_assert_uint_eq (value.as.items[0].size, 2);
  ck_assert_uint_eq (value.as.items[0].as.items[0].size, 5);
  ck_assert_uint_eq (value.as.items[0].as.items[1].size, 9);
  value = decode_data (":mptcp-subflow-addrs", &data, sizeof data - 1);
  ck_assert_uint_eq (value.size, 1);
  value = decode_data (":mptcp-subflow-addrs", &data, sizeof data);
  ck_assert_uint_eq (value.size, 2);
  data.header.count = 1;
  value = decode_data (":mptcp-subflow-addrs", &data, sizeof data);
  ck_assert_uint_eq (value.size, 1);
}
END_TEST

/* The kernel knows less of each subflow than we.  */
START_TEST (test_mptcp_tcp_info)
{
  struct
  {
    struct kernel_subflows header;
    struct kernel_tcp infos[2];
  } data = {
    .header = { .header_size = 16, .count = 2, .kernel_size = 104 },
    .infos = { tcp_record (), tcp_record () },
  };
  data.infos[1].rtt = 4711;
  struct value value = decode_data (":mptcp-tcpinfo", &data, sizeof data);
  ck_assert_uint_eq (value.size, 2);
  check_end (&value.as.items[1], ":total-retrans", ":pacing-rate");
  check_number (&value.as.items[0], ":rtt", data.infos[0].rtt);
  check_number (&value.as.items[1], ":rtt", 4711);
  data.header.kernel_size = 10000;
  value = decode_data (":mptcp-tcpinfo", &data, sizeof data);
  check_number (&value.as.items[0], ":received-ce-bytes",
                data.infos[0].received_ce_bytes);
}
END_TEST

/* struct mptcp_full_info, and what its pointers lead to.  Only the first
   of the subflows is there.  */
START_TEST (test_mptcp_full_info)
{
  struct
  {
    struct
    {
      uint32_t tcp_kernel_size, tcp_user_size;
      uint32_t info_kernel_size, info_user_size;
      uint32_t count, room;
      uint64_t info, tcp;
      struct kernel_mptcp mptcp;
    } header;
    struct
    {
      uint32_t id;
      struct sockaddr_storage local, remote;
    } subflows[16];
    struct kernel_tcp infos[16];
  } data;
  memset (&data, 0, sizeof data);
  fill_record (&data.header.mptcp, sizeof data.header.mptcp);
  data.header.mptcp.flags = 0;
  data.header.tcp_kernel_size = 112;
  data.header.count = 2;
  data.subflows[0].id = 5;
  data.subflows[1].id = 6;
  data.subflows[1].local.ss_family = AF_INET;
  data.subflows[1].remote.ss_family = AF_INET6;
  data.infos[1] = tcp_record ();
  struct value value = decode_data (":mptcp-full-info", &data, sizeof data);
  const struct value *mptcp = plist_get (&value, ":mptcp-info");
  check_parts (mptcp, &data.header.mptcp, PARTS (mptcp_parts), 1);
  const struct value *subflows = plist_get (&value, ":subflows");
  ck_assert_uint_eq (subflows->size, 2);
  check_number (&subflows->as.items[0], ":id", 5);
  const struct value *second = &subflows->as.items[1];
  check_number (second, ":id", 6);
  const struct value *addresses = plist_get (second, ":addresses");
  ck_assert_uint_eq (addresses->as.items[0].size, 5);
  ck_assert_uint_eq (addresses->as.items[1].size, 9);
  const struct value *tcp = plist_get (second, ":tcp-info");
  check_number (tcp, ":rtt", data.infos[1].rtt);
  check_end (tcp, ":pacing-rate", ":max-pacing-rate");
  data.header.count = 17;
  value = decode_data (":mptcp-full-info", &data, sizeof data);
  ck_assert_uint_eq (plist_get (&value, ":subflows")->size, 16);
}
END_TEST

START_TEST (test_mptcp_info_size)
{
  ck_assert_uint_eq (sizeof (struct kernel_mptcp), 96);
  ck_assert_uint_eq (row (":mptcp-info")->kind->size, 96);
}
END_TEST

Suite *
mptcp_suite (void)
{
  Suite *suite = suite_create ("mptcp");
  TCase *info = add_case (suite, "info");
  tcase_add_test (info, test_mptcp_info_size);
  tcase_add_test (info, test_mptcp_info);
  tcase_add_test (info, test_mptcp_addresses);
  tcase_add_test (info, test_mptcp_tcp_info);
  tcase_add_test (info, test_mptcp_full_info);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of the kernel, for the C tests.  */

#ifndef SOCKOPT_RECORDS_H
#define SOCKOPT_RECORDS_H

#include "option/value.h"

/* What the kernel writes, written down a second time as structures.  The
   compiler then says where each field is, and on a big-endian machine,
   which bits of a byte.  */

/* struct tcp_info of linux/tcp.h, whose newest version is longer than the
   one of the C library.  */
struct kernel_tcp
{
  uint8_t state, ca_state, retransmits, probes, backoff, options;
  uint8_t snd_wscale : 4, rcv_wscale : 4;
  uint8_t delivery_rate_app_limited : 1, fastopen_client_fail : 2;
  uint32_t rto, ato, snd_mss, rcv_mss;
  uint32_t unacked, sacked, lost, retrans, fackets;
  uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
  uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss;
  uint32_t reordering, rcv_rtt, rcv_space, total_retrans;
  uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
  uint32_t segs_out, segs_in, notsent_bytes, min_rtt;
  uint32_t data_segs_in, data_segs_out;
  uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
  uint32_t delivered, delivered_ce;
  uint64_t bytes_sent, bytes_retrans;
  uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd, rcv_wnd, rehash;
  uint16_t total_rto, total_rto_recoveries;
  uint32_t total_rto_time;
  uint32_t received_ce, delivered_e1_bytes, delivered_e0_bytes;
  uint32_t delivered_ce_bytes, received_e1_bytes, received_e0_bytes;
  uint32_t received_ce_bytes, unused;
};

/* A field of a structure: the keyword that it has, where it is, and how
   long.  */
struct part
{
  const char *key;
  size_t offset;
  size_t size;
};

#define PART(type, key, member)                    \
 {                                                 \
  key, offsetof (struct kernel_##type, member),    \
    sizeof ((struct kernel_##type *) NULL)->member \
 }
#define PARTS(parts) parts, sizeof parts / sizeof parts[0]

/* Fill the SIZE bytes at DATA so that no two numbers in there are the
   same, and none is negative.  */
void fill_record (void *data, size_t size);

/* One with something in every field that is looked at.  */
struct kernel_tcp tcp_record (void);

/* In VALUE, which was read from DATA, each of the COUNT PARTS is as it is
   in DATA; beside them there are OTHERS.  */
void check_parts (const struct value *value, const void *data,
                  const struct part *parts, size_t count, size_t others);

#endif /* SOCKOPT_RECORDS_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Value kinds for what the kernel tells of a connection.  */

#include "option/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "option/constants.h"
#include "option/inet.h"
#include "option/option.h"
#include "option/record.h"

/* struct tcp_info of linux/tcp.h, in the kernel's units: times are
   microseconds for rto, ato, rtt, rttvar, rcv-rtt and min-rtt, busy-time,
   rwnd-limited and sndbuf-limited, and milliseconds for the last-*;
   rates are bytes per second.  */

static const struct name tcp_states[] = {
  { "established", 1 }, { "syn-sent", 2 },   { "syn-recv", 3 },
  { "fin-wait1", 4 },   { "fin-wait2", 5 },  { "time-wait", 6 },
  { "close", 7 },       { "close-wait", 8 }, { "last-ack", 9 },
  { "listen", 10 },     { "closing", 11 },   { "new-syn-recv", 12 },
  { NULL, 0 },
};

static const struct name congestion_states[]
  = { { "open", 0 },     { "disorder", 1 }, { "cwr", 2 },
      { "recovery", 3 }, { "loss", 4 },     { NULL, 0 } };

static const struct name tcp_options[]
  = { { "timestamps", 1 }, { "sack", 2 },        { "wscale", 4 },
      { "ecn", 8 },        { "ecn-seen", 16 },   { "syn-data", 32 },
      { "usec-ts", 64 },   { "tfo-child", 128 }, { NULL, 0 } };

static const struct field tcp_fields[] = {
  FIELD (":state", 0, 1, .names = tcp_states),
  FIELD (":ca-state", 1, 1, .names = congestion_states),
  FIELD (":retransmits", 2, 1),
  FIELD (":probes", 3, 1),
  FIELD (":backoff", 4, 1),
  FIELD (":options", 5, 1, .names = tcp_options, .flags = true),
  FIELD (":snd-wscale", 6, 1, .shift = 0, .width = 4),
  FIELD (":rcv-wscale", 6, 1, .shift = 4, .width = 4),
  FIELD (":rto", 8, 4),
  FIELD (":ato", 12, 4),
  FIELD (":snd-mss", 16, 4),
  FIELD (":rcv-mss", 20, 4),
  FIELD (":unacked", 24, 4),
  FIELD (":sacked", 28, 4),
  FIELD (":lost", 32, 4),
  FIELD (":retrans", 36, 4),
  FIELD (":fackets", 40, 4),
  FIELD (":last-data-sent", 44, 4),
  FIELD (":last-ack-sent", 48, 4),
  FIELD (":last-data-recv", 52, 4),
  FIELD (":last-ack-recv", 56, 4),
  FIELD (":pmtu", 60, 4),
  FIELD (":rcv-ssthresh", 64, 4),
  FIELD (":rtt", 68, 4),
  FIELD (":rttvar", 72, 4),
  FIELD (":snd-ssthresh", 76, 4),
  FIELD (":snd-cwnd", 80, 4),
  FIELD (":advmss", 84, 4),
  FIELD (":reordering", 88, 4),
  FIELD (":rcv-rtt", 92, 4),
  FIELD (":rcv-space", 96, 4),
  FIELD (":total-retrans", 100, 4),
  FIELD (":pacing-rate", 104, 8),
  FIELD (":max-pacing-rate", 112, 8),
  FIELD (":bytes-acked", 120, 8),
  FIELD (":bytes-received", 128, 8),
  FIELD (":segs-out", 136, 4),
  FIELD (":segs-in", 140, 4),
  FIELD (":notsent-bytes", 144, 4),
  FIELD (":min-rtt", 148, 4),
  FIELD (":data-segs-in", 152, 4),
  FIELD (":data-segs-out", 156, 4),
  FIELD (":delivery-rate", 160, 8),
  FIELD (":delivery-rate-app-limited", 7, 1, .shift = 0, .width = 1,
         .since = 168),
  FIELD (":busy-time", 168, 8),
  FIELD (":rwnd-limited", 176, 8),
  FIELD (":sndbuf-limited", 184, 8),
  FIELD (":delivered", 192, 4),
  FIELD (":delivered-ce", 196, 4),
  FIELD (":bytes-sent", 200, 8),
  FIELD (":bytes-retrans", 208, 8),
  FIELD (":dsack-dups", 216, 4),
  FIELD (":reord-seen", 220, 4),
  FIELD (":rcv-ooopack", 224, 4),
  FIELD (":snd-wnd", 228, 4),
  FIELD (":fastopen-client-fail", 7, 1, .shift = 1, .width = 2, .since = 232),
  FIELD (":rcv-wnd", 232, 4),
  FIELD (":rehash", 236, 4),
  FIELD (":total-rto", 240, 2),
  FIELD (":total-rto-recoveries", 242, 2),
  FIELD (":total-rto-time", 244, 4),
  FIELD (":received-ce", 248, 4),
  FIELD (":delivered-e1-bytes", 252, 4),
  FIELD (":delivered-e0-bytes", 256, 4),
  FIELD (":delivered-ce-bytes", 260, 4),
  FIELD (":received-e1-bytes", 264, 4),
  FIELD (":received-e0-bytes", 268, 4),
  FIELD (":received-ce-bytes", 272, 4),
};

enum
{
  TCP_INFO_SIZE = 280
};

static enum fault
tcp_info_to_value (const void *data, size_t length, struct pool *pool,
                   struct value *value)
{
  return record_to_value (tcp_fields, RECORD_COUNT (tcp_fields), data, length,
                          pool, value);
}

static enum fault
decode_tcp_info (const struct option *option, const struct bytes *bytes,
                 struct pool *pool, struct value *value)
{
  (void) option;
  return tcp_info_to_value (bytes_data (bytes), bytes->length, pool, value);
}

const struct kind kind_tcp_info = {
  .name = "plist",
  .predicate = "listp",
  .size = TCP_INFO_SIZE,
  .decode = decode_tcp_info,
};

/* SO_MEMINFO: SK_MEMINFO_* of linux/sock_diag.h.  */
static const struct field memory_fields[] = {
  FIELD (":rmem-alloc", 0, 4), FIELD (":rcvbuf", 4, 4),
  FIELD (":wmem-alloc", 8, 4), FIELD (":sndbuf", 12, 4),
  FIELD (":fwd-alloc", 16, 4), FIELD (":wmem-queued", 20, 4),
  FIELD (":optmem", 24, 4),    FIELD (":backlog", 28, 4),
  FIELD (":drops", 32, 4),
};

static enum fault
decode_memory_info (const struct option *option, const struct bytes *bytes,
                    struct pool *pool, struct value *value)
{
  (void) option;
  return record_to_value (memory_fields, RECORD_COUNT (memory_fields),
                          bytes_data (bytes), bytes->length, pool, value);
}

const struct kind kind_memory_info = {
  .name = "plist",
  .predicate = "listp",
  .size = FIRST_ROOM,
  .decode = decode_memory_info,
};

#if defined TCP_CC_INFO && defined TCP_CONGESTION

/* TCP_CC_INFO: which structure it is depends on the algorithm, so the
   name of that is read along with it and put before.  */

enum
{
  CONGESTION_NAME_SIZE = 16,
  CONGESTION_INFO_SIZE = 64
};

static const struct field vegas_fields[] = {
  FIELD (":enabled", 0, 4),
  FIELD (":rttcnt", 4, 4),
  FIELD (":rtt", 8, 4),
  FIELD (":minrtt", 12, 4),
};

static const struct field dctcp_fields[] = {
  FIELD (":enabled", 0, 2), FIELD (":ce-state", 2, 2), FIELD (":alpha", 4, 4),
  FIELD (":ab-ecn", 8, 4),  FIELD (":ab-tot", 12, 4),
};

/* The bandwidth is one number in two halves, low and high; the kernel
   keeps them in this order on every machine.  */
static const struct field bbr_fields[] = {
  FIELD (":bw-lo", 0, 4),      FIELD (":bw-hi", 4, 4),
  FIELD (":min-rtt", 8, 4),    FIELD (":pacing-gain", 12, 4),
  FIELD (":cwnd-gain", 16, 4),
};

static int
get_congestion_info (int fd, const struct option *option, struct bytes *bytes)
{
  char *room
    = bytes_reserve (bytes, CONGESTION_NAME_SIZE + CONGESTION_INFO_SIZE);
  socklen_t name_size = CONGESTION_NAME_SIZE;
  socklen_t size = CONGESTION_INFO_SIZE;
  if (!room)
    return ENOMEM;
  if (getsockopt (fd, IPPROTO_TCP, TCP_CONGESTION, room, &name_size) < 0
      || getsockopt (fd, option->level, option->number,
                     room + CONGESTION_NAME_SIZE, &size)
           < 0)
    return errno;
  bytes->length = CONGESTION_NAME_SIZE + size;
  return 0;
}

static enum fault
decode_congestion_info (const struct option *option, const struct bytes *bytes,
                        struct pool *pool, struct value *value)
{
  (void) option;
  const char *name = bytes_data (bytes);
  const char *data = name + CONGESTION_NAME_SIZE;
  size_t length = bytes->length - CONGESTION_NAME_SIZE;
  value_boolean (value, false);
  if (length == 0)
    return FAULT_NONE;
  if (strcmp (name, "bbr") == 0)
    return record_to_value (bbr_fields, RECORD_COUNT (bbr_fields), data,
                            length, pool, value);
  if (strcmp (name, "dctcp") == 0)
    return record_to_value (dctcp_fields, RECORD_COUNT (dctcp_fields), data,
                            length, pool, value);
  /* vegas and those modelled on it.  */
  return record_to_value (vegas_fields, RECORD_COUNT (vegas_fields), data,
                          length, pool, value);
}

const struct kind kind_congestion_info = {
  .name = "plist, or nil where the algorithm has none",
  .predicate = "listp",
  .decode = decode_congestion_info,
  .get = get_congestion_info,
};

#endif

/* struct mptcp_info of linux/mptcp.h.  */

static const struct name mptcp_flags[]
  = { { "fallback", 1 }, { "remote-key-received", 2 }, { NULL, 0 } };

static const struct field mptcp_fields[] = {
  FIELD (":subflows", 0, 1),
  FIELD (":add-addr-signal", 1, 1),
  FIELD (":add-addr-accepted", 2, 1),
  FIELD (":subflows-max", 3, 1),
  FIELD (":add-addr-signal-max", 4, 1),
  FIELD (":add-addr-accepted-max", 5, 1),
  FIELD (":flags", 8, 4, .names = mptcp_flags, .flags = true),
  FIELD (":token", 12, 4),
  FIELD (":write-seq", 16, 8),
  FIELD (":snd-una", 24, 8),
  FIELD (":rcv-nxt", 32, 8),
  FIELD (":local-addr-used", 40, 1),
  FIELD (":local-addr-max", 41, 1),
  FIELD (":csum-enabled", 42, 1),
  FIELD (":retransmits", 44, 4),
  FIELD (":bytes-retrans", 48, 8),
  FIELD (":bytes-sent", 56, 8),
  FIELD (":bytes-received", 64, 8),
  FIELD (":bytes-acked", 72, 8),
  FIELD (":subflows-total", 80, 1),
  FIELD (":last-data-sent", 84, 4),
  FIELD (":last-data-recv", 88, 4),
  FIELD (":last-ack-recv", 92, 4),
};

enum
{
  MPTCP_INFO_SIZE = 96
};

static enum fault
decode_mptcp_info (const struct option *option, const struct bytes *bytes,
                   struct pool *pool, struct value *value)
{
  (void) option;
  return record_to_value (mptcp_fields, RECORD_COUNT (mptcp_fields),
                          bytes_data (bytes), bytes->length, pool, value);
}

const struct kind kind_mptcp_info = {
  .name = "plist",
  .predicate = "listp",
  .size = MPTCP_INFO_SIZE,
  .decode = decode_mptcp_info,
};

/* What is read of each subflow begins with a header that says how large
   the caller takes an element to be: struct mptcp_subflow_data.  */

enum
{
  SUBFLOWS_MAX = 16
};

struct subflow_header
{
  uint32_t header_size;
  uint32_t count;
  uint32_t kernel_size;
  uint32_t user_size;
};

struct subflow_addresses
{
  struct sockaddr_storage local;
  struct sockaddr_storage remote;
};

static int
get_subflows (int fd, const struct option *option, size_t size,
              struct bytes *bytes)
{
  struct subflow_header header
    = { .header_size = sizeof header, .user_size = (uint32_t) size };
  void *room = bytes_reserve (bytes, sizeof header + SUBFLOWS_MAX * size);
  if (!room)
    return ENOMEM;
  memcpy (room, &header, sizeof header);
  return getsockopt (fd, option->level, option->number, room, &bytes->length)
             < 0
           ? errno
           : 0;
}

/* How many elements of SIZE there are in BYTES.  */
static size_t
subflow_count (const struct bytes *bytes, size_t size)
{
  struct subflow_header header;
  if (bytes->length < sizeof header)
    return 0;
  memcpy (&header, bytes_data (bytes), sizeof header);
  size_t count = (bytes->length - sizeof header) / size;
  return header.count < count ? header.count : count;
}

static const char *
subflow (const struct bytes *bytes, size_t size, size_t i)
{
  return (const char *) bytes_data (bytes) + sizeof (struct subflow_header)
         + i * size;
}

static int
get_mptcp_addresses (int fd, const struct option *option, struct bytes *bytes)
{
  return get_subflows (fd, option, sizeof (struct subflow_addresses), bytes);
}

/* (LOCAL REMOTE)  */
static enum fault
addresses_to_value (const char *data, struct pool *pool, struct value *value)
{
  struct subflow_addresses addresses;
  memcpy (&addresses, data, sizeof addresses);
  if (!value_list (value, pool, 2)
      || !inet_socket_address (&addresses.local, pool, &value->as.items[0])
      || !inet_socket_address (&addresses.remote, pool, &value->as.items[1]))
    return FAULT_MEMORY;
  return FAULT_NONE;
}

static enum fault
decode_mptcp_addresses (const struct option *option, const struct bytes *bytes,
                        struct pool *pool, struct value *value)
{
  size_t size = sizeof (struct subflow_addresses);
  size_t count = subflow_count (bytes, size);
  enum fault fault = FAULT_NONE;
  (void) option;
  if (!value_list (value, pool, count))
    return FAULT_MEMORY;
  for (size_t i = 0; fault == FAULT_NONE && i < count; i++)
    fault = addresses_to_value (subflow (bytes, size, i), pool,
                                &value->as.items[i]);
  return fault;
}

const struct kind kind_mptcp_addresses = {
  .name = "list of (LOCAL REMOTE)",
  .predicate = "listp",
  .decode = decode_mptcp_addresses,
  .get = get_mptcp_addresses,
};

static int
get_mptcp_tcp_info (int fd, const struct option *option, struct bytes *bytes)
{
  return get_subflows (fd, option, TCP_INFO_SIZE, bytes);
}

/* The kernel may know less of each than there was room for.  */
static enum fault
decode_mptcp_tcp_info (const struct option *option, const struct bytes *bytes,
                       struct pool *pool, struct value *value)
{
  size_t count = subflow_count (bytes, TCP_INFO_SIZE);
  struct subflow_header header;
  enum fault fault = FAULT_NONE;
  (void) option;
  memcpy (&header, bytes_data (bytes), sizeof header);
  size_t length
    = header.kernel_size < TCP_INFO_SIZE ? header.kernel_size : TCP_INFO_SIZE;
  if (!value_list (value, pool, count))
    return FAULT_MEMORY;
  for (size_t i = 0; fault == FAULT_NONE && i < count; i++)
    fault = tcp_info_to_value (subflow (bytes, TCP_INFO_SIZE, i), length, pool,
                               &value->as.items[i]);
  return fault;
}

const struct kind kind_mptcp_tcp_info = {
  .name = "list of plists",
  .predicate = "listp",
  .decode = decode_mptcp_tcp_info,
  .get = get_mptcp_tcp_info,
};

/* MPTCP_FULL_INFO: struct mptcp_full_info, whose pointers lead to two
   arrays.  All three are kept together.  */

struct subflow_info
{
  uint32_t id;
  /* Where struct sockaddr_storage is aligned to 8, so is it there.  */
  struct subflow_addresses addresses;
};

struct full_info
{
  uint32_t tcp_kernel_size;
  uint32_t tcp_user_size;
  uint32_t info_kernel_size;
  uint32_t info_user_size;
  uint32_t count;
  uint32_t room;
  uint64_t info;
  uint64_t tcp;
  char mptcp[MPTCP_INFO_SIZE];
};

struct full_result
{
  struct full_info header;
  struct subflow_info info[SUBFLOWS_MAX];
  char tcp[SUBFLOWS_MAX][TCP_INFO_SIZE];
};

static int
get_mptcp_full_info (int fd, const struct option *option, struct bytes *bytes)
{
  struct full_result *result = bytes_reserve (bytes, sizeof *result);
  if (!result)
    return ENOMEM;
  socklen_t length = sizeof result->header;
  result->header.tcp_user_size = TCP_INFO_SIZE;
  result->header.info_user_size = sizeof result->info[0];
  result->header.room = SUBFLOWS_MAX;
  result->header.info = (uint64_t) (uintptr_t) result->info;
  result->header.tcp = (uint64_t) (uintptr_t) result->tcp;
  return getsockopt (fd, option->level, option->number, &result->header,
                     &length)
             < 0
           ? errno
           : 0;
}

/* (:id N :addresses (LOCAL REMOTE) :tcp-info PLIST)  */
static enum fault
full_subflow_to_value (const struct full_result *result, size_t i,
                       struct pool *pool, struct value *value)
{
  size_t length = result->header.tcp_kernel_size < TCP_INFO_SIZE
                    ? result->header.tcp_kernel_size
                    : TCP_INFO_SIZE;
  if (!value_list (value, pool, 6))
    return FAULT_MEMORY;
  struct value *items = value->as.items;
  value_symbol (&items[0], ":id");
  value_integer (&items[1], result->info[i].id);
  value_symbol (&items[2], ":addresses");
  value_symbol (&items[4], ":tcp-info");
  enum fault fault
    = addresses_to_value ((const char *) &result->info[i].addresses, pool,
                          &items[3]);
  if (fault != FAULT_NONE)
    return fault;
  return tcp_info_to_value (result->tcp[i], length, pool, &items[5]);
}

/* (:mptcp-info PLIST :subflows LIST)  */
static enum fault
decode_mptcp_full_info (const struct option *option, const struct bytes *bytes,
                        struct pool *pool, struct value *value)
{
  const struct full_result *result = bytes_data (bytes);
  size_t count = result->header.count < SUBFLOWS_MAX ? result->header.count
                                                     : SUBFLOWS_MAX;
  (void) option;
  if (!value_list (value, pool, 4))
    return FAULT_MEMORY;
  struct value *items = value->as.items;
  value_symbol (&items[0], ":mptcp-info");
  value_symbol (&items[2], ":subflows");
  enum fault fault
    = record_to_value (mptcp_fields, RECORD_COUNT (mptcp_fields),
                       result->header.mptcp, sizeof result->header.mptcp, pool,
                       &items[1]);
  if (fault == FAULT_NONE && !value_list (&items[3], pool, count))
    fault = FAULT_MEMORY;
  for (size_t i = 0; fault == FAULT_NONE && i < count; i++)
    fault = full_subflow_to_value (result, i, pool, &items[3].as.items[i]);
  return fault;
}

const struct kind kind_mptcp_full_info = {
  .name = "plist",
  .predicate = "listp",
  .decode = decode_mptcp_full_info,
  .get = get_mptcp_full_info,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Control messages: what the kernel tells along with data.  */

#include "option/config.h"

#include "option/control.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
# include <linux/errqueue.h>
#endif

#include "option/constants.h"
#include "option/inet.h"
#include "option/interface.h"
#include "option/outgoing.h"
#include "option/socket-class.h"

/* The most keys that one message adds.  */
enum
{
  KEYS_MAX = 8
};

/* Where the value of KEY goes, which is nil so far.  */
static struct value *
info_add (struct info *info, const char *key)
{
  struct value *items = &info->items[info->size];
  info->size += 2;
  value_symbol (&items[0], key);
  value_boolean (&items[1], false);
  return &items[1];
}

static void
info_add_integer (struct info *info, const char *key, intmax_t integer)
{
  value_integer (info_add (info, key), integer);
}

/* Add what KIND makes of the SIZE bytes at DATA.  */
static enum fault
add_kind (struct info *info, const char *key, const struct kind *kind,
          const void *data, size_t size)
{
  struct bytes bytes = BYTES_NONE;
  struct value value;
  if (!bytes_copy (&bytes, data, size))
    return FAULT_MEMORY;
  enum fault fault = kind->decode (NULL, &bytes, info->pool, &value);
  bytes_free (&bytes);
  if (fault == FAULT_NONE)
    *info_add (info, key) = value;
  return fault;
}

/* A time as (TICKS . HZ), which is a Lisp timestamp; one of 0 is that of
   nothing.  */
static enum fault
add_time (struct info *info, const char *key, time_t seconds, intmax_t ticks,
          intmax_t hz)
{
  if (seconds == 0 && ticks == 0)
    return FAULT_NONE;
  if (seconds < 0 || INTMAX_MAX / hz <= seconds || ticks < 0 || hz <= ticks)
    return FAULT_TYPE;
  struct value value;
  if (!value_list (&value, info->pool, 2))
    return FAULT_MEMORY;
  value.type = VALUE_PAIR;
  value_integer (&value.as.items[0], (intmax_t) seconds * hz + ticks);
  value_integer (&value.as.items[1], hz);
  *info_add (info, key) = value;
  return FAULT_NONE;
}

static enum fault
add_microseconds (struct info *info, const void *data, size_t size)
{
  struct timeval time;
  if (size != sizeof time)
    return FAULT_TYPE;
  memcpy (&time, data, sizeof time);
  return add_time (info, ":time", time.tv_sec, time.tv_usec, 1000000);
}

/* Add where a packet of FAMILY was sent to, ADDRESS, and on which interface
   it came, whose number is INDEX.  */
static enum fault
add_packet (struct info *info, int family, const void *address, size_t size,
            unsigned index)
{
  struct inet inet = { .family = family };
  memcpy (&inet.as, address, size);
  return inet_to_value (&inet, info->pool, info_add (info, ":destination"))
           ? interface_to_value (index, info->pool,
                                 info_add (info, ":interface"))
           : FAULT_MEMORY;
}

#ifdef IP_PKTINFO
static enum fault
add_packet_info4 (struct info *info, const void *data, size_t size)
{
  struct in_pktinfo packet;
  if (size != sizeof packet)
    return FAULT_TYPE;
  memcpy (&packet, data, sizeof packet);
  return add_packet (info, AF_INET, &packet.ipi_addr, sizeof packet.ipi_addr,
                     (unsigned) packet.ipi_ifindex);
}
#endif

static enum fault
add_packet_info6 (struct info *info, const void *data, size_t size)
{
  struct in6_pktinfo packet;
  if (size != sizeof packet)
    return FAULT_TYPE;
  memcpy (&packet, data, sizeof packet);
  return add_packet (info, AF_INET6, &packet.ipi6_addr,
                     sizeof packet.ipi6_addr, packet.ipi6_ifindex);
}

/* The kernel gives one byte here, but an int for the option.  */
static enum fault
add_class (struct info *info, const void *data, size_t size)
{
  uint8_t octet;
  int class;
  if (size != sizeof octet)
    return add_kind (info, ":tos", &kind_dscp, data, size);
  memcpy (&octet, data, sizeof octet);
  class = octet;
  return add_kind (info, ":tos", &kind_dscp, &class, sizeof class);
}

/* How many descriptors came along; see control_close.  */
static enum fault
add_descriptors (struct info *info, const void *data, size_t size)
{
  (void) data;
  info_add_integer (info, ":descriptors", (intmax_t) (size / sizeof (int)));
  return FAULT_NONE;
}

#ifdef __linux__

static enum fault
add_nanoseconds (struct info *info, const char *key, const void *data)
{
  struct timespec time;
  memcpy (&time, data, sizeof time);
  return add_time (info, key, time.tv_sec, time.tv_nsec, 1000000000);
}

static enum fault
add_timespec (struct info *info, const void *data, size_t size)
{
  if (size != sizeof (struct timespec))
    return FAULT_TYPE;
  return add_nanoseconds (info, ":time", data);
}

/* Three times: the system's, one that is not used any more, and that of
   the interface's own clock.  */
static enum fault
add_timestamping (struct info *info, const void *data, size_t size)
{
  const char *times = data;
  if (size != 3 * sizeof (struct timespec))
    return FAULT_TYPE;
  enum fault fault = add_nanoseconds (info, ":time", times);
  return fault == FAULT_NONE
           ? add_nanoseconds (info, ":hardware-time",
                              times + 2 * sizeof (struct timespec))
           : fault;
}

static enum fault
add_pidfd (struct info *info, const void *data, size_t size)
{
  int pidfd, pid;
  if (size != sizeof pidfd)
    return FAULT_TYPE;
  memcpy (&pidfd, data, sizeof pidfd);
  if (pid_of_descriptor (pidfd, &pid) != 0)
    return FAULT_TYPE;
  return add_kind (info, ":pid", &kind_pidfd, &pid, sizeof pid);
}

/* SO_EE_ORIGIN_* of linux/errqueue.h.  */
static const struct name origins[] = {
  { "local", 1 },    { "icmp", 2 },   { "icmp6", 3 }, { "timestamping", 4 },
  { "zerocopy", 5 }, { "txtime", 6 }, { NULL, 0 },
};

/* SCM_TSTAMP_* there: which step of sending was timed.  */
static const struct name steps[] = {
  { "sent", 0 },      { "scheduled", 1 }, { "acknowledged", 2 },
  { "completed", 3 }, { NULL, 0 },
};

/* Add the name of NUMBER, or NUMBER itself if there is none.  */
static void
info_add_name (struct info *info, const char *key, const struct name *names,
               unsigned number)
{
  number_to_value (names, number, info_add (info, key));
}

/* What the network answered to something that was sent, or which step
   that has come to.  */
static enum fault
add_report (struct info *info, const struct sock_extended_err *report)
{
  int code = (int) report->ee_errno;
  info_add_name (info, ":origin", origins, report->ee_origin);
  if (report->ee_origin == SO_EE_ORIGIN_TIMESTAMPING)
    {
      info_add_name (info, ":step", steps, report->ee_info);
      info_add_integer (info, ":id", report->ee_data);
      return FAULT_NONE;
    }
  if (code == EMSGSIZE)
    info_add_integer (info, ":mtu", report->ee_info);
  if (report->ee_origin == SO_EE_ORIGIN_ICMP
      || report->ee_origin == SO_EE_ORIGIN_ICMP6)
    {
      struct value *value = info_add (info, ":icmp");
      if (!value_list (value, info->pool, 2))
        return FAULT_MEMORY;
      value_integer (&value->as.items[0], report->ee_type);
      value_integer (&value->as.items[1], report->ee_code);
    }
  return code == 0
           ? FAULT_NONE
           : add_kind (info, ":error", &kind_error, &code, sizeof code);
}

/* The address of who sent the report comes after it.  */
static enum fault
add_offender (struct info *info, const void *data, size_t size)
{
  struct sockaddr_storage storage = { .ss_family = AF_UNSPEC };
  struct inet inet;
  memcpy (&storage, data, size < sizeof storage ? size : sizeof storage);
  if ((storage.ss_family != AF_INET || size < sizeof (struct sockaddr_in))
      && (storage.ss_family != AF_INET6
          || size < sizeof (struct sockaddr_in6)))
    return FAULT_NONE;
  inet_from_storage (&storage, &inet);
  return inet_to_value (&inet, info->pool, info_add (info, ":offender"))
           ? FAULT_NONE
           : FAULT_MEMORY;
}

static enum fault
add_error (struct info *info, const void *data, size_t size)
{
  struct sock_extended_err report;
  if (size < sizeof report)
    return FAULT_TYPE;
  memcpy (&report, data, sizeof report);
  enum fault fault = add_report (info, &report);
  return fault == FAULT_NONE
           ? add_offender (info, (const char *) data + sizeof report,
                           size - sizeof report)
           : fault;
}

# define ERROR_KEYS ":error :origin :icmp :offender :mtu :step :id"

#else

static enum fault
add_hops (struct info *info, const void *data, size_t size)
{
  uint8_t hops;
  if (size != sizeof hops)
    return FAULT_TYPE;
  memcpy (&hops, data, sizeof hops);
  info_add_integer (info, ":ttl", hops);
  return FAULT_NONE;
}

#endif

/* The data are those of an option of KIND; or FUNCTION knows them.  */
#define OF_KIND(lvl, number, key, knd, ...)                                   \
 {                                                                            \
  .level = lvl, .type = number, .keys = key, .kind = &kind_##knd, __VA_ARGS__ \
 }
#define OWN(lvl, number, key, function, ...)                        \
 {                                                                  \
  .level = lvl, .type = number, .keys = key, .add = add_##function, \
  __VA_ARGS__                                                       \
 }
#define SENDS(row) .sends = 1 << OUTGOING_##row
#define SENDS_WHERE .sends = 1 << OUTGOING_SOURCE | 1 << OUTGOING_INTERFACE

/* clang-format off */
const struct control controls[] = {
  OWN (SOL_SOCKET, SCM_RIGHTS, ":descriptors", descriptors),
  OWN (SOL_SOCKET, SCM_TIMESTAMP, ":time", microseconds),
#ifdef IP_PKTINFO
  OWN (IPPROTO_IP, IP_PKTINFO, ":destination :interface", packet_info4,
       SENDS_WHERE),
#endif
  OWN (IPPROTO_IPV6, IPV6_PKTINFO, ":destination :interface", packet_info6,
       SENDS_WHERE),
  OF_KIND (IPPROTO_IPV6, IPV6_HOPLIMIT, ":hop-limit", integer, SENDS (TTL)),
  OWN (IPPROTO_IPV6, IPV6_TCLASS, ":tos", class, SENDS (TOS)),
  OF_KIND (IPPROTO_IPV6, IPV6_PATHMTU, ":path-mtu", path_mtu),
#ifdef __linux__
  OWN (SOL_SOCKET, SO_TIMESTAMPNS, ":time", timespec),
  OWN (SOL_SOCKET, SO_TIMESTAMPING, ":time :hardware-time", timestamping),
  OF_KIND (SOL_SOCKET, SCM_CREDENTIALS, ":credentials", credentials),
  OF_KIND (SOL_SOCKET, SCM_SECURITY, ":security", label),
  OWN (SOL_SOCKET, SCM_PIDFD, ":pid", pidfd),
  OF_KIND (SOL_SOCKET, SO_RXQ_OVFL, ":dropped", unsigned),
  OF_KIND (SOL_SOCKET, SO_MARK, ":mark", unsigned),
  OF_KIND (SOL_SOCKET, SO_PRIORITY, ":priority", unsigned),
  OF_KIND (IPPROTO_IP, IP_TTL, ":ttl", integer, SENDS (TTL)),
  OWN (IPPROTO_IP, IP_TOS, ":tos", class, SENDS (TOS)),
  OF_KIND (IPPROTO_IP, IP_ORIGDSTADDR, ":original-destination",
           socket_address),
  OWN (IPPROTO_IP, IP_RECVERR, ERROR_KEYS, error),
  OF_KIND (IPPROTO_IPV6, IPV6_ORIGDSTADDR, ":original-destination",
           socket_address),
  OWN (IPPROTO_IPV6, IPV6_RECVERR, ERROR_KEYS, error),
#else
# ifdef IP_RECVTTL
  OWN (IPPROTO_IP, IP_RECVTTL, ":ttl", hops),
# endif
# ifdef IP_RECVTOS
  OWN (IPPROTO_IP, IP_RECVTOS, ":tos", class),
# endif
#endif
};
/* clang-format on */

const size_t controls_count = sizeof controls / sizeof controls[0];

const struct control *
control_find (int level, int type)
{
  for (size_t i = 0; i < controls_count; i++)
    if (controls[i].level == level && controls[i].type == type)
      return &controls[i];
  return NULL;
}

/* The macro of musl compares numbers of different signs.  */
#ifdef __GNUC__
# pragma GCC diagnostic push
# pragma GCC diagnostic ignored "-Wsign-compare"
#endif

/* The messages of MESSAGE one after the other; null at first and at the
   end.  */
static const struct cmsghdr *
next_header (const struct msghdr *message, const struct cmsghdr *header)
{
  struct msghdr *all = (struct msghdr *) message;
  return header ? CMSG_NXTHDR (all, (struct cmsghdr *) header)
                : CMSG_FIRSTHDR (all);
}

#ifdef __GNUC__
# pragma GCC diagnostic pop
#endif

/* How many bytes of data HEADER has, none of them after the end of
   MESSAGE.  */
static size_t
data_size (const struct msghdr *message, const struct cmsghdr *header)
{
  const char *data = (const char *) CMSG_DATA (header);
  const char *end
    = (const char *) message->msg_control + message->msg_controllen;
  size_t before = (size_t) (data - (const char *) header);
  size_t room = data < end ? (size_t) (end - data) : 0;
  size_t size = header->cmsg_len < before ? 0 : header->cmsg_len - before;
  return size < room ? size : room;
}

/* Make *VALUE (LEVEL TYPE BYTES).  */
static enum fault
raw_to_value (const struct cmsghdr *header, size_t size, struct pool *pool,
              struct value *value)
{
  if (!value_list (value, pool, 3)
      || !value_string (&value->as.items[2], pool,
                        (const char *) CMSG_DATA (header), size))
    return FAULT_MEMORY;
  value_integer (&value->as.items[0], header->cmsg_level);
  value_integer (&value->as.items[1], header->cmsg_type);
  value->as.items[2].type = VALUE_BYTES;
  return FAULT_NONE;
}

/* Add what HEADER says to INFO, or else to OTHER.  */
static enum fault
decode_one (const struct cmsghdr *header, size_t size, struct info *info,
            struct value *other)
{
  const struct control *control
    = control_find (header->cmsg_level, header->cmsg_type);
  enum fault fault = FAULT_TYPE;
  if (control && control->kind)
    fault = add_kind (info, control->keys, control->kind, CMSG_DATA (header),
                      size);
  else if (control)
    fault = control->add (info, CMSG_DATA (header), size);
  if (fault == FAULT_NONE || fault == FAULT_MEMORY)
    return fault;
  return raw_to_value (header, size, info->pool,
                       &other->as.items[other->size++]);
}

/* Whether INFO has the key at I before that, too.  */
static bool
is_repeated (const struct info *info, size_t i)
{
  for (size_t j = 0; j < i; j += 2)
    if (info->items[j].as.text == info->items[i].as.text)
      return true;
  return false;
}

/* Two options may tell the same, and then the first that comes counts.  */
static void
remove_repeated (struct info *info)
{
  size_t kept = 0;
  for (size_t i = 0; i < info->size; i += 2)
    if (!is_repeated (info, i))
      {
        info->items[kept++] = info->items[i];
        info->items[kept++] = info->items[i + 1];
      }
  info->size = kept;
}

enum fault
control_decode (const struct msghdr *message, struct pool *pool,
                struct value *value)
{
  size_t count = 0;
  struct value room;
  struct value other;
  value_boolean (value, false);
  for (const struct cmsghdr *header = next_header (message, NULL); header;
       header = next_header (message, header))
    count++;
  if (count == 0)
    return FAULT_NONE;
  if (!value_list (&room, pool, 2 * (KEYS_MAX * count + 1))
      || !value_list (&other, pool, count))
    return FAULT_MEMORY;
  struct info info = { .pool = pool, .items = room.as.items };
  other.size = 0;
  for (const struct cmsghdr *header = next_header (message, NULL); header;
       header = next_header (message, header))
    if (decode_one (header, data_size (message, header), &info, &other)
        == FAULT_MEMORY)
      return FAULT_MEMORY;
  if (other.size > 0)
    *info_add (&info, ":control") = other;
  remove_repeated (&info);
  room.size = info.size;
  *value = room;
  return FAULT_NONE;
}

/* Whether what HEADER brings are descriptors.  */
static bool
has_descriptors (const struct cmsghdr *header)
{
  if (header->cmsg_level != SOL_SOCKET)
    return false;
#ifdef SCM_PIDFD
  if (header->cmsg_type == SCM_PIDFD)
    return true;
#endif
  return header->cmsg_type == SCM_RIGHTS;
}

void
control_close (const struct msghdr *message)
{
  for (const struct cmsghdr *header = next_header (message, NULL); header;
       header = next_header (message, header))
    if (has_descriptors (header))
      {
        size_t size = data_size (message, header);
        for (size_t i = 0; i + sizeof (int) <= size; i += sizeof (int))
          {
            int fd;
            memcpy (&fd, (const char *) CMSG_DATA (header) + i, sizeof fd);
            close (fd);
          }
      }
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Send one datagram, with what holds for it alone.  */

#include "option/config.h"

#include "socket/send.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#include "option/constants.h"
#include "option/control.h"
#include "option/inet.h"

#if defined SYSTEM_LINUX && defined SO_TXTIME
# define SENDS_TIME 1
# include <linux/net_tstamp.h>
#else
# define SENDS_TIME 0
#endif

/* Control messages being put together.  There is room for all that there
   can be: two numbers, an address and a time.  */
struct messages
{
  size_t size;
  union
  {
    struct cmsghdr aligned;
    char room[2 * CMSG_SPACE (sizeof (int))
              + CMSG_SPACE (sizeof (struct in6_pktinfo))
              + CMSG_SPACE (sizeof (uint64_t))];
  } as;
};

static void
add_message (struct messages *messages, int level, int type, const void *data,
             size_t size)
{
  struct cmsghdr header = { .cmsg_len = (socklen_t) CMSG_LEN (size),
                            .cmsg_level = level,
                            .cmsg_type = type };
  char *place = messages->as.room + messages->size;
  memcpy (place, &header, sizeof header);
  memcpy (CMSG_DATA ((struct cmsghdr *) place), data, size);
  messages->size += CMSG_SPACE (size);
}

static bool
says (const struct datagram *datagram, enum outgoing row)
{
  return datagram->said[row].length > 0;
}

/* The family of the packets that carry DATAGRAM: an IPv6 socket sends IPv4
   ones to a mapped address.  */
static int
packet_family (int fd, const struct datagram *datagram)
{
  struct address address = { .length = 0 };
  if (datagram->address)
    address = *datagram->address;
  else
    address_local_of (fd, &address);
  int family = address_family (&address);
  if (family == AF_INET6
      && IN6_IS_ADDR_V4MAPPED (
        (const struct in6_addr *) address_bytes (&address)))
    family = AF_INET;
  return family;
}

/* Add the source address and the interface of DATAGRAM, of FAMILY, as a
   message like CONTROL.  Return false if that is no address of it.  */
static bool
add_packet_info (struct messages *messages, int family,
                 const struct control *control,
                 const struct datagram *datagram)
{
  struct inet source = { .family = family };
  unsigned interface = 0;
  if (says (datagram, OUTGOING_INTERFACE))
    interface = datagram->said[OUTGOING_INTERFACE].as.unsigned32;
  if (says (datagram, OUTGOING_SOURCE))
    memcpy (&source, bytes_data (&datagram->said[OUTGOING_SOURCE]),
            sizeof source);
  if (source.family != family)
    return false;
  if (family == AF_INET6)
    {
      struct in6_pktinfo info
        = { .ipi6_addr = source.as.ipv6, .ipi6_ifindex = interface };
      add_message (messages, control->level, control->type, &info,
                   sizeof info);
    }
#ifdef IP_PKTINFO
  else
    {
      /* Systems differ in whether the index has a sign.  */
      struct in_pktinfo info = { .ipi_spec_dst = source.as.ipv4 };
      memcpy (&info.ipi_ifindex, &interface, sizeof interface);
      add_message (messages, control->level, control->type, &info,
                   sizeof info);
    }
#endif
  return true;
}

#if SENDS_TIME
static int64_t
nanoseconds (clockid_t clock)
{
  struct timespec now = { .tv_sec = 0 };
  clock_gettime (clock, &now);
  return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The kernel takes a time of the clock that FD was given with the option;
   DATAGRAM has one of the clock on the wall.  */
static void
add_time (struct messages *messages, int fd, const struct datagram *datagram)
{
  struct sock_txtime option = { .clockid = CLOCK_REALTIME };
  socklen_t length = sizeof option;
  getsockopt (fd, SOL_SOCKET, SO_TXTIME, &option, &length);
  int64_t time = (int64_t) datagram->said[OUTGOING_TIME].as.unsigned64;
  if (option.clockid != CLOCK_REALTIME)
    time += nanoseconds (option.clockid) - nanoseconds (CLOCK_REALTIME);
  add_message (messages, SOL_SOCKET, SCM_TXTIME, &time, sizeof time);
}
#endif

enum
{
  SENDS_WHERE = 1 << OUTGOING_SOURCE | 1 << OUTGOING_INTERFACE
};

/* The rows of what DATAGRAM says, one bit each.  */
static unsigned
rows_said (const struct datagram *datagram)
{
  unsigned said = 0;
  for (unsigned i = 0; i < OUTGOING_COUNT; i++)
    if (says (datagram, (enum outgoing) i))
      said |= 1U << i;
  return said;
}

/* Add what DATAGRAM, of FAMILY, says in a message like CONTROL, if anything.
   Return as `add_packet_info'.  */
static bool
add_said (struct messages *messages, int family, const struct control *control,
          const struct datagram *datagram)
{
  unsigned said = control->sends & rows_said (datagram);
  if (said & SENDS_WHERE)
    return add_packet_info (messages, family, control, datagram);
  for (unsigned i = 0; i < OUTGOING_COUNT; i++)
    if (said & 1U << i)
      add_message (messages, control->level, control->type,
                   bytes_data (&datagram->said[i]), datagram->said[i].length);
  return true;
}

/* The first row of what DATAGRAM says that this system cannot send along with
   packets at LEVEL, or null.  */
static const struct option *
row_lacking (const struct datagram *datagram, int level)
{
  unsigned lacking = rows_said (datagram);
  if (SENDS_TIME)
    lacking &= ~(1U << OUTGOING_TIME);
  for (size_t i = 0; i < controls_count; i++)
    if (controls[i].level == level)
      lacking &= ~controls[i].sends;
  for (size_t i = 0; i < OUTGOING_COUNT; i++)
    if (lacking & 1U << i)
      return &outgoing[i];
  return NULL;
}

/* Put together what is to go along with DATAGRAM on FD.  Return 0 or an errno
   value: EAFNOSUPPORT if it cannot come from the source that it says, and
   ENOPROTOOPT, with the row in *ROW, if the system cannot send that along.  */
static int
make_messages (int fd, const struct datagram *datagram,
               struct messages *messages, const struct option **row)
{
  int family = packet_family (fd, datagram);
  int level = family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
  messages->size = 0;
  *row = row_lacking (datagram, level);
  if (*row)
    return ENOPROTOOPT;
#if SENDS_TIME
  if (says (datagram, OUTGOING_TIME))
    add_time (messages, fd, datagram);
#endif
  for (size_t i = 0; i < controls_count; i++)
    if (controls[i].level == level
        && !add_said (messages, family, &controls[i], datagram))
      return EAFNOSUPPORT;
  return 0;
}

/* The first row of what DATAGRAM says that CODE may be about, or null.  */
static const struct option *
row_about (const struct datagram *datagram, int code)
{
  for (size_t i = 0; i < OUTGOING_COUNT; i++)
    for (const struct hint *hint = outgoing[i].hints; hint && hint->text;
         hint++)
      if (hint->code == code && says (datagram, (enum outgoing) i))
        return &outgoing[i];
  return NULL;
}

ssize_t
socket_send (int fd, const struct datagram *datagram,
             const struct option **row)
{
  struct messages messages;
  struct iovec data
    = { .iov_base = (void *) datagram->data, .iov_len = datagram->size };
  struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
  ssize_t sent = -1;
  if (datagram->address)
    {
      message.msg_name = (void *) &datagram->address->storage;
      message.msg_namelen = datagram->address->length;
    }
  errno = make_messages (fd, datagram, &messages, row);
  if (errno == 0)
    {
      if (messages.size > 0)
        {
          message.msg_control = &messages.as;
          message.msg_controllen = (socklen_t) messages.size;
        }
      sent = sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  if (sent < 0 && !*row)
    *row = row_about (datagram, errno);
  return sent;
}

/* What an errno value means here, and what would do.  */
static const struct hint hints[] = {
  { EDESTADDRREQ, "it takes an address, for the socket is not connected" },
  { EAFNOSUPPORT, "it takes an address of the family of the socket" },
  { EAGAIN, "the send buffer is full: try again later" },
  { EMSGSIZE, "it is larger than what can be sent at once to there" },
  { EACCES, "a broadcast takes `:broadcast'" },
  { 0, NULL },
};

const char *
send_hint (int code)
{
  for (const struct hint *hint = hints; hint->text; hint++)
    if (hint->code == code)
      return hint->text;
  return NULL;
}

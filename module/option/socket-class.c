/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which class of socket, as the rows name them, a socket is of.  */

#include "option/config.h"

#include "option/socket-class.h"

#include <stdbool.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "option/constants.h"

/* An integer option of the socket level, or -1.  */
static int
socket_number (int fd, int number)
{
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt (fd, SOL_SOCKET, number, &value, &length) == 0 ? value
                                                                   : -1;
}

static unsigned
local_class (int type)
{
  switch (type)
    {
    case SOCK_STREAM:
      return CLASS_UNIX_STREAM;
    case SOCK_DGRAM:
      return CLASS_UNIX_DATAGRAM;
    default:
      return CLASS_UNIX_SEQPACKET;
    }
}

static unsigned
inet_class (int type, int protocol, bool ipv6)
{
  switch (protocol)
    {
    case IPPROTO_TCP:
      return ipv6 ? CLASS_TCP6 : CLASS_TCP4;
#ifdef IPPROTO_MPTCP
    case IPPROTO_MPTCP:
      return ipv6 ? CLASS_MPTCP6 : CLASS_MPTCP4;
#endif
#ifdef IPPROTO_UDPLITE
    case IPPROTO_UDPLITE:
      return ipv6 ? CLASS_UDPLITE6 : CLASS_UDPLITE4;
#endif
    default:
      break;
    }
  if (type == SOCK_STREAM && protocol == 0)
    return ipv6 ? CLASS_TCP6 : CLASS_TCP4;
  if (type == SOCK_DGRAM)
    return ipv6 ? CLASS_UDP6 : CLASS_UDP4;
  if (type != SOCK_RAW)
    return 0;
  if (protocol == (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
    return ipv6 ? CLASS_ICMP6 : CLASS_ICMP4;
  return ipv6 ? CLASS_RAW6 : CLASS_RAW4;
}

unsigned
socket_class_for (int domain, int type, int protocol)
{
  switch (domain)
    {
    case AF_UNIX:
      return local_class (type);
    case AF_INET:
      return inet_class (type, protocol, false);
    case AF_INET6:
      return inet_class (type, protocol, true);
#ifdef AF_VSOCK
    case AF_VSOCK:
      return CLASS_VSOCK;
#endif
    default:
      return 0;
    }
}

/* The family of socket FD, or -1.  Elsewhere it is that of its address, which
   a socket has before it is bound, too.  */
static int
socket_family (int fd)
{
#ifdef SO_DOMAIN
  return socket_number (fd, SO_DOMAIN);
#else
  struct sockaddr_storage storage = { .ss_family = AF_UNSPEC };
  socklen_t length = sizeof storage;
  return getsockname (fd, (struct sockaddr *) &storage, &length) == 0
           ? storage.ss_family
           : -1;
#endif
}

/* The protocol of socket FD, or 0 for the usual where the system does not
   tell.  */
static int
socket_protocol (int fd)
{
#ifdef SO_PROTOCOL
  return socket_number (fd, SO_PROTOCOL);
#else
  (void) fd;
  return 0;
#endif
}

unsigned
socket_class (int fd)
{
  return socket_class_for (socket_family (fd), socket_number (fd, SO_TYPE),
                           socket_protocol (fd));
}

int
socket_family_level (int fd)
{
  return socket_family (fd) == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which class of socket, as the rows name them, a socket is of.  */

#ifndef SOCKOPT_SOCKET_CLASS_H
#define SOCKOPT_SOCKET_CLASS_H

/* The classes of socket that an option is for.  */
enum socket_class
{
  CLASS_TCP4 = 1 << 0,
  CLASS_TCP6 = 1 << 1,
  CLASS_UDP4 = 1 << 2,
  CLASS_UDP6 = 1 << 3,
  CLASS_UDPLITE4 = 1 << 4,
  CLASS_UDPLITE6 = 1 << 5,
  CLASS_RAW4 = 1 << 6,
  CLASS_RAW6 = 1 << 7,
  CLASS_MPTCP4 = 1 << 8,
  CLASS_MPTCP6 = 1 << 9,
  CLASS_UNIX_STREAM = 1 << 10,
  CLASS_UNIX_DATAGRAM = 1 << 11,
  CLASS_UNIX_SEQPACKET = 1 << 12,
  CLASS_VSOCK = 1 << 13,
  CLASS_ICMP4 = 1 << 14, /* raw, IPPROTO_ICMP */
  CLASS_ICMP6 = 1 << 15, /* raw, IPPROTO_ICMPV6 */

  CLASSES_TCP = CLASS_TCP4 | CLASS_TCP6,
  CLASSES_MPTCP = CLASS_MPTCP4 | CLASS_MPTCP6,
  CLASSES_UDP = CLASS_UDP4 | CLASS_UDP6,
  CLASSES_UDPLITE = CLASS_UDPLITE4 | CLASS_UDPLITE6,
  CLASSES_ICMP = CLASS_ICMP4 | CLASS_ICMP6,
  CLASSES_RAW4 = CLASS_RAW4 | CLASS_ICMP4,
  CLASSES_RAW6 = CLASS_RAW6 | CLASS_ICMP6,
  CLASSES_UNIX
  = CLASS_UNIX_STREAM | CLASS_UNIX_DATAGRAM | CLASS_UNIX_SEQPACKET,
  /* Datagrams and packets of one Internet family.  */
  CLASSES_PACKET4 = CLASS_UDP4 | CLASS_UDPLITE4 | CLASSES_RAW4,
  CLASSES_PACKET6 = CLASS_UDP6 | CLASS_UDPLITE6 | CLASSES_RAW6,
  CLASSES_PACKET = CLASSES_PACKET4 | CLASSES_PACKET6,
  CLASSES_INET6 = CLASSES_PACKET6 | CLASS_TCP6 | CLASS_MPTCP6,
  /* Those that a server over the Internet accepts.  */
  CLASSES_ACCEPTED = CLASSES_TCP | CLASSES_MPTCP,
  /* IPv4 options work on IPv6 sockets too, for mapped addresses.  */
  CLASSES_INET = CLASSES_PACKET | CLASSES_TCP | CLASSES_MPTCP,
  CLASSES_ALL = CLASSES_INET | CLASSES_UNIX | CLASS_VSOCK
};

/* The class of socket that FD is, or 0 if it is none of them.  */
unsigned socket_class (int fd);

/* Likewise of sockets of DOMAIN, TYPE and PROTOCOL, 0 for the usual.  */
unsigned socket_class_for (int domain, int type, int protocol);

/* The level of the Internet family of socket FD.  */
int socket_family_level (int fd);

#endif /* SOCKOPT_SOCKET_CLASS_H */

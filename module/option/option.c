/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyword dispatch table: one row per socket option.  */

#include "option/config.h"

#include "option/option.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "option/constants.h"

/* A row whose C name is written once.  After DOC come designated
   initialisers of what is not as usual.  */
#define ROW(key, name, lvl, knd, acc, srt, text, ...)                       \
 {                                                                          \
  .keyword = key, .constant = #name, .level = lvl, .number = name,          \
  .kind = &kind_##knd, .access = ACCESS_##acc, .classes = srt, .doc = text, \
  __VA_ARGS__                                                               \
 }

/* In hundredths of a second or in seconds, as the system has it.  */
#ifdef SO_LINGER_SEC
# undef SO_LINGER
# define SO_LINGER SO_LINGER_SEC
#endif

/* What Linux takes as an int, and -1 for the system's own number, others
   take as an octet, or have no word for.  */
#ifdef SYSTEM_LINUX
# define kind_multicast_hops kind_integer
# define kind_multicast_loop kind_boolean
# define HOPS_MIN (-1)
# define MULTICAST_HOPS_MIN (-1)
#else
# define kind_multicast_hops kind_octet
# define kind_multicast_loop kind_octet_boolean
# define HOPS_MIN 1
# define MULTICAST_HOPS_MIN 0
#endif
#define RANGE(low, high) .min = low, .max = high

/* Sockets that take IPv4 options: a raw one only if it is of IPv4.  */
#define CLASSES_IP (CLASSES_INET & ~CLASSES_RAW6)

enum
{
  /* The longest time limit, some 24 days.  It fits every system's clock,
     whether a second has 100 ticks or 1000, counted in 32 bits or 64.  */
  SECONDS_MAX = INT_MAX / 1000,
  /* `:tcp-defer-accept' is kept as the number of times that the kernel
     would repeat a packet meanwhile: 255 at most, which take this long.  */
  DEFER_SECONDS_MAX = 29887
};

/* On systems with fewer options, some are for no row.  */
#define HINTS __attribute__ ((unused)) static const struct hint

/* Errors of joining a group, and of leaving one.  */
HINTS join_hints[] = {
  { ENODEV, "there is no such interface, or none is named and no route leads"
            " to the group" },
  { EADDRINUSE, "already a member" },
  { EADDRNOTAVAIL, "not a group of the socket's family, or not one at all" },
  { EINVAL, "not a multicast group" },
  { ENOBUFS, "too many groups for one socket: net.ipv4.igmp_max_memberships"
             " or net.core.optmem_max" },
  { ENOMEM, "too many groups for one socket: net.core.optmem_max" },
  { 0, NULL },
};

HINTS leave_hints[] = {
  { EADDRNOTAVAIL, "not a member of this group there" },
  { ENODEV, "name the interface on which the group was joined" },
  { EINVAL, "not a multicast group, or not a member" },
  { 0, NULL },
};

HINTS source_hints[] = {
  { EADDRNOTAVAIL, "the group is not joined, or the source is already so" },
  { EADDRINUSE, "already a member" },
  { ENODEV, "there is no such interface, or none is named and no route leads"
            " to the group" },
  { EINVAL, "not a multicast group, or joined for all of its sources" },
  { ENOBUFS, "too many sources or groups for one socket:"
             " net.ipv4.igmp_max_msf, net.ipv4.igmp_max_memberships" },
  { 0, NULL },
};

HINTS filter_hints[] = {
  { EADDRNOTAVAIL, "the group is not joined there" },
  { EINVAL, "the group is not joined there, or is no multicast group" },
  { ENODEV, "the group is not joined there" },
  { ENOBUFS, "too many sources: net.ipv4.igmp_max_msf" },
  { 0, NULL },
};

HINTS redirected_hints[] = {
  { ENOENT, "the connection was not redirected" },
  { 0, NULL },
};

HINTS algorithm_hints[] = {
  { ENOENT, "there is no such algorithm" },
  { EPERM, "not an algorithm that everybody may choose:"
           " net.ipv4.tcp_allowed_congestion_control, or CAP_NET_ADMIN" },
  { 0, NULL },
};

HINTS upper_hints[] = {
  { ENOENT, "there is no such protocol" },
  { EEXIST, "the connection has one already" },
  { ENOTCONN, "the socket must be connected first" },
  { 0, NULL },
};

HINTS device_hints[] = {
  { ENODEV, "there is no such interface" },
  { EADDRNOTAVAIL, "there is no such interface" },
  { EINVAL, "not the interface that the socket is bound to, or, over MPTCP,"
            " too late" },
  { 0, NULL },
};

HINTS hops_hints[] = {
  { EINVAL, "it takes -1, or 1 to 255 hops" },
  { 0, NULL },
};

/* TCP_MIN_MSS of the kernel is 88.  */
HINTS segment_hints[] = {
  { EINVAL, "it takes 0, or 88 to 32767 bytes" },
  { 0, NULL },
};

/* The least is two ticks, 2 to 20 milliseconds as the kernel was built.  */
HINTS tick_hints[] = {
  { EINVAL, "it takes two ticks of the kernel's clock or more, 20000"
            " microseconds at the slowest, and 200000 at most" },
  { 0, NULL },
};

#define LOCKED "`:lock-filter' forbids it for good"

HINTS attach_hints[] = {
  { ENOMEM, "the program is too long: net.core.optmem_max" },
  { EPERM, LOCKED ", or it takes CAP_NET_ADMIN on TCP in newer kernels" },
  { 0, NULL },
};

HINTS detach_hints[] = {
  { ENOENT, "no filter is attached" },
  { EPERM, LOCKED },
  { 0, NULL },
};

HINTS lock_hints[] = {
  { EPERM, "what is locked stays so" },
  { 0, NULL },
};

HINTS timestamping_hints[] = {
  { EINVAL, "these do not go together, or not on this socket now" },
  { 0, NULL },
};

/* MPTCP takes some options only while it has one path at most.  */
HINTS unconnected_hints[] = {
  { EINVAL, "too late on this socket: it must not be connected" },
  { 0, NULL },
};

HINTS fastopen_hints[] = {
  { EINVAL, "too late on this socket: it must neither be connected nor"
            " listen" },
  { 0, NULL },
};

HINTS preferences_hints[] = {
  { EINVAL, "only one of tmp, public and pubtmp-default goes, one of home and"
            " coa, one of cga and noncga" },
  { 0, NULL },
};

HINTS offset_hints[] = {
  { EINVAL, "it takes -1, or an even offset in bytes" },
  { 0, NULL },
};

/* IPv6 has no links that carry less than 1280 bytes (RFC 8200, 5).  */
HINTS mtu_hints[] = {
  { EINVAL, "it takes 0, or 1280 and more bytes" },
  { 0, NULL },
};

#ifdef SYSTEM_LINUX
HINTS peer_hints[] = {
  { ENODATA, "the socket has no peer" },
  { 0, NULL },
};
#endif

HINTS clamp_hints[] = {
  { EINVAL, "it takes 0 only before the socket connects" },
  { 0, NULL },
};

/* What joins a group, and what leaves one or gives up a source of it.  */
#define JOINS                                                        \
 ":ip-add-membership :ip-add-source-membership :ipv6-add-membership" \
 " :mcast-join-group :mcast-join-source-group"
#define LEAVES                                                          \
 ":ip-drop-membership :ip-drop-source-membership :ipv6-drop-membership" \
 " :mcast-leave-group :mcast-leave-source-group"

/* clang-format off */
const struct option options[] = {
  /* The socket level: socket(7).  */
  ROW (":acceptconn", SO_ACCEPTCONN, SOL_SOCKET, boolean, GET, CLASSES_ALL,
       "Tell whether the socket waits for others to connect.",
       .manual = "socket(7)"),
#ifdef SO_BINDTODEVICE
  ROW (":bindtodevice", SO_BINDTODEVICE, SOL_SOCKET, interface, BOTH,
       CLASSES_INET, "Send and receive through this interface only.",
       RANGE (0, INTERFACE_NAME_MAX), .manual = "socket(7)",
       .privilege = "CAP_NET_RAW to change it or to clear it",
       .hints = device_hints,
       .changes = ":bindtoifindex",
       .flags = OPTION_ADMITS, .inherited = CLASSES_ACCEPTED),
#endif
  ROW (":broadcast", SO_BROADCAST, SOL_SOCKET, boolean, BOTH,
       CLASSES_ALL & ~CLASSES_MPTCP,
       "Allow datagrams to be sent to a broadcast address.",
       .manual = "socket(7)",
       .inherited = CLASSES_ACCEPTED),
#ifdef SO_DOMAIN
  ROW (":domain", SO_DOMAIN, SOL_SOCKET, family, GET, CLASSES_ALL,
       "Tell the address family of the socket.",
       .manual = "socket(7)"),
#endif
  ROW (":dontroute", SO_DONTROUTE, SOL_SOCKET, boolean, BOTH,
       CLASSES_ALL & ~CLASSES_MPTCP,
       "Send to directly connected hosts only, not through a gateway.",
       .manual = "socket(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":error", SO_ERROR, SOL_SOCKET, error, GET, CLASSES_ALL,
       "Give the pending error of the socket, and clear it.",
       .flags = OPTION_READ_CHANGES, .manual = "socket(7)"),
  ROW (":keepalive", SO_KEEPALIVE, SOL_SOCKET, boolean, BOTH, CLASSES_ALL,
       "Probe an idle connection to notice when the peer is gone.",
       .manual = "socket(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":linger", SO_LINGER, SOL_SOCKET, linger, BOTH, CLASSES_ALL,
       "Wait on closing until what is queued has been delivered.",
       RANGE (0, LINGER_SECONDS_MAX), .unit = "seconds",
       .flags = OPTION_CLOSE_WAITS,
       .caution = "in batch, deleting the process may wait for its peer",
       .manual = "socket(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":oobinline", SO_OOBINLINE, SOL_SOCKET, boolean, BOTH,
       CLASSES_ALL & ~CLASSES_MPTCP,
       "Leave urgent (out-of-band) data in the stream of received data.",
       .manual = "socket(7)",
       .inherited = CLASSES_ACCEPTED),
#ifdef SO_PROTOCOL
  ROW (":protocol", SO_PROTOCOL, SOL_SOCKET, protocol, GET, CLASSES_ALL,
       "Tell the protocol that the socket speaks.",
       .manual = "socket(7)"),
#endif
  ROW (":rcvbuf", SO_RCVBUF, SOL_SOCKET, integer, BOTH, CLASSES_ALL,
       "Set the size of the receive buffer; the kernel doubles it.",
       RANGE (0, INT_MAX), .flags = OPTION_ADJUSTED, .unit = "bytes",
       .manual = "socket(7)",
       .changes = ":rcvbufforce :buf-lock",
       .inherited = CLASSES_ACCEPTED),
  ROW (":rcvlowat", SO_RCVLOWAT, SOL_SOCKET, integer, BOTH, CLASSES_ALL,
       "Report received data only once there is this much of it.",
       RANGE (1, INT_MAX), .flags = OPTION_ADJUSTED, .unit = "bytes",
       .manual = "socket(7)",
       .changes = ":rcvbuf",
       .inherited = CLASSES_TCP),
  ROW (":rcvtimeo", SO_RCVTIMEO, SOL_SOCKET, seconds, BOTH, CLASSES_ALL,
       "Let blocking reads wait this long; those of Emacs do not block.",
       RANGE (0, SECONDS_MAX), .flags = OPTION_ADJUSTED, .unit = "seconds",
       .manual = "socket(7)",
       .inherited = CLASSES_TCP),
  ROW (":reuseaddr", SO_REUSEADDR, SOL_SOCKET, boolean, BOTH, CLASSES_ALL,
       "Allow binding to a local address that was in use a moment ago.",
       .phase = PHASE_BEFORE_BIND, .manual = "socket(7)",
       .late = "it counts for sockets that are bound later",
       .inherited = CLASSES_ACCEPTED),
  ROW (":reuseport", SO_REUSEPORT, SOL_SOCKET, boolean, BOTH, CLASSES_INET,
       "Let several sockets bind to the same address and port.",
       .phase = PHASE_BEFORE_BIND, .manual = "socket(7)",
       .late = "it counts for sockets that are bound later",
       .inherited = CLASSES_ACCEPTED),
  ROW (":sndbuf", SO_SNDBUF, SOL_SOCKET, integer, BOTH, CLASSES_ALL,
       "Set the size of the send buffer; the kernel doubles it.",
       RANGE (0, INT_MAX), .flags = OPTION_ADJUSTED, .unit = "bytes",
       .manual = "socket(7)",
       .changes = ":sndbufforce :buf-lock",
       .inherited = CLASSES_ACCEPTED),
  ROW (":sndtimeo", SO_SNDTIMEO, SOL_SOCKET, seconds, BOTH, CLASSES_ALL,
       "Let blocking writes wait this long; those of Emacs do not block.",
       RANGE (0, SECONDS_MAX), .flags = OPTION_ADJUSTED, .unit = "seconds",
       .manual = "socket(7)",
       .inherited = CLASSES_TCP),
  ROW (":timestamp", SO_TIMESTAMP, SOL_SOCKET, boolean, BOTH, CLASSES_ALL,
       "Tell when data was received, to the microsecond.",
       .manual = "socket(7)",
       .changes = ":timestampns",
       .info = ":time",
       .inherited = CLASSES_ACCEPTED),
  ROW (":type", SO_TYPE, SOL_SOCKET, socket_type, GET, CLASSES_ALL,
       "Tell the type of the socket.",
       .manual = "socket(7)"),

#ifdef SYSTEM_LINUX
  /* The socket level, on Linux only.  */
  ROW (":attach-filter", SO_ATTACH_FILTER, SOL_SOCKET, filter, BOTH,
       CLASSES_ALL & ~CLASSES_MPTCP,
       "Let this packet filter program decide what is received.",
       .manual = "socket(7)",
       .privilege = "CAP_NET_ADMIN on TCP in newer kernels",
       .changes = ":detach-filter",
       .hints = attach_hints,
       .flags = OPTION_ADMITS, .inherited = CLASSES_ACCEPTED),
  ROW (":bindtoifindex", SO_BINDTOIFINDEX, SOL_SOCKET, interface_index, BOTH,
       CLASSES_INET,
       "Send and receive through one interface only, chosen by its index.",
       .privilege = "CAP_NET_RAW to change it or to clear it",
       .hints = device_hints,
       .changes = ":bindtodevice",
       .flags = OPTION_ADMITS, .inherited = CLASSES_ACCEPTED),
# ifdef SO_BUF_LOCK
  ROW (":buf-lock", SO_BUF_LOCK, SOL_SOCKET, buffer_lock, BOTH,
       CLASSES_ALL & ~CLASSES_MPTCP,
       "List the buffers that keep their size; nil lets both adapt again.",
       .inherited = CLASSES_ACCEPTED),
# endif
  ROW (":cookie", SO_COOKIE, SOL_SOCKET, unsigned64, GET, CLASSES_ALL,
       "Give the number that only this socket has."),
  ROW (":detach-filter", SO_DETACH_FILTER, SOL_SOCKET, trigger, SET,
       CLASSES_ALL & ~CLASSES_MPTCP,
       "Remove the packet filter program from the socket.",
       .manual = "socket(7)",
       .changes = ":attach-filter",
       .hints = detach_hints),
# ifdef SO_INQ
  ROW (":inq", SO_INQ, SOL_SOCKET, boolean, SET, CLASS_UNIX_STREAM,
       "Tell with data how much is left; Emacs reads streams without it."),
# endif
  ROW (":lock-filter", SO_LOCK_FILTER, SOL_SOCKET, boolean, BOTH,
       CLASSES_ALL & ~CLASSES_MPTCP,
       "Forbid for good that the packet filter is changed or removed.",
       .manual = "socket(7)",
       .hints = lock_hints,
       .flags = OPTION_ADMITS, .inherited = CLASSES_ACCEPTED),
  ROW (":mark", SO_MARK, SOL_SOCKET, unsigned, BOTH, CLASSES_ALL,
       "Mark sent packets with this number for routing and firewalls.",
       RANGE (0, UINT32_MAX), .manual = "socket(7)",
       .privilege = "CAP_NET_ADMIN or CAP_NET_RAW",
       .inherited = CLASSES_ACCEPTED),
  ROW (":max-pacing-rate", SO_MAX_PACING_RATE, SOL_SOCKET, rate, BOTH,
       CLASSES_ALL & ~CLASSES_MPTCP,
       "Send no faster than this; nil sets no limit.",
       RANGE (0, INT64_MAX), .unit = "bytes per second",
       .inherited = CLASSES_ACCEPTED),
  ROW (":meminfo", SO_MEMINFO, SOL_SOCKET, memory_info, GET, CLASSES_ALL,
       "Give the memory that the socket uses, and how many packets it lost."),
# ifdef SO_NETNS_COOKIE
  ROW (":netns-cookie", SO_NETNS_COOKIE, SOL_SOCKET, unsigned64, GET,
       CLASSES_ALL,
       "Give the number that only the socket's network namespace has."),
# endif
  ROW (":no-check", SO_NO_CHECK, SOL_SOCKET, boolean, BOTH, CLASSES_UDP,
       "Send IPv4 datagrams without a checksum."),
  ROW (":passcred", SO_PASSCRED, SOL_SOCKET, boolean, BOTH, CLASSES_UNIX,
       "Tell with received data who sent it.",
       .manual = "socket(7)",
       .info = ":credentials",
       .inherited = CLASSES_UNIX),
# ifdef SO_PASSPIDFD
  ROW (":passpidfd", SO_PASSPIDFD, SOL_SOCKET, boolean, BOTH, CLASSES_UNIX,
       "Tell with received data which process sent it.",
       .info = ":pid",
       .inherited = CLASSES_UNIX),
# endif
# ifdef SO_PASSRIGHTS
  ROW (":passrights", SO_PASSRIGHTS, SOL_SOCKET, boolean, BOTH, CLASSES_UNIX,
       "Let other processes pass file descriptors through the socket.",
       .info = ":descriptors",
       .inherited = CLASSES_UNIX),
# endif
  ROW (":passsec", SO_PASSSEC, SOL_SOCKET, boolean, BOTH, CLASSES_UNIX,
       "Tell the sender's security label with received data.",
       .manual = "socket(7)",
       .info = ":security",
       .inherited = CLASSES_UNIX),
  ROW (":peek-off", SO_PEEK_OFF, SOL_SOCKET, integer, BOTH,
       CLASSES_UNIX | CLASSES_TCP | CLASSES_UDP | CLASSES_UDPLITE,
       "Peek at received data from this offset on; -1 is always its start.",
       RANGE (-1, INT_MAX), .unit = "bytes", .manual = "socket(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":peercred", SO_PEERCRED, SOL_SOCKET, credentials, GET, CLASSES_UNIX,
       "Tell the process, user and group at the other end.",
       .manual = "socket(7)"),
  ROW (":peergroups", SO_PEERGROUPS, SOL_SOCKET, groups, GET, CLASSES_UNIX,
       "List the supplementary groups of the process at the other end.",
       .hints = peer_hints),
# ifdef SO_PEERPIDFD
  ROW (":peerpidfd", SO_PEERPIDFD, SOL_SOCKET, pidfd, GET, CLASSES_UNIX,
       "Give the process at the other end, or nil if it is gone.",
       .flags = OPTION_READ_CHANGES,
       .hints = peer_hints),
# endif
  ROW (":peersec", SO_PEERSEC, SOL_SOCKET, label, GET,
       CLASS_UNIX_STREAM | CLASS_UNIX_SEQPACKET | CLASSES_TCP,
       "Give the security label of the process at the other end.",
       .manual = "socket(7)"),
  ROW (":priority", SO_PRIORITY, SOL_SOCKET, integer, BOTH, CLASSES_ALL,
       "Queue sent packets with this priority; above 6 needs privilege.",
       RANGE (INT_MIN, INT_MAX), .manual = "socket(7)",
       .privilege = "CAP_NET_ADMIN or CAP_NET_RAW above 6"),
  ROW (":rcvbufforce", SO_RCVBUFFORCE, SOL_SOCKET, integer, SET, CLASSES_ALL,
       "Set the receive buffer's size, even above the system's maximum.",
       RANGE (0, INT_MAX / 2), .flags = OPTION_ADJUSTED, .unit = "bytes",
       .manual = "socket(7)", .privilege = "CAP_NET_ADMIN",
       .changes = ":rcvbuf :buf-lock"),
# ifdef SO_RCVMARK
  ROW (":rcvmark", SO_RCVMARK, SOL_SOCKET, boolean, BOTH, CLASSES_PACKET,
       "Tell the mark of each received packet.",
       .privilege = "CAP_NET_ADMIN or CAP_NET_RAW before Linux 6.12",
       .info = ":mark"),
# endif
# ifdef SO_RCVPRIORITY
  ROW (":rcvpriority", SO_RCVPRIORITY, SOL_SOCKET, boolean, BOTH, CLASSES_PACKET,
       "Tell the priority of each received packet.",
       .info = ":priority"),
# endif
  ROW (":rxq-ovfl", SO_RXQ_OVFL, SOL_SOCKET, boolean, BOTH, CLASSES_PACKET,
       "Count lost packets along with received ones.",
       .manual = "socket(7)",
       .info = ":dropped"),
  ROW (":sndbufforce", SO_SNDBUFFORCE, SOL_SOCKET, integer, SET, CLASSES_ALL,
       "Set the send buffer's size, even above the system's maximum.",
       RANGE (0, INT_MAX / 2), .flags = OPTION_ADJUSTED, .unit = "bytes",
       .manual = "socket(7)", .privilege = "CAP_NET_ADMIN",
       .changes = ":sndbuf :buf-lock"),
  ROW (":timestamping", SO_TIMESTAMPING, SOL_SOCKET, timestamping, BOTH,
       CLASSES_INET,
       "List the steps of sending and receiving to time.",
       .hints = timestamping_hints,
       .caution = "times of sending keep Emacs busy, unless"
                  " `sockopt-receive' reads them",
       .info = ":time :hardware-time :origin :step :id",
       .inherited = CLASSES_ACCEPTED),
  ROW (":timestampns", SO_TIMESTAMPNS, SOL_SOCKET, boolean, BOTH, CLASSES_ALL,
       "Tell when data was received, to the nanosecond.",
       .manual = "socket(7)",
       .changes = ":timestamp",
       .info = ":time",
       .inherited = CLASSES_ACCEPTED),
# ifdef SO_TXREHASH
  ROW (":txrehash", SO_TXREHASH, SOL_SOCKET, integer, BOTH, CLASSES_TCP,
       "Try another path when packets get lost: 1 or 0, -1 as the system.",
       RANGE (-1, 1), .flags = OPTION_ADJUSTED,
       .inherited = CLASSES_ACCEPTED),
# endif
  ROW (":txtime", SO_TXTIME, SOL_SOCKET, clock, BOTH, CLASSES_PACKET,
       "Choose the clock by which sockopt-send has a datagram leave.",
       .privilege = "CAP_NET_ADMIN for any clock but monotonic",
       .caution = "it stays on, and has an effect only where the queue of the"
                  " interface is fq or etf, see tc(8); realtime is read also"
                  " where it has not been set"),
#endif

  /* IPv4, and IPv6 sockets that carry it: ip(7).  */
  ROW (":ip-add-membership", IP_ADD_MEMBERSHIP, IPPROTO_IP, membership4, SET,
       CLASSES_PACKET & ~CLASSES_RAW6, "Join an IPv4 multicast group.", .manual = "ip(7)",
       .hints = join_hints,
       .changes = LEAVES),
#ifdef IP_ADD_SOURCE_MEMBERSHIP
  ROW (":ip-add-source-membership", IP_ADD_SOURCE_MEMBERSHIP, IPPROTO_IP,
       source4, SET, CLASSES_PACKET & ~CLASSES_RAW6,
       "Receive what one source sends to an IPv4 multicast group.", .manual = "ip(7)",
       .hints = source_hints,
       .changes = LEAVES),
#endif
#ifdef IP_BLOCK_SOURCE
  ROW (":ip-block-source", IP_BLOCK_SOURCE, IPPROTO_IP, source4, SET,
       CLASSES_PACKET & ~CLASSES_RAW6,
       "Ignore one source of an IPv4 multicast group.", .manual = "ip(7)",
       .hints = source_hints,
       .changes = ":ip-unblock-source :mcast-unblock-source"),
#endif
  ROW (":ip-drop-membership", IP_DROP_MEMBERSHIP, IPPROTO_IP, membership4, SET,
       CLASSES_PACKET & ~CLASSES_RAW6, "Leave an IPv4 multicast group.", .manual = "ip(7)",
       .hints = leave_hints,
       .changes = JOINS),
#ifdef IP_DROP_SOURCE_MEMBERSHIP
  ROW (":ip-drop-source-membership", IP_DROP_SOURCE_MEMBERSHIP, IPPROTO_IP,
       source4, SET, CLASSES_PACKET & ~CLASSES_RAW6,
       "Give up receiving one source of an IPv4 multicast group.", .manual = "ip(7)",
       .hints = source_hints,
       .changes = JOINS),
#endif
  ROW (":ip-hdrincl", IP_HDRINCL, IPPROTO_IP, boolean, BOTH, CLASSES_RAW4,
       "Take the IPv4 header from what is sent instead of making one.",
       .manual = "ip(7)", .privilege = "CAP_NET_RAW to create the socket"),
#ifdef IP_MINTTL
  ROW (":ip-minttl", IP_MINTTL, IPPROTO_IP, integer, BOTH,
       CLASSES_IP & ~CLASSES_MPTCP,
       "Drop packets of TCP over IPv4 that have fewer hops left than this.",
       RANGE (0, 255), .unit = "hops",
       .flags = OPTION_ADMITS, .inherited = CLASSES_ACCEPTED),
#endif
  ROW (":ip-multicast-if", IP_MULTICAST_IF, IPPROTO_IP, multicast_interface,
       BOTH, CLASSES_PACKET & ~CLASSES_RAW6,
       "Send IPv4 multicasts through this interface.",
       .manual = "ip(7)",
       .hints = device_hints),
  ROW (":ip-multicast-loop", IP_MULTICAST_LOOP, IPPROTO_IP, multicast_loop, BOTH,
       CLASSES_PACKET & ~CLASSES_RAW6,
       "Deliver sent IPv4 multicasts on this host, too.",
       .manual = "ip(7)"),
  ROW (":ip-multicast-ttl", IP_MULTICAST_TTL, IPPROTO_IP, multicast_hops, BOTH,
       CLASSES_PACKET & ~CLASSES_RAW6,
       "Let sent IPv4 multicasts go this many hops; -1 is the default, 1.",
       RANGE (MULTICAST_HOPS_MIN, 255), .flags = OPTION_ADJUSTED, .unit = "hops",
       .manual = "ip(7)"),
#ifdef IP_PKTINFO
  ROW (":ip-pktinfo", IP_PKTINFO, IPPROTO_IP, boolean, BOTH,
       CLASSES_IP & ~CLASSES_MPTCP,
       "Tell destination and interface of received IPv4 packets.",
       .manual = "ip(7)",
       .info = ":destination :interface",
       .inherited = CLASSES_ACCEPTED),
#endif
#ifdef IP_RECVORIGDSTADDR
  ROW (":ip-recvorigdstaddr", IP_RECVORIGDSTADDR, IPPROTO_IP, boolean, BOTH,
       CLASSES_IP & ~CLASSES_MPTCP,
       "Tell where received IPv4 packets were first sent to.",
       .manual = "ip(7)",
       .info = ":original-destination",
       .inherited = CLASSES_ACCEPTED),
#endif
#ifdef IP_RECVTOS
  ROW (":ip-recvtos", IP_RECVTOS, IPPROTO_IP, boolean, BOTH,
       CLASSES_IP & ~CLASSES_MPTCP,
       "Tell the class of service of received IPv4 packets.",
       .manual = "ip(7)",
       .info = ":tos",
       .inherited = CLASSES_ACCEPTED),
#endif
  ROW (":ip-recvttl", IP_RECVTTL, IPPROTO_IP, boolean, BOTH,
       CLASSES_IP & ~CLASSES_MPTCP,
       "Tell how many hops received IPv4 packets had left.",
       .manual = "ip(7)",
       .info = ":ttl",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ip-tos", IP_TOS, IPPROTO_IP, dscp, BOTH, CLASSES_IP,
       "Ask the network for this class of service for sent IPv4 packets.",
       RANGE (0, 255), .flags = OPTION_ADJUSTED, .manual = "ip(7)",
       .changes = ":priority",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ip-ttl", IP_TTL, IPPROTO_IP, integer, BOTH, CLASSES_IP & ~CLASSES_MPTCP,
       "Let sent IPv4 packets go this many hops; -1 is the system's default.",
       RANGE (HOPS_MIN, 255), .flags = OPTION_ADJUSTED, .unit = "hops",
       .manual = "ip(7)",
       .hints = hops_hints,
       .inherited = CLASSES_ACCEPTED),
#ifdef IP_UNBLOCK_SOURCE
  ROW (":ip-unblock-source", IP_UNBLOCK_SOURCE, IPPROTO_IP, source4, SET,
       CLASSES_PACKET & ~CLASSES_RAW6,
       "Receive a blocked source of an IPv4 multicast group again.", .manual = "ip(7)",
       .hints = source_hints,
       .changes = ":ip-block-source :mcast-block-source"),
#endif

#ifdef SYSTEM_LINUX
  /* IPv4, and IPv6 sockets that carry it, on Linux only.  */
  ROW (":ip-bind-address-no-port", IP_BIND_ADDRESS_NO_PORT, IPPROTO_IP,
       boolean, BOTH, CLASSES_IP,
       "Choose a client's port when it connects, not when it gets `:local'.",
       .phase = PHASE_BEFORE_BIND, .manual = "ip(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ip-freebind", IP_FREEBIND, IPPROTO_IP, boolean, BOTH, CLASSES_IP,
       "Allow binding to an IPv4 address that this host does not have yet.",
       .phase = PHASE_BEFORE_BIND, .manual = "ip(7)",
       .changes = ":ipv6-freebind",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ip-local-port-range", IP_LOCAL_PORT_RANGE, IPPROTO_IP, port_range,
       BOTH, CLASSES_IP,
       "Choose local ports in this part of the system's range, IPv6's too.",
       .phase = PHASE_BEFORE_CONNECT,
       .manual = "IP_LOCAL_PORT_RANGE(2const)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ip-msfilter", IP_MSFILTER, IPPROTO_IP, source_filter4, BOTH,
       CLASSES_PACKET & ~CLASSES_RAW6,
       "Receive only, or all but, these sources of an IPv4 multicast group.", .flags = OPTION_ARGUMENT,
       .manual = "ip(7)",
       .hints = filter_hints),
  ROW (":ip-mtu", IP_MTU, IPPROTO_IP, integer, GET, CLASSES_IP & ~CLASSES_MPTCP,
       "Tell the largest IPv4 packet that fits all the way to the peer.",
       .unit = "bytes", .manual = "ip(7)"),
  ROW (":ip-mtu-discover", IP_MTU_DISCOVER, IPPROTO_IP, mtu_discover, BOTH,
       CLASSES_IP & ~CLASSES_MPTCP,
       "Choose how to find, and heed, the largest IPv4 packet that fits.",
       RANGE (0, 5), .manual = "ip(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ip-multicast-all", IP_MULTICAST_ALL, IPPROTO_IP, boolean, BOTH,
       CLASSES_PACKET & ~CLASSES_RAW6,
       "Receive IPv4 multicasts of groups that only other sockets joined.",
       .manual = "ip(7)"),
  ROW (":ip-recverr", IP_RECVERR, IPPROTO_IP, boolean, BOTH,
       CLASSES_IP & ~CLASSES_MPTCP,
       "Report errors that the network sends back for IPv4 packets.",
       .caution = "without `sockopt-receive', the first error is the end of a"
                  " process of datagrams",
       .manual = "ip(7)",
       .info = ":error :origin :icmp :offender :mtu",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ip-transparent", IP_TRANSPARENT, IPPROTO_IP, boolean, BOTH, CLASSES_IP,
       "Use IPv4 addresses of other hosts as own ones, as proxies do.",
       .manual = "ip(7)",
       .privilege = "CAP_NET_ADMIN or CAP_NET_RAW to enable it",
       .changes = ":ipv6-transparent",
       .hints = unconnected_hints,
       .flags = OPTION_ADMITS, .inherited = CLASSES_ACCEPTED),
  ROW (":ip-unicast-if", IP_UNICAST_IF, IPPROTO_IP, interface_network, BOTH,
       CLASSES_IP & ~CLASSES_MPTCP,
       "Send IPv4 packets, but for multicasts, through this interface.",
       .hints = device_hints,
       .inherited = CLASSES_ACCEPTED),
  ROW (":original-dst", SO_ORIGINAL_DST, IPPROTO_IP, socket_address, GET,
       CLASSES_TCP,
       "Tell the IPv4 address that the peer wanted before being redirected.",
       .hints = redirected_hints),
#endif

#ifdef MCAST_JOIN_GROUP
  /* Multicast groups of either family: RFC 3678.  */
  ROW (":mcast-block-source", MCAST_BLOCK_SOURCE, LEVEL_OF_FAMILY,
       group_source, SET, CLASSES_PACKET,
       "Ignore one source of a multicast group.",
       .hints = source_hints,
       .changes = ":ip-unblock-source :mcast-unblock-source"),
  ROW (":mcast-join-group", MCAST_JOIN_GROUP, LEVEL_OF_FAMILY, group, SET,
       CLASSES_PACKET, "Join a multicast group.",
       .hints = join_hints,
       .changes = LEAVES),
  ROW (":mcast-join-source-group", MCAST_JOIN_SOURCE_GROUP, LEVEL_OF_FAMILY,
       group_source, SET, CLASSES_PACKET,
       "Receive what one source sends to a multicast group.",
       .hints = source_hints,
       .changes = LEAVES),
  ROW (":mcast-leave-group", MCAST_LEAVE_GROUP, LEVEL_OF_FAMILY, group, SET,
       CLASSES_PACKET, "Leave a multicast group.",
       .hints = leave_hints,
       .changes = JOINS),
  ROW (":mcast-leave-source-group", MCAST_LEAVE_SOURCE_GROUP, LEVEL_OF_FAMILY,
       group_source, SET, CLASSES_PACKET,
       "Give up receiving one source of a multicast group.",
       .hints = source_hints,
       .changes = JOINS),
# ifdef SYSTEM_LINUX
  ROW (":mcast-msfilter", MCAST_MSFILTER, LEVEL_OF_FAMILY, source_filter, BOTH,
       CLASSES_PACKET,
       "Receive only, or all but, these sources of a multicast group.", .flags = OPTION_ARGUMENT,
       .hints = filter_hints),
# endif
  ROW (":mcast-unblock-source", MCAST_UNBLOCK_SOURCE, LEVEL_OF_FAMILY,
       group_source, SET, CLASSES_PACKET,
       "Receive a blocked source of a multicast group again.",
       .hints = source_hints,
       .changes = ":ip-block-source :mcast-block-source"),
#endif

  /* IPv6: ipv6(7).  */
  ROW (":ipv6-add-membership", IPV6_ADD_MEMBERSHIP, IPPROTO_IPV6, membership6,
       SET, CLASSES_PACKET6, "Join an IPv6 multicast group.", .manual = "ipv6(7)",
       .hints = join_hints,
       .changes = LEAVES),
#ifdef IPV6_AUTOFLOWLABEL
  ROW (":ipv6-autoflowlabel", IPV6_AUTOFLOWLABEL, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Label IPv6 packets of one flow alike, so that they stay together.",
       .inherited = CLASSES_ACCEPTED),
#endif
  ROW (":ipv6-checksum", IPV6_CHECKSUM, IPPROTO_IPV6, integer, BOTH, CLASS_RAW6,
       "Keep a checksum at this even offset of the data; -1 keeps none.",
       RANGE (-1, UINT16_MAX), .unit = "bytes",
       .privilege = "CAP_NET_RAW to create the socket",
       .hints = offset_hints),
  ROW (":ipv6-dontfrag", IPV6_DONTFRAG, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Fail to send what is too large for one IPv6 packet on its way.",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-drop-membership", IPV6_DROP_MEMBERSHIP, IPPROTO_IPV6,
       membership6, SET, CLASSES_PACKET6, "Leave an IPv6 multicast group.", .manual = "ipv6(7)",
       .hints = leave_hints,
       .changes = JOINS),
  ROW (":ipv6-multicast-hops", IPV6_MULTICAST_HOPS, IPPROTO_IPV6, integer,
       BOTH, CLASSES_PACKET6,
       "Let sent IPv6 multicasts go this many hops; -1 is the default, 1.",
       RANGE (-1, 255), .flags = OPTION_ADJUSTED, .unit = "hops",
       .manual = "ipv6(7)"),
  ROW (":ipv6-multicast-if", IPV6_MULTICAST_IF, IPPROTO_IPV6, interface_index,
       BOTH, CLASSES_PACKET6, "Send IPv6 multicasts through this interface.",
       .manual = "ipv6(7)",
       .hints = device_hints),
  ROW (":ipv6-multicast-loop", IPV6_MULTICAST_LOOP, IPPROTO_IPV6, boolean,
       BOTH, CLASSES_PACKET6, "Deliver sent IPv6 multicasts on this host, too.",
       .manual = "ipv6(7)"),
  ROW (":ipv6-pathmtu", IPV6_PATHMTU, IPPROTO_IPV6, path_mtu, GET,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Tell the peer, and the largest IPv6 packet that fits on the way."),
  ROW (":ipv6-pktinfo", IPV6_PKTINFO, IPPROTO_IPV6, packet_info, SET,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Send IPv6 packets through this interface; Linux ignores the address.",
       .manual = "ipv6(7)"),
  ROW (":ipv6-recvhoplimit", IPV6_RECVHOPLIMIT, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Tell how many hops received IPv6 packets had left.",
       .info = ":hop-limit",
       .inherited = CLASSES_ACCEPTED),
#ifdef IPV6_RECVORIGDSTADDR
  ROW (":ipv6-recvorigdstaddr", IPV6_RECVORIGDSTADDR, IPPROTO_IPV6, boolean,
       BOTH, CLASSES_INET6 & ~CLASS_MPTCP6,
       "Tell where received IPv6 packets were first sent to.",
       .info = ":original-destination",
       .inherited = CLASSES_ACCEPTED),
#endif
  ROW (":ipv6-recvpathmtu", IPV6_RECVPATHMTU, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Tell, with what comes next, of IPv6 packets too large to send.",
       .info = ":path-mtu",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-recvpktinfo", IPV6_RECVPKTINFO, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Tell destination and interface of received IPv6 packets.",
       .manual = "ipv6(7)",
       .info = ":destination :interface",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-recvtclass", IPV6_RECVTCLASS, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Tell the class of service of received IPv6 packets.",
       .info = ":tos",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-tclass", IPV6_TCLASS, IPPROTO_IPV6, dscp, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Ask the network for this class of service for sent IPv6 packets.",
       RANGE (-1, 255), .flags = OPTION_ADJUSTED,
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-unicast-hops", IPV6_UNICAST_HOPS, IPPROTO_IPV6, integer, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Let sent IPv6 packets go this many hops; -1 is the system's default.",
       RANGE (-1, 255), .flags = OPTION_ADJUSTED, .unit = "hops",
       .manual = "ipv6(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-v6only", IPV6_V6ONLY, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6 & ~CLASSES_RAW6,
       "Use the socket for IPv6 only, not for IPv4 as well.",
       .phase = PHASE_BEFORE_BIND, .manual = "ipv6(7)",
       .inherited = CLASSES_ACCEPTED),

#ifdef SYSTEM_LINUX
  /* IPv6, on Linux only.  */
  ROW (":ip6t-so-original-dst", IP6T_SO_ORIGINAL_DST, IPPROTO_IPV6,
       socket_address, GET, CLASS_TCP6,
       "Tell the IPv6 address that the peer wanted before being redirected.",
       .hints = redirected_hints),
  ROW (":ipv6-addr-preferences", IPV6_ADDR_PREFERENCES, IPPROTO_IPV6,
       address_preferences, BOTH, CLASSES_INET6 & ~CLASS_MPTCP6,
       "List the kinds of IPv6 address to prefer as one's own.",
       .phase = PHASE_BEFORE_CONNECT, .flags = OPTION_ADJUSTED,
       .hints = preferences_hints,
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-flowinfo-send", IPV6_FLOWINFO_SEND, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Send the flow label that is part of the destination's address.",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-freebind", IPV6_FREEBIND, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6,
       "Allow binding to an IPv6 address that this host does not have yet.",
       .phase = PHASE_BEFORE_BIND,
       .changes = ":ip-freebind",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-hdrincl", IPV6_HDRINCL, IPPROTO_IPV6, boolean, BOTH, CLASSES_RAW6,
       "Take the IPv6 header from what is sent instead of making one.",
       .privilege = "CAP_NET_RAW to create the socket"),
  ROW (":ipv6-minhopcount", IPV6_MINHOPCOUNT, IPPROTO_IPV6, integer, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Drop packets of TCP over IPv6 that have fewer hops left than this.",
       RANGE (0, 255), .unit = "hops",
       .flags = OPTION_ADMITS, .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-mtu", IPV6_MTU, IPPROTO_IPV6, integer, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Set the size of IPv6 fragments; tell the largest packet that fits.",
       RANGE (0, INT_MAX), .flags = OPTION_ADJUSTED, .unit = "bytes",
       .manual = "ipv6(7)",
       .hints = mtu_hints),
  ROW (":ipv6-mtu-discover", IPV6_MTU_DISCOVER, IPPROTO_IPV6, mtu_discover,
       BOTH, CLASSES_INET6 & ~CLASS_MPTCP6,
       "Choose how to find, and heed, the largest IPv6 packet that fits.",
       RANGE (0, 5), .manual = "ipv6(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-multicast-all", IPV6_MULTICAST_ALL, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_PACKET6,
       "Receive IPv6 multicasts of groups that only other sockets joined."),
  ROW (":ipv6-recverr", IPV6_RECVERR, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6 & ~CLASS_MPTCP6,
       "Report errors that the network sends back for IPv6 packets.",
       .caution = "without `sockopt-receive', the first error is the end of a"
                  " process of datagrams",
       .manual = "ipv6(7)",
       .info = ":error :origin :icmp :offender :mtu",
       .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-transparent", IPV6_TRANSPARENT, IPPROTO_IPV6, boolean, BOTH,
       CLASSES_INET6,
       "Use IPv6 addresses of other hosts as own ones, as proxies do.",
       .privilege = "CAP_NET_ADMIN or CAP_NET_RAW to enable it",
       .changes = ":ip-transparent",
       .hints = unconnected_hints,
       .flags = OPTION_ADMITS, .inherited = CLASSES_ACCEPTED),
  ROW (":ipv6-unicast-if", IPV6_UNICAST_IF, IPPROTO_IPV6, interface_network,
       BOTH, CLASSES_INET6 & ~CLASS_MPTCP6,
       "Send IPv6 packets, but for multicasts, through this interface.",
       .hints = device_hints,
       .inherited = CLASSES_ACCEPTED),
#endif

  /* TCP: tcp(7).  */
#ifdef TCP_CONGESTION
  ROW (":tcp-congestion", TCP_CONGESTION, IPPROTO_TCP, congestion, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Choose the congestion control algorithm, by its name.",
       RANGE (1, INTERFACE_NAME_MAX), .manual = "tcp(7)",
       .privilege = "CAP_NET_ADMIN for a name that is not allowed to all",
       .hints = algorithm_hints,
       .inherited = CLASSES_ACCEPTED),
#endif
#ifdef TCP_FASTOPEN
  ROW (":tcp-fastopen", TCP_FASTOPEN, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Let so many new connections bring data at once; 0 lets none.",
       RANGE (0, INT_MAX), .phase = PHASE_LISTENING,
       .flags = OPTION_ADJUSTED, .unit = "connections", .manual = "tcp(7)"),
#endif
#ifdef TCP_KEEPCNT
  ROW (":tcp-keepcnt", TCP_KEEPCNT, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Give up the connection after this many unanswered probes.",
       RANGE (1, 127), .unit = "probes", .manual = "tcp(7)",
       .inherited = CLASSES_ACCEPTED),
#endif
#ifdef TCP_KEEPIDLE
  ROW (":tcp-keepidle", TCP_KEEPIDLE, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Probe a connection that has been idle for this long.",
       RANGE (1, 32767), .unit = "seconds", .manual = "tcp(7)",
       .inherited = CLASSES_ACCEPTED),
#endif
#ifdef TCP_KEEPINTVL
  ROW (":tcp-keepintvl", TCP_KEEPINTVL, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Wait this long before an unanswered probe is repeated.",
       RANGE (1, 32767), .unit = "seconds", .manual = "tcp(7)",
       .inherited = CLASSES_ACCEPTED),
#endif
  ROW (":tcp-maxseg", TCP_MAXSEG, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Limit how much data goes into one packet; 0 sets no limit.",
       RANGE (0, 32767), .phase = PHASE_BEFORE_CONNECT,
       .flags = OPTION_ADJUSTED, .unit = "bytes", .manual = "tcp(7)",
       .hints = segment_hints),
  ROW (":tcp-nodelay", TCP_NODELAY, IPPROTO_TCP, boolean, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Send small pieces of data at once instead of collecting them.",
       .manual = "tcp(7)",
       .inherited = CLASSES_ACCEPTED),
#ifdef TCP_NOTSENT_LOWAT
  ROW (":tcp-notsent-lowat", TCP_NOTSENT_LOWAT, IPPROTO_TCP, unsigned, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Take more data only when less than this waits to be sent.",
       RANGE (0, UINT32_MAX), .unit = "bytes",
       .inherited = CLASSES_TCP),
#endif

#ifdef SYSTEM_LINUX
  /* TCP, on Linux only.  */
  ROW (":tcp-cc-info", TCP_CC_INFO, IPPROTO_TCP, congestion_info, GET,
       CLASSES_TCP | CLASSES_MPTCP,
       "Give what the congestion control algorithm tells about itself."),
  ROW (":tcp-cork", TCP_CORK, IPPROTO_TCP, boolean, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Hold back what does not fill a packet, for at most 0.2 seconds.",
       .manual = "tcp(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-defer-accept", TCP_DEFER_ACCEPT, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Accept a connection only once it brings data, or after this time.",
       RANGE (0, DEFER_SECONDS_MAX), .phase = PHASE_LISTENING,
       .flags = OPTION_ADJUSTED, .unit = "seconds", .manual = "tcp(7)"),
  ROW (":tcp-delack-max-us", TCP_DELACK_MAX_US, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP,
       "Delay the acknowledgement of received data by this at most.",
       RANGE (2000, 200000), .flags = OPTION_ADJUSTED, .unit = "microseconds",
       .hints = tick_hints,
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-fastopen-connect", TCP_FASTOPEN_CONNECT, IPPROTO_TCP, boolean,
       BOTH, CLASSES_TCP | CLASSES_MPTCP,
       "Connect with the first write, so that its data go along at once.",
       .phase = PHASE_BEFORE_CONNECT, .flags = OPTION_BLIND,
       .caution = "of several addresses any would seem to answer at once, so"
                  " a client of such a host leaves it out",
       .manual = "tcp(7)",
       .hints = fastopen_hints,
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-fastopen-no-cookie", TCP_FASTOPEN_NO_COOKIE, IPPROTO_TCP, boolean,
       BOTH, CLASSES_TCP | CLASSES_MPTCP,
       "Need no proof of an earlier contact to send data while connecting.",
       .phase = PHASE_BEFORE_CONNECT,
       .flags = OPTION_ADMITS, .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-info", TCP_INFO, IPPROTO_TCP, tcp_info, GET,
       CLASSES_TCP | CLASSES_MPTCP,
       "Give the state, times and counters of the connection.",
       .manual = "tcp(7)"),
  ROW (":tcp-inq", TCP_INQ, IPPROTO_TCP, boolean, BOTH,
       CLASSES_TCP | CLASSES_MPTCP,
       "Tell with data how much is left; Emacs reads streams without it.",
       .inherited = CLASSES_TCP),
  ROW (":tcp-is-mptcp", TCP_IS_MPTCP, IPPROTO_TCP, boolean, GET,
       CLASSES_TCP | CLASSES_MPTCP,
       "Tell whether the connection really uses several paths."),
  ROW (":tcp-linger2", TCP_LINGER2, IPPROTO_TCP, integer, BOTH, CLASSES_TCP,
       "Let the peer finish for this long once our end is closed.",
       RANGE (-1, 120), .flags = OPTION_ADJUSTED, .unit = "seconds",
       .manual = "tcp(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-quickack", TCP_QUICKACK, IPPROTO_TCP, boolean, BOTH, CLASSES_TCP,
       "Acknowledge received data at once, until the kernel relents.",
       .flags = OPTION_ADJUSTED, .manual = "tcp(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-rto-max-ms", TCP_RTO_MAX_MS, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP, "Wait no longer than this before lost data is sent again.",
       RANGE (1000, 120000), .flags = OPTION_ADJUSTED, .unit = "milliseconds",
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-rto-min-us", TCP_RTO_MIN_US, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP, "Wait at least this long before lost data is sent again.",
       RANGE (2000, 200000), .flags = OPTION_ADJUSTED, .unit = "microseconds",
       .hints = tick_hints,
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-save-syn", TCP_SAVE_SYN, IPPROTO_TCP, integer, BOTH, CLASSES_TCP,
       "Keep the headers of the first packet: 1 IP and TCP, 2 also link.",
       RANGE (0, 2), .phase = PHASE_LISTENING, .manual = "tcp(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-saved-syn", TCP_SAVED_SYN, IPPROTO_TCP, octets, GET, CLASSES_TCP,
       "Give the headers that the connection began with, and drop them.",
       .flags = OPTION_READ_CHANGES, .manual = "tcp(7)"),
  ROW (":tcp-syncnt", TCP_SYNCNT, IPPROTO_TCP, integer, BOTH, CLASSES_TCP,
       "Give up connecting after about this many more tries.",
       RANGE (1, 127), .phase = PHASE_BEFORE_CONNECT, .unit = "retries",
       .manual = "tcp(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-thin-linear-timeouts", TCP_THIN_LINEAR_TIMEOUTS, IPPROTO_TCP,
       boolean, BOTH, CLASSES_TCP,
       "Repeat lost data at an even pace while there is little of it.",
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-tx-delay", TCP_TX_DELAY, IPPROTO_TCP, integer, BOTH, CLASSES_TCP,
       "Delay all sent data artificially, to imitate a slow network.",
       RANGE (0, (1 << 28) - 1), .unit = "microseconds",
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-ulp", TCP_ULP, IPPROTO_TCP, upper_protocol, BOTH, CLASSES_TCP,
       "Put a protocol of the kernel, such as tls, over the connection.",
       RANGE (1, INTERFACE_NAME_MAX), .phase = PHASE_AFTER_CONNECT,
       .privilege = "CAP_NET_ADMIN if a kernel module must be loaded",
       .hints = upper_hints),
  ROW (":tcp-user-timeout", TCP_USER_TIMEOUT, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP,
       "Give up when sent data remain unacknowledged for this long.",
       RANGE (0, INT_MAX), .unit = "milliseconds", .manual = "tcp(7)",
       .inherited = CLASSES_ACCEPTED),
  ROW (":tcp-window-clamp", TCP_WINDOW_CLAMP, IPPROTO_TCP, integer, BOTH,
       CLASSES_TCP,
       "Limit how much the peer may send at first; see `:rcvbuf' for later.",
       RANGE (0, INT_MAX), .flags = OPTION_ADJUSTED | OPTION_ADMITS, .unit = "bytes",
       .manual = "tcp(7)",
       .hints = clamp_hints,
       .inherited = CLASSES_ACCEPTED),

  /* UDP: udp(7).  */
  ROW (":udp-cork", UDP_CORK, IPPROTO_UDP, boolean, BOTH,
       CLASSES_UDP | CLASSES_UDPLITE,
       "Collect writes into one datagram, sent when this is turned off.",
       .manual = "udp(7)"),
  ROW (":udp-no-check6-rx", UDP_NO_CHECK6_RX, IPPROTO_UDP, boolean, BOTH,
       CLASS_UDP6, "Accept IPv6 datagrams that have no checksum."),
  ROW (":udp-no-check6-tx", UDP_NO_CHECK6_TX, IPPROTO_UDP, boolean, BOTH,
       CLASS_UDP6, "Send IPv6 datagrams without a checksum."),
  ROW (":udp-segment", UDP_SEGMENT, IPPROTO_UDP, integer, BOTH, CLASSES_UDP,
       "Split each write into datagrams of this size; 0 splits none.",
       RANGE (0, UINT16_MAX), .unit = "bytes", .manual = "udp(7)"),

  /* Multipath TCP: linux/mptcp.h.  */
  ROW (":mptcp-full-info", MPTCP_FULL_INFO, SOL_MPTCP, mptcp_full_info, GET,
       CLASSES_MPTCP,
       "Give all that is known of the connection and of each path it uses."),
  ROW (":mptcp-info", MPTCP_INFO, SOL_MPTCP, mptcp_info, GET, CLASSES_MPTCP,
       "Give the state and counters of the connection over all paths."),
  ROW (":mptcp-subflow-addrs", MPTCP_SUBFLOW_ADDRS, SOL_MPTCP, mptcp_addresses,
       GET, CLASSES_MPTCP,
       "List the addresses at both ends of each path of the connection."),
  ROW (":mptcp-tcpinfo", MPTCP_TCPINFO, SOL_MPTCP, mptcp_tcp_info, GET,
       CLASSES_MPTCP,
       "List state, times and counters of each path of the connection."),

  /* Virtual machines and their host: vsock(7).  */
  ROW (":vm-sockets-buffer-max-size", SO_VM_SOCKETS_BUFFER_MAX_SIZE, AF_VSOCK,
       unsigned64, BOTH, CLASS_VSOCK,
       "Set the greatest size that the buffer may be given.",
       RANGE (0, INT64_MAX), .unit = "bytes"),
  ROW (":vm-sockets-buffer-min-size", SO_VM_SOCKETS_BUFFER_MIN_SIZE, AF_VSOCK,
       unsigned64, BOTH, CLASS_VSOCK,
       "Set the least size that the buffer may be given.",
       RANGE (0, INT64_MAX), .unit = "bytes"),
  ROW (":vm-sockets-buffer-size", SO_VM_SOCKETS_BUFFER_SIZE, AF_VSOCK,
       unsigned64, BOTH, CLASS_VSOCK,
       "Set the size of the buffer between the virtual machines.",
       RANGE (0, INT64_MAX), .flags = OPTION_ADJUSTED, .unit = "bytes"),
  ROW (":vm-sockets-connect-timeout", SO_VM_SOCKETS_CONNECT_TIMEOUT, AF_VSOCK,
       seconds, BOTH, CLASS_VSOCK,
       "Give up connecting after this time; nil is the default, 2 seconds.",
       RANGE (0, SECONDS_MAX), .phase = PHASE_BEFORE_CONNECT,
       .flags = OPTION_ADJUSTED, .unit = "seconds"),
#endif

  /* Raw ICMP and ICMPv6: raw(7).  */
#ifdef SYSTEM_LINUX
  ROW (":icmp-filter", ICMP_FILTER, SOL_RAW, icmp_filter, BOTH, CLASS_ICMP4,
       "Drop received ICMP messages of these types.",
       .manual = "raw(7)", .privilege = "CAP_NET_RAW to create the socket"),
#endif
#ifdef ICMP6_FILTER_SETBLOCK
  ROW (":icmp6-filter", ICMP6_FILTER, IPPROTO_ICMPV6, icmp6_filter, BOTH,
       CLASS_ICMP6, "Drop received ICMPv6 messages of these types.",
       .privilege = "CAP_NET_RAW to create the socket"),
#endif
};
/* clang-format on */

const size_t options_count = sizeof options / sizeof options[0];
_Static_assert(OPTIONS_MAX >= sizeof options / sizeof options[0],
               "OPTIONS_MAX is too small");

const struct option *
option_find (const char *keyword)
{
  for (size_t i = 0; i < options_count; i++)
    if (strcmp (options[i].keyword, keyword) == 0)
      return &options[i];
  return NULL;
}

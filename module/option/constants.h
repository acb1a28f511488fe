/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers of socket options.  */

#ifndef SOCKOPT_CONSTANTS_H
#define SOCKOPT_CONSTANTS_H

#include <sys/types.h>

#include <netinet/in.h>

#include <netinet/tcp.h>
#include <sys/socket.h>

/* After the C library's own headers, on which it builds.  */
#if __has_include(<netinet/icmp6.h>)
# include <netinet/icmp6.h>
#endif

/* POSIX has these under another name.  */
#ifndef IPV6_ADD_MEMBERSHIP
# define IPV6_ADD_MEMBERSHIP IPV6_JOIN_GROUP
#endif
#ifndef IPV6_DROP_MEMBERSHIP
# define IPV6_DROP_MEMBERSHIP IPV6_LEAVE_GROUP
#endif

/* macOS has this one under another name.  */
#if !defined TCP_KEEPIDLE && defined TCP_KEEPALIVE
# define TCP_KEEPIDLE TCP_KEEPALIVE
#endif

#ifdef __linux__

# include <netinet/udp.h>

/* After the C library's own headers, which it gives way to.  The kernel
   headers on TCP, IPv6, ICMP and netfilter do not.  */
# include <linux/vm_sockets.h>

/* What follows is newer than the headers of Debian 12 (Linux 6.1, glibc
   2.36), of musl, or not in any header that the C library's get on with.
   The kernel decides at run time whether it knows an option, and its
   numbers never change: so one binary built on an old system serves
   newer kernels.  */

# ifndef IPPROTO_MPTCP
#  define IPPROTO_MPTCP 262
# endif
# ifndef SOL_MPTCP
#  define SOL_MPTCP 284
# endif

/* These machines have numbers of their own at the socket level; there,
   an option that the headers lack is left out.  */
# if !defined __sparc__ && !defined __hppa__ && !defined __mips__ \
   && !defined __alpha__
#  ifndef SO_NETNS_COOKIE
#   define SO_NETNS_COOKIE 71
#  endif
#  ifndef SO_BUF_LOCK
#   define SO_BUF_LOCK 72
#  endif
#  ifndef SO_TXREHASH
#   define SO_TXREHASH 74
#  endif
#  ifndef SO_RCVMARK
#   define SO_RCVMARK 75
#  endif
#  ifndef SO_PASSPIDFD
#   define SO_PASSPIDFD 76
#  endif
#  ifndef SO_PEERPIDFD
#   define SO_PEERPIDFD 77
#  endif
#  ifndef SO_RCVPRIORITY
#   define SO_RCVPRIORITY 82
#  endif
#  ifndef SO_PASSRIGHTS
#   define SO_PASSRIGHTS 83
#  endif
#  ifndef SO_INQ
#   define SO_INQ 84
#  endif
# endif

/* At the other levels all machines have the same.  */
# ifndef IP_LOCAL_PORT_RANGE
#  define IP_LOCAL_PORT_RANGE 51
# endif
# ifndef SO_ORIGINAL_DST
#  define SO_ORIGINAL_DST 80
# endif

# ifndef IPV6_ORIGDSTADDR
#  define IPV6_ORIGDSTADDR 74
# endif

/* Control messages of local sockets.  */
# ifndef SCM_SECURITY
#  define SCM_SECURITY 3
# endif
# ifndef SCM_PIDFD
#  define SCM_PIDFD 4
# endif

# ifndef IPV6_FLOWINFO_SEND
#  define IPV6_FLOWINFO_SEND 33
# endif
# ifndef IP6T_SO_ORIGINAL_DST
#  define IP6T_SO_ORIGINAL_DST 80
# endif

# ifndef TCP_IS_MPTCP
#  define TCP_IS_MPTCP 43
# endif
# ifndef TCP_RTO_MAX_MS
#  define TCP_RTO_MAX_MS 44
# endif
# ifndef TCP_RTO_MIN_US
#  define TCP_RTO_MIN_US 45
# endif
# ifndef TCP_DELACK_MAX_US
#  define TCP_DELACK_MAX_US 46
# endif

# ifndef MPTCP_INFO
#  define MPTCP_INFO 1
# endif
# ifndef MPTCP_TCPINFO
#  define MPTCP_TCPINFO 2
# endif
# ifndef MPTCP_SUBFLOW_ADDRS
#  define MPTCP_SUBFLOW_ADDRS 3
# endif
# ifndef MPTCP_FULL_INFO
#  define MPTCP_FULL_INFO 4
# endif

# ifndef ICMP_FILTER
#  define ICMP_FILTER 1
# endif

#endif /* __linux__ */

#ifdef SOCKOPT_LOWEST
/* Each of these is missing on some system.  */
# undef AF_VSOCK
# undef IPPROTO_MPTCP
# undef IPPROTO_UDPLITE
# undef SOCK_CLOEXEC
# undef VMADDR_PORT_ANY
# undef SO_BINDTODEVICE
# undef SO_COOKIE
# undef SO_DOMAIN
# undef SO_PROTOCOL
# undef IP_ADD_SOURCE_MEMBERSHIP
# undef IP_BLOCK_SOURCE
# undef IP_DROP_SOURCE_MEMBERSHIP
# undef IP_MINTTL
# undef IP_RECVORIGDSTADDR
# undef IP_UNBLOCK_SOURCE
# undef MCAST_JOIN_GROUP
# undef IPV6_AUTOFLOWLABEL
# undef IPV6_RECVORIGDSTADDR
# undef TCP_CONGESTION
# undef TCP_FASTOPEN
# undef TCP_NOTSENT_LOWAT
#endif

#endif /* SOCKOPT_CONSTANTS_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Value kinds: what the kernel's bytes of an option mean.  */

#ifndef SOCKOPT_KIND_H
#define SOCKOPT_KIND_H

#include <limits.h>

#include "option/value.h"

struct option;

/* The longest interface name that the kernel takes (IFNAMSIZ counts
   the terminating NUL too), and likewise other names.  */
enum
{
  INTERFACE_NAME_MAX = 15
};

/* The longest time that `:linger' takes, in seconds; what stands for "for
   ever", and from where on what is read does.  */
#ifdef SYSTEM_LINUX
enum
{
  LINGER_SECONDS_MAX = 65535, /* some 18 hours */
  LINGER_FOREVER = INT_MAX,
  /* A 32-bit kernel whose clock ticks a thousand times a second keeps no
     more than this (LONG_MAX / HZ).  */
  LINGER_FOREVER_MIN = 2147483
};
#else
enum
{
# ifdef SO_LINGER_SEC
  /* macOS keeps hundredths of a second in a short.  */
  LINGER_FOREVER = 327,
# else
  /* The BSDs refuse what is no short: some 9 hours.  */
  LINGER_FOREVER = 32767,
# endif
  LINGER_FOREVER_MIN = LINGER_FOREVER,
  LINGER_SECONDS_MAX = LINGER_FOREVER - 1
};
#endif

/* How many bytes a value of any length is first read into.  */
enum
{
  FIRST_ROOM = 320
};

/* What is wrong with a value, if anything.  FAULT_SYSTEM: the system could
   not tell whether it is right, and errno says why.  */
enum fault
{
  FAULT_NONE,
  FAULT_TYPE,
  FAULT_RANGE,
  FAULT_MEMORY,
  FAULT_SYSTEM
};

/* A number and the symbol that stands for it in Lisp.  A list of these
   ends with a null NAME.  */
struct name
{
  const char *name;
  int number;
};

/* A kind is a pair of functions between kernel bytes and `struct
   value'.  What DECODE yields, ENCODE accepts.  Either is null where no
   option of this kind can be set, or read.  */
struct kind
{
  /* For people: what values look like.  */
  const char *name;

  /* A Lisp predicate for `wrong-type-argument'.  */
  const char *predicate;

  /* How many bytes getsockopt may write at first.  */
  socklen_t size;

  enum fault (*encode) (const struct option *, const struct value *,
                        struct bytes *);

  /* DECODE sees `length' as the kernel returned it.  */
  enum fault (*decode) (const struct option *, const struct bytes *,
                        struct pool *, struct value *);

  /* Make of an argument in Lisp what getsockopt reads before it writes.
     Null where it reads nothing.  */
  enum fault (*prepare) (const struct option *, const struct value *,
                         struct bytes *);

  /* In the place of setsockopt and getsockopt, where bytes are not all:
     as `option_set' and `option_get'.  */
  int (*set) (int fd, const struct option *, const struct bytes *);
  int (*get) (int fd, const struct option *, struct bytes *);

  /* The symbols that are values, or that values are lists of.  */
  const struct name *names;

  /* Put what values there are now into the buffer of the size given.  Null
     where that is always the same.  */
  void (*choices) (char *, size_t);

  /* What the addresses in a value are that has an interface beside them.
     Null for all other kinds.  */
  const char *addresses;
};

/* kind.c: one number or flag.  */
extern const struct kind kind_boolean;
extern const struct kind kind_integer;       /* in the row's range */
extern const struct kind kind_unsigned;      /* 32 bits, likewise */
extern const struct kind kind_unsigned64;    /* 64 bits, likewise */
extern const struct kind kind_rate;          /* 64 bits; nil: unlimited */
extern const struct kind kind_seconds;       /* struct timeval; nil: none */
extern const struct kind kind_octet;         /* one byte, likewise */
extern const struct kind kind_octet_boolean; /* one byte */
extern const struct kind kind_linger;
extern const struct kind kind_trigger; /* setting it is all */

/* kind-name.c: names for numbers.  */
extern const struct kind kind_name;       /* a short string */
extern const struct kind kind_congestion; /* a name that the system lists */
extern const struct kind kind_upper_protocol;      /* likewise */
extern const struct kind kind_label;               /* a string of any length */
extern const struct kind kind_octets;              /* a unibyte string */
extern const struct kind kind_interface;           /* by name */
extern const struct kind kind_interface_index;     /* by index */
extern const struct kind kind_interface_network;   /* in network order */
extern const struct kind kind_multicast_interface; /* by its IPv4 address */
extern const struct kind kind_family;
extern const struct kind kind_socket_type;
extern const struct kind kind_protocol;
extern const struct kind kind_mtu_discover;
extern const struct kind kind_dscp;
extern const struct kind kind_error;
extern const struct kind kind_buffer_lock;
extern const struct kind kind_timestamping;
extern const struct kind kind_clock; /* struct sock_txtime */
extern const struct kind kind_address_preferences;

/* The number of the protocol called TEXT, or -1.  */
int protocol_number (const char *text);

/* Write into TEXT, of SIZE, what NAMES are called, with commas between; what
   does not fit is cut.  */
void names_text (const struct name *names, char *text, size_t size);

/* Make *VALUE the one of NAMES that stands for NUMBER, or NUMBER itself.  */
void number_to_value (const struct name *names, intmax_t number,
                      struct value *value);

/* Make *VALUE a list of the NAMES that stand for bits in FLAGS.  */
enum fault flags_to_value (const struct name *names, unsigned flags,
                           struct pool *pool, struct value *value);

/* kind-group.c: multicast groups and their sources.  */
extern const struct kind kind_membership4;    /* struct ip_mreqn */
extern const struct kind kind_membership6;    /* struct ipv6_mreq */
extern const struct kind kind_source4;        /* struct ip_mreq_source */
extern const struct kind kind_group;          /* struct group_req */
extern const struct kind kind_group_source;   /* struct group_source_req */
extern const struct kind kind_source_filter4; /* struct ip_msfilter */
extern const struct kind kind_source_filter;  /* struct group_filter */

/* kind-info.c: what the kernel tells of a connection.  */
extern const struct kind kind_tcp_info;
extern const struct kind kind_congestion_info;
extern const struct kind kind_memory_info;
extern const struct kind kind_mptcp_info;
extern const struct kind kind_mptcp_addresses;
extern const struct kind kind_mptcp_tcp_info;
extern const struct kind kind_mptcp_full_info;

/* kind-peer.c: who is at the other end, and where.  */
extern const struct kind kind_credentials; /* struct ucred */
extern const struct kind kind_groups;      /* gid_t[] */
extern const struct kind kind_pidfd;       /* a descriptor, given as a pid */
extern const struct kind kind_socket_address;
extern const struct kind kind_path_mtu;    /* struct ip6_mtuinfo */
extern const struct kind kind_packet_info; /* struct in6_pktinfo */
extern const struct kind kind_port_range;

/* Put the process that the descriptor PIDFD stands for into *PID, -1 if it
   is gone.  Return 0 or an errno value: that this could not be read does not
   mean that the process is gone.  */
int pid_of_descriptor (int pidfd, int *pid);

/* kind-filter.c: what is let through.  */
extern const struct kind kind_filter;       /* struct sock_fprog */
extern const struct kind kind_icmp_filter;  /* ICMP types, 32 bits */
extern const struct kind kind_icmp6_filter; /* ICMPv6 types, 256 bits */

#endif /* SOCKOPT_KIND_H */

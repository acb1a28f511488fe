/* The keyword dispatch table: one row per socket option.

Copyright (C) 2026 The sockopt authors

This file is part of sockopt.

sockopt is free software: you can redistribute it and/or modify it
under the terms of the GNU General Public License as published by the
Free Software Foundation, either version 3 of the License, or (at your
option) any later version.

sockopt is distributed in the hope that it will be useful, but WITHOUT
ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or
FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License
for more details.

You should have received a copy of the GNU General Public License
along with sockopt.  If not, see <https://www.gnu.org/licenses/>.  */

#ifndef SOCKOPT_OPTION_H
#define SOCKOPT_OPTION_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "kind.h"

/* What can be done with an option.  */
enum access
{
  ACCESS_GET = 1,
  ACCESS_SET = 2,
  ACCESS_BOTH = ACCESS_GET | ACCESS_SET
};

/* When an option is set at creation, and until when it has an effect.  */
enum moment
{
  MOMENT_ANY,
  MOMENT_BEFORE_BIND,
  MOMENT_BEFORE_CONNECT, /* or before a server listens */
  MOMENT_AFTER_BIND,
  MOMENT_LISTENING, /* on a socket that listens, and on no other */
  MOMENT_AFTER_CONNECT
};

enum option_flags
{
  /* Reading changes the socket: never read it unasked.  */
  OPTION_READ_CHANGES = 1,
  /* The kernel may store another value than the one given.  */
  OPTION_ADJUSTED = 2,
  /* Reading needs an argument.  */
  OPTION_ARGUMENT = 4
};

/* The sorts of socket that an option is for.  */
enum sort
{
  SORT_TCP4 = 1 << 0,
  SORT_TCP6 = 1 << 1,
  SORT_UDP4 = 1 << 2,
  SORT_UDP6 = 1 << 3,
  SORT_UDPLITE4 = 1 << 4,
  SORT_UDPLITE6 = 1 << 5,
  SORT_RAW4 = 1 << 6,
  SORT_RAW6 = 1 << 7,
  SORT_MPTCP4 = 1 << 8,
  SORT_MPTCP6 = 1 << 9,
  SORT_UNIX_STREAM = 1 << 10,
  SORT_UNIX_DATAGRAM = 1 << 11,
  SORT_UNIX_SEQPACKET = 1 << 12,
  SORT_VSOCK = 1 << 13,
  SORT_ICMP4 = 1 << 14, /* raw, IPPROTO_ICMP */
  SORT_ICMP6 = 1 << 15, /* raw, IPPROTO_ICMPV6 */

  SORTS_TCP = SORT_TCP4 | SORT_TCP6,
  SORTS_MPTCP = SORT_MPTCP4 | SORT_MPTCP6,
  SORTS_UDP = SORT_UDP4 | SORT_UDP6,
  SORTS_UDPLITE = SORT_UDPLITE4 | SORT_UDPLITE6,
  SORTS_ICMP = SORT_ICMP4 | SORT_ICMP6,
  SORTS_RAW4 = SORT_RAW4 | SORT_ICMP4,
  SORTS_RAW6 = SORT_RAW6 | SORT_ICMP6,
  SORTS_UNIX = SORT_UNIX_STREAM | SORT_UNIX_DATAGRAM | SORT_UNIX_SEQPACKET,
  /* Datagrams and packets of one Internet family.  */
  SORTS_PACKET4 = SORT_UDP4 | SORT_UDPLITE4 | SORTS_RAW4,
  SORTS_PACKET6 = SORT_UDP6 | SORT_UDPLITE6 | SORTS_RAW6,
  SORTS_PACKET = SORTS_PACKET4 | SORTS_PACKET6,
  SORTS_INET6 = SORTS_PACKET6 | SORT_TCP6 | SORT_MPTCP6,
  /* IPv4 options work on IPv6 sockets too, for mapped addresses.  */
  SORTS_INET = SORTS_PACKET | SORTS_TCP | SORTS_MPTCP,
  SORTS_ALL = SORTS_INET | SORTS_UNIX | SORT_VSOCK
};

/* The level of an option that has the same number at the levels of both
   Internet families: that of the socket's own.  Its kind has no functions
   to set and get.  */
enum
{
  LEVEL_OF_FAMILY = -1
};

struct option
{
  /* The C name in lower case, `_' as `-', without a leading `SO_'.  */
  const char *keyword;
  const char *constant;
  int level;
  int number;
  const struct kind *kind;
  enum access access;
  enum moment moment;
  unsigned flags;
  unsigned sorts;
  /* The range of integers in Lisp terms; of text, of its length.  */
  intmax_t min, max;
  /* What the integer counts, or null.  */
  const char *unit;
  /* What privilege setting it takes, in words, or null.  */
  const char *privilege;
  /* Where it is documented: "tcp(7)", or null.  */
  const char *manual;
  /* One sentence, as the first line of a docstring.  */
  const char *doc;
};

/* The rows, level by level; within each, those that other systems share
   come before Linux's own.  */
extern const struct option options[];
extern const size_t options_count;

/* The row of KEYWORD, or a null pointer.  */
const struct option *option_find (const char *keyword);

/* The sort of socket FD is, or 0 if it is none of them.  */
unsigned option_sort (int fd);

/* Likewise of sockets of DOMAIN, TYPE and PROTOCOL, 0 for the usual.  */
unsigned option_sort_of (int domain, int type, int protocol);

/* Whether OPTION is for sockets of SORT.  All are for sort 0.  */
bool option_applies (const struct option *option, unsigned sort);

/* What CODE, with which the kernel refused OPTION of socket FD, comes to:
   an option that this system, or a socket of this sort, does not have is
   ENOPROTOOPT, whichever code the kernel chose.  */
int option_errno (int fd, const struct option *option, int code);

/* The level of the Internet family of socket FD.  */
int option_family_level (int fd);

/* The level at which socket FD has OPTION.  */
static inline int
option_level (int fd, const struct option *option)
{
  return option->level == LEVEL_OF_FAMILY ? option_family_level (fd)
                                          : option->level;
}

/* Set OPTION of socket FD to BYTES.  Return 0, or an errno value as
   `option_errno' makes it.  This is within its callers because, after a
   system call, the processor has forgotten where functions return to:
   each that need not return saves a twentieth of the time of the call.  */
static inline int
option_set (int fd, const struct option *option, const struct bytes *bytes)
{
  int code = 0;
  if (!(option->access & ACCESS_SET))
    return ENOPROTOOPT;
  if (option->kind->set)
    code = option->kind->set (fd, option, bytes);
  else if (setsockopt (fd, option_level (fd, option), option->number,
                       bytes_data (bytes), bytes->length)
           < 0)
    code = errno;
  return code == 0 ? 0 : option_errno (fd, option, code);
}

/* Read OPTION of socket FD into *BYTES, which begins as `prepare' of its
   kind made it or as BYTES_NONE, and is to be freed.  Return as
   `option_set'.  */
int option_get (int fd, const struct option *option, struct bytes *bytes);

#endif /* SOCKOPT_OPTION_H */

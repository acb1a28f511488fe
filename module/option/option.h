/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyword dispatch table: one row per socket option.  */

#ifndef SOCKOPT_OPTION_H
#define SOCKOPT_OPTION_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "option/kind.h"

/* What can be done with an option.  */
enum access
{
  ACCESS_GET = 1,
  ACCESS_SET = 2,
  ACCESS_BOTH = ACCESS_GET | ACCESS_SET
};

/* When an option is set at creation, and until when it has an effect.  */
enum phase
{
  PHASE_ANY,
  PHASE_BEFORE_BIND,
  PHASE_BEFORE_CONNECT, /* or before a server listens */
  PHASE_AFTER_BIND,
  PHASE_LISTENING, /* on a socket that listens, and on no other */
  PHASE_AFTER_CONNECT
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
  /* IPv4 options work on IPv6 sockets too, for mapped addresses.  */
  CLASSES_INET = CLASSES_PACKET | CLASSES_TCP | CLASSES_MPTCP,
  CLASSES_ALL = CLASSES_INET | CLASSES_UNIX | CLASS_VSOCK
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
  enum phase phase;
  unsigned flags;
  unsigned classes;
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

/* The class of socket that FD is, or 0 if it is none of them.  */
unsigned socket_class (int fd);

/* Likewise of sockets of DOMAIN, TYPE and PROTOCOL, 0 for the usual.  */
unsigned socket_class_for (int domain, int type, int protocol);

/* Whether OPTION is for sockets of CLASS.  All are for class 0.  */
bool option_applies (const struct option *option, unsigned class);

/* What CODE, with which the kernel refused OPTION of socket FD, comes to:
   an option that this system, or a socket of this class, does not have is
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

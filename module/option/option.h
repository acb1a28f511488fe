/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyword dispatch table: one row per socket option.  */

#ifndef SOCKOPT_OPTION_H
#define SOCKOPT_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "option/kind.h"
#include "option/socket-class.h"

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
  PHASE_LISTENING,      /* on a socket that listens, and on no other */
  PHASE_AFTER_CONNECT
};

enum option_flags
{
  /* Reading changes the socket: never read it unasked.  */
  OPTION_READ_CHANGES = 1,
  /* The kernel may store another value than the one given.  */
  OPTION_ADJUSTED = 2,
  /* Reading needs an argument.  */
  OPTION_ARGUMENT = 4,
  /* While it is set, closing the socket may wait.  */
  OPTION_CLOSE_WAITS = 8,
  /* On a server it decides whom that lets in, or stays for good: it is not
     set there for the sake of the connections that the server accepts.  */
  OPTION_ADMITS = 16,
  /* With it a socket that does not lead anywhere connects, too: where there
     are several addresses to choose from, it is left out.  */
  OPTION_BLIND = 32
};

/* The level of an option that has the same number at the levels of both
   Internet families: that of the socket's own.  Its kind has no functions
   to set and get.  */
enum
{
  LEVEL_OF_FAMILY = -1
};

/* What an errno value means for an option, where the system's message
   misleads, and what would do.  A list of these ends with a null TEXT.  */
struct hint
{
  int code;
  const char *text;
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
  /* The classes of server whose accepted connections inherit it; over MPTCP
     also those that are not with a peer who has that.  */
  unsigned inherited;
  /* The range of integers in Lisp terms; of text, of its length.  */
  intmax_t min, max;
  /* What the integer counts, or null.  */
  const char *unit;
  /* What privilege setting it takes, in words, or null.  */
  const char *privilege;
  /* What it still does when it is set after its phase, in words; null where
     that is nothing, and so too late.  */
  const char *late;
  /* The options whose values setting it changes, or that take back what it
     has set: keywords with spaces between them, or null.  */
  const char *changes;
  /* What it has the kernel tell along with each datagram: keywords as
     `controls' has them, with spaces between them, or null.  */
  const char *info;
  const struct hint *hints;
  /* What to think of before it is set, in words, or null.  */
  const char *caution;
  /* Where it is documented: "tcp(7)", or null.  */
  const char *manual;
  /* One sentence, as the first line of a docstring.  */
  const char *doc;
};

/* More rows than there are, so that an array can have one of each.  */
enum
{
  OPTIONS_MAX = 256
};

/* The rows, level by level; within each, those that other systems share
   come before Linux's own.  */
extern const struct option options[];
extern const size_t options_count;

/* The row of KEYWORD, or a null pointer.  */
const struct option *option_find (const char *keyword);

/* Whether OPTION is for sockets of CLASS.  All are for class 0.  */
static inline bool
option_applies (const struct option *option, unsigned class)
{
  return class == 0 || (option->classes & class) != 0;
}

/* Whether the connections that a server of CLASS accepts have from the
   start the value that OPTION has on the server.  */
static inline bool
option_inherited (const struct option *option, unsigned class)
{
  return (option->inherited & option->classes & class) != 0;
}

/* Whether OPTION can be read without an argument, and without a change.  */
static inline bool
option_reads_plainly (const struct option *option)
{
  return option->access & ACCESS_GET
         && !(option->flags & (OPTION_READ_CHANGES | OPTION_ARGUMENT));
}

#endif /* SOCKOPT_OPTION_H */

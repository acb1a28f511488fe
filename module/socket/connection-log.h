/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a connection came about: what was tried, and how long it took.  */

#ifndef SOCKOPT_CONNECTION_LOG_H
#define SOCKOPT_CONNECTION_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "socket/connect.h"
#include "socket/lookup.h"

/* An attempt of a race, see `struct attempt'.  Times are microseconds; START
   counts from when the race began.  Most addresses are far shorter than they
   could be, and logs are kept as long as processes: so LENGTH and PLACE say
   where the bytes of this one are.  */
struct logged_attempt
{
  int64_t start;
  int64_t took;
  int code;
  socklen_t length;
  size_t place;
};

/* LOOKUP is how long it took to find the addresses, in microseconds, or
   LOOKUP_NONE.  Of TOTAL attempts the first COUNT are kept.  The bytes of
   their addresses come after them.  */
struct connection_log
{
  int64_t lookup;
  size_t total;
  size_t count;
  struct logged_attempt attempts[];
};

/* What there is to say of RACE, which is over, after a lookup that took
   LOOKUP.  To be freed; null when memory is exhausted.  */
struct connection_log *connection_log_make (const struct race *race,
                                            int64_t lookup);

/* The address of the attempt INDEX of LOG.  */
struct address connection_log_address (const struct connection_log *log,
                                       size_t index);

#endif /* SOCKOPT_CONNECTION_LOG_H */

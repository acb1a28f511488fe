/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a connection came about: what was tried, and how long it took.  */

#ifndef SOCKOPT_CONNECTION_LOG_H
#define SOCKOPT_CONNECTION_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "socket/connect.h"
#include "socket/lookup.h"

/* An attempt of a race with its address, see `struct attempt'.  Times are
   microseconds; START counts from when the race began.  */
struct logged_attempt
{
  struct address address;
  int64_t start;
  int64_t took;
  int code;
};

/* LOOKUP is how long it took to find the addresses, in microseconds, or
   LOOKUP_NONE.  Of TOTAL attempts the first COUNT are kept.  */
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

#endif /* SOCKOPT_CONNECTION_LOG_H */

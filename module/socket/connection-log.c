/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a connection came about: what was tried, and how long it took.  */

#include "option/config.h"

#include "socket/connection-log.h"

#include <stdlib.h>

struct connection_log *
connection_log_make (const struct race *race, int64_t lookup)
{
  size_t count = race->attempts_count < RACE_ATTEMPTS ? race->attempts_count
                                                      : RACE_ATTEMPTS;
  struct connection_log *log
    = malloc (sizeof *log + count * sizeof log->attempts[0]);
  if (!log)
    return NULL;
  log->lookup = lookup;
  log->total = race->attempts_count;
  log->count = count;
  for (size_t i = 0; i < count; i++)
    {
      const struct attempt *attempt = &race->attempts[i];
      log->attempts[i] = (struct logged_attempt){
        .address = race->addresses[attempt->address],
        .start = attempt->start - race->attempts[0].start,
        .took = attempt->end - attempt->start,
        .code = attempt->code,
      };
    }
  return log;
}

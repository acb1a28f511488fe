/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a connection came about: what was tried, and how long it took.  */

#include "option/config.h"

#include "socket/connection-log.h"

#include <stdlib.h>
#include <string.h>

/* The address of attempt I of RACE.  */
static const struct address *
attempt_address (const struct race *race, size_t i)
{
  return &race->addresses[race->attempts[i].address];
}

/* How many bytes the addresses of the first COUNT attempts have.  */
static size_t
addresses_size (const struct race *race, size_t count)
{
  size_t size = 0;
  for (size_t i = 0; i < count; i++)
    size += attempt_address (race, i)->length;
  return size;
}

struct connection_log *
connection_log_make (const struct race *race, int64_t lookup)
{
  size_t count = race->attempts_count < RACE_ATTEMPTS ? race->attempts_count
                                                      : RACE_ATTEMPTS;
  struct connection_log *log
    = malloc (sizeof *log + count * sizeof log->attempts[0]
              + addresses_size (race, count));
  if (!log)
    return NULL;
  log->lookup = lookup;
  log->total = race->attempts_count;
  log->count = count;
  size_t place = 0;
  for (size_t i = 0; i < count; i++)
    {
      const struct attempt *attempt = &race->attempts[i];
      const struct address *address = attempt_address (race, i);
      log->attempts[i] = (struct logged_attempt){
        .start = attempt->start - race->attempts[0].start,
        .took = attempt->end - attempt->start,
        .code = attempt->code,
        .length = address->length,
        .place = place,
      };
      memcpy ((char *) &log->attempts[count] + place, &address->storage,
              address->length);
      place += address->length;
    }
  return log;
}

struct address
connection_log_address (const struct connection_log *log, size_t index)
{
  const struct logged_attempt *attempt = &log->attempts[index];
  struct address address = { .length = attempt->length };
  memcpy (&address.storage,
          (const char *) &log->attempts[log->count] + attempt->place,
          attempt->length);
  return address;
}

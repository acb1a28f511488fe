/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Look up host names.  */

#include "option/config.h"

#include "socket/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>

#include "socket/clock.h"

/* The family to begin with: PREFERRED if LIST has it, else the first.  */
static int
first_family (const struct addrinfo *list, int preferred)
{
  for (const struct addrinfo *info = list; info; info = info->ai_next)
    if (info->ai_family == preferred)
      return preferred;
  return list ? list->ai_family : AF_UNSPEC;
}

/* Order the addresses so that the families take turns, beginning with
   PREFERRED if there are any of it.  */
static struct addresses *
collect (const struct addrinfo *list, int preferred)
{
  int family = first_family (list, preferred);
  size_t count = 0;
  for (const struct addrinfo *info = list; info; info = info->ai_next)
    count++;
  struct addresses *result
    = malloc (sizeof *result + count * sizeof result->items[0]);
  if (!result)
    return NULL;
  result->count = count;
  result->lookup = LOOKUP_NONE;
  const struct addrinfo *first = list;
  const struct addrinfo *other = list;
  for (size_t i = 0; i < count; i++)
    {
      while (first && first->ai_family != family)
        first = first->ai_next;
      while (other && other->ai_family == family)
        other = other->ai_next;
      const struct addrinfo **turn
        = first && (i % 2 == 0 || !other) ? &first : &other;
      address_copy (&result->items[i], (*turn)->ai_addr, (*turn)->ai_addrlen);
      *turn = (*turn)->ai_next;
    }
  return result;
}

static int
look_up (const struct query *query, int flags, struct addresses **result)
{
  struct addrinfo hints = { .ai_family = query->family,
                            .ai_socktype = query->type,
                            .ai_flags = flags };
  struct addrinfo *list = NULL;
  *result = NULL;
  int code = getaddrinfo (query->host, query->service, &hints, &list);
  if (code != 0)
    return code;
  *result = collect (list, query->preferred);
  freeaddrinfo (list);
  return *result ? 0 : EAI_MEMORY;
}

int
lookup_numeric (const struct query *query, struct addresses **result)
{
  int code = look_up (query, AI_NUMERICHOST | AI_NUMERICSERV, result);
  /* OpenBSD says so of the name of a service.  */
  return code == EAI_SERVICE ? EAI_NONAME : code;
}

int
lookup_name (const struct query *query, struct addresses **result)
{
  int64_t start = clock_microseconds ();
  int code = look_up (query, 0, result);
  int saved = errno;
  if (*result)
    (*result)->lookup = clock_microseconds () - start;
  errno = saved;
  return code;
}

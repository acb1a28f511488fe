/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Look up host names.  */

#ifndef SOCKOPT_LOOKUP_H
#define SOCKOPT_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include "socket/address.h"

/* How long a lookup took, where there was none.  */
enum
{
  LOOKUP_NONE = -1
};

/* Addresses that a host and service name stand for, most wanted first,
   the families taking turns (RFC 8305, section 4).  LOOKUP is how long it
   took to find them, in microseconds, or LOOKUP_NONE.  */
struct addresses
{
  int64_t lookup;
  size_t count;
  struct address items[];
};

/* What to look up: as for getaddrinfo(3).  FAMILY may be AF_UNSPEC.
   PREFERRED is the family to begin with, AF_UNSPEC for the one that the
   system puts first (RFC 6724).  */
struct query
{
  const char *host;
  const char *service;
  int family;
  int preferred;
  int type;
};

/* Look QUERY up here and now, if HOST is a numeric address and SERVICE a
   number, so that it needs nobody's answer.  Return 0 with *RESULT allocated,
   or a getaddrinfo code: EAI_NONAME when one of them is a name.  */
int lookup_numeric (const struct query *query, struct addresses **result);

/* Look QUERY up, whatever HOST is, however long that takes.  */
int lookup_name (const struct query *query, struct addresses **result);

#endif /* SOCKOPT_LOOKUP_H */

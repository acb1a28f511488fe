/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The address of a client's own that it is bound to before it connects.  */

#include "option/config.h"

#include "socket/local.h"

#include <errno.h>

#include "socket/bind-hint.h"

bool
local_fits (const struct plan *plan, const struct address *address)
{
  return plan->local.length == 0
         || address_family (&plan->local) == address_family (address);
}

void
local_misfit (struct failure *failure)
{
  *failure = (struct failure){ .code = EAFNOSUPPORT,
                               .verb = "make client process failed",
                               .local = LOCAL_FAMILY };
}

bool
local_bind (const struct plan *plan, int fd, struct failure *failure)
{
  if (plan->local.length == 0 || socket_bind (fd, &plan->local) == 0)
    return true;
  *failure = (struct failure){ .code = errno,
                               .verb = "Cannot bind client socket",
                               .local = LOCAL_BIND };
  return false;
}

const char *
local_hint (const struct plan *plan, const struct failure *failure)
{
  int family = address_family (&plan->local);
  switch (failure->local)
    {
    case LOCAL_FAMILY:
      return "it takes an address of the same family as where it connects to";
    case LOCAL_BIND:
      return bind_hint (false, failure->code, &plan->local);
    case LOCAL_CONNECT:
      return failure->code == EADDRNOTAVAIL
                 && (family == AF_INET || family == AF_INET6)
               ? "from this address a connection leads there already, or did"
                 " a moment ago; port 0 chooses another"
               : NULL;
    case LOCAL_NONE:
    default:
      return NULL;
    }
}

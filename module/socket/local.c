/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The address of a client's own that it is bound to before it connects.  */

#include "option/config.h"

#include "socket/local.h"

#include <errno.h>

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

/* Which addresses a hint is about.  */
enum where
{
  INTERNET,
  INTERNET6,
  FILES
};

static bool
is_there (enum where where, int family)
{
  switch (where)
    {
    case INTERNET:
      return family == AF_INET || family == AF_INET6;
    case INTERNET6:
      return family == AF_INET6;
    case FILES:
    default:
      return family == AF_UNIX;
    }
}

static const struct
{
  enum local_stage stage;
  int code;
  enum where where;
  const char *text;
} hints[] = {
  { LOCAL_BIND, EADDRNOTAVAIL, INTERNET,
    "it takes an address of this host (M-: (network-interface-list)), or"
    " `:ip-freebind' for one that it does not have yet" },
  { LOCAL_BIND, EADDRINUSE, INTERNET,
    "port 0 chooses one that is free; `:reuseaddr' or `:reuseport' shares"
    " one" },
  { LOCAL_BIND, EACCES, INTERNET,
    "ports below net.ipv4.ip_unprivileged_port_start, which is 1024 as a"
    " rule, take CAP_NET_BIND_SERVICE; port 0 chooses one above" },
  { LOCAL_BIND, EINVAL, INTERNET6,
    "a link-local address takes `:bindtodevice' with its interface" },
  { LOCAL_BIND, EADDRINUSE, FILES,
    "there is such a file: delete it if nobody uses it, or have the kernel"
    " choose a name, by \"\"" },
  { LOCAL_BIND, ENOENT, FILES, "there is no such directory" },
  { LOCAL_BIND, EACCES, FILES, "the directory must be one to write to" },
  { LOCAL_CONNECT, EADDRNOTAVAIL, INTERNET,
    "from this address a connection leads there already, or did a moment"
    " ago; port 0 chooses another" },
};

const char *
local_hint (const struct plan *plan, const struct failure *failure)
{
  int family = address_family (&plan->local);
  if (failure->local == LOCAL_FAMILY)
    return "it takes an address of the same family as where it connects to";
  for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
    if (hints[i].stage == failure->local && hints[i].code == failure->code
        && is_there (hints[i].where, family))
      return hints[i].text;
  return NULL;
}

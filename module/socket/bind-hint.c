/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What would do where a socket cannot be bound to an address.  */

#include "option/config.h"

#include "socket/bind-hint.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

/* Which sockets a hint is for.  */
enum role
{
  ANY,
  CLIENT,
  SERVER
};

/* Which addresses a hint is about.  */
enum where
{
  INTERNET,
  INTERNET6,
  FILES,
  ABSTRACT
};

static const struct
{
  enum role role;
  int code;
  enum where where;
  const char *text;
} hints[] = {
  { ANY, EADDRNOTAVAIL, INTERNET,
    "it takes an address of this host (M-: (network-interface-list)), or"
    " `:ip-freebind' for one that it does not have yet" },
  { CLIENT, EADDRINUSE, INTERNET,
    "port 0 chooses one that is free; `:reuseaddr' or `:reuseport' shares"
    " one" },
  { SERVER, EADDRINUSE, INTERNET,
    "`:service t' chooses a port that is free; `:reuseport', on all that use"
    " it, shares one" },
  { ANY, EACCES, INTERNET,
    "ports below net.ipv4.ip_unprivileged_port_start, which is 1024 as a"
    " rule, take CAP_NET_BIND_SERVICE; port 0 chooses one above" },
  { ANY, EINVAL, INTERNET6,
    "a link-local address takes `:bindtodevice' with its interface" },
  { CLIENT, EADDRINUSE, FILES,
    "there is such a file: delete it if nobody uses it, or have the kernel"
    " choose a name, by \"\"" },
  { SERVER, EADDRINUSE, FILES,
    "there is such a file: delete it if nobody uses it" },
  { CLIENT, EADDRINUSE, ABSTRACT,
    "another socket has this name; \"\" has the kernel choose one" },
  { SERVER, EADDRINUSE, ABSTRACT, "another socket has this name" },
  { ANY, ENOENT, FILES, "there is no such directory" },
  { ANY, EACCES, FILES, "the directory must be one to write to" },
};

static bool
is_there (enum where where, const struct address *address)
{
  int family = address_family (address);
  switch (where)
    {
    case INTERNET:
      return family == AF_INET || family == AF_INET6;
    case INTERNET6:
      return family == AF_INET6;
    case ABSTRACT:
      return address_abstract (address);
    case FILES:
    default:
      return family == AF_UNIX && !address_abstract (address);
    }
}

const char *
bind_hint (bool server, int code, const struct address *address)
{
  enum role role = server ? SERVER : CLIENT;
  for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
    if ((hints[i].role == ANY || hints[i].role == role)
        && hints[i].code == code && is_there (hints[i].where, address))
      return hints[i].text;
  return NULL;
}

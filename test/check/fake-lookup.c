/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lookups of names whose answers the C tests choose.  */

#include "option/config.h"

#include "fake-lookup.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "suites.h"

struct fake *_Atomic fake;

/* The parameters are named as in netdb.h.  */
int
getaddrinfo (const char *name, const char *service, const struct addrinfo *req,
             struct addrinfo **pai)
{
  struct fake *faked = fake;
  if (!faked)
    {
      int (*real) (const char *, const char *, const struct addrinfo *,
                   struct addrinfo **);
      *(void **) &real = dlsym (RTLD_NEXT, "getaddrinfo");
      return real (name, service, req, pai);
    }
  faked->calls++;
  if (faked->numeric_code != 0 && req->ai_flags & AI_NUMERICHOST)
    {
      errno = 0;
      return faked->numeric_code;
    }
  struct pollfd gate = { .fd = faked->gate, .events = POLLIN };
  if (faked->gate >= 0)
    poll (&gate, 1, 5000);
  pthread_sigmask (SIG_SETMASK, NULL, &faked->blocked);
  *pai = faked->list;
  errno = faked->system_code;
  return faked->code;
}

void
freeaddrinfo (struct addrinfo *ai)
{
  void (*real) (struct addrinfo *);
  if (fake)
    return;
  *(void **) &real = dlsym (RTLD_NEXT, "freeaddrinfo");
  real (ai);
}

struct addrinfo *
make_list (struct list *list, const char *families)
{
  size_t count = strlen (families);
  memset (list, 0, sizeof *list);
  for (size_t i = 0; i < count; i++)
    {
      struct addrinfo *info = &list->infos[i];
      info->ai_family = families[i] == '4' ? AF_INET : AF_INET6;
      list->addresses[i] = loopback (info->ai_family, (uint16_t) i);
      info->ai_addr = (struct sockaddr *) &list->addresses[i].storage;
      info->ai_addrlen = list->addresses[i].length;
      info->ai_next = i + 1 < count ? info + 1 : NULL;
    }
  return list->infos;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lookups of names whose answers the C tests choose.  */

#ifndef SOCKOPT_FAKE_LOOKUP_H
#define SOCKOPT_FAKE_LOOKUP_H

#include <netdb.h>
#include <signal.h>
#include <stdatomic.h>

#include "socket/address.h"

/* A name server of our own would be better.  Instead these stand before
   the functions of the C library; while `fake' is null they pass all
   on.  */
struct fake
{
  /* What getaddrinfo returns, and how it leaves errno.  */
  int code;
  int system_code;
  /* What it returns instead when asked for a numeric address; 0 for no
     difference.  */
  int numeric_code;
  /* How often it was called.  */
  atomic_int calls;
  struct addrinfo *list;
  /* It returns once this descriptor can be read.  */
  int gate;
  /* The signals that were blocked in its thread.  */
  sigset_t blocked;
};

extern struct fake *_Atomic fake;

/* A list of addresses of FAMILIES, "4646", as getaddrinfo gives it.
   Their ports are their places in the list.  */
struct list
{
  struct address addresses[8];
  struct addrinfo infos[8];
};

struct addrinfo *make_list (struct list *list, const char *families);

#endif /* SOCKOPT_FAKE_LOOKUP_H */

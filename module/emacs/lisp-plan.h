/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From Lisp: what to look up, and what socket to make.  */

#ifndef SOCKOPT_LISP_PLAN_H
#define SOCKOPT_LISP_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include <emacs-module.h>

#include "socket/lookup.h"
#include "socket/socket.h"

/* A query whose strings are its own.  */
struct owned_query
{
  struct query query;
  char *host;
  char *service;
};

/* A query for HOST and SERVICE, strings; FAMILY, TYPE and the PREFERRED
   family are as for `make-network-process'.  To be freed, after an error too.
 */
struct owned_query query_from_lisp (emacs_env *env, emacs_value host,
                                    emacs_value service, emacs_value family,
                                    emacs_value type, emacs_value preferred);
void query_free (struct owned_query *owned);

/* The message for CODE of getaddrinfo, and its errno SYSTEM_CODE.  It may
   be in BUFFER of SIZE bytes.  */
const char *lookup_message (int code, int system_code, char *buffer,
                            size_t size);

/* Signal that looking up HOST and SERVICE failed.  */
void signal_lookup (emacs_env *env, int code, int system_code,
                    emacs_value host, emacs_value service);

/* A plan for a socket of TYPE and PROTOCOL, a server's if BACKLOG is not
   nil, with the COUNT SETTINGS, which it does not own.  STAGGER is in
   milliseconds, nil for the usual.  LOCAL is the address that a client is
   bound to, or nil.  */
struct plan plan_from_lisp (emacs_env *env, emacs_value type,
                            emacs_value protocol, emacs_value backlog,
                            emacs_value stagger, emacs_value local,
                            struct setting *settings, size_t count);

/* When TIMEOUT, milliseconds from now or nil for never, is over, by
   `clock_microseconds'.  */
int64_t deadline_from_lisp (emacs_env *env, emacs_value timeout);

/* How many milliseconds to wait before asking whether the user wants to
   quit, or END has come.  */
int deadline_wait (int64_t end);

/* Signal FAILURE of PLAN.  SETTINGS is the vector that its settings came
   from; REST is a list for the end of the error data.  */
void signal_failure (emacs_env *env, const struct failure *failure,
                     const struct plan *plan, emacs_value settings,
                     emacs_value rest);

#endif /* SOCKOPT_LISP_PLAN_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From Lisp: what to look up, and what socket to make.  */

#include "option/config.h"

#include "emacs/lisp-plan.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emacs/lisp-address.h"
#include "emacs/lisp-option.h"
#include "emacs/lisp.h"
#include "option/errno-message.h"
#include "option/kind.h"
#include "socket/clock.h"
#include "socket/local.h"

/* A socket type as `make-network-process' names it.  */
static int
type_from_lisp (emacs_env *env, emacs_value value)
{
  if (env->eq (env, value, Qdatagram))
    return SOCK_DGRAM;
  if (env->eq (env, value, Qseqpacket))
    return SOCK_SEQPACKET;
  if (env->eq (env, value, Qraw))
    return SOCK_RAW;
  if (env->is_not_nil (env, value))
    LISP_SIGNAL (env, Qsockopt_error,
                 lisp_string (env, "Unsupported connection type"), value);
  return SOCK_STREAM;
}

/* A family of Internet addresses; nil is any.  */
static int
family_from_lisp (emacs_env *env, emacs_value value)
{
  if (env->eq (env, value, Qipv4))
    return AF_INET;
  if (env->eq (env, value, Qipv6))
    return AF_INET6;
  return env->is_not_nil (env, value) ? lisp_int (env, value) : AF_UNSPEC;
}

/* A copy of VALUE, to be freed.  C would see only as much of it as
   stands before a NUL, so there may be none.  */
static char *
name_from_lisp (emacs_env *env, emacs_value value)
{
  size_t size;
  char *name = lisp_copy_string (env, value, &size);
  if (!name || strlen (name) == size)
    return name;
  LISP_SIGNAL (env, Qsockopt_error, lisp_string (env, "Name has a NUL"),
               value);
  free (name);
  return NULL;
}

static void
signal_protocol (emacs_env *env, emacs_value value)
{
  char names[200];
  char text[sizeof names + 40];
  names_text (kind_protocol.names, names, sizeof names);
  snprintf (text, sizeof text, "there are %s; a number will do, too", names);
  LISP_SIGNAL (env, Qsockopt_error, lisp_string (env, "Unknown protocol"),
               value, lisp_string (env, text));
}

/* A protocol: a symbol or a number.  */
static int
protocol_from_lisp (emacs_env *env, emacs_value value)
{
  if (env->eq (env, env->type_of (env, value), Qinteger))
    return lisp_int (env, value);
  char *name = name_from_lisp (env, LISP_CALL (env, Qsymbol_name, value));
  int protocol = name ? protocol_number (name) : -1;
  free (name);
  if (protocol < 0)
    signal_protocol (env, value);
  return protocol;
}

struct owned_query
query_from_lisp (emacs_env *env, emacs_value host, emacs_value service,
                 emacs_value family, emacs_value type, emacs_value preferred)
{
  struct owned_query owned = {
    .host = name_from_lisp (env, host),
    .service = name_from_lisp (env, service),
    .query = { .family = family_from_lisp (env, family),
               .preferred = family_from_lisp (env, preferred),
               .type = type_from_lisp (env, type) },
  };
  owned.query.host = owned.host;
  owned.query.service = owned.service;
  return owned;
}

void
query_free (struct owned_query *owned)
{
  free (owned->host);
  free (owned->service);
}

const char *
lookup_message (int code, int system_code, char *buffer, size_t size)
{
  switch (code)
    {
    case EAI_SYSTEM:
      return errno_message (system_code, buffer, size);
    /* The system's message speaks of names that only C programs know.  */
    case EAI_SERVICE:
      return "Unknown service";
    default:
      return gai_strerror (code);
    }
}

void
signal_lookup (emacs_env *env, int code, int system_code, emacs_value host,
               emacs_value service)
{
  char buffer[128];
  const char *message
    = lookup_message (code, system_code, buffer, sizeof buffer);
  LISP_SIGNAL (env, Qsockopt_system_error,
               lisp_string (env, "Cannot look up host"),
               lisp_locale_string (env, message), host, service);
}

int64_t
deadline_from_lisp (emacs_env *env, emacs_value timeout)
{
  if (!env->is_not_nil (env, timeout))
    return INT64_MAX;
  return clock_microseconds () + INT64_C (1000) * lisp_int (env, timeout);
}

int
deadline_wait (int64_t end)
{
  int64_t left = end - clock_microseconds ();
  if (left <= 0)
    return 0;
  return left < INT64_C (1000) * QUIT_INTERVAL ? (int) (left / 1000) + 1
                                               : QUIT_INTERVAL;
}

static bool
is_empty_string (emacs_env *env, emacs_value value)
{
  ptrdiff_t length = 0;
  return env->eq (env, env->type_of (env, value), Qstring)
         && env->copy_string_contents (env, value, NULL, &length)
         && length == 1;
}

/* The address that a client is to have: LOCAL, or none if that is nil.  For
   the empty name the kernel chooses one (unix(7), "Autobind").  */
static struct address
local_from_lisp (emacs_env *env, emacs_value local)
{
  struct address address = { .length = 0 };
  if (env->is_not_nil (env, local))
    lisp_to_address (env, Qlocal, local, &address);
  if (!lisp_pending (env) && is_empty_string (env, local))
    address.length = offsetof (struct sockaddr_un, sun_path);
  return address;
}

struct plan
plan_from_lisp (emacs_env *env, emacs_value type, emacs_value protocol,
                emacs_value backlog, emacs_value stagger, emacs_value local,
                struct setting *settings, size_t count)
{
  bool server = env->is_not_nil (env, backlog);
  return (struct plan){ .type = type_from_lisp (env, type),
                        .protocol = protocol_from_lisp (env, protocol),
                        .server = server,
                        .backlog = server ? lisp_int (env, backlog) : 0,
                        .stagger = env->is_not_nil (env, stagger)
                                     ? lisp_int (env, stagger)
                                     : 0,
                        .local = local_from_lisp (env, local),
                        .settings = settings,
                        .settings_count = count };
}

/* REST after HINT, what would do instead, if that is not null.  */
static emacs_value
with_hint (emacs_env *env, const char *hint, emacs_value rest)
{
  return hint ? LISP_CALL (env, Qcons_function, lisp_string (env, hint), rest)
              : rest;
}

/* Signal FAILURE, which is about the client's own address in PLAN.  */
static void
signal_local (emacs_env *env, const struct failure *failure,
              const struct plan *plan)
{
  emacs_value data = with_hint (env, local_hint (plan, failure), Qnil);
  data = LISP_CALL (env, Qcons_function, lisp_from_address (env, &plan->local),
                    data);
  data = LISP_CALL (env, Qcons_function, Qlocal, data);
  lisp_signal_errno (env, failure->verb, failure->code, data);
}

void
signal_failure (emacs_env *env, const struct failure *failure,
                const struct plan *plan, emacs_value settings,
                emacs_value rest)
{
  if (failure->local != LOCAL_NONE)
    signal_local (env, failure, plan);
  else if (!failure->setting)
    lisp_signal_errno (env, failure->verb, failure->code,
                       with_hint (env, failure->hint, rest));
  else
    {
      ptrdiff_t slot = 2 * (failure->setting - plan->settings) + 1;
      emacs_value value = env->vec_get (env, settings, slot);
      lisp_signal_option (env, failure->setting->option, failure->code,
                          &value);
    }
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The primitive that tells how a process was connected.  */

#include "option/config.h"

#include <errno.h>

#include "emacs/defun.h"
#include "emacs/handle.h"
#include "emacs/lisp-address.h"
#include "emacs/lisp.h"
#include "option/errno-message.h"

/* MICROSECONDS as seconds, or nil for LOOKUP_NONE.  */
static emacs_value
seconds (emacs_env *env, int64_t microseconds)
{
  return microseconds == LOOKUP_NONE
           ? Qnil
           : env->make_float (env, (double) microseconds / 1e6);
}

/* What became of an attempt that ended with CODE.  */
static emacs_value
attempt_result (emacs_env *env, int code)
{
  char buffer[128];
  switch (code)
    {
    case 0:
      return Qt;
    case ECANCELED:
      return Qnil;
    case ATTEMPT_UNREAD:
      return Qfailed;
    default:
      return lisp_locale_string (env,
                                 errno_message (code, buffer, sizeof buffer));
    }
}

DEFUN ("sockopt--connection-log", sockopt_connection_log,
       Ssockopt_connection_log, 1, 1,
       "Return how the socket of HANDLE was connected, or nil.\n"
       "Value is (LOOKUP TOTAL ATTEMPT...).  LOOKUP is how many seconds it\n"
       "took to find the addresses, nil where that was not needed, TOTAL\n"
       "how many addresses were tried.  Each ATTEMPT, of which the last\n"
       "may be left out, is (ADDRESS RESULT START TOOK).  RESULT is t for\n"
       "the one that is used, nil for one that was given up, a string that\n"
       "says why it failed, or `failed' if the process itself says so.\n"
       "START and TOOK are seconds; START counts from the first one's.\n\n"
       "(fn HANDLE)")
{
  emacs_value list = Qnil;
  struct handle *handle = handle_get (env, args[0]);
  const struct connection_log *log = handle ? handle->log : NULL;
  if (!log)
    return Qnil;
  for (size_t i = log->count; i-- > 0 && !lisp_pending (env);)
    {
      const struct logged_attempt *attempt = &log->attempts[i];
      struct address address = connection_log_address (log, i);
      list
        = LISP_CALL (env, Qcons_function,
                     LISP_CALL (env, Qlist, lisp_from_address (env, &address),
                                attempt_result (env, attempt->code),
                                seconds (env, attempt->start),
                                seconds (env, attempt->took)),
                     list);
    }
  list = LISP_CALL (env, Qcons_function,
                    env->make_integer (env, (intmax_t) log->total), list);
  return LISP_CALL (env, Qcons_function, seconds (env, log->lookup), list);
}

void
syms_of_process_log (emacs_env *env)
{
  defsubr (env, &Ssockopt_connection_log);
}

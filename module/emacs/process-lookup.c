/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives that make addresses: of names, and as Lisp writes them.  */

#include "option/config.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>

#include "emacs/defun.h"
#include "emacs/handle.h"
#include "emacs/lisp-address.h"
#include "emacs/lisp-plan.h"
#include "emacs/lisp.h"
#include "socket/system.h"

/* Wait until FD has an event, which is all that happens on it.  Return
   false if the user wants to quit first, or, with an error signalled, if
   that takes longer than TIMEOUT, nil or milliseconds.  */
static bool
wait_for_hangup (emacs_env *env, int fd, emacs_value timeout)
{
  struct pollfd polled = { .fd = fd };
  int64_t end = deadline_from_lisp (env, timeout);
  while (poll (&polled, 1, deadline_wait (end)) <= 0)
    {
      if (lisp_wants_to_quit (env))
        return false;
      if (end <= race_clock ())
        {
          lisp_signal_errno (env, "Cannot look up host", ETIMEDOUT, Qnil);
          return false;
        }
    }
  return true;
}

/* Look QUERY up in a thread, so that the user can quit.  Null after an
   error or a quit.  */
static struct addresses *
look_up_name (emacs_env *env, const struct query *query, emacs_value *args)
{
  int pair[2];
  int code = system_socketpair (AF_UNIX, SOCK_STREAM, pair);
  if (code != 0)
    {
      lisp_signal_errno (env, "Cannot look up host", code, Qnil);
      return NULL;
    }
  struct addresses *found = NULL;
  struct job *job = job_start (query, NULL, NULL, pair[1], -1, NULL);
  if (!job)
    lisp_signal_errno (env, "Cannot look up host", errno, Qnil);
  else if (wait_for_hangup (env, pair[0], args[5]))
    {
      int system_code;
      code = job_lookup_code (job, &system_code);
      if (code != 0)
        signal_lookup (env, code, system_code, args[0], args[1]);
      found = job_take_addresses (job);
    }
  if (job)
    job_release (job);
  socket_close (&pair[0]);
  return found;
}

DEFUN ("sockopt--lookup", sockopt_lookup, Ssockopt_lookup, 6, 6,
       "Return the addresses of HOST and SERVICE, a user pointer.\n"
       "All are as for `make-network-process', but SERVICE is a string.\n"
       "PREFERRED is the family to begin with, nil for the system's own.\n"
       "After TIMEOUT milliseconds, if not nil, signal that it took too\n"
       "long.  The user can quit meanwhile.\n\n"
       "(fn HOST SERVICE FAMILY TYPE PREFERRED TIMEOUT)")
{
  struct addresses *found = NULL;
  struct owned_query owned
    = query_from_lisp (env, args[0], args[1], args[2], args[3], args[4]);
  if (!lisp_pending (env))
    {
      int code = resolve_numeric (&owned.query, &found);
      if (code == EAI_NONAME)
        found = look_up_name (env, &owned.query, args);
      else if (code != 0)
        signal_lookup (env, code, errno, args[0], args[1]);
    }
  query_free (&owned);
  return found ? addresses_make (env, found) : Qnil;
}

/* Room for one address.  Null, with an error signalled, if there is none.  */
static struct addresses *
one_address (emacs_env *env)
{
  struct addresses *addresses
    = malloc (sizeof *addresses + sizeof addresses->items[0]);
  if (addresses)
    *addresses = (struct addresses){ .count = 1, .lookup = LOOKUP_NONE };
  else
    lisp_signal_errno (env, "Cannot keep address", ENOMEM, Qnil);
  return addresses;
}

DEFUN ("sockopt--address", sockopt_address, Ssockopt_address, 2, 2,
       "Return ADDRESS as addresses, a user pointer.\n"
       "ADDRESS is as `make-network-process' takes it; KEYWORD is the\n"
       "argument that it came from, for errors.\n\n"
       "(fn KEYWORD ADDRESS)")
{
  struct addresses *addresses = one_address (env);
  if (!addresses)
    return Qnil;
  lisp_to_address (env, args[0], args[1], &addresses->items[0]);
  return addresses_make (env, addresses);
}

DEFUN ("sockopt--vsock-address", sockopt_vsock_address, Ssockopt_vsock_address,
       2, 2,
       "Return the address of PORT at the machine CID, a user pointer.\n"
       "Both are integers of 32 bits without a sign, see vsock(7).\n\n"
       "(fn CID PORT)")
{
  intmax_t cid = lisp_integer (env, args[0], 0, UINT32_MAX);
  intmax_t port = lisp_integer (env, args[1], 0, UINT32_MAX);
  if (lisp_pending (env))
    return Qnil;
  struct addresses *addresses = one_address (env);
  if (!addresses)
    return Qnil;
  int code
    = address_vsock (&addresses->items[0], (uint32_t) cid, (uint32_t) port);
  if (code != 0)
    lisp_signal_errno (env, "Cannot make socket", code, Qnil);
  return addresses_make (env, addresses);
}

void
syms_of_process_lookup (emacs_env *env)
{
  defsubr (env, &Ssockopt_lookup);
  defsubr (env, &Ssockopt_address);
  defsubr (env, &Ssockopt_vsock_address);
}

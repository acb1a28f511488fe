/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives that make addresses: of names, and as Lisp writes them.  */

#include "option/config.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>

#include "emacs/defun.h"
#include "emacs/handle.h"
#include "emacs/lisp-address.h"
#include "emacs/lisp-plan.h"
#include "emacs/lisp.h"
#include "socket/clock.h"
#include "socket/patience.h"
#include "socket/system.h"

/* Wait until JOB is done, which FD, the reading end of its channel, tells.
   Return false if the user wants to quit first, or, with an error signalled,
   if that takes longer than TIMEOUT, nil or milliseconds.  */
static bool
wait_for_job (emacs_env *env, const struct job *job, int fd,
              emacs_value timeout)
{
  struct patience patience = { .failures = 0 };
  struct pollfd polled = { .fd = fd, .events = POLLIN };
  int64_t end = deadline_from_lisp (env, timeout);
  while (!job_done (job))
    {
      int code = patience_poll (&patience, &polled, 1, deadline_wait (end));
      if (lisp_wants_to_quit (env))
        return false;
      if (code == 0 && end <= clock_microseconds () && !job_done (job))
        code = ETIMEDOUT;
      if (code != 0)
        {
          lisp_signal_errno (env, "Cannot look up host", code, Qnil);
          return false;
        }
    }
  return true;
}

/* Make a channel, whose reading end goes to *READER.  Null after an error
   that is signalled.  */
static struct channel *
make_channel (emacs_env *env, int *reader)
{
  int ends[2];
  int code = system_pipe (ends);
  if (code != 0)
    {
      lisp_signal_errno (env, "Cannot look up host", code, Qnil);
      return NULL;
    }
  struct channel *channel = channel_make (ends[1]);
  if (channel)
    *reader = ends[0];
  else
    {
      socket_close (&ends[0]);
      lisp_signal_memory (env);
    }
  return channel;
}

/* A job that looks QUERY up, reporting to READER.  Null if there is none;
   then an error may be signalled.  */
static struct job *
start_lookup (emacs_env *env, const struct query *query, int *reader)
{
  struct channel *channel = make_channel (env, reader);
  if (!channel)
    return NULL;
  struct waiting waiting = { .channel = channel, .owner = -1 };
  struct job *job = job_start (query, NULL, NULL, &waiting);
  channel_release (channel);
  return job;
}

/* Look QUERY up in a thread, so that the user can quit, if there can be
   one.  Null after an error or a quit.  */
static struct addresses *
look_up_name (emacs_env *env, const struct query *query, emacs_value *args)
{
  int reader = -1, code, system_code;
  struct addresses *found = NULL;
  struct job *job = start_lookup (env, query, &reader);
  bool done = true;
  if (lisp_pending (env))
    return NULL;
  if (!job)
    {
      code = lookup_name (query, &found);
      system_code = errno;
    }
  else if ((done = wait_for_job (env, job, reader, args[5])))
    {
      code = job_lookup_code (job, &system_code);
      found = job_take_addresses (job);
    }
  if (done && code != 0)
    signal_lookup (env, code, system_code, args[0], args[1]);
  if (job)
    job_release (job);
  socket_close (&reader);
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
      int code = lookup_numeric (&owned.query, &found);
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

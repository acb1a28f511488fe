/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives that connect a process while Emacs goes on.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "emacs/defun.h"
#include "emacs/handle.h"
#include "emacs/lisp-address.h"
#include "emacs/lisp-plan.h"
#include "emacs/lisp-settings.h"
#include "emacs/lisp.h"
#include "socket/placeholder.h"

DEFUN ("sockopt--hold", sockopt_hold, Ssockopt_hold, 0, 0,
       "Return a handle for a process that is going to connect.\n"
       "Its socket stays silent until `sockopt--finish' replaces it.\n\n"
       "(fn)")
{
  int pair[2];
  int code = placeholder_hold (pair);
  if (code != 0)
    {
      lisp_signal_errno (env, "make client process failed", code, Qnil);
      return Qnil;
    }
  emacs_value value = handle_make (env, pair[0], true, 0);
  struct handle *handle = handle_get (env, value);
  if (handle)
    handle->peer = pair[1];
  else
    socket_close (&pair[1]);
  return value;
}

/* Put the first COUNT elements of LIST into PARTS.  */
static void
list_elements (emacs_env *env, emacs_value list, emacs_value *parts,
               size_t count)
{
  for (size_t i = 0; i < count; i++)
    {
      parts[i] = LISP_CALL (env, Qcar, list);
      list = LISP_CALL (env, Qcdr, list);
    }
}

/* A copy of ADDRESSES for a job to own.  */
static struct addresses *
copy_addresses (emacs_env *env, const struct addresses *addresses)
{
  size_t size
    = sizeof *addresses + addresses->count * sizeof addresses->items[0];
  struct addresses *copy = malloc (size);
  if (copy)
    memcpy (copy, addresses, size);
  else
    lisp_signal_errno (env, "Cannot keep addresses", ENOMEM, Qnil);
  return copy;
}

/* The addresses that TARGET is, a copy for a job to own.  Null if it is a
   list (HOST SERVICE FAMILY PREFERRED), of which *QUERY is made, with TYPE. */
static struct addresses *
target_from_lisp (emacs_env *env, emacs_value target, emacs_value type,
                  struct owned_query *query)
{
  if (!env->eq (env, env->type_of (env, target), Qcons))
    {
      const struct addresses *given = addresses_get (env, target);
      return given ? copy_addresses (env, given) : NULL;
    }
  emacs_value part[4];
  list_elements (env, target, part, 4);
  *query = query_from_lisp (env, part[0], part[1], part[2], type, part[3]);
  return NULL;
}

DEFUN ("sockopt--start", sockopt_start, Ssockopt_start, 10, 10,
       "Start to connect for the process of HANDLE, and return a job.\n"
       "HANDLE is from `sockopt--hold'.  TARGET is addresses, or a list\n"
       "(HOST SERVICE FAMILY PREFERRED) that is looked up first.  When the\n"
       "job is done the string LINE is written to CHANNEL, a pipe process.\n"
       "TYPE, PROTOCOL, SETTINGS, OPTIONAL, STAGGER and LOCAL are as for\n"
       "`sockopt--open'.\n\n"
       "(fn HANDLE CHANNEL LINE TARGET TYPE PROTOCOL SETTINGS OPTIONAL\n"
       "STAGGER LOCAL)")
{
  size_t count, size;
  struct job *job = NULL;
  struct owned_query owned = { .host = NULL };
  struct handle *handle = handle_get (env, args[0]);
  struct setting *settings
    = settings_from_lisp (env, args[6], lisp_int (env, args[7]), &count);
  struct plan plan = plan_from_lisp (env, args[4], args[5], Qnil, args[8],
                                     args[9], settings, count);
  struct addresses *addresses
    = target_from_lisp (env, args[3], args[4], &owned);
  char *line = lisp_copy_string (env, args[2], &size);
  int channel = lisp_pending (env) ? -1 : env->open_channel (env, args[1]);
  if (!lisp_pending (env))
    {
      fcntl (channel, F_SETFD, FD_CLOEXEC);
      job = job_start (&owned.query, addresses, &plan, handle->peer, channel,
                       line);
      handle->peer = -1;
      if (!job)
        lisp_signal_errno (env, "make client process failed", errno, Qnil);
    }
  else
    free (addresses);
  free (line);
  settings_free (settings, count);
  query_free (&owned);
  return job ? job_make (env, job) : Qnil;
}

/* Whether JOB has a result that nobody has taken yet.  */
static bool
has_result (struct job *job)
{
  struct race *race;
  return job_done (job)
         && (job_race (job, &race) != RACE_WON || race->fd >= 0);
}

/* Put the socket of RACE in the place of the one that the process of
   HANDLE has been waiting on.  */
static bool
adopt_result (emacs_env *env, struct handle *handle, struct race *race)
{
  int fd = handle->fd;
  int code = placeholder_replace (fd, &race->fd);
  if (code != 0)
    {
      lisp_signal_errno (env, "Cannot hand over the socket", code, Qnil);
      return false;
    }
  handle_adopted (handle, fd);
  /* Until now it was a local socket.  */
  handle->socket_class = 0;
  return true;
}

/* (ADDRESS . RESULTS) of JOB, which has connected the socket of HANDLE;
   see `sockopt--finish'.  */
static emacs_value
job_to_lisp (emacs_env *env, struct handle *handle, struct job *job,
             emacs_value vector)
{
  size_t count;
  const struct setting *settings = job_settings (job, &count);
  return LISP_CALL (env, Qcons_function,
                    lisp_from_address (env, job_address (job)),
                    settings_results (env, handle, settings, count, vector));
}

/* Why JOB has no socket at all, as an error that is signalled.  */
static void
signal_job (emacs_env *env, struct job *job, const struct race *race,
            emacs_value settings)
{
  int system_code;
  char buffer[128];
  int code = job_lookup_code (job, &system_code);
  if (code != 0)
    LISP_SIGNAL (env, Qsockopt_system_error,
                 lisp_string (env, "Cannot look up host"),
                 lisp_locale_string (env,
                                     lookup_message (code, system_code, buffer,
                                                     sizeof buffer)));
  else
    signal_failure (env, &race->failure, race->plan, settings, Qnil);
}

DEFUN ("sockopt--finish", sockopt_finish, Ssockopt_finish, 3, 3,
       "Give the socket of JOB, which is done, to the process of HANDLE.\n"
       "Value is (ADDRESS . RESULTS), as for `sockopt--open', if the\n"
       "socket is connected.  It is nil if it is not, which the process is\n"
       "going to report, or if the process no longer waits for it.  If\n"
       "there is no socket at all, why is signalled.\n\n"
       "(fn HANDLE JOB SETTINGS)")
{
  struct handle *handle = handle_get (env, args[0]);
  struct job *job = job_get (env, args[1]);
  if (!job || !has_result (job) || !handle_valid (handle))
    return Qnil;
  struct race *race;
  enum race_state state = job_race (job, &race);
  handle_note_log (handle, job_log (job));
  if (state == RACE_RUNNING || race->fd < 0)
    signal_job (env, job, race, args[2]);
  else if (adopt_result (env, handle, race) && state == RACE_WON)
    return job_to_lisp (env, handle, job, args[2]);
  return Qnil;
}

DEFUN ("sockopt--won-p", sockopt_won_p, Ssockopt_won_p, 1, 1,
       "Return t if JOB is done and has connected, else nil.\n\n"
       "(fn JOB)")
{
  struct race *race;
  struct job *job = job_get (env, args[0]);
  return job && job_done (job) && job_race (job, &race) == RACE_WON ? Qt
                                                                    : Qnil;
}

DEFUN ("sockopt--drop", sockopt_drop, Ssockopt_drop, 1, 1,
       "Give JOB up.\n"
       "A process that still waits for it fails.  Value is nil.\n\n"
       "(fn JOB)")
{
  job_drop (env, args[0]);
  return Qnil;
}

DEFUN ("sockopt--break", sockopt_break, Ssockopt_break, 1, 1,
       "Have the process of HANDLE, which still connects, fail.\n"
       "Whoever connects for it gives up.  Value is nil.\n\n"
       "(fn HANDLE)")
{
  int pair[2];
  struct handle *handle = handle_get (env, args[0]);
  if (!handle || !handle_valid (handle))
    return Qnil;
  int code = placeholder_hold (pair);
  if (code == 0)
    {
      /* What was sent to it is lost, and that is an error of the other.  */
      socket_close (&pair[1]);
      code = placeholder_replace (handle->fd, &pair[0]);
      socket_close (&pair[0]);
    }
  if (code != 0)
    lisp_signal_errno (env, "Cannot give up connecting", code, Qnil);
  return Qnil;
}

void
syms_of_process_connect (emacs_env *env)
{
  defsubr (env, &Ssockopt_break);
  defsubr (env, &Ssockopt_hold);
  defsubr (env, &Ssockopt_start);
  defsubr (env, &Ssockopt_finish);
  defsubr (env, &Ssockopt_won_p);
  defsubr (env, &Ssockopt_drop);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives that connect a process while Emacs goes on.  */

#include "option/config.h"

#include <errno.h>
#include <limits.h>
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
  int fd;
  int code = placeholder_hold (&fd);
  if (code == 0)
    return handle_make (env, fd, true, 0);
  lisp_signal_errno (env, "make client process failed", code, Qnil);
  return Qnil;
}

DEFUN ("sockopt--reporter", sockopt_reporter, Ssockopt_reporter, 1, 1,
       "Return a user pointer by which jobs report to CHANNEL.\n"
       "That is a pipe process.\n\n"
       "(fn CHANNEL)")
{
  int fd = env->open_channel (env, args[0]);
  struct channel *channel = lisp_pending (env) ? NULL : channel_make (fd);
  if (channel)
    return channel_to_lisp (env, channel);
  lisp_signal_memory (env);
  return Qnil;
}

DEFUN ("sockopt--drop-reporter", sockopt_drop_reporter, Ssockopt_drop_reporter,
       1, 1,
       "Let the channel of REPORTER go.  Value is nil.\n\n"
       "(fn REPORTER)")
{
  channel_drop (env, args[0]);
  return Qnil;
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

/* Signal that a job cannot be started because of CODE.  */
static void
signal_no_job (emacs_env *env, int code)
{
  emacs_value data = Qnil;
  if (code == EAGAIN)
    data
      = LISP_CALL (env, Qlist,
                   lisp_string (env, "no thread can be started: there are as"
                                     " many as ulimit -u or the control group"
                                     " allows; without `:nowait' none is"
                                     " needed"));
  lisp_signal_errno (env, "make client process failed", code, data);
}

DEFUN ("sockopt--start", sockopt_start, Ssockopt_start, 10, 10,
       "Start to connect for the process of HANDLE, and return a job.\n"
       "HANDLE is from `sockopt--hold'.  TARGET is addresses, or a list\n"
       "(HOST SERVICE FAMILY PREFERRED) that is looked up first.  When the\n"
       "job is done it writes NUMBER, a line, to the channel of REPORTER,\n"
       "if that takes it.\n"
       "TYPE, PROTOCOL, SETTINGS, OPTIONAL, STAGGER and LOCAL are as for\n"
       "`sockopt--open'.\n\n"
       "(fn HANDLE REPORTER NUMBER TARGET TYPE PROTOCOL SETTINGS OPTIONAL\n"
       "STAGGER LOCAL)")
{
  size_t count;
  struct job *job = NULL;
  struct owned_query owned = { .host = NULL };
  struct handle *handle = handle_get (env, args[0]);
  struct channel *channel = channel_get (env, args[1]);
  unsigned number = (unsigned) lisp_integer (env, args[2], 0, UINT_MAX);
  struct setting *settings
    = settings_from_lisp (env, args[6], lisp_int (env, args[7]), &count);
  struct plan plan = plan_from_lisp (env, args[4], args[5], Qnil, args[8],
                                     args[9], settings, count);
  struct addresses *addresses
    = target_from_lisp (env, args[3], args[4], &owned);
  if (lisp_pending (env))
    free (addresses);
  else
    {
      struct waiting waiting
        = { .channel = channel, .number = number, .owner = handle->fd };
      job = job_start (&owned.query, addresses, &plan, &waiting);
      if (!job)
        signal_no_job (env, errno);
    }
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
  if (code == 0)
    {
      code = handle_adopted (handle, fd);
      /* Until now it was a local socket.  */
      handle->socket_class = 0;
    }
  if (code != 0)
    lisp_signal_errno (env, "Cannot hand over the socket", code, Qnil);
  return code == 0;
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
       "going to report.  If there is no socket at all, or the process is\n"
       "on another one, that is signalled.\n\n"
       "(fn HANDLE JOB SETTINGS)")
{
  struct handle *handle = handle_get (env, args[0]);
  struct job *job = job_get (env, args[1]);
  if (!job || !has_result (job))
    return Qnil;
  if (!handle_valid (handle))
    {
      LISP_SIGNAL (env, Qsockopt_error, lisp_string (env, "Lost track of it"));
      return Qnil;
    }
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

DEFUN ("sockopt--done-p", sockopt_done_p, Ssockopt_done_p, 1, 1,
       "Return t if JOB is done, else nil.\n\n"
       "(fn JOB)")
{
  struct job *job = job_get (env, args[0]);
  return job && job_done (job) ? Qt : Qnil;
}

DEFUN ("sockopt--drop", sockopt_drop, Ssockopt_drop, 1, 1,
       "Let JOB go; if it is not done, it gives up.  Value is nil.\n\n"
       "(fn JOB)")
{
  job_drop (env, args[0]);
  return Qnil;
}

DEFUN ("sockopt--break", sockopt_break, Ssockopt_break, 1, 1,
       "Have the process of HANDLE, which still connects, fail.\n"
       "Value is t, or nil if it is on another socket.\n\n"
       "(fn HANDLE)")
{
  struct handle *handle = handle_get (env, args[0]);
  if (!handle || !handle_valid (handle))
    return Qnil;
  int code = placeholder_break (handle->fd);
  if (code != 0)
    lisp_signal_errno (env, "Cannot give up connecting", code, Qnil);
  return Qt;
}

void
syms_of_process_connect (emacs_env *env)
{
  defsubr (env, &Ssockopt_break);
  defsubr (env, &Ssockopt_hold);
  defsubr (env, &Ssockopt_reporter);
  defsubr (env, &Ssockopt_drop_reporter);
  defsubr (env, &Ssockopt_start);
  defsubr (env, &Ssockopt_finish);
  defsubr (env, &Ssockopt_won_p);
  defsubr (env, &Ssockopt_done_p);
  defsubr (env, &Ssockopt_drop);
}

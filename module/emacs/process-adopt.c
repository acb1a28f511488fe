/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The primitive that gives a socket to a new process of Emacs.  */

#include "option/config.h"

#include <errno.h>
#include <stdlib.h>

#include "emacs/defun.h"
#include "emacs/find.h"
#include "emacs/handle.h"
#include "emacs/lisp.h"
#include "option/errno-message.h"
#include "socket/placeholder.h"

/* An error that is signalled, or another way out, if any.  */
struct way_out
{
  enum emacs_funcall_exit exit;
  emacs_value symbol, data;
};

/* Take back what is signalled, so that Lisp can be called.  */
static struct way_out
hold_back (emacs_env *env)
{
  struct way_out out;
  out.exit = env->non_local_exit_get (env, &out.symbol, &out.data);
  env->non_local_exit_clear (env);
  return out;
}

/* Signal again what was held back.  */
static void
let_out (emacs_env *env, const struct way_out *out)
{
  env->non_local_exit_clear (env);
  if (out->exit == emacs_funcall_exit_signal)
    env->non_local_exit_signal (env, out->symbol, out->data);
  else if (out->exit == emacs_funcall_exit_throw)
    env->non_local_exit_throw (env, out->symbol, out->data);
}

/* Delete PROCESS, half made, keeping the error that is signalled.  */
static void
discard_process (emacs_env *env, emacs_value process)
{
  struct way_out out = hold_back (env);
  LISP_CALL (env, Qset_process_sentinel, process, Qignore);
  LISP_CALL (env, Qdelete_process, process);
  let_out (env, &out);
}

/* Warn if the directory of a place could not be removed.  */
static void
warn_of_place (emacs_env *env)
{
  char name[PATH_MAX], buffer[128];
  int code = place_left (name);
  if (code == 0)
    return;
  struct way_out out = hold_back (env);
  LISP_CALL (env, Qwarn_of_place, lisp_locale_string (env, name),
             lisp_locale_string (env,
                                 errno_message (code, buffer, sizeof buffer)));
  let_out (env, &out);
}

/* Call core's `make-network-process' with the COUNT ARGS, and with KEYWORD
   and PATH if KEYWORD is not nil.  */
static emacs_value
make_process (emacs_env *env, emacs_value *args, ptrdiff_t count,
              emacs_value keyword, const char *path)
{
  emacs_value *list = calloc ((size_t) count + 2, sizeof *list);
  if (!list)
    {
      lisp_signal_errno (env, "Cannot make process", ENOMEM, Qnil);
      return Qnil;
    }
  for (ptrdiff_t i = 0; i < count; i++)
    list[i] = args[i];
  if (env->is_not_nil (env, keyword))
    {
      list[count++] = keyword;
      list[count++] = lisp_string (env, path);
    }
  emacs_value process = lisp_call (env, Qmake, count, list);
  free (list);
  return process;
}

/* The directory that is the value of VARIABLE, to be freed; null, too, if
   that is nil.  */
static char *
copy_directory (emacs_env *env, emacs_value variable)
{
  size_t size;
  emacs_value name = LISP_CALL (env, Qsymbol_value, variable);
  if (!env->is_not_nil (env, name))
    return NULL;
  return lisp_copy_string (env, LISP_CALL (env, Qexpand_file_name, name),
                           &size);
}

/* Make *PLACE in the directory that is the value of VARIABLE.  Return 0 or
   an errno value.  */
static int
make_place (emacs_env *env, emacs_value variable, struct place *place)
{
  char *directory = copy_directory (env, variable);
  int code = directory ? place_make (place, directory) : ENOENT;
  free (directory);
  return code;
}

/* Say in *PATH where a placeholder can connect to.  Return 0 or an errno
   value.  */
static int
find_listener (emacs_env *env, const char **path)
{
  if (placeholder_ready ())
    return placeholder_path (NULL, path);
  char *directory = copy_directory (env, Qtemporary_file_directory);
  int code = directory ? placeholder_path (directory, path) : ENOENT;
  free (directory);
  return code;
}

/* Say where a placeholder connects to in *PATH, or make *PLACE for it, as
   ROLE says.  Return 0 or an errno value.  */
static int
find_place (emacs_env *env, emacs_value role, struct place *place,
            const char **path)
{
  if (!env->is_not_nil (env, role))
    return 0;
  if (!env->eq (env, role, Qlocal))
    return find_listener (env, path);
  int code = make_place (env, Qplace_directory, place);
  if (code != 0)
    code = make_place (env, Qtemporary_file_directory, place);
  if (code == 0)
    *path = place->path;
  return code;
}

/* The descriptor that a process is on, if that is sure, or probably.  */
struct guess
{
  int fd;
  bool sure;
};

/* Make a process that stands on a socket of Emacs' own, for a moment.
   ROLE is `:remote' for a client, `:local' for a server, or nil if the COUNT
   ARGS have all that it needs.  Which descriptor it is on goes to *GUESS.  */
static emacs_value
make_placeholder (emacs_env *env, emacs_value role, emacs_value *args,
                  ptrdiff_t count, struct guess *guess)
{
  struct place place;
  const char *path = "";
  bool server = env->eq (env, role, Qlocal);
  bool client = env->eq (env, role, Qremote);
  int code = find_place (env, role, &place, &path);
  if (code != 0)
    lisp_signal_errno (env, "Cannot make a place for the process", code, Qnil);
  if (lisp_pending (env))
    return Qnil;
  guess->fd = placeholder_next_descriptor ();
  if (guess->fd < 0)
    {
      if (server)
        place_remove (&place);
      lisp_signal_errno (env, "Cannot make a process", EMFILE, Qnil);
      return Qnil;
    }
  emacs_value process = make_process (env, args, count, role, path);
  if (client)
    {
      guess->sure = placeholder_is_client (guess->fd);
      placeholder_spent ();
    }
  else if (server)
    {
      guess->sure = placeholder_is_server (guess->fd, &place);
      place_remove (&place);
    }
  return process;
}

/* Put the socket of HANDLE in the place of the one that PROCESS is on.
   If that fails, PROCESS is deleted.  */
static void
adopt_socket (emacs_env *env, emacs_value process, struct handle *handle,
              const struct guess *guess)
{
  int fd = guess->sure ? guess->fd : find_descriptor (env, process, guess->fd);
  if (fd >= 0)
    {
      int code = placeholder_replace (fd, &handle->fd);
      if (code == 0)
        code = handle_adopted (handle, fd);
      if (code != 0)
        lisp_signal_errno (env, "Cannot hand over the socket", code, Qnil);
    }
  if (lisp_pending (env))
    discard_process (env, process);
}

DEFUN ("sockopt--adopt", sockopt_adopt, Ssockopt_adopt, 2, MANY,
       "Return a new network process on the socket of HANDLE.\n"
       "Core's `make-network-process' makes it, from ARGS, on a socket of\n"
       "its own, which that of HANDLE then replaces.  ROLE is `:remote'\n"
       "for a client and `:local' for a server, whose place is made in\n"
       "`sockopt--place-directory' or, if that cannot be, in\n"
       "`temporary-file-directory'; it is nil if ARGS say where to connect.\n"
       "Call with `inhibit-quit' bound.\n\n"
       "(fn HANDLE ROLE &rest ARGS)")
{
  struct guess guess = { .fd = -1 };
  emacs_value process = Qnil;
  struct handle *handle = handle_get (env, args[0]);
  if (handle && !handle->owned)
    LISP_SIGNAL (env, Qsockopt_error,
                 lisp_string (env, "Socket has a process already"), args[0]);
  if (!lisp_pending (env))
    process = make_placeholder (env, args[1], args + 2, nargs - 2, &guess);
  warn_of_place (env);
  if (!lisp_pending (env))
    adopt_socket (env, process, handle, &guess);
  return process;
}

void
syms_of_process_adopt (emacs_env *env)
{
  defsubr (env, &Ssockopt_adopt);
}

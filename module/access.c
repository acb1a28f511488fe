/* Primitives that get and set the options of a process's socket.

Copyright (C) 2026 The sockopt authors

This file is part of sockopt.

sockopt is free software: you can redistribute it and/or modify it
under the terms of the GNU General Public License as published by the
Free Software Foundation, either version 3 of the License, or (at your
option) any later version.

sockopt is distributed in the hope that it will be useful, but WITHOUT
ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or
FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License
for more details.

You should have received a copy of the GNU General Public License
along with sockopt.  If not, see <https://www.gnu.org/licenses/>.  */

#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "find.h"
#include "lisp.h"
#include "primitives.h"

/* The row with the number VALUE.  Null, with an error signalled, if
   there is none.  */
static const struct option *
row_get (emacs_env *env, emacs_value value)
{
  intmax_t index = env->extract_integer (env, value);
  if (lisp_pending (env))
    return NULL;
  if (index < 0 || (intmax_t) options_count <= index)
    {
      LISP_SIGNAL (env, Qargs_out_of_range, value);
      return NULL;
    }
  return &options[index];
}

/* The handle in VALUE, or a new one of PROCESS if that has another
   socket by now: core gives it one when it tries its next address.  */
static struct handle *
live_handle (emacs_env *env, emacs_value process, emacs_value value)
{
  struct handle *handle = handle_get (env, value);
  if (handle && !handle_valid (handle))
    handle = handle_get (env, LISP_CALL (env, Qrenew, process));
  return handle;
}

static emacs_value
read_option (emacs_env *env, int fd, const struct option *option)
{
  struct bytes bytes;
  int code = option_get (fd, option, &bytes);
  if (code == 0)
    return lisp_decode (env, option, &bytes);
  lisp_signal_option (env, option, code, NULL);
  return Qnil;
}

/* Set OPTION to BYTES, made of VALUE.  Return what the kernel made of
   it, or VALUE where that cannot be read.  */
static emacs_value
write_option (emacs_env *env, int fd, const struct option *option,
              const struct bytes *bytes, emacs_value value)
{
  if (socket_too_late (fd, option))
    {
      const char *hint = option->moment == MOMENT_BEFORE_BIND
                           ? "it must be set before the socket is bound"
                           : "it must be set before the socket connects";
      LISP_SIGNAL (env, Qsockopt_too_late, lisp_keyword (env, option),
                   lisp_string (env, hint));
      return Qnil;
    }
  int code = option_set (fd, option, bytes);
  if (code != 0)
    {
      lisp_signal_option (env, option, code, &value);
      return Qnil;
    }
  if (option->access & ACCESS_GET && !(option->flags & OPTION_READ_CHANGES))
    return read_option (env, fd, option);
  return value;
}

/* (sockopt--get PROCESS HANDLE ROW) */
PRIMITIVE (sockopt_get)
{
  (void) nargs;
  (void) data;
  struct handle *handle = live_handle (env, args[0], args[1]);
  const struct option *option = handle ? row_get (env, args[2]) : NULL;
  return option ? read_option (env, handle->fd, option) : Qnil;
}

/* (sockopt--set PROCESS HANDLE ROW VALUE) */
PRIMITIVE (sockopt_set)
{
  (void) nargs;
  (void) data;
  struct bytes bytes;
  struct handle *handle = live_handle (env, args[0], args[1]);
  const struct option *option = handle ? row_get (env, args[2]) : NULL;
  if (!option)
    return Qnil;
  lisp_encode (env, option, args[3], &bytes);
  if (lisp_pending (env))
    return Qnil;
  return write_option (env, handle->fd, option, &bytes, args[3]);
}

struct setting *
settings_from_lisp (emacs_env *env, emacs_value vector, size_t *count)
{
  *count = 0;
  ptrdiff_t size = lisp_pending (env) ? 0 : env->vec_size (env, vector);
  if (lisp_pending (env) || size < 2)
    return NULL;
  struct setting *settings = calloc ((size_t) size / 2, sizeof *settings);
  if (!settings)
    {
      lisp_signal_errno (env, "Cannot keep options", ENOMEM, Qnil);
      return NULL;
    }
  for (ptrdiff_t i = 0; i < size / 2; i++)
    {
      emacs_value row = env->vec_get (env, vector, 2 * i);
      emacs_value value = env->vec_get (env, vector, 2 * i + 1);
      const struct option *option = row_get (env, row);
      if (option)
        lisp_encode (env, option, value, &settings[i].bytes);
      if (lisp_pending (env))
        {
          free (settings);
          return NULL;
        }
      settings[i].option = option;
    }
  *count = (size_t) size / 2;
  return settings;
}

/* (sockopt--set-many PROCESS HANDLE SETTINGS)

   SETTINGS is [ROW VALUE ROW VALUE ...].  Nothing is set if any value is
   wrong.  As each option is set, its ROW there becomes nil and its VALUE
   what the kernel reports, so that after an error it is known how far it
   went.  */
PRIMITIVE (sockopt_set_many)
{
  (void) nargs;
  (void) data;
  size_t count;
  struct handle *handle = live_handle (env, args[0], args[1]);
  struct setting *settings = settings_from_lisp (env, args[2], &count);
  for (size_t i = 0; handle && i < count && !lisp_pending (env); i++)
    {
      ptrdiff_t slot = 2 * (ptrdiff_t) i;
      emacs_value value = env->vec_get (env, args[2], slot + 1);
      value = write_option (env, handle->fd, settings[i].option,
                            &settings[i].bytes, value);
      if (lisp_pending (env))
        break;
      env->vec_set (env, args[2], slot, Qnil);
      env->vec_set (env, args[2], slot + 1, value);
    }
  free (settings);
  return Qnil;
}

/* (sockopt--check SETTINGS) */
PRIMITIVE (sockopt_check)
{
  (void) nargs;
  (void) data;
  size_t count;
  free (settings_from_lisp (env, args[0], &count));
  return Qnil;
}

/* (sockopt--options PROCESS HANDLE) */
PRIMITIVE (sockopt_options)
{
  (void) nargs;
  (void) data;
  ptrdiff_t count = 0;
  struct handle *handle = live_handle (env, args[0], args[1]);
  emacs_value *plist = calloc (2 * options_count, sizeof *plist);
  for (size_t i = 0; handle && plist && i < options_count; i++)
    {
      struct bytes bytes;
      const struct option *option = &options[i];
      if (option->flags & OPTION_READ_CHANGES
          || option_get (handle->fd, option, &bytes) != 0)
        continue;
      plist[count++] = lisp_keyword (env, option);
      plist[count++] = lisp_decode (env, option, &bytes);
    }
  emacs_value result = lisp_call (env, Qlist, count, plist);
  free (plist);
  return result;
}

/* (sockopt--find PROCESS) */
PRIMITIVE (sockopt_find)
{
  (void) nargs;
  (void) data;
  int fd = find_descriptor (env, args[0], -1);
  return fd < 0 ? Qnil : handle_make (env, fd, false);
}

/* FLAG if TEST holds, else nil.  */
static emacs_value
flag (emacs_value name, bool test)
{
  return test ? name : Qnil;
}

/* A row as Lisp sees it; `sockopt--define-rows' says what is what.  */
static emacs_value
row_to_lisp (emacs_env *env, const struct option *option)
{
  const struct kind *kind = option->kind;
  emacs_value moment = Qnil;
  if (option->moment == MOMENT_BEFORE_BIND)
    moment = Qbefore_bind;
  else if (option->moment == MOMENT_BEFORE_CONNECT)
    moment = Qbefore_connect;
  return LISP_CALL (env, Qlist, lisp_keyword (env, option),
                    lisp_string (env, option->constant),
                    lisp_string (env, kind->name),
                    env->make_integer (env, kind->min),
                    env->make_integer (env, kind->max),
                    flag (Qget, option->access & ACCESS_GET),
                    flag (Qset, option->access & ACCESS_SET), moment,
                    flag (Qread_changes, option->flags & OPTION_READ_CHANGES),
                    flag (Qadjusted, option->flags & OPTION_ADJUSTED),
                    lisp_string (env, option->doc));
}

/* (sockopt--rows) */
PRIMITIVE (sockopt_rows)
{
  (void) nargs;
  (void) args;
  (void) data;
  emacs_value *rows = calloc (options_count, sizeof *rows);
  for (size_t i = 0; rows && i < options_count; i++)
    rows[i] = row_to_lisp (env, &options[i]);
  emacs_value list
    = lisp_call (env, Qlist, rows ? (ptrdiff_t) options_count : 0, rows);
  free (rows);
  return list;
}

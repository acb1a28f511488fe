/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives for options by level and number, in bytes.  */

#include "option/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "emacs/defun.h"
#include "emacs/handle.h"
#include "emacs/lisp-option.h"
#include "emacs/lisp.h"
#include "option/constants.h"
#include "option/value.h"
#include "socket/linger.h"

/* The most bytes that an option without a row may have.  */
enum
{
  RAW_MAX = 65536
};

/* Whether reading the option NUMBER at LEVEL opens a descriptor, which as
   bytes nobody would close; if so, signal what to do.  */
static bool
opens_descriptor (emacs_env *env, int level, int number)
{
  for (size_t i = 0; i < options_count; i++)
    if (options[i].level == level && options[i].number == number
        && options[i].kind == &kind_pidfd)
      {
        LISP_SIGNAL (env, Qsockopt_error,
                     lisp_string (env, "This opens a descriptor; get the"
                                       " option by its keyword"),
                     lisp_keyword (env, &options[i]));
        return true;
      }
  return false;
}

static void
signal_raw (emacs_env *env, const char *verb, int code, emacs_value *args)
{
  lisp_signal_errno (env, verb, code,
                     LISP_CALL (env, Qlist, args[3], args[4]));
}

/* How many bytes the kernel means by one when it is asked for the option
   NUMBER at LEVEL: of a filter program it counts the instructions, of 8
   bytes each.  */
static socklen_t
raw_unit (int level, int number)
{
#ifdef SO_GET_FILTER
  if (level == SOL_SOCKET && number == SO_GET_FILTER)
    return 8;
#else
  (void) level;
  (void) number;
#endif
  return 1;
}

DEFUN ("sockopt--get-raw", sockopt_get_raw, Ssockopt_get_raw, 6, 6,
       "Return the option NUMBER at LEVEL of PROCESS, a unibyte string.\n"
       "It has as many bytes as the kernel gives, at most LENGTH, which is\n"
       "at most 65536.\n\n"
       "(fn PROCESS STATUS HANDLE LEVEL NUMBER LENGTH)")
{
  emacs_value result = Qnil;
  struct bytes bytes = BYTES_NONE;
  struct handle *handle = handle_of_process (env, args);
  int level = lisp_int (env, args[3]);
  int number = lisp_int (env, args[4]);
  int size = (int) lisp_integer (env, args[5], 0, RAW_MAX);
  if (lisp_pending (env) || opens_descriptor (env, level, number))
    return Qnil;
  void *room = bytes_reserve (&bytes, (size_t) size);
  socklen_t unit = raw_unit (level, number);
  socklen_t length = (socklen_t) size / unit;
  if (!room)
    signal_raw (env, "Cannot get network option", ENOMEM, args);
  else if (getsockopt (handle->fd, level, number, room, &length) < 0)
    signal_raw (env, "Cannot get network option", errno, args);
  /* Asked for none, it says how many there are.  */
  else if ((socklen_t) size / unit < length)
    signal_raw (env, "Cannot get network option", EINVAL, args);
  else
    result = env->make_unibyte_string (env, room,
                                       (ptrdiff_t) length * (ptrdiff_t) unit);
  bytes_free (&bytes);
  return result;
}

/* Have Emacs not wait when it closes the socket of HANDLE, if SO_LINGER as
   the SIZE bytes at TEXT would have it wait, as with `:linger'.  Return 0 or
   an errno value.  */
static int
keep_lingering (const struct handle *handle, const char *text, size_t size)
{
  struct linger linger = { .l_onoff = 0 };
  if (size >= sizeof linger)
    memcpy (&linger, text, sizeof linger);
  return linger_waits (&linger) ? linger_keep (handle->fd, handle->identity)
                                : 0;
}

/* Set the option NUMBER at LEVEL of HANDLE to the SIZE bytes at TEXT.  */
static void
set_raw (emacs_env *env, struct handle *handle, int level, int number,
         const char *text, size_t size, emacs_value *args)
{
  bool lingers = level == SOL_SOCKET && number == SO_LINGER;
  int code = lingers ? keep_lingering (handle, text, size) : 0;
  if (code == 0
      && setsockopt (handle->fd, level, number, text, (socklen_t) size) < 0)
    code = errno;
  handle->writes++;
  if (code != 0)
    signal_raw (env, "Cannot set network option", code, args);
  if (!lingers)
    return;
  /* It is kept already, if it must be.  */
  handle_settle_linger (handle);
  if (code == 0)
    LISP_CALL (env, Qguard_closing);
}

DEFUN ("sockopt--set-raw", sockopt_set_raw, Ssockopt_set_raw, 6, 6,
       "Set the option NUMBER at LEVEL of PROCESS to BYTES.\n"
       "BYTES is a unibyte string of at most 65536 bytes.  Value is nil.\n\n"
       "(fn PROCESS STATUS HANDLE LEVEL NUMBER BYTES)")
{
  size_t size = 0;
  struct handle *handle = handle_of_process (env, args);
  int level = lisp_int (env, args[3]);
  int number = lisp_int (env, args[4]);
  char *text = lisp_copy_bytes (env, args[5], &size);
  if (text && RAW_MAX < size)
    LISP_SIGNAL (env, Qargs_out_of_range, args[5], env->make_integer (env, 0),
                 env->make_integer (env, RAW_MAX));
  else if (text)
    set_raw (env, handle, level, number, text, size, args);
  free (text);
  return Qnil;
}

void
syms_of_option_raw (emacs_env *env)
{
  defsubr (env, &Ssockopt_get_raw);
  defsubr (env, &Ssockopt_set_raw);
}

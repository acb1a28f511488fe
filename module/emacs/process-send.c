/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The primitive that sends one datagram.  */

#include "option/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emacs/defun.h"
#include "emacs/handle.h"
#include "emacs/lisp-address.h"
#include "emacs/lisp-option.h"
#include "emacs/lisp.h"
#include "option/hint.h"
#include "socket/send.h"

/* Whether FD sends what it is given at once, as one.  */
static bool
sends_datagrams (int fd)
{
  int type = SOCK_STREAM;
  socklen_t length = sizeof type;
  getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length);
  return type != SOCK_STREAM;
}

/* The row of `outgoing' called KEYWORD, or null.  */
static const struct option *
find_outgoing (emacs_env *env, emacs_value keyword)
{
  for (size_t i = 0; i < OUTGOING_COUNT; i++)
    if (env->eq (env, keyword, lisp_keyword (env, &outgoing[i])))
      return &outgoing[i];
  return NULL;
}

/* Signal that KEYWORD is none of the rows, and which there are.  */
static void
signal_keyword (emacs_env *env, emacs_value keyword)
{
  char text[HINT_ROOM] = "it takes";
  for (size_t i = 0; i < OUTGOING_COUNT; i++)
    {
      size_t used = strlen (text);
      snprintf (text + used, sizeof text - used, "%s %s", i == 0 ? "" : ",",
                outgoing[i].keyword);
    }
  LISP_SIGNAL (env, Qsockopt_unsupported, keyword, lisp_string (env, text));
}

/* Put into *DATAGRAM that KEYWORD is VALUE, for a socket of HANDLE; of a
   time, that it is in NANOSECONDS.  */
static void
say (emacs_env *env, struct handle *handle, emacs_value keyword,
     emacs_value value, emacs_value nanoseconds, struct datagram *datagram)
{
  const struct option *row = find_outgoing (env, keyword);
  if (!row)
    signal_keyword (env, keyword);
  /* Of two with the same keyword the first counts, as everywhere.  */
  else if (!env->is_not_nil (env, value)
           || datagram->said[row - outgoing].length > 0)
    return;
  else if (!handle_has (handle, row))
    lisp_signal_option (env, row, ENOPROTOOPT, &value);
  else
    lisp_encode (env, row,
                 row == &outgoing[OUTGOING_TIME] ? nanoseconds : value,
                 &datagram->said[row - outgoing]);
}

/* Likewise all of INFO, a list (KEYWORD VALUE ...).  */
static void
say_all (emacs_env *env, struct handle *handle, emacs_value info,
         emacs_value nanoseconds, struct datagram *datagram)
{
  while (!lisp_pending (env) && env->is_not_nil (env, info))
    {
      emacs_value rest = LISP_CALL (env, Qcdr, info);
      emacs_value keyword = LISP_CALL (env, Qcar, info);
      emacs_value value = LISP_CALL (env, Qcar, rest);
      info = LISP_CALL (env, Qcdr, rest);
      if (!lisp_pending (env))
        say (env, handle, keyword, value, nanoseconds, datagram);
    }
}

/* The value of ROW in INFO.  */
static emacs_value
value_in (emacs_env *env, emacs_value info, const struct option *row)
{
  return LISP_CALL (env, Qplist_get, info, lisp_keyword (env, row));
}

/* Signal that sending to ADDRESS failed with CODE, because of ROW if that is
   not null.  */
static void
signal_send (emacs_env *env, int code, const struct option *row,
             emacs_value address, emacs_value info)
{
  const char *hint = row ? NULL : send_hint (code);
  emacs_value data;
  if (row)
    {
      char text[HINT_ROOM];
      option_hint (row, code, true, text, sizeof text);
      data = LISP_CALL (env, Qlist, lisp_keyword (env, row),
                        value_in (env, info, row), lisp_string (env, text));
    }
  else if (hint)
    data = LISP_CALL (env, Qlist, address, lisp_string (env, hint));
  else
    data = LISP_CALL (env, Qlist, address);
  lisp_signal_errno (env, "Cannot send", code, data);
}

/* Send DATAGRAM on the socket of HANDLE and return how many bytes it had, or
   signal why not.  */
static emacs_value
send_datagram (emacs_env *env, struct handle *handle,
               const struct datagram *datagram, emacs_value address,
               emacs_value info)
{
  const struct option *row;
  ssize_t sent = socket_send (handle->fd, datagram, &row);
  if (0 <= sent)
    return env->make_integer (env, sent);
  signal_send (env, errno, row, address, info);
  return Qnil;
}

DEFUN ("sockopt--send", sockopt_send, Ssockopt_send, 7, 7,
       "Send DATA, a unibyte string, to ADDRESS, and return its length.\n"
       "ADDRESS is as for `make-network-process', or nil for where the\n"
       "socket is connected to.  INFO is (KEYWORD VALUE ...), as for\n"
       "`sockopt-send'; its `:time' is in NANOSECONDS.\n\n"
       "(fn PROCESS STATUS HANDLE DATA ADDRESS INFO NANOSECONDS)")
{
  struct address address;
  struct datagram datagram = { .data = NULL };
  emacs_value result = Qnil;
  struct handle *handle = handle_of_process (env, args);
  if (handle && !sends_datagrams (handle->fd))
    LISP_SIGNAL (env, Qsockopt_error,
                 lisp_string (env, "Process sends no datagrams"), args[0]);
  if (!lisp_pending (env) && env->is_not_nil (env, args[4]))
    {
      lisp_to_address (env, lisp_symbol (env, "address"), args[4], &address);
      datagram.address = &address;
    }
  if (!lisp_pending (env))
    say_all (env, handle, args[5], args[6], &datagram);
  char *bytes = lisp_copy_bytes (env, args[3], &datagram.size);
  datagram.data = bytes;
  if (handle && !lisp_pending (env))
    result = send_datagram (env, handle, &datagram, args[4], args[5]);
  for (size_t i = 0; i < OUTGOING_COUNT; i++)
    bytes_free (&datagram.said[i]);
  free (bytes);
  return result;
}

void
syms_of_process_send (emacs_env *env)
{
  defsubr (env, &Ssockopt_send);
}

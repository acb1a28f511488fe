/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Read and write an option of the socket that a handle holds.  */

#include "option/config.h"

#include "emacs/handle-option.h"

#include <errno.h>

#include "emacs/lisp-option.h"
#include "emacs/lisp.h"
#include "option/get-set.h"
#include "socket/linger.h"

int
handle_read (emacs_env *env, struct handle *handle,
             const struct option *option, struct bytes *bytes,
             emacs_value *value)
{
  int code = handle_has (handle, option)
               ? option_get (handle->fd, option, bytes)
               : ENOPROTOOPT;
  if (code == 0)
    *value = lisp_decode (env, option, bytes);
  bytes_free (bytes);
  return code;
}

int
handle_read_plain (emacs_env *env, struct handle *handle,
                   const struct option *option, emacs_value *value)
{
  struct bytes bytes = BYTES_NONE;
  if (!option_reads_plainly (option))
    return ENOPROTOOPT;
  return handle_read (env, handle, option, &bytes, value);
}

void
handle_read_all (struct handle *handle, struct reading *readings, size_t count)
{
  for (struct reading *reading = readings; reading < readings + count;
       reading++)
    reading->code = option_get (handle->fd, reading->option, &reading->bytes);
}

/* Why it is too late for OPTION.  */
static const char *
late_hint (const struct option *option)
{
  switch (option->phase)
    {
    case PHASE_BEFORE_BIND:
      return "it must be set before the socket is bound";
    case PHASE_LISTENING:
      return "it must be set on a server";
    default:
      return "it must be set before the socket connects";
    }
}

/* Whether OPTION, once set to BYTES, reads as just these.  A kind that is
   read in a way of its own has no size.  */
static bool
reads_as_written (const struct option *option, const struct bytes *bytes)
{
  return option->access & ACCESS_GET
         && !(option->flags & (OPTION_ADJUSTED | OPTION_ARGUMENT))
         && bytes->length == option->kind->size;
}

/* Set OPTION, SO_LINGER, of HANDLE to BYTES, with Emacs prepared for what
   that means to closing.  */
static int
set_linger (const struct handle *handle, const struct option *option,
            const struct bytes *bytes)
{
  bool waits = linger_waits (&bytes->as.linger);
  int code = waits ? linger_keep (handle->fd, handle->identity) : 0;
  if (code == 0)
    code = option_set (handle->fd, option, bytes);
  if (code != 0 || !waits)
    handle_settle_linger (handle);
  return code;
}

static int
set (const struct handle *handle, const struct option *option,
     const struct bytes *bytes)
{
  return option->flags & OPTION_CLOSE_WAITS
           ? set_linger (handle, option, bytes)
           : option_set (handle->fd, option, bytes);
}

emacs_value
handle_write (emacs_env *env, struct handle *handle,
              const struct option *option, const struct bytes *bytes,
              emacs_value value)
{
  bool has = handle_has (handle, option);
  if (has && socket_too_late (handle->fd, option))
    {
      LISP_SIGNAL (env, Qsockopt_too_late, lisp_keyword (env, option),
                   lisp_string (env, late_hint (option)));
      return Qnil;
    }
  bool known = reads_as_written (option, bytes);
  emacs_value stored = known ? lisp_decode (env, option, bytes) : value;
  if (lisp_pending (env))
    return Qnil;
  int code = has ? set (handle, option, bytes) : ENOPROTOOPT;
  handle->writes++;
  if (code != 0)
    lisp_signal_option (env, option, code, &value);
  else if (!known)
    handle_read_plain (env, handle, option, &stored);
  return stored;
}

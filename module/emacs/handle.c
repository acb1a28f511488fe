/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handles: the sockets, addresses and jobs that Lisp holds.  */

#include "option/config.h"

#include "emacs/handle.h"

#include <errno.h>
#include <stdlib.h>

#include "emacs/defun.h"
#include "emacs/find.h"
#include "emacs/lisp-address.h"
#include "emacs/lisp.h"
#include "socket/linger.h"

/* The finalizers also tell what a user pointer holds.  */

static void
free_handle (void *data)
{
  struct handle *handle = data;
  handle_close (handle);
  free (handle->log);
  free (handle);
}

static void
free_addresses (void *data)
{
  free (data);
}

static void
free_job (void *data)
{
  if (data)
    job_release (data);
}

static void
free_channel (void *data)
{
  if (data)
    channel_release (data);
}

static void
free_watch (void *data)
{
  if (data)
    watch_release (data);
}

/* Make a user pointer of DATA.  If that fails, free DATA.  */
static emacs_value
make_user_ptr (emacs_env *env, emacs_finalizer finalizer, void *data)
{
  if (lisp_pending (env))
    {
      finalizer (data);
      return Qnil;
    }
  emacs_value value = env->make_user_ptr (env, finalizer, data);
  if (lisp_pending (env))
    finalizer (data);
  return value;
}

/* What VALUE holds, if FINALIZER says that it is of the type wanted.  Both
   calls return null after an error, and no finalizer is that.  */
static void *
get_user_ptr (emacs_env *env, emacs_finalizer finalizer, emacs_value value)
{
  emacs_finalizer found = env->get_user_finalizer (env, value);
  void *data = found == finalizer ? env->get_user_ptr (env, value) : NULL;
  if (!data)
    LISP_SIGNAL (env, Qwrong_type_argument, Quser_ptrp, value);
  return data;
}

emacs_value
handle_make (emacs_env *env, int fd, bool owned, unsigned class)
{
  struct handle *handle = malloc (sizeof *handle);
  if (!handle)
    {
      if (owned)
        socket_discard (&fd);
      lisp_signal_errno (env, "Cannot make handle", ENOMEM, Qnil);
      return Qnil;
    }
  *handle = (struct handle){ .fd = fd, .owned = owned, .socket_class = class };
  if (!owned)
    socket_identity (fd, &handle->identity);
  return make_user_ptr (env, free_handle, handle);
}

void
handle_own (struct handle *handle, int fd, unsigned class)
{
  handle->fd = fd;
  handle->socket_class = class;
}

struct handle *
handle_get (emacs_env *env, emacs_value value)
{
  return get_user_ptr (env, free_handle, value);
}

bool
handle_valid (const struct handle *handle)
{
  uint64_t identity;
  return socket_identity (handle->fd, &identity)
         && identity == handle->identity;
}

/* Whether a process with STATUS is on its socket and stays there.  */
static bool
is_open (emacs_env *env, emacs_value status)
{
  return env->eq (env, status, Qopen) || env->eq (env, status, Qlisten);
}

/* Emacs vouches for the descriptor of a process that is open: it has not
   closed it, nor does it go on to the next address, with a new socket.
   So once the kernel has been asked, or the process by its socket, none is
   asked again, for that would double the time that most options take.  */
struct handle *
handle_of_process (emacs_env *env, emacs_value *args)
{
  struct handle *handle = handle_get (env, args[2]);
  bool open = is_open (env, args[1]);
  if (!handle || (open && handle->confirmed))
    return handle;
  if (!handle_valid (handle))
    handle = handle_get (env, LISP_CALL (env, Qrenew, args[0]));
  if (handle)
    handle->confirmed = open;
  return handle;
}

unsigned
handle_class (struct handle *handle)
{
  if (handle->socket_class == 0)
    handle->socket_class = socket_class (handle->fd);
  return handle->socket_class;
}

bool
handle_has (struct handle *handle, const struct option *option)
{
  return option_applies (option, handle_class (handle));
}

int
handle_settle_linger (const struct handle *handle)
{
  if (linger_waits_now (handle->fd))
    return linger_keep (handle->fd, handle->identity);
  linger_release (handle->fd, handle->identity);
  return 0;
}

int
handle_adopted (struct handle *handle, int fd)
{
  handle->fd = fd;
  handle->owned = false;
  handle->confirmed = true;
  socket_identity (fd, &handle->identity);
  return handle_settle_linger (handle);
}

void
handle_close (struct handle *handle)
{
  if (handle->owned)
    socket_discard (&handle->fd);
}

void
handle_note_log (struct handle *handle, struct connection_log *log)
{
  struct connection_log *old = log;
  if (handle)
    {
      old = handle->log;
      handle->log = log;
    }
  free (old);
}

emacs_value
addresses_make (emacs_env *env, struct addresses *addresses)
{
  return make_user_ptr (env, free_addresses, addresses);
}

struct addresses *
addresses_get (emacs_env *env, emacs_value value)
{
  return get_user_ptr (env, free_addresses, value);
}

emacs_value
job_make (emacs_env *env, struct job *job)
{
  return make_user_ptr (env, free_job, job);
}

struct job *
job_get (emacs_env *env, emacs_value value)
{
  return get_user_ptr (env, free_job, value);
}

/* Free now what VALUE holds, which is of the type that FINALIZER frees.  */
static void
drop_user_ptr (emacs_env *env, emacs_finalizer finalizer, emacs_value value)
{
  void *data = get_user_ptr (env, finalizer, value);
  if (data)
    {
      env->set_user_ptr (env, value, NULL);
      finalizer (data);
    }
}

void
job_drop (emacs_env *env, emacs_value value)
{
  drop_user_ptr (env, free_job, value);
}

emacs_value
channel_to_lisp (emacs_env *env, struct channel *channel)
{
  return make_user_ptr (env, free_channel, channel);
}

struct channel *
channel_get (emacs_env *env, emacs_value value)
{
  return get_user_ptr (env, free_channel, value);
}

void
channel_drop (emacs_env *env, emacs_value value)
{
  drop_user_ptr (env, free_channel, value);
}

emacs_value
watch_make (emacs_env *env, struct watch *watch)
{
  return make_user_ptr (env, free_watch, watch);
}

struct watch *
watch_get (emacs_env *env, emacs_value value)
{
  return get_user_ptr (env, free_watch, value);
}

void
watch_drop (emacs_env *env, emacs_value value)
{
  drop_user_ptr (env, free_watch, value);
}

DEFUN ("sockopt--find", sockopt_find, Ssockopt_find, 2, 2,
       "Return a new handle of the socket that PROCESS is on.\n"
       "STATUS is its status.\n\n"
       "(fn PROCESS STATUS)")
{
  int fd = find_descriptor (env, args[0], -1);
  emacs_value value = fd < 0 ? Qnil : handle_make (env, fd, false, 0);
  if (!lisp_pending (env))
    handle_get (env, value)->confirmed = is_open (env, args[1]);
  return value;
}

DEFUN ("sockopt--new-handle", sockopt_new_handle, Ssockopt_new_handle, 0, 0,
       "Return a handle for a socket that there is none of yet.")
{
  (void) args;
  return handle_make (env, -1, true, 0);
}

DEFUN ("sockopt--name", sockopt_name, Ssockopt_name, 1, 1,
       "Return the address that the socket of HANDLE is bound to, or nil.\n\n"
       "(fn HANDLE)")
{
  struct address address;
  struct handle *handle = handle_get (env, args[0]);
  return handle && address_local_of (handle->fd, &address)
           ? lisp_from_address (env, &address)
           : Qnil;
}

DEFUN ("sockopt--settle-linger", sockopt_settle_linger, Ssockopt_settle_linger,
       1, 1,
       "Have Emacs not wait when it closes the socket of HANDLE by itself.\n"
       "That counts if the socket has `:linger' now.  Value is nil.\n\n"
       "(fn HANDLE)")
{
  const struct handle *handle = handle_get (env, args[0]);
  int code = handle ? handle_settle_linger (handle) : 0;
  if (code != 0)
    lisp_signal_errno (env, "Cannot linger", code, args[0]);
  return Qnil;
}

DEFUN ("sockopt--release-linger", sockopt_release_linger,
       Ssockopt_release_linger, 1, 1,
       "Undo that: closing the socket of HANDLE waits by its `:linger'.\n"
       "Value is nil.\n\n"
       "(fn HANDLE)")
{
  const struct handle *handle = handle_get (env, args[0]);
  if (handle)
    linger_release (handle->fd, handle->identity);
  return Qnil;
}

DEFUN ("sockopt--close", sockopt_close, Ssockopt_close, 1, 1,
       "Close the socket of HANDLE if no process has it.  Value is nil.\n\n"
       "(fn HANDLE)")
{
  struct handle *handle = handle_get (env, args[0]);
  if (handle)
    handle_close (handle);
  return Qnil;
}

void
syms_of_handle (emacs_env *env)
{
  defsubr (env, &Ssockopt_find);
  defsubr (env, &Ssockopt_new_handle);
  defsubr (env, &Ssockopt_name);
  defsubr (env, &Ssockopt_settle_linger);
  defsubr (env, &Ssockopt_release_linger);
  defsubr (env, &Ssockopt_close);
}

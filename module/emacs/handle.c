/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handles: the sockets and lookups that Lisp holds.  */

#include "option/config.h"

#include "emacs/handle.h"

#include <errno.h>
#include <stdlib.h>

#include "emacs/lisp.h"

/* The finalizers also tell what a user pointer holds.  */

static void
free_handle (void *data)
{
  struct handle *handle = data;
  handle_close (handle);
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
        socket_close (&fd);
      lisp_signal_errno (env, "Cannot make handle", ENOMEM, Qnil);
      return Qnil;
    }
  *handle = (struct handle){
    .fd = fd, .owned = owned, .socket_class = class, .peer = -1
  };
  if (!owned)
    socket_identity (fd, &handle->identity);
  return make_user_ptr (env, free_handle, handle);
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

bool
handle_has (struct handle *handle, const struct option *option)
{
  if (handle->socket_class == 0)
    handle->socket_class = socket_class (handle->fd);
  return option_applies (option, handle->socket_class);
}

void
handle_adopted (struct handle *handle, int fd)
{
  handle->fd = fd;
  handle->owned = false;
  handle->confirmed = true;
  socket_identity (fd, &handle->identity);
}

void
handle_close (struct handle *handle)
{
  if (handle->owned)
    socket_close (&handle->fd);
  socket_close (&handle->peer);
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

void
job_drop (emacs_env *env, emacs_value value)
{
  struct job *job = job_get (env, value);
  if (job)
    {
      env->set_user_ptr (env, value, NULL);
      job_release (job);
    }
}

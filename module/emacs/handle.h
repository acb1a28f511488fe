/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handles: the sockets, addresses and jobs that Lisp holds.  */

#ifndef SOCKOPT_HANDLE_H
#define SOCKOPT_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include <emacs-module.h>

#include "option/option.h"
#include "socket/job.h"
#include "socket/watch.h"

/* A socket as Lisp holds it, in a user pointer.  Before it is given
   to a process it is OWNED: then it is closed with the handle, at
   the latest by the garbage collector.  Afterwards Emacs closes it, and
   IDENTITY tells whether FD is still that socket.  */
struct handle
{
  int fd;
  bool owned;
  uint64_t identity;

  /* What socket_class says of it, 0 if it has not been asked.  */
  unsigned socket_class;

  /* Whether IDENTITY was seen after Emacs had settled on FD: then FD is
     right for as long as Emacs calls the process open.  */
  bool confirmed;

  /* How many options have been set through it.  */
  unsigned writes;

  /* How it was connected, or null if that is not known.  */
  struct connection_log *log;
};

/* Make a handle of FD, a socket of CLASS, 0 if that is not known.  If that
   fails, with an error signalled, FD is closed if it would be OWNED.  */
emacs_value handle_make (emacs_env *env, int fd, bool owned, unsigned class);

/* Have HANDLE, which is new, own FD, a socket of CLASS.  */
void handle_own (struct handle *handle, int fd, unsigned class);

/* The handle that VALUE holds.  Null, with an error signalled, if VALUE
   is something else.  */
struct handle *handle_get (emacs_env *env, emacs_value value);

/* The handle in ARGS, which are a process, its status and its handle; or
   a new one if the process has another socket by now.  Null, with an error
   signalled, if there is none.  */
struct handle *handle_of_process (emacs_env *env, emacs_value *args);

/* Whether the socket of HANDLE is still open and still the same.  */
bool handle_valid (const struct handle *handle);

/* The class of HANDLE's socket, as socket_class says.  */
unsigned handle_class (struct handle *handle);

/* Whether OPTION is for sockets like that of HANDLE.  The kernel may take
   it elsewhere, without any effect.  */
bool handle_has (struct handle *handle, const struct option *option);

/* FD has become the socket of HANDLE, and Emacs owns it.  Return as
   `handle_settle_linger'.  */
int handle_adopted (struct handle *handle, int fd);

/* Have Emacs not wait when it closes the socket of HANDLE, if that has
   SO_LINGER now.  Return 0 or an errno value.  */
int handle_settle_linger (const struct handle *handle);

/* Have HANDLE own LOG; either may be null.  */
void handle_note_log (struct handle *handle, struct connection_log *log);

/* Close what HANDLE owns.  */
void handle_close (struct handle *handle);

/* Addresses and jobs in user pointers, which free them.  */
emacs_value addresses_make (emacs_env *env, struct addresses *addresses);
struct addresses *addresses_get (emacs_env *env, emacs_value value);
emacs_value job_make (emacs_env *env, struct job *job);
struct job *job_get (emacs_env *env, emacs_value value);

/* Release the job in VALUE now.  */
void job_drop (emacs_env *env, emacs_value value);

/* Likewise where jobs report to.  */
emacs_value channel_to_lisp (emacs_env *env, struct channel *channel);
struct channel *channel_get (emacs_env *env, emacs_value value);
void channel_drop (emacs_env *env, emacs_value value);

/* Likewise a thread that watches sockets.  */
emacs_value watch_make (emacs_env *env, struct watch *watch);
struct watch *watch_get (emacs_env *env, emacs_value value);
void watch_drop (emacs_env *env, emacs_value value);

#endif /* SOCKOPT_HANDLE_H */

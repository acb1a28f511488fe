/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Find the descriptor of a process by what core can change of it.  */

#ifndef SOCKOPT_FIND_MARK_H
#define SOCKOPT_FIND_MARK_H

#include <sys/select.h>

#include <emacs-module.h>

/* Core's `set-network-process-option' changes an option of the socket of a
   process, and from outside it can be seen which socket has changed.  Each
   of these returns the descriptor, with the socket as it was before, or
   -1.  The contact plist of the process is left changed.  */

/* Emacs makes no process on a descriptor beyond this.  */
enum
{
  DESCRIPTOR_MAX = FD_SETSIZE
};

/* Find the socket of PROCESS by a linger time that only it can have.  The
   first looks at the descriptor HINT alone; if it was wrong, the linger time
   stays, so it is for a process that is made just now, on a socket that is
   going to be replaced.  */
int find_by_hint (emacs_env *env, emacs_value process, int hint);
int find_by_mark (emacs_env *env, emacs_value process);

/* Find the server PROCESS by turning SO_BROADCAST on and off, which does
   nothing to a listener.  Several listeners may have the same address
   (SO_REUSEPORT), or one that tells nothing.  */
int find_by_toggle (emacs_env *env, emacs_value process);

#endif /* SOCKOPT_FIND_MARK_H */

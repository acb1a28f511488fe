/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets that linger: have Emacs not wait when it closes one.  */

#ifndef SOCKOPT_LINGER_H
#define SOCKOPT_LINGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Whether closing a socket with LINGER waits.  With a time of 0 it throws
   away what is not delivered.  */
static inline bool
linger_waits (const struct linger *linger)
{
  return linger->l_onoff && linger->l_linger != 0;
}

/* Whether closing FD waits, by its SO_LINGER.  */
bool linger_waits_now (int fd);

/* Have closing FD not wait.  One that would throw away what is not delivered
   still does.  */
void linger_stop (int fd);

/* Have FD, a socket with IDENTITY, be closed without a wait from now on,
   whoever closes it: a thread turns SO_LINGER off then.  That takes a
   descriptor.  Where closing never waits this does nothing.  Return 0 or an
   errno value.  */
int linger_keep (int fd, uint64_t identity);

/* Undo that, if it was done: closing FD waits if its SO_LINGER says so.  */
void linger_release (int fd, uint64_t identity);

/* Whether FD is the descriptor that this took for some socket.  */
bool linger_keeps (int fd);

#endif /* SOCKOPT_LINGER_H */

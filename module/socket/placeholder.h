/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placeholders: what a process of Emacs stands on before our socket.  */

#ifndef SOCKOPT_PLACEHOLDER_H
#define SOCKOPT_PLACEHOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "socket/address.h"

/* Emacs makes a network process only on a socket that it made itself.
   So it is given something harmless to connect to or to listen on, and
   the socket that we made takes that one's place: dup2(2).  */

/* A place for one socket file, in a directory that is ours alone.  */
struct place
{
  int directory;
  char name[PATH_MAX];
  char path[LOCAL_PATH_MAX + 1];
};

/* Make a place below the directory PARENT; its `path' fits into a local
   address.  Return 0 or an errno value.  */
int place_make (struct place *place, const char *parent);

/* Remove the place and the socket file in it, if there is one.  */
void place_remove (struct place *place);

/* If the directory of a place could not be removed since this was asked
   last, put its name into NAME and return why, an errno value; else return
   0.  */
int place_left (char name[PATH_MAX]);

/* Put into *PATH where a client placeholder can connect to: a listener
   of ours, made at the first call in a place below PARENT and then
   kept.  Return 0 or an errno value.  */
int placeholder_path (const char *parent, const char **path);

/* Whether FD is a placeholder that has connected to that listener, or
   that is bound to PLACE.  One that was made a moment ago and is this is
   known by it, for nobody else has any.  */
bool placeholder_is_client (int fd);
bool placeholder_is_server (int fd, const struct place *place);

/* Whether there is that listener already, so that PARENT does not count.  */
bool placeholder_ready (void);

/* Close what has connected to that listener.  */
void placeholder_drain (void);

/* A client may have connected to it.  After some of them this drains it, so
   that its queue never fills.  */
void placeholder_spent (void);

/* Put into *FD a descriptor of the socket that can be neither read nor
   written: laid beneath a process that waits for its connection, it keeps
   it waiting until it is replaced.  There is one such socket, and each has a
   descriptor of it.  Return 0 or an errno value.  */
int placeholder_hold (int *fd);

/* Whether FD is open on that socket.  Any thread may ask.  */
bool placeholder_holds (int fd);

/* Put a socket with an error in the place of FD, which is one of those, so
   that its process fails.  That takes no descriptor.  Return 0 or an errno
   value.  */
int placeholder_break (int fd);

/* Put *SOCKET, which this closes, in the place of descriptor FD.
   Return 0 or an errno value; on error both are as they were.  */
int placeholder_replace (int fd, int *socket);

/* The descriptor that the next open one will have, or -1 when the table
   is full.  */
int placeholder_next_descriptor (void);

#endif /* SOCKOPT_PLACEHOLDER_H */

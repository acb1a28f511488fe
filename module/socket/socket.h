/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets: create, bind, connect, listen, with their options in time.  */

#ifndef SOCKOPT_SOCKET_H
#define SOCKOPT_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socket/address.h"
#include "option/option.h"

/* An option with the value to set.  One that is OPTIONAL does not stop a
   socket from being made; CODE then says why it failed.  */
struct setting
{
  const struct option *option;
  struct bytes bytes;
  bool optional;
  int code;
};

/* Free an array of COUNT settings, or a null pointer, and what they
   hold.  */
void settings_free (struct setting *settings, size_t count);

/* A copy of an array of COUNT settings, at least one; null when memory
   is exhausted.  */
struct setting *settings_copy (const struct setting *settings, size_t count);

/* The codes of COUNT settings, to be freed, for when the settings are made
   on another socket meanwhile; null when memory is exhausted.  */
int *settings_save_codes (const struct setting *settings, size_t count);

/* Put them back.  */
void settings_restore_codes (struct setting *settings, size_t count,
                             const int *codes);

/* What to make: a socket of TYPE (SOCK_STREAM, ...) and PROTOCOL (0 for
   the family's own), bound and listening with BACKLOG if it is a
   SERVER, and with the SETTINGS made when they count.  A client is bound
   to LOCAL, unless that has no length.  One that races SEVERAL addresses
   gives each a head start of STAGGER milliseconds, 0 for the usual.  */
struct plan
{
  int type;
  int protocol;
  bool server;
  int backlog;
  bool several;
  int stagger;
  struct address local;
  struct setting *settings;
  size_t settings_count;
};

/* How a client's own address came to be in the way.  */
enum local_stage
{
  LOCAL_NONE,
  LOCAL_FAMILY, /* nothing to connect to is of its family */
  LOCAL_BIND,
  LOCAL_CONNECT
};

/* What failed: an errno value, and in words what was being done.  For
   an option, SETTING points at it; otherwise it is null.  LOCAL tells
   whether it is about the client's own address, HINT what would do instead,
   if that is not null.  */
struct failure
{
  int code;
  const char *verb;
  const struct setting *setting;
  enum local_stage local;
  const char *hint;
};

/* Make a socket by PLAN for ADDRESS: bound to it, for a server; not yet
   connected, but bound to LOCAL if it is to be, for a client.  It does not
   block and is closed on exec. Return the descriptor, or -1 with *FAILURE set
   and nothing left.  */
int socket_make (const struct plan *plan, const struct address *address,
                 struct failure *failure);

/* Make the settings of PLAN that take a connection on FD, which has one
   to ADDRESS.  Return false, with *FAILURE set, if one fails.  */
bool socket_connected (const struct plan *plan, const struct address *address,
                       int fd, struct failure *failure);

/* Bind FD to ADDRESS.  Return 0, or -1 with errno.  */
int socket_bind (int fd, const struct address *address);

/* Start to connect FD.  Return 0 when it is connected, EINPROGRESS when
   it will be writable on completion, or another errno value.  EAGAIN
   (local sockets only) means that the server's queue is full now.  */
int socket_connect (int fd, const struct address *address);

/* The error pending on FD, which this clears, or 0.  */
int socket_error (int fd);

/* Whether it is too late to set OPTION on FD with any effect.  */
bool socket_too_late (int fd, const struct option *option);

/* A number that no other open socket has.  Return false where FD is not
   an open socket, or the system has no such number for it.  The kernel gives
   a cookie to each socket (Linux 4.12, socket(7)); elsewhere it is the inode
   number, or, as Internet sockets may have none, made of the addresses of a
   connection.  */
bool socket_identity (int fd, uint64_t *identity);

/* Close the descriptor in *FD, if there is one, and forget it.  errno
   stays as it is.  */
void socket_close (int *fd);

/* Likewise the socket in *FD that nobody is going to have, without a wait
   even if it has SO_LINGER, and remove the file that it is bound to, if it
   is.  */
void socket_discard (int *fd);

#endif /* SOCKOPT_SOCKET_H */

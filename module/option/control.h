/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Control messages: what the kernel tells along with data.  */

#ifndef SOCKOPT_CONTROL_H
#define SOCKOPT_CONTROL_H

#include <stddef.h>
#include <sys/socket.h>

#include "option/kind.h"

/* A property list that grows: ITEMS is room for it, SIZE what is used.  */
struct info
{
  struct pool *pool;
  struct value *items;
  size_t size;
};

/* One sort of control message, and what it is in Lisp.  */
struct control
{
  int level;
  int type;
  /* The keywords, with spaces between them.  */
  const char *keys;
  /* What the bytes mean, where there is one key and they are those of an
     option of this kind; else null.  */
  const struct kind *kind;
  /* Otherwise: add to INFO what the SIZE bytes at DATA mean.  */
  enum fault (*add) (struct info *info, const void *data, size_t size);
  /* What such a message says of a datagram that is sent: bits of the rows of
     `outgoing', 0 for nothing.  */
  unsigned sends;
};

extern const struct control controls[];
extern const size_t controls_count;

/* The sort of message of LEVEL and TYPE, or a null pointer.  */
const struct control *control_find (int level, int type);

/* Room for what comes along with one datagram: the longest security label
   and the most descriptors that Linux sends, and all the rest besides.  */
enum
{
  CONTROL_ROOM = 8192
};

/* Make *VALUE a property list of what the control messages in MESSAGE say,
   which recvmsg has filled; nil if there are none.  What is not known, or
   not of the length that it should be, is in `:control', a list of (LEVEL
   TYPE BYTES).  The only faults are of memory.  */
enum fault control_decode (const struct msghdr *message, struct pool *pool,
                           struct value *value);

/* Close the descriptors that came along with MESSAGE.  */
void control_close (const struct msghdr *message);

#endif /* SOCKOPT_CONTROL_H */

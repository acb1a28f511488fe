/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Send one datagram, with what holds for it alone.  */

#ifndef SOCKOPT_SEND_H
#define SOCKOPT_SEND_H

#include <sys/types.h>

#include "option/outgoing.h"
#include "socket/socket.h"

/* SIZE bytes at DATA for ADDRESS, which is null for where the socket is
   connected to.  For each row of `outgoing' SAID has the bytes of its value,
   or a length of 0.  */
struct datagram
{
  const void *data;
  size_t size;
  const struct address *address;
  struct bytes said[OUTGOING_COUNT];
};

/* Send DATAGRAM on FD, without waiting.  Return how many bytes it had; or
   -1, with errno, and with the row in *ROW that this is about, or a null
   pointer.  */
ssize_t socket_send (int fd, const struct datagram *datagram,
                     const struct option **row);

/* What would do after sending failed with CODE; null where the system's
   message says all.  */
const char *send_hint (int code);

#endif /* SOCKOPT_SEND_H */

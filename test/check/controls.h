/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Control messages, as the C tests make and read them.  */

#ifndef SOCKOPT_CONTROLS_H
#define SOCKOPT_CONTROLS_H

#include "option/control.h"

/* Control messages as recvmsg leaves them, USED bytes.  */
struct message
{
  size_t used;
  _Alignas(struct cmsghdr) char room[CONTROL_ROOM];
};

/* Add a message of LEVEL and TYPE with the SIZE bytes at DATA.  */
void message_add (struct message *message, int level, int type,
                  const void *data, size_t size);

/* What recvmsg would have filled.  */
struct msghdr message_header (struct message *message);

/* What MESSAGE says.  What the value points at goes after the test.  */
struct value message_decode (struct message *message);

#endif /* SOCKOPT_CONTROLS_H */

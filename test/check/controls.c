/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Control messages, as the C tests make and read them.  */

#include "option/config.h"

#include "controls.h"

#include <string.h>

#include "suites.h"
#include "values.h"

void
message_add (struct message *message, int level, int type, const void *data,
             size_t size)
{
  struct cmsghdr header
    = { .cmsg_len = CMSG_LEN (size), .cmsg_level = level, .cmsg_type = type };
  char *at = message->room + message->used;
  ck_assert_uint_le (message->used + CMSG_SPACE (size), sizeof message->room);
  memcpy (at, &header, sizeof header);
  memcpy (at + CMSG_LEN (0), data, size);
  message->used += CMSG_SPACE (size);
}

struct msghdr
message_header (struct message *message)
{
  return (struct msghdr){ .msg_control = message->room,
                          .msg_controllen = message->used };
}

struct value
message_decode (struct message *message)
{
  struct value value;
  struct msghdr header = message_header (message);
  ck_assert_int_eq (control_decode (&header, values_pool (), &value),
                    FAULT_NONE);
  return value;
}

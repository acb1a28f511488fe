/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Get an option of a socket, and say why the kernel refused one.  */

#include "option/config.h"

#include "option/get-set.h"

#include <errno.h>

/* The kernel says "no such option here" in many ways, and not the same
   ones to read and to write: a TCP option on a UDP socket is EOPNOTSUPP
   and then ENOPROTOOPT, a multicast group on a TCP socket EPROTO.  */
int
option_errno (int fd, const struct option *option, int code)
{
  if (code == EOPNOTSUPP || code == ENOPROTOOPT
      || !option_applies (option, socket_class (fd)))
    return ENOPROTOOPT;
  return code;
}

/* Some options say by their length how much room they want: SO_PEERSEC
   and SO_PEERGROUPS with ERANGE, TCP_SAVED_SYN with EINVAL.  */
static bool
wants_room (int code, socklen_t room, socklen_t wanted)
{
  return (code == ERANGE || code == EINVAL) && room < wanted;
}

static int
get_bytes (int fd, const struct option *option, struct bytes *bytes)
{
  int level = option_level (fd, option);
  if (bytes->length == 0 && !bytes_reserve (bytes, option->kind->size))
    return ENOMEM;
  for (;;)
    {
      socklen_t length = bytes->length;
      void *data = bytes->allocated ? bytes->allocated : &bytes->as;
      if (getsockopt (fd, level, option->number, data, &length) == 0)
        {
          bytes->length = length;
          return 0;
        }
      int code = errno;
      if (!wants_room (code, bytes->length, length))
        return code;
      if (!bytes_reserve (bytes, length))
        return ENOMEM;
    }
}

int
option_get_any (int fd, const struct option *option, struct bytes *bytes)
{
  int code = option->kind->get ? option->kind->get (fd, option, bytes)
                               : get_bytes (fd, option, bytes);
  return code == 0 ? 0 : option_errno (fd, option, code);
}

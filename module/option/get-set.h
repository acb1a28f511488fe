/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Get and set an option of a socket.  */

#ifndef SOCKOPT_GET_SET_H
#define SOCKOPT_GET_SET_H

#include <errno.h>
#include <sys/socket.h>

#include "option/option.h"

/* What CODE, with which the kernel refused OPTION of socket FD, comes to:
   an option that this system, or a socket of this class, does not have is
   ENOPROTOOPT, whichever code the kernel chose.  */
int option_errno (int fd, const struct option *option, int code);

/* The level at which socket FD has OPTION.  */
static inline int
option_level (int fd, const struct option *option)
{
  return option->level == LEVEL_OF_FAMILY ? socket_family_level (fd)
                                          : option->level;
}

/* Set OPTION of socket FD to BYTES.  Return 0, or an errno value as
   `option_errno' makes it.  This is within its callers because, after a
   system call, the processor has forgotten where functions return to:
   each that need not return saves a twentieth of the time of the call.  */
static inline int
option_set (int fd, const struct option *option, const struct bytes *bytes)
{
  int code = 0;
  if (!(option->access & ACCESS_SET))
    return ENOPROTOOPT;
  if (option->kind->set)
    code = option->kind->set (fd, option, bytes);
  else if (setsockopt (fd, option_level (fd, option), option->number,
                       bytes_data (bytes), bytes->length)
           < 0)
    code = errno;
  return code == 0 ? 0 : option_errno (fd, option, code);
}

/* Read OPTION, which can be read, as `option_get' does.  */
int option_get_any (int fd, const struct option *option, struct bytes *bytes);

/* Read OPTION of socket FD into *BYTES, which begins as `prepare' of its
   kind made it or as BYTES_NONE, and is to be freed.  Return as
   `option_set'.  What most options are, a few bytes, is read within the
   caller for the same reason.  */
static inline int
option_get (int fd, const struct option *option, struct bytes *bytes)
{
  const struct kind *kind = option->kind;
  if (!(option->access & ACCESS_GET))
    return ENOPROTOOPT;
  if (kind->get || bytes->length != 0 || sizeof bytes->as < kind->size)
    return option_get_any (fd, option, bytes);
  bytes->length = kind->size;
  return getsockopt (fd, option_level (fd, option), option->number, &bytes->as,
                     &bytes->length)
             == 0
           ? 0
           : option_errno (fd, option, errno);
}

#endif /* SOCKOPT_GET_SET_H */

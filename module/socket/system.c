/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptors: what one call does on some systems and several on others.  */

#include "option/config.h"

#include "socket/system.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "option/constants.h"

/* Systems that have this flag have pipe2 and dup3, too.  */
#ifdef SOCK_CLOEXEC

int
system_socket (int family, int type, int protocol)
{
  return socket (family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

int
system_socketpair (int family, int type, int pair[2])
{
  return socketpair (family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0
           ? errno
           : 0;
}

int
system_pipe (int ends[2])
{
  return pipe2 (ends, O_CLOEXEC | O_NONBLOCK) < 0 ? errno : 0;
}

int
system_copy (int fd, int copy)
{
  return dup3 (fd, copy, O_CLOEXEC) < 0 ? errno : 0;
}

#else

/* Set the flags of FD; if that fails, close it.  Return 0 or an errno
   value.  */
static int
set_flags (int fd)
{
  if (fcntl (fd, F_SETFD, FD_CLOEXEC) == 0
      && fcntl (fd, F_SETFL, O_NONBLOCK) == 0)
    return 0;
  int code = errno;
  close (fd);
  return code;
}

int
system_socket (int family, int type, int protocol)
{
  int fd = socket (family, type, protocol);
  int code = fd < 0 ? errno : set_flags (fd);
  errno = code;
  return code == 0 ? fd : -1;
}

/* Likewise both of PAIR.  */
static int
set_flags_of_both (const int pair[2])
{
  int code = set_flags (pair[0]);
  if (code != 0)
    {
      close (pair[1]);
      return code;
    }
  code = set_flags (pair[1]);
  if (code != 0)
    close (pair[0]);
  return code;
}

int
system_socketpair (int family, int type, int pair[2])
{
  return socketpair (family, type, 0, pair) < 0 ? errno
                                                : set_flags_of_both (pair);
}

int
system_pipe (int ends[2])
{
  return pipe (ends) < 0 ? errno : set_flags_of_both (ends);
}

int
system_copy (int fd, int copy)
{
  /* As dup3 has it: the same descriptor is no copy.  */
  if (fd == copy)
    return EINVAL;
  return dup2 (fd, copy) < 0 || fcntl (copy, F_SETFD, FD_CLOEXEC) < 0 ? errno
                                                                      : 0;
}

#endif

/* Sockets: create, bind, connect, listen, with their options in time.

Copyright (C) 2026 The sockopt authors

This file is part of sockopt.

sockopt is free software: you can redistribute it and/or modify it
under the terms of the GNU General Public License as published by the
Free Software Foundation, either version 3 of the License, or (at your
option) any later version.

sockopt is distributed in the hope that it will be useful, but WITHOUT
ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or
FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License
for more details.

You should have received a copy of the GNU General Public License
along with sockopt.  If not, see <https://www.gnu.org/licenses/>.  */

#include "config.h"

#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

void
socket_close (int *fd)
{
  int saved = errno;
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
  errno = saved;
}

#ifdef SOCK_CLOEXEC
static int
socket_new (int family, int type, int protocol)
{
  return socket (family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}
#else
/* macOS cannot say both in one call.  */
static int
socket_new (int family, int type, int protocol)
{
  int fd = socket (family, type, protocol);
  if (fd >= 0
      && (fcntl (fd, F_SETFD, FD_CLOEXEC) < 0
          || fcntl (fd, F_SETFL, O_NONBLOCK) < 0))
    socket_close (&fd);
  return fd;
}
#endif

/* Note in *FAILURE that VERB failed with CODE.  */
static bool
fail (struct failure *failure, const char *verb, int code,
      const struct setting *setting)
{
  *failure
    = (struct failure){ .code = code, .verb = verb, .setting = setting };
  return false;
}

/* Whether PLAN sets the SOL_SOCKET option NUMBER itself.  */
static bool
plan_sets (const struct plan *plan, int number)
{
  for (size_t i = 0; i < plan->settings_count; i++)
    {
      const struct option *option = plan->settings[i].option;
      if (option->level == SOL_SOCKET && option->number == number)
        return true;
    }
  return false;
}

static bool
apply_settings (const struct plan *plan, int fd, struct failure *failure)
{
  for (size_t i = 0; i < plan->settings_count; i++)
    {
      const struct setting *setting = &plan->settings[i];
      int code = option_set (fd, setting->option, &setting->bytes);
      if (code != 0)
        return fail (failure, "Cannot set network option", code, setting);
    }
  return true;
}

/* A server may be started anew at once on a port that old connections
   still hold, unless PLAN says otherwise: so core has it.  A local
   address cannot be shared in that way.  */
static bool
allow_reuse (const struct plan *plan, int fd, int family,
             struct failure *failure)
{
  int on = 1;
  if (family == AF_UNIX || plan_sets (plan, SO_REUSEADDR)
      || setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0)
    return true;
  return fail (failure, "Cannot set reuse option on server socket", errno,
               NULL);
}

static bool
serve (const struct plan *plan, int fd, const struct address *address,
       struct failure *failure)
{
  if (bind (fd, (const struct sockaddr *) &address->storage, address->length)
      < 0)
    return fail (failure, "Cannot bind server socket", errno, NULL);
  if (plan->type != SOCK_DGRAM && listen (fd, plan->backlog) < 0)
    return fail (failure, "Cannot listen on server socket", errno, NULL);
  return true;
}

int
socket_make (const struct plan *plan, const struct address *address,
             struct failure *failure)
{
  int family = address_family (address);
  int fd = socket_new (family, plan->type, plan->protocol);
  if (fd < 0)
    {
      fail (failure, "Cannot make socket", errno, NULL);
      return -1;
    }
  bool done = ((!plan->server || allow_reuse (plan, fd, family, failure))
               && apply_settings (plan, fd, failure)
               && (!plan->server || serve (plan, fd, address, failure)));
  if (!done)
    socket_close (&fd);
  return fd;
}

int
socket_connect (int fd, const struct address *address)
{
  if (connect (fd, (const struct sockaddr *) &address->storage,
               address->length)
      == 0)
    return 0;
  /* An interrupted connect goes on by itself.  */
  return errno == EINTR ? EINPROGRESS : errno;
}

int
socket_error (int fd)
{
  int code = 0;
  socklen_t length = sizeof code;
  if (getsockopt (fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0)
    return errno;
  return code;
}

/* Whether FD is connected, or on the way to be.  A TCP socket that still
   connects has no peer yet, but a state: the first byte of what TCP_INFO
   gives, which is cut to what is asked for.  */
static bool
has_begun_to_connect (int fd)
{
  struct address address;
  if (address_remote_of (fd, &address))
    return true;
#ifdef TCP_INFO
  unsigned char state = TCP_CLOSE;
  socklen_t length = sizeof state;
  if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &state, &length) == 0)
    return state == TCP_SYN_SENT;
#endif
  return false;
}

bool
socket_too_late (int fd, const struct option *option)
{
  struct address address;
  switch (option->moment)
    {
    case MOMENT_BEFORE_BIND:
      if (address_local_of (fd, &address) && address_named (&address))
        return true;
      return has_begun_to_connect (fd);
    case MOMENT_BEFORE_CONNECT:
      return has_begun_to_connect (fd);
    case MOMENT_ANY:
    default:
      return false;
    }
}

bool
socket_identity (int fd, uint64_t *identity)
{
#ifdef SO_COOKIE
  socklen_t length = sizeof *identity;
  if (getsockopt (fd, SOL_SOCKET, SO_COOKIE, identity, &length) == 0)
    return true;
  if (errno == EBADF || errno == ENOTSOCK)
    return false;
#endif
  struct stat status;
  if (fstat (fd, &status) < 0 || !S_ISSOCK (status.st_mode))
    return false;
  *identity = status.st_ino;
  return true;
}

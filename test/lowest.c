/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Preloaded: have Linux refuse what some other system refuses.

   `make check CFLAGS=-DSOCKOPT_LOWEST' builds the module without what only
   some systems have, and this sees that it does without.  */

#ifndef _GNU_SOURCE
# define _GNU_SOURCE 1 /* NOLINT(bugprone-reserved-identifier) */
#endif

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What NAME is but for this.  */
static void *
next (const char *name)
{
  return dlsym (RTLD_NEXT, name);
}

/* Whether VALUE, for SO_LINGER, is more than OpenBSD takes.  */
static bool
lingers_too_long (const void *value, socklen_t length)
{
  struct linger linger = { .l_linger = 0 };
  if (length == sizeof linger)
    memcpy (&linger, value, sizeof linger);
  return linger.l_linger < 0 || SHRT_MAX < linger.l_linger;
}

/* Whether an IPv4 option is of another length than OpenBSD or NetBSD
   takes.  */
static bool
has_wrong_length (int number, socklen_t length)
{
  switch (number)
    {
    case IP_MULTICAST_TTL:
    case IP_MULTICAST_LOOP:
      return length != 1;
    case IP_MULTICAST_IF:
      return length != sizeof (struct in_addr);
    case IP_ADD_MEMBERSHIP:
    case IP_DROP_MEMBERSHIP:
      return length != sizeof (struct ip_mreq);
    default:
      return false;
    }
}

/* Named as we name them.  */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

int
setsockopt (int fd, int level, int number, const void *value, socklen_t length)
{
  if ((level == SOL_SOCKET && number == SO_LINGER
       && lingers_too_long (value, length))
      || (level == IPPROTO_IP && has_wrong_length (number, length)))
    {
      errno = EINVAL;
      return -1;
    }
  int (*set) (int, int, int, const void *, socklen_t);
  *(void **) &set = next ("setsockopt");
  return set (fd, level, number, value, length);
}

int
getsockopt (int fd, int level, int number, void *value, socklen_t *length)
{
  if (level == SOL_SOCKET
      && (number == SO_COOKIE || number == SO_DOMAIN || number == SO_PROTOCOL))
    {
      errno = ENOPROTOOPT;
      return -1;
    }
  int (*get) (int, int, int, void *, socklen_t *);
  *(void **) &get = next ("getsockopt");
  return get (fd, level, number, value, length);
}

/* Internet sockets have no inode number on macOS and FreeBSD.  */
int
fstat (int fd, struct stat *status)
{
  struct sockaddr_storage address = { .ss_family = AF_UNIX };
  socklen_t length = sizeof address;
  int (*stat_fd) (int, struct stat *);
  *(void **) &stat_fd = next ("fstat");
  int result = stat_fd (fd, status);
  if (result == 0 && S_ISSOCK (status->st_mode)
      && getsockname (fd, (struct sockaddr *) &address, &length) == 0
      && address.ss_family != AF_UNIX)
    status->st_ino = 0;
  return result;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* System calls that fail when the C tests say so.  */

#include "option/config.h"

#include "fake-calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

atomic_int poll_code;
atomic_int connect_code;
atomic_int read_code;
atomic_int write_code;
atomic_int send_code;
atomic_int poll_calls;
atomic_int write_failures;

/* Whether a call is to fail with CODE, which goes to errno.  */
static int
fails (int code)
{
  if (code != 0)
    errno = code;
  return code != 0;
}

/* The C library of GNU takes a pointer to any kind of address.  */
#ifdef __GLIBC__
# define ADDRESS __CONST_SOCKADDR_ARG
#else
# define ADDRESS const struct sockaddr *
#endif

/* The parameters are named as in the headers of the C library.  */

int
poll (struct pollfd *fds, nfds_t nfds, int timeout)
{
  int (*real) (struct pollfd *, nfds_t, int);
  atomic_fetch_add (&poll_calls, 1);
  if (fails (atomic_load (&poll_code)))
    return -1;
  *(void **) &real = dlsym (RTLD_NEXT, "poll");
  return real (fds, nfds, timeout);
}

int
connect (int fd, ADDRESS addr, socklen_t len)
{
  int (*real) (int, ADDRESS, socklen_t);
  if (fails (atomic_load (&connect_code)))
    return -1;
  *(void **) &real = dlsym (RTLD_NEXT, "connect");
  return real (fd, addr, len);
}

ssize_t
read (int fd, void *buf, size_t nbytes)
{
  ssize_t (*real) (int, void *, size_t);
  if (nbytes > 1 && fails (atomic_load (&read_code)))
    return -1;
  *(void **) &real = dlsym (RTLD_NEXT, "read");
  return real (fd, buf, nbytes);
}

ssize_t
write (int fd, const void *buf, size_t n)
{
  ssize_t (*real) (int, const void *, size_t);
  if (n > 1 && fails (atomic_load (&write_code)))
    {
      atomic_fetch_add (&write_failures, 1);
      return -1;
    }
  *(void **) &real = dlsym (RTLD_NEXT, "write");
  return real (fd, buf, n);
}

ssize_t
send (int fd, const void *buf, size_t n, int flags)
{
  ssize_t (*real) (int, const void *, size_t, int);
  if (fails (atomic_load (&send_code)))
    return -1;
  *(void **) &real = dlsym (RTLD_NEXT, "send");
  return real (fd, buf, n, flags);
}

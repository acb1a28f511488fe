/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where threads report that something is done.  */

#include "option/config.h"

#include "socket/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "socket/socket.h"

struct channel
{
  atomic_int holders;
  int fd;
};

struct channel *
channel_make (int fd)
{
  struct channel *channel = malloc (sizeof *channel);
  if (!channel)
    {
      socket_close (&fd);
      errno = ENOMEM;
      return NULL;
    }
  atomic_init (&channel->holders, 1);
  channel->fd = fd;
  fcntl (fd, F_SETFD, FD_CLOEXEC);
  fcntl (fd, F_SETFL, O_NONBLOCK);
  return channel;
}

struct channel *
channel_hold (struct channel *channel)
{
  atomic_fetch_add (&channel->holders, 1);
  return channel;
}

void
channel_release (struct channel *channel)
{
  if (atomic_fetch_sub (&channel->holders, 1) != 1)
    return;
  socket_close (&channel->fd);
  free (channel);
}

void
channel_report (const struct channel *channel, unsigned number)
{
  char line[16];
  int size = snprintf (line, sizeof line, "%u\n", number);
  /* A few signals may come, but not without end.  */
  for (int tries = 0; tries < 100; tries++)
    if (write (channel->fd, line, (size_t) size) >= 0 || errno != EINTR)
      return;
}

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

#include "socket/patience.h"
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

static int
write_number (const struct channel *channel, unsigned number)
{
  char line[16];
  int size = snprintf (line, sizeof line, "%u\n", number);
  return write (channel->fd, line, (size_t) size) < 0 ? errno : 0;
}

int
channel_report (const struct channel *channel, unsigned number)
{
  int code, signals = 0;
  while ((code = write_number (channel, number)) != 0)
    if (!patience_interrupted (&signals))
      break;
  return code;
}

/* Wait until CHANNEL has room.  Should it say that it has, and yet take
   nothing, the rest keeps the thread from spinning.  */
static int
await_room (const struct channel *channel, struct patience *patience)
{
  struct pollfd polled = { .fd = channel->fd, .events = POLLOUT };
  int code = patience_poll (patience, &polled, 1, -1);
  patience_rest ();
  return code;
}

int
channel_report_surely (const struct channel *channel, unsigned number)
{
  struct patience patience = { 0 };
  int code;
  while ((code = write_number (channel, number)) != 0 && code != EPIPE)
    if ((code == EAGAIN ? await_room (channel, &patience)
                        : patience_fail (&patience, code))
        != 0)
      break;
  return code;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A thread that says which sockets have something to read.  */

#include "option/config.h"

#include "socket/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "socket/channel.h"
#include "socket/patience.h"
#include "socket/socket.h"
#include "socket/thread.h"

/* Systems without epoll have poll; tests try that on Linux, too.  */
#if defined SYSTEM_LINUX && !defined WATCH_POLL
# define WATCH_EPOLL 1
# include <sys/epoll.h>
#endif

struct watch
{
  /* The thread and the one who started it each hold this.  */
  atomic_int holders;
  struct channel *channel;
  /* The thread ends when the other end of this pipe is closed.  */
  int stop[2];
#ifdef WATCH_EPOLL
  int epoll;
#else
  pthread_mutex_t mutex;
  /* A byte in this pipe has the thread look at the list anew.  */
  int changed[2];
  struct watched *list;
  size_t count, room;
#endif
};

/* Numbers of sockets are above this.  */
enum
{
  NUMBER_NONE = 0
};

/* When the channel is full there are reports in it already.  */
void
watch_wake (const struct watch *watch)
{
  channel_report (watch->channel, NUMBER_NONE);
}

/* Waiting has failed, as it may where memory is short or a debugger stops the
   thread: rest, so that it does not spin when it fails again.  */
static bool
wait_again (void)
{
  patience_rest ();
  return true;
}

#ifdef WATCH_EPOLL

enum
{
  EVENTS_AT_ONCE = 32
};

static bool
open_parts (struct watch *watch)
{
  struct epoll_event event = { .events = 0, .data.u64 = NUMBER_NONE };
  watch->epoll = epoll_create1 (EPOLL_CLOEXEC);
  return watch->epoll >= 0
         && epoll_ctl (watch->epoll, EPOLL_CTL_ADD, watch->stop[0], &event)
              == 0;
}

static void
close_parts (struct watch *watch)
{
  socket_close (&watch->epoll);
}

/* A socket that is closed leaves by itself; so what FD was before may not
   be there any more.  */
int
watch_arm (struct watch *watch, int fd, unsigned number)
{
  struct epoll_event event
    = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = number };
  if (epoll_ctl (watch->epoll, EPOLL_CTL_MOD, fd, &event) == 0
      || (errno == ENOENT
          && epoll_ctl (watch->epoll, EPOLL_CTL_ADD, fd, &event) == 0))
    return 0;
  return errno;
}

/* Wait, and report what there is.  False when that is to end.  */
static bool
wait_and_report (struct watch *watch)
{
  struct epoll_event events[EVENTS_AT_ONCE];
  int count = epoll_wait (watch->epoll, events, EVENTS_AT_ONCE, -1);
  if (count < 0)
    return wait_again ();
  for (int i = 0; i < count; i++)
    if (events[i].data.u64 == NUMBER_NONE
        || channel_report_surely (watch->channel,
                                  (unsigned) events[i].data.u64)
             != 0)
      return false;
  return true;
}

#else /* poll */

struct watched
{
  int fd;
  unsigned number;
};

static bool
open_parts (struct watch *watch)
{
  if (pipe (watch->changed) < 0)
    return false;
  for (int i = 0; i < 2; i++)
    {
      fcntl (watch->changed[i], F_SETFD, FD_CLOEXEC);
      fcntl (watch->changed[i], F_SETFL, O_NONBLOCK);
    }
  return true;
}

static void
close_parts (struct watch *watch)
{
  socket_close (&watch->changed[0]);
  socket_close (&watch->changed[1]);
  pthread_mutex_destroy (&watch->mutex);
  free (watch->list);
}

/* Put FD and NUMBER into the list.  False when memory is exhausted.  */
static bool
list_add (struct watch *watch, int fd, unsigned number)
{
  size_t i = 0;
  while (i < watch->count && watch->list[i].fd != fd)
    i++;
  if (i == watch->room)
    {
      size_t room = 2 * watch->room + 8;
      struct watched *list
        = realloc (watch->list, room * sizeof watch->list[0]);
      if (!list)
        return false;
      watch->list = list;
      watch->room = room;
    }
  if (i == watch->count)
    watch->count++;
  watch->list[i] = (struct watched){ .fd = fd, .number = number };
  return true;
}

int
watch_arm (struct watch *watch, int fd, unsigned number)
{
  pthread_mutex_lock (&watch->mutex);
  bool added = list_add (watch, fd, number);
  pthread_mutex_unlock (&watch->mutex);
  if (!added)
    return ENOMEM;
  /* A pipe that is full says the same.  */
  int signals = 0;
  while (write (watch->changed[1], "", 1) < 0
         && patience_interrupted (&signals))
    continue;
  return 0;
}

/* What to wait for: the two pipes, and all in the list.  Null when memory
   is exhausted.  */
static struct pollfd *
make_polled (struct watch *watch, size_t *count)
{
  pthread_mutex_lock (&watch->mutex);
  *count = watch->count + 2;
  struct pollfd *polled = calloc (*count, sizeof *polled);
  if (polled)
    {
      polled[0].fd = watch->stop[0];
      polled[1].fd = watch->changed[0];
      polled[1].events = POLLIN;
      for (size_t i = 0; i < watch->count; i++)
        {
          polled[i + 2].fd = watch->list[i].fd;
          polled[i + 2].events = POLLIN;
        }
    }
  pthread_mutex_unlock (&watch->mutex);
  return polled;
}

/* Take FD out of the list and return its number; NUMBER_NONE if it is not
   there.  */
static unsigned
list_take (struct watch *watch, int fd)
{
  unsigned number = NUMBER_NONE;
  pthread_mutex_lock (&watch->mutex);
  for (size_t i = 0; i < watch->count; i++)
    if (watch->list[i].fd == fd)
      {
        number = watch->list[i].number;
        watch->list[i] = watch->list[--watch->count];
        break;
      }
  pthread_mutex_unlock (&watch->mutex);
  return number;
}

/* Report those of the COUNT in POLLED that have something.  */
static bool
report_polled (struct watch *watch, const struct pollfd *polled, size_t count)
{
  if (polled[0].revents)
    return false;
  if (polled[1].revents)
    patience_drain (watch->changed[0]);
  for (size_t i = 2; i < count; i++)
    if (polled[i].revents)
      {
        unsigned number = list_take (watch, polled[i].fd);
        if (number != NUMBER_NONE
            && channel_report_surely (watch->channel, number) != 0)
          return false;
      }
  return true;
}

static bool
wait_and_report (struct watch *watch)
{
  size_t count;
  struct pollfd *polled = make_polled (watch, &count);
  if (!polled)
    return wait_again ();
  bool more = poll (polled, (nfds_t) count, -1) < 0
                ? wait_again ()
                : report_polled (watch, polled, count);
  free (polled);
  return more;
}

#endif /* poll */

static void
drop (struct watch *watch)
{
  if (atomic_fetch_sub (&watch->holders, 1) != 1)
    return;
  close_parts (watch);
  socket_close (&watch->stop[0]);
  socket_close (&watch->stop[1]);
  channel_release (watch->channel);
  free (watch);
}

static void *
run (void *data)
{
  struct watch *watch = data;
  while (wait_and_report (watch))
    continue;
  drop (watch);
  return NULL;
}

/* Start the thread of WATCH, whose parts are not open yet.  */
static int
launch (struct watch *watch)
{
  if (pipe (watch->stop) < 0)
    return errno;
  for (int i = 0; i < 2; i++)
    fcntl (watch->stop[i], F_SETFD, FD_CLOEXEC);
  return open_parts (watch) ? thread_start (run, watch) : errno;
}

struct watch *
watch_start (struct channel *channel)
{
  struct watch *watch = malloc (sizeof *watch);
  if (!watch)
    {
      channel_release (channel);
      errno = ENOMEM;
      return NULL;
    }
  *watch = (struct watch){ .channel = channel, .stop = { -1, -1 } };
#ifdef WATCH_EPOLL
  watch->epoll = -1;
#else
  watch->changed[0] = watch->changed[1] = -1;
  pthread_mutex_init (&watch->mutex, NULL);
#endif
  atomic_init (&watch->holders, 2);
  int code = launch (watch);
  if (code == 0)
    return watch;
  atomic_store (&watch->holders, 1);
  drop (watch);
  errno = code;
  return NULL;
}

/* The thread has the other end of the pipe, and its own hold.  */
void
watch_release (struct watch *watch)
{
  socket_close (&watch->stop[1]);
  drop (watch);
}

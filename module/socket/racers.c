/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One thread that runs all races.  */

/* However many connections are waited for, one thread waits for all of them:
   it polls the sockets of all races, until the next of them has something
   to do by the clock.  It is started with the first race and ends with the
   last, so an Emacs that connects nowhere has none.

   A race is in the list while it runs.  Whoever adds one puts it at the
   front, under the mutex.  Only the thread takes one out, under the mutex
   too; so it can walk along the list from where it began without it, and no
   socket is connected, set or closed while others wait for the mutex.  A
   byte in the pipe `wake' has the thread look at the list anew.

   A process of Emacs may be deleted while it waits for a race, and nobody
   says so.  A socket pair for each would tell, by hanging up, but that takes
   two descriptors.  So all processes that wait share one socket, and the
   thread looks, ten times a second while there are any, whether each is
   still on it.  A descriptor that was closed may by then be that of another
   process that waits; but then that one has a race as well, a later one.

   When waiting fails for too long, all races fail with the reason.  */

#include "option/config.h"

#include "socket/racers.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "socket/clock.h"
#include "socket/patience.h"
#include "socket/placeholder.h"
#include "socket/system.h"
#include "socket/thread.h"

/* How often, in milliseconds, the thread looks for processes that are not
   there any more.  */
enum
{
  LOOK_INTERVAL = 100
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct racer *racers;

/* Whether there is the thread, and then the pipe.  */
static bool running;
static int wake[2];

/* What the thread waits with.  */
struct waiter
{
  struct pollfd *polled;
  size_t room;
  struct patience patience;
  int64_t next_look;
};

static bool
has_owner (const struct racer *racer)
{
  return racer->owner < 0 || placeholder_holds (racer->owner);
}

bool
racer_is_given_up (const struct racer *racer)
{
  return atomic_load (&racer->given_up) || !has_owner (racer);
}

static void
close_pipe (void)
{
  socket_close (&wake[0]);
  socket_close (&wake[1]);
}

/* A pipe that is full says the same.  */
static void
wake_up (void)
{
  if (running && write (wake[1], "", 1) < 0)
    return;
}

/* The races that there are, or null, and then the thread is no more.  */
static struct racer *
begin_round (void)
{
  pthread_mutex_lock (&mutex);
  struct racer *list = racers;
  if (!list)
    {
      running = false;
      close_pipe ();
    }
  pthread_mutex_unlock (&mutex);
  return list;
}

/* RACER is over: take it out of the list.  */
static void
end (struct racer *racer)
{
  struct racer **place = &racers;
  pthread_mutex_lock (&mutex);
  while (*place != racer)
    place = &(*place)->next;
  *place = racer->next;
  pthread_mutex_unlock (&mutex);
  racer->over (racer->data);
}

/* The sooner of two waits, of which -1 is for ever.  */
static int
sooner (int a, int b)
{
  if (a < 0 || b < 0)
    return a < 0 ? b : a;
  return a < b ? a : b;
}

/* Have room for COUNT.  False when memory is exhausted.  */
static bool
make_room (struct waiter *waiter, size_t count)
{
  if (waiter->polled && count <= waiter->room)
    return true;
  struct pollfd *polled = realloc (waiter->polled, 2 * count * sizeof *polled);
  if (!polled)
    return false;
  waiter->polled = polled;
  waiter->room = 2 * count;
  return true;
}

/* How long the thread may wait for the races in LIST, and in *COUNT for how
   many descriptors, the pipe with them.  */
static int
survey (const struct waiter *waiter, const struct racer *list, size_t *count)
{
  int timeout = -1;
  *count = 1;
  for (const struct racer *racer = list; racer; racer = racer->next)
    {
      *count += racer->race.running;
      timeout = sooner (timeout, race_pause (&racer->race));
      if (racer->owner >= 0)
        {
          int64_t left = waiter->next_look - clock_milliseconds ();
          timeout = sooner (timeout, left < 0 ? 0 : (int) left);
        }
    }
  return timeout;
}

/* Wait until there is something to do for the races in LIST.  Return 0, or
   an errno value if that has failed for too long.  *EVENTS is what poll says
   of their sockets, null if it was not asked.  */
static int
wait_for_events (struct waiter *waiter, const struct racer *list,
                 const struct pollfd **events)
{
  size_t count;
  int timeout = survey (waiter, list, &count);
  *events = NULL;
  if (!make_room (waiter, count))
    return patience_fail (&waiter->patience, ENOMEM);
  struct pollfd *polled = waiter->polled;
  *polled++ = (struct pollfd){ .fd = wake[0], .events = POLLIN };
  *events = polled;
  for (const struct racer *racer = list; racer; racer = racer->next)
    polled += race_polled (&racer->race, polled);
  int code = patience_poll (&waiter->patience, waiter->polled, count, timeout);
  if (waiter->polled[0].revents)
    patience_drain (wake[0]);
  return code;
}

/* Whether it is time to look for processes that are gone.  */
static bool
must_look (struct waiter *waiter)
{
  int64_t now = clock_milliseconds ();
  if (now < waiter->next_look)
    return false;
  waiter->next_look = now + LOOK_INTERVAL;
  return true;
}

/* Go on with RACER, of whose sockets poll says EVENTS.  With LOOK, see
   whether its process is still there.  CODE is why waiting has failed, or
   0.  Return false when it is over.  */
static bool
go_on (struct racer *racer, const struct pollfd *events, bool look, int code)
{
  if (atomic_load (&racer->given_up) || (look && !has_owner (racer)))
    {
      race_abandon (&racer->race);
      return false;
    }
  racer->state = code == 0 ? race_step (&racer->race, events)
                           : race_fail (&racer->race, code);
  return racer->state == RACE_RUNNING;
}

/* Wait, and then go on with the races in LIST.  */
static void
run_round (struct waiter *waiter, struct racer *list)
{
  const struct pollfd *events;
  int code = wait_for_events (waiter, list, &events);
  bool look = must_look (waiter);
  for (struct racer *racer = list, *next; racer; racer = next)
    {
      size_t count = racer->race.running;
      next = racer->next;
      if (!go_on (racer, events, look, code))
        end (racer);
      if (events)
        events += count;
    }
}

static void *
run (void *data)
{
  struct waiter waiter = { .polled = NULL };
  struct racer *list;
  (void) data;
  while ((list = begin_round ()))
    run_round (&waiter, list);
  free (waiter.polled);
  return NULL;
}

/* Start the thread.  */
static int
start (void)
{
  int code = system_pipe (wake);
  if (code != 0)
    return code;
  code = thread_start (run, NULL);
  if (code == 0)
    running = true;
  else
    close_pipe ();
  return code;
}

/* Of RACER and any other with the same owner the earlier one is given up:
   its process was closed.  */
static void
supersede (struct racer *racer)
{
  for (struct racer *other = racers; other; other = other->next)
    if (racer->owner >= 0 && other->owner == racer->owner)
      atomic_store (other->order < racer->order ? &other->given_up
                                                : &racer->given_up,
                    true);
}

int
racers_add (struct racer *racer)
{
  pthread_mutex_lock (&mutex);
  int code = running ? 0 : start ();
  if (code == 0)
    {
      supersede (racer);
      racer->next = racers;
      racers = racer;
      wake_up ();
    }
  pthread_mutex_unlock (&mutex);
  return code;
}

void
racers_give_up (struct racer *racer)
{
  atomic_store (&racer->given_up, true);
  pthread_mutex_lock (&mutex);
  wake_up ();
  pthread_mutex_unlock (&mutex);
}

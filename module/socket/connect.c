/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connect to the first of several addresses that answers.  */

#include "option/config.h"

#include "socket/connect.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "socket/local.h"

/* How soon to try again a local server whose queue is full.  There is
   no event to wait for (connect(2), EAGAIN).  */
enum
{
  AGAIN_DELAY = 20
};

int64_t
race_clock (void)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t
milliseconds (void)
{
  return race_clock () / 1000;
}

/* Pass over addresses that the client's own does not fit.  */
static void
skip_misfits (struct race *race)
{
  while (race->next < race->count
         && !local_fits (race->plan, &race->addresses[race->next]))
    race->next++;
}

void
race_start (struct race *race, const struct plan *plan,
            const struct address *addresses, size_t count)
{
  *race = (struct race){
    .plan = plan,
    .addresses = addresses,
    .count = count,
    .next_start = milliseconds (),
    .fd = -1,
    /* Until an address fails, a race that ends was given up.  */
    .failure = { .code = ECANCELED, .verb = "make client process failed" },
  };
  skip_misfits (race);
  if (race->next == count)
    local_misfit (&race->failure);
}

/* Count an attempt at the address INDEX, and return its number.  */
static size_t
begin_attempt (struct race *race, size_t index)
{
  size_t number = race->attempts_count++;
  if (number < RACE_ATTEMPTS)
    race->attempts[number] = (struct attempt){ .address = index,
                                               .start = race_clock (),
                                               .code = ECANCELED };
  return number;
}

/* The attempt NUMBER has ended with CODE.  */
static void
end_attempt (struct race *race, size_t number, int code)
{
  if (number < RACE_ATTEMPTS)
    {
      race->attempts[number].end = race_clock ();
      race->attempts[number].code = code;
    }
}

/* Take contender I out of the race.  */
static void
remove_contender (struct race *race, size_t i)
{
  race->contenders[i] = race->contenders[--race->running];
}

/* Nobody needs the error of the socket in RACE->fd any more.  */
static void
forget_loser (struct race *race)
{
  if (race->fd >= 0 && race->fd_attempt < RACE_ATTEMPTS)
    race->attempts[race->fd_attempt].code = socket_error (race->fd);
  socket_discard (&race->fd);
}

/* FD, of the attempt NUMBER, is the latest to fail: keep it, for its
   pending error.  */
static void
lose (struct race *race, int fd, size_t number)
{
  forget_loser (race);
  race->fd = fd;
  race->fd_attempt = number;
  race->next_start = 0;
}

/* Contender I is connected.  It has not won until the options that take
   a connection are set, too.  */
static enum race_state
win (struct race *race, size_t i)
{
  struct contender winner = race->contenders[i];
  remove_contender (race, i);
  if (!socket_connected (race->plan, &race->addresses[winner.address],
                         winner.fd, &race->failure))
    {
      end_attempt (race, winner.attempt, race->failure.code);
      socket_discard (&winner.fd);
      lose (race, -1, 0);
      return RACE_RUNNING;
    }
  end_attempt (race, winner.attempt, 0);
  race_abandon (race);
  race->fd = winner.fd;
  race->address = winner.address;
  return RACE_WON;
}

/* That to connect failed with CODE.  The client's own port may be why.  */
static struct failure
connect_failure (const struct plan *plan, int code)
{
  bool own = plan->local.length > 0 && code == EADDRNOTAVAIL;
  return (struct failure){ .code = code,
                           .verb = "make client process failed",
                           .local = own ? LOCAL_CONNECT : LOCAL_NONE };
}

/* Contender I has called connect, with the result CODE.  */
static enum race_state
note_connect (struct race *race, size_t i, int code)
{
  struct contender *contender = &race->contenders[i];
  contender->again = code == EAGAIN;
  if (code == 0)
    return win (race, i);
  if (code == EINPROGRESS || code == EAGAIN)
    return RACE_RUNNING;
  race->failure = connect_failure (race->plan, code);
  end_attempt (race, contender->attempt, code);
  socket_discard (&contender->fd);
  lose (race, -1, 0);
  remove_contender (race, i);
  return RACE_RUNNING;
}

/* Let the next address join.  */
static enum race_state
join (struct race *race)
{
  size_t index = race->next++;
  const struct address *address = &race->addresses[index];
  skip_misfits (race);
  size_t attempt = begin_attempt (race, index);
  int stagger = race->plan->stagger;
  race->next_start = milliseconds () + (stagger > 0 ? stagger : RACE_DELAY);
  int fd = socket_make (race->plan, address, &race->failure);
  if (fd < 0)
    {
      end_attempt (race, attempt, race->failure.code);
      lose (race, -1, 0);
      return RACE_RUNNING;
    }
  race->contenders[race->running]
    = (struct contender){ .fd = fd, .address = index, .attempt = attempt };
  return note_connect (race, race->running++, socket_connect (fd, address));
}

/* See what has become of contender I, whose poll gave EVENTS.  Its
   error is left on the socket, to be read by whoever reports it.  */
static enum race_state
check_contender (struct race *race, size_t i, int events)
{
  struct contender *contender = &race->contenders[i];
  if (contender->again)
    return note_connect (
      race, i,
      socket_connect (contender->fd, &race->addresses[contender->address]));
  if (events & (POLLERR | POLLHUP | POLLNVAL))
    {
      end_attempt (race, contender->attempt, ATTEMPT_UNREAD);
      lose (race, contender->fd, contender->attempt);
      remove_contender (race, i);
    }
  else if (events & POLLOUT)
    return win (race, i);
  return RACE_RUNNING;
}

/* How long to wait for an event, at most TIMEOUT.  */
static int
wait_time (const struct race *race, int timeout)
{
  if (race->next < race->count && race->running < RACE_WIDTH)
    {
      int64_t left = race->next_start - milliseconds ();
      if (left < timeout)
        timeout = left < 0 ? 0 : (int) left;
    }
  for (size_t i = 0; i < race->running; i++)
    if (race->contenders[i].again && AGAIN_DELAY < timeout)
      timeout = AGAIN_DELAY;
  return timeout;
}

/* Wait, then see to every contender.  *TIMEOUT is zero afterwards if
   CANCEL has hung up.  */
static enum race_state
wait_for_contenders (struct race *race, int *timeout, int cancel)
{
  struct pollfd polled[RACE_WIDTH + 1];
  size_t running = race->running;
  for (size_t i = 0; i < running; i++)
    polled[i] = (struct pollfd){
      .fd = race->contenders[i].again ? -1 : race->contenders[i].fd,
      .events = POLLOUT,
    };
  polled[running] = (struct pollfd){ .fd = cancel };
  if (poll (polled, (nfds_t) (running + 1), wait_time (race, *timeout)) < 0)
    return RACE_RUNNING;
  if (polled[running].revents)
    *timeout = 0;
  /* Backwards, for the last contender fills the place of one that is
     removed.  */
  for (size_t i = running; i-- > 0;)
    if (check_contender (race, i, polled[i].revents) == RACE_WON)
      return RACE_WON;
  return RACE_RUNNING;
}

enum race_state
race_run (struct race *race, int timeout, int cancel)
{
  int64_t end = milliseconds () + timeout;
  for (;;)
    {
      while (race->next < race->count && race->running < RACE_WIDTH
             && race->next_start <= milliseconds ())
        if (join (race) == RACE_WON)
          return RACE_WON;
      if (race->running == 0 && race->next == race->count)
        return RACE_LOST;
      if (wait_for_contenders (race, &timeout, cancel) == RACE_WON)
        return RACE_WON;
      int64_t left = end - milliseconds ();
      if (timeout == 0 || left <= 0)
        return RACE_RUNNING;
      timeout = (int) left;
    }
}

void
race_abandon (struct race *race)
{
  for (size_t i = 0; i < race->running; i++)
    {
      end_attempt (race, race->contenders[i].attempt, ECANCELED);
      socket_discard (&race->contenders[i].fd);
    }
  race->running = 0;
  forget_loser (race);
}

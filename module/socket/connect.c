/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connect to the first of several addresses that answers.  */

#include "option/config.h"

#include "socket/connect.h"

#include <errno.h>
#include <stdlib.h>

#include "socket/clock.h"
#include "socket/local.h"

/* How soon, in milliseconds, to try again a local server whose queue is
   full.  There is no event to wait for (connect(2), EAGAIN).  */
enum
{
  AGAIN_DELAY = 20
};

/* Pass over addresses that the client's own does not fit.  */
static void
skip_misfits (struct race *race)
{
  while (race->next < race->count
         && !local_fits (race->plan, &race->addresses[race->next]))
    race->next++;
}

/* Whether more than one address fits, from RACE->next on.  */
static bool
has_several (const struct race *race)
{
  size_t fitting = 0;
  for (size_t i = race->next; i < race->count; i++)
    fitting += local_fits (race->plan, &race->addresses[i]);
  return fitting > 1;
}

void
race_start (struct race *race, const struct plan *plan,
            const struct address *addresses, size_t count)
{
  *race = (struct race){
    .plan = plan,
    .addresses = addresses,
    .count = count,
    .next_start = clock_milliseconds (),
    .fd = -1,
    /* Until an address fails, a race that ends was given up.  */
    .failure = { .code = ECANCELED, .verb = "make client process failed" },
  };
  skip_misfits (race);
  race->several = has_several (race);
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
                                               .start = clock_microseconds (),
                                               .code = ECANCELED };
  return number;
}

/* The attempt NUMBER has ended with CODE.  */
static void
end_attempt (struct race *race, size_t number, int code)
{
  if (number < RACE_ATTEMPTS)
    {
      race->attempts[number].end = clock_microseconds ();
      race->attempts[number].code = code;
    }
}

/* Take contender I out of the race.  */
static void
remove_contender (struct race *race, size_t i)
{
  free (race->contenders[i].codes);
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
  settings_restore_codes (race->plan->settings, race->plan->settings_count,
                          winner.codes);
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

/* Whether CODE says that the queue of the local server at ADDRESS is full.
   Of others it says that the system lacks something.  */
static bool
is_full (const struct address *address, int code)
{
  return code == EAGAIN && address_family (address) == AF_UNIX;
}

/* Contender I has called connect, with the result CODE.  */
static enum race_state
note_connect (struct race *race, size_t i, int code)
{
  struct contender *contender = &race->contenders[i];
  bool full = is_full (&race->addresses[contender->address], code);
  contender->again = full ? clock_milliseconds () + AGAIN_DELAY : 0;
  if (code == 0)
    return win (race, i);
  if (code == EINPROGRESS || full)
    return RACE_RUNNING;
  race->failure = connect_failure (race->plan, code);
  end_attempt (race, contender->attempt, code);
  socket_discard (&contender->fd);
  lose (race, -1, 0);
  remove_contender (race, i);
  return RACE_RUNNING;
}

/* What has come of the settings on the new socket *FD, for those of the next
   contender are made before it is known who wins.  Null if there is no socket;
   where there is no memory it is closed.  */
static int *
save_codes (struct race *race, int *fd)
{
  if (*fd < 0)
    return NULL;
  int *codes
    = settings_save_codes (race->plan->settings, race->plan->settings_count);
  if (codes)
    return codes;
  race->failure = connect_failure (race->plan, ENOMEM);
  socket_discard (fd);
  return NULL;
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
  race->next_start
    = clock_milliseconds () + (stagger > 0 ? stagger : RACE_DELAY);
  struct plan plan = *race->plan;
  plan.several = race->several;
  int fd = socket_make (&plan, address, &race->failure);
  int *codes = save_codes (race, &fd);
  if (!codes)
    {
      end_attempt (race, attempt, race->failure.code);
      lose (race, -1, 0);
      return RACE_RUNNING;
    }
  race->contenders[race->running] = (struct contender){
    .fd = fd, .address = index, .attempt = attempt, .codes = codes
  };
  return note_connect (race, race->running++, socket_connect (fd, address));
}

/* Call connect again for contender I, if it is time.  */
static enum race_state
try_again (struct race *race, size_t i)
{
  const struct contender *contender = &race->contenders[i];
  if (clock_milliseconds () < contender->again)
    return RACE_RUNNING;
  return note_connect (race, i,
                       socket_connect (contender->fd,
                                       &race->addresses[contender->address]));
}

/* See what has become of contender I, whose poll gave EVENTS.  Its
   error is left on the socket, to be read by whoever reports it.  */
static enum race_state
check_contender (struct race *race, size_t i, int events)
{
  struct contender *contender = &race->contenders[i];
  if (contender->again)
    return try_again (race, i);
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

/* Whether the next address may join once it is time.  */
static bool
may_join (const struct race *race)
{
  return race->next < race->count && race->running < RACE_WIDTH;
}

/* The sooner of two times, of which 0 is never.  */
static int64_t
sooner (int64_t a, int64_t b)
{
  if (a == 0 || b == 0)
    return a == 0 ? b : a;
  return a < b ? a : b;
}

int
race_pause (const struct race *race)
{
  int64_t due = 0;
  if (may_join (race))
    due = race->next_start > 0 ? race->next_start : 1;
  for (size_t i = 0; i < race->running; i++)
    due = sooner (due, race->contenders[i].again);
  if (due == 0)
    return -1;
  int64_t left = due - clock_milliseconds ();
  return left < 0 ? 0 : (int) left;
}

size_t
race_polled (const struct race *race, struct pollfd *polled)
{
  for (size_t i = 0; i < race->running; i++)
    polled[i] = (struct pollfd){
      .fd = race->contenders[i].again ? -1 : race->contenders[i].fd,
      .events = POLLOUT,
    };
  return race->running;
}

enum race_state
race_step (struct race *race, const struct pollfd *polled)
{
  /* Backwards, for the last contender fills the place of one that is
     removed.  */
  for (size_t i = race->running; i-- > 0;)
    if (check_contender (race, i, polled ? polled[i].revents : 0) == RACE_WON)
      return RACE_WON;
  while (may_join (race) && race->next_start <= clock_milliseconds ())
    if (join (race) == RACE_WON)
      return RACE_WON;
  return race->running == 0 && race->next == race->count ? RACE_LOST
                                                         : RACE_RUNNING;
}

/* Wait LEFT milliseconds at most for RACE to have something to do, and do
   it.  */
static enum race_state
wait_and_step (struct race *race, int left)
{
  struct pollfd polled[RACE_WIDTH];
  int pause = race_pause (race);
  size_t count = race_polled (race, polled);
  int code = patience_poll (&race->patience, polled, count,
                            0 <= pause && pause < left ? pause : left);
  return code == 0 ? race_step (race, polled) : race_fail (race, code);
}

enum race_state
race_run (struct race *race, int timeout)
{
  int64_t end = clock_milliseconds () + timeout;
  int64_t left = timeout;
  enum race_state state = race_step (race, NULL);
  while (state == RACE_RUNNING)
    {
      state = wait_and_step (race, (int) left);
      left = end - clock_milliseconds ();
      if (left <= 0)
        break;
    }
  return state;
}

enum race_state
race_fail (struct race *race, int code)
{
  race_abandon (race);
  race->failure = connect_failure (race->plan, code);
  return RACE_LOST;
}

void
race_abandon (struct race *race)
{
  for (size_t i = 0; i < race->running; i++)
    {
      end_attempt (race, race->contenders[i].attempt, ECANCELED);
      socket_discard (&race->contenders[i].fd);
      free (race->contenders[i].codes);
    }
  race->running = 0;
  forget_loser (race);
}

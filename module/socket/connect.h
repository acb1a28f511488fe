/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connect to the first of several addresses that answers.  */

#ifndef SOCKOPT_CONNECT_H
#define SOCKOPT_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socket/patience.h"
#include "socket/socket.h"

/* A race between connections to several addresses: RFC 8305 ("Happy
   Eyeballs").  Each address is given a head start of RACE_DELAY
   milliseconds, or what the plan says, before the next one joins; one that
   fails lets the next one start at once.  At most RACE_WIDTH run side by
   side.  Of the first RACE_ATTEMPTS it is kept what came of them.  */
enum
{
  RACE_DELAY = 250,
  RACE_WIDTH = 8,
  RACE_ATTEMPTS = 16
};

enum race_state
{
  RACE_RUNNING,
  RACE_WON,
  RACE_LOST
};

/* A connection that was tried: to which of the addresses, from when to
   when (microseconds of the monotonic clock), and with which errno value
   it ended: 0 for the winner, ECANCELED for one that lost while it was
   still running, ATTEMPT_UNREAD where the error is still on the socket,
   for Emacs to report.  */
enum
{
  ATTEMPT_UNREAD = -1
};

struct attempt
{
  size_t address;
  int64_t start;
  int64_t end;
  int code;
};

struct contender
{
  int fd;
  size_t address;
  /* Its number among the attempts.  */
  size_t attempt;
  /* The server's queue was full: connect must be called again at this time
     in milliseconds, or else 0.  */
  int64_t again;
  /* What has come of the plan's settings on its socket.  */
  int *codes;
};

struct race
{
  /* SEVERAL is whether more than one of the ADDRESSES fits.  */
  const struct plan *plan;
  bool several;
  const struct address *addresses;
  size_t count;
  size_t next;
  int64_t next_start;
  size_t running;
  struct contender contenders[RACE_WIDTH];
  struct patience patience;

  /* All attempts are counted, the first RACE_ATTEMPTS kept.  */
  size_t attempts_count;
  struct attempt attempts[RACE_ATTEMPTS];

  /* RACE_WON: the connected socket and the index of its address.
     RACE_LOST: FD is the last socket that failed, its error unread, or
     -1 when there is none; then FAILURE says what happened.
     RACE_RUNNING: FAILURE says so, too, for when the race is given up.
     FD_ATTEMPT is the number of the attempt that FD comes from.  */
  int fd;
  size_t fd_attempt;
  size_t address;
  struct failure failure;
};

/* Begin a race to the COUNT ADDRESSES (at least one) with sockets made
   by PLAN.  PLAN and ADDRESSES must outlive the race.  */
void race_start (struct race *race, const struct plan *plan,
                 const struct address *addresses, size_t count);

/* Go on for at most TIMEOUT milliseconds.  When the race is over only its FD
   is open, and it is the caller's to close.  */
enum race_state race_run (struct race *race, int timeout);

/* The same in steps, for whoever waits for more than one race: do what is
   due in RACE, at first and then after poll(2) with the entries that
   `race_polled' put into POLLED, at most RACE_WIDTH, and returned the number
   of; or with null where there was no poll.  `race_pause' is how many
   milliseconds there are until something is due by the clock, or -1.  */
enum race_state race_step (struct race *race, const struct pollfd *polled);
size_t race_polled (const struct race *race, struct pollfd *polled);
int race_pause (const struct race *race);

/* End RACE, which is running, with CODE, and return its state.  */
enum race_state race_fail (struct race *race, int code);

/* Close every socket of RACE.  */
void race_abandon (struct race *race);

#endif /* SOCKOPT_CONNECT_H */

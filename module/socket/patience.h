/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wait for descriptors, but not for ever when waiting itself fails.  */

#ifndef SOCKOPT_PATIENCE_H
#define SOCKOPT_PATIENCE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How often waiting has failed, one time after the other; SINCE is the time
   in milliseconds from which on signals are counted.  All zero at first.  */
struct patience
{
  int64_t since;
  int failures;
};

/* Wait by poll(2) for the COUNT in POLLED, TIMEOUT milliseconds or, if that
   is -1, for ever.  Return 0.  If poll fails, that is with no events, after
   a moment; but when it has failed for too long, return its errno value.  */
int patience_poll (struct patience *patience, struct pollfd *polled,
                   size_t count, int timeout);

/* Likewise where waiting failed with CODE before there was a poll.  */
int patience_fail (struct patience *patience, int code);

/* Return whether the call that has just failed is to be made again, as a
   signal interrupted it.  SIGNALS, 0 at first, counts them: a call that is
   interrupted without end has failed.  */
bool patience_interrupted (int *signals);

/* Rest a moment before something that has failed is tried again.  */
void patience_rest (void);

/* Read all that is in the pipe FD, which does not block and of which waiting
   says that there is something.  When reading fails, rest: waiting would say
   the same again at once.  */
void patience_drain (int fd);

#endif /* SOCKOPT_PATIENCE_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wait for descriptors, but not for ever when waiting itself fails.  */

#include "option/config.h"

#include "socket/patience.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "socket/clock.h"

/* Memory may come back within the half second that these pauses take.  More
   signals within a burst nobody sends: a profiler, which sends most, sends
   one each millisecond.  */
enum
{
  PAUSES = 100,
  PAUSE = 5,
  SIGNALS = 1000,
  BURST = 100,
  /* For one call that does not wait.  */
  INTERRUPTED = 100
};

/* Signals end the pause early, which does no harm.  */
void
patience_rest (void)
{
  struct timespec time = { .tv_nsec = PAUSE * 1000000L };
  nanosleep (&time, NULL);
}

void
patience_drain (int fd)
{
  char bytes[64];
  if (read (fd, bytes, sizeof bytes) <= 0)
    patience_rest ();
  else
    while (read (fd, bytes, sizeof bytes) > 0)
      continue;
}

bool
patience_interrupted (int *signals)
{
  return errno == EINTR && ++*signals < INTERRUPTED;
}

int
patience_fail (struct patience *patience, int code)
{
  int64_t now = clock_milliseconds ();
  if (code != EINTR)
    patience_rest ();
  else if (now - patience->since >= BURST)
    *patience = (struct patience){ .since = now };
  int most = code == EINTR ? SIGNALS : PAUSES;
  return ++patience->failures < most ? 0 : code;
}

int
patience_poll (struct patience *patience, struct pollfd *polled, size_t count,
               int timeout)
{
  if (poll (polled, (nfds_t) count, timeout) >= 0)
    {
      patience->failures = 0;
      return 0;
    }
  int code = errno;
  for (size_t i = 0; i < count; i++)
    polled[i].revents = 0;
  return patience_fail (patience, code);
}

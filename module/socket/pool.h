/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A few threads for work that blocks.  */

#ifndef SOCKOPT_POOL_H
#define SOCKOPT_POOL_H

/* At most so many threads work at once; what is more waits for its turn.  */
enum
{
  POOL_THREADS = 8
};

/* Something to do: RUN is called with DATA, and may free it.  */
struct work
{
  struct work *next;
  void (*run) (void *data);
  void *data;
};

/* Have a thread do WORK when it is its turn.  Return 0, or an errno value
   if there is no thread and none can be started.  */
int pool_run (struct work *work);

/* Have a thread of its own do WORK at once: somebody waits for it.  */
int pool_run_at_once (struct work *work);

#endif /* SOCKOPT_POOL_H */

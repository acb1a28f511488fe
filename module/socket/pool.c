/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A few threads for work that blocks.  */

/* Only getaddrinfo(3) is such work: it cannot be told to return.  A thread
   is started for each work until there are POOL_THREADS of them.  Each goes
   on while there is work, and then ends, so an Emacs that looks nothing up
   has none.  */

#include "option/config.h"

#include "socket/pool.h"

#include <stdbool.h>
#include <stddef.h>

#include "socket/thread.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Under the mutex: the work that no thread has taken yet, in the order that
   it came in, and how many threads there are.  */
static struct work *first;
static struct work **end = &first;
static int threads;

/* The next work, or null, and then the thread is counted no more.  */
static struct work *
take (void)
{
  pthread_mutex_lock (&mutex);
  struct work *work = first;
  if (!work)
    threads--;
  else
    {
      first = work->next;
      if (!first)
        end = &first;
    }
  pthread_mutex_unlock (&mutex);
  return work;
}

static void *
run_all (void *data)
{
  struct work *work;
  (void) data;
  while ((work = take ()))
    work->run (work->data);
  return NULL;
}

static void *
run_one (void *data)
{
  struct work *work = data;
  work->run (work->data);
  return NULL;
}

/* Start a thread if there may be one more.  That one cannot be started
   matters only if there is none.  */
static int
start_one_more (void)
{
  if (threads == POOL_THREADS)
    return 0;
  int code = thread_start (run_all, NULL);
  if (code == 0)
    threads++;
  return threads > 0 ? 0 : code;
}

int
pool_run (struct work *work)
{
  pthread_mutex_lock (&mutex);
  int code = start_one_more ();
  if (code == 0)
    {
      work->next = NULL;
      *end = work;
      end = &work->next;
    }
  pthread_mutex_unlock (&mutex);
  return code;
}

int
pool_run_at_once (struct work *work)
{
  return thread_start (run_one, work);
}

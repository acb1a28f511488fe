/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads of the module.  */

#ifndef SOCKOPT_THREAD_H
#define SOCKOPT_THREAD_H

#include <pthread.h>
#include <signal.h>

/* Start a thread that nobody waits for, with every signal blocked: they
   are for Emacs.  Return 0 or an errno value.  */
static inline int
thread_start (void *(*run) (void *), void *data)
{
  pthread_t thread;
  sigset_t all, old;
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &old);
  int code = pthread_create (&thread, NULL, run, data);
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  if (code == 0)
    pthread_detach (thread);
  return code;
}

#endif /* SOCKOPT_THREAD_H */

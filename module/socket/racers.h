/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One thread that runs all races.  */

#ifndef SOCKOPT_RACERS_H
#define SOCKOPT_RACERS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "socket/connect.h"

/* A race that the thread is to run.  OVER is called, by the thread, when it
   has ended with STATE, and may free it; STATE is RACE_RUNNING if the race
   was given up.

   OWNER is the descriptor of the process that waits for it, a placeholder
   from `placeholder_hold', or -1.  When that is closed, or of two with the
   same one the other has a greater ORDER, it is given up.  */
struct racer
{
  struct racer *next;
  struct race race;
  enum race_state state;
  atomic_bool given_up;
  int owner;
  unsigned order;
  void (*over) (void *data);
  void *data;
};

/* Have the thread run the race of RACER, which is running.  Return 0, or an
   errno value if there is no thread and none can be started.  */
int racers_add (struct racer *racer);

/* Have the thread give RACER up soon, if it runs it.  Who has it besides
   the thread looks whether it is given up.  */
void racers_give_up (struct racer *racer);
bool racer_is_given_up (const struct racer *racer);

#endif /* SOCKOPT_RACERS_H */

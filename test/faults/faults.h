/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Have one of the module's calls fail.  */

#ifndef SOCKOPT_FAULTS_H
#define SOCKOPT_FAULTS_H

#include <stdbool.h>

/* What can fail, by its number in the table.  */
struct fault_call
{
  const char *name;
  /* The errors that it can fail with; 0 ends them.  */
  int codes[16];
};

extern const struct fault_call fault_calls[];
extern const int fault_calls_count;

/* From now on count the calls, and have the one numbered NTH (from 0) of
   those of CALL fail with CODE; if STICKY, all from that one on.  CALL -1
   only counts.  */
void faults_arm (int call, int nth, int code, bool sticky);

/* Have all succeed again.  Return how many have failed.  */
int faults_disarm (void);

/* How often CALL was called since `faults_arm'.  */
int faults_counted (int call);

/* How many blocks of memory the module holds.  */
int faults_blocks (void);

#endif /* SOCKOPT_FAULTS_H */

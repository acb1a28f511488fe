/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Look up a host name, and connect, without holding up Emacs.  */

#ifndef SOCKOPT_JOB_H
#define SOCKOPT_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "socket/channel.h"
#include "socket/connect.h"
#include "socket/connection-log.h"
#include "socket/lookup.h"

/* A lookup, and then perhaps a connect.  What can be done at once is done by
   who starts it; threads look names up (pool.h) and wait for sockets
   (racers.h).  */
struct job;

/* What a job is for.  CHANNEL, which it holds until it is done, is where it
   then reports NUMBER.  OWNER is the descriptor of the process that waits
   for it, from `placeholder_hold', or -1: once that is closed, the job gives
   up.  */
struct waiting
{
  struct channel *channel;
  unsigned number;
  int owner;
};

/* Start a job for QUERY, or for ADDRESSES (which become the job's) if
   that is not null.  With PLAN, which is copied, connect as well; without,
   somebody waits, and a lookup goes before others.  Return null, with errno,
   if it cannot be started; then ADDRESSES is freed.  */
struct job *job_start (const struct query *query, struct addresses *addresses,
                       const struct plan *plan, const struct waiting *waiting);

/* Whether the job is done.  Only then call the others.  */
bool job_done (const struct job *job);

/* The code of getaddrinfo, and for EAI_SYSTEM its errno.  */
int job_lookup_code (const struct job *job, int *system_code);

/* Take the addresses found; the caller frees them.  */
struct addresses *job_take_addresses (struct job *job);

/* The result of connecting: RACE_RUNNING where it was given up.  */
enum race_state job_race (struct job *job, struct race **race);
const struct address *job_address (const struct job *job);

/* How it came about, as `connection_log_make' says; null also if there was
   nobody to connect to.  */
struct connection_log *job_log (const struct job *job);

/* The job's own settings, with the codes of those that failed, and their
   number in *COUNT.  */
const struct setting *job_settings (const struct job *job, size_t *count);

/* Let the job go.  One that is not done gives up, and closes what it
   holds.  */
void job_release (struct job *job);

#endif /* SOCKOPT_JOB_H */

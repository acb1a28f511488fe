/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs, as the C tests start and end them.  */

#ifndef SOCKOPT_JOBS_H
#define SOCKOPT_JOBS_H

#include "socket/job.h"

/* A job as the tests start one.  OWNER is the placeholder for whose sake it
   runs, LINES the reading end of its channel.  */
struct started
{
  struct job *job;
  int owner;
  int lines;
};

/* The setup of a case with such: what all placeholders share stays open.  */
void hold_once (void);

/* Nothing to look up.  */
extern const struct query no_query;

/* The COUNT addresses at ITEMS, as a lookup gives them; and one alone.  */
struct addresses *addresses_of (const struct address *items, size_t count);
struct addresses *one_address (const struct address *address);

/* The ends of a socket pair, closed on exec.  */
void open_pair (int pair[2]);

/* The writing end of a new channel, whose other end goes to *LINES.  */
struct channel *open_channel (int *lines);

/* Start a job, with an owner and a channel.  */
void start_query (struct started *started, const struct query *query,
                  struct addresses *addresses, const struct plan *plan);

/* Start to connect to ADDRESS.  */
void start_job_connect (struct started *started,
                        const struct address *address);

/* Start to look up "127.0.0.1" and the port of ADDRESS, and connect if
   PLAN is not null.  */
void start_lookup (struct started *started, const struct address *address,
                   const struct plan *plan);

/* Read all that comes along the channel, to its end.  */
void check_lines (struct started *started, const char *expected);

/* Wait for the line of STARTED; then its job is done.  */
void wait_for (struct started *started);

/* Let the job go, and close what is ours.  */
void finish (struct started *started);

void check_lookup_code (struct job *job, int code);

/* The socket of STARTED is connected to EXPECTED.  */
void check_job_won (struct started *started, const struct address *expected);

#endif /* SOCKOPT_JOBS_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Look up host names, and connect, without holding up Emacs.  */

#ifndef SOCKOPT_RESOLVE_H
#define SOCKOPT_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "socket/connect.h"
#include "socket/connection-log.h"

/* Addresses that a host and service name stand for, most wanted first,
   the families taking turns (RFC 8305, section 4).  LOOKUP is how long it
   took to find them, in microseconds, or LOOKUP_NONE.  */
struct addresses
{
  int64_t lookup;
  size_t count;
  struct address items[];
};

/* What to look up: as for getaddrinfo(3).  FAMILY may be AF_UNSPEC.
   PREFERRED is the family to begin with, AF_UNSPEC for the one that the
   system puts first (RFC 6724).  */
struct query
{
  const char *host;
  const char *service;
  int family;
  int preferred;
  int type;
};

/* Look QUERY up here and now, if HOST is a numeric address and so needs
   nobody's answer.  Return 0 with *RESULT allocated, or a getaddrinfo
   code: EAI_NONAME when HOST is a name.  */
int resolve_numeric (const struct query *query, struct addresses **result);

/* A lookup, and then perhaps a connect, done by a thread of its own.
   It holds one end of a socket pair, CANCEL, and gives up soon after the
   other end is closed.  */
struct job;

/* Start a job for QUERY, or for ADDRESSES (which become the job's) if
   that is not null.  With PLAN, which is copied, connect as well.
   CANCEL becomes the job's.  CHANNEL is a descriptor to write LINE to
   when the job is done, and then to close; -1 for none.  Return null,
   with errno, if it cannot be started; then CANCEL and CHANNEL are
   closed and ADDRESSES freed.  */
struct job *job_start (const struct query *query, struct addresses *addresses,
                       const struct plan *plan, int cancel, int channel,
                       const char *line);

/* Whether the job is done.  Only then call the others.  */
bool job_done (const struct job *job);

/* The code of getaddrinfo, and for EAI_SYSTEM its errno.  */
int job_lookup_code (const struct job *job, int *system_code);

/* Take the addresses found; the caller frees them.  */
struct addresses *job_take_addresses (struct job *job);

/* The result of connecting.  */
enum race_state job_race (struct job *job, struct race **race);
const struct address *job_address (const struct job *job);

/* How it came about, as `connection_log_make' says; null also if there was
   nobody to connect to.  */
struct connection_log *job_log (const struct job *job);

/* The job's own settings, with the codes of those that failed, and their
   number in *COUNT.  */
const struct setting *job_settings (const struct job *job, size_t *count);

/* Let the job go, whatever its state.  It closes what it holds.  */
void job_release (struct job *job);

#endif /* SOCKOPT_RESOLVE_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Look up a host name, and connect, without holding up Emacs.  */

#include "option/config.h"

#include "socket/job.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "socket/pool.h"
#include "socket/racers.h"

struct job
{
  /* Who has started it holds the job, and whoever works on it does.  */
  atomic_int holders;
  atomic_bool done;
  struct channel *channel;
  unsigned number;

  struct work work;
  char *host;
  char *service;
  int family;
  int preferred;
  int type;
  int code;
  int system_code;
  struct addresses *addresses;

  bool connect;
  struct plan plan;
  struct setting *settings;
  struct racer racer;
};

static void
job_free (struct job *job)
{
  race_abandon (&job->racer.race);
  if (job->channel)
    channel_release (job->channel);
  free (job->addresses);
  if (job->settings)
    settings_free (job->settings, job->plan.settings_count);
  free (job->host);
  free (job->service);
  free (job);
}

static void
drop (struct job *job)
{
  if (atomic_fetch_sub (&job->holders, 1) == 1)
    job_free (job);
}

void
job_release (struct job *job)
{
  if (!job_done (job))
    racers_give_up (&job->racer);
  drop (job);
}

/* The job is done, and what it has found belongs to whoever started it: say
   so, and let it go.  */
static void
finish (void *data)
{
  struct job *job = data;
  struct channel *channel = job->channel;
  job->channel = NULL;
  atomic_store (&job->done, true);
  if (channel)
    {
      channel_report (channel, job->number);
      channel_release (channel);
    }
  drop (job);
}

/* JOB has its addresses, or there are none: connect, if it is to.  Return 0,
   or an errno value if nobody can go on with the race.  */
static int
connect_addresses (struct job *job)
{
  struct racer *racer = &job->racer;
  if (job->addresses && job->connect)
    {
      race_start (&racer->race, &job->plan, job->addresses->items,
                  job->addresses->count);
      if (!racer_is_given_up (racer))
        racer->state = race_run (&racer->race, 0);
      if (racer->race.running > 0)
        return racers_add (racer);
    }
  finish (job);
  return 0;
}

static struct query
job_query (const struct job *job)
{
  return (struct query){ .host = job->host,
                         .service = job->service,
                         .family = job->family,
                         .preferred = job->preferred,
                         .type = job->type };
}

/* Look up and connect, in a thread of the pool.  */
static void
look_up (void *data)
{
  struct job *job = data;
  struct query query = job_query (job);
  if (!racer_is_given_up (&job->racer))
    {
      job->code = lookup_name (&query, &job->addresses);
      job->system_code = errno;
    }
  int code = connect_addresses (job);
  if (code == 0)
    return;
  job->racer.state = race_fail (&job->racer.race, code);
  finish (job);
}

/* Begin with JOB, and have a thread go on where it must wait.  Return 0 or
   an errno value.  */
static int
begin (struct job *job)
{
  struct query query = job_query (job);
  if (!job->addresses)
    {
      job->code = lookup_numeric (&query, &job->addresses);
      job->system_code = errno;
    }
  if (job->code != EAI_NONAME)
    return connect_addresses (job);
  return job->connect ? pool_run (&job->work) : pool_run_at_once (&job->work);
}

/* A copy of TEXT, or null for null.  *OK is cleared when memory is
   exhausted.  */
static char *
copy_text (const char *text, bool *ok)
{
  char *copy = text ? strdup (text) : NULL;
  if (text && !copy)
    *ok = false;
  return copy;
}

static bool
copy_plan (struct job *job, const struct plan *plan)
{
  job->connect = true;
  job->plan = *plan;
  if (plan->settings_count == 0)
    return true;
  job->settings = settings_copy (plan->settings, plan->settings_count);
  job->plan.settings = job->settings;
  return job->settings != NULL;
}

static bool
copy_query (struct job *job, const struct query *query)
{
  bool ok = true;
  job->host = copy_text (query->host, &ok);
  job->service = copy_text (query->service, &ok);
  job->family = query->family;
  job->preferred = query->preferred;
  job->type = query->type;
  return ok;
}

/* Who waits for the job, and what comes of it.  */
static void
note_waiting (struct job *job, const struct waiting *waiting)
{
  static unsigned last;
  job->channel = channel_hold (waiting->channel);
  job->number = waiting->number;
  job->work = (struct work){ .run = look_up, .data = job };
  job->racer.owner = waiting->owner;
  job->racer.order = ++last;
  job->racer.over = finish;
  job->racer.data = job;
  job->racer.race.fd = -1;
  atomic_init (&job->racer.given_up, false);
  atomic_init (&job->done, false);
  /* Of whoever works on it, and of the caller.  */
  atomic_init (&job->holders, 2);
}

struct job *
job_start (const struct query *query, struct addresses *addresses,
           const struct plan *plan, const struct waiting *waiting)
{
  struct job *job = calloc (1, sizeof *job);
  if (!job)
    {
      free (addresses);
      errno = ENOMEM;
      return NULL;
    }
  job->addresses = addresses;
  note_waiting (job, waiting);
  int code = ENOMEM;
  if (copy_query (job, query) && (!plan || copy_plan (job, plan)))
    code = begin (job);
  if (code == 0)
    return job;
  job_free (job);
  errno = code;
  return NULL;
}

bool
job_done (const struct job *job)
{
  return atomic_load (&job->done);
}

int
job_lookup_code (const struct job *job, int *system_code)
{
  *system_code = job->system_code;
  return job->code;
}

struct addresses *
job_take_addresses (struct job *job)
{
  struct addresses *addresses = job->addresses;
  job->addresses = NULL;
  return addresses;
}

enum race_state
job_race (struct job *job, struct race **race)
{
  *race = &job->racer.race;
  return job->racer.state;
}

struct connection_log *
job_log (const struct job *job)
{
  return job->addresses
           ? connection_log_make (&job->racer.race, job->addresses->lookup)
           : NULL;
}

const struct address *
job_address (const struct job *job)
{
  return &job->addresses->items[job->racer.race.address];
}

const struct setting *
job_settings (const struct job *job, size_t *count)
{
  *count = job->plan.settings_count;
  return job->settings;
}

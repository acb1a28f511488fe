/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Look up host names, and connect, without holding up Emacs.  */

#include "option/config.h"

#include "socket/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "socket/thread.h"

struct job
{
  /* The thread and the one who started it each hold the job.  */
  atomic_int holders;
  atomic_bool done;

  int cancel;
  int channel;
  char *line;

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
  struct race race;
  enum race_state state;
};

/* The family to begin with: PREFERRED if LIST has it, else the first.  */
static int
first_family (const struct addrinfo *list, int preferred)
{
  for (const struct addrinfo *info = list; info; info = info->ai_next)
    if (info->ai_family == preferred)
      return preferred;
  return list ? list->ai_family : AF_UNSPEC;
}

/* Order the addresses so that the families take turns, beginning with
   PREFERRED if there are any of it.  */
static struct addresses *
collect (const struct addrinfo *list, int preferred)
{
  int family = first_family (list, preferred);
  size_t count = 0;
  for (const struct addrinfo *info = list; info; info = info->ai_next)
    count++;
  struct addresses *result
    = malloc (sizeof *result + count * sizeof result->items[0]);
  if (!result)
    return NULL;
  result->count = count;
  result->lookup = LOOKUP_NONE;
  const struct addrinfo *first = list;
  const struct addrinfo *other = list;
  for (size_t i = 0; i < count; i++)
    {
      while (first && first->ai_family != family)
        first = first->ai_next;
      while (other && other->ai_family == family)
        other = other->ai_next;
      const struct addrinfo **turn
        = first && (i % 2 == 0 || !other) ? &first : &other;
      address_copy (&result->items[i], (*turn)->ai_addr, (*turn)->ai_addrlen);
      *turn = (*turn)->ai_next;
    }
  return result;
}

static int
look_up (const struct query *query, int flags, struct addresses **result)
{
  struct addrinfo hints = { .ai_family = query->family,
                            .ai_socktype = query->type,
                            .ai_flags = flags };
  struct addrinfo *list = NULL;
  *result = NULL;
  int code = getaddrinfo (query->host, query->service, &hints, &list);
  if (code != 0)
    return code;
  *result = collect (list, query->preferred);
  freeaddrinfo (list);
  return *result ? 0 : EAI_MEMORY;
}

int
resolve_numeric (const struct query *query, struct addresses **result)
{
  return look_up (query, AI_NUMERICHOST, result);
}

static void
job_free (struct job *job)
{
  race_abandon (&job->race);
  socket_close (&job->cancel);
  socket_close (&job->channel);
  free (job->addresses);
  if (job->settings)
    settings_free (job->settings, job->plan.settings_count);
  free (job->line);
  free (job->host);
  free (job->service);
  free (job);
}

void
job_release (struct job *job)
{
  if (atomic_fetch_sub (&job->holders, 1) == 1)
    job_free (job);
}

/* Whether the other end of the socket pair is closed.  What it may have
   sent is of no interest, so only a hang-up is asked for.  */
static bool
is_cancelled (const struct job *job)
{
  struct pollfd polled = { .fd = job->cancel };
  return poll (&polled, 1, 0) > 0;
}

static void
run_race (struct job *job)
{
  race_start (&job->race, &job->plan, job->addresses->items,
              job->addresses->count);
  while (job->state == RACE_RUNNING && !is_cancelled (job))
    job->state = race_run (&job->race, 1000, job->cancel);
}

/* Say that the job is done: write to the channel, or else hang up.  From
   here on what the job found belongs to whoever started it.  If nobody
   reads the channel any more, nobody needs to know.  */
static void
notify (struct job *job)
{
  atomic_store (&job->done, true);
  if (job->channel < 0)
    socket_close (&job->cancel);
  else
    while (write (job->channel, job->line, strlen (job->line)) < 0
           && errno == EINTR)
      continue;
  socket_close (&job->channel);
}

/* Ask for the addresses of QUERY, and see how long that takes.  */
static void
look_up_name (struct job *job, const struct query *query)
{
  int64_t start = race_clock ();
  job->code = look_up (query, 0, &job->addresses);
  job->system_code = errno;
  if (job->addresses)
    job->addresses->lookup = race_clock () - start;
}

static void *
job_run (void *data)
{
  struct job *job = data;
  if (!job->addresses)
    {
      struct query query = { .host = job->host,
                             .service = job->service,
                             .family = job->family,
                             .preferred = job->preferred,
                             .type = job->type };
      job->code = resolve_numeric (&query, &job->addresses);
      job->system_code = errno;
      if (job->code == EAI_NONAME)
        look_up_name (job, &query);
    }
  if (job->addresses && job->connect)
    run_race (job);
  notify (job);
  job_release (job);
  return NULL;
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

struct job *
job_start (const struct query *query, struct addresses *addresses,
           const struct plan *plan, int cancel, int channel, const char *line)
{
  struct job *job = calloc (1, sizeof *job);
  if (!job)
    {
      socket_close (&cancel);
      socket_close (&channel);
      free (addresses);
      errno = ENOMEM;
      return NULL;
    }
  bool ok = true;
  atomic_init (&job->holders, 2);
  atomic_init (&job->done, false);
  job->cancel = cancel;
  job->channel = channel;
  job->addresses = addresses;
  job->race.fd = -1;
  job->line = copy_text (line, &ok);
  job->host = copy_text (query->host, &ok);
  job->service = copy_text (query->service, &ok);
  job->family = query->family;
  job->preferred = query->preferred;
  job->type = query->type;
  if (plan && !copy_plan (job, plan))
    ok = false;
  int code = ok ? thread_start (job_run, job) : ENOMEM;
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
  *race = &job->race;
  return job->state;
}

struct connection_log *
job_log (const struct job *job)
{
  return job->addresses
           ? connection_log_make (&job->race, job->addresses->lookup)
           : NULL;
}

const struct address *
job_address (const struct job *job)
{
  return &job->addresses->items[job->race.address];
}

const struct setting *
job_settings (const struct job *job, size_t *count)
{
  *count = job->plan.settings_count;
  return job->settings;
}

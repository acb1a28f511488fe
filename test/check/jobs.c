/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jobs, as the C tests start and end them.  */

#include "option/config.h"

#include "jobs.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "socket/placeholder.h"
#include "suites.h"

const struct query no_query = { .host = NULL };

struct addresses *
addresses_of (const struct address *items, size_t count)
{
  size_t size = count * sizeof *items;
  struct addresses *addresses = malloc (sizeof *addresses + size);
  ck_assert_ptr_nonnull (addresses);
  addresses->count = count;
  memcpy (addresses->items, items, size);
  return addresses;
}

struct addresses *
one_address (const struct address *address)
{
  return addresses_of (address, 1);
}

void
open_pair (int pair[2])
{
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair),
                    0);
}

struct channel *
open_channel (int *lines)
{
  int pair[2];
  ck_assert_int_eq (pipe (pair), 0);
  *lines = pair[0];
  struct channel *channel = channel_make (pair[1]);
  ck_assert_ptr_nonnull (channel);
  return channel;
}

void
hold_once (void)
{
  int fd;
  ck_assert_int_eq (placeholder_hold (&fd), 0);
  close (fd);
}

void
start_query (struct started *started, const struct query *query,
             struct addresses *addresses, const struct plan *plan)
{
  struct waiting waiting = { .number = 1234567890 };
  waiting.channel = open_channel (&started->lines);
  ck_assert_int_eq (placeholder_hold (&waiting.owner), 0);
  started->owner = waiting.owner;
  started->job = job_start (query, addresses, plan, &waiting);
  ck_assert_ptr_nonnull (started->job);
  channel_release (waiting.channel);
}

void
start_job_connect (struct started *started, const struct address *address)
{
  start_query (started, &no_query, one_address (address), &stream_plan);
}

void
start_lookup (struct started *started, const struct address *address,
              const struct plan *plan)
{
  char port[8];
  struct query query = { .host = "127.0.0.1",
                         .service = port,
                         .family = AF_UNSPEC,
                         .type = SOCK_STREAM };
  snprintf (port, sizeof port, "%d", (int) address_port (address));
  start_query (started, &query, NULL, plan);
  memset (port, 'x', sizeof port);
}

void
check_lines (struct started *started, const char *expected)
{
  char buffer[64];
  size_t size = 0;
  ssize_t got = 1;
  while (got > 0)
    {
      ck_assert_int_ne (poll_events (started->lines, POLLIN, 5000), 0);
      got = read (started->lines, buffer + size, sizeof buffer - size);
      ck_assert_int_ge (got, 0);
      size += (size_t) got;
    }
  ck_assert_uint_eq (size, strlen (expected));
  ck_assert_mem_eq (buffer, expected, size);
}

void
wait_for (struct started *started)
{
  check_lines (started, "1234567890\n");
  ck_assert (job_done (started->job));
}

void
finish (struct started *started)
{
  job_release (started->job);
  close (started->owner);
  close (started->lines);
}

void
check_lookup_code (struct job *job, int code)
{
  int system_code;
  ck_assert_int_eq (job_lookup_code (job, &system_code), code);
}

void
check_job_won (struct started *started, const struct address *expected)
{
  struct race *race;
  struct address peer;
  ck_assert_int_eq (job_race (started->job, &race), RACE_WON);
  ck_assert (address_equal (job_address (started->job), expected));
  ck_assert (address_remote_of (race->fd, &peer));
  ck_assert (address_equal (&peer, expected));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of lookups, and of jobs that look up and connect.  */

#include "option/config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "socket/resolve.h"
#include "suites.h"

/* A name server of our own would be better.  Instead these stand before
   the functions of the C library; while `fake' is null they pass all
   on.  */
struct fake
{
  /* What getaddrinfo returns, and how it leaves errno.  */
  int code;
  int system_code;
  struct addrinfo *list;
  /* It returns once this descriptor can be read.  */
  int gate;
  /* The signals that were blocked in its thread.  */
  sigset_t blocked;
};

static struct fake *_Atomic fake;

/* The parameters are named as in netdb.h.  */
int
getaddrinfo (const char *name, const char *service, const struct addrinfo *req,
             struct addrinfo **pai)
{
  struct fake *faked = fake;
  if (!faked)
    {
      int (*real) (const char *, const char *, const struct addrinfo *,
                   struct addrinfo **);
      *(void **) &real = dlsym (RTLD_NEXT, "getaddrinfo");
      return real (name, service, req, pai);
    }
  struct pollfd gate = { .fd = faked->gate, .events = POLLIN };
  if (faked->gate >= 0)
    poll (&gate, 1, 5000);
  pthread_sigmask (SIG_SETMASK, NULL, &faked->blocked);
  *pai = faked->list;
  errno = faked->system_code;
  return faked->code;
}

void
freeaddrinfo (struct addrinfo *ai)
{
  void (*real) (struct addrinfo *);
  if (fake)
    return;
  *(void **) &real = dlsym (RTLD_NEXT, "freeaddrinfo");
  real (ai);
}

/* A list of addresses of FAMILIES, "4646", as getaddrinfo gives it.
   Their ports are their places in the list.  */
struct list
{
  struct address addresses[8];
  struct addrinfo infos[8];
};

static struct addrinfo *
make_list (struct list *list, const char *families)
{
  size_t count = strlen (families);
  memset (list, 0, sizeof *list);
  for (size_t i = 0; i < count; i++)
    {
      struct addrinfo *info = &list->infos[i];
      info->ai_family = families[i] == '4' ? AF_INET : AF_INET6;
      list->addresses[i] = loopback (info->ai_family, (uint16_t) i);
      info->ai_addr = (struct sockaddr *) &list->addresses[i].storage;
      info->ai_addrlen = list->addresses[i].length;
      info->ai_next = i + 1 < count ? info + 1 : NULL;
    }
  return list->infos;
}

/* Lookups.  */

static struct addresses *
look_up (const char *host, const char *service, int family, int type)
{
  struct query query
    = { .host = host, .service = service, .family = family, .type = type };
  struct addresses *addresses = NULL;
  ck_assert_int_eq (resolve_numeric (&query, &addresses), 0);
  ck_assert_ptr_nonnull (addresses);
  return addresses;
}

static void
check_lookup (const char *host, const char *service, int family, int type,
              struct address expected)
{
  struct addresses *addresses = look_up (host, service, family, type);
  ck_assert_uint_eq (addresses->count, 1);
  ck_assert (address_equal (&addresses->items[0], &expected));
  ck_assert_uint_eq (addresses->items[0].length, expected.length);
  free (addresses);
}

static void
check_no_lookup (const char *host, const char *service, int family, int code)
{
  struct query query = {
    .host = host, .service = service, .family = family, .type = SOCK_STREAM
  };
  struct addresses *addresses = (struct addresses *) &query;
  ck_assert_int_eq (resolve_numeric (&query, &addresses), code);
  ck_assert_ptr_null (addresses);
}

START_TEST (test_numeric_ipv4)
{
  struct address expected = loopback (AF_INET, 8080);
  check_lookup ("127.0.0.1", "8080", AF_UNSPEC, SOCK_STREAM, expected);
  check_lookup ("127.0.0.1", "8080", AF_INET, SOCK_STREAM, expected);
  check_lookup ("127.0.0.1", "8080", AF_INET, SOCK_DGRAM, expected);
}
END_TEST

START_TEST (test_numeric_ipv6)
{
  struct address expected = loopback (AF_INET6, 65535);
  check_lookup ("::1", "65535", AF_UNSPEC, SOCK_STREAM, expected);
  check_lookup ("::1", "65535", AF_INET6, SOCK_DGRAM, expected);
}
END_TEST

START_TEST (test_numeric_no_service)
{
  check_lookup ("127.0.0.1", NULL, AF_UNSPEC, SOCK_STREAM,
                loopback (AF_INET, 0));
  check_lookup ("127.0.0.1", "0", AF_UNSPEC, SOCK_STREAM,
                loopback (AF_INET, 0));
}
END_TEST

/* The type of the socket says which of the services is meant.  */
START_TEST (test_service_names)
{
  if (access ("/etc/services", R_OK) < 0)
    SKIP ("no /etc/services");
  check_lookup ("127.0.0.1", "http", AF_UNSPEC, SOCK_STREAM,
                loopback (AF_INET, 80));
  check_lookup ("127.0.0.1", "tftp", AF_UNSPEC, SOCK_DGRAM,
                loopback (AF_INET, 69));
}
END_TEST

START_TEST (test_numeric_refuses_names)
{
  check_no_lookup ("localhost", "80", AF_UNSPEC, EAI_NONAME);
  check_no_lookup ("localhost", "80", AF_INET, EAI_NONAME);
  check_no_lookup ("host.invalid", "80", AF_UNSPEC, EAI_NONAME);
  check_no_lookup ("", "80", AF_UNSPEC, EAI_NONAME);
  check_no_lookup ("1.2.3.4.5", "80", AF_UNSPEC, EAI_NONAME);
}
END_TEST

START_TEST (test_no_such_service)
{
  check_no_lookup ("127.0.0.1", "no-such-service", AF_UNSPEC, EAI_SERVICE);
}
END_TEST

START_TEST (test_wrong_family)
{
  struct query query = { .host = "127.0.0.1",
                         .service = "80",
                         .family = AF_INET6,
                         .type = SOCK_STREAM };
  struct addresses *addresses;
  ck_assert_int_ne (resolve_numeric (&query, &addresses), 0);
  ck_assert_ptr_null (addresses);
}
END_TEST

/* The families take turns; the first is the one that the system puts
   first; within a family the order stays.  */
START_TEST (test_turns)
{
  static const struct
  {
    const char *families;
    const char *order;
  } cases[] = {
    { "4", "0" },           { "6", "0" },           { "44", "01" },
    { "46", "01" },         { "64", "01" },         { "664", "021" },
    { "446", "021" },       { "666444", "031425" }, { "444466", "041523" },
    { "644446", "015234" }, { "66666", "01234" },   { "4466", "0213" },
  };
  struct list list;
  struct fake faked
    = { .list = make_list (&list, cases[_i].families), .gate = -1 };
  fake = &faked;
  struct addresses *addresses = look_up ("x", "y", AF_UNSPEC, SOCK_STREAM);
  fake = NULL;
  const char *order = cases[_i].order;
  ck_assert_uint_eq (addresses->count, strlen (order));
  for (size_t i = 0; i < addresses->count; i++)
    {
      const struct address *wanted = &list.addresses[order[i] - '0'];
      ck_assert_msg (address_equal (&addresses->items[i], wanted),
                     "%s: %d is at %d", cases[_i].families,
                     (int) address_port (&addresses->items[i]), (int) i);
    }
  free (addresses);
}
END_TEST

/* Jobs.  */

/* A job as the tests start one.  OURS is our end of its socket pair, LINES the
   reading end of its channel.  */
struct started
{
  struct job *job;
  int ours;
  int lines;
};

static const struct plan stream_plan = { .type = SOCK_STREAM };
static const struct query no_query = { .host = NULL };

static struct addresses *
addresses_of (const struct address *items, size_t count)
{
  size_t size = count * sizeof *items;
  struct addresses *addresses = malloc (sizeof *addresses + size);
  ck_assert_ptr_nonnull (addresses);
  addresses->count = count;
  memcpy (addresses->items, items, size);
  return addresses;
}

static struct addresses *
one_address (const struct address *address)
{
  return addresses_of (address, 1);
}

/* The ends of a socket pair or of a channel, closed on exec.  */
static void
open_pair (int pair[2])
{
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair),
                    0);
}

static void
start_query (struct started *started, const struct query *query,
             struct addresses *addresses, const struct plan *plan)
{
  int cancel[2], channel[2];
  open_pair (cancel);
  ck_assert_int_eq (pipe (channel), 0);
  *started = (struct started){ .ours = cancel[0], .lines = channel[0] };
  started->job
    = job_start (query, addresses, plan, cancel[1], channel[1], "done\n");
  ck_assert_ptr_nonnull (started->job);
}

/* Start to connect to ADDRESS.  */
static void
start_connect (struct started *started, const struct address *address)
{
  start_query (started, &no_query, one_address (address), &stream_plan);
}

/* Start to look up "127.0.0.1" and the port of ADDRESS, and connect if
   PLAN is not null.  */
static void
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

/* Read all that comes along the channel, to its end.  */
static void
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

/* Wait for the line of STARTED; then its job is done.  */
static void
wait_for (struct started *started)
{
  check_lines (started, "done\n");
  ck_assert (job_done (started->job));
}

static void
finish (struct started *started)
{
  job_release (started->job);
  close (started->ours);
  close (started->lines);
}

static void
check_lookup_code (struct job *job, int code)
{
  int system_code;
  ck_assert_int_eq (job_lookup_code (job, &system_code), code);
}

/* Lookup, and no connection.  */
START_TEST (test_job_lookup)
{
  struct started started;
  struct address address;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  start_lookup (&started, &address, NULL);
  wait_for (&started);
  check_lookup_code (started.job, 0);
  struct addresses *addresses = job_take_addresses (started.job);
  ck_assert_ptr_null (job_take_addresses (started.job));
  ck_assert_uint_eq (addresses->count, 1);
  ck_assert (address_equal (&addresses->items[0], &address));
  ck_assert_int_eq (poll_events (server, POLLIN, 20), 0);
  free (addresses);
  finish (&started);
  close (server);
}
END_TEST

/* Nobody need take the addresses.  */
START_TEST (test_job_lookup_left)
{
  struct started started;
  struct address address = loopback (AF_INET, 80);
  start_lookup (&started, &address, NULL);
  wait_for (&started);
  finish (&started);
}
END_TEST

START_TEST (test_job_lookup_fails)
{
  struct started started;
  struct race *race;
  struct query query = { .host = "127.0.0.1",
                         .service = "no-such-service",
                         .family = AF_UNSPEC,
                         .type = SOCK_STREAM };
  start_query (&started, &query, NULL, &stream_plan);
  wait_for (&started);
  check_lookup_code (started.job, EAI_SERVICE);
  ck_assert_ptr_null (job_take_addresses (started.job));
  ck_assert_int_eq (job_race (started.job, &race), RACE_RUNNING);
  ck_assert_int_eq (race->fd, -1);
  finish (&started);
}
END_TEST

START_TEST (test_job_system_code)
{
  struct started started;
  struct address address = loopback (AF_INET, 80);
  struct fake faked
    = { .code = EAI_SYSTEM, .system_code = EMFILE, .gate = -1 };
  int system_code = 0;
  fake = &faked;
  start_lookup (&started, &address, &stream_plan);
  wait_for (&started);
  fake = NULL;
  ck_assert_int_eq (job_lookup_code (started.job, &system_code), EAI_SYSTEM);
  ck_assert_int_eq (system_code, EMFILE);
  finish (&started);
}
END_TEST

/* Without a channel the socket pair tells.  */
START_TEST (test_job_without_channel)
{
  int cancel[2];
  struct query query
    = { .host = "127.0.0.1", .service = "80", .type = SOCK_STREAM };
  open_pair (cancel);
  struct job *job = job_start (&query, NULL, NULL, cancel[1], -1, NULL);
  ck_assert_ptr_nonnull (job);
  ck_assert_int_ne (poll_events (cancel[0], 0, 5000) & POLLHUP, 0);
  ck_assert (job_done (job));
  check_lookup_code (job, 0);
  job_release (job);
  close (cancel[0]);
}
END_TEST

/* The socket of STARTED is connected to EXPECTED.  */
static void
check_won (struct started *started, const struct address *expected)
{
  struct race *race;
  struct address peer;
  ck_assert_int_eq (job_race (started->job, &race), RACE_WON);
  ck_assert (address_equal (job_address (started->job), expected));
  ck_assert (address_remote_of (race->fd, &peer));
  ck_assert (address_equal (&peer, expected));
}

START_TEST (test_job_connect)
{
  struct started started;
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  struct plan plan = { .type = samples[_i].type };
  int server = serve_sample (_i, 1, &address);
  start_query (&started, &no_query, one_address (&address), &plan);
  wait_for (&started);
  check_won (&started, &address);
  finish (&started);
  close (server);
}
END_TEST

START_TEST (test_job_lookup_and_connect)
{
  struct started started;
  struct address address;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  start_lookup (&started, &address, &stream_plan);
  wait_for (&started);
  check_lookup_code (started.job, 0);
  check_won (&started, &address);
  finish (&started);
  close (server);
}
END_TEST

START_TEST (test_job_second_address)
{
  struct started started;
  struct address both[2];
  int refusing = refuse_sample (SAMPLE_TCP4, &both[0]);
  int server = serve_sample (SAMPLE_TCP4, 1, &both[1]);
  start_query (&started, &no_query, addresses_of (both, 2), &stream_plan);
  wait_for (&started);
  check_won (&started, &both[1]);
  finish (&started);
  close (server);
  close (refusing);
}
END_TEST

/* Who takes the socket out of the race keeps it.  */
START_TEST (test_job_socket_taken)
{
  struct started started;
  struct address address;
  struct race *race;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  start_connect (&started, &address);
  wait_for (&started);
  ck_assert_int_eq (job_race (started.job, &race), RACE_WON);
  int fd = race->fd;
  race->fd = -1;
  finish (&started);
  int child = accept_one (server);
  ck_assert_int_eq (send (fd, "x", 1, MSG_NOSIGNAL), 1);
  ck_assert_int_eq (poll_events (child, POLLIN, 1000), POLLIN);
  close (fd);
  close (child);
  close (server);
}
END_TEST

START_TEST (test_job_refused)
{
  struct started started;
  struct address address;
  struct race *race;
  int refusing = refuse_sample (SAMPLE_TCP4, &address);
  start_connect (&started, &address);
  wait_for (&started);
  ck_assert_int_eq (job_race (started.job, &race), RACE_LOST);
  ck_assert_int_eq (socket_error (race->fd), ECONNREFUSED);
  finish (&started);
  close (refusing);
}
END_TEST

START_TEST (test_job_fails)
{
  struct started started;
  struct race *race;
  struct address address = scratch_address ("none");
  start_connect (&started, &address);
  wait_for (&started);
  ck_assert_int_eq (job_race (started.job, &race), RACE_LOST);
  ck_assert_int_eq (race->fd, -1);
  ck_assert_int_eq (race->failure.code, ENOENT);
  finish (&started);
}
END_TEST

/* The plan and its settings are the job's own: here they change as soon
   as it has started.  */
START_TEST (test_job_copies_plan)
{
  struct started started;
  struct address address;
  struct race *race;
  struct fake faked = { .code = 0 };
  struct list list;
  struct setting on
    = { .option = option_find (":keepalive"), .bytes = int_bytes (1) };
  struct plan plan
    = { .type = SOCK_STREAM, .settings = &on, .settings_count = 1 };
  int gate[2];
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  open_pair (gate);
  faked.gate = gate[0];
  faked.list = make_list (&list, "4");
  list.addresses[0] = address;
  fake = &faked;
  start_lookup (&started, &address, &plan);
  on.bytes.as.integer = 0;
  plan.type = SOCK_DGRAM;
  close (gate[1]);
  wait_for (&started);
  fake = NULL;
  check_won (&started, &address);
  ck_assert_int_eq (job_race (started.job, &race), RACE_WON);
  ck_assert_int_eq (socket_int (race->fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
  ck_assert_int_ne (socket_int (race->fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  finish (&started);
  close (gate[0]);
  close (server);
}
END_TEST

/* A failing option is named by its place in the job's own copy.  */
START_TEST (test_job_failing_setting)
{
  struct started started;
  struct address address;
  struct race *race;
  struct setting settings[] = {
    { .option = option_find (":keepalive"), .bytes = int_bytes (1) },
    { .option = option_find (":broadcast"), .bytes = { .length = 1 } },
  };
  struct plan plan
    = { .type = SOCK_STREAM, .settings = settings, .settings_count = 2 };
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  start_query (&started, &no_query, one_address (&address), &plan);
  wait_for (&started);
  ck_assert_int_eq (job_race (started.job, &race), RACE_LOST);
  ck_assert_int_eq (race->failure.code, EINVAL);
  ck_assert_ptr_eq (race->failure.setting, &race->plan->settings[1]);
  finish (&started);
  close (server);
}
END_TEST

/* Giving up.  */

/* The job is cancelled while the job connects: it ends with no result,
   and says so once.  */
START_TEST (test_job_cancel_while_connecting)
{
  struct started started;
  struct race *race;
  struct mute mute;
  mute_open (&mute, _i);
  start_connect (&started, &mute.address);
  ck_assert_int_eq (poll_events (started.lines, POLLIN, 100), 0);
  ck_assert (!job_done (started.job));
  int64_t start = now ();
  socket_close (&started.ours);
  wait_for (&started);
  ck_assert_int_lt (now () - start, 1000);
  ck_assert_int_eq (job_race (started.job, &race), RACE_RUNNING);
  ck_assert_int_eq (race->fd, -1);
  job_release (started.job);
  close (started.lines);
  mute_close (&mute);
}
END_TEST

/* What comes along the socket pair does not end the job.  */
START_TEST (test_job_cancel_with_data)
{
  struct started started;
  struct mute mute;
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  start_connect (&started, &mute.address);
  ck_assert_int_eq (send (started.ours, "x", 1, MSG_NOSIGNAL), 1);
  ck_assert_int_eq (poll_events (started.lines, POLLIN, 100), 0);
  close (accept_one (mute.listener));
  wait_for (&started);
  check_won (&started, &mute.address);
  finish (&started);
  mute_close (&mute);
}
END_TEST

/* The job is cancelled during the lookup: there is no connection.  */
START_TEST (test_job_cancel_while_looking_up)
{
  struct started started;
  struct address address;
  struct race *race;
  struct list list;
  struct fake faked = { .list = make_list (&list, "4") };
  int gate[2];
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  list.addresses[0] = address;
  open_pair (gate);
  faked.gate = gate[0];
  fake = &faked;
  start_lookup (&started, &address, &stream_plan);
  socket_close (&started.ours);
  close (gate[1]);
  wait_for (&started);
  fake = NULL;
  ck_assert_int_eq (job_race (started.job, &race), RACE_RUNNING);
  ck_assert_int_eq (race->fd, -1);
  ck_assert_int_eq (poll_events (server, POLLIN, 20), 0);
  job_release (started.job);
  close (started.lines);
  close (gate[0]);
  close (server);
}
END_TEST

/* Nobody waits for the lookup; the thread frees the job.  */
START_TEST (test_job_released_while_looking_up)
{
  struct started started;
  struct address address = loopback (AF_INET, 80);
  struct list list;
  struct fake faked = { .list = make_list (&list, "46") };
  int gate[2];
  open_pair (gate);
  faked.gate = gate[0];
  fake = &faked;
  start_lookup (&started, &address, &stream_plan);
  int64_t start = now ();
  job_release (started.job);
  close (started.ours);
  ck_assert_int_lt (now () - start, 500);
  ck_assert_int_eq (poll_events (started.lines, POLLIN, 50), 0);
  close (gate[1]);
  check_lines (&started, "done\n");
  fake = NULL;
  close (started.lines);
  close (gate[0]);
}
END_TEST

/* The fixture sees that the thread ends and closes all.  */
START_TEST (test_job_released_while_connecting)
{
  struct started started;
  struct mute mute;
  mute_open (&mute, _i);
  start_connect (&started, &mute.address);
  ck_assert_int_eq (poll_events (started.lines, POLLIN, 50), 0);
  finish (&started);
  mute_close (&mute);
}
END_TEST

START_TEST (test_job_released_at_once)
{
  for (int i = 0; i < 20; i++)
    {
      struct started started;
      struct address address;
      int server = serve_sample (SAMPLE_TCP4, 1, &address);
      start_lookup (&started, &address, i % 2 ? &stream_plan : NULL);
      finish (&started);
      close (server);
    }
}
END_TEST

/* With nobody at the other end of the channel, no signal kills us, and
   the socket goes with the job.  */
START_TEST (test_job_channel_gone)
{
  struct started started;
  struct mute mute;
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  start_connect (&started, &mute.address);
  socket_close (&started.lines);
  close (accept_one (mute.listener));
  int child = accept_one (mute.listener);
  ck_assert_int_ge (child, 0);
  for (int64_t end = now () + 2000; !job_done (started.job) && now () < end;)
    rest (5);
  ck_assert (job_done (started.job));
  job_release (started.job);
  close (started.ours);
  ck_assert_int_ne (poll_events (child, POLLIN, 2000) & POLLHUP, 0);
  close (child);
  mute_close (&mute);
}
END_TEST

/* Signals are for Emacs.  */
START_TEST (test_job_blocks_signals)
{
  static const int signals[]
    = { SIGCHLD, SIGALRM, SIGIO, SIGINT, SIGTERM, SIGPIPE, SIGUSR1 };
  struct started started;
  struct address address = loopback (AF_INET, 80);
  struct fake faked = { .code = EAI_AGAIN, .gate = -1 };
  sigset_t before, after;
  pthread_sigmask (SIG_SETMASK, NULL, &before);
  fake = &faked;
  start_lookup (&started, &address, NULL);
  pthread_sigmask (SIG_SETMASK, NULL, &after);
  wait_for (&started);
  fake = NULL;
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
    {
      ck_assert_int_eq (sigismember (&faked.blocked, signals[i]), 1);
      ck_assert_int_eq (sigismember (&before, signals[i]),
                        sigismember (&after, signals[i]));
    }
  finish (&started);
}
END_TEST

#ifdef __GLIBC__
/* No thread can have such a stack.  */
START_TEST (test_job_cannot_start)
{
  pthread_attr_t old, huge;
  struct address address = loopback (AF_INET, 80);
  int cancel[2], channel[2];
  open_pair (cancel);
  open_pair (channel);
  ck_assert_int_eq (pthread_getattr_default_np (&old), 0);
  ck_assert_int_eq (pthread_attr_init (&huge), 0);
  ck_assert_int_eq (pthread_attr_setstacksize (&huge, SIZE_MAX / 4), 0);
  ck_assert_int_eq (pthread_setattr_default_np (&huge), 0);
  struct addresses *addresses = one_address (&address);
  errno = 0;
  struct job *job = job_start (&no_query, addresses, &stream_plan, cancel[1],
                               channel[1], "done\n");
  int code = errno;
  pthread_setattr_default_np (&old);
  pthread_attr_destroy (&old);
  pthread_attr_destroy (&huge);
  ck_assert_ptr_null (job);
  ck_assert_int_ne (code, 0);
  ck_assert (!is_open (cancel[1]));
  ck_assert (!is_open (channel[1]));
  ck_assert_int_ne (poll_events (channel[0], 0, 0) & POLLHUP, 0);
  close (cancel[0]);
  close (channel[0]);
}
END_TEST
#endif

/* Many at once.  */

enum
{
  MANY = 40
};

START_TEST (test_many_jobs)
{
  struct started started[MANY];
  struct address address;
  int server = serve_sample (SAMPLE_TCP4, MANY, &address);
  for (int i = 0; i < MANY; i++)
    if (i % 2)
      start_lookup (&started[i], &address, &stream_plan);
    else
      start_connect (&started[i], &address);
  for (int i = 0; i < MANY; i++)
    {
      wait_for (&started[i]);
      check_won (&started[i], &address);
      finish (&started[i]);
    }
  close (server);
}
END_TEST

START_TEST (test_many_jobs_let_go)
{
  struct started started[MANY];
  struct mute mute;
  mute_open (&mute, SAMPLE_TCP4);
  for (int i = 0; i < MANY; i++)
    start_connect (&started[i], &mute.address);
  int64_t start = now ();
  for (int i = 0; i < MANY; i++)
    close (started[i].ours);
  for (int i = 0; i < MANY; i++)
    {
      wait_for (&started[i]);
      job_release (started[i].job);
      close (started[i].lines);
    }
  ck_assert_int_lt (now () - start, 2000);
  mute_close (&mute);
}
END_TEST

Suite *
resolve_suite (void)
{
  Suite *suite = suite_create ("resolve");
  TCase *lookup = add_case (suite, "lookup");
  tcase_add_test (lookup, test_numeric_ipv4);
  tcase_add_test (lookup, test_numeric_ipv6);
  tcase_add_test (lookup, test_numeric_no_service);
  tcase_add_test (lookup, test_service_names);
  tcase_add_test (lookup, test_numeric_refuses_names);
  tcase_add_test (lookup, test_no_such_service);
  tcase_add_test (lookup, test_wrong_family);
  tcase_add_loop_test (lookup, test_turns, 0, 12);
  TCase *jobs = add_case (suite, "jobs");
  tcase_add_test (jobs, test_job_lookup);
  tcase_add_test (jobs, test_job_lookup_left);
  tcase_add_test (jobs, test_job_lookup_fails);
  tcase_add_test (jobs, test_job_system_code);
  tcase_add_test (jobs, test_job_without_channel);
  tcase_add_loop_test (jobs, test_job_connect, 0, SAMPLES);
  tcase_add_test (jobs, test_job_lookup_and_connect);
  tcase_add_test (jobs, test_job_second_address);
  tcase_add_test (jobs, test_job_socket_taken);
  tcase_add_test (jobs, test_job_refused);
  tcase_add_test (jobs, test_job_fails);
  tcase_add_test (jobs, test_job_copies_plan);
  tcase_add_test (jobs, test_job_failing_setting);
  TCase *end = add_case (suite, "giving up");
  tcase_add_loop_test (end, test_job_cancel_while_connecting, SAMPLE_TCP4,
                       SAMPLE_TCP4 + 1);
  tcase_add_loop_test (end, test_job_cancel_while_connecting,
                       SAMPLE_LOCAL_STREAM, SAMPLE_LOCAL_STREAM + 1);
  tcase_add_test (end, test_job_cancel_with_data);
  tcase_add_test (end, test_job_cancel_while_looking_up);
  tcase_add_test (end, test_job_released_while_looking_up);
  tcase_add_loop_test (end, test_job_released_while_connecting, SAMPLE_TCP4,
                       SAMPLE_TCP4 + 1);
  tcase_add_loop_test (end, test_job_released_while_connecting,
                       SAMPLE_LOCAL_STREAM, SAMPLE_LOCAL_STREAM + 1);
  tcase_add_test (end, test_job_released_at_once);
  tcase_add_test (end, test_job_channel_gone);
  tcase_add_test (end, test_job_blocks_signals);
#ifdef __GLIBC__
  tcase_add_test (end, test_job_cannot_start);
#endif
  TCase *many = add_case (suite, "many");
  tcase_add_test (many, test_many_jobs);
  tcase_add_test (many, test_many_jobs_let_go);
  return suite;
}

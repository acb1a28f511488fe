/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the floors beneath Emacs do, for each of their calls to fail.  */

/* Each is walked in a process of its own, where nothing has been made
   before.  What it calls itself fails, too, where the table has it.  */

#include "option/config.h"

#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "option/control.h"
#include "option/inet.h"
#include "socket/channel.h"
#include "socket/job.h"
#include "socket/placeholder.h"
#include "socket/send.h"
#include "socket/watch.h"

/* How often, a millisecond apart, it is looked for what must come.  */
enum
{
  LOOKS = 3000
};

static const char *scratch;
static struct address listening, local_listening, refusing, full, receiving;

static void
rest (void)
{
  struct timespec time = { .tv_nsec = 1000000 };
  nanosleep (&time, NULL);
}

/* End the program: without this there is nothing to walk.  */
static int
need (int result, const char *what)
{
  if (result >= 0)
    return result;
  perror (what);
  exit (2);
}

static struct address
loopback (uint16_t port)
{
  static const uint8_t bytes[] = { 127, 0, 0, 1 };
  struct address address;
  address_ipv4 (&address, bytes, port);
  return address;
}

static struct address
scratch_address (const char *name)
{
  char path[LOCAL_PATH_MAX + 1];
  struct address address;
  int length = snprintf (path, sizeof path, "%s/%s", scratch, name);
  if (!address_local (&address, path, (size_t) length))
    abort ();
  return address;
}

/* Bind a socket of TYPE to *ADDRESS, and put there what that became.  */
static int
bind_at (struct address *address, int type)
{
  int fd = need (socket (address_family (address), type | SOCK_NONBLOCK, 0),
                 "socket");
  need (socket_bind (fd, address), "bind");
  address_local_of (fd, address);
  return fd;
}

static int
listen_at (struct address *address, int backlog)
{
  int fd = bind_at (address, SOCK_STREAM);
  need (listen (fd, backlog), "listen");
  return fd;
}

/* Descriptors of the two that listen.  */
static int listeners[2];

void
scenarios_prepare (const char *directory)
{
  scratch = directory;
  listening = refusing = full = receiving = loopback (0);
  local_listening = scratch_address ("listening");
  listeners[0] = listen_at (&listening, SOMAXCONN);
  listeners[1] = listen_at (&local_listening, SOMAXCONN);
  bind_at (&refusing, SOCK_STREAM);
  bind_at (&receiving, SOCK_DGRAM);
  /* A queue of length 0 holds one connection, and then takes no more.  */
  listen_at (&full, 0);
  for (int i = 0; i < 3; i++)
    socket_connect (need (socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
                          "socket"),
                    &full);
}

void
scenarios_drain (void)
{
  int fd;
  for (int i = 0; i < 2; i++)
    while ((fd = accept4 (listeners[i], NULL, NULL, 0)) >= 0)
      close (fd);
}

/* The option of KEYWORD set to VALUE.  */
static struct setting
setting (const char *keyword, int value)
{
  return (struct setting){ .option = option_find (keyword),
                           .bytes
                           = { .length = sizeof value, .as.integer = value } };
}

/* What to make, with options of which one is left when it fails.  */
static struct plan
stream_plan (void)
{
  static struct setting settings[3];
  settings[0] = setting (":keepalive", 1);
  settings[1] = setting (":tcp-keepidle", 5);
  settings[2] = setting (":ip-tos", 8);
  settings[2].optional = true;
  return (struct plan){ .type = SOCK_STREAM,
                        .backlog = 5,
                        .settings = settings,
                        .settings_count = 3 };
}

/* How RACE, in STATE, has ended: 0 where it was won.  */
static int
race_code (const struct race *race, enum race_state state)
{
  if (state == RACE_WON)
    return 0;
  if (state == RACE_RUNNING)
    return WALK_HANGS;
  int code = race->fd >= 0 ? socket_error (race->fd) : race->failure.code;
  return code == 0 ? WALK_SILENT : code;
}

/* Run a race by PLAN to the COUNT ADDRESSES.  */
static int
run_race (const struct plan *plan, const struct address *addresses,
          size_t count)
{
  struct race race;
  race_start (&race, plan, addresses, count);
  enum race_state state = race_run (&race, LOOKS);
  int code = race_code (&race, state);
  if (state == RACE_RUNNING)
    race_abandon (&race);
  socket_close (&race.fd);
  return code;
}

/* A race that begins with an address that refuses.  */
static int
walk_race (void)
{
  struct plan plan = stream_plan ();
  struct address addresses[] = { refusing, listening };
  plan.local = loopback (0);
  return run_race (&plan, addresses, 2);
}

static int
walk_local_race (void)
{
  struct plan plan = { .type = SOCK_STREAM };
  struct address addresses[] = { scratch_address ("none"), local_listening };
  return run_race (&plan, addresses, 2);
}

/* A server's socket at ADDRESS.  */
static int
serve (const struct address *address)
{
  struct plan plan = stream_plan ();
  struct failure failure = { .code = WALK_SILENT };
  plan.server = true;
  if (address_family (address) == AF_UNIX)
    plan.settings_count = 1;
  int fd = socket_make (&plan, address, &failure);
  if (fd < 0)
    return failure.code;
  socket_discard (&fd);
  return 0;
}

static int
walk_server (void)
{
  struct address address = loopback (0);
  return serve (&address);
}

/* No file of it is left, though removing it fails.  */
static int
walk_local_server (void)
{
  struct address address = scratch_address ("server");
  size_t size;
  int code = serve (&address);
  remove (address_path (&address, &size));
  return code;
}

/* The errno value that stands for the CODE of getaddrinfo.  */
static int
lookup_code (int code, int system_code)
{
  return code == EAI_SYSTEM ? system_code : code == 0 ? 0 : ENOENT;
}

static int
walk_lookup (void)
{
  struct addresses *addresses;
  struct query query = { .host = "localhost",
                         .service = "9",
                         .family = AF_UNSPEC,
                         .type = SOCK_STREAM };
  int code = lookup_name (&query, &addresses);
  int saved = errno;
  if (code == 0 && addresses->count == 0)
    code = EAI_FAIL;
  free (addresses);
  return lookup_code (code, saved);
}

/* How JOB has ended.  */
static int
job_code (struct job *job)
{
  struct race *race;
  int system_code;
  int code = job_lookup_code (job, &system_code);
  if (code != 0)
    return lookup_code (code, system_code);
  enum race_state state = job_race (job, &race);
  return race_code (race, state);
}

/* Wait for JOB, as Lisp does that looks by itself now and then.  */
static int
end_job (struct job *job)
{
  int looks = LOOKS;
  while (!job_done (job) && --looks > 0)
    rest ();
  return looks > 0 ? job_code (job) : WALK_HANGS;
}

/* What a job takes, once there is a channel.  */
typedef int job_walk (struct waiting *waiting);

/* Call WALK with somebody who waits.  */
static int
with_waiting (job_walk *walk)
{
  int ends[2];
  struct waiting waiting = { .number = 1 };
  if (pipe (ends) < 0)
    return errno;
  waiting.channel = channel_make (ends[1]);
  int code = waiting.channel ? placeholder_hold (&waiting.owner) : errno;
  if (code == 0)
    {
      code = walk (&waiting);
      socket_close (&waiting.owner);
    }
  if (waiting.channel)
    channel_release (waiting.channel);
  close (ends[0]);
  return code;
}

/* Connect by a job to HOST or to ADDRESSES, and ask how that was.  */
static int
connect_by_job (struct waiting *waiting, const struct query *query,
                struct addresses *addresses)
{
  struct plan plan = stream_plan ();
  struct job *job = job_start (query, addresses, &plan, waiting);
  if (!job)
    return errno;
  int code = end_job (job);
  if (code != WALK_HANGS)
    free (job_log (job));
  job_release (job);
  return code;
}

static int
connect_to_addresses (struct waiting *waiting)
{
  static const struct query none = { .host = NULL };
  struct addresses *addresses
    = malloc (sizeof *addresses + 2 * sizeof addresses->items[0]);
  if (!addresses)
    return ENOMEM;
  *addresses = (struct addresses){ .lookup = LOOKUP_NONE, .count = 2 };
  addresses->items[0] = refusing;
  addresses->items[1] = listening;
  return connect_by_job (waiting, &none, addresses);
}

static int
walk_job (void)
{
  return with_waiting (connect_to_addresses);
}

/* A query for HOST and the port of ADDRESS, until the next one is made.  */
static struct query
query_for (const char *host, const struct address *address)
{
  static char port[8];
  snprintf (port, sizeof port, "%d", (int) address_port (address));
  return (struct query){
    .host = host, .service = port, .family = AF_INET, .type = SOCK_STREAM
  };
}

static int
connect_to_name (struct waiting *waiting)
{
  struct query query = query_for ("localhost", &listening);
  return connect_by_job (waiting, &query, NULL);
}

static int
walk_job_by_name (void)
{
  return with_waiting (connect_to_name);
}

/* Who waits goes away while the job connects: it gives up, which is well.  */
static int
give_up (struct waiting *waiting)
{
  struct query query = query_for ("127.0.0.1", &full);
  struct plan plan = stream_plan ();
  struct race *race;
  struct job *job = job_start (&query, NULL, &plan, waiting);
  if (!job)
    return errno;
  socket_close (&waiting->owner);
  int code = end_job (job);
  if (code == WALK_HANGS && job_done (job)
      && job_race (job, &race) == RACE_RUNNING)
    code = 0;
  job_release (job);
  return code;
}

static int
walk_giving_up (void)
{
  return with_waiting (give_up);
}

/* A server's placeholder at PLACE.  */
static int
serve_at_place (const struct place *place)
{
  struct plan plan = { .type = SOCK_STREAM, .server = true };
  struct address address;
  struct failure failure;
  if (!address_local (&address, place->path, strlen (place->path)))
    return ENAMETOOLONG;
  int fd = socket_make (&plan, &address, &failure);
  if (fd < 0)
    return failure.code;
  int code = placeholder_is_server (fd, place) ? 0 : ENOTSOCK;
  socket_close (&fd);
  return code;
}

/* What is left in silence is looked for by who walks this.  */
static int
remove_left (int code)
{
  char name[PATH_MAX], file[PATH_MAX + 2];
  int left = place_left (name);
  if (left == 0)
    return code;
  snprintf (file, sizeof file, "%s/s", name);
  remove (file);
  remove (name);
  return left;
}

static int
walk_place (void)
{
  struct place place;
  int code = place_make (&place, scratch);
  if (code == 0)
    {
      code = serve_at_place (&place);
      place_remove (&place);
    }
  return remove_left (code);
}

/* Connect to the listener of placeholders at PATH.  */
static int
connect_at (const char *path)
{
  struct plan plan = { .type = SOCK_STREAM };
  struct address address;
  struct failure failure;
  if (!address_local (&address, path, strlen (path)))
    return ENAMETOOLONG;
  int fd = socket_make (&plan, &address, &failure);
  if (fd < 0)
    return failure.code;
  int code = socket_connect (fd, &address);
  if (code == 0 && !placeholder_is_client (fd))
    code = ENOTSOCK;
  socket_close (&fd);
  placeholder_drain ();
  return code;
}

static int
walk_placeholder (void)
{
  const char *path;
  int code = placeholder_path (scratch, &path);
  if (code == 0)
    code = connect_at (path);
  return remove_left (code);
}

/* Put a socket in the place of FD.  */
static int
replace (int fd)
{
  struct plan plan = stream_plan ();
  struct failure failure;
  int other = socket_make (&plan, &listening, &failure);
  if (other < 0)
    return failure.code;
  int code = placeholder_replace (fd, &other);
  socket_close (&other);
  return code;
}

static int
walk_hold (void)
{
  int fds[2] = { -1, -1 };
  int code = placeholder_hold (&fds[0]);
  if (code == 0)
    code = placeholder_hold (&fds[1]);
  if (code == 0)
    code = replace (fds[0]);
  if (code == 0)
    code = placeholder_break (fds[1]);
  if (code == 0 && placeholder_next_descriptor () < 0)
    code = errno;
  socket_close (&fds[0]);
  socket_close (&fds[1]);
  return code;
}

/* Send on FD, with all that goes along with a datagram.  */
static int
send_all (int fd, const struct address *address)
{
  struct datagram datagram
    = { .data = "hello", .size = 5, .address = address };
  const struct option *row;
  struct inet source
    = { .family = AF_INET, .as.ipv4.s_addr = htonl (INADDR_LOOPBACK) };
  datagram.said[OUTGOING_TTL] = setting (":keepalive", 3).bytes;
  datagram.said[OUTGOING_TOS] = setting (":keepalive", 8).bytes;
  datagram.said[OUTGOING_INTERFACE] = setting (":keepalive", 1).bytes;
  int code
    = bytes_copy (&datagram.said[OUTGOING_SOURCE], &source, sizeof source)
          && socket_send (fd, &datagram, &row) == 5
        ? 0
        : errno;
  bytes_free (&datagram.said[OUTGOING_SOURCE]);
  return code;
}

/* Receive from FD what the kernel tells besides.  */
static int
receive_all (int fd)
{
  char data[16];
  _Alignas(struct cmsghdr) char control[CONTROL_ROOM];
  struct iovec vector = { .iov_base = data, .iov_len = sizeof data };
  struct msghdr message = { .msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control };
  struct pool pool = POOL_NONE;
  struct value value;
  if (recvmsg (fd, &message, MSG_DONTWAIT) < 0)
    return errno;
  enum fault fault = control_decode (&message, &pool, &value);
  bool told = value.type == VALUE_LIST && value.size > 0;
  pool_free (&pool);
  control_close (&message);
  return fault != FAULT_NONE ? ENOMEM : told ? 0 : WALK_SILENT;
}

static int
walk_datagram (void)
{
  struct setting settings[]
    = { setting (":ip-recvttl", 1), setting (":ip-pktinfo", 1) };
  struct plan plan = { .type = SOCK_DGRAM,
                       .server = true,
                       .settings = settings,
                       .settings_count = 2 };
  struct address address = loopback (0);
  struct failure failure = { .code = 0 };
  int fd = socket_make (&plan, &address, &failure);
  if (fd < 0)
    return failure.code;
  int code = address_local_of (fd, &address) ? 0 : errno;
  if (code == 0)
    code = send_all (fd, &address);
  if (code == 0)
    code = receive_all (fd);
  socket_close (&fd);
  return code;
}

/* Wait until something is reported to FD.  */
static int
await_report (int fd)
{
  char line[16];
  ssize_t got;
  for (int looks = LOOKS; looks > 0; looks--)
    {
      got = recv (fd, line, sizeof line, MSG_DONTWAIT);
      if (got >= 0)
        return got > 0 ? 0 : EPIPE;
      rest ();
    }
  return WALK_HANGS;
}

/* Have a thread that reports to the second of ENDS watch FD.  */
static int
watch (const int ends[2], int fd)
{
  struct channel *channel = channel_make (ends[1]);
  struct watch *watch = channel ? watch_start (channel) : NULL;
  if (!watch)
    return errno;
  int code = watch_arm (watch, fd, 7);
  if (code == 0)
    code = await_report (ends[0]);
  watch_wake (watch);
  watch_release (watch);
  return code;
}

static int
walk_watch (void)
{
  int channel[2], pair[2];
  if (socketpair (AF_UNIX, SOCK_STREAM, 0, channel) < 0)
    return errno;
  int code = socketpair (AF_UNIX, SOCK_DGRAM, 0, pair) < 0 ? errno : 0;
  if (code == 0)
    {
      code = sendto (pair[1], "x", 1, 0, NULL, 0) == 1
               ? watch (channel, pair[0])
               : errno;
      close (pair[0]);
      close (pair[1]);
    }
  else
    close (channel[1]);
  close (channel[0]);
  return code;
}

const struct scenario scenarios[] = {
  { "race", walk_race, "" },
  { "race, local", walk_local_race, "connect" },
  { "server", walk_server, "" },
  { "server, local", walk_local_server, "" },
  { "lookup", walk_lookup, "" },
  { "job", walk_job, "" },
  { "job, by name", walk_job_by_name, "" },
  { "job, given up", walk_giving_up, "" },
  { "place", walk_place, "" },
  { "placeholder", walk_placeholder, "" },
  { "hold", walk_hold, "" },
  { "datagram", walk_datagram, "" },
  { "watch", walk_watch, "write epoll_wait" },
};
const int scenarios_count = sizeof scenarios / sizeof scenarios[0];

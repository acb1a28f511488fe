/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives that make sockets and lay them beneath processes.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emacs/find.h"
#include "emacs/lisp.h"
#include "socket/placeholder.h"
#include "emacs/primitives.h"
#include "option/errno-message.h"

/* How often to ask Emacs whether the user wants to quit, in
   milliseconds.  On a terminal C-g interrupts the wait besides.  */
enum
{
  QUIT_INTERVAL = 50
};

static bool
wants_to_quit (emacs_env *env)
{
  return env->process_input (env) == emacs_process_input_quit;
}

/* A socket type as `make-network-process' names it.  */
static int
type_from_lisp (emacs_env *env, emacs_value value)
{
  if (env->eq (env, value, Qdatagram))
    return SOCK_DGRAM;
  if (env->eq (env, value, Qseqpacket))
    return SOCK_SEQPACKET;
  if (env->eq (env, value, Qraw))
    return SOCK_RAW;
  if (env->is_not_nil (env, value))
    LISP_SIGNAL (env, Qsockopt_error,
                 lisp_string (env, "Unsupported connection type"), value);
  return SOCK_STREAM;
}

/* A family of Internet addresses; nil is any.  */
static int
family_from_lisp (emacs_env *env, emacs_value value)
{
  if (env->eq (env, value, Qipv4))
    return AF_INET;
  if (env->eq (env, value, Qipv6))
    return AF_INET6;
  return env->is_not_nil (env, value) ? lisp_int (env, value) : AF_UNSPEC;
}

/* A copy of VALUE, to be freed.  C would see only as much of it as
   stands before a NUL, so there may be none.  */
static char *
name_from_lisp (emacs_env *env, emacs_value value)
{
  size_t size;
  char *name = lisp_copy_string (env, value, &size);
  if (!name || strlen (name) == size)
    return name;
  LISP_SIGNAL (env, Qsockopt_error, lisp_string (env, "Name has a NUL"),
               value);
  free (name);
  return NULL;
}

/* A protocol: a symbol or a number.  */
static int
protocol_from_lisp (emacs_env *env, emacs_value value)
{
  if (env->eq (env, env->type_of (env, value), Qinteger))
    return lisp_int (env, value);
  char *name = name_from_lisp (env, LISP_CALL (env, Qsymbol_name, value));
  int protocol = name ? protocol_number (name) : -1;
  free (name);
  if (protocol < 0)
    LISP_SIGNAL (env, Qsockopt_error, lisp_string (env, "Unknown protocol"),
                 value);
  return protocol;
}

/* A query whose strings are its own.  */
struct owned_query
{
  struct query query;
  char *host;
  char *service;
};

static struct owned_query
query_from_lisp (emacs_env *env, emacs_value host, emacs_value service,
                 emacs_value family, emacs_value type)
{
  struct owned_query owned = {
    .host = name_from_lisp (env, host),
    .service = name_from_lisp (env, service),
    .query = { .family = family_from_lisp (env, family),
               .type = type_from_lisp (env, type) },
  };
  owned.query.host = owned.host;
  owned.query.service = owned.service;
  return owned;
}

static void
query_free (struct owned_query *owned)
{
  free (owned->host);
  free (owned->service);
}

/* The message for a code of getaddrinfo.  */
static const char *
lookup_message (int code, int system_code, char *buffer, size_t size)
{
  return code == EAI_SYSTEM ? errno_message (system_code, buffer, size)
                            : gai_strerror (code);
}

static void
signal_lookup (emacs_env *env, int code, int system_code, emacs_value host,
               emacs_value service)
{
  char buffer[128];
  const char *message
    = lookup_message (code, system_code, buffer, sizeof buffer);
  LISP_SIGNAL (env, Qsockopt_system_error,
               lisp_string (env, "Cannot look up host"),
               lisp_locale_string (env, message), host, service);
}

/* Wait until FD has an event, which is all that happens on it.  Return
   false if the user wants to quit first.  */
static bool
wait_for_hangup (emacs_env *env, int fd)
{
  struct pollfd polled = { .fd = fd };
  while (poll (&polled, 1, QUIT_INTERVAL) <= 0)
    if (wants_to_quit (env))
      return false;
  return true;
}

/* Look QUERY up in a thread, so that the user can quit.  Null after an
   error or a quit.  */
static struct addresses *
look_up_name (emacs_env *env, const struct query *query, emacs_value *args)
{
  int pair[2];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    {
      lisp_signal_errno (env, "Cannot look up host", errno, Qnil);
      return NULL;
    }
  struct addresses *found = NULL;
  struct job *job = job_start (query, NULL, NULL, pair[1], -1, NULL);
  if (!job)
    lisp_signal_errno (env, "Cannot look up host", errno, Qnil);
  else if (wait_for_hangup (env, pair[0]))
    {
      int system_code;
      int code = job_lookup_code (job, &system_code);
      if (code != 0)
        signal_lookup (env, code, system_code, args[0], args[1]);
      found = job_take_addresses (job);
    }
  if (job)
    job_release (job);
  socket_close (&pair[0]);
  return found;
}

/* (sockopt--lookup HOST SERVICE FAMILY TYPE)
   All are as for `make-network-process', but SERVICE is a string.  */
PRIMITIVE (sockopt_lookup)
{
  (void) nargs;
  (void) data;
  struct addresses *found = NULL;
  struct owned_query owned
    = query_from_lisp (env, args[0], args[1], args[2], args[3]);
  if (!lisp_pending (env))
    {
      int code = resolve_numeric (&owned.query, &found);
      if (code == EAI_NONAME)
        found = look_up_name (env, &owned.query, args);
      else if (code != 0)
        signal_lookup (env, code, errno, args[0], args[1]);
    }
  query_free (&owned);
  return found ? addresses_make (env, found) : Qnil;
}

/* (sockopt--address KEYWORD ADDRESS)
   KEYWORD is the argument that ADDRESS came from, for errors.  */
PRIMITIVE (sockopt_address)
{
  (void) nargs;
  (void) data;
  struct addresses *addresses
    = malloc (sizeof *addresses + sizeof addresses->items[0]);
  if (!addresses)
    {
      lisp_signal_errno (env, "Cannot keep address", ENOMEM, Qnil);
      return Qnil;
    }
  addresses->count = 1;
  lisp_to_address (env, args[0], args[1], &addresses->items[0]);
  return addresses_make (env, addresses);
}

/* (sockopt--vsock-address CID PORT) */
PRIMITIVE (sockopt_vsock_address)
{
  (void) nargs;
  (void) data;
  intmax_t cid = env->extract_integer (env, args[0]);
  intmax_t port = env->extract_integer (env, args[1]);
  if (lisp_pending (env))
    return Qnil;
  if (cid < 0 || UINT32_MAX < cid || port < 0 || UINT32_MAX < port)
    {
      LISP_SIGNAL (env, Qargs_out_of_range, args[0], args[1]);
      return Qnil;
    }
  struct addresses *addresses
    = malloc (sizeof *addresses + sizeof addresses->items[0]);
  if (!addresses)
    {
      lisp_signal_errno (env, "Cannot keep address", ENOMEM, Qnil);
      return Qnil;
    }
  addresses->count = 1;
  address_vsock (&addresses->items[0], (uint32_t) cid, (uint32_t) port);
  return addresses_make (env, addresses);
}

/* Signal FAILURE.  SETTINGS is the vector that the settings came from,
   and the first of them is FIRST; REST is a list for the end of the
   error data.  */
static void
signal_failure (emacs_env *env, const struct failure *failure,
                emacs_value settings, const struct setting *first,
                emacs_value rest)
{
  if (!failure->setting)
    {
      lisp_signal_errno (env, failure->verb, failure->code, rest);
      return;
    }
  ptrdiff_t slot = 2 * (failure->setting - first) + 1;
  emacs_value value = env->vec_get (env, settings, slot);
  lisp_signal_option (env, failure->setting->option, failure->code, &value);
}

/* Make the socket of a server or of a datagram client, at the first of
   the ADDRESSES whose family this system has.  The index of the address
   goes to *INDEX.  */
static int
open_first (const struct plan *plan, const struct addresses *addresses,
            size_t *index, struct failure *failure)
{
  for (*index = 0; *index < addresses->count; ++*index)
    {
      int fd = socket_make (plan, &addresses->items[*index], failure);
      if (fd >= 0 || failure->code != EAFNOSUPPORT)
        return fd;
    }
  *index = 0;
  return -1;
}

/* Connect to the first of the ADDRESSES that answers.  Return -1 when
   none does, or when the user quits.  */
static int
open_connected (emacs_env *env, const struct plan *plan,
                const struct addresses *addresses, size_t *index,
                struct failure *failure)
{
  struct race race;
  race_start (&race, plan, addresses->items, addresses->count);
  enum race_state state = race_run (&race, 0, -1);
  while (state == RACE_RUNNING && !wants_to_quit (env))
    state = race_run (&race, QUIT_INTERVAL, -1);
  if (state == RACE_WON)
    {
      *index = race.address;
      return race.fd;
    }
  *failure = race.failure;
  if (race.fd >= 0)
    *failure = (struct failure){ .code = socket_error (race.fd),
                                 .verb = "make client process failed" };
  else if (state == RACE_RUNNING)
    failure->code = EINTR;
  race_abandon (&race);
  return -1;
}

/* A server's address as it came to be: with the port that the kernel
   chose.  A local one is as it was given, for Emacs has it so.  */
static struct address
actual_address (const struct plan *plan, int fd, const struct address *address)
{
  struct address bound;
  if (plan->server && address_family (address) != AF_UNIX
      && address_local_of (fd, &bound))
    return bound;
  return *address;
}

static struct plan
plan_from_lisp (emacs_env *env, emacs_value type, emacs_value protocol,
                emacs_value backlog, struct setting *settings, size_t count)
{
  bool server = env->is_not_nil (env, backlog);
  return (struct plan){ .type = type_from_lisp (env, type),
                        .protocol = protocol_from_lisp (env, protocol),
                        .server = server,
                        .backlog = server ? lisp_int (env, backlog) : 0,
                        .settings = settings,
                        .settings_count = count };
}

/* Make a socket by PLAN at ADDRESSES, or signal why there is none; REST
   goes to the end of a client's error data, and VECTOR is what the
   settings came from.  Value is (HANDLE ADDRESS . RESULTS).  */
static emacs_value
open_socket (emacs_env *env, const struct plan *plan,
             const struct addresses *addresses, emacs_value vector,
             emacs_value rest)
{
  size_t index = 0;
  struct failure failure = { .code = 0 };
  bool connects
    = !plan->server && plan->type != SOCK_DGRAM && plan->type != SOCK_RAW;
  int fd = connects ? open_connected (env, plan, addresses, &index, &failure)
                    : open_first (plan, addresses, &index, &failure);
  struct address actual = addresses->items[index];
  if (fd < 0)
    {
      emacs_value address = lisp_from_address (env, &actual);
      signal_failure (env, &failure, vector, plan->settings,
                      plan->server ? LISP_CALL (env, Qlist, address) : rest);
      return Qnil;
    }
  actual = actual_address (plan, fd, &actual);
  emacs_value handle
    = handle_make (env, fd, true,
                   socket_class_for (address_family (&actual), plan->type,
                                     plan->protocol));
  emacs_value address = lisp_from_address (env, &actual);
  emacs_value results
    = settings_results (env, handle_get (env, handle), plan->settings,
                        plan->settings_count, vector);
  return LISP_CALL (env, Qcons_function, handle,
                    LISP_CALL (env, Qcons_function, address, results));
}

/* (sockopt--open TYPE PROTOCOL BACKLOG ADDRESSES SETTINGS OPTIONAL ARGS)

   Make a socket: a server's, if BACKLOG is an integer; a client's, and
   connected unless it is for datagrams, if it is nil.  The first
   OPTIONAL of the SETTINGS may fail.  ARGS go to the end of error data.
   Value is (HANDLE ADDRESS . RESULTS): for each of the SETTINGS a list of the
   value that it has now, or a string that says why it has failed.  */
PRIMITIVE (sockopt_open)
{
  (void) nargs;
  (void) data;
  size_t count;
  emacs_value result = Qnil;
  struct setting *settings
    = settings_from_lisp (env, args[4], lisp_int (env, args[5]), &count);
  struct plan plan
    = plan_from_lisp (env, args[0], args[1], args[2], settings, count);
  struct addresses *addresses = addresses_get (env, args[3]);
  if (addresses)
    result = open_socket (env, &plan, addresses, args[4], args[6]);
  settings_free (settings, count);
  return result;
}

/* Delete PROCESS, half made, keeping the error that is signalled.  */
static void
discard_process (emacs_env *env, emacs_value process)
{
  emacs_value symbol, data;
  enum emacs_funcall_exit exit = env->non_local_exit_get (env, &symbol, &data);
  env->non_local_exit_clear (env);
  LISP_CALL (env, Qset_process_sentinel, process, Qignore);
  LISP_CALL (env, Qdelete_process, process);
  env->non_local_exit_clear (env);
  if (exit == emacs_funcall_exit_signal)
    env->non_local_exit_signal (env, symbol, data);
  else if (exit == emacs_funcall_exit_throw)
    env->non_local_exit_throw (env, symbol, data);
}

/* Call core's `make-network-process' with the arguments in VECTOR, and
   with KEYWORD and PATH if KEYWORD is not nil.  */
static emacs_value
make_process (emacs_env *env, emacs_value vector, emacs_value keyword,
              const char *path)
{
  ptrdiff_t count = lisp_pending (env) ? 0 : env->vec_size (env, vector);
  if (lisp_pending (env))
    return Qnil;
  emacs_value *list = calloc ((size_t) count + 2, sizeof *list);
  if (!list)
    {
      lisp_signal_errno (env, "Cannot make process", ENOMEM, Qnil);
      return Qnil;
    }
  for (ptrdiff_t i = 0; i < count; i++)
    list[i] = env->vec_get (env, vector, i);
  if (env->is_not_nil (env, keyword))
    {
      list[count++] = keyword;
      list[count++] = lisp_string (env, path);
    }
  emacs_value process = lisp_call (env, Qmake, count, list);
  free (list);
  return process;
}

/* The descriptor that a process is on, if that is sure, or probably.  */
struct guess
{
  int fd;
  bool sure;
};

/* Make a process that stands on a socket of Emacs' own, for a moment.
   ROLE is `:remote' for a client, `:local' for a server, or nil if ARGS
   have all that it needs.  Which descriptor it is on goes to *GUESS.  */
static emacs_value
make_placeholder (emacs_env *env, emacs_value args, emacs_value role,
                  const char *directory, struct guess *guess)
{
  struct place place;
  const char *path = "";
  int code = 0;
  bool server = env->eq (env, role, Qlocal);
  bool client = env->eq (env, role, Qremote);
  if (client)
    code = placeholder_path (directory, &path);
  else if (server)
    code = place_make (&place, directory);
  if (code != 0)
    {
      lisp_signal_errno (env, "Cannot make a place for the process", code,
                         Qnil);
      return Qnil;
    }
  guess->fd = placeholder_next_descriptor ();
  if (guess->fd < 0)
    {
      if (server)
        place_remove (&place);
      lisp_signal_errno (env, "Cannot make a process", EMFILE, Qnil);
      return Qnil;
    }
  emacs_value process
    = make_process (env, args, role, server ? place.path : path);
  if (client)
    {
      guess->sure = placeholder_is_client (guess->fd);
      placeholder_drain ();
    }
  else if (server)
    {
      guess->sure = placeholder_is_server (guess->fd, &place);
      place_remove (&place);
    }
  return process;
}

/* Lay the socket of HANDLE beneath PROCESS.  */
static void
lay_beneath (emacs_env *env, emacs_value process, struct handle *handle,
             const struct guess *guess)
{
  int fd = guess->sure ? guess->fd : find_descriptor (env, process, guess->fd);
  if (fd >= 0)
    {
      int code = placeholder_replace (fd, &handle->fd);
      if (code == 0)
        handle_adopted (handle, fd);
      else
        lisp_signal_errno (env, "Cannot hand over the socket", code, Qnil);
    }
  if (lisp_pending (env))
    discard_process (env, process);
}

/* (sockopt--adopt HANDLE ARGS ROLE DIRECTORY)

   Make a process with core's `make-network-process' from the vector ARGS
   and lay the socket of HANDLE beneath it.  Call with `inhibit-quit'
   bound.  */
PRIMITIVE (sockopt_adopt)
{
  (void) nargs;
  (void) data;
  struct guess guess = { .fd = -1 };
  size_t size;
  emacs_value process = Qnil;
  struct handle *handle = handle_get (env, args[0]);
  if (handle && !handle->owned)
    LISP_SIGNAL (env, Qsockopt_error,
                 lisp_string (env, "Socket has a process already"), args[0]);
  char *directory = lisp_copy_string (env, args[3], &size);
  if (handle && directory)
    process = make_placeholder (env, args[1], args[2], directory, &guess);
  free (directory);
  if (!lisp_pending (env))
    lay_beneath (env, process, handle, &guess);
  return process;
}

/* (sockopt--hold)
   A handle that keeps a process waiting.  */
PRIMITIVE (sockopt_hold)
{
  (void) nargs;
  (void) args;
  (void) data;
  int pair[2];
  int code = placeholder_hold (pair);
  if (code != 0)
    {
      lisp_signal_errno (env, "make client process failed", code, Qnil);
      return Qnil;
    }
  emacs_value value = handle_make (env, pair[0], true, 0);
  struct handle *handle = handle_get (env, value);
  if (handle)
    handle->peer = pair[1];
  else
    socket_close (&pair[1]);
  return value;
}

/* A copy of ADDRESSES for a job to own.  */
static struct addresses *
copy_addresses (emacs_env *env, const struct addresses *addresses)
{
  size_t size
    = sizeof *addresses + addresses->count * sizeof addresses->items[0];
  struct addresses *copy = malloc (size);
  if (copy)
    memcpy (copy, addresses, size);
  else
    lisp_signal_errno (env, "Cannot keep addresses", ENOMEM, Qnil);
  return copy;
}

/* (sockopt--start HANDLE CHANNEL LINE TARGET TYPE PROTOCOL SETTINGS
                   OPTIONAL)

   Start to connect for the process that HANDLE holds.  TARGET is
   addresses, or a list (HOST SERVICE FAMILY) that is looked up first.
   When done, LINE is written to the pipe process CHANNEL.  Value is a
   job.  */
PRIMITIVE (sockopt_start)
{
  (void) nargs;
  (void) data;
  size_t count, size;
  struct job *job = NULL;
  struct owned_query owned = { .host = NULL };
  struct addresses *addresses = NULL;
  struct handle *handle = handle_get (env, args[0]);
  struct setting *settings
    = settings_from_lisp (env, args[6], lisp_int (env, args[7]), &count);
  struct plan plan
    = plan_from_lisp (env, args[4], args[5], Qnil, settings, count);
  if (env->eq (env, env->type_of (env, args[3]), Qcons))
    {
      emacs_value rest = LISP_CALL (env, Qcdr, args[3]);
      owned
        = query_from_lisp (env, LISP_CALL (env, Qcar, args[3]),
                           LISP_CALL (env, Qcar, rest),
                           LISP_CALL (env, Qcar, LISP_CALL (env, Qcdr, rest)),
                           args[4]);
    }
  else
    {
      const struct addresses *given = addresses_get (env, args[3]);
      addresses = given ? copy_addresses (env, given) : NULL;
    }
  char *line = lisp_copy_string (env, args[2], &size);
  int channel = lisp_pending (env) ? -1 : env->open_channel (env, args[1]);
  if (!lisp_pending (env))
    {
      fcntl (channel, F_SETFD, FD_CLOEXEC);
      job = job_start (&owned.query, addresses, &plan, handle->peer, channel,
                       line);
      handle->peer = -1;
      if (!job)
        lisp_signal_errno (env, "make client process failed", errno, Qnil);
    }
  else
    free (addresses);
  free (line);
  settings_free (settings, count);
  query_free (&owned);
  return job ? job_make (env, job) : Qnil;
}

/* Whether JOB has an result that nobody has taken yet.  */
static bool
has_result (struct job *job)
{
  struct race *race;
  return job_done (job)
         && (job_race (job, &race) != RACE_WON || race->fd >= 0);
}

/* Put the socket of RACE in the place of the one that holds the process
   of HANDLE.  */
static bool
adopt_race (emacs_env *env, struct handle *handle, struct race *race)
{
  int fd = handle->fd;
  int code = placeholder_replace (fd, &race->fd);
  if (code != 0)
    {
      lisp_signal_errno (env, "Cannot hand over the socket", code, Qnil);
      return false;
    }
  handle_adopted (handle, fd);
  /* It was a local socket that held the process.  */
  handle->socket_class = 0;
  return true;
}

/* (ADDRESS . RESULTS) of JOB, which has connected the socket of HANDLE;
   see `sockopt--finish'.  */
static emacs_value
job_to_lisp (emacs_env *env, struct handle *handle, struct job *job,
             emacs_value vector)
{
  size_t count;
  const struct setting *settings = job_settings (job, &count);
  return LISP_CALL (env, Qcons_function,
                    lisp_from_address (env, job_address (job)),
                    settings_results (env, handle, settings, count, vector));
}

/* Why JOB has no socket at all, as an error that is signalled.  */
static void
signal_job (emacs_env *env, struct job *job, const struct race *race,
            emacs_value settings)
{
  int system_code;
  char buffer[128];
  int code = job_lookup_code (job, &system_code);
  if (code != 0)
    LISP_SIGNAL (env, Qsockopt_system_error,
                 lisp_string (env, "Cannot look up host"),
                 lisp_locale_string (env,
                                     lookup_message (code, system_code, buffer,
                                                     sizeof buffer)));
  else
    signal_failure (env, &race->failure, settings,
                    race->plan ? race->plan->settings : NULL, Qnil);
}

/* (sockopt--finish HANDLE JOB SETTINGS)

   JOB is done.  If the process of HANDLE still waits for it, lay the
   socket beneath it.  Value is (ADDRESS . RESULTS) if it is connected,
   nil if the connection failed and the process is going to say so.  If
   there is no socket that could fail, signal why.  */
PRIMITIVE (sockopt_finish)
{
  (void) nargs;
  (void) data;
  struct handle *handle = handle_get (env, args[0]);
  struct job *job = job_get (env, args[1]);
  if (!job || !has_result (job) || !handle_valid (handle))
    return Qnil;
  struct race *race;
  enum race_state state = job_race (job, &race);
  if (state == RACE_RUNNING || race->fd < 0)
    signal_job (env, job, race, args[2]);
  else if (adopt_race (env, handle, race) && state == RACE_WON)
    return job_to_lisp (env, handle, job, args[2]);
  return Qnil;
}

/* (sockopt--won-p JOB)
   Whether JOB, which is done, has connected.  */
PRIMITIVE (sockopt_won_p)
{
  (void) nargs;
  (void) data;
  struct race *race;
  struct job *job = job_get (env, args[0]);
  return job && job_done (job) && job_race (job, &race) == RACE_WON ? Qt
                                                                    : Qnil;
}

/* (sockopt--drop JOB)
   A process that still waits for it fails.  */
PRIMITIVE (sockopt_drop)
{
  (void) nargs;
  (void) data;
  job_drop (env, args[0]);
  return Qnil;
}

/* (sockopt--name HANDLE)
   The address that the socket is bound to.  */
PRIMITIVE (sockopt_name)
{
  (void) nargs;
  (void) data;
  struct address address;
  struct handle *handle = handle_get (env, args[0]);
  return handle && address_local_of (handle->fd, &address)
           ? lisp_from_address (env, &address)
           : Qnil;
}

/* (sockopt--close HANDLE) */
PRIMITIVE (sockopt_close)
{
  (void) nargs;
  (void) data;
  struct handle *handle = handle_get (env, args[0]);
  if (handle)
    handle_close (handle);
  return Qnil;
}

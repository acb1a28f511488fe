/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The primitive that makes a socket, connected or listening.  */

#include "option/config.h"

#include <errno.h>

#include "emacs/defun.h"
#include "emacs/handle.h"
#include "emacs/lisp-address.h"
#include "emacs/lisp-plan.h"
#include "emacs/lisp-settings.h"
#include "emacs/lisp.h"
#include "socket/clock.h"
#include "socket/connection-log.h"

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

/* Connect to the first of the ADDRESSES that answers until END.  Return -1
   when none does, or when the user quits.  *LOG says what was tried; it may
   be null.  */
static int
open_connected (emacs_env *env, const struct plan *plan,
                const struct addresses *addresses, int64_t end, size_t *index,
                struct failure *failure, struct connection_log **log)
{
  struct race race;
  race_start (&race, plan, addresses->items, addresses->count);
  enum race_state state = race_run (&race, 0);
  while (state == RACE_RUNNING && !lisp_wants_to_quit (env)
         && clock_microseconds () < end)
    state = race_run (&race, deadline_wait (end));
  if (state == RACE_WON)
    {
      *index = race.address;
      *log = connection_log_make (&race, addresses->lookup);
      return race.fd;
    }
  *failure = race.failure;
  if (state == RACE_RUNNING && end <= clock_microseconds ())
    *failure = (struct failure){ .code = ETIMEDOUT,
                                 .verb = "make client process failed" };
  else if (race.fd >= 0)
    *failure = (struct failure){ .code = socket_error (race.fd),
                                 .verb = "make client process failed" };
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

/* Whether the socket of PLAN is to be connected to one of ADDRESSES.  One of
   datagrams is not, for an error of the network would end the process of
   Emacs; but core can send to a name of the abstract namespace only if it
   need not say that name, which it would lengthen.  */
static bool
connects (const struct plan *plan, const struct addresses *addresses)
{
  if (plan->server)
    return false;
  return (plan->type != SOCK_DGRAM && plan->type != SOCK_RAW)
         || address_abstract (&addresses->items[0]);
}

/* Make a socket by PLAN at ADDRESSES until END, or signal why there is
   none; REST goes to the end of a client's error data, and VECTOR is what
   the settings came from.  Value is (ADDRESS . RESULTS).  */
static emacs_value
open_socket (emacs_env *env, struct handle *handle, const struct plan *plan,
             const struct addresses *addresses, int64_t end,
             emacs_value vector, emacs_value rest)
{
  struct connection_log *log = NULL;
  size_t index = 0;
  struct failure failure = { .code = 0 };
  int fd
    = connects (plan, addresses)
        ? open_connected (env, plan, addresses, end, &index, &failure, &log)
        : open_first (plan, addresses, &index, &failure);
  struct address actual = addresses->items[index];
  if (fd < 0)
    {
      emacs_value address = lisp_from_address (env, &actual);
      signal_failure (env, &failure, plan, vector,
                      plan->server ? LISP_CALL (env, Qlist, address) : rest);
      return Qnil;
    }
  actual = actual_address (plan, fd, &actual);
  handle_own (handle, fd,
              socket_class_for (address_family (&actual), plan->type,
                                plan->protocol));
  handle_note_log (handle, log);
  emacs_value address = lisp_from_address (env, &actual);
  emacs_value results = settings_results (env, handle, plan->settings,
                                          plan->settings_count, vector);
  return LISP_CALL (env, Qcons_function, address, results);
}

DEFUN ("sockopt--open", sockopt_open, Ssockopt_open, 11, 11,
       "Make a socket for HANDLE, and return (ADDRESS . RESULTS).\n"
       "HANDLE, a new one, has it also if the user quits.  TYPE is as for\n"
       "`make-network-process', PROTOCOL a symbol or a\n"
       "number. BACKLOG is an integer for a server; for a client it is\n"
       "nil, and the socket is connected to the first of ADDRESSES that\n"
       "answers, unless it is one for datagrams or raw. SETTINGS is [ROW\n"
       "VALUE ROW VALUE ...], of which the first OPTIONAL may fail.  ARGS,\n"
       "a list, ends the data of an error.  STAGGER is how many\n"
       "milliseconds an address has for itself before the next one is\n"
       "tried as well, TIMEOUT how many all of them have; nil is the usual\n"
       "and for ever.  LOCAL is the address that a client is bound to\n"
       "first, nil for none.\n\n"
       "ADDRESS is the one that was taken, with the port that the kernel\n"
       "chose. RESULTS has for each of SETTINGS a list of the value that\n"
       "the option has now, or a string that says why it could not be set.\n\n"
       "(fn HANDLE TYPE PROTOCOL BACKLOG ADDRESSES SETTINGS OPTIONAL ARGS\n"
       "STAGGER TIMEOUT LOCAL)")
{
  size_t count;
  emacs_value result = Qnil;
  struct setting *settings
    = settings_from_lisp (env, args[5], lisp_int (env, args[6]), &count);
  struct plan plan = plan_from_lisp (env, args[1], args[2], args[3], args[8],
                                     args[10], settings, count);
  int64_t end = deadline_from_lisp (env, args[9]);
  struct handle *handle = handle_get (env, args[0]);
  struct addresses *addresses = addresses_get (env, args[4]);
  if (handle && addresses)
    result
      = open_socket (env, handle, &plan, addresses, end, args[5], args[7]);
  settings_free (settings, count);
  return result;
}

void
syms_of_process_open (emacs_env *env)
{
  defsubr (env, &Ssockopt_open);
}

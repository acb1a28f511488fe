/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Find the descriptor of a network process.  */

#include "option/config.h"

#include "emacs/find.h"

#include <sys/socket.h>

#include "emacs/find-mark.h"
#include "emacs/lisp-address.h"
#include "emacs/lisp.h"
#include "socket/linger.h"
#include "socket/placeholder.h"

/* Whether FD is a socket of streams.  Of others several may have the
   same addresses.  */
static bool
is_stream (int fd)
{
  int type = 0;
  socklen_t length = sizeof type;
  return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0
         && type == SOCK_STREAM;
}

/* Whether FD listens at ADDRESS.  */
static bool
listens_at (int fd, const struct address *address)
{
#ifdef SO_ACCEPTCONN
  int listening = 0;
  socklen_t length = sizeof listening;
  struct address bound;
  return getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0
         && listening && address_local_of (fd, &bound)
         && address_equal (&bound, address);
#else
  (void) address;
  return fd < 0;
#endif
}

/* The only descriptor that listens at the address of a server with CONTACT,
   or -1.  Where a server of datagrams is, which does not listen, another
   process may.  */
static int
find_at_address (emacs_env *env, emacs_value contact)
{
  struct address address;
  int found = -1, matches = 0;
  emacs_value type = LISP_CALL (env, Qplist_get, contact, Qtype);
  lisp_to_address (env, Qlocal, LISP_CALL (env, Qplist_get, contact, Qlocal),
                   &address);
  if (lisp_pending (env))
    {
      env->non_local_exit_clear (env);
      return -1;
    }
  if (env->eq (env, type, Qdatagram) || env->eq (env, type, Qraw))
    return -1;
  for (int fd = 0; fd < DESCRIPTOR_MAX; fd++)
    if (listens_at (fd, &address))
      {
        found = fd;
        matches++;
      }
  return matches == 1 ? found : -1;
}

/* A listener is not marked by its linger time: a connection that
   completes at that moment would inherit the mark for good.  */
static int
find_listener (emacs_env *env, emacs_value process, emacs_value contact)
{
  int fd = find_at_address (env, contact);
  return fd < 0 ? find_by_toggle (env, process) : fd;
}

/* The address in CONTACT under KEYWORD, if it is an Internet address.  */
static bool
contact_address (emacs_env *env, emacs_value contact, emacs_value keyword,
                 struct address *address)
{
  lisp_to_address (env, keyword, LISP_CALL (env, Qplist_get, contact, keyword),
                   address);
  if (lisp_pending (env))
    {
      env->non_local_exit_clear (env);
      return false;
    }
  return address_family (address) == AF_INET
         || address_family (address) == AF_INET6;
}

/* How many descriptors to try for a connection that is new.  */
enum
{
  NEW_DESCRIPTORS = 4
};

/* A connection that was accepted a moment ago is on one of the last
   descriptors before those that are free, and no other socket has both
   its addresses.  So it needs no mark, nor a look at all descriptors.  */
static int
find_new_connection (emacs_env *env, emacs_value contact)
{
  struct address local, remote, address;
  if (!contact_address (env, contact, Qlocal, &local)
      || !contact_address (env, contact, Qremote, &remote))
    return -1;
  int fd = placeholder_next_descriptor ();
  for (int i = 0; i < NEW_DESCRIPTORS && fd-- > 0; i++)
    if (address_local_of (fd, &address) && address_equal (&address, &local)
        && address_remote_of (fd, &address)
        && address_equal (&address, &remote) && is_stream (fd)
        && !linger_keeps (fd))
      return fd;
  return -1;
}

/* Whether the process with CONTACT is a server.  Its status does not tell
   when it is stopped.  */
static bool
is_server (emacs_env *env, emacs_value contact)
{
  emacs_value server = LISP_CALL (env, Qplist_get, contact, Qserver);
  return !lisp_pending (env) && env->is_not_nil (env, server);
}

/* What the contact plist says of OPTION, to be put back after core has
   changed it.  */
struct contact_option
{
  emacs_value option;
  bool present;
  emacs_value value;
};

static struct contact_option
save_contact (emacs_env *env, emacs_value contact, emacs_value option)
{
  emacs_value cell = LISP_CALL (env, Qplist_member, contact, option);
  return (struct contact_option){
    .option = option,
    .present = !lisp_pending (env) && env->is_not_nil (env, cell),
    .value = LISP_CALL (env, Qplist_get, contact, option)
  };
}

/* Core adds a new property at the end, so two cells go from there.  */
static void
restore_contact (emacs_env *env, emacs_value contact,
                 const struct contact_option *saved)
{
  emacs_value cell = LISP_CALL (env, Qplist_member, contact, saved->option);
  if (lisp_pending (env) || !env->is_not_nil (env, cell))
    return;
  if (saved->present)
    LISP_CALL (env, Qplist_put, contact, saved->option, saved->value);
  else
    LISP_CALL (env, Qnbutlast, contact, env->make_integer (env, 2));
}

static bool
is_one_of (emacs_env *env, emacs_value value, const emacs_value *list,
           size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (env->eq (env, value, list[i]))
      return true;
  return false;
}

static void
signal_process (emacs_env *env, const char *message, emacs_value process)
{
  LISP_SIGNAL (env, Qsockopt_error, lisp_string (env, message), process);
}

/* Check that PROCESS has a socket.  Return its contact plist, the list
   itself.  */
static emacs_value
check_process (emacs_env *env, emacs_value process)
{
  const emacs_value live[] = { Qopen, Qrun, Qlisten, Qconnect, Qstop };
  if (!env->eq (env, env->type_of (env, process), Qprocess))
    {
      LISP_SIGNAL (env, Qwrong_type_argument, Qprocessp, process);
      return Qnil;
    }
  emacs_value type = LISP_CALL (env, Qprocess_type, process);
  emacs_value status = LISP_CALL (env, Qprocess_status, process);
  if (lisp_pending (env))
    return Qnil;
  if (!env->eq (env, type, Qnetwork))
    signal_process (env, "Process is not a network process", process);
  else if (!is_one_of (env, status, live, sizeof live / sizeof *live))
    signal_process (env, "Process is not running", process);
  emacs_value contact = LISP_CALL (env, Qprocess_contact, process, Qt, Qt);
  if (!lisp_pending (env) && !env->is_not_nil (env, contact))
    signal_process (env, "Process is still looking up its host", process);
  return contact;
}

/* Find the server PROCESS by what core can change of it, and put back
   what CONTACT says.  */
static int
find_server (emacs_env *env, emacs_value process, emacs_value contact)
{
  struct contact_option saved = save_contact (env, contact, Qbroadcast);
  int fd = find_listener (env, process, contact);
  restore_contact (env, contact, &saved);
  return fd;
}

/* Likewise any other PROCESS, by its linger time.  */
static int
find_other (emacs_env *env, emacs_value process, emacs_value contact, int hint)
{
  struct contact_option saved = save_contact (env, contact, Qlinger);
  int fd = find_by_hint (env, process, hint);
  if (fd < 0 && !lisp_pending (env))
    fd = find_by_mark (env, process);
  restore_contact (env, contact, &saved);
  return fd;
}

int
find_descriptor (emacs_env *env, emacs_value process, int hint)
{
  emacs_value contact = check_process (env, process);
  if (lisp_pending (env))
    return -1;
  int fd = -1;
  if (is_server (env, contact))
    fd = find_server (env, process, contact);
  else if (hint >= 0 || (fd = find_new_connection (env, contact)) < 0)
    fd = find_other (env, process, contact, hint);
  if (fd < 0)
    signal_process (env, "Cannot find the socket of the process", process);
  return fd;
}

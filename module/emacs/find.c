/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Find the descriptor of a network process.  */

#include "option/config.h"

#include "emacs/find.h"

#include <errno.h>
#include <string.h>
#include <sys/select.h>

#include "emacs/lisp-address.h"
#include "emacs/lisp.h"
#include "option/kind.h"
#include "socket/placeholder.h"

/* Emacs makes no process on a descriptor beyond this.  */
enum
{
  DESCRIPTOR_MAX = FD_SETSIZE
};

/* The marks are linger times that `sockopt-set' refuses, and that a
   32-bit kernel still stores as they are.  */
enum
{
  MARK_MIN = LINGER_SECONDS_MAX + 1,
  MARK_MAX = 1 << 20
};

/* Call core's `set-network-process-option'.  */
static void
set_option (emacs_env *env, emacs_value process, emacs_value option,
            emacs_value value)
{
  LISP_CALL (env, Qset_option, process, option, value);
}

static bool
read_linger (int fd, struct linger *linger)
{
  socklen_t length = sizeof *linger;
  return getsockopt (fd, SOL_SOCKET, SO_LINGER, linger, &length) == 0;
}

/* Turning it off does not reset the time, so that is put back first.  */
static void
restore_linger (int fd, const struct linger *linger)
{
  struct linger on = { .l_onoff = 1, .l_linger = linger->l_linger };
  setsockopt (fd, SOL_SOCKET, SO_LINGER, &on, sizeof on);
  if (!linger->l_onoff)
    setsockopt (fd, SOL_SOCKET, SO_LINGER, linger, sizeof *linger);
}

/* Whether LINGER is a mark: one that was set after a wrong hint.  */
static bool
is_mark (const struct linger *linger)
{
  return linger->l_onoff && MARK_MIN <= linger->l_linger
         && linger->l_linger <= MARK_MAX;
}

static bool
has_mark (int fd, int mark)
{
  struct linger linger;
  return read_linger (fd, &linger) && linger.l_onoff
         && linger.l_linger == mark;
}

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

/* A mark that no socket carries now.  */
static int
unused_mark (const struct linger *before)
{
  static int mark = MARK_MIN;
  mark = mark == MARK_MAX ? MARK_MIN : mark + 1;
  for (int fd = 0; fd < DESCRIPTOR_MAX; fd++)
    if (before[fd].l_linger == mark)
      return unused_mark (before);
  return mark;
}

/* Look at HINT alone.  */
static int
find_by_hint (emacs_env *env, emacs_value process, int hint)
{
  struct linger before;
  if (hint < 0 || DESCRIPTOR_MAX <= hint || !read_linger (hint, &before)
      || is_mark (&before))
    return -1;
  set_option (env, process, Qlinger, env->make_integer (env, MARK_MIN));
  if (lisp_pending (env) || !has_mark (hint, MARK_MIN))
    return -1;
  restore_linger (hint, &before);
  return hint;
}

static int
find_by_mark (emacs_env *env, emacs_value process)
{
  struct linger before[DESCRIPTOR_MAX];
  int found = -1;
  for (int fd = 0; fd < DESCRIPTOR_MAX; fd++)
    if (!read_linger (fd, &before[fd]) || is_mark (&before[fd]))
      before[fd] = (struct linger){ .l_onoff = 0 };
  int mark = unused_mark (before);
  set_option (env, process, Qlinger, env->make_integer (env, mark));
  for (int fd = 0; fd < DESCRIPTOR_MAX && found < 0; fd++)
    if (has_mark (fd, mark))
      {
        restore_linger (fd, &before[fd]);
        found = fd;
      }
  return found;
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

static int
broadcast_of (int fd)
{
  int value = -1;
  socklen_t length = sizeof value;
  if (getsockopt (fd, SOL_SOCKET, SO_BROADCAST, &value, &length) < 0)
    return -1;
  return value;
}

/* Several sockets listen at the same address (SO_REUSEPORT), or none
   that we can tell by it: toggle a flag that means nothing to a
   listener, and see whose changes.  */
static int
find_by_toggle (emacs_env *env, emacs_value process)
{
  int before[DESCRIPTOR_MAX], on[DESCRIPTOR_MAX];
  int found = -1;
  for (int fd = 0; fd < DESCRIPTOR_MAX; fd++)
    before[fd] = broadcast_of (fd);
  set_option (env, process, Qbroadcast, Qt);
  for (int fd = 0; fd < DESCRIPTOR_MAX; fd++)
    on[fd] = broadcast_of (fd);
  set_option (env, process, Qbroadcast, Qnil);
  for (int fd = 0; fd < DESCRIPTOR_MAX && found < 0; fd++)
    if (on[fd] > 0 && broadcast_of (fd) == 0)
      {
        setsockopt (fd, SOL_SOCKET, SO_BROADCAST, &before[fd],
                    sizeof before[fd]);
        found = fd;
      }
  return found;
}

/* A listener is not marked by its linger time: a connection that
   completes at that moment would inherit the mark for good.  */
static int
find_listener (emacs_env *env, emacs_value process, emacs_value contact)
{
  struct address address;
  int found = -1, matches = 0;
  lisp_to_address (env, Qlocal, LISP_CALL (env, Qplist_get, contact, Qlocal),
                   &address);
  if (lisp_pending (env))
    {
      env->non_local_exit_clear (env);
      return find_by_toggle (env, process);
    }
  for (int fd = 0; fd < DESCRIPTOR_MAX; fd++)
    if (listens_at (fd, &address))
      {
        found = fd;
        matches++;
      }
  return matches == 1 ? found : find_by_toggle (env, process);
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
        && address_equal (&address, &remote) && is_stream (fd))
      return fd;
  return -1;
}

/* Whether the process with CONTACT listens.  Its status does not tell
   when it is stopped.  */
static bool
is_listener (emacs_env *env, emacs_value contact)
{
  emacs_value server = LISP_CALL (env, Qplist_get, contact, Qserver);
  emacs_value type = LISP_CALL (env, Qplist_get, contact, Qtype);
  return !lisp_pending (env) && env->is_not_nil (env, server)
         && !env->eq (env, type, Qdatagram);
}

/* What the contact plist says of OPTION, to be put back after core has
   changed it.  */
struct claim
{
  emacs_value option;
  bool present;
  emacs_value value;
};

static struct claim
save_claim (emacs_env *env, emacs_value contact, emacs_value option)
{
  emacs_value cell = LISP_CALL (env, Qplist_member, contact, option);
  return (struct claim){ .option = option,
                         .present
                         = !lisp_pending (env) && env->is_not_nil (env, cell),
                         .value
                         = LISP_CALL (env, Qplist_get, contact, option) };
}

/* Core adds a new property at the end, so two cells go from there.  */
static void
restore_claim (emacs_env *env, emacs_value contact, const struct claim *claim)
{
  emacs_value cell = LISP_CALL (env, Qplist_member, contact, claim->option);
  if (lisp_pending (env) || !env->is_not_nil (env, cell))
    return;
  if (claim->present)
    LISP_CALL (env, Qplist_put, contact, claim->option, claim->value);
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

/* Find the listener PROCESS by what core can change of it, and put back
   what CONTACT says.  */
static int
find_server (emacs_env *env, emacs_value process, emacs_value contact)
{
  struct claim claim = save_claim (env, contact, Qbroadcast);
  int fd = find_listener (env, process, contact);
  restore_claim (env, contact, &claim);
  return fd;
}

/* Likewise any other PROCESS, by its linger time.  */
static int
find_other (emacs_env *env, emacs_value process, emacs_value contact, int hint)
{
  struct claim claim = save_claim (env, contact, Qlinger);
  int fd = find_by_hint (env, process, hint);
  if (fd < 0 && !lisp_pending (env))
    fd = find_by_mark (env, process);
  restore_claim (env, contact, &claim);
  return fd;
}

int
find_descriptor (emacs_env *env, emacs_value process, int hint)
{
  emacs_value contact = check_process (env, process);
  if (lisp_pending (env))
    return -1;
  int fd = -1;
  if (is_listener (env, contact))
    fd = find_server (env, process, contact);
  else if (hint >= 0 || (fd = find_new_connection (env, contact)) < 0)
    fd = find_other (env, process, contact, hint);
  if (fd < 0)
    signal_process (env, "Cannot find the socket of the process", process);
  return fd;
}

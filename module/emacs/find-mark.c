/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Find the descriptor of a process by what core can change of it.  */

#include "option/config.h"

#include "emacs/find-mark.h"

#include <stdbool.h>
#include <sys/socket.h>

#include "emacs/lisp.h"
#include "socket/linger.h"

/* A mark is a linger time that no socket has just then, one of more than
   there are sockets.  All systems store these as they are; BSD's field for
   them has 15 bits.  */
enum
{
  MARK_MIN = 20000,
  MARK_MAX = MARK_MIN + DESCRIPTOR_MAX
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

static bool
has_mark (int fd, int mark)
{
  struct linger linger;
  return read_linger (fd, &linger) && linger.l_onoff
         && linger.l_linger == mark;
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

int
find_by_hint (emacs_env *env, emacs_value process, int hint)
{
  struct linger before;
  if (hint < 0 || DESCRIPTOR_MAX <= hint || !read_linger (hint, &before))
    return -1;
  int mark = before.l_linger == MARK_MIN ? MARK_MAX : MARK_MIN;
  set_option (env, process, Qlinger, env->make_integer (env, mark));
  if (lisp_pending (env) || !has_mark (hint, mark))
    return -1;
  restore_linger (hint, &before);
  return hint;
}

int
find_by_mark (emacs_env *env, emacs_value process)
{
  struct linger before[DESCRIPTOR_MAX];
  int found = -1;
  for (int fd = 0; fd < DESCRIPTOR_MAX; fd++)
    if (!read_linger (fd, &before[fd]))
      before[fd] = (struct linger){ .l_onoff = 0 };
  int mark = unused_mark (before);
  set_option (env, process, Qlinger, env->make_integer (env, mark));
  for (int fd = 0; fd < DESCRIPTOR_MAX && found < 0; fd++)
    if (has_mark (fd, mark) && !linger_keeps (fd))
      {
        restore_linger (fd, &before[fd]);
        found = fd;
      }
  return found;
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

int
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

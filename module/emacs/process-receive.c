/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives that read datagrams, with what the kernel tells of them.  */

#include "option/config.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "emacs/defun.h"
#include "emacs/handle.h"
#include "emacs/lisp-address.h"
#include "emacs/lisp-option.h"
#include "emacs/lisp-value.h"
#include "emacs/lisp.h"
#include "option/control.h"
#include "socket/patience.h"

/* More than the longest datagram: Internet ones have 64 KiB at most, local
   ones as much as the usual send buffer.  */
enum
{
  DATA_ROOM = 256 * 1024
};

/* Have Linux return the length of a datagram that was cut.  */
#ifdef SYSTEM_LINUX
# define RECEIVE_FLAGS (MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC)
#else
# define RECEIVE_FLAGS MSG_DONTWAIT
#endif

/* What recvmsg fills.  */
struct received
{
  struct address address;
  struct iovec vector;
  struct msghdr message;
  _Alignas(struct cmsghdr) char control[CONTROL_ROOM];
  char data[DATA_ROOM];
};

/* Lisp runs in one thread at a time, and none of it while this is in use;
   the stack is no place for so much.  */
static struct received received;

/* Read from FD with FLAGS.  Return how long the datagram is, or -1.  A few
   signals may come, but not without end.  */
static ssize_t
receive (int fd, int flags)
{
  ssize_t length;
  int signals = 0;
  received.vector = (struct iovec){ .iov_base = received.data,
                                    .iov_len = sizeof received.data };
  received.message
    = (struct msghdr){ .msg_name = &received.address.storage,
                       .msg_namelen = sizeof received.address.storage,
                       .msg_iov = &received.vector,
                       .msg_iovlen = 1,
                       .msg_control = received.control,
                       .msg_controllen = sizeof received.control };
  do
    length = recvmsg (fd, &received.message, RECEIVE_FLAGS | flags);
  while (length < 0 && patience_interrupted (&signals));
  received.address.length = received.message.msg_namelen;
  return length;
}

/* Likewise from its queue of errors.  Put into SENT whether it is from there.
   A system, or a kind of socket, without such a queue may have a datagram
   instead, which has come meanwhile.  */
static ssize_t
receive_error (int fd, bool *sent)
{
  *sent = false;
#ifdef MSG_ERRQUEUE
  ssize_t length = receive (fd, MSG_ERRQUEUE);
  *sent = received.message.msg_flags & MSG_ERRQUEUE;
  return length;
#else
  (void) fd;
  return -1;
#endif
}

/* INFO with KEY and VALUE before all else.  */
static emacs_value
put_first (emacs_env *env, const char *key, emacs_value value,
           emacs_value info)
{
  return LISP_CALL (env, Qcons_function, lisp_symbol (env, key),
                    LISP_CALL (env, Qcons_function, value, info));
}

/* What came along with the datagram of LENGTH, a property list.  */
static emacs_value
received_info (emacs_env *env, ssize_t length)
{
  struct pool pool = POOL_NONE;
  struct value value;
  emacs_value info = Qnil;
  if (control_decode (&received.message, &pool, &value) == FAULT_NONE)
    info = lisp_from_value (env, &value);
  else
    lisp_signal_memory (env);
  pool_free (&pool);
  control_close (&received.message);
  if (received.message.msg_flags & MSG_CTRUNC)
    info = put_first (env, ":incomplete", Qt, info);
  if (received.message.msg_flags & MSG_TRUNC)
    info
      = put_first (env, ":truncated",
                   DATA_ROOM < length ? env->make_integer (env, length) : Qt,
                   info);
  return info;
}

/* What has been read, of LENGTH, as Lisp wants it; FROM is nil for what was
   read from the queue of errors.  */
static emacs_value
received_to_lisp (emacs_env *env, ssize_t length, emacs_value from)
{
  ptrdiff_t size = DATA_ROOM < length ? DATA_ROOM : length;
  emacs_value info = received_info (env, length);
  return LISP_CALL (env, Qlist,
                    env->make_unibyte_string (env, received.data, size),
                    received.address.length == 0
                      ? Qnil
                      : lisp_from_address (env, &received.address),
                    info, from);
}

/* An error with CODE that nothing more is known of.  */
static emacs_value
error_to_lisp (emacs_env *env, int code)
{
  struct bytes bytes = { .length = sizeof code, .as.integer = code };
  emacs_value error = lisp_decode (env, option_find (":error"), &bytes);
  return LISP_CALL (env, Qlist, env->make_unibyte_string (env, "", 0), Qnil,
                    put_first (env, ":error", error, Qnil), Qnil);
}

/* Read from FD, or else from its queue of errors.  An error that reading
   reports is mostly about one that is in there.  */
static emacs_value
receive_any (emacs_env *env, int fd)
{
  ssize_t length = receive (fd, 0);
  if (length >= 0)
    return received_to_lisp (env, length, Qt);
  int code = errno;
  bool sent;
  length = receive_error (fd, &sent);
  if (length >= 0)
    return received_to_lisp (env, length, sent ? Qnil : Qt);
  return code == EAGAIN || code == EWOULDBLOCK ? Qnil
                                               : error_to_lisp (env, code);
}

DEFUN ("sockopt--receive", sockopt_receive, Ssockopt_receive, 3, 3,
       "Read a datagram of PROCESS, which has STATUS and HANDLE.\n"
       "Value is nil if there is none now, or (DATA ADDRESS INFO SENT).\n"
       "DATA is a unibyte string, ADDRESS where it comes from, nil if that\n"
       "has no name, INFO a plist of what the kernel tells of it.  SENT is\n"
       "t, or nil for something that was to be sent, to ADDRESS, and that\n"
       "INFO tells the error of.\n\n"
       "(fn PROCESS STATUS HANDLE)")
{
  struct handle *handle = handle_of_process (env, args);
  return handle ? receive_any (env, handle->fd) : Qnil;
}

DEFUN ("sockopt--watch", sockopt_watch, Ssockopt_watch, 1, 1,
       "Start a thread that reports to CHANNEL, a pipe process.\n"
       "Value is a user pointer for `sockopt--arm'.\n\n"
       "(fn CHANNEL)")
{
  int fd = env->open_channel (env, args[0]);
  if (lisp_pending (env))
    return Qnil;
  struct channel *channel = channel_make (fd);
  struct watch *watch = channel ? watch_start (channel) : NULL;
  if (watch)
    return watch_make (env, watch);
  lisp_signal_errno (env, "Cannot start a thread", errno, Qnil);
  return Qnil;
}

DEFUN ("sockopt--arm", sockopt_arm, Ssockopt_arm, 5, 5,
       "Have the thread of WATCH report NUMBER once PROCESS can be read.\n"
       "PROCESS has STATUS and HANDLE.  Value is nil.\n\n"
       "(fn PROCESS STATUS HANDLE WATCH NUMBER)")
{
  struct handle *handle = handle_of_process (env, args);
  struct watch *watch = handle ? watch_get (env, args[3]) : NULL;
  unsigned number = (unsigned) lisp_integer (env, args[4], 1, UINT_MAX);
  if (!watch || lisp_pending (env))
    return Qnil;
  int code = watch_arm (watch, handle->fd, number);
  if (code != 0)
    lisp_signal_errno (env, "Cannot wait for data", code, Qnil);
  return Qnil;
}

DEFUN ("sockopt--wake", sockopt_wake, Ssockopt_wake, 1, 1,
       "Report 0 to the channel of WATCH.  Value is nil.\n\n"
       "(fn WATCH)")
{
  struct watch *watch = watch_get (env, args[0]);
  if (watch)
    watch_wake (watch);
  return Qnil;
}

DEFUN ("sockopt--unwatch", sockopt_unwatch, Ssockopt_unwatch, 1, 1,
       "End the thread of WATCH.  Value is nil.\n\n"
       "(fn WATCH)")
{
  watch_drop (env, args[0]);
  return Qnil;
}

void
syms_of_process_receive (emacs_env *env)
{
  defsubr (env, &Ssockopt_receive);
  defsubr (env, &Ssockopt_watch);
  defsubr (env, &Ssockopt_arm);
  defsubr (env, &Ssockopt_wake);
  defsubr (env, &Ssockopt_unwatch);
}

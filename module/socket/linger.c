/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets that linger: have Emacs not wait when it closes one.  */

/* Closing the last descriptor of a socket with SO_LINGER waits in the kernel
   until the peer has all, or the time is over (socket(7)).  Emacs closes
   sockets by itself, from C, when their peers end the connection, and is
   frozen for that time.  So here such a socket gets a second descriptor, and
   that of Emacs is not the last.  When Emacs has closed its own, the option
   is turned off and the other is closed, too.  That does not wait, and the
   kernel goes on delivering.

   A thread does that, as long as there are such sockets.  Nobody says that
   Emacs has closed one, so it looks.  Emacs closes when the peer has ended
   its side, of which epoll tells; then the thread looks at once, and again
   after one millisecond, two, four, and so on.  So the peer waits for our end
   for no longer than Emacs took to read.  It goes on to look once a second,
   as TLS can end before its connection does.

   Other systems do not wait for a socket that does not block, and those of
   Emacs do not.  */

#include "option/config.h"

#include "socket/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "option/socket-class.h"
#include "socket/socket.h"
#include "socket/thread.h"

bool
linger_waits_now (int fd)
{
  struct linger linger;
  socklen_t length = sizeof linger;
  return getsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, &length) == 0
         && linger_waits (&linger);
}

void
linger_stop (int fd)
{
  const struct linger off = { .l_onoff = 0 };
  if (linger_waits_now (fd))
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
}

#ifdef SYSTEM_LINUX

# include <poll.h>
# include <sys/epoll.h>
# include <sys/eventfd.h>

/* Between two looks, in milliseconds.  */
enum
{
  PAUSE_MIN = 1,
  PAUSE_MAX = 1000
};

/* The socket that is FD and, until Emacs closes that, EMACS.  */
struct kept
{
  struct kept *next;
  int fd;
  int emacs;
  uint64_t identity;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct kept *list;

/* What the thread waits for peers with, or -1 when there is no thread; it
   closes both when it ends.  What is written to WAKE has it look.  */
static int epoll = -1;
static int wake = -1;

/* Whether closing FD ever waits.  */
static bool
can_wait (int fd)
{
  int listening = 0;
  socklen_t length = sizeof listening;
  return socket_class (fd) & (CLASSES_ACCEPTED | CLASS_VSOCK)
         && !(getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length)
                == 0
              && listening);
}

/* Whether Emacs has closed KEPT.  */
static bool
is_closed (const struct kept *kept)
{
  uint64_t identity;
  return socket_identity (kept->emacs, &identity)
           ? identity != kept->identity
           : errno == EBADF || errno == ENOTSOCK;
}

/* The place in the list of the one that is EMACS with IDENTITY, or of the
   null pointer at its end.  */
static struct kept **
find (int emacs, uint64_t identity)
{
  struct kept **place = &list;
  while (*place
         && ((*place)->emacs != emacs || (*place)->identity != identity))
    place = &(*place)->next;
  return place;
}

/* Take the one at PLACE out of the list, and close it.  */
static void
let_go (struct kept **place)
{
  struct kept *kept = *place;
  *place = kept->next;
  epoll_ctl (epoll, EPOLL_CTL_DEL, kept->fd, NULL);
  socket_close (&kept->fd);
  free (kept);
}

/* Close the one at PLACE, which nobody else has, without a wait.  */
static void
close_last (struct kept **place)
{
  linger_stop ((*place)->fd);
  let_go (place);
}

static void
close_parts (void)
{
  socket_close (&epoll);
  socket_close (&wake);
}

/* Close those that Emacs has closed.  False if there are no others; then the
   thread is no more.  */
static bool
look (void)
{
  pthread_mutex_lock (&mutex);
  struct kept **place = &list;
  while (*place)
    if (is_closed (*place))
      close_last (place);
    else
      place = &(*place)->next;
  bool more = list;
  if (!more)
    close_parts ();
  pthread_mutex_unlock (&mutex);
  return more;
}

/* Wait until a peer has ended its side, or for PAUSE milliseconds.  Return
   whether one has.  */
static bool
wait_for_end (int pause)
{
  struct epoll_event event;
  int count = epoll_wait (epoll, &event, 1, pause);
  if (count < 0)
    poll (NULL, 0, pause);
  return count > 0;
}

static void *
run (void *data)
{
  int pause = PAUSE_MAX;
  (void) data;
  while (look ())
    if (wait_for_end (pause))
      pause = PAUSE_MIN;
    else
      pause = pause < PAUSE_MAX / 2 ? 2 * pause : PAUSE_MAX;
  return NULL;
}

/* Open what the thread waits with.  Return 0 or an errno value.  Each write
   to WAKE is one event, so nobody has to read there.  */
static int
open_parts (void)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLET };
  epoll = epoll_create1 (EPOLL_CLOEXEC);
  wake = epoll < 0 ? -1 : eventfd (0, EFD_CLOEXEC);
  return wake < 0 || epoll_ctl (epoll, EPOLL_CTL_ADD, wake, &event) < 0 ? errno
                                                                        : 0;
}

/* Have the thread look now, if there is one.  It does so in a second if this
   fails.  */
static void
wake_up (void)
{
  const uint64_t one = 1;
  if (wake >= 0 && write (wake, &one, sizeof one) < 0)
    return;
}

/* Start the thread unless there is one.  Return 0 or an errno value.  */
static int
start (void)
{
  if (epoll >= 0)
    return 0;
  int code = open_parts ();
  if (code == 0)
    code = thread_start (run, NULL);
  if (code != 0)
    close_parts ();
  return code;
}

/* Have the thread wait for the end of FD.  Return 0 or an errno value.  */
static int
watch (int fd)
{
  struct epoll_event event = { .events = EPOLLRDHUP | EPOLLONESHOT };
  int code = start ();
  if (code == 0 && epoll_ctl (epoll, EPOLL_CTL_ADD, fd, &event) < 0)
    code = errno;
  return code;
}

/* Keep EMACS, a socket with IDENTITY.  Return 0 or an errno value.  */
static int
keep (int emacs, uint64_t identity)
{
  struct kept *kept = malloc (sizeof *kept);
  if (!kept)
    return ENOMEM;
  *kept = (struct kept){ .next = list,
                         .fd = fcntl (emacs, F_DUPFD_CLOEXEC, 0),
                         .emacs = emacs,
                         .identity = identity };
  int code = kept->fd < 0 ? errno : watch (kept->fd);
  if (code == 0)
    {
      list = kept;
      return 0;
    }
  socket_close (&kept->fd);
  free (kept);
  return code;
}

int
linger_keep (int fd, uint64_t identity)
{
  int code = 0;
  pthread_mutex_lock (&mutex);
  if (!*find (fd, identity) && can_wait (fd))
    code = keep (fd, identity);
  pthread_mutex_unlock (&mutex);
  return code;
}

void
linger_release (int fd, uint64_t identity)
{
  pthread_mutex_lock (&mutex);
  struct kept **place = find (fd, identity);
  if (*place)
    let_go (place);
  if (!list)
    wake_up ();
  pthread_mutex_unlock (&mutex);
}

bool
linger_keeps (int fd)
{
  pthread_mutex_lock (&mutex);
  const struct kept *kept = list;
  while (kept && kept->fd != fd)
    kept = kept->next;
  pthread_mutex_unlock (&mutex);
  return kept;
}

#else

int
linger_keep (int fd, uint64_t identity)
{
  (void) fd;
  (void) identity;
  return 0;
}

void
linger_release (int fd, uint64_t identity)
{
  (void) fd;
  (void) identity;
}

bool
linger_keeps (int fd)
{
  (void) fd;
  return false;
}

#endif

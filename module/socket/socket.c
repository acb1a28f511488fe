/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets: create, bind, connect, listen, with their options in time.  */

#include "option/config.h"

#include "socket/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "option/constants.h"
#include "option/get-set.h"
#include "socket/bind-hint.h"
#include "socket/linger.h"
#include "socket/local.h"
#include "socket/system.h"

void
socket_close (int *fd)
{
  int saved = errno;
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
  errno = saved;
}

/* Remove the file that FD is bound to.  An abstract name is no file.  */
static void
remove_file (int fd)
{
  struct address address;
  size_t size;
  if (address_local_of (fd, &address) && address_family (&address) == AF_UNIX
      && !address_abstract (&address) && address_named (&address))
    unlink (address_path (&address, &size));
}

void
socket_discard (int *fd)
{
  int saved = errno;
  if (*fd >= 0)
    {
      remove_file (*fd);
      linger_stop (*fd);
    }
  errno = saved;
  socket_close (fd);
}

/* Note in *FAILURE that VERB failed with CODE.  */
static bool
fail (struct failure *failure, const char *verb, int code,
      const struct setting *setting)
{
  *failure
    = (struct failure){ .code = code, .verb = verb, .setting = setting };
  return false;
}

void
settings_free (struct setting *settings, size_t count)
{
  for (size_t i = 0; settings && i < count; i++)
    bytes_free (&settings[i].bytes);
  free (settings);
}

struct setting *
settings_copy (const struct setting *settings, size_t count)
{
  struct setting *copy = calloc (count, sizeof *copy);
  for (size_t i = 0; copy && i < count; i++)
    {
      const struct bytes *bytes = &settings[i].bytes;
      copy[i].option = settings[i].option;
      copy[i].optional = settings[i].optional;
      if (!bytes_copy (&copy[i].bytes, bytes_data (bytes), bytes->length))
        {
          settings_free (copy, count);
          return NULL;
        }
    }
  return copy;
}

int *
settings_save_codes (const struct setting *settings, size_t count)
{
  int *codes = calloc (count + 1, sizeof *codes);
  for (size_t i = 0; codes && i < count; i++)
    codes[i] = settings[i].code;
  return codes;
}

void
settings_restore_codes (struct setting *settings, size_t count,
                        const int *codes)
{
  for (size_t i = 0; i < count; i++)
    settings[i].code = codes[i];
}

/* Whether SETTING is made only once the socket of PLAN is connected.  All
   others are made as soon as there is a socket.  Those for a socket that
   listens are, too: the kernel takes them before, and afterwards the first
   connections could slip through.  A server never connects, so it takes
   all as soon as it is there.  */
static bool
waits_for_connection (const struct plan *plan, const struct setting *setting)
{
  return setting->option->phase == PHASE_AFTER_CONNECT && !plan->server;
}

/* Whether SETTING of PLAN is left out, as any address would seem to
   answer.  */
static bool
is_left_out (const struct plan *plan, const struct setting *setting)
{
  return plan->several && setting->option->flags & OPTION_BLIND;
}

/* Make those settings of PLAN that take a connection, if CONNECTED, or else
   all others, on FD of FAMILY.  */
static bool
apply_settings (const struct plan *plan, bool connected, int fd, int family,
                struct failure *failure)
{
  unsigned class = socket_class_for (family, plan->type, plan->protocol);
  for (size_t i = 0; i < plan->settings_count; i++)
    {
      struct setting *setting = &plan->settings[i];
      if (waits_for_connection (plan, setting) != connected
          || is_left_out (plan, setting))
        continue;
      setting->code = option_applies (setting->option, class)
                        ? option_set (fd, setting->option, &setting->bytes)
                        : ENOPROTOOPT;
      if (setting->code != 0 && !setting->optional)
        return fail (failure, "Cannot set network option", setting->code,
                     setting);
    }
  return true;
}

bool
socket_connected (const struct plan *plan, const struct address *address,
                  int fd, struct failure *failure)
{
  return apply_settings (plan, true, fd, address_family (address), failure);
}

/* A server may be started anew at once on a port that old connections
   still hold, as core has it, unless a setting that comes later says
   otherwise.  A local address cannot be shared in that way.  */
static bool
allow_reuse (int fd, int family, struct failure *failure)
{
  int on = 1;
  return family == AF_UNIX
         || setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
         || fail (failure, "Cannot set reuse option on server socket", errno,
                  NULL);
}

int
socket_bind (int fd, const struct address *address)
{
  return bind (fd, (const struct sockaddr *) &address->storage,
               address->length);
}

static bool
bind_server (int fd, const struct address *address, struct failure *failure)
{
  if (socket_bind (fd, address) == 0)
    return true;
  fail (failure, "Cannot bind server socket", errno, NULL);
  failure->hint = bind_hint (true, failure->code, address);
  return false;
}

static bool
listen_server (const struct plan *plan, int fd, struct failure *failure)
{
  return plan->type == SOCK_DGRAM || plan->type == SOCK_RAW
         || listen (fd, plan->backlog) == 0
         || fail (failure, "Cannot listen on server socket", errno, NULL);
}

static bool
set_up_server (const struct plan *plan, int fd, const struct address *address,
               struct failure *failure)
{
  int family = address_family (address);
  return allow_reuse (fd, family, failure)
         && apply_settings (plan, false, fd, family, failure)
         && bind_server (fd, address, failure)
         && listen_server (plan, fd, failure);
}

static bool
set_up_client (const struct plan *plan, int fd, const struct address *address,
               struct failure *failure)
{
  return apply_settings (plan, false, fd, address_family (address), failure)
         && local_bind (plan, fd, failure);
}

/* What would do where the system makes no socket for PLAN, with CODE.  */
static const char *
making_hint (const struct plan *plan, int code)
{
  if (code == EPERM && plan->type == SOCK_RAW)
    return "it takes CAP_NET_RAW";
  if (code == EACCES
      && (plan->protocol == IPPROTO_ICMP || plan->protocol == IPPROTO_ICMPV6))
    return "net.ipv4.ping_group_range must have a group of this Emacs";
  return NULL;
}

int
socket_make (const struct plan *plan, const struct address *address,
             struct failure *failure)
{
  if (!local_fits (plan, address))
    {
      local_misfit (failure);
      return -1;
    }
  int fd
    = system_socket (address_family (address), plan->type, plan->protocol);
  if (fd < 0)
    {
      fail (failure, "Cannot make socket", errno, NULL);
      failure->hint = making_hint (plan, failure->code);
      return -1;
    }
  bool done = plan->server ? set_up_server (plan, fd, address, failure)
                           : set_up_client (plan, fd, address, failure);
  if (!done)
    socket_discard (&fd);
  return fd;
}

/* A signal interrupts connect only while that waits (connect(2), EINTR),
   and on a socket that does not block it never does.  */
int
socket_connect (int fd, const struct address *address)
{
  return connect (fd, (const struct sockaddr *) &address->storage,
                  address->length)
             == 0
           ? 0
           : errno;
}

int
socket_error (int fd)
{
  int code = 0;
  socklen_t length = sizeof code;
  if (getsockopt (fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0)
    return errno;
  return code;
}

/* Whether FD, whose own address is ADDRESS, was bound to that.  A raw
   socket has its protocol where others have a port.  */
static bool
is_bound_to (int fd, const struct address *address)
{
  static const uint8_t any[16];
  int type = SOCK_STREAM;
  socklen_t length = sizeof type;
  getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length);
  if (type != SOCK_RAW)
    return address_named (address);
  size_t size = address_family (address) == AF_INET ? 4 : sizeof any;
  return memcmp (address_bytes (address), any, size) != 0;
}

/* What tells the state of a TCP connection in its first byte, if anything
   does, and the state of one that still connects: the same number on Linux,
   macOS and the BSDs.  */
#if !defined TCP_INFO && defined TCP_CONNECTION_INFO
# define TCP_INFO TCP_CONNECTION_INFO
#endif
enum
{
  STATE_NONE = 0,
  STATE_SYN_SENT = 2
};

/* Whether FD is connected, or on the way to be.  A TCP socket that still
   connects has no peer yet, but a state.  What is read of that is cut to what
   is asked for.  */
static bool
has_begun_to_connect (int fd)
{
  struct address address;
  if (address_remote_of (fd, &address))
    return true;
#ifdef TCP_INFO
  unsigned char state = STATE_NONE;
  socklen_t length = sizeof state;
  if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &state, &length) == 0)
    return state == STATE_SYN_SENT;
#endif
  return false;
}

bool
socket_too_late (int fd, const struct option *option)
{
  struct address address;
  if (option->late)
    return false;
  switch (option->phase)
    {
    case PHASE_BEFORE_BIND:
      if (address_local_of (fd, &address) && is_bound_to (fd, &address))
        return true;
      return has_begun_to_connect (fd);
    case PHASE_BEFORE_CONNECT:
    case PHASE_LISTENING:
      return has_begun_to_connect (fd);
    case PHASE_AFTER_CONNECT:
    case PHASE_ANY:
    default:
      return false;
    }
}

/* Mix the bytes of ADDRESS into HASH: FNV-1a.  */
static uint64_t
mix_address (uint64_t hash, const struct address *address)
{
  const unsigned char *bytes = (const unsigned char *) &address->storage;
  for (size_t i = 0; i < address->length; i++)
    hash = (hash ^ bytes[i]) * 0x100000001b3;
  return hash;
}

/* Identify FD by the addresses at both its ends, which no other connection
   has at the same time.  */
static bool
connection_identity (int fd, uint64_t *identity)
{
  struct address local, remote;
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0
      || type != SOCK_STREAM || !address_local_of (fd, &local)
      || !address_remote_of (fd, &remote))
    return false;
  *identity = mix_address (mix_address (0xcbf29ce484222325, &local), &remote);
  return true;
}

bool
socket_identity (int fd, uint64_t *identity)
{
#ifdef SO_COOKIE
  socklen_t length = sizeof *identity;
  if (getsockopt (fd, SOL_SOCKET, SO_COOKIE, identity, &length) == 0)
    return true;
  if (errno == EBADF || errno == ENOTSOCK)
    return false;
#endif
  struct stat status;
  if (fstat (fd, &status) < 0 || !S_ISSOCK (status.st_mode))
    return false;
  *identity = status.st_ino;
  return status.st_ino != 0 || connection_identity (fd, identity);
}

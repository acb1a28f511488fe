/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Placeholders: what a process of Emacs stands on before our socket.  */

#include "option/config.h"

#include "socket/placeholder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "socket/patience.h"
#include "socket/socket.h"
#include "socket/system.h"

/* Elsewhere a directory is opened to read it, and a socket file cannot be
   opened.  */
#ifndef SYSTEM_LINUX
# undef O_PATH
# define O_PATH O_RDONLY
#endif

/* The directory of a place that could not be removed, "" if there is none,
   and why.  */
static char left_name[PATH_MAX];
static int left_code;

/* The name of the socket file in a place.  */
static const char socket_name[] = "s";

/* Put into PATH the name by which this process reaches what FD is open
   on, whether or not that has a name in a directory.  Return false
   where the system has no such names: on the BSDs a socket cannot be
   connected to by one.  */
#ifdef SYSTEM_LINUX
static bool
descriptor_path (int fd, char *path, size_t size)
{
  struct stat by_name, by_number;
  snprintf (path, size, "/proc/self/fd/%d", fd);
  return stat (path, &by_name) == 0 && fstat (fd, &by_number) == 0
         && by_name.st_ino == by_number.st_ino
         && by_name.st_dev == by_number.st_dev;
}
#else
static bool
descriptor_path (int fd, char *path, size_t size)
{
  (void) fd;
  (void) path;
  (void) size;
  return false;
}
#endif

/* Through the descriptor the path is short, however long the name of
   the directory.  */
static bool
name_socket (struct place *place)
{
  char parent[32];
  const char *directory = place->name;
  if (descriptor_path (place->directory, parent, sizeof parent))
    directory = parent;
  int length = snprintf (place->path, sizeof place->path, "%s/%s", directory,
                         socket_name);
  return 0 < length && (size_t) length < sizeof place->path;
}

/* Whether the directory of PLACE, which was opened by its name, is the one
   that was made: where others can write in its parent, they may have put
   theirs there.  */
static bool
is_ours (const struct place *place)
{
  struct stat status;
  return fstat (place->directory, &status) == 0 && status.st_uid == geteuid ();
}

/* Open the directory of PLACE.  Return 0 or an errno value.  */
static int
open_place (struct place *place)
{
  place->directory
    = open (place->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (place->directory < 0)
    return errno;
  if (is_ours (place))
    return name_socket (place) ? 0 : ENAMETOOLONG;
  /* What is in it is not ours, either.  */
  socket_close (&place->directory);
  return EACCES;
}

int
place_make (struct place *place, const char *parent)
{
  int length
    = snprintf (place->name, sizeof place->name, "%s/sockopt-XXXXXX", parent);
  if (length < 0 || sizeof place->name <= (size_t) length)
    return ENAMETOOLONG;
  if (!mkdtemp (place->name))
    return errno;
  int code = open_place (place);
  if (code != 0)
    place_remove (place);
  return code;
}

/* Return 0 or an errno value.  */
static int
remove_files (const struct place *place)
{
  if (place->directory >= 0 && unlinkat (place->directory, socket_name, 0) < 0
      && errno != ENOENT)
    return errno;
  return rmdir (place->name) == 0 || errno == ENOENT ? 0 : errno;
}

void
place_remove (struct place *place)
{
  int code = remove_files (place);
  socket_close (&place->directory);
  if (code == 0)
    return;
  memcpy (left_name, place->name, sizeof left_name);
  left_code = code;
}

int
place_left (char name[PATH_MAX])
{
  int code = left_code;
  memcpy (name, left_name, sizeof left_name);
  left_code = 0;
  return code;
}

/* The listener that client placeholders connect to, an open file on its
   socket file, and the path that leads to it.  */
static int listener = -1;
static int listener_file = -1;
static char listener_path[LOCAL_PATH_MAX + 1];

/* What it is bound to, which its clients have as their peer.  */
static struct address listener_address;

/* Where the place has to stay, as the listener has no other name.  */
static struct place listener_place;

static void
remove_listener_place (void)
{
  place_remove (&listener_place);
}

static int
listen_at (const char *path)
{
  struct plan plan
    = { .type = SOCK_STREAM, .server = true, .backlog = SOMAXCONN };
  struct address *address = &listener_address;
  struct failure failure;
  if (!address_local (address, path, strlen (path)))
    return ENAMETOOLONG;
  listener = socket_make (&plan, address, &failure);
  if (listener < 0)
    return failure.code;
  return address_local_of (listener, address) ? 0 : errno;
}

/* Once the listener is known by its open file, nothing of it is left in
   any directory, and no other user's program can reach it.  */
static int
name_listener (struct place *place)
{
  listener_file = openat (place->directory, socket_name, O_PATH | O_CLOEXEC);
  if (listener_file >= 0
      && descriptor_path (listener_file, listener_path, sizeof listener_path))
    {
      place_remove (place);
      return 0;
    }
  socket_close (&listener_file);
  memcpy (listener_path, place->path, sizeof listener_path);
  listener_place = *place;
  return atexit (remove_listener_place) == 0 ? 0 : ENOMEM;
}

static int
make_listener (const char *parent)
{
  struct place place;
  int code = place_make (&place, parent);
  if (code != 0)
    return code;
  code = listen_at (place.path);
  if (code == 0)
    code = name_listener (&place);
  if (code != 0)
    {
      socket_close (&listener);
      place_remove (&place);
    }
  return code;
}

bool
placeholder_ready (void)
{
  return listener >= 0;
}

int
placeholder_path (const char *parent, const char **path)
{
  *path = listener_path;
  return placeholder_ready () ? 0 : make_listener (parent);
}

bool
placeholder_is_client (int fd)
{
  struct address peer;
  return address_remote_of (fd, &peer)
         && address_equal (&peer, &listener_address);
}

bool
placeholder_is_server (int fd, const struct place *place)
{
  struct address wanted, bound;
  return address_local (&wanted, place->path, strlen (place->path))
         && address_local_of (fd, &bound) && address_equal (&bound, &wanted);
}

void
placeholder_drain (void)
{
  int fd;
  while ((fd = accept (listener, NULL, NULL)) >= 0)
    close (fd);
}

void
placeholder_spent (void)
{
  enum
  {
    BATCH = 64
  };
  static int count;
  if (++count < BATCH)
    return;
  count = 0;
  placeholder_drain ();
}

/* Write into FD until it takes no more.  */
static void
fill (int fd)
{
  static const char bytes[4096];
  size_t size = sizeof bytes;
  int signals = 0;
  while (size > 0)
    if (send (fd, bytes, size, MSG_NOSIGNAL) < 0)
      {
        if (patience_interrupted (&signals))
          continue;
        /* What takes no more of many takes single ones, or none.  */
        size = size > 1 ? 1 : 0;
      }
}

/* A socket that can be neither read nor written, what it is known by, and its
   peer, which keeps it so.  The last is no socket at all.  All are kept once
   they are there.  */
static int held = -1;
static struct stat held_status;
static int held_peer = -1;
static int no_socket = -1;

static int
make_held (void)
{
  int pair[2];
  int smallest = 1;
  int code = system_socketpair (AF_UNIX, SOCK_STREAM, pair);
  if (code != 0)
    return code;
  no_socket = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (no_socket < 0 || fstat (pair[0], &held_status) < 0)
    {
      code = errno;
      socket_close (&no_socket);
      socket_close (&pair[0]);
      socket_close (&pair[1]);
      return code;
    }
  setsockopt (pair[0], SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest);
  fill (pair[0]);
  held = pair[0];
  held_peer = pair[1];
  return 0;
}

int
placeholder_hold (int *fd)
{
  int code = held < 0 ? make_held () : 0;
  if (code != 0)
    return code;
  *fd = fcntl (held, F_DUPFD_CLOEXEC, 0);
  return *fd < 0 ? errno : 0;
}

/* When it cannot be told, FD is open as it was.  */
bool
placeholder_holds (int fd)
{
  struct stat status;
  if (fstat (fd, &status) < 0)
    return errno != EBADF;
  return status.st_ino == held_status.st_ino
         && status.st_dev == held_status.st_dev;
}

/* Put into *FD a socket whose peer has closed it without reading what was
   sent, which is an error.  Return 0 or an errno value.  */
static int
make_broken (int *fd)
{
  int pair[2];
  int code = system_socketpair (AF_UNIX, SOCK_STREAM, pair);
  if (code != 0)
    return code;
  send (pair[0], "", 1, MSG_NOSIGNAL);
  socket_close (&pair[1]);
  *fd = pair[0];
  return 0;
}

int
placeholder_break (int fd)
{
  int broken = -1;
  if (make_broken (&broken) == 0)
    {
      int code = placeholder_replace (fd, &broken);
      socket_close (&broken);
      return code;
    }
  /* Without a descriptor to spare, that it is no socket is the error.  */
  return system_copy (no_socket, fd);
}

int
placeholder_replace (int fd, int *socket)
{
  int code = system_copy (*socket, fd);
  if (code == 0)
    socket_close (socket);
  return code;
}

int
placeholder_next_descriptor (void)
{
  int fd = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  if (fd >= 0)
    close (fd);
  return fd;
}

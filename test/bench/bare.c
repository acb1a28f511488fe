/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loops of the bare system calls, to compare sockopt with.

It reads requests, one a line, and answers each with a line:

  get N, set N      nanoseconds for N calls on a TCP socket
  options N         likewise for N rounds of reading the options that the
                    command line names, by the table of the module
  calls             LEVEL,NUMBER,LENGTH for each of these
  connect PORT N    "done", with N connections to PORT open
  close             "done", with those connections closed

The first line that it writes is the port where it listens, to send back
what comes, and how many of the options it could read.  At the end of
input it ends.  */

#include "option/config.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "option/option.h"

enum
{
  CONNECTIONS_MAX = 500,
  CALLS_MAX = 300
};

/* One getsockopt, as bare as it gets.  */
struct call
{
  int level;
  int number;
  socklen_t length;
};

static char buffer[65536];
static struct call calls[CALLS_MAX];
static size_t calls_count;
static int connections[CONNECTIONS_MAX];
static size_t connections_count;

static _Noreturn void
die (const char *what)
{
  perror (what);
  _exit (EXIT_FAILURE);
}

static struct sockaddr_in
loopback (int port)
{
  return (struct sockaddr_in){ .sin_family = AF_INET,
                               .sin_port = htons ((uint16_t) port),
                               .sin_addr = { htonl (INADDR_LOOPBACK) } };
}

static int
connect_to (int port)
{
  struct sockaddr_in address = loopback (port);
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  if (fd < 0
      || connect (fd, (const struct sockaddr *) &address, sizeof address) < 0)
    die ("connect");
  return fd;
}

/* Send back all that comes on the socket in DATA.  */
static void *
echo (void *data)
{
  int fd = *(int *) data;
  char bytes[65536];
  ssize_t size;
  free (data);
  while ((size = recv (fd, bytes, sizeof bytes, 0)) > 0)
    if (send (fd, bytes, (size_t) size, MSG_NOSIGNAL) < 0)
      break;
  close (fd);
  return NULL;
}

static void *
serve (void *data)
{
  const int *listener = data;
  for (;;)
    {
      pthread_t thread;
      int *fd = malloc (sizeof *fd);
      if (!fd || (*fd = accept (*listener, NULL, NULL)) < 0
          || pthread_create (&thread, NULL, echo, fd) != 0)
        die ("accept");
      pthread_detach (thread);
    }
  return NULL;
}

/* Start to listen on a port of the kernel's choice and return it.  */
static int
start_server (void)
{
  static int listener;
  struct sockaddr_in address = loopback (0);
  socklen_t length = sizeof address;
  pthread_t thread;
  listener = socket (AF_INET, SOCK_STREAM, 0);
  if (listener < 0
      || bind (listener, (const struct sockaddr *) &address, length) < 0
      || getsockname (listener, (struct sockaddr *) &address, &length) < 0
      || listen (listener, CONNECTIONS_MAX) < 0)
    die ("listen");
  if (pthread_create (&thread, NULL, serve, &listener) != 0)
    die ("pthread_create");
  return ntohs (address.sin_port);
}

/* Look the option called KEYWORD up in the table.  */
static void
add_call (int fd, const char *keyword)
{
  const struct option *option = option_find (keyword);
  if (!option || calls_count == CALLS_MAX)
    return;
  struct call call
    = { .level = option->level == LEVEL_OF_FAMILY ? IPPROTO_IP : option->level,
        .number = option->number,
        .length = option->kind->size ? option->kind->size : sizeof buffer };
  socklen_t length = call.length;
  if (getsockopt (fd, call.level, call.number, buffer, &length) == 0)
    calls[calls_count++] = call;
  else
    perror (keyword);
}

static void
get (int fd)
{
  socklen_t length = sizeof (int);
  getsockopt (fd, SOL_SOCKET, SO_PRIORITY, buffer, &length);
}

static void
set (int fd)
{
  int on = 1;
  setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static void
get_all (int fd)
{
  for (size_t i = 0; i < calls_count; i++)
    {
      socklen_t length = calls[i].length;
      getsockopt (fd, calls[i].level, calls[i].number, buffer, &length);
    }
}

static long long
nanoseconds (void)
{
  struct timespec time;
  clock_gettime (CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void
answer_time (void (*function) (int), int fd, int count)
{
  long long start = nanoseconds ();
  for (int i = 0; i < count; i++)
    function (fd);
  printf ("%lld\n", nanoseconds () - start);
}

static void
say_calls (void)
{
  for (size_t i = 0; i < calls_count; i++)
    printf ("%d,%d,%u ", calls[i].level, calls[i].number,
            (unsigned) calls[i].length);
  puts ("");
}

static void
open_connections (int port, int count)
{
  while (count-- > 0 && connections_count < CONNECTIONS_MAX)
    connections[connections_count++] = connect_to (port);
  puts ("done");
}

static void
close_connections (void)
{
  while (connections_count > 0)
    close (connections[--connections_count]);
  puts ("done");
}

/* LINE is a word and up to two numbers.  */
static void
answer (int fd, char *line)
{
  char *rest = line + strcspn (line, " \n");
  if (*rest)
    *rest++ = '\0';
  int first = (int) strtol (rest, &rest, 10);
  int second = (int) strtol (rest, NULL, 10);
  if (strcmp (line, "get") == 0)
    answer_time (get, fd, first);
  else if (strcmp (line, "set") == 0)
    answer_time (set, fd, first);
  else if (strcmp (line, "options") == 0)
    answer_time (get_all, fd, first);
  else if (strcmp (line, "calls") == 0)
    say_calls ();
  else if (strcmp (line, "connect") == 0)
    open_connections (first, second);
  else if (strcmp (line, "close") == 0)
    close_connections ();
  else
    puts ("what?");
}

int
main (int argc, char **argv)
{
  char line[80];
  int port = start_server ();
  int fd = connect_to (port);
  setvbuf (stdout, NULL, _IOLBF, 0);
  for (int i = 1; i < argc; i++)
    add_call (fd, argv[i]);
  printf ("%d %zu\n", port, calls_count);
  while (fgets (line, sizeof line, stdin))
    answer (fd, line);
  return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Send "ab", then "!" as urgent data, then "cd" to a server.  Emacs cannot.

usage: urgent ADDRESS PORT  */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void
die (const char *what)
{
  perror (what);
  _exit (EXIT_FAILURE);
}

static void
send_all (int fd, const char *data, size_t length, int flags)
{
  const struct timespec moment = { 0, 50000000 };
  if (send (fd, data, length, flags) != (ssize_t) length)
    die ("send");
  nanosleep (&moment, NULL);
}

int
main (int argc, char **argv)
{
  struct sockaddr_in server = { .sin_family = AF_INET };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (argc != 3 || inet_pton (AF_INET, argv[1], &server.sin_addr) != 1)
    return EXIT_FAILURE;
  server.sin_port = htons ((in_port_t) strtoul (argv[2], NULL, 10));
  if (fd < 0 || connect (fd, (struct sockaddr *) &server, sizeof server) != 0)
    die ("connect");
  send_all (fd, "ab", 2, 0);
  send_all (fd, "!", 1, MSG_OOB);
  send_all (fd, "cd", 2, 0);
  return EXIT_SUCCESS;
}

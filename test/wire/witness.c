/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Print each packet that comes or goes through the interfaces of a host.

usage: witness

The first line is "WATCHES".  Each other line is a Lisp list:

  (SECONDS INTERFACE KIND "HEX")

SECONDS is when the kernel had the packet, KIND a number, PACKET_HOST and so
on of <linux/if_packet.h>, and HEX the first bytes of the frame.  It ends when
its standard output is closed, or is killed.  */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum
{
  /* All headers and the beginning of the data.  */
  BYTES_MAX = 200,
  BUFFER_BYTES = 16 << 20
};

/* What recvmsg gives of one packet.  */
struct packet
{
  unsigned char bytes[BYTES_MAX];
  struct sockaddr_ll from;
  struct timespec time;
};

static _Noreturn void
die (const char *what)
{
  perror (what);
  _exit (EXIT_FAILURE);
}

static int
open_socket (void)
{
  int on = 1, size = BUFFER_BYTES;
  int fd = socket (AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons (ETH_P_ALL));
  if (fd < 0)
    die ("socket");
  if (setsockopt (fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0)
    die ("SO_TIMESTAMPNS");
  if (setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    die ("SO_RCVBUFFORCE");
  return fd;
}

static void
read_time (struct msghdr *message, struct timespec *time)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c;
       c = CMSG_NXTHDR (message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS)
      memcpy (time, CMSG_DATA (c), sizeof *time);
}

/* Receive one packet and return how many of its bytes there are.  */
static size_t
receive (int fd, struct packet *packet)
{
  char control[256];
  struct iovec place = { packet->bytes, sizeof packet->bytes };
  struct msghdr message = { .msg_name = &packet->from,
                            .msg_namelen = sizeof packet->from,
                            .msg_iov = &place,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control };
  ssize_t length = recvmsg (fd, &message, 0);
  /* ENETDOWN says that an interface went down; the others go on.  */
  if (length < 0 && errno != ENETDOWN && errno != EINTR)
    die ("recvmsg");
  read_time (&message, &packet->time);
  return length < 0 ? 0 : (size_t) length;
}

static void
print (const struct packet *packet, size_t length)
{
  char name[IF_NAMESIZE] = "?";
  if_indextoname ((unsigned) packet->from.sll_ifindex, name);
  printf ("(%lld.%09ld \"%s\" %d \"", (long long) packet->time.tv_sec,
          packet->time.tv_nsec, name, packet->from.sll_pkttype);
  for (size_t i = 0; i < length; i++)
    printf ("%02x", packet->bytes[i]);
  puts ("\")");
  if (fflush (stdout) != 0)
    die ("standard output");
}

int
main (void)
{
  struct packet packet;
  int fd = open_socket ();
  puts ("WATCHES");
  fflush (stdout);
  for (;;)
    {
      memset (&packet, 0, sizeof packet);
      size_t length = receive (fd, &packet);
      if (length > 0)
        print (&packet, length);
    }
}

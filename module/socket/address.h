/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Socket addresses: sockaddr <-> their parts.  */

#ifndef SOCKOPT_ADDRESS_H
#define SOCKOPT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The longest path of a local socket, its terminating NUL left out.  */
enum
{
  LOCAL_PATH_MAX = sizeof ((struct sockaddr_un *) NULL)->sun_path - 1
};

struct address
{
  struct sockaddr_storage storage;
  socklen_t length;
};

/* Make *ADDRESS an IPv4 address of 4 BYTES, network order.  */
void address_ipv4 (struct address *address, const uint8_t *bytes,
                   uint16_t port);

/* Make *ADDRESS an IPv6 address of 16 BYTES, network order.  */
void address_ipv6 (struct address *address, const uint8_t *bytes,
                   uint16_t port);

/* Make *ADDRESS the local (AF_UNIX) address PATH of SIZE bytes.  A
   first byte of NUL makes it a name in Linux's abstract namespace.
   Return false if it is too long or has a NUL elsewhere in a path.  */
bool address_local (struct address *address, const char *path, size_t size);

/* Make *ADDRESS the vsock(7) address PORT of the machine CID.  Return 0, or
   EAFNOSUPPORT where there are none.  */
int address_vsock (struct address *address, uint32_t cid, uint32_t port);

/* Make *ADDRESS of FAMILY with SIZE BYTES after the family field.
   Return false if there are too many.  */
bool address_raw (struct address *address, int family, const uint8_t *bytes,
                  size_t size);

/* Copy the LENGTH bytes at SOCKADDR.  */
void address_copy (struct address *address, const struct sockaddr *sockaddr,
                   socklen_t length);

/* The address that socket FD is bound to, or connected to.  Return
   false, with errno, if there is none.  */
bool address_local_of (int fd, struct address *address);
bool address_remote_of (int fd, struct address *address);

int address_family (const struct address *address);

/* The address bytes of an IPv4 or IPv6 address: 4 or 16 of them.  */
const uint8_t *address_bytes (const struct address *address);

/* The port of an IPv4 or IPv6 address, else 0.  */
uint16_t address_port (const struct address *address);
void address_set_port (struct address *address, uint16_t port);

/* The name of a local address and, in *SIZE, its length: 0 where the
   socket has no name.  */
const char *address_path (const struct address *address, size_t *size);

/* Whether ADDRESS is a name in Linux's abstract namespace.  */
bool address_abstract (const struct address *address);

/* Whether A and B name the same end point.  */
bool address_equal (const struct address *a, const struct address *b);

/* Whether ADDRESS names an end point at all: a port or a path.  */
bool address_named (const struct address *address);

#endif /* SOCKOPT_ADDRESS_H */

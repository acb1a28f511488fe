/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Socket addresses: sockaddr <-> their parts.  */

#include "option/config.h"

#include "socket/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "option/constants.h"

/* Whether a local socket may have a name that is no file.  */
enum
{
#ifdef __linux__
  ABSTRACT_NAMES = true
#else
  ABSTRACT_NAMES = false
#endif
};

/* Views of the storage by family.  */
static struct sockaddr_in *
ipv4 (struct address *address)
{
  return (struct sockaddr_in *) &address->storage;
}

static struct sockaddr_in6 *
ipv6 (struct address *address)
{
  return (struct sockaddr_in6 *) &address->storage;
}

static const struct sockaddr_in *
const_ipv4 (const struct address *address)
{
  return (const struct sockaddr_in *) &address->storage;
}

static const struct sockaddr_in6 *
const_ipv6 (const struct address *address)
{
  return (const struct sockaddr_in6 *) &address->storage;
}

static const struct sockaddr_un *
const_local (const struct address *address)
{
  return (const struct sockaddr_un *) &address->storage;
}

static void
address_clear (struct address *address, int family, size_t length)
{
  memset (&address->storage, 0, sizeof address->storage);
  address->storage.ss_family = (sa_family_t) family;
  address->length = (socklen_t) length;
}

void
address_ipv4 (struct address *address, const uint8_t *bytes, uint16_t port)
{
  address_clear (address, AF_INET, sizeof (struct sockaddr_in));
  memcpy (&ipv4 (address)->sin_addr, bytes, 4);
  address_set_port (address, port);
}

void
address_ipv6 (struct address *address, const uint8_t *bytes, uint16_t port)
{
  address_clear (address, AF_INET6, sizeof (struct sockaddr_in6));
  memcpy (&ipv6 (address)->sin6_addr, bytes, 16);
  address_set_port (address, port);
}

/* The whole structure is the address of a path, as Emacs passes it;
   an abstract name is exactly as long as it says.  */
bool
address_local (struct address *address, const char *path, size_t size)
{
  bool abstract = ABSTRACT_NAMES && size > 0 && path[0] == '\0';
  if (LOCAL_PATH_MAX + (size_t) abstract < size)
    return false;
  if (!abstract && memchr (path, '\0', size))
    return false;
  address_clear (address, AF_UNIX, sizeof (struct sockaddr_un));
  struct sockaddr_un *local = (struct sockaddr_un *) &address->storage;
  memcpy (local->sun_path, path, size);
  if (abstract)
    address->length
      = (socklen_t) (offsetof (struct sockaddr_un, sun_path) + size);
  return true;
}

#ifdef VMADDR_PORT_ANY

int
address_vsock (struct address *address, uint32_t cid, uint32_t port)
{
  struct sockaddr_vm vm
    = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
  address_copy (address, (const struct sockaddr *) &vm, sizeof vm);
  return 0;
}

/* Whether ADDRESS, of vsock(7), has a port.  */
static bool
has_vsock_port (const struct address *address)
{
  struct sockaddr_vm vm;
  memcpy (&vm, &address->storage, sizeof vm);
  return vm.svm_port != VMADDR_PORT_ANY;
}

#else

int
address_vsock (struct address *address, uint32_t cid, uint32_t port)
{
  (void) cid;
  (void) port;
  address_clear (address, AF_UNSPEC, 0);
  return EAFNOSUPPORT;
}

#endif

bool
address_raw (struct address *address, int family, const uint8_t *bytes,
             size_t size)
{
  size_t start = offsetof (struct sockaddr, sa_family) + sizeof (sa_family_t);
  if (sizeof address->storage - start < size)
    return false;
  address_clear (address, family, start + size);
  memcpy ((char *) &address->storage + start, bytes, size);
  return true;
}

void
address_copy (struct address *address, const struct sockaddr *sockaddr,
              socklen_t length)
{
  if (sizeof address->storage < length)
    length = sizeof address->storage;
  address_clear (address, AF_UNSPEC, length);
  memcpy (&address->storage, sockaddr, length);
}

bool
address_local_of (int fd, struct address *address)
{
  address_clear (address, AF_UNSPEC, sizeof address->storage);
  return getsockname (fd, (struct sockaddr *) &address->storage,
                      &address->length)
         == 0;
}

bool
address_remote_of (int fd, struct address *address)
{
  address_clear (address, AF_UNSPEC, sizeof address->storage);
  return getpeername (fd, (struct sockaddr *) &address->storage,
                      &address->length)
         == 0;
}

int
address_family (const struct address *address)
{
  return address->storage.ss_family;
}

const uint8_t *
address_bytes (const struct address *address)
{
  return address_family (address) == AF_INET
           ? (const uint8_t *) &const_ipv4 (address)->sin_addr
           : const_ipv6 (address)->sin6_addr.s6_addr;
}

uint16_t
address_port (const struct address *address)
{
  switch (address_family (address))
    {
    case AF_INET:
      return ntohs (const_ipv4 (address)->sin_port);
    case AF_INET6:
      return ntohs (const_ipv6 (address)->sin6_port);
    default:
      return 0;
    }
}

void
address_set_port (struct address *address, uint16_t port)
{
  switch (address_family (address))
    {
    case AF_INET:
      ipv4 (address)->sin_port = htons (port);
      break;
    case AF_INET6:
      ipv6 (address)->sin6_port = htons (port);
      break;
    default:
      break;
    }
}

/* A path ends at its NUL, if it has one; an abstract name at the end of
   the address.  Where there are no such names, a socket without a name may
   have an address of nothing but NULs.  */
const char *
address_path (const struct address *address, size_t *size)
{
  const char *path = const_local (address)->sun_path;
  size_t start = offsetof (struct sockaddr_un, sun_path);
  *size = address->length <= start ? 0 : address->length - start;
  if (*size > 0 && (path[0] != '\0' || !ABSTRACT_NAMES))
    *size = strnlen (path, *size);
  return path;
}

bool
address_abstract (const struct address *address)
{
  size_t size;
  return address_family (address) == AF_UNIX
         && address_path (address, &size)[0] == '\0' && size > 0;
}

bool
address_equal (const struct address *a, const struct address *b)
{
  if (address_family (a) != address_family (b))
    return false;
  size_t a_size, b_size;
  switch (address_family (a))
    {
    case AF_INET:
    case AF_INET6:
      a_size = address_family (a) == AF_INET ? 4 : 16;
      return address_port (a) == address_port (b)
             && memcmp (address_bytes (a), address_bytes (b), a_size) == 0;
    case AF_UNIX:
      {
        const char *a_path = address_path (a, &a_size);
        const char *b_path = address_path (b, &b_size);
        return a_size == b_size && memcmp (a_path, b_path, a_size) == 0;
      }
    default:
      return a->length == b->length
             && memcmp (&a->storage, &b->storage, a->length) == 0;
    }
}

bool
address_named (const struct address *address)
{
  size_t size;
  switch (address_family (address))
    {
    case AF_UNIX:
      address_path (address, &size);
      return size > 0;
#ifdef VMADDR_PORT_ANY
    case AF_VSOCK:
      return has_vsock_port (address);
#endif
    default:
      return address_port (address) != 0;
    }
}

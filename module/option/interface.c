/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Network interfaces and their numbers.  */

#include "option/config.h"

#include "option/interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for an address with an interface after it, as in "fe80::1%lo".  */
enum
{
  TEXT_ROOM = INET6_ADDRSTRLEN + 1 + INTERFACE_NAME_MAX
};

/* An address of an interface, of either family.  */
struct own_address
{
  int family;
  union
  {
    struct in_addr ipv4;
    struct in6_addr ipv6;
  } as;
};

/* Whether TEXT is an address, which goes to *ADDRESS.  */
static bool
parse_address (const char *text, struct own_address *address)
{
  if (inet_pton (AF_INET, text, &address->as.ipv4) == 1)
    address->family = AF_INET;
  else if (inet_pton (AF_INET6, text, &address->as.ipv6) == 1)
    address->family = AF_INET6;
  else
    return false;
  return true;
}

/* Whether ADDRESS is that of no interface, "0.0.0.0" or "::".  */
static bool
is_any (const struct own_address *address)
{
  return address->family == AF_INET
           ? address->as.ipv4.s_addr == INADDR_ANY
           : IN6_IS_ADDR_UNSPECIFIED (&address->as.ipv6);
}

/* Whether ENTRY has ADDRESS.  */
static bool
entry_has (const struct ifaddrs *entry, const struct own_address *address)
{
  if (!entry->ifa_addr || entry->ifa_addr->sa_family != address->family)
    return false;
  if (address->family == AF_INET)
    {
      struct sockaddr_in inet;
      memcpy (&inet, entry->ifa_addr, sizeof inet);
      return inet.sin_addr.s_addr == address->as.ipv4.s_addr;
    }
  struct sockaddr_in6 inet6;
  memcpy (&inet6, entry->ifa_addr, sizeof inet6);
  return IN6_ARE_ADDR_EQUAL (&inet6.sin6_addr, &address->as.ipv6);
}

/* What it means that an interface was not found: that it is MISSING, or
   what errno says.  The C library asks by a socket, and says that it could
   not open one in words of its own: glibc 2.36 "No such file".  */
static enum fault
fault_of_errno (bool missing)
{
  int code = errno;
  if (missing)
    return FAULT_RANGE;
  int fd = socket (AF_UNIX, SOCK_DGRAM, 0);
  if (fd >= 0)
    {
      close (fd);
      errno = code;
    }
  return FAULT_SYSTEM;
}

/* Put the index of the interface called NAME into *INDEX.  */
static enum fault
find_name (const char *name, unsigned *index)
{
  if (strlen (name) <= INTERFACE_NAME_MAX)
    *index = if_nametoindex (name);
  else
    errno = ENODEV;
  if (*index != 0)
    return FAULT_NONE;
  return fault_of_errno (errno == ENODEV || errno == ENXIO);
}

/* Put the index of the interface that has ADDRESS into *INDEX.  */
static enum fault
find_address (const struct own_address *address, unsigned *index)
{
  struct ifaddrs *list;
  if (is_any (address))
    return FAULT_NONE;
  if (getifaddrs (&list) < 0)
    return FAULT_SYSTEM;
  enum fault fault = FAULT_RANGE;
  for (struct ifaddrs *entry = list; entry && fault == FAULT_RANGE;
       entry = entry->ifa_next)
    if (entry_has (entry, address))
      fault = find_name (entry->ifa_name, index);
  int code = errno;
  freeifaddrs (list);
  errno = code;
  return fault;
}

/* Put the index of the interface that TEXT stands for into *INDEX: by name,
   by one of its addresses, or by what follows that after a percent sign
   (RFC 4007, section 11).  */
static enum fault
find_text (char *text, unsigned *index)
{
  struct own_address address;
  enum fault fault = find_name (text, index);
  char *zone = strchr (text, '%');
  if (fault != FAULT_RANGE)
    return fault;
  if (zone)
    *zone = '\0';
  if (!parse_address (text, &address))
    return FAULT_RANGE;
  return zone ? find_name (zone + 1, index) : find_address (&address, index);
}

enum fault
interface_from_value (const struct value *value, unsigned *index)
{
  char text[TEXT_ROOM + 1];
  *index = 0;
  switch (value->type)
    {
    case VALUE_NIL:
      return FAULT_NONE;
    case VALUE_INTEGER:
      if (value->as.integer < 0 || INT_MAX < value->as.integer)
        return FAULT_RANGE;
      *index = (unsigned) value->as.integer;
      return FAULT_NONE;
    case VALUE_BIG:
      return FAULT_RANGE;
    case VALUE_STRING:
      if (value->size == 0)
        return FAULT_NONE;
      if (sizeof text <= value->size
          || memchr (value->as.text, '\0', value->size))
        return FAULT_RANGE;
      memcpy (text, value->as.text, value->size);
      text[value->size] = '\0';
      return find_text (text, index);
    default:
      return FAULT_TYPE;
    }
}

void
interface_choices (char *buffer, size_t size)
{
  size_t used = 0;
  struct if_nameindex *list = if_nameindex ();
  buffer[0] = '\0';
  for (struct if_nameindex *entry = list;
       entry && entry->if_index != 0 && used < size; entry++)
    used += (size_t) snprintf (buffer + used, size - used, "%s%s",
                               used ? ", " : "", entry->if_name);
  if (list)
    if_freenameindex (list);
}

enum fault
interface_to_value (unsigned index, struct pool *pool, struct value *value)
{
  char name[IF_NAMESIZE];
  value_boolean (value, false);
  if (index == 0)
    return FAULT_NONE;
  value_integer (value, index);
  if (if_indextoname (index, name)
      && !value_string (value, pool, name, strlen (name)))
    return FAULT_MEMORY;
  return FAULT_NONE;
}

/* Whether ENTRY has an IPv4 address, which then goes to *ADDRESS.  */
static bool
has_address (const struct ifaddrs *entry, struct in_addr *address)
{
  if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET)
    return false;
  struct sockaddr_in inet;
  memcpy (&inet, entry->ifa_addr, sizeof inet);
  *address = inet.sin_addr;
  return true;
}

enum fault
interface_address (unsigned index, struct in_addr *address)
{
  char name[IF_NAMESIZE];
  struct ifaddrs *list;
  bool found = false;
  address->s_addr = INADDR_ANY;
  if (index == 0)
    return FAULT_NONE;
  if (!if_indextoname (index, name))
    return fault_of_errno (errno == ENXIO);
  if (getifaddrs (&list) < 0)
    return FAULT_SYSTEM;
  for (struct ifaddrs *entry = list; entry && !found; entry = entry->ifa_next)
    found
      = strcmp (entry->ifa_name, name) == 0 && has_address (entry, address);
  freeifaddrs (list);
  errno = EADDRNOTAVAIL;
  return found ? FAULT_NONE : FAULT_SYSTEM;
}

enum fault
interface_of_address (struct in_addr address, unsigned *index)
{
  struct own_address own = { .family = AF_INET, .as.ipv4 = address };
  *index = 0;
  enum fault fault = find_address (&own, index);
  return fault == FAULT_RANGE ? FAULT_NONE : fault;
}

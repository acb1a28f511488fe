/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Network interfaces and their numbers.  */

#include "option/config.h"

#include "option/interface.h"

#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <string.h>

enum fault
interface_from_value (const struct value *value, unsigned *index)
{
  char name[INTERFACE_NAME_MAX + 1];
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
      if (sizeof name <= value->size
          || memchr (value->as.text, '\0', value->size))
        return FAULT_RANGE;
      memcpy (name, value->as.text, value->size);
      name[value->size] = '\0';
      *index = if_nametoindex (name);
      return *index == 0 ? FAULT_RANGE : FAULT_NONE;
    default:
      return FAULT_TYPE;
    }
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
static int
has_address (const struct ifaddrs *entry, struct in_addr *address)
{
  if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET)
    return 0;
  struct sockaddr_in inet;
  memcpy (&inet, entry->ifa_addr, sizeof inet);
  *address = inet.sin_addr;
  return 1;
}

struct in_addr
interface_address (unsigned index)
{
  struct in_addr result = { .s_addr = INADDR_ANY };
  struct ifaddrs *list;
  if (index == 0 || getifaddrs (&list) < 0)
    return result;
  for (struct ifaddrs *entry = list; entry; entry = entry->ifa_next)
    if (if_nametoindex (entry->ifa_name) == index
        && has_address (entry, &result))
      break;
  freeifaddrs (list);
  return result;
}

unsigned
interface_of_address (struct in_addr address)
{
  unsigned index = 0;
  struct in_addr found;
  struct ifaddrs *list;
  if (address.s_addr == INADDR_ANY || getifaddrs (&list) < 0)
    return 0;
  for (struct ifaddrs *entry = list; entry && index == 0;
       entry = entry->ifa_next)
    if (has_address (entry, &found) && found.s_addr == address.s_addr)
      index = if_nametoindex (entry->ifa_name);
  freeifaddrs (list);
  return index;
}

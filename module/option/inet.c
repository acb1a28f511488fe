/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Internet addresses in values.  */

#include "option/config.h"

#include "option/inet.h"

#include <arpa/inet.h>
#include <limits.h>
#include <string.h>

static enum fault
from_text (const struct value *value, struct inet *inet)
{
  char text[INET6_ADDRSTRLEN];
  if (sizeof text <= value->size || memchr (value->as.text, '\0', value->size))
    return FAULT_RANGE;
  memcpy (text, value->as.text, value->size);
  text[value->size] = '\0';
  inet->family = strchr (text, ':') ? AF_INET6 : AF_INET;
  return inet_pton (inet->family, text, &inet->as) == 1 ? FAULT_NONE
                                                        : FAULT_RANGE;
}

static enum fault
from_vector (const struct value *value, struct inet *inet)
{
  intmax_t max = value->size == 4 ? UINT8_MAX : UINT16_MAX;
  uint8_t *bytes = (uint8_t *) &inet->as;
  if (value->size != 4 && value->size != 8)
    return FAULT_RANGE;
  inet->family = value->size == 4 ? AF_INET : AF_INET6;
  for (size_t i = 0; i < value->size; i++)
    {
      const struct value *item = &value->as.items[i];
      if (item->type != VALUE_INTEGER)
        return FAULT_TYPE;
      if (item->as.integer < 0 || max < item->as.integer)
        return FAULT_RANGE;
      if (value->size == 8)
        *bytes++ = (uint8_t) (item->as.integer >> CHAR_BIT);
      *bytes++ = (uint8_t) item->as.integer;
    }
  return FAULT_NONE;
}

enum fault
inet_from_value (const struct value *value, int family, struct inet *inet)
{
  enum fault fault = FAULT_TYPE;
  *inet = (struct inet){ .family = AF_UNSPEC };
  if (value->type == VALUE_STRING)
    fault = from_text (value, inet);
  else if (value->type == VALUE_VECTOR)
    fault = from_vector (value, inet);
  if (fault == FAULT_NONE && family != AF_UNSPEC && family != inet->family)
    fault = FAULT_RANGE;
  return fault;
}

bool
inet_to_value (const struct inet *inet, struct pool *pool, struct value *value)
{
  char text[INET6_ADDRSTRLEN];
  value_boolean (value, false);
  return !inet_ntop (inet->family, &inet->as, text, sizeof text)
         || value_string (value, pool, text, strlen (text));
}

void
inet_to_storage (const struct inet *inet, struct sockaddr_storage *storage)
{
  memset (storage, 0, sizeof *storage);
  storage->ss_family = (sa_family_t) inet->family;
#ifdef SIN6_LEN
  /* These kernels refuse an address that does not say its length.  */
  storage->ss_len = inet->family == AF_INET ? sizeof (struct sockaddr_in)
                                            : sizeof (struct sockaddr_in6);
#endif
  if (inet->family == AF_INET)
    ((struct sockaddr_in *) storage)->sin_addr = inet->as.ipv4;
  else
    ((struct sockaddr_in6 *) storage)->sin6_addr = inet->as.ipv6;
}

void
inet_from_storage (const struct sockaddr_storage *storage, struct inet *inet)
{
  *inet = (struct inet){ .family = storage->ss_family };
  if (inet->family == AF_INET)
    inet->as.ipv4 = ((const struct sockaddr_in *) storage)->sin_addr;
  else
    inet->as.ipv6 = ((const struct sockaddr_in6 *) storage)->sin6_addr;
}

/* IPv4 and IPv6 have the port in the same place.  */
bool
inet_socket_address (const struct sockaddr_storage *storage, struct pool *pool,
                     struct value *value)
{
  struct inet inet;
  value_boolean (value, false);
  if (storage->ss_family != AF_INET && storage->ss_family != AF_INET6)
    return true;
  inet_from_storage (storage, &inet);
  const uint8_t *bytes = (const uint8_t *) &inet.as;
  size_t count = inet.family == AF_INET ? 4 : 8;
  if (!value_vector (value, pool, count + 1))
    return false;
  for (size_t i = 0; i < count; i++)
    value_integer (&value->as.items[i],
                   count == 4 ? bytes[i]
                              : bytes[2 * i] << CHAR_BIT | bytes[2 * i + 1]);
  value_integer (&value->as.items[count],
                 ntohs (((const struct sockaddr_in *) storage)->sin_port));
  return true;
}

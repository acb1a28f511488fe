/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Internet addresses in values.  */

#ifndef SOCKOPT_INET_H
#define SOCKOPT_INET_H

#include <netinet/in.h>

#include "option/kind.h"

/* An IPv4 or IPv6 address without a port.  */
struct inet
{
  int family;
  union
  {
    struct in_addr ipv4;
    struct in6_addr ipv6;
  } as;
};

/* The address in VALUE: a string such as "224.0.0.251" or "ff02::fb", or
   a vector of 4 octets or of 8 parts.  FAMILY is the one that it must be
   of, or AF_UNSPEC.  */
enum fault inet_from_value (const struct value *value, int family,
                            struct inet *inet);

/* Make *VALUE the string of INET.  False when memory is exhausted, as
   below.  */
bool inet_to_value (const struct inet *inet, struct pool *pool,
                    struct value *value);

/* Put INET into STORAGE, without a port; and take it from there.  */
void inet_to_storage (const struct inet *inet,
                      struct sockaddr_storage *storage);
void inet_from_storage (const struct sockaddr_storage *storage,
                        struct inet *inet);

/* Make *VALUE the address and port in STORAGE, as a vector such as
   `process-contact' has; nil if it is of no Internet family.  */
bool inet_socket_address (const struct sockaddr_storage *storage,
                          struct pool *pool, struct value *value);

#endif /* SOCKOPT_INET_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Network interfaces and their numbers.  */

#ifndef SOCKOPT_INTERFACE_H
#define SOCKOPT_INTERFACE_H

#include <netinet/in.h>

#include "option/kind.h"

/* The index of the interface that VALUE names: a name, an index, one of its
   addresses (IPv6 ones perhaps with `%' and a name after them), or nil for
   0, which stands for none or for any, as do the addresses "0.0.0.0" and
   "::".  What no interface has is out of range.  */
enum fault interface_from_value (const struct value *value, unsigned *index);

/* Put the names of the interfaces that there are into BUFFER of SIZE.  */
void interface_choices (char *buffer, size_t size);

/* Make *VALUE the name of the interface INDEX; the index itself if there
   is no such interface now; nil if it is 0.  */
enum fault interface_to_value (unsigned index, struct pool *pool,
                               struct value *value);

/* Put the first IPv4 address of the interface INDEX into *ADDRESS; 0.0.0.0
   if that is 0.  An interface that has none is a FAULT_SYSTEM, with errno
   EADDRNOTAVAIL: the kernel would take another one.  */
enum fault interface_address (unsigned index, struct in_addr *address);

/* Put the index of the interface that has the IPv4 ADDRESS into *INDEX, or
   0.  */
enum fault interface_of_address (struct in_addr address, unsigned *index);

#endif /* SOCKOPT_INTERFACE_H */

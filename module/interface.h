/* Network interfaces and their numbers.

Copyright (C) 2026 The sockopt authors

This file is part of sockopt.

sockopt is free software: you can redistribute it and/or modify it
under the terms of the GNU General Public License as published by the
Free Software Foundation, either version 3 of the License, or (at your
option) any later version.

sockopt is distributed in the hope that it will be useful, but WITHOUT
ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or
FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License
for more details.

You should have received a copy of the GNU General Public License
along with sockopt.  If not, see <https://www.gnu.org/licenses/>.  */

#ifndef SOCKOPT_INTERFACE_H
#define SOCKOPT_INTERFACE_H

#include <netinet/in.h>

#include "kind.h"

/* The index of the interface that VALUE names: a name, an index, or nil
   for 0, which stands for none or for any.  A name that no interface has
   is out of range.  */
enum fault interface_from_value (const struct value *value, unsigned *index);

/* Make *VALUE the name of the interface INDEX; the index itself if there
   is no such interface now; nil if it is 0.  */
enum fault interface_to_value (unsigned index, struct pool *pool,
                               struct value *value);

/* The first IPv4 address of the interface INDEX, or 0.0.0.0.  */
struct in_addr interface_address (unsigned index);

/* The index of the interface that has the IPv4 ADDRESS, or 0.  */
unsigned interface_of_address (struct in_addr address);

#endif /* SOCKOPT_INTERFACE_H */

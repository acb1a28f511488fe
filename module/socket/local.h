/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The address of a client's own that it is bound to before it connects.  */

#ifndef SOCKOPT_LOCAL_H
#define SOCKOPT_LOCAL_H

#include <stdbool.h>

#include "socket/socket.h"

/* Whether a socket made by PLAN can lead to ADDRESS: a client that is to be
   at an address of its own leads only to those of that family.  */
bool local_fits (const struct plan *plan, const struct address *address);

/* Note in *FAILURE that there is no address that fits.  */
void local_misfit (struct failure *failure);

/* Bind the client FD by PLAN, if it is to be at an address of its own.
   Return false, with *FAILURE set, if that fails.  */
bool local_bind (const struct plan *plan, int fd, struct failure *failure);

/* What would do instead, after FAILURE at PLAN's own address; null where
   the system's message says all.  */
const char *local_hint (const struct plan *plan,
                        const struct failure *failure);

#endif /* SOCKOPT_LOCAL_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What would do where a socket cannot be bound to an address.  */

#ifndef SOCKOPT_BIND_HINT_H
#define SOCKOPT_BIND_HINT_H

#include <stdbool.h>

#include "socket/address.h"

/* What would do after bind(2) failed with CODE for ADDRESS, of a SERVER or
   else of a client; null where the system's message says all.  */
const char *bind_hint (bool server, int code, const struct address *address);

#endif /* SOCKOPT_BIND_HINT_H */

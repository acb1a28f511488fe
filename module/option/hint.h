/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What to say of a value, or of an error, so that it helps.  */

#ifndef SOCKOPT_HINT_H
#define SOCKOPT_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "option/option.h"

/* How long a hint can be, its NUL included.  */
enum
{
  HINT_ROOM = 512
};

/* Whether a range is all that there is to say of the values of OPTION.  */
bool option_has_plain_range (const struct option *option);

/* Put what values OPTION takes into BUFFER of SIZE: the names that there
   are, the range with its unit.  */
void option_takes (const struct option *option, char *buffer, size_t size);

/* Put what the errno value CODE means for OPTION, and what would do, into
   BUFFER of SIZE; SET tells whether it was to be set.  Leave it empty where
   the system's own message says all.  */
void option_hint (const struct option *option, int code, bool set,
                  char *buffer, size_t size);

#endif /* SOCKOPT_HINT_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A legal value for any option that is not the one it has.  */

#ifndef SOCKOPT_OTHER_VALUE_H
#define SOCKOPT_OTHER_VALUE_H

#include "option/option.h"

/* A legal value for OPTION that is not OLD.  What it points at is
   overwritten by the next call.  */
struct value other_value (const struct option *option,
                          const struct value *old);

#endif /* SOCKOPT_OTHER_VALUE_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between Lisp objects and the values of options.  */

#ifndef SOCKOPT_LISP_VALUE_H
#define SOCKOPT_LISP_VALUE_H

#include <emacs-module.h>

#include "option/value.h"

/* Make *VALUE of OBJECT; what it points at is in POOL.  In case of an
   error, which is signalled, it is nil.  */
void lisp_to_value (emacs_env *env, emacs_value object, struct pool *pool,
                    struct value *value);

/* VALUE as a Lisp object.  */
emacs_value lisp_from_value (emacs_env *env, const struct value *value);

#endif /* SOCKOPT_LISP_VALUE_H */

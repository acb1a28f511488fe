/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between Lisp addresses and those of sockets.  */

#ifndef SOCKOPT_LISP_ADDRESS_H
#define SOCKOPT_LISP_ADDRESS_H

#include <emacs-module.h>

#include "socket/address.h"

/* Make *ADDRESS of OBJECT, the value of KEYWORD, which is as
   `make-network-process' takes it: [A B C D PORT], [A B C D E F G H PORT],
   a file name or (FAMILY . BYTES).  Signal an error if it is none of
   these.  */
void lisp_to_address (emacs_env *env, emacs_value keyword, emacs_value object,
                      struct address *address);

/* ADDRESS in one of these forms.  */
emacs_value lisp_from_address (emacs_env *env, const struct address *address);

#endif /* SOCKOPT_LISP_ADDRESS_H */

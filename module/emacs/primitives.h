/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions that the module gives to Lisp.  */

#ifndef SOCKOPT_PRIMITIVES_H
#define SOCKOPT_PRIMITIVES_H

#include <stddef.h>

#include <emacs-module.h>

#include "emacs/handle.h"
#include "option/option.h"

/* A function of the module, as `make_function' takes it.  */
#define PRIMITIVE(name)                                                \
 emacs_value name (emacs_env *env, ptrdiff_t nargs, emacs_value *args, \
                   void *data)

/* access.c: options of a socket.  */
PRIMITIVE (sockopt_rows);
PRIMITIVE (sockopt_row_parts);
PRIMITIVE (sockopt_getter);
PRIMITIVE (sockopt_setter);
PRIMITIVE (sockopt_set_many);
PRIMITIVE (sockopt_check);
PRIMITIVE (sockopt_options);
PRIMITIVE (sockopt_find);
PRIMITIVE (sockopt_supported);
PRIMITIVE (sockopt_get_raw);
PRIMITIVE (sockopt_set_raw);
PRIMITIVE (sockopt_omission_reason);

/* make.c: sockets and the processes on them.  */
PRIMITIVE (sockopt_lookup);
PRIMITIVE (sockopt_address);
PRIMITIVE (sockopt_vsock_address);
PRIMITIVE (sockopt_open);
PRIMITIVE (sockopt_adopt);
PRIMITIVE (sockopt_hold);
PRIMITIVE (sockopt_start);
PRIMITIVE (sockopt_finish);
PRIMITIVE (sockopt_won_p);
PRIMITIVE (sockopt_drop);
PRIMITIVE (sockopt_name);
PRIMITIVE (sockopt_close);

/* The settings in VECTOR, [ROW VALUE ROW VALUE ...], and their number
   in *COUNT.  The first of them, as many as OPTIONAL says, may fail.  To
   be freed; null if there are none or another one is wrong, which is
   then signalled.  */
struct setting *settings_from_lisp (emacs_env *env, emacs_value vector,
                                    int optional_count, size_t *count);

/* What has come of the COUNT SETTINGS, made of VECTOR, on the socket of
   HANDLE: for each a list of the value that the kernel reports, or the one
   given where that cannot be read; or, if it failed, a string of why.  */
emacs_value settings_results (emacs_env *env, struct handle *handle,
                              const struct setting *settings, size_t count,
                              emacs_value vector);

#endif /* SOCKOPT_PRIMITIVES_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings of a plan, from Lisp, and what came of them.  */

#ifndef SOCKOPT_LISP_SETTINGS_H
#define SOCKOPT_LISP_SETTINGS_H

#include <stddef.h>

#include <emacs-module.h>

#include "emacs/handle.h"
#include "socket/socket.h"

/* The settings in LIST, COUNT pairs of a row and a value.  The first of
   them, as many as OPTIONAL_COUNT says, may fail.  To be freed; null, with
   an error signalled, if a row or a value is wrong.  */
struct setting *settings_from_list (emacs_env *env, emacs_value *list,
                                    size_t count, int optional_count);

/* Likewise those in VECTOR, [ROW VALUE ROW VALUE ...], and their number in
 *COUNT.  Null also if there are none.  */
struct setting *settings_from_lisp (emacs_env *env, emacs_value vector,
                                    int optional_count, size_t *count);

/* What has come of the COUNT SETTINGS, made of VECTOR, on the socket of
   HANDLE: for each a list of the value that the kernel reports, or the one
   given where that cannot be read; or, if it failed, a string of why.  */
emacs_value settings_results (emacs_env *env, struct handle *handle,
                              const struct setting *settings, size_t count,
                              emacs_value vector);

#endif /* SOCKOPT_LISP_SETTINGS_H */

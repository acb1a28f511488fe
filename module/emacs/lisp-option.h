/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between Lisp and options: rows, keywords, bytes, errors.  */

#ifndef SOCKOPT_LISP_OPTION_H
#define SOCKOPT_LISP_OPTION_H

#include <emacs-module.h>

#include "option/option.h"

/* The option with the number VALUE in the table.  Null, with an error
   signalled, if there is none.  */
const struct option *lisp_to_option (emacs_env *env, emacs_value value);

/* The symbol that names OPTION.  */
emacs_value lisp_keyword (emacs_env *env, const struct option *option);

/* Signal that setting or reading OPTION failed with CODE; VALUE is what
   was to be set, or null when reading.  */
void lisp_signal_option (emacs_env *env, const struct option *option, int code,
                         emacs_value *value);

/* Make *BYTES of OBJECT for OPTION, or signal what is wrong with it.  */
void lisp_encode (emacs_env *env, const struct option *option,
                  emacs_value object, struct bytes *bytes);

/* Likewise of OBJECT as the argument for reading OPTION.  */
void lisp_prepare (emacs_env *env, const struct option *option,
                   emacs_value object, struct bytes *bytes);

/* What BYTES of OPTION mean.  */
emacs_value lisp_decode (emacs_env *env, const struct option *option,
                         const struct bytes *bytes);

/* Likewise; of a property list only FIELDS, a list of symbols, unless that
   is nil.  Nil if BYTES mean nothing.  */
emacs_value lisp_decode_fields (emacs_env *env, const struct option *option,
                                const struct bytes *bytes,
                                const struct value *fields);

#endif /* SOCKOPT_LISP_OPTION_H */

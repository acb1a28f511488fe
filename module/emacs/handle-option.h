/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Read and write an option of the socket that a handle holds.  */

#ifndef SOCKOPT_HANDLE_OPTION_H
#define SOCKOPT_HANDLE_OPTION_H

#include <emacs-module.h>

#include "emacs/handle.h"
#include "option/option.h"

/* Read OPTION of HANDLE's socket into *VALUE; BYTES is as for
   `option_get', and is freed.  Return 0 or an errno value.  */
int handle_read (emacs_env *env, struct handle *handle,
                 const struct option *option, struct bytes *bytes,
                 emacs_value *value);

/* Likewise, if reading changes nothing and takes no argument; otherwise
   return ENOPROTOOPT.  */
int handle_read_plain (emacs_env *env, struct handle *handle,
                       const struct option *option, emacs_value *value);

/* An option that reads plainly and that the socket may have, and what
   reading it came to: a CODE, 0 or an errno value, and BYTES, to be freed.
   */
struct reading
{
  const struct option *option;
  int code;
  struct bytes bytes;
};

/* Read the options of the COUNT READINGS, which have nothing else yet.  The
   system calls come first and Lisp values after them all, for each call
   makes the processor forget its way through either.  */
void handle_read_all (struct handle *handle, struct reading *readings,
                      size_t count);

/* Set OPTION to BYTES, made of VALUE, or signal why not.  Return what the
   kernel made of it, or VALUE where that cannot be read.  */
emacs_value handle_write (emacs_env *env, struct handle *handle,
                          const struct option *option,
                          const struct bytes *bytes, emacs_value value);

#endif /* SOCKOPT_HANDLE_OPTION_H */

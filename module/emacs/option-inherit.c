/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives that tell what the connections that a server accepts inherit. */

#include "option/config.h"

#include "emacs/defun.h"
#include "emacs/handle.h"
#include "emacs/lisp-option.h"
#include "emacs/lisp.h"

DEFUN ("sockopt--inherited-p", sockopt_inherited_p, Ssockopt_inherited_p, 4, 4,
       "Return t if what PROCESS accepts inherits the option of ROW.\n"
       "PROCESS is a server.\n\n"
       "(fn PROCESS STATUS HANDLE ROW)")
{
  struct handle *handle = handle_of_process (env, args);
  const struct option *option = handle ? lisp_to_option (env, args[3]) : NULL;
  return option && option_inherited (option, handle_class (handle)) ? Qt
                                                                    : Qnil;
}

DEFUN ("sockopt--writes", sockopt_writes, Ssockopt_writes, 1, 1,
       "Return how often the socket of HANDLE has been set an option.\n\n"
       "(fn HANDLE)")
{
  struct handle *handle = handle_get (env, args[0]);
  return handle ? env->make_integer (env, handle->writes) : Qnil;
}

void
syms_of_option_inherit (emacs_env *env)
{
  defsubr (env, &Ssockopt_inherited_p);
  defsubr (env, &Ssockopt_writes);
}

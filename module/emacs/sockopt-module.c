/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The module's entry: what it defines in Lisp.  */

#include "option/config.h"

#include "emacs/defun.h"
#include "emacs/lisp.h"

#if defined __GNUC__
# define SOCKOPT_EXPORT __attribute__ ((visibility ("default")))
#else
# define SOCKOPT_EXPORT
#endif

/* The header declares these, but not as visible.  */
SOCKOPT_EXPORT int plugin_is_GPL_compatible;
SOCKOPT_EXPORT int emacs_module_init (struct emacs_runtime *runtime);

/* Which sources this was built from.  Lisp looks for it in the file
   before it loads that, so it must survive optimization.  */
#ifndef SOCKOPT_STAMP
# define SOCKOPT_STAMP "none"
#endif
extern const char sockopt_stamp[];
SOCKOPT_EXPORT const char sockopt_stamp[] = "sockopt-stamp:" SOCKOPT_STAMP;

void
defsubr (emacs_env *env, const struct primitive *primitive)
{
  LISP_CALL (env, Qdefalias, env->intern (env, primitive->name),
             env->make_function (env, primitive->min_arity,
                                 primitive->max_arity, primitive->function,
                                 primitive->doc, NULL));
}

int
emacs_module_init (struct emacs_runtime *runtime)
{
  if (runtime->size < (ptrdiff_t) sizeof *runtime)
    return 1;
  emacs_env *env = runtime->get_environment (runtime);
  if (env->size < (ptrdiff_t) sizeof *env)
    return 2;
  lisp_init (env);
  syms_of_handle (env);
  syms_of_option_access (env);
  syms_of_option_inherit (env);
  syms_of_option_raw (env);
  syms_of_option_rows (env);
  syms_of_option_several (env);
  syms_of_process_adopt (env);
  syms_of_process_connect (env);
  syms_of_process_log (env);
  syms_of_process_lookup (env);
  syms_of_process_open (env);
  syms_of_process_receive (env);
  syms_of_process_send (env);
  return 0;
}

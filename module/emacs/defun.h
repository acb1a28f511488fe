/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a file defines its primitives and registers them.  */

#ifndef SOCKOPT_DEFUN_H
#define SOCKOPT_DEFUN_H

#include <stddef.h>

#include <emacs-module.h>

#if defined __GNUC__
# define ATTRIBUTE_UNUSED __attribute__ ((unused))
#else
# define ATTRIBUTE_UNUSED
#endif

struct primitive
{
  const char *name;
  ptrdiff_t min_arity;
  ptrdiff_t max_arity;
  emacs_value (*function) (emacs_env *, ptrdiff_t, emacs_value *, void *);
  const char *doc;
};

#define MANY emacs_variadic_function

/* Define a primitive as Emacs' own sources do, and as `check-declare'
   reads it.  LNAME is its name in Lisp, FNNAME the C function, whose body
   follows, and SNAME what `defsubr' takes.  Between MINARGS and MAXARGS
   arguments are in ARGS, NARGS of them.  The last line of DOC names
   them.  */
#define DEFUN(lname, fnname, sname, minargs, maxargs, doc)                  \
 static emacs_value fnname (emacs_env *, ptrdiff_t, emacs_value *, void *); \
 static const struct primitive sname                                        \
   = { lname, minargs, maxargs, fnname, doc };                              \
 static emacs_value fnname (emacs_env *env ATTRIBUTE_UNUSED,                \
                            ptrdiff_t nargs ATTRIBUTE_UNUSED,               \
                            emacs_value *args ATTRIBUTE_UNUSED,             \
                            void *data ATTRIBUTE_UNUSED)

/* Make the Lisp function that PRIMITIVE describes.  */
void defsubr (emacs_env *env, const struct primitive *primitive);

/* Each stands at the foot of its file and registers what that defines.  */
void syms_of_handle (emacs_env *env);
void syms_of_option_access (emacs_env *env);
void syms_of_option_inherit (emacs_env *env);
void syms_of_option_raw (emacs_env *env);
void syms_of_option_rows (emacs_env *env);
void syms_of_option_several (emacs_env *env);
void syms_of_process_adopt (emacs_env *env);
void syms_of_process_connect (emacs_env *env);
void syms_of_process_log (emacs_env *env);
void syms_of_process_lookup (emacs_env *env);
void syms_of_process_open (emacs_env *env);
void syms_of_process_receive (emacs_env *env);
void syms_of_process_send (emacs_env *env);

#endif /* SOCKOPT_DEFUN_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The module's entry: what it defines in Lisp.  */

#include "option/config.h"

#include "emacs/lisp.h"
#include "emacs/primitives.h"

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

/* A function as Emacs' own sources define one; `check-declare' reads it
   too.  The last line of DOC has the names of the arguments.  */
struct primitive
{
  const char *name;
  ptrdiff_t min_arity;
  ptrdiff_t max_arity;
  emacs_value (*function) (emacs_env *, ptrdiff_t, emacs_value *, void *);
  const char *doc;
};

#define MANY emacs_variadic_function
#define DEFUN(lname, fnname, sname, minargs, maxargs, doc) \
 static const struct primitive sname = { lname, minargs, maxargs, fnname, doc }

DEFUN ("sockopt--rows", sockopt_rows, Ssockopt_rows, 0, 0,
       "Return the keywords of the option table.\n\n"
       "(fn)");

DEFUN ("sockopt--row-parts", sockopt_row_parts, Ssockopt_row_parts, 1, 1,
       "Return what the option table has in ROW.\n\n"
       "(fn ROW)");

DEFUN ("sockopt--getter", sockopt_getter, Ssockopt_getter, 1, 1,
       "Return the function that gets the option of ROW.\n\n"
       "(fn ROW)");

DEFUN ("sockopt--setter", sockopt_setter, Ssockopt_setter, 1, 1,
       "Return the function that sets the option of ROW.\n\n"
       "(fn ROW)");

DEFUN ("sockopt--set-many", sockopt_set_many, Ssockopt_set_many, 3, MANY,
       "Set options of PROCESS, by the numbers of their rows.\n\n"
       "(fn PROCESS STATUS HANDLE &rest ROWS-AND-VALUES)");

DEFUN ("sockopt--check", sockopt_check, Ssockopt_check, 1, 1,
       "Signal what is wrong with SETTINGS, [ROW VALUE ROW VALUE ...].\n\n"
       "(fn SETTINGS)");

DEFUN ("sockopt--options", sockopt_options, Ssockopt_options, 3, 3,
       "Return a plist of the readable options of PROCESS.\n\n"
       "(fn PROCESS STATUS HANDLE)");

DEFUN ("sockopt--find", sockopt_find, Ssockopt_find, 2, 2,
       "Return a new handle of PROCESS.\n\n"
       "(fn PROCESS STATUS)");

DEFUN ("sockopt--lookup", sockopt_lookup, Ssockopt_lookup, 4, 4,
       "Return the addresses of HOST and SERVICE.\n\n"
       "(fn HOST SERVICE FAMILY TYPE)");

DEFUN ("sockopt--address", sockopt_address, Ssockopt_address, 2, 2,
       "Return ADDRESS, the value of KEYWORD, as addresses.\n\n"
       "(fn KEYWORD ADDRESS)");

DEFUN ("sockopt--open", sockopt_open, Ssockopt_open, 7, 7,
       "Return a new socket, its address and what its settings came to.\n\n"
       "(fn TYPE PROTOCOL BACKLOG ADDRESSES SETTINGS OPTIONAL ARGS)");

DEFUN ("sockopt--adopt", sockopt_adopt, Ssockopt_adopt, 4, 4,
       "Return a new process on the socket of HANDLE.\n\n"
       "(fn HANDLE ARGS ROLE DIRECTORY)");

DEFUN ("sockopt--hold", sockopt_hold, Ssockopt_hold, 0, 0,
       "Return a handle that keeps a process waiting.\n\n"
       "(fn)");

DEFUN ("sockopt--start", sockopt_start, Ssockopt_start, 8, 8,
       "Start to connect for the process that HANDLE holds.\n\n"
       "(fn HANDLE CHANNEL LINE TARGET TYPE PROTOCOL SETTINGS OPTIONAL)");

DEFUN ("sockopt--finish", sockopt_finish, Ssockopt_finish, 3, 3,
       "Hand what JOB made to the process that HANDLE holds.\n\n"
       "(fn HANDLE JOB SETTINGS)");

DEFUN ("sockopt--won-p", sockopt_won_p, Ssockopt_won_p, 1, 1,
       "Return non-nil if JOB has connected.\n\n"
       "(fn JOB)");

DEFUN ("sockopt--drop", sockopt_drop, Ssockopt_drop, 1, 1,
       "Let JOB go.\n\n"
       "(fn JOB)");

DEFUN ("sockopt--name", sockopt_name, Ssockopt_name, 1, 1,
       "Return the address that the socket of HANDLE is bound to.\n\n"
       "(fn HANDLE)");

DEFUN ("sockopt--close", sockopt_close, Ssockopt_close, 1, 1,
       "Close the socket of HANDLE if no process has it.\n\n"
       "(fn HANDLE)");

DEFUN ("sockopt--supported", sockopt_supported, Ssockopt_supported, 4, 4,
       "Return non-nil if the socket of PROCESS has an option.\n\n"
       "(fn PROCESS STATUS HANDLE ROW)");

DEFUN ("sockopt--get-raw", sockopt_get_raw, Ssockopt_get_raw, 6, 6,
       "Return LENGTH bytes of the option NUMBER at LEVEL.\n\n"
       "(fn PROCESS STATUS HANDLE LEVEL NUMBER LENGTH)");

DEFUN ("sockopt--set-raw", sockopt_set_raw, Ssockopt_set_raw, 6, 6,
       "Set the option NUMBER at LEVEL to BYTES.\n\n"
       "(fn PROCESS STATUS HANDLE LEVEL NUMBER BYTES)");

DEFUN ("sockopt--omission-reason", sockopt_omission_reason,
       Ssockopt_omission_reason, 1, 1,
       "Return why there is no option called NAME, or nil.\n\n(fn NAME)");

DEFUN ("sockopt--vsock-address", sockopt_vsock_address, Ssockopt_vsock_address,
       2, 2, "Return the address PORT of the machine CID.\n\n(fn CID PORT)");

static const struct primitive *const primitives[] = {
  &Ssockopt_rows,          &Ssockopt_getter,
  &Ssockopt_setter,        &Ssockopt_set_many,
  &Ssockopt_check,         &Ssockopt_options,
  &Ssockopt_find,          &Ssockopt_lookup,
  &Ssockopt_address,       &Ssockopt_open,
  &Ssockopt_adopt,         &Ssockopt_hold,
  &Ssockopt_start,         &Ssockopt_finish,
  &Ssockopt_won_p,         &Ssockopt_drop,
  &Ssockopt_name,          &Ssockopt_close,
  &Ssockopt_supported,     &Ssockopt_get_raw,
  &Ssockopt_set_raw,       &Ssockopt_omission_reason,
  &Ssockopt_vsock_address, &Ssockopt_row_parts,
};

int
emacs_module_init (struct emacs_runtime *runtime)
{
  if (runtime->size < (ptrdiff_t) sizeof *runtime)
    return 1;
  emacs_env *env = runtime->get_environment (runtime);
  if (env->size < (ptrdiff_t) sizeof *env)
    return 2;
  lisp_init (env);
  for (size_t i = 0; i < sizeof primitives / sizeof primitives[0]; i++)
    {
      const struct primitive *primitive = primitives[i];
      LISP_CALL (env, Qdefalias, env->intern (env, primitive->name),
                 env->make_function (env, primitive->min_arity,
                                     primitive->max_arity, primitive->function,
                                     primitive->doc, NULL));
    }
  return 0;
}

/* The module's entry: what it defines in Lisp.

Copyright (C) 2026 The sockopt authors

This file is part of sockopt.

sockopt is free software: you can redistribute it and/or modify it
under the terms of the GNU General Public License as published by the
Free Software Foundation, either version 3 of the License, or (at your
option) any later version.

sockopt is distributed in the hope that it will be useful, but WITHOUT
ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or
FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License
for more details.

You should have received a copy of the GNU General Public License
along with sockopt.  If not, see <https://www.gnu.org/licenses/>.  */

#include "config.h"

#include "lisp.h"
#include "primitives.h"

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

static const struct
{
  const char *name;
  ptrdiff_t arity;
  emacs_value (*function) (emacs_env *, ptrdiff_t, emacs_value *, void *);
  const char *doc;
} primitives[] = {
  { "sockopt--rows", 0, sockopt_rows,
    "Return the option table.\n\n(fn)" },
  { "sockopt--get", 3, sockopt_get,
    "Return an option of PROCESS, by the number of its ROW.\n\n"
    "(fn PROCESS HANDLE ROW)" },
  { "sockopt--set", 4, sockopt_set,
    "Set an option of PROCESS to VALUE and return what it now is.\n\n"
    "(fn PROCESS HANDLE ROW VALUE)" },
  { "sockopt--set-many", 3, sockopt_set_many,
    "Set options of PROCESS by SETTINGS, [ROW VALUE ROW VALUE ...].\n\n"
    "(fn PROCESS HANDLE SETTINGS)" },
  { "sockopt--check", 1, sockopt_check,
    "Signal what is wrong with SETTINGS, [ROW VALUE ROW VALUE ...].\n\n"
    "(fn SETTINGS)" },
  { "sockopt--options", 2, sockopt_options,
    "Return a plist of the readable options of PROCESS.\n\n"
    "(fn PROCESS HANDLE)" },
  { "sockopt--find", 1, sockopt_find,
    "Return a new handle of PROCESS.\n\n(fn PROCESS)" },
  { "sockopt--lookup", 4, sockopt_lookup,
    "Return the addresses of HOST and SERVICE.\n\n"
    "(fn HOST SERVICE FAMILY TYPE)" },
  { "sockopt--address", 2, sockopt_address,
    "Return ADDRESS, the value of KEYWORD, as addresses.\n\n"
    "(fn KEYWORD ADDRESS)" },
  { "sockopt--open", 6, sockopt_open,
    "Return a new socket and its address.\n\n"
    "(fn TYPE PROTOCOL BACKLOG ADDRESSES SETTINGS ARGS)" },
  { "sockopt--adopt", 4, sockopt_adopt,
    "Return a new process on the socket of HANDLE.\n\n"
    "(fn HANDLE ARGS ROLE DIRECTORY)" },
  { "sockopt--hold", 0, sockopt_hold,
    "Return a handle that keeps a process waiting.\n\n(fn)" },
  { "sockopt--start", 7, sockopt_start,
    "Start to connect for the process that HANDLE holds.\n\n"
    "(fn HANDLE CHANNEL LINE TARGET TYPE PROTOCOL SETTINGS)" },
  { "sockopt--finish", 3, sockopt_finish,
    "Hand what JOB made to the process that HANDLE holds.\n\n"
    "(fn HANDLE JOB SETTINGS)" },
  { "sockopt--drop", 1, sockopt_drop, "Let JOB go.\n\n(fn JOB)" },
  { "sockopt--name", 1, sockopt_name,
    "Return the address that the socket of HANDLE is bound to.\n\n"
    "(fn HANDLE)" },
  { "sockopt--close", 1, sockopt_close,
    "Close the socket of HANDLE if no process has it.\n\n(fn HANDLE)" },
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
    LISP_CALL (env, Qdefalias, env->intern (env, primitives[i].name),
               env->make_function (env, primitives[i].arity,
                                   primitives[i].arity,
                                   primitives[i].function, primitives[i].doc,
                                   NULL));
  return 0;
}

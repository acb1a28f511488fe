/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Primitives that get and set the options of a process's socket.  */

#include "option/config.h"

#include <errno.h>
#include <stdlib.h>

#include "emacs/defun.h"
#include "emacs/handle-option.h"
#include "emacs/lisp-option.h"
#include "emacs/lisp-settings.h"
#include "emacs/lisp.h"

/* (GETTER PROCESS STATUS HANDLE ARGUMENT), where DATA is the option.  */
static emacs_value
get_one (emacs_env *env, ptrdiff_t nargs ATTRIBUTE_UNUSED, emacs_value *args,
         void *data)
{
  struct bytes bytes;
  emacs_value value = Qnil;
  const struct option *option = data;
  struct handle *handle = handle_of_process (env, args);
  lisp_prepare (env, option, args[3], &bytes);
  if (lisp_pending (env))
    return Qnil;
  int code = handle_read (env, handle, option, &bytes, &value);
  if (code != 0)
    lisp_signal_option (env, option, code, NULL);
  return value;
}

/* (SETTER PROCESS STATUS HANDLE VALUE), where DATA is the option.  */
static emacs_value
set_one (emacs_env *env, ptrdiff_t nargs ATTRIBUTE_UNUSED, emacs_value *args,
         void *data)
{
  struct bytes bytes;
  emacs_value value = args[3];
  const struct option *option = data;
  struct handle *handle = handle_of_process (env, args);
  lisp_encode (env, option, value, &bytes);
  if (!lisp_pending (env))
    value = handle_write (env, handle, option, &bytes, value);
  bytes_free (&bytes);
  return value;
}

/* A Lisp function that does as FUNCTION with the option of ROW.  */
static emacs_value
function_for (emacs_env *env, emacs_value row,
              emacs_value (*function) (emacs_env *, ptrdiff_t, emacs_value *,
                                       void *),
              const char *doc)
{
  const struct option *option = lisp_to_option (env, row);
  return option
           ? env->make_function (env, 4, 4, function, doc, (void *) option)
           : Qnil;
}

DEFUN ("sockopt--getter", sockopt_getter, Ssockopt_getter, 1, 1,
       "Return a function that gets the option of ROW.\n"
       "ROW is a number, the place of the option in `sockopt--rows'. Call\n"
       "it with a process, its status, its handle, and the argument that\n"
       "the option takes to be read, or nil.  It returns the option's\n"
       "value.\n\n"
       "(fn ROW)")
{
  return function_for (env, args[0], get_one,
                       "Return the option's value.\n\n"
                       "(fn PROCESS STATUS HANDLE ARGUMENT)");
}

DEFUN ("sockopt--setter", sockopt_setter, Ssockopt_setter, 1, 1,
       "Return a function that sets the option of ROW.\n"
       "Call it with a process, its status, its handle, and the value to\n"
       "set. It returns the value that the option has then, as the kernel\n"
       "reports it, or the value given where that cannot be read.\n\n"
       "(fn ROW)")
{
  return function_for (env, args[0], set_one,
                       "Set the option and return what it now is.\n\n"
                       "(fn PROCESS STATUS HANDLE VALUE)");
}

/* Set the COUNT SETTINGS, which were made of the rows and values in GIVEN,
   and put what the kernel reports into VALUES.  Return how many were set
   before there was an error.  */
static size_t
set_all (emacs_env *env, struct handle *handle, const struct setting *settings,
         size_t count, emacs_value *given, emacs_value *values)
{
  for (size_t i = 0; i < count; i++)
    {
      values[i] = handle_write (env, handle, settings[i].option,
                                &settings[i].bytes, given[2 * i + 1]);
      if (lisp_pending (env))
        return i;
    }
  return count;
}

/* Whether the COUNT VALUES that SETTINGS now have are those in GIVEN, and
   Lisp has no more to see to: no other option has another value for it, and
   no warning may be due.  */
static bool
all_as_given (emacs_env *env, const struct setting *settings,
              emacs_value *given, emacs_value *values, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (settings[i].option->changes || settings[i].option->info
        || !env->eq (env, values[i], given[2 * i + 1]))
      return false;
  return true;
}

DEFUN ("sockopt--set-many", sockopt_set_many, Ssockopt_set_many, 3, MANY,
       "Set options of PROCESS, given as ROW VALUE ROW VALUE ...\n"
       "Nothing is set if any value is wrong, which is signalled. Value is\n"
       "nil if all were set, the kernel reports them as they were given,\n"
       "and none changes more, for a list that nobody needs is garbage.\n"
       "Otherwise it is (ERROR VALUE ...): what the kernel reports for\n"
       "those that were set, and why the next one was not,\n"
       "(SYMBOL . DATA), or nil.\n\n"
       "(fn PROCESS STATUS HANDLE &rest ROWS-AND-VALUES)")
{
  size_t count = (size_t) (nargs - 3) / 2;
  emacs_value result = Qnil;
  emacs_value *given = args + 3;
  struct handle *handle = handle_of_process (env, args);
  struct setting *settings
    = handle ? settings_from_list (env, given, count, 0) : NULL;
  emacs_value *values = calloc (count + 1, sizeof *values);
  if (settings && values)
    {
      size_t done = set_all (env, handle, settings, count, given, values + 1);
      values[0] = lisp_take_error (env);
      if (done < count
          || !all_as_given (env, settings, given, values + 1, count))
        result = lisp_call (env, Qlist, (ptrdiff_t) done + 1, values);
    }
  settings_free (settings, count);
  if (!values)
    lisp_signal_memory (env);
  free (values);
  return result;
}

DEFUN ("sockopt--check", sockopt_check, Ssockopt_check, 1, 1,
       "Signal what is wrong with SETTINGS, if anything.\n"
       "It is a vector [ROW VALUE ROW VALUE ...].  Value is nil.\n\n"
       "(fn SETTINGS)")
{
  size_t count;
  struct setting *settings = settings_from_lisp (env, args[0], 0, &count);
  settings_free (settings, count);
  return Qnil;
}

DEFUN ("sockopt--supported", sockopt_supported, Ssockopt_supported, 4, 4,
       "Return t if the socket of PROCESS has the option of ROW, else nil.\n"
       "The kernel is asked where reading the option changes nothing,\n"
       "otherwise the option table.\n\n"
       "(fn PROCESS STATUS HANDLE ROW)")
{
  emacs_value value;
  struct handle *handle = handle_of_process (env, args);
  const struct option *option = handle ? lisp_to_option (env, args[3]) : NULL;
  if (!option)
    return Qnil;
  /* What cannot be asked for, the table knows.  */
  bool has = option_reads_plainly (option)
               ? handle_read_plain (env, handle, option, &value) != ENOPROTOOPT
               : handle_has (handle, option);
  return has ? Qt : Qnil;
}

void
syms_of_option_access (emacs_env *env)
{
  defsubr (env, &Ssockopt_getter);
  defsubr (env, &Ssockopt_setter);
  defsubr (env, &Ssockopt_set_many);
  defsubr (env, &Ssockopt_check);
  defsubr (env, &Ssockopt_supported);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Functions that read several options of a socket at once.  */

#include "option/config.h"

#include <stdlib.h>

#include "emacs/defun.h"
#include "emacs/handle-option.h"
#include "emacs/lisp-option.h"
#include "emacs/lisp-value.h"
#include "emacs/lisp.h"
#include "option/get-set.h"

/* An option that is read; of a property list only FIELDS, a list, unless
   that is nil.  */
struct part
{
  const struct option *option;
  struct value fields;
};

/* What a function reads.  The pool has the fields.  */
struct reader
{
  struct pool pool;
  size_t count;
  struct part parts[];
};

static void
reader_free (void *data)
{
  struct reader *reader = data;
  pool_free (&reader->pool);
  free (reader);
}

/* What there is to know of PART of HANDLE's socket, nil if that does not
   have it.  */
static emacs_value
read_part (emacs_env *env, struct handle *handle, const struct part *part)
{
  struct bytes bytes = BYTES_NONE;
  emacs_value value = Qnil;
  if (handle_has (handle, part->option)
      && option_get (handle->fd, part->option, &bytes) == 0)
    value = lisp_decode_fields (env, part->option, &bytes, &part->fields);
  bytes_free (&bytes);
  return value;
}

/* (READER PROCESS STATUS HANDLE), where DATA is the reader.  */
static emacs_value
read_several (emacs_env *env, ptrdiff_t nargs ATTRIBUTE_UNUSED,
              emacs_value *args, void *data)
{
  const struct reader *reader = data;
  emacs_value result = Qnil;
  struct handle *handle = handle_of_process (env, args);
  emacs_value *plist = calloc (2 * reader->count + 1, sizeof *plist);
  if (!plist)
    {
      lisp_signal_memory (env);
      return Qnil;
    }
  for (size_t i = 0; i < reader->count && !lisp_pending (env); i++)
    {
      plist[2 * i] = lisp_keyword (env, reader->parts[i].option);
      plist[2 * i + 1] = read_part (env, handle, &reader->parts[i]);
    }
  if (!lisp_pending (env))
    result = lisp_call (env, Qlist, (ptrdiff_t) (2 * reader->count), plist);
  free (plist);
  return result;
}

/* Make PART of ROW and FIELDS.  */
static void
make_part (emacs_env *env, struct reader *reader, struct part *part,
           emacs_value row, emacs_value fields)
{
  part->option = lisp_to_option (env, row);
  if (part->option && !option_reads_plainly (part->option))
    lisp_signal_option (env, part->option, ENOPROTOOPT, NULL);
  if (!lisp_pending (env))
    lisp_to_value (env, fields, &reader->pool, &part->fields);
}

DEFUN ("sockopt--reader", sockopt_reader, Ssockopt_reader, 0, MANY,
       "Return a function that reads options: ROW FIELDS ROW FIELDS ...\n"
       "Of an option that is a property list only FIELDS are read, a list\n"
       "of keywords, unless that is nil.  Call the function with a\n"
       "process, its status and its handle.  It returns a property list\n"
       "that has each of the options; those that the socket does not have\n"
       "are nil.\n\n"
       "(fn &rest ROWS-AND-FIELDS)")
{
  size_t count = (size_t) nargs / 2;
  struct reader *reader
    = calloc (1, sizeof *reader + count * sizeof *reader->parts);
  if (!reader)
    {
      lisp_signal_memory (env);
      return Qnil;
    }
  reader->count = count;
  for (size_t i = 0; i < count && !lisp_pending (env); i++)
    make_part (env, reader, &reader->parts[i], args[2 * i], args[2 * i + 1]);
  if (lisp_pending (env))
    {
      reader_free (reader);
      return Qnil;
    }
  emacs_value function
    = env->make_function (env, 3, 3, read_several,
                          "Return what the options are, a property list.\n\n"
                          "(fn PROCESS STATUS HANDLE)",
                          reader);
  if (lisp_pending (env))
    reader_free (reader);
  else
    env->set_function_finalizer (env, function, reader_free);
  return function;
}

/* Make READINGS of the options that can be read unasked on a socket like
   that of HANDLE, and return how many there are.  */
static size_t
all_readings (struct handle *handle, struct reading *readings)
{
  size_t count = 0;
  unsigned class = handle_class (handle);
  for (size_t i = 0; i < options_count; i++)
    if (option_reads_plainly (&options[i])
        && option_applies (&options[i], class))
      readings[count++] = (struct reading){ .option = &options[i] };
  return count;
}

DEFUN ("sockopt--options", sockopt_options, Ssockopt_options, 3, 3,
       "Return the readable options of PROCESS, (KEYWORD VALUE ...).\n"
       "Those that reading changes, or that take an argument, are left\n"
       "out.\n\n"
       "(fn PROCESS STATUS HANDLE)")
{
  struct reading readings[OPTIONS_MAX];
  emacs_value plist[2 * OPTIONS_MAX];
  ptrdiff_t used = 0;
  struct handle *handle = handle_of_process (env, args);
  size_t count = handle ? all_readings (handle, readings) : 0;
  handle_read_all (handle, readings, count);
  for (size_t i = 0; i < count; i++)
    {
      struct reading *reading = &readings[i];
      if (reading->code == 0)
        {
          plist[used++] = lisp_keyword (env, reading->option);
          plist[used++] = lisp_decode (env, reading->option, &reading->bytes);
        }
      bytes_free (&reading->bytes);
    }
  return lisp_call (env, Qlist, used, plist);
}

/* The value of READING, or the keyword of its option if there is none.  */
static emacs_value
reading_value (emacs_env *env, struct handle *handle,
               const struct reading *reading)
{
  if (reading->code == 0 && handle_has (handle, reading->option))
    {
      emacs_value value = lisp_decode (env, reading->option, &reading->bytes);
      if (!env->is_not_nil (env, lisp_take_error (env)))
        return value;
    }
  return lisp_keyword (env, reading->option);
}

DEFUN ("sockopt--values", sockopt_values, Ssockopt_values, 3, MANY,
       "Return a list of the values that the options of ROWS have.\n"
       "They are options that can be read without more ado.  For one that\n"
       "the socket does not have, or that cannot be read, there is its\n"
       "keyword, which is no value of any option.\n\n"
       "(fn PROCESS STATUS HANDLE &rest ROWS)")
{
  size_t count = (size_t) (nargs - 3);
  emacs_value *rows = args + 3;
  emacs_value result = Qnil;
  struct handle *handle = handle_of_process (env, args);
  struct reading *readings = calloc (count + 1, sizeof *readings);
  if (!readings)
    {
      lisp_signal_memory (env);
      return Qnil;
    }
  for (size_t i = 0; i < count && !lisp_pending (env); i++)
    readings[i].option = lisp_to_option (env, rows[i]);
  if (!lisp_pending (env))
    {
      handle_read_all (handle, readings, count);
      for (size_t i = 0; i < count; i++)
        {
          rows[i] = reading_value (env, handle, &readings[i]);
          bytes_free (&readings[i].bytes);
        }
      result = lisp_call (env, Qlist, (ptrdiff_t) count, rows);
    }
  free (readings);
  return result;
}

void
syms_of_option_several (emacs_env *env)
{
  defsubr (env, &Ssockopt_reader);
  defsubr (env, &Ssockopt_options);
  defsubr (env, &Ssockopt_values);
}

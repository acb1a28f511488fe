/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Functions that read several options of a socket at once.  */

#include "option/config.h"

#include <stdlib.h>

#include "emacs/defun.h"
#include "emacs/handle.h"
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
    lisp_signal_memory (env);
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

void
syms_of_option_several (emacs_env *env)
{
  defsubr (env, &Ssockopt_reader);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between Lisp and options: rows, keywords, bytes, errors.  */

#include "option/config.h"

#include "emacs/lisp-option.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "emacs/lisp-value.h"
#include "emacs/lisp.h"
#include "option/hint.h"

const struct option *
lisp_to_option (emacs_env *env, emacs_value value)
{
  intmax_t index = env->extract_integer (env, value);
  if (lisp_pending (env))
    return NULL;
  if (index < 0 || (intmax_t) options_count <= index)
    {
      LISP_SIGNAL (env, Qargs_out_of_range, value);
      return NULL;
    }
  return &options[index];
}

/* Whether OPTION is in the table.  There are other rows, such as those of
   `outgoing'.  */
static bool
is_listed (const struct option *option)
{
  return (uintptr_t) option - (uintptr_t) options
         < options_count * sizeof *options;
}

emacs_value
lisp_keyword (emacs_env *env, const struct option *option)
{
  static emacs_value keywords[OPTIONS_MAX];
  if (!is_listed (option))
    return lisp_symbol (env, option->keyword);
  emacs_value *known = &keywords[option - options];
  if (*known)
    return *known;
  emacs_value keyword
    = env->make_global_ref (env, lisp_symbol (env, option->keyword));
  if (!lisp_pending (env))
    *known = keyword;
  return keyword;
}

void
lisp_signal_option (emacs_env *env, const struct option *option, int code,
                    emacs_value *value)
{
  emacs_value keyword = lisp_keyword (env, option);
  if (code == ENOPROTOOPT)
    {
      const char *hint = is_listed (option)
                           ? "this socket does not have it;"
                             " M-x sockopt-describe-option says which do"
                           : "this socket does not have it";
      if (!value && !(option->access & ACCESS_GET))
        hint = "it can only be set";
      else if (value && !(option->access & ACCESS_SET))
        hint = "it can only be read";
      LISP_SIGNAL (env, Qsockopt_unsupported, keyword,
                   lisp_string (env, hint));
      return;
    }
  char hint[HINT_ROOM];
  option_hint (option, code, value != NULL, hint, sizeof hint);
  emacs_value data = Qnil;
  if (hint[0])
    data = LISP_CALL (env, Qlist, lisp_string (env, hint));
  if (value)
    data = LISP_CALL (env, Qcons_function, *value, data);
  data = LISP_CALL (env, Qcons_function, keyword, data);
  lisp_signal_option_errno (env,
                            value ? "Cannot set network option"
                                  : "Cannot get network option",
                            code, data);
}

/* Signal that OPTION cannot be OBJECT, and what would do: the least and the
   greatest value with their unit, or in words.  */
static void
signal_range (emacs_env *env, const struct option *option, emacs_value object)
{
  char takes[HINT_ROOM];
  emacs_value keyword = lisp_keyword (env, option);
  option_takes (option, takes, sizeof takes);
  if (!option_has_plain_range (option))
    LISP_SIGNAL (env, Qargs_out_of_range, keyword, object,
                 lisp_string (env, takes));
  else if (option->unit)
    LISP_SIGNAL (env, Qargs_out_of_range, keyword, object,
                 env->make_integer (env, option->min),
                 env->make_integer (env, option->max),
                 lisp_string (env, option->unit));
  else
    LISP_SIGNAL (env, Qargs_out_of_range, keyword, object,
                 env->make_integer (env, option->min),
                 env->make_integer (env, option->max));
}

/* Signal that OPTION cannot be of the type of OBJECT, and in words what
   would do: of integers which, and in which unit.  */
static void
signal_type (emacs_env *env, const struct option *option, emacs_value object)
{
  char takes[HINT_ROOM];
  emacs_value keyword = lisp_keyword (env, option);
  emacs_value predicate = lisp_symbol (env, option->kind->predicate);
  option_takes (option, takes, sizeof takes);
  LISP_SIGNAL (env, Qwrong_type_argument, predicate, object, keyword,
               lisp_string (env, takes));
}

/* Signal what is wrong with OBJECT, given for OPTION.  */
static void
signal_fault (emacs_env *env, const struct option *option, enum fault fault,
              emacs_value object)
{
  switch (fault)
    {
    case FAULT_TYPE:
      signal_type (env, option, object);
      break;
    case FAULT_RANGE:
      signal_range (env, option, object);
      break;
    case FAULT_SYSTEM:
      lisp_signal_option (env, option, errno, &object);
      break;
    case FAULT_MEMORY:
      lisp_signal_memory (env);
      break;
    case FAULT_NONE:
      break;
    }
}

/* Signal that OPTION is not read with OBJECT for an argument: nil, if it
   takes one.  All that do take the same.  */
static void
signal_argument (emacs_env *env, const struct option *option,
                 emacs_value object)
{
  bool takes_one = option->kind->prepare != NULL;
  LISP_SIGNAL (env, Qwrong_type_argument,
               lisp_symbol (env, takes_one ? "consp" : "null"), object,
               lisp_keyword (env, option),
               lisp_string (env, takes_one
                                   ? "to be read it takes (GROUP INTERFACE)"
                                   : "to be read it takes no argument"));
}

/* Have FUNCTION make *BYTES of OBJECT for OPTION.  Return what is wrong with
   that, or FAULT_NONE, also where an error is signalled.  */
static enum fault
encode_with (emacs_env *env, const struct option *option,
             enum fault (*function) (const struct option *,
                                     const struct value *, struct bytes *),
             emacs_value object, struct bytes *bytes)
{
  struct pool pool = POOL_NONE;
  struct value value;
  enum fault fault = FAULT_NONE;
  lisp_to_value (env, object, &pool, &value);
  if (!lisp_pending (env))
    fault = function (option, &value, bytes);
  int saved = errno;
  if (fault != FAULT_NONE)
    bytes_free (bytes);
  pool_free (&pool);
  errno = saved;
  return fault;
}

/* Make *BYTES of OBJECT if it is right for OPTION and that is one number, as
   most are.  Otherwise return false, for the kind to say what is wrong.  */
static bool
encode_number (emacs_env *env, const struct option *option, emacs_value object,
               struct bytes *bytes)
{
  intmax_t number;
  if (option->kind == &kind_boolean)
    number = env->is_not_nil (env, object);
  else if (option->kind != &kind_integer || lisp_pending (env))
    return false;
  else
    {
      number = env->extract_integer (env, object);
      if (lisp_pending (env))
        {
          env->non_local_exit_clear (env);
          return false;
        }
      if (number < option->min || option->max < number)
        return false;
    }
  bytes->as.integer = (int) number;
  bytes->length = sizeof bytes->as.integer;
  return true;
}

void
lisp_encode (emacs_env *env, const struct option *option, emacs_value object,
             struct bytes *bytes)
{
  *bytes = BYTES_NONE;
  if (!option->kind->encode)
    lisp_signal_option (env, option, ENOPROTOOPT, &object);
  else if (!encode_number (env, option, object, bytes))
    {
      enum fault fault
        = encode_with (env, option, option->kind->encode, object, bytes);
      signal_fault (env, option, fault, object);
    }
  /* Emacs closes sockets from C, and would be frozen for that time.  */
  if (option->flags & OPTION_CLOSE_WAITS)
    LISP_CALL (env, Qguard_closing);
}

void
lisp_prepare (emacs_env *env, const struct option *option, emacs_value object,
              struct bytes *bytes)
{
  *bytes = BYTES_NONE;
  bool given = env->is_not_nil (env, object);
  enum fault fault = FAULT_NONE;
  if (given && option->kind->prepare)
    fault = encode_with (env, option, option->kind->prepare, object, bytes);
  else if (given || option->kind->prepare)
    fault = FAULT_TYPE;
  if (fault == FAULT_TYPE || fault == FAULT_RANGE)
    signal_argument (env, option, object);
  else
    signal_fault (env, option, fault, object);
}

/* Whether KEY is one of FIELDS, a list of symbols.  */
static bool
is_field (const struct value *fields, const struct value *key)
{
  for (size_t i = 0; i < fields->size; i++)
    if (fields->as.items[i].size == key->size
        && memcmp (fields->as.items[i].as.text, key->as.text, key->size) == 0)
      return true;
  return false;
}

/* Leave only FIELDS in PLIST, or all if there are none.  */
static void
keep_fields (struct value *plist, const struct value *fields)
{
  struct value *items = plist->as.items;
  size_t kept = 0;
  if (plist->type != VALUE_LIST || fields->type != VALUE_LIST)
    return;
  for (size_t i = 0; i + 1 < plist->size; i += 2)
    if (is_field (fields, &items[i]))
      {
        items[kept++] = items[i];
        items[kept++] = items[i + 1];
      }
  plist->size = kept;
}

/* Make *RESULT what BYTES of OPTION mean, of a property list FIELDS
   alone.  */
static enum fault
decode (emacs_env *env, const struct option *option, const struct bytes *bytes,
        const struct value *fields, emacs_value *result)
{
  POOL_ROOM (room);
  struct pool pool = { .room = room, .left = sizeof room };
  struct value value;
  enum fault fault = option->kind->decode (option, bytes, &pool, &value);
  if (fault == FAULT_NONE)
    {
      keep_fields (&value, fields);
      *result = lisp_from_value (env, &value);
    }
  else if (fault == FAULT_MEMORY)
    lisp_signal_memory (env);
  else if (fault == FAULT_SYSTEM)
    lisp_signal_option (env, option, errno, NULL);
  pool_free (&pool);
  return fault;
}

emacs_value
lisp_decode (emacs_env *env, const struct option *option,
             const struct bytes *bytes)
{
  static const struct value all = { .type = VALUE_NIL };
  emacs_value result = Qnil;
  /* Most are one number, and a snapshot has dozens of them.  */
  if (bytes->length == sizeof bytes->as.integer)
    {
      if (option->kind == &kind_boolean)
        return bytes->as.integer != 0 ? Qt : Qnil;
      if (option->kind == &kind_integer)
        return lisp_from_integer (env, bytes->as.integer);
    }
  enum fault fault = decode (env, option, bytes, &all, &result);
  if (fault != FAULT_NONE)
    LISP_SIGNAL (env, Qsockopt_error,
                 lisp_string (env, "Kernel gave a value of another length"),
                 lisp_keyword (env, option),
                 env->make_integer (env, (intmax_t) bytes->length));
  return result;
}

emacs_value
lisp_decode_fields (emacs_env *env, const struct option *option,
                    const struct bytes *bytes, const struct value *fields)
{
  emacs_value result = Qnil;
  decode (env, option, bytes, fields, &result);
  return result;
}

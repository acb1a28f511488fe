/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between Lisp objects and the values of options.  */

#include "option/config.h"

#include "emacs/lisp-value.h"

#include <stdlib.h>

#include "emacs/lisp.h"

/* An integer that does not fit is a value too, for the kind to refuse
   with its own range.  */
static void
integer_to_value (emacs_env *env, emacs_value object, struct value *value)
{
  value_integer (value, env->extract_integer (env, object));
  if (lisp_pending (env))
    {
      env->non_local_exit_clear (env);
      value->type = VALUE_BIG;
    }
}

static void
text_to_value (emacs_env *env, emacs_value string, enum value_type type,
               struct pool *pool, struct value *value)
{
  ptrdiff_t length = 0;
  if (lisp_pending (env)
      || !env->copy_string_contents (env, string, NULL, &length))
    return;
  char *text = pool_allocate (pool, (size_t) length);
  if (!text)
    lisp_signal_memory (env);
  else if (env->copy_string_contents (env, string, text, &length))
    *value = (struct value){ .type = type,
                             .as.text = text,
                             .size = (size_t) length - 1 };
}

/* A sequence so long, or within so many others, that no option takes it
   may as well be circular.  */
enum
{
  OUTER_MAX = 10000,
  NESTED_MAX = 16,
  DEPTH_MAX = 2
};

/* The most elements of a sequence that is within DEPTH others.  */
static ptrdiff_t
most_elements (int depth)
{
  if (depth == 0)
    return OUTER_MAX;
  return depth < DEPTH_MAX ? NESTED_MAX : -1;
}

static void to_value (emacs_env *env, emacs_value object, int depth,
                      struct pool *pool, struct value *value);

static void
vector_to_value (emacs_env *env, emacs_value vector, int depth,
                 struct pool *pool, struct value *value)
{
  ptrdiff_t size = env->vec_size (env, vector);
  if (most_elements (depth) < size)
    {
      value->type = VALUE_OTHER;
      return;
    }
  if (!value_vector (value, pool, (size_t) size))
    lisp_signal_memory (env);
  for (ptrdiff_t i = 0; i < size && !lisp_pending (env); i++)
    to_value (env, env->vec_get (env, vector, i), depth + 1, pool,
              &value->as.items[i]);
}

/* How many elements LIST has; -1 if it is no proper list or has more
   than MAX.  */
static ptrdiff_t
list_length (emacs_env *env, emacs_value list, ptrdiff_t max)
{
  ptrdiff_t length = 0;
  while (!lisp_pending (env) && env->is_not_nil (env, list))
    {
      if (max < ++length || !env->eq (env, env->type_of (env, list), Qcons))
        return -1;
      list = LISP_CALL (env, Qcdr, list);
    }
  return length;
}

static void
list_to_value (emacs_env *env, emacs_value list, int depth, struct pool *pool,
               struct value *value)
{
  ptrdiff_t length = list_length (env, list, most_elements (depth));
  if (length < 0)
    {
      *value = (struct value){ .type = VALUE_OTHER };
      return;
    }
  if (!value_list (value, pool, (size_t) length))
    lisp_signal_memory (env);
  for (ptrdiff_t i = 0; i < length && !lisp_pending (env); i++)
    {
      to_value (env, LISP_CALL (env, Qcar, list), depth + 1, pool,
                &value->as.items[i]);
      list = LISP_CALL (env, Qcdr, list);
    }
}

static void
object_to_value (emacs_env *env, emacs_value object, int depth,
                 struct pool *pool, struct value *value)
{
  emacs_value type = env->type_of (env, object);
  if (env->eq (env, type, Qinteger))
    integer_to_value (env, object, value);
  else if (env->eq (env, type, Qstring))
    text_to_value (env, object, VALUE_STRING, pool, value);
  else if (env->eq (env, type, Qsymbol))
    text_to_value (env, LISP_CALL (env, Qsymbol_name, object), VALUE_SYMBOL,
                   pool, value);
  else if (env->eq (env, type, Qcons))
    list_to_value (env, object, depth, pool, value);
  else if (env->eq (env, type, Qvector))
    vector_to_value (env, object, depth, pool, value);
  else if (env->eq (env, type, Qfloat))
    *value = (struct value){ .type = VALUE_FLOAT,
                             .as.real = env->extract_float (env, object) };
  else
    value->type = VALUE_OTHER;
}

/* Make *VALUE of OBJECT, which is within DEPTH sequences.  */
static void
to_value (emacs_env *env, emacs_value object, int depth, struct pool *pool,
          struct value *value)
{
  value_boolean (value, env->eq (env, object, Qt));
  if (value->type == VALUE_NIL && env->is_not_nil (env, object))
    object_to_value (env, object, depth, pool, value);
}

void
lisp_to_value (emacs_env *env, emacs_value object, struct pool *pool,
               struct value *value)
{
  to_value (env, object, 0, pool, value);
}

static emacs_value
from_big (emacs_env *env, uintmax_t integer)
{
  emacs_limb_t limbs[] = { (emacs_limb_t) integer, 0 };
  ptrdiff_t count = 1;
  if (sizeof limbs[0] < sizeof integer)
    {
      limbs[1] = (emacs_limb_t) (integer >> 16 >> 16);
      count = 2;
    }
  return env->make_big_integer (env, 1, count, limbs);
}

/* All that the kernel tells of a connection is less than this.  */
enum
{
  FEW = 160
};

/* The items of VALUE as arguments of FUNCTION.  */
static emacs_value
from_items (emacs_env *env, emacs_value function, const struct value *value)
{
  emacs_value few[FEW];
  emacs_value *items
    = value->size <= FEW ? few : calloc (value->size, sizeof *items);
  if (!items)
    {
      lisp_signal_memory (env);
      return Qnil;
    }
  for (size_t i = 0; i < value->size; i++)
    items[i] = lisp_from_value (env, &value->as.items[i]);
  emacs_value result
    = lisp_call (env, function, (ptrdiff_t) value->size, items);
  if (items != few)
    free (items);
  return result;
}

emacs_value
lisp_from_value (emacs_env *env, const struct value *value)
{
  switch (value->type)
    {
    case VALUE_T:
      return Qt;
    case VALUE_INTEGER:
      return lisp_from_integer (env, value->as.integer);
    case VALUE_BIG:
      return from_big (env, (uintmax_t) value->as.integer);
    case VALUE_FLOAT:
      return env->make_float (env, value->as.real);
    case VALUE_STRING:
      return env->make_string (env, value->as.text, (ptrdiff_t) value->size);
    case VALUE_LOCALE_STRING:
      return lisp_decode_locale (env, value->as.text, value->size);
    case VALUE_BYTES:
      return env->make_unibyte_string (env, value->as.text,
                                       (ptrdiff_t) value->size);
    case VALUE_SYMBOL:
      return lisp_symbol (env, value->as.text);
    case VALUE_LIST:
      return from_items (env, Qlist, value);
    case VALUE_PAIR:
      return from_items (env, Qcons_function, value);
    case VALUE_VECTOR:
      return from_items (env, Qvector_function, value);
    case VALUE_NIL:
    case VALUE_OTHER:
    default:
      return Qnil;
    }
}

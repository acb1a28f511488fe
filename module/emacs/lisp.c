/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between C and Lisp: values, addresses, signals.  */

#include "option/config.h"

#include "emacs/lisp.h"
#include "option/errno-message.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LISP_DEFINE(name, text) emacs_value name;
LISP_SYMBOLS (LISP_DEFINE)
#undef LISP_DEFINE

void
lisp_init (emacs_env *env)
{
/* clang-format off */
#define LISP_INTERN(name, text)                                               \
  name = env->make_global_ref (env, env->intern (env, text));
  LISP_SYMBOLS (LISP_INTERN)
#undef LISP_INTERN
  /* clang-format on */
}

bool
lisp_pending (emacs_env *env)
{
  return env->non_local_exit_check (env) != emacs_funcall_exit_return;
}

emacs_value
lisp_call (emacs_env *env, emacs_value function, ptrdiff_t nargs,
           emacs_value *args)
{
  return lisp_pending (env) ? Qnil : env->funcall (env, function, nargs, args);
}

void
lisp_signal (emacs_env *env, emacs_value symbol, emacs_value data)
{
  if (!lisp_pending (env))
    env->non_local_exit_signal (env, symbol, data);
}

emacs_value
lisp_string (emacs_env *env, const char *text)
{
  return env->make_string (env, text, (ptrdiff_t) strlen (text));
}

static emacs_value
decode_locale_string (emacs_env *env, const char *text, size_t size)
{
  emacs_value coding = LISP_CALL (env, Qsymbol_value, Qlocale_coding_system);
  return LISP_CALL (env, Qdecode_coding_string,
                    env->make_unibyte_string (env, text, (ptrdiff_t) size),
                    coding, Qt);
}

emacs_value
lisp_locale_string (emacs_env *env, const char *text)
{
  return decode_locale_string (env, text, strlen (text));
}

char *
lisp_copy_string (emacs_env *env, emacs_value value, size_t *size)
{
  ptrdiff_t length = 0;
  if (lisp_pending (env)
      || !env->copy_string_contents (env, value, NULL, &length))
    return NULL;
  char *text = malloc ((size_t) length);
  if (!text)
    {
      lisp_signal_errno (env, "Cannot copy string", ENOMEM, Qnil);
      return NULL;
    }
  if (!env->copy_string_contents (env, value, text, &length))
    {
      free (text);
      return NULL;
    }
  *size = (size_t) length - 1;
  return text;
}

/* The module interface gives strings in UTF-8 only, so the bytes come as
   the elements of a vector.  */
char *
lisp_copy_bytes (emacs_env *env, emacs_value value, size_t *size)
{
  emacs_value vector = LISP_CALL (env, Qvconcat, value);
  ptrdiff_t count = lisp_pending (env) ? 0 : env->vec_size (env, vector);
  if (lisp_pending (env))
    return NULL;
  char *bytes = malloc ((size_t) count + 1);
  if (!bytes)
    {
      lisp_signal_errno (env, "Cannot copy string", ENOMEM, Qnil);
      return NULL;
    }
  for (ptrdiff_t i = 0; i < count && !lisp_pending (env); i++)
    {
      emacs_value element = env->vec_get (env, vector, i);
      int byte = lisp_int (env, element);
      if (byte < 0 || UINT8_MAX < byte)
        LISP_SIGNAL (env, Qargs_out_of_range, value, element);
      bytes[i] = (char) byte;
    }
  *size = (size_t) count;
  if (!lisp_pending (env))
    return bytes;
  free (bytes);
  return NULL;
}

int
lisp_int (emacs_env *env, emacs_value value)
{
  intmax_t integer = env->extract_integer (env, value);
  if (lisp_pending (env))
    return 0;
  if (integer < INT_MIN || INT_MAX < integer)
    {
      LISP_SIGNAL (env, Qargs_out_of_range, value,
                   env->make_integer (env, INT_MIN),
                   env->make_integer (env, INT_MAX));
      return 0;
    }
  return (int) integer;
}

static void
signal_memory (emacs_env *env)
{
  lisp_signal_errno (env, "Cannot keep value", ENOMEM, Qnil);
}

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
    signal_memory (env);
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
    signal_memory (env);
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
    signal_memory (env);
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

/* The items of VALUE as arguments of FUNCTION.  */
static emacs_value
from_items (emacs_env *env, emacs_value function, const struct value *value)
{
  emacs_value *items = calloc (value->size + 1, sizeof *items);
  if (!items)
    {
      signal_memory (env);
      return Qnil;
    }
  for (size_t i = 0; i < value->size; i++)
    items[i] = lisp_from_value (env, &value->as.items[i]);
  emacs_value result
    = lisp_call (env, function, (ptrdiff_t) value->size, items);
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
      return env->make_integer (env, value->as.integer);
    case VALUE_BIG:
      return from_big (env, (uintmax_t) value->as.integer);
    case VALUE_FLOAT:
      return env->make_float (env, value->as.real);
    case VALUE_STRING:
      return env->make_string (env, value->as.text, (ptrdiff_t) value->size);
    case VALUE_LOCALE_STRING:
      return decode_locale_string (env, value->as.text, value->size);
    case VALUE_BYTES:
      return env->make_unibyte_string (env, value->as.text,
                                       (ptrdiff_t) value->size);
    case VALUE_SYMBOL:
      return env->intern (env, value->as.text);
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

static void
signal_address (emacs_env *env, emacs_value keyword, emacs_value object)
{
  LISP_SIGNAL (env, Qsockopt_error, lisp_string (env, "Malformed address"),
               keyword, object);
}

/* Element I of VECTOR, which must be from 0 to MAX.  */
static unsigned
element (emacs_env *env, emacs_value vector, ptrdiff_t i, unsigned max)
{
  if (lisp_pending (env))
    return 0;
  emacs_value value = env->vec_get (env, vector, i);
  intmax_t integer = env->extract_integer (env, value);
  if (lisp_pending (env))
    return 0;
  if (integer < 0 || max < integer)
    {
      LISP_SIGNAL (env, Qargs_out_of_range, vector, value);
      return 0;
    }
  return (unsigned) integer;
}

static void
vector_to_address (emacs_env *env, emacs_value keyword, emacs_value vector,
                   struct address *address)
{
  uint8_t bytes[16];
  ptrdiff_t size = env->vec_size (env, vector);
  if (size != 5 && size != 9)
    {
      signal_address (env, keyword, vector);
      return;
    }
  uint16_t port = (uint16_t) element (env, vector, size - 1, UINT16_MAX);
  for (ptrdiff_t i = 0; i < size - 1; i++)
    if (size == 5)
      bytes[i] = (uint8_t) element (env, vector, i, UINT8_MAX);
    else
      {
        unsigned part = element (env, vector, i, UINT16_MAX);
        bytes[2 * i] = (uint8_t) (part >> CHAR_BIT);
        bytes[2 * i + 1] = (uint8_t) part;
      }
  if (size == 5)
    address_ipv4 (address, bytes, port);
  else
    address_ipv6 (address, bytes, port);
}

static void
string_to_address (emacs_env *env, emacs_value keyword, emacs_value string,
                   struct address *address)
{
  size_t size = 0;
  char *path = lisp_copy_string (env, string, &size);
  if (path && !address_local (address, path, size))
    LISP_SIGNAL (env, Qargs_out_of_range, keyword, string,
                 env->make_integer (env, LOCAL_PATH_MAX));
  free (path);
}

/* Core's form for families that it has no form of: (FAMILY . BYTES).  */
static void
cons_to_address (emacs_env *env, emacs_value keyword, emacs_value cons,
                 struct address *address)
{
  uint8_t bytes[sizeof address->storage];
  int family = lisp_int (env, LISP_CALL (env, Qcar, cons));
  emacs_value vector = LISP_CALL (env, Qcdr, cons);
  ptrdiff_t size = lisp_pending (env) ? 0 : env->vec_size (env, vector);
  if (lisp_pending (env))
    return;
  for (ptrdiff_t i = 0; i < size && (size_t) i < sizeof bytes; i++)
    bytes[i] = (uint8_t) element (env, vector, i, UINT8_MAX);
  if (lisp_pending (env))
    return;
  if ((size_t) size > sizeof bytes
      || !address_raw (address, family, bytes, (size_t) size))
    signal_address (env, keyword, cons);
}

void
lisp_to_address (emacs_env *env, emacs_value keyword, emacs_value object,
                 struct address *address)
{
  *address = (struct address){ .length = 0 };
  if (lisp_pending (env))
    return;
  emacs_value type = env->type_of (env, object);
  if (env->eq (env, type, Qvector))
    vector_to_address (env, keyword, object, address);
  else if (env->eq (env, type, Qstring))
    string_to_address (env, keyword, object, address);
  else if (env->eq (env, type, Qcons))
    cons_to_address (env, keyword, object, address);
  else
    signal_address (env, keyword, object);
}

static emacs_value
from_inet_address (emacs_env *env, const struct address *address)
{
  emacs_value elements[9];
  ptrdiff_t count = 0;
  const uint8_t *bytes = address_bytes (address);
  if (address_family (address) == AF_INET)
    for (; count < 4; count++)
      elements[count] = env->make_integer (env, bytes[count]);
  else
    for (; count < 8; count++)
      elements[count] = env->make_integer (env, bytes[2 * count] << CHAR_BIT
                                                  | bytes[2 * count + 1]);
  elements[count++] = env->make_integer (env, address_port (address));
  return lisp_call (env, Qvector_function, count, elements);
}

static emacs_value
from_raw_address (emacs_env *env, const struct address *address)
{
  emacs_value elements[sizeof address->storage];
  const uint8_t *bytes = (const uint8_t *) &address->storage;
  ptrdiff_t count = 0;
  for (size_t i = offsetof (struct sockaddr, sa_data); i < address->length;
       i++)
    elements[count++] = env->make_integer (env, bytes[i]);
  return LISP_CALL (env, Qcons_function,
                    env->make_integer (env, address_family (address)),
                    lisp_call (env, Qvector_function, count, elements));
}

emacs_value
lisp_from_address (emacs_env *env, const struct address *address)
{
  size_t size;
  switch (address_family (address))
    {
    case AF_INET:
    case AF_INET6:
      return from_inet_address (env, address);
    case AF_UNIX:
      {
        const char *path = address_path (address, &size);
        return env->make_unibyte_string (env, path, (ptrdiff_t) size);
      }
    default:
      return from_raw_address (env, address);
    }
}

emacs_value
lisp_keyword (emacs_env *env, const struct option *option)
{
  return env->intern (env, option->keyword);
}

/* Which condition stands for CODE: the same children of `file-error'
   as core uses, so that handlers written for core go on working.  */
static emacs_value
errno_condition (int code)
{
  switch (code)
    {
    case ENOENT:
      return Qsockopt_file_missing;
    case EACCES:
      return Qsockopt_permission_denied;
    case EEXIST:
      return Qsockopt_file_exists;
    default:
      return Qsockopt_system_error;
    }
}

void
lisp_signal_errno (emacs_env *env, const char *verb, int code,
                   emacs_value data)
{
  char buffer[128];
  const char *message = errno_message (code, buffer, sizeof buffer);
  if (lisp_pending (env))
    return;
  data
    = LISP_CALL (env, Qcons_function, lisp_locale_string (env, message), data);
  data = LISP_CALL (env, Qcons_function, lisp_string (env, verb), data);
  lisp_signal (env, errno_condition (code), data);
}

void
lisp_signal_option (emacs_env *env, const struct option *option, int code,
                    emacs_value *value)
{
  emacs_value keyword = lisp_keyword (env, option);
  if (code == ENOPROTOOPT)
    {
      const char *hint = "this socket does not have it";
      if (!value && !(option->access & ACCESS_GET))
        hint = "it can only be set";
      else if (value && !(option->access & ACCESS_SET))
        hint = "it can only be read";
      LISP_SIGNAL (env, Qsockopt_unsupported, keyword,
                   lisp_string (env, hint));
    }
  else if (value)
    lisp_signal_errno (env, "Cannot set network option", code,
                       LISP_CALL (env, Qlist, keyword, *value));
  else
    lisp_signal_errno (env, "Cannot get network option", code,
                       LISP_CALL (env, Qlist, keyword));
}

/* Signal what is wrong with OBJECT, given for OPTION.  */
static void
signal_fault (emacs_env *env, const struct option *option, enum fault fault,
              emacs_value object)
{
  switch (fault)
    {
    case FAULT_TYPE:
      LISP_SIGNAL (env, Qwrong_type_argument,
                   env->intern (env, option->kind->predicate), object,
                   lisp_keyword (env, option));
      break;
    case FAULT_RANGE:
      LISP_SIGNAL (env, Qargs_out_of_range, lisp_keyword (env, option), object,
                   env->make_integer (env, option->min),
                   env->make_integer (env, option->max));
      break;
    case FAULT_MEMORY:
      signal_memory (env);
      break;
    case FAULT_NONE:
      break;
    }
}

/* Have FUNCTION make *BYTES of OBJECT for OPTION.  */
static void
encode_with (emacs_env *env, const struct option *option,
             enum fault (*function) (const struct option *,
                                     const struct value *, struct bytes *),
             emacs_value object, struct bytes *bytes)
{
  struct pool pool = { NULL };
  struct value value;
  lisp_to_value (env, object, &pool, &value);
  if (!lisp_pending (env))
    {
      enum fault fault = function (option, &value, bytes);
      if (fault != FAULT_NONE)
        bytes_free (bytes);
      signal_fault (env, option, fault, object);
    }
  pool_free (&pool);
}

void
lisp_encode (emacs_env *env, const struct option *option, emacs_value object,
             struct bytes *bytes)
{
  *bytes = BYTES_NONE;
  if (option->kind->encode)
    encode_with (env, option, option->kind->encode, object, bytes);
  else
    lisp_signal_option (env, option, ENOPROTOOPT, &object);
}

void
lisp_prepare (emacs_env *env, const struct option *option, emacs_value object,
              struct bytes *bytes)
{
  *bytes = BYTES_NONE;
  if (option->kind->prepare)
    encode_with (env, option, option->kind->prepare, object, bytes);
}

emacs_value
lisp_decode (emacs_env *env, const struct option *option,
             const struct bytes *bytes)
{
  struct pool pool = { NULL };
  struct value value;
  emacs_value result = Qnil;
  enum fault fault = option->kind->decode (option, bytes, &pool, &value);
  if (fault == FAULT_NONE)
    result = lisp_from_value (env, &value);
  else if (fault == FAULT_MEMORY)
    signal_memory (env);
  else
    LISP_SIGNAL (env, Qsockopt_error,
                 lisp_string (env, "Kernel gave a value of another length"),
                 lisp_keyword (env, option),
                 env->make_integer (env, (intmax_t) bytes->length));
  pool_free (&pool);
  return result;
}

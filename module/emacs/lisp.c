/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between C and Lisp: symbols, calls, signals, strings, numbers.  */

#include "option/config.h"

#include "emacs/lisp.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "option/errno-message.h"

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

/* The symbols that `lisp_symbol' has interned.  There are some 700 names
   in the tables of this module; if there were ever more than fit, the
   others would be interned each time.  */
enum
{
  SYMBOLS_SIZE = 2048, /* a power of 2 */
  SYMBOLS_MAX = SYMBOLS_SIZE / 4 * 3
};

static struct
{
  const char *name;
  emacs_value symbol;
} symbols[SYMBOLS_SIZE];

static size_t symbols_count;

/* Where NAME is in `symbols', or would be.  Strings stand close together,
   so their addresses differ in the low bits.  */
static size_t
symbol_index (const char *name)
{
  size_t i = (uintptr_t) name % SYMBOLS_SIZE;
  while (symbols[i].name && symbols[i].name != name)
    i = (i + 1) % SYMBOLS_SIZE;
  return i;
}

emacs_value
lisp_symbol (emacs_env *env, const char *name)
{
  size_t i = symbol_index (name);
  if (symbols[i].name)
    return symbols[i].symbol;
  emacs_value symbol = env->intern (env, name);
  if (symbols_count == SYMBOLS_MAX || lisp_pending (env))
    return symbol;
  symbol = env->make_global_ref (env, symbol);
  if (!lisp_pending (env))
    {
      symbols[i].name = name;
      symbols[i].symbol = symbol;
      symbols_count++;
    }
  return symbol;
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
lisp_take_error (emacs_env *env)
{
  emacs_value symbol, data;
  if (env->non_local_exit_get (env, &symbol, &data)
      != emacs_funcall_exit_signal)
    return Qnil;
  env->non_local_exit_clear (env);
  return LISP_CALL (env, Qcons_function, symbol, data);
}

bool
lisp_wants_to_quit (emacs_env *env)
{
  return env->process_input (env) == emacs_process_input_quit;
}

emacs_value
lisp_from_integer (emacs_env *env, intmax_t integer)
{
  static emacs_value small[256];
  if (integer < 0 || (intmax_t) (sizeof small / sizeof small[0]) <= integer)
    return env->make_integer (env, integer);
  if (small[integer])
    return small[integer];
  emacs_value value
    = env->make_global_ref (env, env->make_integer (env, integer));
  if (!lisp_pending (env))
    small[integer] = value;
  return value;
}

emacs_value
lisp_string (emacs_env *env, const char *text)
{
  return env->make_string (env, text, (ptrdiff_t) strlen (text));
}

emacs_value
lisp_decode_locale (emacs_env *env, const char *text, size_t size)
{
  emacs_value coding = LISP_CALL (env, Qsymbol_value, Qlocale_coding_system);
  return LISP_CALL (env, Qdecode_coding_string,
                    env->make_unibyte_string (env, text, (ptrdiff_t) size),
                    coding, Qt);
}

emacs_value
lisp_locale_string (emacs_env *env, const char *text)
{
  return lisp_decode_locale (env, text, strlen (text));
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

/* Make of the SIZE bytes at TEXT, UTF-8 for characters up to U+00FF, one
   byte for each of these.  Return how many there are.  */
static size_t
fold_latin_1 (char *text, size_t size)
{
  size_t count = 0;
  for (size_t i = 0; i < size; i++)
    {
      unsigned byte = (unsigned char) text[i];
      if (byte >= 0x80 && i + 1 < size)
        byte = (byte & 3) << 6 | ((unsigned char) text[++i] & 0x3f);
      text[count++] = (char) byte;
    }
  return count;
}

/* The module interface gives strings in UTF-8 only.  To ask for one byte
   after another would take a call each, and with `--module-assertions' a
   time that grows with the square of the length.  */
char *
lisp_copy_bytes (emacs_env *env, emacs_value value, size_t *size)
{
  if (env->is_not_nil (env, LISP_CALL (env, Qmultibyte_string_p, value)))
    LISP_SIGNAL (env, Qwrong_type_argument, Qunibyte_string_p, value);
  char *bytes = lisp_copy_string (
    env, LISP_CALL (env, Qdecode_coding_string, value, Qlatin_1_unix), size);
  if (bytes)
    *size = fold_latin_1 (bytes, *size);
  return bytes;
}

intmax_t
lisp_integer (emacs_env *env, emacs_value value, intmax_t min, intmax_t max)
{
  if (lisp_pending (env))
    return min;
  bool is_integer = env->eq (env, env->type_of (env, value), Qinteger);
  intmax_t integer = env->extract_integer (env, value);
  /* A bignum that intmax_t does not hold is out of range, too.  */
  bool fits = !lisp_pending (env);
  if (is_integer && !fits)
    env->non_local_exit_clear (env);
  if (is_integer && (!fits || integer < min || max < integer))
    LISP_SIGNAL (env, Qargs_out_of_range, value, env->make_integer (env, min),
                 env->make_integer (env, max));
  return lisp_pending (env) ? min : integer;
}

int
lisp_int (emacs_env *env, emacs_value value)
{
  int integer = (int) lisp_integer (env, value, INT_MIN, INT_MAX);
  return lisp_pending (env) ? 0 : integer;
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

/* Signal CONDITION for CODE; VERB and DATA are as for
   `lisp_signal_errno'.  */
static void
signal_code (emacs_env *env, emacs_value condition, const char *verb, int code,
             emacs_value data)
{
  char buffer[128];
  const char *message = errno_message (code, buffer, sizeof buffer);
  if (lisp_pending (env))
    return;
  data
    = LISP_CALL (env, Qcons_function, lisp_locale_string (env, message), data);
  data = LISP_CALL (env, Qcons_function, lisp_string (env, verb), data);
  lisp_signal (env, condition, data);
}

void
lisp_signal_errno (emacs_env *env, const char *verb, int code,
                   emacs_value data)
{
  signal_code (env, errno_condition (code), verb, code, data);
}

/* Of files an option knows nothing: ENOENT is about a name that it was
   given, EEXIST about something that the socket has.  */
void
lisp_signal_option_errno (emacs_env *env, const char *verb, int code,
                          emacs_value data)
{
  signal_code (env,
               code == EACCES ? Qsockopt_permission_denied
                              : Qsockopt_system_error,
               verb, code, data);
}

void
lisp_signal_memory (emacs_env *env)
{
  lisp_signal_errno (env, "Cannot keep value", ENOMEM, Qnil);
}

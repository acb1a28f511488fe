/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between Lisp addresses and those of sockets.  */

#include "option/config.h"

#include "emacs/lisp-address.h"

#include <limits.h>
#include <stdlib.h>

#include "emacs/lisp.h"

static void
signal_address (emacs_env *env, emacs_value keyword, emacs_value object)
{
  LISP_SIGNAL (env, Qsockopt_error, lisp_string (env, "Malformed address"),
               keyword, object,
               lisp_string (env, "it takes a vector of 4 or 8 parts and the"
                                 " port, or the name of a local socket"));
}

/* Element I of VECTOR, which must be from 0 to MAX.  */
static unsigned
element (emacs_env *env, emacs_value vector, ptrdiff_t i, unsigned max)
{
  if (lisp_pending (env))
    return 0;
  emacs_value value = env->vec_get (env, vector, i);
  return (unsigned) lisp_integer (env, value, 0, max);
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

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values: Lisp objects in C terms, and the kernel's bytes.  */

#include "option/config.h"

#include "option/value.h"

#include <stdlib.h>
#include <string.h>

struct pool_block
{
  struct pool_block *next;
  _Alignas(max_align_t) char data[];
};

/* SIZE bytes of the caller's room, or null.  */
static void *
take_room (struct pool *pool, size_t size)
{
  size_t align = _Alignof(max_align_t);
  size_t taken = (size + align - 1) / align * align;
  if (!pool->room || pool->left < taken)
    return NULL;
  void *data = memset (pool->room, 0, size);
  pool->room += taken;
  pool->left -= taken;
  return data;
}

void *
pool_allocate (struct pool *pool, size_t size)
{
  void *data = take_room (pool, size);
  if (data)
    return data;
  struct pool_block *block = calloc (1, sizeof *block + size);
  if (!block)
    return NULL;
  block->next = pool->blocks;
  pool->blocks = block;
  return block->data;
}

void
pool_free (struct pool *pool)
{
  while (pool->blocks)
    {
      struct pool_block *block = pool->blocks;
      pool->blocks = block->next;
      free (block);
    }
}

void
value_integer (struct value *value, intmax_t integer)
{
  *value = (struct value){ .type = VALUE_INTEGER, .as.integer = integer };
}

void
value_unsigned (struct value *value, uintmax_t integer)
{
  value_integer (value, (intmax_t) integer);
  if (INTMAX_MAX < integer)
    value->type = VALUE_BIG;
}

void
value_boolean (struct value *value, bool boolean)
{
  *value = (struct value){ .type = boolean ? VALUE_T : VALUE_NIL };
}

void
value_symbol (struct value *value, const char *name)
{
  *value = (struct value){ .type = VALUE_SYMBOL,
                           .as.text = name,
                           .size = strlen (name) };
}

bool
value_string (struct value *value, struct pool *pool, const char *text,
              size_t size)
{
  char *copy = pool_allocate (pool, size);
  if (!copy)
    return false;
  memcpy (copy, text, size);
  *value
    = (struct value){ .type = VALUE_STRING, .as.text = copy, .size = size };
  return true;
}

static bool
value_sequence (struct value *value, struct pool *pool, enum value_type type,
                size_t count)
{
  struct value *items = pool_allocate (pool, count * sizeof *items);
  *value = (struct value){ .type = type, .as.items = items, .size = count };
  return items != NULL;
}

bool
value_list (struct value *value, struct pool *pool, size_t count)
{
  return value_sequence (value, pool, VALUE_LIST, count);
}

bool
value_vector (struct value *value, struct pool *pool, size_t count)
{
  return value_sequence (value, pool, VALUE_VECTOR, count);
}

bool
value_is_symbol (const struct value *value, const char *name)
{
  return value->type == VALUE_SYMBOL && value->size == strlen (name)
         && memcmp (value->as.text, name, value->size) == 0;
}

void *
bytes_reserve (struct bytes *bytes, size_t length)
{
  bytes_free (bytes);
  void *data = &bytes->as;
  if (sizeof bytes->as < length)
    data = bytes->allocated = calloc (1, length);
  else
    memset (data, 0, length);
  bytes->length = (socklen_t) length;
  return data;
}

bool
bytes_copy (struct bytes *bytes, const void *data, size_t length)
{
  void *room = bytes_reserve (bytes, length);
  if (room)
    memcpy (room, data, length);
  return room != NULL;
}

const void *
bytes_data (const struct bytes *bytes)
{
  return bytes->allocated ? bytes->allocated : &bytes->as;
}

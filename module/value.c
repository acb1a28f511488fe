/* Values: Lisp objects in C terms, and the kernel's bytes.

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

#include "value.h"

#include <stdlib.h>
#include <string.h>

struct pool_block
{
  struct pool_block *next;
  _Alignas(max_align_t) char data[];
};

void *
pool_allocate (struct pool *pool, size_t size)
{
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

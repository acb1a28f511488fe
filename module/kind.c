/* Value kinds: what the kernel's bytes of an option mean.

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

#include "kind.h"

#include <limits.h>
#include <string.h>

/* Linux takes any non-zero int for most boolean options, but several
   refuse all but 1; so exactly 0 or 1 is written.  */
static enum fault
encode_boolean (const struct kind *kind, const struct value *value,
                struct bytes *bytes)
{
  (void) kind;
  bytes->as.integer = value->type != VALUE_NIL;
  bytes->length = sizeof bytes->as.integer;
  return FAULT_NONE;
}

static enum fault
decode_boolean (const struct bytes *bytes, struct value *value)
{
  if (bytes->length != sizeof bytes->as.integer)
    return FAULT_TYPE;
  value->type = bytes->as.integer ? VALUE_T : VALUE_NIL;
  return FAULT_NONE;
}

const struct kind kind_boolean = {
  .name = "boolean",
  .predicate = "booleanp",
  .size = sizeof (int),
  .encode = encode_boolean,
  .decode = decode_boolean,
};

/* Check that VALUE is an integer in the range of KIND.  */
static enum fault
check_integer (const struct kind *kind, const struct value *value)
{
  if (value->type == VALUE_BIG_INTEGER)
    return FAULT_RANGE;
  if (value->type != VALUE_INTEGER)
    return FAULT_TYPE;
  if (value->integer < kind->min || kind->max < value->integer)
    return FAULT_RANGE;
  return FAULT_NONE;
}

static enum fault
encode_integer (const struct kind *kind, const struct value *value,
                struct bytes *bytes)
{
  enum fault fault = check_integer (kind, value);
  if (fault != FAULT_NONE)
    return fault;
  bytes->as.integer = (int) value->integer;
  bytes->length = sizeof bytes->as.integer;
  return FAULT_NONE;
}

static enum fault
decode_integer (const struct bytes *bytes, struct value *value)
{
  if (bytes->length != sizeof bytes->as.integer)
    return FAULT_TYPE;
  value->type = VALUE_INTEGER;
  value->integer = bytes->as.integer;
  return FAULT_NONE;
}

const struct kind kind_integer = {
  .name = "integer",
  .predicate = "integerp",
  .min = INT_MIN,
  .max = INT_MAX,
  .size = sizeof (int),
  .encode = encode_integer,
  .decode = decode_integer,
};

/* An interface name; nil and "" stand for any interface.  */
static enum fault
encode_interface (const struct kind *kind, const struct value *value,
                  struct bytes *bytes)
{
  size_t size = 0;
  if (value->type == VALUE_TEXT)
    size = value->size;
  else if (value->type != VALUE_NIL)
    return FAULT_TYPE;
  if ((size_t) kind->max < size || memchr (value->text, '\0', size))
    return FAULT_RANGE;
  memcpy (bytes->as.text, value->text, size);
  bytes->as.text[size] = '\0';
  bytes->length = (socklen_t) size + 1;
  return FAULT_NONE;
}

static enum fault
decode_interface (const struct bytes *bytes, struct value *value)
{
  size_t size = strnlen (bytes->as.text, bytes->length);
  value->type = size == 0 ? VALUE_NIL : VALUE_TEXT;
  value->size = size;
  memcpy (value->text, bytes->as.text, size);
  return FAULT_NONE;
}

const struct kind kind_interface = {
  .name = "interface name",
  .predicate = "stringp",
  .min = 0,
  .max = INTERFACE_NAME_MAX,
  .size = INTERFACE_NAME_MAX + 1,
  .encode = encode_interface,
  .decode = decode_interface,
};

/* nil: closing returns at once and the kernel delivers what is queued.
   t: closing waits until all is delivered.  N: closing waits at most N
   seconds; 0 discards the queue and resets the connection.  "Until all
   is delivered" is the longest time that `struct linger' can say.  */
static enum fault
encode_linger (const struct kind *kind, const struct value *value,
               struct bytes *bytes)
{
  struct linger linger = { .l_onoff = 1, .l_linger = INT_MAX };
  if (value->type == VALUE_NIL)
    linger = (struct linger){ .l_onoff = 0 };
  else if (value->type != VALUE_T)
    {
      enum fault fault = check_integer (kind, value);
      if (fault != FAULT_NONE)
        return fault;
      linger.l_linger = (int) value->integer;
    }
  bytes->as.linger = linger;
  bytes->length = sizeof linger;
  return FAULT_NONE;
}

/* A kernel clamps a long time to what its clock can hold, or returns a
   negative number for it: both are beyond what can be asked for in
   seconds, so both read as t.  */
static enum fault
decode_linger (const struct bytes *bytes, struct value *value)
{
  if (bytes->length != sizeof bytes->as.linger)
    return FAULT_TYPE;
  const struct linger *linger = &bytes->as.linger;
  value->integer = linger->l_linger;
  if (!linger->l_onoff)
    value->type = VALUE_NIL;
  else if (linger->l_linger < 0 || LINGER_SECONDS_MAX < linger->l_linger)
    value->type = VALUE_T;
  else
    value->type = VALUE_INTEGER;
  return FAULT_NONE;
}

const struct kind kind_linger = {
  .name = "boolean or seconds",
  .predicate = "integerp",
  .min = 0,
  .max = LINGER_SECONDS_MAX,
  .size = sizeof (struct linger),
  .encode = encode_linger,
  .decode = decode_linger,
};

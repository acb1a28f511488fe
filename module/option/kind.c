/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Value kinds of one number or flag.  */

#include "option/config.h"

#include "option/kind.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/time.h>

#include "option/option.h"

/* Linux takes any non-zero int for most boolean options, but several
   refuse all but 1; so exactly 0 or 1 is written.  */
static enum fault
encode_boolean (const struct option *option, const struct value *value,
                struct bytes *bytes)
{
  (void) option;
  bytes->as.integer = value->type != VALUE_NIL;
  bytes->length = sizeof bytes->as.integer;
  return FAULT_NONE;
}

static enum fault
decode_boolean (const struct option *option, const struct bytes *bytes,
                struct pool *pool, struct value *value)
{
  (void) option;
  (void) pool;
  if (bytes->length != sizeof bytes->as.integer)
    return FAULT_TYPE;
  value_boolean (value, bytes->as.integer != 0);
  return FAULT_NONE;
}

const struct kind kind_boolean = {
  .name = "boolean",
  .predicate = "booleanp",
  .size = sizeof (int),
  .encode = encode_boolean,
  .decode = decode_boolean,
};

/* Check that VALUE is an integer in the range of OPTION.  */
static enum fault
check_integer (const struct option *option, const struct value *value)
{
  if (value->type == VALUE_BIG)
    return FAULT_RANGE;
  if (value->type != VALUE_INTEGER)
    return FAULT_TYPE;
  if (value->as.integer < option->min || option->max < value->as.integer)
    return FAULT_RANGE;
  return FAULT_NONE;
}

static enum fault
encode_integer (const struct option *option, const struct value *value,
                struct bytes *bytes)
{
  enum fault fault = check_integer (option, value);
  bytes->as.integer = (int) value->as.integer;
  bytes->length = sizeof bytes->as.integer;
  return fault;
}

static enum fault
decode_integer (const struct option *option, const struct bytes *bytes,
                struct pool *pool, struct value *value)
{
  (void) option;
  (void) pool;
  if (bytes->length != sizeof bytes->as.integer)
    return FAULT_TYPE;
  value_integer (value, bytes->as.integer);
  return FAULT_NONE;
}

const struct kind kind_integer = {
  .name = "integer",
  .predicate = "integerp",
  .size = sizeof (int),
  .encode = encode_integer,
  .decode = decode_integer,
};

/* Some kernels take one byte for these, and all give one if asked so.  */
static enum fault
encode_octet (const struct option *option, const struct value *value,
              struct bytes *bytes)
{
  enum fault fault = check_integer (option, value);
  bytes->as.text[0] = (char) value->as.integer;
  bytes->length = 1;
  return fault;
}

static enum fault
decode_octet (const struct option *option, const struct bytes *bytes,
              struct pool *pool, struct value *value)
{
  (void) option;
  (void) pool;
  if (bytes->length != 1)
    return FAULT_TYPE;
  value_integer (value, (unsigned char) bytes->as.text[0]);
  return FAULT_NONE;
}

const struct kind kind_octet = {
  .name = "integer",
  .predicate = "integerp",
  .size = 1,
  .encode = encode_octet,
  .decode = decode_octet,
};

static enum fault
encode_octet_boolean (const struct option *option, const struct value *value,
                      struct bytes *bytes)
{
  (void) option;
  bytes->as.text[0] = (char) (value->type != VALUE_NIL);
  bytes->length = 1;
  return FAULT_NONE;
}

static enum fault
decode_octet_boolean (const struct option *option, const struct bytes *bytes,
                      struct pool *pool, struct value *value)
{
  (void) option;
  (void) pool;
  if (bytes->length != 1)
    return FAULT_TYPE;
  value_boolean (value, bytes->as.text[0] != 0);
  return FAULT_NONE;
}

const struct kind kind_octet_boolean = {
  .name = "boolean",
  .predicate = "booleanp",
  .size = 1,
  .encode = encode_octet_boolean,
  .decode = decode_octet_boolean,
};

static enum fault
encode_unsigned (const struct option *option, const struct value *value,
                 struct bytes *bytes)
{
  enum fault fault = check_integer (option, value);
  bytes->as.unsigned32 = (uint32_t) value->as.integer;
  bytes->length = sizeof bytes->as.unsigned32;
  return fault;
}

static enum fault
decode_unsigned (const struct option *option, const struct bytes *bytes,
                 struct pool *pool, struct value *value)
{
  (void) option;
  (void) pool;
  if (bytes->length != sizeof bytes->as.unsigned32)
    return FAULT_TYPE;
  value_integer (value, bytes->as.unsigned32);
  return FAULT_NONE;
}

const struct kind kind_unsigned = {
  .name = "integer",
  .predicate = "integerp",
  .size = sizeof (uint32_t),
  .encode = encode_unsigned,
  .decode = decode_unsigned,
};

static enum fault
encode_unsigned64 (const struct option *option, const struct value *value,
                   struct bytes *bytes)
{
  enum fault fault = check_integer (option, value);
  bytes->as.unsigned64 = (uint64_t) value->as.integer;
  bytes->length = sizeof bytes->as.unsigned64;
  return fault;
}

static enum fault
decode_unsigned64 (const struct option *option, const struct bytes *bytes,
                   struct pool *pool, struct value *value)
{
  (void) option;
  (void) pool;
  if (bytes->length != sizeof bytes->as.unsigned64)
    return FAULT_TYPE;
  value_unsigned (value, bytes->as.unsigned64);
  return FAULT_NONE;
}

const struct kind kind_unsigned64 = {
  .name = "integer",
  .predicate = "integerp",
  .size = sizeof (uint64_t),
  .encode = encode_unsigned64,
  .decode = decode_unsigned64,
};

/* All ones mean that there is no limit: nil.  */
static enum fault
encode_rate (const struct option *option, const struct value *value,
             struct bytes *bytes)
{
  if (value->type != VALUE_NIL)
    return encode_unsigned64 (option, value, bytes);
  bytes->as.unsigned64 = UINT64_MAX;
  bytes->length = sizeof bytes->as.unsigned64;
  return FAULT_NONE;
}

static enum fault
decode_rate (const struct option *option, const struct bytes *bytes,
             struct pool *pool, struct value *value)
{
  uint32_t half;
  if (bytes->length == sizeof half)
    {
      /* So much is an unsigned long of a 32-bit kernel.  */
      memcpy (&half, &bytes->as, sizeof half);
      value_unsigned (value, half);
      if (half == UINT32_MAX)
        value_boolean (value, false);
      return FAULT_NONE;
    }
  enum fault fault = decode_unsigned64 (option, bytes, pool, value);
  if (fault == FAULT_NONE && bytes->as.unsigned64 == UINT64_MAX)
    value_boolean (value, false);
  return fault;
}

const struct kind kind_rate = {
  .name = "integer, or nil for no limit",
  .predicate = "integerp",
  .size = sizeof (uint64_t),
  .encode = encode_rate,
  .decode = decode_rate,
};

/* Seconds, with a fraction if need be; nil stands for no limit, which
   is a time of zero to the kernel.  */
static enum fault
encode_seconds (const struct option *option, const struct value *value,
                struct bytes *bytes)
{
  struct timeval time = { .tv_sec = 0 };
  if (value->type == VALUE_FLOAT)
    {
      double seconds = floor (value->as.real);
      /* This is false for a NaN, too.  */
      if (!(0 <= value->as.real && seconds <= (double) option->max))
        return FAULT_RANGE;
      time.tv_sec = (time_t) seconds;
      /* To the nearest: cut off, what was read would be less once set.  */
      time.tv_usec
        = (suseconds_t) fmin (round ((value->as.real - seconds) * 1e6),
                              999999);
      /* Zero means "no limit", but what rounds to it does not.  */
      if (value->as.real > 0 && time.tv_sec == 0 && time.tv_usec == 0)
        time.tv_usec = 1;
    }
  else if (value->type != VALUE_NIL)
    {
      enum fault fault = check_integer (option, value);
      if (fault != FAULT_NONE)
        return fault;
      time.tv_sec = (time_t) value->as.integer;
    }
  return bytes_copy (bytes, &time, sizeof time) ? FAULT_NONE : FAULT_MEMORY;
}

static enum fault
decode_seconds (const struct option *option, const struct bytes *bytes,
                struct pool *pool, struct value *value)
{
  struct timeval time;
  (void) option;
  (void) pool;
  if (bytes->length != sizeof time)
    return FAULT_TYPE;
  memcpy (&time, bytes_data (bytes), sizeof time);
  if (time.tv_sec == 0 && time.tv_usec == 0)
    value_boolean (value, false);
  else if (time.tv_usec == 0)
    value_integer (value, time.tv_sec);
  else
    *value = (struct value){ .type = VALUE_FLOAT,
                             .as.real = (double) time.tv_sec
                                        + (double) time.tv_usec / 1e6 };
  return FAULT_NONE;
}

const struct kind kind_seconds = {
  .name = "seconds, or nil as by default",
  .predicate = "numberp",
  .size = sizeof (struct timeval),
  .encode = encode_seconds,
  .decode = decode_seconds,
};

/* nil: closing returns at once and the kernel delivers what is queued.
   t: closing waits until all is delivered.  N: closing waits at most N
   seconds; 0 discards the queue and resets the connection.  "Until all
   is delivered" is the longest time that `struct linger' can say.  */
static enum fault
encode_linger (const struct option *option, const struct value *value,
               struct bytes *bytes)
{
  struct linger linger = { .l_onoff = 1, .l_linger = LINGER_FOREVER };
  if (value->type == VALUE_NIL)
    linger = (struct linger){ .l_onoff = 0 };
  else if (value->type != VALUE_T)
    {
      struct value whole = *value;
      /* Whole seconds are all that there is, and a short wait that was
         asked for is not to become none, which resets the connection.  */
      if (value->type == VALUE_FLOAT)
        {
          if (!(0 <= value->as.real && value->as.real <= (double) option->max))
            return FAULT_RANGE;
          value_integer (&whole, (intmax_t) ceil (value->as.real));
        }
      enum fault fault = check_integer (option, &whole);
      if (fault != FAULT_NONE)
        return fault;
      linger.l_linger = (int) whole.as.integer;
    }
  bytes->as.linger = linger;
  bytes->length = sizeof linger;
  return FAULT_NONE;
}

/* A kernel clamps a long time to what its clock can hold, or returns a
   negative number for it: both read as t.  Core can set more seconds than
   `sockopt-set' takes, and they read as they are.  */
static enum fault
decode_linger (const struct option *option, const struct bytes *bytes,
               struct pool *pool, struct value *value)
{
  (void) option;
  (void) pool;
  if (bytes->length != sizeof bytes->as.linger)
    return FAULT_TYPE;
  const struct linger *linger = &bytes->as.linger;
  if (linger->l_onoff && 0 <= linger->l_linger
      && linger->l_linger < LINGER_FOREVER_MIN)
    value_integer (value, linger->l_linger);
  else
    value_boolean (value, linger->l_onoff != 0);
  return FAULT_NONE;
}

const struct kind kind_linger = {
  .name = "boolean or seconds",
  .predicate = "integerp",
  .size = sizeof (struct linger),
  .encode = encode_linger,
  .decode = decode_linger,
};

/* The kernel looks at no value, but wants one.  */
static enum fault
encode_trigger (const struct option *option, const struct value *value,
                struct bytes *bytes)
{
  (void) option;
  (void) value;
  bytes->as.integer = 0;
  bytes->length = sizeof bytes->as.integer;
  return FAULT_NONE;
}

const struct kind kind_trigger = {
  .name = "anything",
  .predicate = "identity",
  .encode = encode_trigger,
};

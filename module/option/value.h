/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values: Lisp objects in C terms, and the kernel's bytes.  */

#ifndef SOCKOPT_VALUE_H
#define SOCKOPT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

/* VALUE_BIG is an integer that intmax_t does not hold; only from 2^63
   to 2^64 - 1 does its `integer', cast to uintmax_t, tell which.
   VALUE_OTHER is any Lisp object of another type, which is not nil.  */
enum value_type
{
  VALUE_NIL,
  VALUE_T,
  VALUE_INTEGER,
  VALUE_BIG,
  VALUE_FLOAT,
  VALUE_STRING,
  VALUE_BYTES,         /* a unibyte string, when given to Lisp */
  VALUE_LOCALE_STRING, /* likewise, in the locale's coding */
  VALUE_SYMBOL,
  VALUE_LIST,
  VALUE_PAIR, /* a cons of two items */
  VALUE_VECTOR,
  VALUE_OTHER
};

/* What the pointers lead to belongs to a pool, or is constant.  */
struct value
{
  enum value_type type;
  union
  {
    intmax_t integer;
    double real;
    /* A string or the name of a symbol, not terminated.  */
    const char *text;
    /* The elements of a list or vector.  */
    struct value *items;
  } as;
  /* How many bytes of text, or how many elements.  */
  size_t size;
};

/* Memory for parts of values, all freed at once.  Begin with POOL_NONE, or
   with ROOM, LEFT bytes of the caller's that are used first: a list of all
   that the kernel tells of a connection takes longer to allocate than the
   kernel to tell.  */
struct pool
{
  struct pool_block *blocks;
  char *room;
  size_t left;
};

#define POOL_NONE ((struct pool){ .blocks = NULL })

/* Such room, aligned as anything may be.  */
#define POOL_ROOM(name) _Alignas(max_align_t) char name[4096]

/* SIZE bytes, zeroed, or null when memory is exhausted.  */
void *pool_allocate (struct pool *pool, size_t size);
void pool_free (struct pool *pool);

/* Make *VALUE of its parts.  Those with a pool return false when memory
   is exhausted.  The NAME of a symbol is a constant string, which Lisp knows
   by its address.  */
void value_integer (struct value *value, intmax_t integer);
void value_unsigned (struct value *value, uintmax_t integer);
void value_boolean (struct value *value, bool boolean);
void value_symbol (struct value *value, const char *name);
bool value_string (struct value *value, struct pool *pool, const char *text,
                   size_t size);
/* A list (or vector) of COUNT elements, each nil.  */
bool value_list (struct value *value, struct pool *pool, size_t count);
bool value_vector (struct value *value, struct pool *pool, size_t count);

/* Whether VALUE is the symbol or the string TEXT.  */
bool value_is_symbol (const struct value *value, const char *name);

/* What setsockopt takes and getsockopt gives.  Short values are within,
   longer ones are allocated: `bytes_free' when done.  Begin with
   BYTES_NONE.  Most values are one number, and clearing room for more
   takes its time.  */
enum
{
  BYTES_WITHIN = 16
};

struct bytes
{
  socklen_t length;
  void *allocated;
  union
  {
    int integer;
    uint32_t unsigned32;
    uint64_t unsigned64;
    struct linger linger;
    char text[BYTES_WITHIN];
  } as;
};

#define BYTES_NONE ((struct bytes){ .length = 0 })

/* Make room for LENGTH bytes, zeroed, and return it; null when memory is
   exhausted.  */
void *bytes_reserve (struct bytes *bytes, size_t length);

/* Make *BYTES a copy of the LENGTH bytes at DATA.  */
bool bytes_copy (struct bytes *bytes, const void *data, size_t length);

const void *bytes_data (const struct bytes *bytes);

/* Within the caller, as there is mostly nothing to do.  */
static inline void
bytes_free (struct bytes *bytes)
{
  if (bytes->allocated)
    free (bytes->allocated);
  *bytes = BYTES_NONE;
}

#endif /* SOCKOPT_VALUE_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records: structures of the kernel as property lists.  */

#ifndef SOCKOPT_RECORD_H
#define SOCKOPT_RECORD_H

#include "option/kind.h"

/* One field of a structure.  Structures grow from kernel to kernel and
   the C library's are behind, so fields are found by offset.  */
struct field
{
  /* The keyword in the list.  */
  const char *key;
  size_t offset;
  /* 1, 2, 4 or 8 bytes.  */
  size_t size;
  /* A bit field: WIDTH bits of the byte, from SHIFT on; or 0.  */
  unsigned shift, width;
  /* How long the structure is when it has this field; 0 for as long as
     it takes.  */
  size_t since;
  /* Symbols for the number, or for its bits if FLAGS.  */
  const struct name *names;
  bool flags;
};

/* A field; after SIZE come designated initialisers.  */
#define FIELD(name, start, bytes, ...)                     \
 {                                                         \
  .key = name, .offset = start, .size = bytes, __VA_ARGS__ \
 }

/* Make *VALUE a property list of those FIELDS, COUNT of them, that end
   within the LENGTH bytes at DATA.  A 64-bit number of all ones is nil:
   the kernel says so that there is no limit.  */
enum fault record_to_value (const struct field *fields, size_t count,
                            const void *data, size_t length, struct pool *pool,
                            struct value *value);

#define RECORD_COUNT(fields) (sizeof (fields) / sizeof (fields)[0])

#endif /* SOCKOPT_RECORD_H */

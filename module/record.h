/* Records: structures of the kernel as property lists.

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

#ifndef SOCKOPT_RECORD_H
#define SOCKOPT_RECORD_H

#include "kind.h"

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

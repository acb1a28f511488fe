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

#ifndef SOCKOPT_KIND_H
#define SOCKOPT_KIND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The longest interface name that the kernel takes (IFNAMSIZ counts
   the terminating NUL too).  */
enum
{
  INTERFACE_NAME_MAX = 15
};

/* The longest time that `:linger' takes, in seconds (some 18 hours).
   It fits every system's `struct linger'; the module keeps what lies
   above for marks of its own, see find.c.  */
enum
{
  LINGER_SECONDS_MAX = 65535
};

/* A Lisp value in C terms.  TEXT is not terminated; it has SIZE
   bytes.  VALUE_OTHER is any non-nil Lisp object of another type.  */
enum value_type
{
  VALUE_NIL,
  VALUE_T,
  VALUE_INTEGER,
  VALUE_BIG_INTEGER, /* an integer that intmax_t does not hold */
  VALUE_TEXT,
  VALUE_OTHER
};

struct value
{
  enum value_type type;
  intmax_t integer;
  size_t size;
  char text[256];
};

/* What setsockopt takes and getsockopt gives.  */
struct bytes
{
  socklen_t length;
  union
  {
    int integer;
    struct linger linger;
    char text[256];
  } as;
};

/* What is wrong with a value, if anything.  */
enum fault
{
  FAULT_NONE,
  FAULT_TYPE,
  FAULT_RANGE
};

/* A kind is a pair of functions between kernel bytes and `struct
   value'.  What DECODE yields, ENCODE accepts.  DECODE sees LENGTH as
   the kernel returned it.  */
struct kind
{
  /* For people: "boolean", "seconds", ...  */
  const char *name;

  /* A Lisp predicate for `wrong-type-argument'.  */
  const char *predicate;

  /* The range of an integer value, for `args-out-of-range' and help;
     for text, the range of its length in bytes.  */
  intmax_t min, max;

  /* How many bytes getsockopt may write.  */
  socklen_t size;

  enum fault (*encode) (const struct kind *, const struct value *,
                        struct bytes *);
  enum fault (*decode) (const struct bytes *, struct value *);
};

extern const struct kind kind_boolean;
extern const struct kind kind_integer;
extern const struct kind kind_interface;
extern const struct kind kind_linger;

#endif /* SOCKOPT_KIND_H */

/* The keyword dispatch table: one row per socket option.

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

#ifndef SOCKOPT_OPTION_H
#define SOCKOPT_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "kind.h"

/* What can be done with an option.  */
enum access
{
  ACCESS_GET = 1,
  ACCESS_SET = 2,
  ACCESS_BOTH = ACCESS_GET | ACCESS_SET
};

/* The last moment at which setting an option has an effect.  */
enum moment
{
  MOMENT_ANY,
  MOMENT_BEFORE_BIND,
  MOMENT_BEFORE_CONNECT
};

enum option_flags
{
  /* Reading changes the socket: never read it unasked.  */
  OPTION_READ_CHANGES = 1,
  /* The kernel may store another value than the one given.  */
  OPTION_ADJUSTED = 2
};

struct option
{
  /* The C name in lower case, `_' as `-', without a leading `SO_'.  */
  const char *keyword;
  const char *constant;
  int level;
  int number;
  const struct kind *kind;
  enum access access;
  enum moment moment;
  unsigned flags;
  /* One sentence, as the first line of a docstring.  */
  const char *doc;
};

/* The rows, in the order of their keywords within each level.  */
extern const struct option options[];
extern const size_t options_count;

/* The row of KEYWORD, or a null pointer.  */
const struct option *option_find (const char *keyword);

/* Set OPTION of socket FD to BYTES.  Return 0, or an errno value: an
   option that this system, or a socket of this sort, does not have
   is ENOPROTOOPT, whichever code the kernel chose.  */
int option_set (int fd, const struct option *option,
                const struct bytes *bytes);

/* Read OPTION of socket FD into *BYTES.  Return as `option_set'.  */
int option_get (int fd, const struct option *option, struct bytes *bytes);

#endif /* SOCKOPT_OPTION_H */

/* What the system calls its errors.

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

#include "words.h"

#include <errno.h>
#include <string.h>

const char *
errno_words (int code, char *buffer, size_t size)
{
#ifdef __GLIBC__
  return strerror_r (code, buffer, size);
#else
  return strerror_r (code, buffer, size) == 0 ? buffer : "Unknown error";
#endif
}

struct error
{
  int code;
  const char *name;
};

#define ERROR(code) \
 {                  \
  code, #code       \
 }

static const struct error errors[] = {
  ERROR (EACCES),     ERROR (EADDRINUSE),   ERROR (EADDRNOTAVAIL),
  ERROR (EBADMSG),    ERROR (ECONNABORTED), ERROR (ECONNREFUSED),
  ERROR (ECONNRESET), ERROR (EHOSTDOWN),    ERROR (EHOSTUNREACH),
  ERROR (EINVAL),     ERROR (EMSGSIZE),     ERROR (ENETDOWN),
  ERROR (ENETRESET),  ERROR (ENETUNREACH),  ERROR (ENOBUFS),
  ERROR (ENOMEM),     ERROR (ENOPROTOOPT),  ERROR (ENOTCONN),
  ERROR (EOPNOTSUPP), ERROR (EPERM),        ERROR (EPIPE),
  ERROR (EPROTO),     ERROR (ETIMEDOUT),
};

const char *
errno_name (int code)
{
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
    if (errors[i].code == code)
      return errors[i].name;
  return NULL;
}

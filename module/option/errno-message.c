/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the system calls its errors.  */

#include "option/config.h"

#include "option/errno-message.h"

#include <errno.h>
#include <string.h>

const char *
errno_message (int code, char *buffer, size_t size)
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
#ifdef ENONET
  ERROR (ENONET),
#endif
};

const char *
errno_name (int code)
{
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
    if (errors[i].code == code)
      return errors[i].name;
  return NULL;
}

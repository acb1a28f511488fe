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

#include "config.h"

#include "option.h"

#include <errno.h>
#include <string.h>

/* A row whose C name is written once.  */
#define ROW(key, name, lvl, knd, acc, mom, flg, text)                  \
 {                                                                     \
  .keyword = key, .constant = #name, .level = lvl, .number = name,     \
  .kind = &kind_##knd, .access = ACCESS_##acc, .moment = MOMENT_##mom, \
  .flags = flg, .doc = text                                            \
 }

/* clang-format off */
const struct option options[] = {
  /* The socket level: socket(7).  */
#ifdef SO_BINDTODEVICE
  ROW (":bindtodevice", SO_BINDTODEVICE, SOL_SOCKET, interface, BOTH, ANY, 0,
       "Send and receive through this interface only."),
#endif
  ROW (":broadcast", SO_BROADCAST, SOL_SOCKET, boolean, BOTH, ANY, 0,
       "Allow datagrams to be sent to a broadcast address."),
  ROW (":dontroute", SO_DONTROUTE, SOL_SOCKET, boolean, BOTH, ANY, 0,
       "Send to directly connected hosts only, not through a gateway."),
  ROW (":keepalive", SO_KEEPALIVE, SOL_SOCKET, boolean, BOTH, ANY, 0,
       "Probe an idle connection to notice when the peer is gone."),
  ROW (":linger", SO_LINGER, SOL_SOCKET, linger, BOTH, ANY, 0,
       "Wait on closing until what is queued has been delivered."),
  ROW (":oobinline", SO_OOBINLINE, SOL_SOCKET, boolean, BOTH, ANY, 0,
       "Leave urgent (out-of-band) data in the stream of received data."),
#ifdef SO_PRIORITY
  ROW (":priority", SO_PRIORITY, SOL_SOCKET, integer, BOTH, ANY, 0,
       "Queue sent packets with this priority; above 6 needs privilege."),
#endif
  ROW (":reuseaddr", SO_REUSEADDR, SOL_SOCKET, boolean, BOTH, BEFORE_BIND, 0,
       "Allow binding to a local address that was in use a moment ago."),
};
/* clang-format on */

const size_t options_count = sizeof options / sizeof options[0];

const struct option *
option_find (const char *keyword)
{
  for (size_t i = 0; i < options_count; i++)
    if (strcmp (options[i].keyword, keyword) == 0)
      return &options[i];
  return NULL;
}

/* The kernel says "no such option here" in two ways, and uses both for
   one and the same option: a TCP option on a UDP socket is EOPNOTSUPP
   to read and ENOPROTOOPT to write.  */
static int
option_errno (int code)
{
  return code == EOPNOTSUPP ? ENOPROTOOPT : code;
}

int
option_set (int fd, const struct option *option, const struct bytes *bytes)
{
  if (!(option->access & ACCESS_SET))
    return ENOPROTOOPT;
  if (setsockopt (fd, option->level, option->number, &bytes->as, bytes->length)
      < 0)
    return option_errno (errno);
  return 0;
}

int
option_get (int fd, const struct option *option, struct bytes *bytes)
{
  if (!(option->access & ACCESS_GET))
    return ENOPROTOOPT;
  bytes->length = option->kind->size;
  if (getsockopt (fd, option->level, option->number, &bytes->as,
                  &bytes->length)
      < 0)
    return option_errno (errno);
  return 0;
}

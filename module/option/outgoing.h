/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be said of one datagram that is sent.  */

#ifndef SOCKOPT_OUTGOING_H
#define SOCKOPT_OUTGOING_H

#include "option/option.h"

/* Rows like those of options.  They are not set on a socket, but go along
   with a datagram, as control messages (cmsg(3)).  What each of them is in
   these depends on the datagram's family, so LEVEL and NUMBER are 0.  */
enum outgoing
{
  OUTGOING_TTL,
  OUTGOING_TOS,
  OUTGOING_SOURCE,
  OUTGOING_INTERFACE,
  OUTGOING_TIME,
  OUTGOING_COUNT
};

/* The bytes of OUTGOING_SOURCE are a struct inet, those of OUTGOING_TIME
   nanoseconds since 1970, of 64 bits; all else is an int.  */
extern const struct option outgoing[OUTGOING_COUNT];

#endif /* SOCKOPT_OUTGOING_H */

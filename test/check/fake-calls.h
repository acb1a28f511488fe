/* SPDX-License-Identifier: GPL-3.0-or-later */
/* System calls that fail when the C tests say so.  */

#ifndef SOCKOPT_FAKE_CALLS_H
#define SOCKOPT_FAKE_CALLS_H

#include <stdatomic.h>

/* While one of these is not 0, the call of that name fails with it as the
   errno value, in every thread; for the last, so does each write of a line
   to a pipe or socket.  */
extern atomic_int poll_code;
extern atomic_int connect_code;
extern atomic_int write_code;

/* How often poll was called.  */
extern atomic_int poll_calls;

#endif /* SOCKOPT_FAKE_CALLS_H */

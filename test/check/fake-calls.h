/* SPDX-License-Identifier: GPL-3.0-or-later */
/* System calls that fail when the C tests say so.  */

#ifndef SOCKOPT_FAKE_CALLS_H
#define SOCKOPT_FAKE_CALLS_H

#include <stdatomic.h>

/* While one of these is not 0, the call of that name fails with it as the
   errno value, in every thread.  Of write only that of a line to a pipe or
   socket does, and of read that of more than a byte.  */
extern atomic_int poll_code;
extern atomic_int connect_code;
extern atomic_int read_code;
extern atomic_int write_code;
extern atomic_int send_code;

/* How often poll was called, and how often a write has failed by the above. */
extern atomic_int poll_calls;
extern atomic_int write_failures;

#endif /* SOCKOPT_FAKE_CALLS_H */

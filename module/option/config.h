/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Included first everywhere: what to ask of the system's headers.  */

#ifndef SOCKOPT_CONFIG_H
#define SOCKOPT_CONFIG_H

/* dup3, O_PATH.  The name is the C library's choice.  */
#ifndef _GNU_SOURCE
# define _GNU_SOURCE 1 /* NOLINT(bugprone-reserved-identifier) */
#endif

#endif /* SOCKOPT_CONFIG_H */

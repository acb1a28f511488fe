/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Included first everywhere: what to ask of the system's headers.  */

#ifndef SOCKOPT_CONFIG_H
#define SOCKOPT_CONFIG_H

/* dup3, O_PATH.  The name is the C library's choice.  */
#ifndef _GNU_SOURCE
# define _GNU_SOURCE 1 /* NOLINT(bugprone-reserved-identifier) */
#endif

/* The options of RFC 3542, which macOS hides otherwise.  */
#ifndef __APPLE_USE_RFC_3542
# define __APPLE_USE_RFC_3542 1 /* NOLINT(bugprone-reserved-identifier) */
#endif

/* Whether there is what only Linux has.  With SOCKOPT_LOWEST, which tests
   use, Linux does without, as the system that has least of all.  */
#if defined __linux__ && !defined SOCKOPT_LOWEST
# define SYSTEM_LINUX 1
#endif

#endif /* SOCKOPT_CONFIG_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options that are left out, and why.  */

#ifndef SOCKOPT_OMITTED_H
#define SOCKOPT_OMITTED_H

/* Why Linux's option KEYWORD has no row, as a phrase; null if nothing is
   known of it.  */
const char *omission_reason (const char *keyword);

#endif /* SOCKOPT_OMITTED_H */

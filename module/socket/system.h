/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptors: what one call does on some systems and several on others.  */

#ifndef SOCKOPT_SYSTEM_H
#define SOCKOPT_SYSTEM_H

/* A socket that does not block and is closed on exec.  Return -1, with errno,
   if there is none.  */
int system_socket (int family, int type, int protocol);

/* Likewise two that are connected.  Return 0 or an errno value.  */
int system_socketpair (int family, int type, int pair[2]);

/* Likewise the two ends of a pipe, of which the second is written to.  */
int system_pipe (int ends[2]);

/* Have COPY be the same as FD, closed on exec; what it was before is closed.
   Return 0 or an errno value.  */
int system_copy (int fd, int copy);

#endif /* SOCKOPT_SYSTEM_H */

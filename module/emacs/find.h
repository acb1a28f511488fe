/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Find the descriptor of a network process.  */

#ifndef SOCKOPT_FIND_H
#define SOCKOPT_FIND_H

#include <stdbool.h>

#include <emacs-module.h>

/* The descriptor of the live network process PROCESS, whoever made it.
   Emacs does not tell, so PROCESS is asked to mark its socket, and the
   socket with the mark is looked for.  Nothing is left changed, neither
   the socket nor the contact information of PROCESS.

   HINT is where to look first, or -1: give one only for a process that
   was made a moment ago and whose socket is still as it was made.

   Return -1 with an error signalled if PROCESS is not a network process
   that is running.  No Lisp that could make or close a descriptor runs
   meanwhile.  */
int find_descriptor (emacs_env *env, emacs_value process, int hint);

#endif /* SOCKOPT_FIND_H */

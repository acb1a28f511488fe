/* Find the descriptor of a network process.

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

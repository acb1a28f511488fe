/* What the system calls its errors.

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

#ifndef SOCKOPT_WORDS_H
#define SOCKOPT_WORDS_H

#include <stddef.h>

/* The words for the errno value CODE.  They may be put into BUFFER, of
   SIZE bytes; 128 are enough.  */
const char *errno_words (int code, char *buffer, size_t size);

/* The name of CODE, one that a connection can end with, in C; a null
   pointer for others.  */
const char *errno_name (int code);

#endif /* SOCKOPT_WORDS_H */

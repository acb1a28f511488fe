/* Included first everywhere: what to ask of the system's headers.

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

#ifndef SOCKOPT_CONFIG_H
#define SOCKOPT_CONFIG_H

/* dup3, O_PATH.  The name is the C library's choice.  */
#ifndef _GNU_SOURCE
# define _GNU_SOURCE 1 /* NOLINT(bugprone-reserved-identifier) */
#endif

#endif /* SOCKOPT_CONFIG_H */

/* Options that are left out, and why.

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

#ifndef SOCKOPT_ABSENT_H
#define SOCKOPT_ABSENT_H

/* Why Linux's option KEYWORD has no row, as a phrase; null if nothing is
   known of it.  */
const char *absent_reason (const char *keyword);

#endif /* SOCKOPT_ABSENT_H */

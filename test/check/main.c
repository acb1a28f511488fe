/* Run the C tests.

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

#include "config.h"

#include <stdlib.h>

#include "suites.h"

/* CK_RUN_SUITE, CK_RUN_CASE, CK_FORK, CK_VERBOSITY: see libcheck's
   manual.  */
int
main (void)
{
  SRunner *runner = srunner_create (option_suite ());
  srunner_add_suite (runner, catalogue_suite ());
  srunner_add_suite (runner, kind_suite ());
  srunner_add_suite (runner, structure_suite ());
  srunner_add_suite (runner, group_suite ());
  srunner_add_suite (runner, address_suite ());
  srunner_add_suite (runner, socket_suite ());
  srunner_add_suite (runner, connect_suite ());
  srunner_add_suite (runner, resolve_suite ());
  srunner_add_suite (runner, placeholder_suite ());
  srunner_run_all (runner, CK_ENV);
  int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

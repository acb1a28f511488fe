/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Run the C tests.  */

#include "option/config.h"

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
  srunner_add_suite (runner, attempt_suite ());
  srunner_add_suite (runner, resolve_suite ());
  srunner_add_suite (runner, placeholder_suite ());
  srunner_run_all (runner, CK_ENV);
  int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

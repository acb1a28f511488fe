/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Run the C tests.  */

#include "option/config.h"

#include <stdlib.h>

#include "suites.h"

#define ADD_SUITE(name) srunner_add_suite (runner, name##_suite ());

/* CK_RUN_SUITE, CK_RUN_CASE, CK_FORK, CK_VERBOSITY: see libcheck's
   manual.  */
int
main (void)
{
  SRunner *runner = srunner_create (NULL);
  SUITES (ADD_SUITE)
  srunner_run_all (runner, CK_ENV);
  int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

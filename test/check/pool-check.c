/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the threads for work that blocks.  */

#include "option/config.h"

#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "jobs.h"
#include "socket/pool.h"
#include "suites.h"

enum
{
  MANY = 5 * POOL_THREADS
};

/* Works that wait until a descriptor can be read.  */
static atomic_int begun, done;
static atomic_int order[MANY];
static int gate[2];

static void
wait_at_gate (void *data)
{
  atomic_store (&order[atomic_fetch_add (&begun, 1)], *(int *) data);
  poll_events (gate[0], POLLIN, 10000);
  atomic_fetch_add (&done, 1);
}

/* Wait until VALUE is COUNT.  */
static void
wait_until (atomic_int *value, int count)
{
  for (int64_t end = now () + 5000; atomic_load (value) < count;)
    {
      ck_assert (now () < end);
      rest (2);
    }
}

/* No more at once than there may be, and in the order that they came;
   somebody who waits is not held up by them.  */
START_TEST (test_bounded)
{
  struct work works[MANY];
  int numbers[MANY];
  open_pair (gate);
  int before = running_threads ();
  for (int i = 0; i < MANY; i++)
    {
      numbers[i] = i;
      works[i] = (struct work){ .run = wait_at_gate, .data = &numbers[i] };
    }
  for (int i = 0; i < MANY - 1; i++)
    ck_assert_int_eq (pool_run (&works[i]), 0);
  wait_until (&begun, POOL_THREADS);
  rest (30);
  ck_assert_int_eq (atomic_load (&begun), POOL_THREADS);
  ck_assert (before < 1 || running_threads () == before + POOL_THREADS);
  ck_assert_int_eq (pool_run_at_once (&works[MANY - 1]), 0);
  wait_until (&begun, POOL_THREADS + 1);
  wait_until (&order[POOL_THREADS], MANY - 1);
  close (gate[1]);
  wait_until (&done, MANY);
  close (gate[0]);
}
END_TEST

/* The threads end with the work, and others begin.  */
START_TEST (test_again)
{
  struct work work = { .run = wait_at_gate };
  int number = 0;
  work.data = &number;
  open_pair (gate);
  close (gate[1]);
  int before = running_threads ();
  for (int i = 1; i <= MANY; i++)
    {
      ck_assert_int_eq (pool_run (&work), 0);
      wait_until (&done, i);
    }
  for (int64_t end = now () + 5000; running_threads () != before;)
    {
      ck_assert (now () < end);
      rest (2);
    }
  close (gate[0]);
}
END_TEST

static void
forget (void)
{
  atomic_store (&begun, 0);
  atomic_store (&done, 0);
}

Suite *
pool_suite (void)
{
  Suite *suite = suite_create ("pool");
  TCase *pool = add_case_after (suite, "pool", forget);
  tcase_add_test (pool, test_bounded);
  tcase_add_test (pool, test_again);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Races, as the C tests run them.  */

#include "option/config.h"

#include "races.h"

#include <netinet/in.h>

#include "suites.h"

enum race_state
run_race (struct race *race, const struct plan *plan,
          const struct address *addresses, size_t count)
{
  race_start (race, plan, addresses, count);
  return race_run (race, 5000);
}

void
check_won (struct race *race, enum race_state state, size_t index)
{
  struct address peer;
  ck_assert_int_eq (state, RACE_WON);
  ck_assert_uint_eq (race->address, index);
  ck_assert_uint_eq (race->running, 0);
  ck_assert (address_remote_of (race->fd, &peer));
  ck_assert (address_equal (&peer, &race->addresses[index]));
  ck_assert_int_eq (socket_error (race->fd), 0);
  socket_close (&race->fd);
}

void
check_failed (struct race *race, enum race_state state, int code)
{
  ck_assert_int_eq (state, RACE_LOST);
  ck_assert_int_eq (race->fd, -1);
  ck_assert_uint_eq (race->running, 0);
  ck_assert_int_eq (race->failure.code, code);
  ck_assert_ptr_nonnull (race->failure.verb);
}

void
check_refused (struct race *race, enum race_state state, int code)
{
  ck_assert_int_eq (state, RACE_LOST);
  ck_assert_int_ge (race->fd, 0);
  ck_assert_uint_eq (race->running, 0);
  ck_assert_int_eq (socket_error (race->fd), code);
  socket_close (&race->fd);
}

struct address
unreachable_address (void)
{
  static const uint8_t multicast[4] = { 224, 0, 0, 1 };
  struct address address;
  address_ipv4 (&address, multicast, 9);
  return address;
}

struct address
unknown_family (void)
{
  struct address address;
  ck_assert (address_raw (&address, 255, (const uint8_t *) "", 0));
  return address;
}

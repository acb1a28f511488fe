/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of connecting to the first address that answers.  */

#include "option/config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "socket/connect.h"
#include "suites.h"

static const struct plan stream_plan = { .type = SOCK_STREAM };
static const struct plan datagram_plan = { .type = SOCK_DGRAM };

/* Run a race to the COUNT ADDRESSES to its end.  */
static enum race_state
run (struct race *race, const struct address *addresses, size_t count)
{
  race_start (race, &stream_plan, addresses, count);
  return race_run (race, 5000, -1);
}

/* RACE was won by the address of INDEX, and nothing else of it is
   open.  Close its socket.  */
static void
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

/* RACE was lost at once, with CODE, and left no socket.  */
static void
check_failed (struct race *race, enum race_state state, int code)
{
  ck_assert_int_eq (state, RACE_LOST);
  ck_assert_int_eq (race->fd, -1);
  ck_assert_uint_eq (race->running, 0);
  ck_assert_int_eq (race->failure.code, code);
  ck_assert_ptr_nonnull (race->failure.verb);
}

/* RACE was lost, and its socket still has the error CODE.  */
static void
check_refused (struct race *race, enum race_state state, int code)
{
  ck_assert_int_eq (state, RACE_LOST);
  ck_assert_int_ge (race->fd, 0);
  ck_assert_uint_eq (race->running, 0);
  ck_assert_int_eq (socket_error (race->fd), code);
  socket_close (&race->fd);
}

/* TCP cannot connect to where many listen: at once ENETUNREACH.  */
static struct address
unreachable_address (void)
{
  static const uint8_t multicast[4] = { 224, 0, 0, 1 };
  struct address address;
  address_ipv4 (&address, multicast, 9);
  return address;
}

static struct address
unknown_family (void)
{
  struct address address;
  ck_assert (address_raw (&address, 255, (const uint8_t *) "", 0));
  return address;
}

/* One address.  */

START_TEST (test_won)
{
  struct race race;
  struct address address;
  struct plan plan = { .type = samples[_i].type };
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int server = serve_sample (_i, 1, &address);
  race_start (&race, &plan, &address, 1);
  check_won (&race, race_run (&race, 5000, -1), 0);
  close (server);
}
END_TEST

/* The winner is as socket_make made it, and works.  */
START_TEST (test_winner_works)
{
  struct race race;
  struct address address;
  char byte = 0;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  ck_assert_int_eq (run (&race, &address, 1), RACE_WON);
  int child = accept_one (server);
  ck_assert_int_ne (fcntl (race.fd, F_GETFL) & O_NONBLOCK, 0);
  ck_assert_int_ne (fcntl (race.fd, F_GETFD) & FD_CLOEXEC, 0);
  ck_assert_int_eq (send (race.fd, "x", 1, MSG_NOSIGNAL), 1);
  ck_assert_int_eq (recv (child, &byte, 1, 0), 1);
  ck_assert_int_eq (byte, 'x');
  close (child);
  socket_close (&race.fd);
  close (server);
}
END_TEST

START_TEST (test_settings_of_winner)
{
  struct race race;
  struct address address;
  struct setting on
    = { .option = option_find (":keepalive"), .bytes = int_bytes (1) };
  struct plan plan
    = { .type = SOCK_STREAM, .settings = &on, .settings_count = 1 };
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  race_start (&race, &plan, &address, 1);
  ck_assert_int_eq (race_run (&race, 5000, -1), RACE_WON);
  ck_assert_int_ne (socket_int (race.fd, SOL_SOCKET, SO_KEEPALIVE), 0);
  socket_close (&race.fd);
  close (server);
}
END_TEST

START_TEST (test_refused)
{
  struct race race;
  struct address address;
  if (!sample_available (_i))
    SKIP (samples[_i].name);
  int refusing = refuse_sample (_i, &address);
  check_refused (&race, run (&race, &address, 1), ECONNREFUSED);
  close (refusing);
}
END_TEST

START_TEST (test_refused_at_once)
{
  struct race race;
  struct address address;
  int refusing = refuse_sample (SAMPLE_LOCAL_STREAM, &address);
  check_failed (&race, run (&race, &address, 1), ECONNREFUSED);
  ck_assert_str_eq (race.failure.verb, "make client process failed");
  ck_assert_ptr_null (race.failure.setting);
  close (refusing);
}
END_TEST

START_TEST (test_no_path)
{
  struct race race;
  struct address address = scratch_address ("none");
  check_failed (&race, run (&race, &address, 1), ENOENT);
}
END_TEST

START_TEST (test_unreachable)
{
  struct race race;
  struct address address = unreachable_address ();
  check_failed (&race, run (&race, &address, 1), ENETUNREACH);
}
END_TEST

START_TEST (test_unknown_family)
{
  struct race race;
  struct address address = unknown_family ();
  check_failed (&race, run (&race, &address, 1), EAFNOSUPPORT);
  ck_assert_str_eq (race.failure.verb, "Cannot make socket");
}
END_TEST

START_TEST (test_failing_setting)
{
  static const struct option row = { .keyword = ":tcp-nodelay",
                                     .level = IPPROTO_TCP,
                                     .number = TCP_NODELAY,
                                     .kind = &kind_boolean,
                                     .access = ACCESS_BOTH,
                                     .classes = CLASSES_ALL };
  struct setting on = { .option = &row, .bytes = int_bytes (1) };
  struct plan plan
    = { .type = SOCK_STREAM, .settings = &on, .settings_count = 1 };
  struct race race;
  struct address address;
  int server = serve_sample (SAMPLE_LOCAL_STREAM, 1, &address);
  race_start (&race, &plan, &address, 1);
  check_failed (&race, race_run (&race, 5000, -1), ENOPROTOOPT);
  ck_assert_ptr_eq (race.failure.setting, &on);
  close (server);
}
END_TEST

/* Several addresses.  */

START_TEST (test_first_wins)
{
  struct race race;
  struct address addresses[2];
  int first = serve_sample (SAMPLE_TCP4, 1, &addresses[0]);
  int second = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  check_won (&race, run (&race, addresses, 2), 0);
  ck_assert_int_eq (poll_events (second, POLLIN, 20), 0);
  close (first);
  close (second);
}
END_TEST

/* A failure lets the next one start at once.  */
START_TEST (test_refused_then_good)
{
  struct race race;
  struct address addresses[2];
  int first = refuse_sample (SAMPLE_TCP4, &addresses[0]);
  int second = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  int64_t start = now ();
  check_won (&race, run (&race, addresses, 2), 1);
  ck_assert_int_lt (now () - start, RACE_DELAY - 10);
  close (first);
  close (second);
}
END_TEST

START_TEST (test_failures_then_good)
{
  struct race race;
  struct address addresses[4]
    = { unreachable_address (), unknown_family (), scratch_address ("no") };
  int server = serve_sample (SAMPLE_TCP4, 1, &addresses[3]);
  int64_t start = now ();
  check_won (&race, run (&race, addresses, 4), 3);
  ck_assert_int_lt (now () - start, RACE_DELAY - 10);
  close (server);
}
END_TEST

START_TEST (test_families)
{
  struct race race;
  struct address addresses[2];
  if (!sample_available (SAMPLE_TCP6))
    SKIP (samples[SAMPLE_TCP6].name);
  int first = refuse_sample (SAMPLE_TCP6, &addresses[0]);
  int second = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  check_won (&race, run (&race, addresses, 2), 1);
  close (first);
  close (second);
}
END_TEST

START_TEST (test_all_refused)
{
  struct race race;
  struct address addresses[3];
  int refusing[3];
  for (int i = 0; i < 3; i++)
    refusing[i] = refuse_sample (SAMPLE_TCP4, &addresses[i]);
  check_refused (&race, run (&race, addresses, 3), ECONNREFUSED);
  for (int i = 0; i < 3; i++)
    close (refusing[i]);
}
END_TEST

/* The last failure counts, whichever way it comes.  */
START_TEST (test_refused_then_failed)
{
  struct race race;
  struct address addresses[2];
  int refusing = refuse_sample (SAMPLE_TCP4, &addresses[0]);
  addresses[1] = scratch_address ("none");
  check_failed (&race, run (&race, addresses, 2), ENOENT);
  close (refusing);
}
END_TEST

START_TEST (test_failed_then_refused)
{
  struct race race;
  struct address addresses[2] = { scratch_address ("none") };
  int refusing = refuse_sample (SAMPLE_TCP4, &addresses[1]);
  check_refused (&race, run (&race, addresses, 2), ECONNREFUSED);
  close (refusing);
}
END_TEST

/* A mute server like sample _i comes first: it has its head start, and no
   more.  */
START_TEST (test_mute_then_good)
{
  struct race race;
  struct mute mute;
  struct address addresses[2];
  mute_open (&mute, _i);
  addresses[0] = mute.address;
  int server = serve_sample (_i, 1, &addresses[1]);
  int64_t start = now ();
  check_won (&race, run (&race, addresses, 2), 1);
  int64_t took = now () - start;
  ck_assert_int_ge (took, RACE_DELAY - 10);
  ck_assert_int_lt (took, 1000);
  close (server);
  mute_close (&mute);
}
END_TEST

/* The first goes on while the second runs, and may still win.  */
START_TEST (test_first_wins_late)
{
  struct race race;
  struct mute first, second;
  struct address addresses[2];
  mute_open (&first, SAMPLE_LOCAL_STREAM);
  mute_open (&second, SAMPLE_LOCAL_STREAM);
  addresses[0] = first.address;
  addresses[1] = second.address;
  race_start (&race, &stream_plan, addresses, 2);
  ck_assert_int_eq (race_run (&race, RACE_DELAY + 50, -1), RACE_RUNNING);
  ck_assert_uint_eq (race.running, 2);
  close (accept_one (first.listener));
  check_won (&race, race_run (&race, 5000, -1), 0);
  mute_close (&first);
  mute_close (&second);
}
END_TEST

/* Two that run fail together, then the third gets its turn.  */
START_TEST (test_two_fail)
{
  struct race race;
  struct mute first, second;
  struct address addresses[3];
  mute_open (&first, SAMPLE_LOCAL_STREAM);
  mute_open (&second, SAMPLE_LOCAL_STREAM);
  addresses[0] = first.address;
  addresses[1] = second.address;
  int server = serve_sample (SAMPLE_LOCAL_STREAM, 1, &addresses[2]);
  race_start (&race, &stream_plan, addresses, 3);
  ck_assert_int_eq (race_run (&race, RACE_DELAY + 50, -1), RACE_RUNNING);
  mute_close (&first);
  mute_close (&second);
  check_won (&race, race_run (&race, 5000, -1), 2);
  close (server);
}
END_TEST

/* Fill RACE with contenders for address 0, a mute one, without waiting
   for their head starts.  */
static void
fill_race (struct race *race, struct address *addresses, size_t count)
{
  for (size_t i = 1; i + 1 < count; i++)
    addresses[i] = addresses[0];
  race_start (race, &stream_plan, addresses, count);
  for (size_t i = 0; i < count; i++)
    {
      race->next_start = 0;
      ck_assert_int_eq (race_run (race, 0, -1), RACE_RUNNING);
    }
}

/* No more than RACE_WIDTH side by side.  */
START_TEST (test_width)
{
  struct race race;
  struct mute mute;
  struct address addresses[RACE_WIDTH + 2];
  mute_open (&mute, _i);
  addresses[0] = mute.address;
  int server = serve_sample (_i, 1, &addresses[RACE_WIDTH + 1]);
  fill_race (&race, addresses, RACE_WIDTH + 2);
  ck_assert_uint_eq (race.running, RACE_WIDTH);
  ck_assert_uint_eq (race.next, RACE_WIDTH);
  race_abandon (&race);
  close (server);
  mute_close (&mute);
}
END_TEST

/* When all fail, the others follow.  */
START_TEST (test_width_then_good)
{
  struct race race;
  struct mute mute;
  struct address addresses[RACE_WIDTH + 2];
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  addresses[0] = mute.address;
  int server
    = serve_sample (SAMPLE_LOCAL_STREAM, 1, &addresses[RACE_WIDTH + 1]);
  fill_race (&race, addresses, RACE_WIDTH + 2);
  mute_close (&mute);
  check_won (&race, race_run (&race, 5000, -1), RACE_WIDTH + 1);
  close (server);
}
END_TEST

/* A local server whose queue was full makes room.  */
START_TEST (test_room)
{
  struct race race;
  struct mute mute;
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  race_start (&race, &stream_plan, &mute.address, 1);
  ck_assert_int_eq (race_run (&race, 60, -1), RACE_RUNNING);
  close (accept_one (mute.listener));
  int64_t start = now ();
  check_won (&race, race_run (&race, 5000, -1), 0);
  ck_assert_int_lt (now () - start, 250);
  mute_close (&mute);
}
END_TEST

/* A local server whose queue was full goes away.  */
START_TEST (test_no_room_ever)
{
  struct race race;
  struct mute mute;
  mute_open (&mute, SAMPLE_LOCAL_STREAM);
  race_start (&race, &stream_plan, &mute.address, 1);
  ck_assert_int_eq (race_run (&race, 60, -1), RACE_RUNNING);
  mute_close (&mute);
  check_failed (&race, race_run (&race, 5000, -1), ECONNREFUSED);
}
END_TEST

/* Time.  */

START_TEST (test_timeout)
{
  struct race race;
  struct mute mute;
  mute_open (&mute, _i);
  race_start (&race, &stream_plan, &mute.address, 1);
  int64_t start = now ();
  ck_assert_int_eq (race_run (&race, 100, -1), RACE_RUNNING);
  int64_t took = now () - start;
  ck_assert_int_ge (took, 95);
  ck_assert_int_lt (took, 500);
  ck_assert_uint_eq (race.running, 1);
  race_abandon (&race);
  mute_close (&mute);
}
END_TEST

/* Waiting must not be spinning.  */
START_TEST (test_timeout_sleeps)
{
  struct race race;
  struct mute mute;
  mute_open (&mute, _i);
  race_start (&race, &stream_plan, &mute.address, 1);
  struct timespec before, after;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &before);
  ck_assert_int_eq (race_run (&race, 300, -1), RACE_RUNNING);
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &after);
  int64_t used = ((int64_t) after.tv_sec - before.tv_sec) * 1000
                 + (after.tv_nsec - before.tv_nsec) / 1000000;
  ck_assert_int_lt (used, 150);
  race_abandon (&race);
  mute_close (&mute);
}
END_TEST

/* In steps, as one does who has to look elsewhere meanwhile.  */
START_TEST (test_steps)
{
  struct race race;
  struct address addresses[2];
  int first = refuse_sample (SAMPLE_TCP4, &addresses[0]);
  int second = serve_sample (SAMPLE_TCP4, 1, &addresses[1]);
  enum race_state state = RACE_RUNNING;
  int64_t end = now () + 2000;
  race_start (&race, &stream_plan, addresses, 2);
  while (state == RACE_RUNNING && now () < end)
    state = race_run (&race, 0, -1);
  check_won (&race, state, 1);
  close (first);
  close (second);
}
END_TEST

START_TEST (test_steps_to_loss)
{
  struct race race;
  struct address address;
  int refusing = refuse_sample (SAMPLE_TCP4, &address);
  enum race_state state = RACE_RUNNING;
  int64_t end = now () + 2000;
  race_start (&race, &stream_plan, &address, 1);
  while (state == RACE_RUNNING && now () < end)
    state = race_run (&race, 0, -1);
  check_refused (&race, state, ECONNREFUSED);
  close (refusing);
}
END_TEST

/* Giving up.  */

/* A race to MUTE that is under way.  */
static void
start_mute (struct race *race, struct mute *mute)
{
  mute_open (mute, SAMPLE_TCP4);
  race_start (race, &stream_plan, &mute->address, 1);
  ck_assert_int_eq (race_run (race, 0, -1), RACE_RUNNING);
}

START_TEST (test_cancel)
{
  struct race race;
  struct mute mute;
  int cancel[2];
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, cancel), 0);
  start_mute (&race, &mute);
  close (cancel[1]);
  int64_t start = now ();
  ck_assert_int_eq (race_run (&race, 5000, cancel[0]), RACE_RUNNING);
  ck_assert_int_lt (now () - start, 500);
  /* Who asks why there is no connection is told something.  */
  ck_assert_int_eq (race.failure.code, ECANCELED);
  ck_assert_str_eq (race.failure.verb, "make client process failed");
  race_abandon (&race);
  close (cancel[0]);
  mute_close (&mute);
}
END_TEST

static void *
close_soon (void *data)
{
  rest (100);
  socket_close (data);
  return NULL;
}

START_TEST (test_cancel_meanwhile)
{
  struct race race;
  struct mute mute;
  int cancel[2];
  pthread_t thread;
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, cancel), 0);
  start_mute (&race, &mute);
  ck_assert_int_eq (pthread_create (&thread, NULL, close_soon, &cancel[1]), 0);
  int64_t start = now ();
  ck_assert_int_eq (race_run (&race, 5000, cancel[0]), RACE_RUNNING);
  int64_t took = now () - start;
  pthread_join (thread, NULL);
  ck_assert_int_ge (took, 90);
  ck_assert_int_lt (took, 1000);
  race_abandon (&race);
  close (cancel[0]);
  mute_close (&mute);
}
END_TEST

/* What comes along the socket pair is not the end of it.  */
START_TEST (test_cancel_with_data)
{
  struct race race;
  struct mute mute;
  int cancel[2];
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM, 0, cancel), 0);
  ck_assert_int_eq (send (cancel[1], "x", 1, MSG_NOSIGNAL), 1);
  start_mute (&race, &mute);
  int64_t start = now ();
  ck_assert_int_eq (race_run (&race, 100, cancel[0]), RACE_RUNNING);
  ck_assert_int_ge (now () - start, 95);
  race_abandon (&race);
  close (cancel[0]);
  close (cancel[1]);
  mute_close (&mute);
}
END_TEST

START_TEST (test_abandon)
{
  struct race race;
  struct mute mute;
  struct address addresses[4];
  int before = open_descriptors ();
  mute_open (&mute, SAMPLE_TCP4);
  int with_mute = open_descriptors ();
  addresses[0] = mute.address;
  addresses[3] = mute.address;
  fill_race (&race, addresses, 4);
  ck_assert_int_eq (open_descriptors (), with_mute + 4);
  race_abandon (&race);
  ck_assert_uint_eq (race.running, 0);
  ck_assert_int_eq (open_descriptors (), with_mute);
  race_abandon (&race);
  mute_close (&mute);
  ck_assert_int_eq (open_descriptors (), before);
}
END_TEST

START_TEST (test_abandon_early)
{
  struct race race;
  struct address address = unreachable_address ();
  race_start (&race, &stream_plan, &address, 1);
  race_abandon (&race);
  ck_assert_int_eq (race.fd, -1);
}
END_TEST

START_TEST (test_abandon_won)
{
  struct race race;
  struct address address;
  int server = serve_sample (SAMPLE_TCP4, 1, &address);
  ck_assert_int_eq (run (&race, &address, 1), RACE_WON);
  int fd = race.fd;
  race_abandon (&race);
  ck_assert (!is_open (fd));
  ck_assert_int_eq (race.fd, -1);
  close (server);
}
END_TEST

/* Datagram sockets need no answer.  */
START_TEST (test_datagram)
{
  struct race race;
  struct address addresses[2];
  int first = refuse_sample (SAMPLE_UDP4, &addresses[0]);
  addresses[1] = addresses[0];
  race_start (&race, &datagram_plan, addresses, 2);
  check_won (&race, race_run (&race, 0, -1), 0);
  close (first);
}
END_TEST

Suite *
connect_suite (void)
{
  Suite *suite = suite_create ("connect");
  TCase *one = add_case (suite, "one address");
  tcase_add_loop_test (one, test_won, 0, SAMPLES);
  tcase_add_test (one, test_winner_works);
  tcase_add_test (one, test_settings_of_winner);
  tcase_add_loop_test (one, test_refused, SAMPLE_TCP4, SAMPLE_UDP4);
  tcase_add_test (one, test_refused_at_once);
  tcase_add_test (one, test_no_path);
  tcase_add_test (one, test_unreachable);
  tcase_add_test (one, test_unknown_family);
  tcase_add_test (one, test_failing_setting);
  tcase_add_test (one, test_datagram);
  TCase *several = add_case (suite, "several addresses");
  tcase_add_test (several, test_first_wins);
  tcase_add_test (several, test_refused_then_good);
  tcase_add_test (several, test_failures_then_good);
  tcase_add_test (several, test_families);
  tcase_add_test (several, test_all_refused);
  tcase_add_test (several, test_refused_then_failed);
  tcase_add_test (several, test_failed_then_refused);
  TCase *mute = add_case (suite, "mute servers");
  tcase_add_loop_test (mute, test_mute_then_good, SAMPLE_TCP4,
                       SAMPLE_TCP4 + 1);
  tcase_add_loop_test (mute, test_mute_then_good, SAMPLE_LOCAL_STREAM,
                       SAMPLE_LOCAL_STREAM + 1);
  tcase_add_test (mute, test_first_wins_late);
  tcase_add_test (mute, test_two_fail);
  tcase_add_loop_test (mute, test_width, SAMPLE_TCP4, SAMPLE_TCP4 + 1);
  tcase_add_loop_test (mute, test_width, SAMPLE_LOCAL_STREAM,
                       SAMPLE_LOCAL_STREAM + 1);
  tcase_add_test (mute, test_width_then_good);
  tcase_add_test (mute, test_room);
  tcase_add_test (mute, test_no_room_ever);
  TCase *time = add_case (suite, "time");
  tcase_add_loop_test (time, test_timeout, SAMPLE_TCP4, SAMPLE_TCP4 + 1);
  tcase_add_loop_test (time, test_timeout, SAMPLE_LOCAL_STREAM,
                       SAMPLE_LOCAL_STREAM + 1);
  tcase_add_loop_test (time, test_timeout_sleeps, SAMPLE_TCP4,
                       SAMPLE_TCP4 + 1);
  tcase_add_loop_test (time, test_timeout_sleeps, SAMPLE_LOCAL_STREAM,
                       SAMPLE_LOCAL_STREAM + 1);
  tcase_add_test (time, test_steps);
  tcase_add_test (time, test_steps_to_loss);
  TCase *end = add_case (suite, "giving up");
  tcase_add_test (end, test_cancel);
  tcase_add_test (end, test_cancel_meanwhile);
  tcase_add_test (end, test_cancel_with_data);
  tcase_add_test (end, test_abandon);
  tcase_add_test (end, test_abandon_early);
  tcase_add_test (end, test_abandon_won);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of lookups.  */

#include "option/config.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake-lookup.h"
#include "socket/lookup.h"
#include "suites.h"

static struct addresses *
look_up (const char *host, const char *service, int family, int type)
{
  struct query query
    = { .host = host, .service = service, .family = family, .type = type };
  struct addresses *addresses = NULL;
  ck_assert_int_eq (lookup_numeric (&query, &addresses), 0);
  ck_assert_ptr_nonnull (addresses);
  return addresses;
}

static void
check_lookup (const char *host, const char *service, int family, int type,
              struct address expected)
{
  struct addresses *addresses = look_up (host, service, family, type);
  ck_assert_uint_eq (addresses->count, 1);
  ck_assert (address_equal (&addresses->items[0], &expected));
  ck_assert_uint_eq (addresses->items[0].length, expected.length);
  free (addresses);
}

static void
check_no_lookup (const char *host, const char *service, int family, int code)
{
  struct query query = {
    .host = host, .service = service, .family = family, .type = SOCK_STREAM
  };
  struct addresses *addresses = (struct addresses *) &query;
  ck_assert_int_eq (lookup_numeric (&query, &addresses), code);
  ck_assert_ptr_null (addresses);
}

START_TEST (test_numeric_ipv4)
{
  struct address expected = loopback (AF_INET, 8080);
  check_lookup ("127.0.0.1", "8080", AF_UNSPEC, SOCK_STREAM, expected);
  check_lookup ("127.0.0.1", "8080", AF_INET, SOCK_STREAM, expected);
  check_lookup ("127.0.0.1", "8080", AF_INET, SOCK_DGRAM, expected);
}
END_TEST

START_TEST (test_numeric_ipv6)
{
  struct address expected = loopback (AF_INET6, 65535);
  check_lookup ("::1", "65535", AF_UNSPEC, SOCK_STREAM, expected);
  check_lookup ("::1", "65535", AF_INET6, SOCK_DGRAM, expected);
}
END_TEST

START_TEST (test_numeric_no_service)
{
  check_lookup ("127.0.0.1", NULL, AF_UNSPEC, SOCK_STREAM,
                loopback (AF_INET, 0));
  check_lookup ("127.0.0.1", "0", AF_UNSPEC, SOCK_STREAM,
                loopback (AF_INET, 0));
}
END_TEST

static void
check_service (const char *service, int type, uint16_t port)
{
  struct query query = {
    .host = "127.0.0.1", .service = service, .family = AF_UNSPEC, .type = type
  };
  struct address expected = loopback (AF_INET, port);
  struct addresses *addresses;
  ck_assert_int_eq (lookup_name (&query, &addresses), 0);
  ck_assert_uint_eq (addresses->count, 1);
  ck_assert (address_equal (&addresses->items[0], &expected));
  free (addresses);
}

/* The type of the socket says which of the services is meant.  */
START_TEST (test_service_names)
{
  if (access ("/etc/services", R_OK) < 0)
    SKIP ("no /etc/services");
  check_service ("http", SOCK_STREAM, 80);
  check_service ("tftp", SOCK_DGRAM, 69);
}
END_TEST

START_TEST (test_numeric_refuses_names)
{
  check_no_lookup ("localhost", "80", AF_UNSPEC, EAI_NONAME);
  check_no_lookup ("localhost", "80", AF_INET, EAI_NONAME);
  check_no_lookup ("host.invalid", "80", AF_UNSPEC, EAI_NONAME);
  check_no_lookup ("", "80", AF_UNSPEC, EAI_NONAME);
  check_no_lookup ("1.2.3.4.5", "80", AF_UNSPEC, EAI_NONAME);
  /* The system asks for those of services as for those of hosts.  */
  check_no_lookup ("127.0.0.1", "http", AF_UNSPEC, EAI_NONAME);
}
END_TEST

START_TEST (test_no_such_service)
{
  struct query query = { .host = "127.0.0.1",
                         .service = "no-such-service",
                         .family = AF_UNSPEC,
                         .type = SOCK_STREAM };
  struct addresses *addresses;
  ck_assert_int_eq (lookup_name (&query, &addresses), EAI_SERVICE);
  ck_assert_ptr_null (addresses);
}
END_TEST

START_TEST (test_wrong_family)
{
  struct query query = { .host = "127.0.0.1",
                         .service = "80",
                         .family = AF_INET6,
                         .type = SOCK_STREAM };
  struct addresses *addresses;
  ck_assert_int_ne (lookup_numeric (&query, &addresses), 0);
  ck_assert_ptr_null (addresses);
}
END_TEST

/* OpenBSD looks at the service first, and calls that unknown.  */
START_TEST (test_numeric_refuses_service)
{
  struct fake faked = { .code = EAI_SERVICE, .gate = -1 };
  fake = &faked;
  check_no_lookup ("localhost", "http", AF_UNSPEC, EAI_NONAME);
  fake = NULL;
}
END_TEST

/* The families take turns; the first is the one that the system puts
   first; within a family the order stays.  */
START_TEST (test_turns)
{
  static const struct
  {
    const char *families;
    const char *order;
  } cases[] = {
    { "4", "0" },           { "6", "0" },           { "44", "01" },
    { "46", "01" },         { "64", "01" },         { "664", "021" },
    { "446", "021" },       { "666444", "031425" }, { "444466", "041523" },
    { "644446", "015234" }, { "66666", "01234" },   { "4466", "0213" },
  };
  struct list list;
  struct fake faked
    = { .list = make_list (&list, cases[_i].families), .gate = -1 };
  fake = &faked;
  struct addresses *addresses = look_up ("x", "y", AF_UNSPEC, SOCK_STREAM);
  fake = NULL;
  const char *order = cases[_i].order;
  ck_assert_uint_eq (addresses->count, strlen (order));
  for (size_t i = 0; i < addresses->count; i++)
    {
      const struct address *wanted = &list.addresses[order[i] - '0'];
      ck_assert_msg (address_equal (&addresses->items[i], wanted),
                     "%s: %d is at %d", cases[_i].families,
                     (int) address_port (&addresses->items[i]), (int) i);
    }
  free (addresses);
}
END_TEST

/* The family that is asked for goes first, if there is any of it.  */
START_TEST (test_preferred)
{
  static const struct
  {
    const char *families;
    int preferred;
    const char *order;
  } cases[] = {
    { "446", AF_INET6, "201" },
    { "446", AF_INET, "021" },
    { "66", AF_INET, "01" },
    { "664", AF_UNSPEC, "021" },
  };
  struct list list;
  struct fake faked
    = { .list = make_list (&list, cases[_i].families), .gate = -1 };
  struct query query = { .host = "x", .preferred = cases[_i].preferred };
  struct addresses *addresses;
  fake = &faked;
  ck_assert_int_eq (lookup_numeric (&query, &addresses), 0);
  fake = NULL;
  ck_assert_uint_eq (addresses->count, strlen (cases[_i].families));
  for (size_t i = 0; i < addresses->count; i++)
    ck_assert_int_eq (address_port (&addresses->items[i]),
                      cases[_i].order[i] - '0');
  free (addresses);
}
END_TEST

Suite *
lookup_suite (void)
{
  Suite *suite = suite_create ("lookup");
  TCase *lookup = add_case (suite, "lookup");
  tcase_add_test (lookup, test_numeric_ipv4);
  tcase_add_test (lookup, test_numeric_ipv6);
  tcase_add_test (lookup, test_numeric_no_service);
  tcase_add_test (lookup, test_service_names);
  tcase_add_test (lookup, test_numeric_refuses_names);
  tcase_add_test (lookup, test_numeric_refuses_service);
  tcase_add_test (lookup, test_no_such_service);
  tcase_add_test (lookup, test_wrong_family);
  tcase_add_loop_test (lookup, test_turns, 0, 12);
  tcase_add_loop_test (lookup, test_preferred, 0, 4);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of socket addresses.  */

#include "option/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "socket/address.h"
#include "suites.h"

static const uint8_t bytes_4[4] = { 192, 0, 2, 1 };
static const uint8_t bytes_16[16]
  = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x01 };

/* Where an address begins, behind its family.  */
enum
{
  RAW_START = offsetof (struct sockaddr, sa_data)
};

static struct address
ipv4 (uint8_t last, uint16_t port)
{
  uint8_t bytes[4] = { 192, 0, 2, last };
  struct address address = dirty_address ();
  address_ipv4 (&address, bytes, port);
  return address;
}

static struct address
ipv6 (uint8_t last, uint16_t port)
{
  uint8_t bytes[16];
  struct address address = dirty_address ();
  memcpy (bytes, bytes_16, sizeof bytes);
  bytes[15] = last;
  address_ipv6 (&address, bytes, port);
  return address;
}

START_TEST (test_ipv4)
{
  struct address address = dirty_address ();
  address_ipv4 (&address, bytes_4, 8080);
  struct sockaddr_in *in = (struct sockaddr_in *) &address.storage;
  ck_assert_uint_eq (address.length, sizeof *in);
  ck_assert_int_eq (in->sin_family, AF_INET);
  ck_assert_uint_eq (in->sin_port, htons (8080));
  ck_assert_uint_eq (in->sin_addr.s_addr, htonl (0xc0000201));
  ck_assert_int_eq (address_family (&address), AF_INET);
  ck_assert_mem_eq (address_bytes (&address), bytes_4, 4);
  ck_assert_uint_eq (address_port (&address), 8080);
}
END_TEST

START_TEST (test_ipv6)
{
  struct address address = dirty_address ();
  address_ipv6 (&address, bytes_16, 8080);
  struct sockaddr_in6 *in = (struct sockaddr_in6 *) &address.storage;
  ck_assert_uint_eq (address.length, sizeof *in);
  ck_assert_int_eq (in->sin6_family, AF_INET6);
  ck_assert_uint_eq (in->sin6_port, htons (8080));
  ck_assert_uint_eq (in->sin6_flowinfo, 0);
  ck_assert_uint_eq (in->sin6_scope_id, 0);
  ck_assert_mem_eq (&in->sin6_addr, bytes_16, 16);
  ck_assert_int_eq (address_family (&address), AF_INET6);
  ck_assert_mem_eq (address_bytes (&address), bytes_16, 16);
  ck_assert_uint_eq (address_port (&address), 8080);
}
END_TEST

START_TEST (test_port)
{
  static const uint16_t ports[] = { 0, 1, 255, 256, 32768, 65535 };
  struct address four = ipv4 (1, 9);
  struct address six = ipv6 (1, 9);
  address_set_port (&four, ports[_i]);
  address_set_port (&six, ports[_i]);
  ck_assert_uint_eq (address_port (&four), ports[_i]);
  ck_assert_uint_eq (address_port (&six), ports[_i]);
  struct address new_four = ipv4 (1, ports[_i]);
  struct address new_six = ipv6 (1, ports[_i]);
  ck_assert (address_equal (&four, &new_four));
  ck_assert (address_equal (&six, &new_six));
}
END_TEST

START_TEST (test_port_of_local)
{
  struct address address = local_address ("/a", 2);
  address_set_port (&address, 80);
  ck_assert_uint_eq (address_port (&address), 0);
  check_path (&address, "/a", 2);
}
END_TEST

START_TEST (test_local)
{
  struct address address = local_address ("/tmp/a", 6);
  struct sockaddr_un *un = (struct sockaddr_un *) &address.storage;
  ck_assert_int_eq (address_family (&address), AF_UNIX);
  ck_assert_str_eq (un->sun_path, "/tmp/a");
  ck_assert_uint_eq (address.length, sizeof *un);
  check_path (&address, "/tmp/a", 6);
}
END_TEST

/* The bytes of PATH need not be terminated.  */
START_TEST (test_local_unterminated)
{
  struct address address = local_address ("/tmp/abc", 6);
  check_path (&address, "/tmp/a", 6);
}
END_TEST

START_TEST (test_local_path_limit)
{
  char path[LOCAL_PATH_MAX + 1];
  struct address address;
  memset (path, 'p', sizeof path);
  ck_assert (!address_local (&address, path, LOCAL_PATH_MAX + 1));
  ck_assert (!address_local (&address, path, SIZE_MAX));
  ck_assert (address_local (&address, path, LOCAL_PATH_MAX));
  check_path (&address, path, LOCAL_PATH_MAX);
  struct sockaddr_un *un = (struct sockaddr_un *) &address.storage;
  ck_assert_int_eq (un->sun_path[LOCAL_PATH_MAX], '\0');
}
END_TEST

START_TEST (test_local_path_with_nul)
{
  struct address address;
  ck_assert (!address_local (&address, "/a\0b", 4));
  ck_assert (!address_local (&address, "/a\0", 3));
}
END_TEST

START_TEST (test_local_path_of_one)
{
  struct address address = local_address ("a", 1);
  check_path (&address, "a", 1);
}
END_TEST

START_TEST (test_abstract)
{
  struct address address = local_address ("\0name", 5);
  ck_assert_uint_eq (address.length,
                     offsetof (struct sockaddr_un, sun_path) + 5);
  check_path (&address, "\0name", 5);
}
END_TEST

START_TEST (test_is_abstract)
{
  struct address address = local_address ("\0name", 5);
  ck_assert (address_abstract (&address));
  address = local_address ("name", 4);
  ck_assert (!address_abstract (&address));
  /* No name at all.  */
  address.length = offsetof (struct sockaddr_un, sun_path);
  address.storage = (struct sockaddr_storage){ .ss_family = AF_UNIX };
  ck_assert (!address_abstract (&address));
  address = ipv4 (0, 0);
  ck_assert (!address_abstract (&address));
}
END_TEST

START_TEST (test_abstract_with_nul)
{
  struct address address = local_address ("\0a\0b\0", 5);
  check_path (&address, "\0a\0b\0", 5);
}
END_TEST

START_TEST (test_abstract_limit)
{
  char name[LOCAL_PATH_MAX + 2] = "";
  struct address address;
  memset (name + 1, 'n', sizeof name - 1);
  ck_assert (!address_local (&address, name, LOCAL_PATH_MAX + 2));
  ck_assert (address_local (&address, name, LOCAL_PATH_MAX + 1));
  check_path (&address, name, LOCAL_PATH_MAX + 1);
  ck_assert_uint_eq (address.length, sizeof (struct sockaddr_un));
}
END_TEST

START_TEST (test_raw)
{
  static const uint8_t bytes[] = { 1, 2, 3 };
  struct address address = dirty_address ();
  ck_assert (address_raw (&address, AF_INET6, bytes, sizeof bytes));
  ck_assert_int_eq (address_family (&address), AF_INET6);
  ck_assert_uint_eq (address.length, RAW_START + sizeof bytes);
  ck_assert_mem_eq ((char *) &address.storage + RAW_START, bytes,
                    sizeof bytes);
}
END_TEST

/* As `make-network-process' has it: the port comes first.  */
START_TEST (test_raw_is_ipv4)
{
  static const uint8_t bytes[]
    = { 0, 80, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
  struct address address;
  struct address same = ipv4 (1, 80);
  ck_assert (address_raw (&address, AF_INET, bytes, sizeof bytes));
  ck_assert_uint_eq (address.length, sizeof (struct sockaddr_in));
  ck_assert (address_equal (&address, &same));
}
END_TEST

START_TEST (test_raw_limit)
{
  uint8_t bytes[sizeof (struct sockaddr_storage)];
  size_t most = sizeof bytes - RAW_START;
  struct address address;
  memset (bytes, 7, sizeof bytes);
  ck_assert (!address_raw (&address, AF_INET, bytes, SIZE_MAX));
  ck_assert (!address_raw (&address, AF_INET, bytes, most + 1));
  ck_assert (address_raw (&address, AF_INET, bytes, most));
  ck_assert_uint_eq (address.length, sizeof bytes);
}
END_TEST

START_TEST (test_raw_empty)
{
  static const uint8_t nothing[1];
  struct address address = dirty_address ();
  ck_assert (address_raw (&address, AF_UNIX, nothing, 0));
  ck_assert_uint_eq (address.length, RAW_START);
  check_path (&address, "", 0);
  ck_assert (!address_named (&address));
}
END_TEST

START_TEST (test_copy)
{
  struct address old = ipv6 (1, 80);
  struct address new = dirty_address ();
  address_copy (&new, (struct sockaddr *) &old.storage, old.length);
  ck_assert_uint_eq (new.length, old.length);
  ck_assert_mem_eq (&new.storage, &old.storage, sizeof old.storage);
}
END_TEST

START_TEST (test_copy_too_long)
{
  struct
  {
    struct sockaddr_storage storage;
    char more[64];
  } huge;
  struct address address;
  memset (&huge, 1, sizeof huge);
  address_copy (&address, (struct sockaddr *) &huge, sizeof huge);
  ck_assert_uint_eq (address.length, sizeof huge.storage);
  ck_assert_mem_eq (&address.storage, &huge.storage, sizeof huge.storage);
}
END_TEST

static void
check_equal (struct address a, struct address b, bool equal)
{
  ck_assert (address_equal (&a, &b) == equal);
  ck_assert (address_equal (&b, &a) == equal);
}

START_TEST (test_equal_internet)
{
  check_equal (ipv4 (1, 80), ipv4 (1, 80), true);
  check_equal (ipv4 (1, 80), ipv4 (2, 80), false);
  check_equal (ipv4 (1, 80), ipv4 (1, 81), false);
  check_equal (ipv6 (1, 80), ipv6 (1, 80), true);
  check_equal (ipv6 (1, 80), ipv6 (2, 80), false);
  check_equal (ipv6 (1, 80), ipv6 (1, 81), false);
}
END_TEST

START_TEST (test_equal_families)
{
  check_equal (ipv4 (1, 80), ipv6 (1, 80), false);
  check_equal (ipv4 (1, 80), local_address ("/a", 2), false);
  check_equal (ipv6 (1, 80), local_address ("/a", 2), false);
}
END_TEST

/* The padding of sockaddr_in does not count.  */
START_TEST (test_equal_ignores_padding)
{
  struct address a = ipv4 (1, 80);
  struct address b = a;
  memset (((struct sockaddr_in *) &b.storage)->sin_zero, 1, 8);
  check_equal (a, b, true);
}
END_TEST

START_TEST (test_equal_local)
{
  check_equal (local_address ("/a", 2), local_address ("/a", 2), true);
  check_equal (local_address ("/a", 2), local_address ("/b", 2), false);
  check_equal (local_address ("/a", 2), local_address ("/ab", 3), false);
  check_equal (local_address ("\0a", 2), local_address ("\0a", 2), true);
  check_equal (local_address ("\0a", 2), local_address ("\0a\0", 3), false);
  check_equal (local_address ("\0a", 2), local_address ("a", 1), false);
}
END_TEST

/* The kernel gives a path just as long as it is.  */
START_TEST (test_equal_lengths)
{
  struct address a = local_address ("/a", 2);
  struct address b = a;
  b.length = offsetof (struct sockaddr_un, sun_path) + 3;
  check_equal (a, b, true);
  b.length--;
  check_equal (a, b, true);
}
END_TEST

START_TEST (test_equal_raw)
{
  static const uint8_t bytes[] = { 1, 2, 3 };
  struct address a, b;
  ck_assert (address_raw (&a, AF_UNSPEC, bytes, 3));
  ck_assert (address_raw (&b, AF_UNSPEC, bytes, 3));
  check_equal (a, b, true);
  ck_assert (address_raw (&b, AF_UNSPEC, bytes, 2));
  check_equal (a, b, false);
  ck_assert (address_raw (&b, AF_UNSPEC, bytes_4, 3));
  check_equal (a, b, false);
}
END_TEST

static void
check_named (struct address address, bool named)
{
  ck_assert (address_named (&address) == named);
}

START_TEST (test_named)
{
  check_named (ipv4 (1, 0), false);
  check_named (ipv4 (1, 80), true);
  check_named (ipv6 (1, 0), false);
  check_named (ipv6 (1, 256), true);
  check_named (local_address ("/a", 2), true);
  check_named (local_address ("\0a", 2), true);
}
END_TEST

Suite *
address_suite (void)
{
  Suite *suite = suite_create ("address");
  TCase *internet = add_case (suite, "internet");
  tcase_add_test (internet, test_ipv4);
  tcase_add_test (internet, test_ipv6);
  tcase_add_loop_test (internet, test_port, 0, 6);
  TCase *paths = add_case (suite, "local");
  tcase_add_test (paths, test_port_of_local);
  tcase_add_test (paths, test_local);
  tcase_add_test (paths, test_local_unterminated);
  tcase_add_test (paths, test_local_path_limit);
  tcase_add_test (paths, test_local_path_with_nul);
  tcase_add_test (paths, test_local_path_of_one);
  tcase_add_test (paths, test_abstract);
  tcase_add_test (paths, test_is_abstract);
  tcase_add_test (paths, test_abstract_with_nul);
  tcase_add_test (paths, test_abstract_limit);
  TCase *raw = add_case (suite, "raw");
  tcase_add_test (raw, test_raw);
  tcase_add_test (raw, test_raw_is_ipv4);
  tcase_add_test (raw, test_raw_limit);
  tcase_add_test (raw, test_raw_empty);
  tcase_add_test (raw, test_copy);
  tcase_add_test (raw, test_copy_too_long);
  TCase *equal = add_case (suite, "equal");
  tcase_add_test (equal, test_equal_internet);
  tcase_add_test (equal, test_equal_families);
  tcase_add_test (equal, test_equal_ignores_padding);
  tcase_add_test (equal, test_equal_local);
  tcase_add_test (equal, test_equal_lengths);
  tcase_add_test (equal, test_equal_raw);
  tcase_add_test (equal, test_named);
  return suite;
}

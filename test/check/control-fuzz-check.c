/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of decoding control messages that are not as they should be.  */

#include "option/config.h"

#include <netinet/in.h>
#include <string.h>

#include "controls.h"
#include "suites.h"
#include "values.h"

enum
{
  ROUNDS = 20000
};

/* Numbers that look random and are the same each time.  */
static uint32_t seed;

static unsigned
random_below (unsigned limit)
{
  seed = seed * 1664525 + 1013904223;
  return (seed >> 8) % limit;
}

/* VALUE is a property list, and each of its keys is there once.  */
static void
check_plist (const struct value *value)
{
  if (value->type == VALUE_NIL)
    return;
  ck_assert_int_eq (value->type, VALUE_LIST);
  ck_assert_uint_eq (value->size % 2, 0);
  for (size_t i = 0; i < value->size; i += 2)
    {
      const struct value *key = &value->as.items[i];
      ck_assert_int_eq (key->type, VALUE_SYMBOL);
      ck_assert_int_eq (key->as.text[0], ':');
      ck_assert_ptr_eq (plist_get (value, key->as.text), key + 1);
    }
}

/* Add a message that may be one that is known, of any length.  */
static void
add_random (struct message *message)
{
  char data[300];
  const struct control *control
    = &controls[random_below ((unsigned) controls_count)];
  int level = random_below (8) ? control->level : (int) random_below (300);
  int type = random_below (8) ? control->type : (int) random_below (100);
  for (size_t i = 0; i < sizeof data; i++)
    data[i] = (char) random_below (256);
  /* A family that addresses may be of.  */
  data[16] = random_below (2) ? AF_INET : AF_INET6;
  data[17] = 0;
  message_add (message, level, type, data, random_below (sizeof data));
}

static void
fill (struct message *message)
{
  *message = (struct message){ .used = 0 };
  for (unsigned count = 1 + random_below (8); count > 0; count--)
    add_random (message);
}

START_TEST (test_random)
{
  struct message message;
  for (seed = 0; seed < ROUNDS; seed++)
    {
      uint32_t round = seed;
      fill (&message);
      struct value value = message_decode (&message);
      check_plist (&value);
      values_free ();
      seed = round;
    }
}
END_TEST

/* The room ends anywhere, and what is behind it is not looked at: it is in
   a block of its own, so that sanitizers see it if it is.  */
START_TEST (test_truncated)
{
  struct message message;
  for (seed = 0; seed < ROUNDS; seed++)
    {
      uint32_t round = seed;
      fill (&message);
      size_t used = random_below ((unsigned) message.used + 1);
      char *room = malloc (used + 1);
      memcpy (room, message.room, used);
      struct msghdr header = { .msg_control = room, .msg_controllen = used };
      struct value value;
      ck_assert_int_eq (control_decode (&header, values_pool (), &value),
                        FAULT_NONE);
      check_plist (&value);
      free (room);
      values_free ();
      seed = round;
    }
}
END_TEST

/* Any bytes may be wrong, those of the headers as well.  */
START_TEST (test_garbled)
{
  struct message message;
  for (seed = 0; seed < ROUNDS; seed++)
    {
      uint32_t round = seed;
      fill (&message);
      for (unsigned i = 0; i < 6; i++)
        message.room[random_below ((unsigned) message.used)]
          = (char) random_below (256);
      for (unsigned i = 0; i < 2; i++)
        message.room[random_below (sizeof (struct cmsghdr))]
          = (char) random_below (256);
      struct value value = message_decode (&message);
      check_plist (&value);
      values_free ();
      seed = round;
    }
}
END_TEST

/* No message is lost, whichever comes first: each of these sorts has a key
   of its own.  */
START_TEST (test_reordered)
{
  static const struct
  {
    int level;
    int type;
    const char *key;
  } sorts[] = {
    { IPPROTO_IP, IP_TTL, ":ttl" },
    { IPPROTO_IPV6, IPV6_HOPLIMIT, ":hop-limit" },
    { IPPROTO_IPV6, IPV6_TCLASS, ":tos" },
    { SOL_SOCKET, SO_MARK, ":mark" },
    { SOL_SOCKET, SO_PRIORITY, ":priority" },
    { SOL_SOCKET, SO_RXQ_OVFL, ":dropped" },
  };
  enum
  {
    COUNT = sizeof sorts / sizeof sorts[0]
  };
  for (unsigned first = 0; first < COUNT; first++)
    for (unsigned step = 1; step < COUNT; step += 4)
      {
        struct message message = { .used = 0 };
        for (unsigned i = 0; i < COUNT; i++)
          {
            unsigned sort = (first + i * step) % COUNT;
            int number = (int) sort + 100;
            message_add (&message, sorts[sort].level, sorts[sort].type,
                         &number, sizeof number);
            message_add (&message, 99, (int) sort, "x", 1);
          }
        struct value value = message_decode (&message);
        for (unsigned i = 0; i < COUNT; i++)
          check_number (&value, sorts[i].key, i + 100);
        ck_assert_uint_eq (plist_get (&value, ":control")->size, COUNT);
      }
}
END_TEST

Suite *
control_fuzz_suite (void)
{
  Suite *suite = suite_create ("control fuzz");
  TCase *fuzz = add_case (suite, "fuzz");
  tcase_set_timeout (fuzz, 60);
  tcase_add_test (fuzz, test_random);
  tcase_add_test (fuzz, test_truncated);
  tcase_add_test (fuzz, test_garbled);
  tcase_add_test (fuzz, test_reordered);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values and bytes of the C tests.  */

#include "option/config.h"

#include "values.h"

#include <stdio.h>
#include <string.h>

#include "suites.h"

static struct pool pool;

void
values_free (void)
{
  pool_free (&pool);
}

struct pool *
values_pool (void)
{
  return &pool;
}

struct value
of_type (enum value_type type)
{
  return (struct value){ .type = type };
}

struct value
integer (intmax_t number)
{
  return (struct value){ .type = VALUE_INTEGER, .as.integer = number };
}

struct value
real (double number)
{
  return (struct value){ .type = VALUE_FLOAT, .as.real = number };
}

struct value
text_of_size (const char *text, size_t size)
{
  return (struct value){ .type = VALUE_STRING, .as.text = text, .size = size };
}

struct value
text (const char *string)
{
  return text_of_size (string, strlen (string));
}

struct value
symbol (const char *name)
{
  struct value value = text (name);
  value.type = VALUE_SYMBOL;
  return value;
}

static bool
is_nil (const struct value *value)
{
  return value->type == VALUE_NIL
         || (value->type == VALUE_LIST && value->size == 0);
}

static bool
same_items (const struct value *a, const struct value *b)
{
  for (size_t i = 0; i < a->size; i++)
    if (!same_value (&a->as.items[i], &b->as.items[i]))
      return false;
  return true;
}

bool
same_value (const struct value *a, const struct value *b)
{
  if (is_nil (a) || is_nil (b))
    return is_nil (a) && is_nil (b);
  if (a->type != b->type || a->size != b->size)
    return false;
  switch (a->type)
    {
    case VALUE_INTEGER:
    case VALUE_BIG:
      return a->as.integer == b->as.integer;
    case VALUE_FLOAT:
      return !(a->as.real < b->as.real) && !(b->as.real < a->as.real);
    case VALUE_STRING:
    case VALUE_BYTES:
    case VALUE_LOCALE_STRING:
    case VALUE_SYMBOL:
      return memcmp (a->as.text, b->as.text, a->size) == 0;
    case VALUE_LIST:
    case VALUE_PAIR:
    case VALUE_VECTOR:
      return same_items (a, b);
    case VALUE_NIL:
    case VALUE_T:
    case VALUE_OTHER:
    default:
      return a->type == VALUE_T;
    }
}

static void print (FILE *file, const struct value *value);

static void
print_items (FILE *file, const struct value *value)
{
  putc ('(', file);
  for (size_t i = 0; i < value->size; i++)
    {
      if (i > 0)
        putc (' ', file);
      print (file, &value->as.items[i]);
    }
  putc (')', file);
}

static void
print (FILE *file, const struct value *value)
{
  switch (value->type)
    {
    case VALUE_INTEGER:
    case VALUE_BIG:
      fprintf (file, "%jd", value->as.integer);
      break;
    case VALUE_FLOAT:
      fprintf (file, "%g", value->as.real);
      break;
    case VALUE_STRING:
    case VALUE_BYTES:
    case VALUE_LOCALE_STRING:
    case VALUE_SYMBOL:
      fprintf (file, "%.*s", (int) value->size, value->as.text);
      break;
    case VALUE_LIST:
    case VALUE_PAIR:
    case VALUE_VECTOR:
      print_items (file, value);
      break;
    case VALUE_NIL:
    case VALUE_T:
    case VALUE_OTHER:
    default:
      fputs (value->type == VALUE_NIL ? "nil" : "t", file);
    }
}

const char *
words_of (const struct value *value)
{
  static char words[4][1024];
  static size_t turn;
  char *buffer = words[turn++ % 4];
  FILE *file = fmemopen (buffer, sizeof words[0], "w");
  ck_assert_ptr_nonnull (file);
  print (file, value);
  fclose (file);
  buffer[sizeof words[0] - 1] = '\0';
  return buffer;
}

struct bytes
dirty_bytes (void)
{
  struct bytes bytes;
  memset (&bytes, 0xaa, sizeof bytes);
  bytes.length = 0;
  bytes.allocated = NULL;
  return bytes;
}

void
check_fault (const struct option *option, struct value value, enum fault fault)
{
  struct bytes bytes = dirty_bytes ();
  enum fault found = option->kind->encode (option, &value, &bytes);
  ck_assert_msg (found == fault, "%s: %s has fault %d, not %d",
                 option->keyword, words_of (&value), (int) found, (int) fault);
  bytes_free (&bytes);
}

struct bytes
encode (const struct option *option, struct value value)
{
  struct bytes bytes = dirty_bytes ();
  enum fault fault = option->kind->encode (option, &value, &bytes);
  ck_assert_msg (fault == FAULT_NONE, "%s: %s has fault %d", option->keyword,
                 words_of (&value), (int) fault);
  return bytes;
}

struct value
decode (const struct option *option, struct bytes bytes)
{
  struct value value;
  memset (&value, 0x55, sizeof value);
  enum fault fault = option->kind->decode (option, &bytes, &pool, &value);
  ck_assert_msg (fault == FAULT_NONE, "%s: what was read has fault %d",
                 option->keyword, (int) fault);
  return value;
}

void
check_length (const struct option *option, struct bytes bytes, size_t length)
{
  struct value value;
  bytes.length = (socklen_t) length;
  ck_assert_int_eq (option->kind->decode (option, &bytes, &pool, &value),
                    FAULT_TYPE);
}

struct bytes
prepare (const struct option *option, struct value argument)
{
  struct bytes bytes = dirty_bytes ();
  ck_assert_int_eq (option->kind->prepare (option, &argument, &bytes),
                    FAULT_NONE);
  return bytes;
}

struct value
read_value (int fd, const struct option *option)
{
  struct bytes bytes = dirty_bytes ();
  int code = option_get (fd, option, &bytes);
  ck_assert_msg (code == 0, "cannot read %s: %s", option->keyword,
                 strerror (code));
  ck_assert (bytes.allocated || option->kind->get
             || bytes.length <= option->kind->size);
  struct value value = decode (option, bytes);
  bytes_free (&bytes);
  return value;
}

int
try_set (int fd, const struct option *option, struct value value)
{
  struct bytes bytes = encode (option, value);
  int code = option_set (fd, option, &bytes);
  bytes_free (&bytes);
  return code;
}

void
set_value (int fd, const struct option *option, struct value value)
{
  int code = try_set (fd, option, value);
  ck_assert_msg (code == 0, "cannot set %s to %s: %s", option->keyword,
                 words_of (&value), strerror (code));
}

const struct value *
plist_get (const struct value *plist, const char *key)
{
  ck_assert_int_eq (plist->type, VALUE_LIST);
  ck_assert_uint_eq (plist->size % 2, 0);
  for (size_t i = 0; i < plist->size; i += 2)
    if (value_is_symbol (&plist->as.items[i], key))
      return &plist->as.items[i + 1];
  return NULL;
}

static const struct value *
member (const struct value *plist, const char *key)
{
  const struct value *value = plist_get (plist, key);
  ck_assert_msg (value, "no %s in %s", key, words_of (plist));
  return value;
}

void
check_number (const struct value *plist, const char *key, intmax_t number)
{
  const struct value *value = member (plist, key);
  ck_assert_msg (value->type == VALUE_INTEGER && value->as.integer == number,
                 "%s is %s, not %jd", key, words_of (value), number);
}

void
check_name (const struct value *plist, const char *key, const char *name)
{
  const struct value *value = member (plist, key);
  ck_assert_msg (value_is_symbol (value, name), "%s is %s, not %s", key,
                 words_of (value), name);
}

const struct option *
row (const char *keyword)
{
  const struct option *option = option_find (keyword);
#ifndef SYSTEM_LINUX
  if (!option)
    leave_test (keyword);
#endif
  ck_assert_msg (option, "no row %s", keyword);
  return option;
}

struct bytes
bytes_of (const void *data, size_t length)
{
  struct bytes bytes = dirty_bytes ();
  ck_assert (bytes_copy (&bytes, data, length));
  return bytes;
}

struct value
decode_data (const char *keyword, const void *data, size_t length)
{
  struct bytes bytes = bytes_of (data, length);
  struct value value = decode (row (keyword), bytes);
  bytes_free (&bytes);
  return value;
}

void
check_same (struct value found, struct value expected)
{
  ck_assert_msg (same_value (&found, &expected), "%s, not %s",
                 words_of (&found), words_of (&expected));
}

void
check_there_and_back (const char *keyword, struct value value,
                      struct value expected)
{
  struct bytes bytes = encode (row (keyword), value);
  check_same (decode (row (keyword), bytes), expected);
  bytes_free (&bytes);
}

void
check_integer (const char *keyword, struct value value, int expected)
{
  struct bytes bytes = encode (row (keyword), value);
  ck_assert_uint_eq (bytes.length, sizeof (int));
  ck_assert_int_eq (bytes.as.integer, expected);
}

void
check_end (const struct value *plist, const char *last, const char *next)
{
  ck_assert_msg (plist_get (plist, last), "no %s", last);
  ck_assert_msg (!plist_get (plist, next), "%s", next);
}

void
set_keyword (int fd, const char *keyword, struct value value)
{
  set_value (fd, row (keyword), value);
}

int
try_keyword (int fd, const char *keyword, struct value value)
{
  return try_set (fd, row (keyword), value);
}

bool
is_name (const struct kind *kind)
{
  return kind == &kind_name || kind == &kind_congestion
         || kind == &kind_upper_protocol;
}

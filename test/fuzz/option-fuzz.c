/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz the kinds: Lisp values into bytes, and the kernel's bytes back.  */

#include "option/config.h"

#include <stdio.h>
#include <string.h>

#include "option/option.h"

/* libFuzzer calls this.  */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* What is left of the input.  */
struct input
{
  const uint8_t *data;
  size_t size;
};

enum
{
  /* How deep values nest, and how many elements each has.  */
  DEPTH_MAX = 4,
  ELEMENTS_MAX = 12,
  /* More than any kind gets by itself.  */
  OWN_SIZE = 65536
};

/* The next byte, 0 when there are no more.  */
static uint8_t
next_byte (struct input *input)
{
  if (input->size == 0)
    return 0;
  input->size--;
  return *input->data++;
}

static uint64_t
next_number (struct input *input)
{
  static const uint64_t edges[] = { 0,
                                    1,
                                    INT16_MAX,
                                    UINT16_MAX,
                                    INT32_MAX,
                                    UINT32_MAX,
                                    (uint64_t) INT32_MAX + 1,
                                    INT64_MAX,
                                    (uint64_t) INT64_MIN,
                                    UINT64_MAX };
  uint8_t how = next_byte (input);
  uint64_t number = 0;
  if (how < sizeof edges / sizeof edges[0])
    return edges[how];
  for (unsigned i = 0; i < how % 9; i++)
    number = number << 8 | next_byte (input);
  return number;
}

/* Text of the input itself, which a pool keeps.  */
static void
next_text (struct input *input, struct pool *pool, struct value *value)
{
  size_t size = next_byte (input);
  if (size > input->size)
    size = input->size;
  if (!value_string (value, pool, (const char *) input->data, size))
    __builtin_trap ();
  input->data += size;
  input->size -= size;
}

/* One of the symbols that OPTION knows, or any other.  */
static void
next_symbol (struct input *input, const struct option *option,
             struct pool *pool, struct value *value)
{
  size_t count = 0;
  const struct name *names = option->kind->names;
  while (names && names[count].name)
    count++;
  if (count && next_byte (input) % 4)
    value_symbol (value, names[next_byte (input) % count].name);
  else
    {
      next_text (input, pool, value);
      value->type = VALUE_SYMBOL;
    }
}

/* Words that kinds know besides, where chance would not find them.  */
static void
next_word (struct input *input, struct value *value)
{
  static const char *const words[]
    = { "lo",        "127.0.0.1",  "::1",     "239.1.2.3", "ff02::fb",
        "127.0.0.2", "fe80::1%lo", "0.0.0.0", "::",        "include",
        "exclude",   ":pid",       ":uid",    ":gid",      ":addr" };
  const char *word = words[next_byte (input) % (sizeof words / sizeof *words)];
  value_symbol (value, word);
  if (word[0] != ':' && word[0] != 'i' && word[0] != 'e')
    value->type = VALUE_STRING;
}

static void next_value (struct input *input, const struct option *option,
                        struct pool *pool, int depth, struct value *value);

static void
next_elements (struct input *input, const struct option *option,
               struct pool *pool, int depth, struct value *value)
{
  size_t count = next_byte (input) % ELEMENTS_MAX;
  bool vector = next_byte (input) % 2;
  if (!(vector ? value_vector : value_list) (value, pool, count))
    __builtin_trap ();
  for (size_t i = 0; i < count; i++)
    next_value (input, option, pool, depth + 1, &value->as.items[i]);
}

static void
next_value (struct input *input, const struct option *option,
            struct pool *pool, int depth, struct value *value)
{
  uint64_t bits;
  *value = (struct value){ .type = VALUE_NIL };
  switch (next_byte (input) % 10)
    {
    case 0:
      break;
    case 1:
      value_boolean (value, true);
      break;
    case 2:
      value_integer (value, (intmax_t) next_number (input));
      break;
    case 3:
      value_unsigned (value, next_number (input));
      break;
    case 4:
      bits = next_number (input);
      value->type = VALUE_FLOAT;
      memcpy (&value->as.real, &bits, sizeof bits);
      break;
    case 5:
      next_text (input, pool, value);
      break;
    case 6:
      next_symbol (input, option, pool, value);
      break;
    case 7:
      next_word (input, value);
      break;
    case 8:
      value->type = VALUE_OTHER;
      break;
    default:
      if (depth < DEPTH_MAX)
        next_elements (input, option, pool, depth, value);
    }
}

/* Whether the kernel's bytes of OPTION are those that it is given.  */
static bool
is_symmetric (const struct option *option, const struct bytes *bytes)
{
  return option->kind->encode && option->kind->decode && !option->kind->set
         && !option->kind->get && bytes->length == option->kind->size;
}

/* What BYTES of OPTION mean must be made into the same bytes again.  */
static void
check_again (const struct option *option, const struct bytes *bytes)
{
  struct pool pool = POOL_NONE;
  struct value value;
  struct bytes again = BYTES_NONE;
  if (option->kind->decode (option, bytes, &pool, &value) == FAULT_NONE
      && option->kind->encode (option, &value, &again) == FAULT_NONE
      && (again.length != bytes->length
          || memcmp (bytes_data (&again), bytes_data (bytes), again.length)
               != 0))
    {
      fprintf (stderr, "%s: other bytes the second time\n", option->keyword);
      __builtin_trap ();
    }
  bytes_free (&again);
  pool_free (&pool);
}

static void
fuzz_encode (const struct option *option, struct input *input,
             enum fault (*encode) (const struct option *, const struct value *,
                                   struct bytes *))
{
  struct pool pool = POOL_NONE;
  struct value value;
  struct bytes bytes = BYTES_NONE;
  if (!encode)
    return;
  next_value (input, option, &pool, 0, &value);
  if (encode (option, &value, &bytes) == FAULT_NONE
      && encode == option->kind->encode && is_symmetric (option, &bytes))
    check_again (option, &bytes);
  bytes_free (&bytes);
  pool_free (&pool);
}

/* Make *BYTES the rest of INPUT.  A kind that gets its bytes itself relies
   on their number, not on what they are.  */
static void
next_bytes (struct input *input, const struct option *option,
            struct bytes *bytes)
{
  size_t size = option->kind->get ? OWN_SIZE : input->size;
  char *room = bytes_reserve (bytes, size);
  if (!room)
    __builtin_trap ();
  memcpy (room, input->data, input->size < size ? input->size : size);
}

static void
fuzz_decode (const struct option *option, struct input *input)
{
  struct pool pool = POOL_NONE;
  struct value value;
  struct bytes bytes = BYTES_NONE;
  struct bytes again = BYTES_NONE;
  if (!option->kind->decode)
    return;
  next_bytes (input, option, &bytes);
  if (option->kind->decode (option, &bytes, &pool, &value) == FAULT_NONE
      && option->kind->encode)
    option->kind->encode (option, &value, &again);
  bytes_free (&again);
  bytes_free (&bytes);
  pool_free (&pool);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input input = { data, size };
  uint8_t what = next_byte (&input);
  const struct option *option = &options[next_byte (&input) % options_count];
  if (what % 4 == 0)
    fuzz_decode (option, &input);
  else if (what % 4 == 1)
    fuzz_encode (option, &input, option->kind->prepare);
  else
    fuzz_encode (option, &input, option->kind->encode);
  return 0;
}

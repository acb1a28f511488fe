/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Value kinds of what a socket lets through.  */

#include "option/config.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#include "option/constants.h"
#include "option/option.h"

#if __has_include(<linux/filter.h>)
# include <linux/filter.h>

/* A classic BPF program: a vector of [CODE JT JF K].  */

/* Element I of INSTRUCTION, which must be from 0 to MAX.  */
static enum fault
part (const struct value *instruction, size_t i, intmax_t max,
      uint32_t *result)
{
  const struct value *item = &instruction->as.items[i];
  if (item->type != VALUE_INTEGER)
    return FAULT_TYPE;
  *result = (uint32_t) item->as.integer;
  return item->as.integer < 0 || max < item->as.integer ? FAULT_RANGE
                                                        : FAULT_NONE;
}

static enum fault
encode_instruction (const struct value *value, struct sock_filter *filter)
{
  static const intmax_t max[]
    = { UINT16_MAX, UINT8_MAX, UINT8_MAX, UINT32_MAX };
  uint32_t parts[4];
  if (value->type != VALUE_VECTOR)
    return FAULT_TYPE;
  if (value->size != 4)
    return FAULT_RANGE;
  for (size_t i = 0; i < 4; i++)
    {
      enum fault fault = part (value, i, max[i], &parts[i]);
      if (fault != FAULT_NONE)
        return fault;
    }
  *filter = (struct sock_filter){ .code = (uint16_t) parts[0],
                                  .jt = (uint8_t) parts[1],
                                  .jf = (uint8_t) parts[2],
                                  .k = parts[3] };
  return FAULT_NONE;
}

/* Whether every jump of the COUNT instructions at FILTER stays within,
   and the last of them returns.  */
static bool
is_closed (const struct sock_filter *filter, size_t count)
{
  for (size_t i = 0; i < count; i++)
    {
      size_t left = count - i - 1;
      if (BPF_CLASS (filter[i].code) != BPF_JMP)
        continue;
      if (BPF_OP (filter[i].code) == BPF_JA
            ? left <= filter[i].k
            : left <= filter[i].jt || left <= filter[i].jf)
        return false;
    }
  return BPF_CLASS (filter[count - 1].code) == BPF_RET;
}

static enum fault
encode_filter (const struct option *option, const struct value *value,
               struct bytes *bytes)
{
  (void) option;
  if (value->type == VALUE_NIL)
    return FAULT_NONE;
  if (value->type != VALUE_VECTOR)
    return FAULT_TYPE;
  if (value->size < 1 || BPF_MAXINSNS < value->size)
    return FAULT_RANGE;
  struct sock_filter *filter
    = bytes_reserve (bytes, value->size * sizeof *filter);
  if (!filter)
    return FAULT_MEMORY;
  for (size_t i = 0; i < value->size; i++)
    {
      enum fault fault = encode_instruction (&value->as.items[i], &filter[i]);
      if (fault != FAULT_NONE)
        return fault;
    }
  return is_closed (filter, value->size) ? FAULT_NONE : FAULT_RANGE;
}

/* No program: the one that is there goes.  */
static int
detach_filter (int fd)
{
  int none = 0;
  if (setsockopt (fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none) == 0)
    return 0;
  return errno == ENOENT ? 0 : errno;
}

static int
set_filter (int fd, const struct option *option, const struct bytes *bytes)
{
  if (bytes->length == 0)
    return detach_filter (fd);
  /* The kernel only reads through the pointer.  */
  union
  {
    const void *read;
    struct sock_filter *pointer;
  } data = { .read = bytes_data (bytes) };
  struct sock_fprog program
    = { .len = (uint16_t) (bytes->length / sizeof *data.pointer),
        .filter = data.pointer };
  return setsockopt (fd, option->level, option->number, &program,
                     sizeof program)
             < 0
           ? errno
           : 0;
}

/* Here the kernel counts instructions, not bytes.  */
static int
get_filter (int fd, const struct option *option, struct bytes *bytes)
{
  socklen_t count = 0;
  (void) option;
  if (getsockopt (fd, SOL_SOCKET, SO_GET_FILTER, NULL, &count) < 0)
    return errno;
  void *room = bytes_reserve (bytes, count * sizeof (struct sock_filter));
  if (!room)
    return ENOMEM;
  if (count > 0
      && getsockopt (fd, SOL_SOCKET, SO_GET_FILTER, room, &count) < 0)
    return errno;
  return 0;
}

static enum fault
decode_filter (const struct option *option, const struct bytes *bytes,
               struct pool *pool, struct value *value)
{
  const struct sock_filter *filter = bytes_data (bytes);
  size_t count = bytes->length / sizeof *filter;
  (void) option;
  value_boolean (value, false);
  if (count == 0)
    return FAULT_NONE;
  if (!value_vector (value, pool, count))
    return FAULT_MEMORY;
  for (size_t i = 0; i < count; i++)
    {
      struct value *instruction = &value->as.items[i];
      if (!value_vector (instruction, pool, 4))
        return FAULT_MEMORY;
      value_integer (&instruction->as.items[0], filter[i].code);
      value_integer (&instruction->as.items[1], filter[i].jt);
      value_integer (&instruction->as.items[2], filter[i].jf);
      value_integer (&instruction->as.items[3], filter[i].k);
    }
  return FAULT_NONE;
}

const struct kind kind_filter = {
  .name = "vector of [CODE JT JF K], or nil for none",
  .predicate = "vectorp",
  .encode = encode_filter,
  .decode = decode_filter,
  .set = set_filter,
  .get = get_filter,
};

#endif /* linux/filter.h */

/* ICMP types that are blocked, as a list of numbers: COUNT bits, of
   which bit N stands for type N.  */

static enum fault
encode_types (const struct value *value, uint32_t *words, intmax_t count)
{
  if (value->type != VALUE_LIST && value->type != VALUE_NIL)
    return FAULT_TYPE;
  for (size_t i = 0; i < value->size; i++)
    {
      const struct value *item = &value->as.items[i];
      if (item->type != VALUE_INTEGER)
        return FAULT_TYPE;
      if (item->as.integer < 0 || count <= item->as.integer)
        return FAULT_RANGE;
      words[item->as.integer / 32] |= UINT32_C (1) << item->as.integer % 32;
    }
  return FAULT_NONE;
}

static enum fault
decode_types (const uint32_t *words, intmax_t count, struct pool *pool,
              struct value *value)
{
  size_t used = 0;
  if (!value_list (value, pool, (size_t) count))
    return FAULT_MEMORY;
  for (intmax_t i = 0; i < count; i++)
    if (words[i / 32] >> i % 32 & 1)
      value_integer (&value->as.items[used++], i);
  value->size = used;
  return FAULT_NONE;
}

static enum fault
encode_icmp_filter (const struct option *option, const struct value *value,
                    struct bytes *bytes)
{
  uint32_t word = 0;
  (void) option;
  enum fault fault = encode_types (value, &word, 32);
  bytes->as.unsigned32 = word;
  bytes->length = sizeof word;
  return fault;
}

static enum fault
decode_icmp_filter (const struct option *option, const struct bytes *bytes,
                    struct pool *pool, struct value *value)
{
  (void) option;
  if (bytes->length != sizeof bytes->as.unsigned32)
    return FAULT_TYPE;
  return decode_types (&bytes->as.unsigned32, 32, pool, value);
}

const struct kind kind_icmp_filter = {
  .name = "list of the ICMP types to block",
  .predicate = "listp",
  .size = sizeof (uint32_t),
  .encode = encode_icmp_filter,
  .decode = decode_icmp_filter,
};

#ifdef ICMP6_FILTER_SETBLOCK

/* On Linux a bit that is set blocks; elsewhere it passes, so the macros
   of RFC 3542 say which.  */
static enum fault
encode_icmp6_filter (const struct option *option, const struct value *value,
                     struct bytes *bytes)
{
  uint32_t words[8] = { 0 };
  struct icmp6_filter filter;
  (void) option;
  enum fault fault = encode_types (value, words, 256);
  if (fault != FAULT_NONE)
    return fault;
  ICMP6_FILTER_SETPASSALL (&filter);
  for (unsigned i = 0; i < 256; i++)
    if (words[i / 32] >> i % 32 & 1)
      ICMP6_FILTER_SETBLOCK (i, &filter);
  return bytes_copy (bytes, &filter, sizeof filter) ? FAULT_NONE
                                                    : FAULT_MEMORY;
}

static enum fault
decode_icmp6_filter (const struct option *option, const struct bytes *bytes,
                     struct pool *pool, struct value *value)
{
  uint32_t words[8] = { 0 };
  struct icmp6_filter filter;
  (void) option;
  if (bytes->length != sizeof filter)
    return FAULT_TYPE;
  memcpy (&filter, bytes_data (bytes), sizeof filter);
  for (unsigned i = 0; i < 256; i++)
    if (ICMP6_FILTER_WILLBLOCK (i, &filter))
      words[i / 32] |= UINT32_C (1) << i % 32;
  return decode_types (words, 256, pool, value);
}

const struct kind kind_icmp6_filter = {
  .name = "list of the ICMPv6 types to block",
  .predicate = "listp",
  .size = sizeof (struct icmp6_filter),
  .encode = encode_icmp6_filter,
  .decode = decode_icmp6_filter,
};

#endif /* ICMP6_FILTER_SETBLOCK */

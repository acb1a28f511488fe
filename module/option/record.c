/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records: structures of the kernel as property lists.  */

#include "option/config.h"

#include "option/record.h"

#include <string.h>

static uint64_t
read_number (const struct field *field, const void *data)
{
  const char *place = (const char *) data + field->offset;
  uint8_t octet;
  uint16_t half;
  uint32_t word;
  uint64_t number;
  switch (field->size)
    {
    case 1:
      break;
    case 2:
      memcpy (&half, place, sizeof half);
      return half;
    case 4:
      memcpy (&word, place, sizeof word);
      return word;
    default:
      memcpy (&number, place, sizeof number);
      return number;
    }
  memcpy (&octet, place, sizeof octet);
  if (field->width == 0)
    return octet;
#if defined __BYTE_ORDER__ && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  unsigned shift = 8 - field->shift - field->width;
#else
  unsigned shift = field->shift;
#endif
  return (unsigned) octet >> shift & ((1U << field->width) - 1);
}

static enum fault
field_to_value (const struct field *field, const void *data, struct pool *pool,
                struct value *value)
{
  uint64_t number = read_number (field, data);
  if (field->flags)
    return flags_to_value (field->names, (unsigned) number, pool, value);
  if (field->names)
    number_to_value (field->names, (intmax_t) number, value);
  else if (field->size == 8 && number == UINT64_MAX)
    value_boolean (value, false);
  else
    value_unsigned (value, number);
  return FAULT_NONE;
}

enum fault
record_to_value (const struct field *fields, size_t count, const void *data,
                 size_t length, struct pool *pool, struct value *value)
{
  size_t used = 0;
  if (!value_list (value, pool, 2 * count))
    return FAULT_MEMORY;
  for (const struct field *field = fields; field < fields + count; field++)
    {
      size_t need = field->since ? field->since : field->offset + field->size;
      if (length < need)
        continue;
      value_symbol (&value->as.items[used++], field->key);
      enum fault fault
        = field_to_value (field, data, pool, &value->as.items[used++]);
      if (fault != FAULT_NONE)
        return fault;
    }
  value->size = used;
  return FAULT_NONE;
}

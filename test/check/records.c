/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of the kernel, for the C tests.  */

#include "option/config.h"

#include "records.h"

#include <string.h>

#include "suites.h"
#include "values.h"

void
fill_record (void *data, size_t size)
{
  uint8_t *bytes = data;
  for (size_t i = 0; i < size; i++)
    bytes[i] = (uint8_t) (i * 37 % 101 + 20);
}

static uint64_t
number_at (const void *data, size_t size)
{
  uint8_t octet;
  uint16_t half;
  uint32_t word;
  uint64_t number;
  switch (size)
    {
    case 1:
      memcpy (&octet, data, size);
      return octet;
    case 2:
      memcpy (&half, data, size);
      return half;
    case 4:
      memcpy (&word, data, size);
      return word;
    default:
      ck_assert_uint_eq (size, 8);
      memcpy (&number, data, size);
      return number;
    }
}

void
check_parts (const struct value *value, const void *data,
             const struct part *parts, size_t count, size_t others)
{
  for (size_t i = 0; i < count; i++)
    check_number (value, parts[i].key,
                  (intmax_t) number_at ((const char *) data + parts[i].offset,
                                        parts[i].size));
  ck_assert_uint_eq (value->size, 2 * (count + others));
}

struct kernel_tcp
tcp_record (void)
{
  struct kernel_tcp info;
  fill_record (&info, sizeof info);
  info.state = 1;
  info.ca_state = 3;
  info.options = 1 | 2 | 64;
  info.snd_wscale = 5;
  info.rcv_wscale = 7;
  info.delivery_rate_app_limited = 1;
  info.fastopen_client_fail = 3;
  return info;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A legal value for any option that is not the one it has.  */

#include "option/config.h"

#include "other-value.h"

#include <net/if.h>
#include <string.h>

#include "suites.h"
#include "values.h"

/* Those that the general ones below do not suit.  */
static const struct
{
  const char *keyword;
  intmax_t number;
} numbers[] = {
  { ":tcp-maxseg", 1000 },
  { ":ipv6-mtu", 1400 },
  { ":ipv6-checksum", 6 },
};

/* An integer for OPTION that is not OLD.  */
static struct value
other_integer (const struct option *option, const struct value *old)
{
  static const intmax_t general[] = { 5, 4, 20000, 40000, 1, 0 };
  struct value value;
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    if (strcmp (numbers[i].keyword, option->keyword) == 0)
      return integer (numbers[i].number);
  for (size_t i = 0; i < sizeof general / sizeof general[0]; i++)
    {
      value = integer (general[i]);
      if (option->min <= general[i] && general[i] <= option->max
          && !same_value (&value, old))
        break;
    }
  return value;
}

/* Another congestion control algorithm than OLD; OLD if there is
   none.  */
static struct value
other_algorithm (const struct value *old)
{
  static char line[512];
  FILE *file
    = fopen ("/proc/sys/net/ipv4/tcp_available_congestion_control", "re");
  if (!file || !fgets (line, sizeof line, file))
    line[0] = '\0';
  if (file)
    fclose (file);
  for (char *save, *word = strtok_r (line, " \n", &save); word;
       word = strtok_r (NULL, " \n", &save))
    {
      struct value value = text (word);
      if (!same_value (&value, old))
        return value;
    }
  return *old;
}

/* The first of two values that is not OLD.  */
static struct value
either (const struct value *old, struct value first, struct value second)
{
  return same_value (&first, old) ? second : first;
}

static bool
is_interface (const struct kind *kind)
{
  return kind == &kind_interface || kind == &kind_interface_index
         || kind == &kind_interface_network
         || kind == &kind_multicast_interface;
}

static struct value
other_interface (const struct value *old)
{
  static char name[IF_NAMESIZE];
  ck_assert_ptr_nonnull (if_indextoname (1, name));
  return either (old, text (name), of_type (VALUE_NIL));
}

static struct value
other_flags (const struct option *option, const struct value *old)
{
  static struct value first, second;
  first = symbol (option->kind->names[0].name);
  second = symbol (option->kind->names[1].name);
  struct value list = { .type = VALUE_LIST, .as.items = &first, .size = 1 };
  struct value other = list;
  other.as.items = &second;
  return either (old, list, other);
}

/* A program that lets all packets through, or what blocks ICMP's echo
   requests, or a range of ports.  */
static struct value
other_structure (const struct option *option, const struct value *old)
{
  static struct value parts[4], program, type, ports[2];
  const struct value nil = of_type (VALUE_NIL);
  parts[0] = integer (6);
  parts[1] = parts[2] = integer (0);
  parts[3] = integer (UINT32_MAX);
  program = (struct value){ VALUE_VECTOR, .as.items = parts, .size = 4 };
  type = integer (8);
  ports[0] = integer (40000);
  ports[1] = integer (40100);
  if (option->kind == &kind_filter)
    return either (old,
                   (struct value){ VALUE_VECTOR, { .items = &program }, 1 },
                   nil);
  if (option->kind == &kind_port_range)
    return either (old, (struct value){ VALUE_LIST, { .items = ports }, 2 },
                   nil);
  return either (old, (struct value){ VALUE_LIST, { .items = &type }, 1 },
                 nil);
}

struct value
other_value (const struct option *option, const struct value *old)
{
  const struct kind *kind = option->kind;
  if (kind == &kind_boolean || kind == &kind_octet_boolean)
    return of_type (old->type == VALUE_NIL ? VALUE_T : VALUE_NIL);
  if (is_interface (kind))
    return other_interface (old);
  if (strcmp (option->keyword, ":tcp-ulp") == 0)
    return text ("tls");
  if (is_name (kind))
    return other_algorithm (old);
  if (kind == &kind_mtu_discover)
    return either (old, symbol ("do"), symbol ("want"));
  if (kind == &kind_clock)
    return either (old, symbol ("monotonic"), symbol ("tai"));
  if (kind == &kind_buffer_lock || kind == &kind_timestamping
      || kind == &kind_address_preferences)
    return other_flags (option, old);
  if (kind == &kind_filter || kind == &kind_port_range
      || kind == &kind_icmp_filter || kind == &kind_icmp6_filter)
    return other_structure (option, old);
  return other_integer (option, old);
}

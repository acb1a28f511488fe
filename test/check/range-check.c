/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the limits that rows name, against those of the kernel.  */

#include "option/config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "option/get-set.h"
#include "suites.h"
#include "values.h"

/* Limits that the kernel does not show: written down a second time.  */
static const struct limits
{
  const char *keyword;
  intmax_t min, max;
} limits[] = {
  /* Lengths of names.  */
  { ":bindtodevice", 0, 15 },
  { ":tcp-congestion", 1, 15 },
  { ":tcp-ulp", 1, 15 },
/* Times that any clock can hold.  */
#ifdef SYSTEM_LINUX
  { ":linger", 0, 65535 },
#else
  { ":linger", 0, 32766 },
#endif
  { ":rcvtimeo", 0, 2147483 },
  { ":sndtimeo", 0, 2147483 },
  { ":vm-sockets-connect-timeout", 0, 2147483 },
  /* 64 bits.  */
  { ":max-pacing-rate", 0, INT64_MAX },
  { ":vm-sockets-buffer-max-size", 0, INT64_MAX },
  { ":vm-sockets-buffer-min-size", 0, INT64_MAX },
  { ":vm-sockets-buffer-size", 0, INT64_MAX },
  /* They cannot be read; the kernel doubles them.  */
  { ":rcvbufforce", 0, INT_MAX / 2 },
  { ":sndbufforce", 0, INT_MAX / 2 },
  /* The kernel takes others, too, and makes something else of them.  */
  { ":rcvbuf", 0, INT_MAX },
  { ":rcvlowat", 1, INT_MAX },
  { ":sndbuf", 0, INT_MAX },
  { ":ip-tos", 0, 255 },
  { ":tcp-defer-accept", 0, 29887 },
  { ":tcp-linger2", -1, 120 },
  { ":tcp-window-clamp", 0, INT_MAX },
  /* The kernel takes any negative number, and keeps it.  */
  { ":peek-off", -1, INT_MAX },
  /* Only even offsets, but of any size.  */
  { ":ipv6-checksum", -1, 65535 },
  /* The kernel wants at least two ticks of its clock.  */
  { ":tcp-delack-max-us", 2000, 200000 },
  { ":tcp-rto-min-us", 2000, 200000 },
};

static const struct limits *
find_limits (const struct option *option)
{
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
    if (strcmp (limits[i].keyword, option->keyword) == 0)
      return &limits[i];
  return NULL;
}

/* A sample that OPTION is for; -1 if there is none here.  */
static int
sample_for (const struct option *option)
{
  for (int i = 0; i < ALL_SAMPLES; i++)
    if (option->classes & samples[i].socket_class && sample_available (i))
      return i;
  return -1;
}

/* Set OPTION of a new socket like SAMPLE to the 32 bits of NUMBER.  Return
   0 or an errno value.  */
static int
try_number (const struct option *option, int sample, intmax_t number)
{
  int fd = sample_socket (sample);
  struct bytes bytes = int_bytes ((int) (uint32_t) number);
  if (option->kind->size == 1)
    {
      bytes.length = 1;
      bytes.as.text[0] = (char) number;
    }
  int code = option_set (fd, option, &bytes);
  close (fd);
  return code;
}

static void
check_inside (const struct option *option, int sample, intmax_t number)
{
  int code = try_number (option, sample, number);
  ck_assert_msg (code == 0, "%s: %jd: %s", option->keyword, number,
                 strerror (code));
}

/* The kernel refuses NUMBER, if it fits into its 32 bits.  */
static void
check_outside (const struct option *option, int sample, intmax_t number)
{
  bool fits = option->kind == &kind_unsigned
                ? 0 <= number && number <= UINT32_MAX
                : INT_MIN <= number && number <= INT_MAX;
  if (fits && option->kind->size == sizeof (int))
    ck_assert_msg (try_number (option, sample, number) != 0,
                   "%s: %jd works after all", option->keyword, number);
}

START_TEST (test_limits)
{
  const struct option *option = &options[_i];
  const struct limits *own = find_limits (option);
  int sample = sample_for (option);
  if (own)
    {
      ck_assert_int_eq (option->min, own->min);
      ck_assert_int_eq (option->max, own->max);
      return;
    }
  if (!(option->access & ACCESS_SET) || option->min == option->max)
    return;
  int code
    = sample < 0 ? ENOPROTOOPT : try_number (option, sample, option->min);
  if (code == ENOPROTOOPT || (code == EPERM && geteuid () != 0))
    SKIP (option->keyword);
  ck_assert (option->kind->size == sizeof (int)
             || option->kind == &kind_octet);
  check_inside (option, sample, option->min);
  check_inside (option, sample, option->max);
  check_outside (option, sample, option->min - 1);
  check_outside (option, sample, option->max + 1);
}
END_TEST

Suite *
range_suite (void)
{
  Suite *suite = suite_create ("range");
  TCase *range = add_case (suite, "limits");
  tcase_add_loop_test (range, test_limits, 0, (int) options_count);
  return suite;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of every option on every class of socket.  */

#include "option/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "option/constants.h"
#include "option/option.h"
#include "other-value.h"
#include "suites.h"
#include "values.h"

/* When something can be done after all.  */
enum when
{
  WHEN_CONNECTED,
  /* It depends on the machine, or it is tested elsewhere.  */
  WHEN_SO,
  WHEN_NEVER
};

struct exception
{
  const char *keyword;
  unsigned classes;
  enum when when;
};

/* What a new socket cannot show, and why.  A test fails when it can, and
   another when what takes a connection cannot be read with one.  */
static const struct exception unreadable[] = {
  /* Only a connection has a path, whose packets have a size.  */
  { ":ip-mtu", CLASSES_ALL, WHEN_CONNECTED },
  { ":ipv6-mtu", CLASSES_ALL, WHEN_CONNECTED },
  { ":ipv6-pathmtu", CLASSES_ALL, WHEN_CONNECTED },
  /* Only a connection has a peer.  */
  { ":peergroups", CLASSES_ALL, WHEN_CONNECTED },
  { ":peerpidfd", CLASSES_ALL, WHEN_CONNECTED },
  /* It takes SELinux or another such module of the kernel.  */
  { ":peersec", CLASSES_ALL, WHEN_SO },
  /* It takes a firewall that redirects connections.  */
  { ":original-dst", CLASSES_ALL, WHEN_NEVER },
  { ":ip6t-so-original-dst", CLASSES_ALL, WHEN_NEVER },
  { NULL, 0, WHEN_SO },
};

/* Likewise what cannot be set.  */
static const struct exception unsettable[] = {
  /* It takes a connection, and TLS in the kernel: see `test_ulp'.  */
  { ":tcp-ulp", CLASSES_ALL, WHEN_NEVER },
  { NULL, 0, WHEN_SO },
};

/* What cannot be set back.  */
static const struct exception final[] = {
  /* Locked for good, that is what it is for.  */
  { ":lock-filter", CLASSES_ALL, WHEN_NEVER },
  { NULL, 0, WHEN_SO },
};

/* What does not read back as it was set.  */
static const struct exception otherwise[] = {
  /* Setting it limits fragments, reading it tells of the path.  */
  { ":ipv6-mtu", CLASSES_ALL, WHEN_NEVER },
  { NULL, 0, WHEN_SO },
};

/* What LIST has for OPTION on sockets of SORT, or null.  */
static const struct exception *
exception (const struct exception *list, const struct option *option,
           unsigned class)
{
  for (; list->keyword; list++)
    if (strcmp (list->keyword, option->keyword) == 0 && list->classes & class)
      return list;
  return NULL;
}

/* Whether the kernel is older than the one on which the catalogue was
   written; then it may lack options, or lack them on some sockets.  */
static bool
is_old_kernel (void)
{
  struct utsname system;
  char *end;
  ck_assert_int_eq (uname (&system), 0);
  long major = strtol (system.release, &end, 10);
  long minor = *end == '.' ? strtol (end + 1, NULL, 10) : 0;
  return major < 6 || (major == 6 && minor < 18);
}

/* Test _i is of a sample and a row.  */
struct pairing
{
  const struct option *option;
  const struct sample *sample;
  int fd;
};

static struct pairing
pairing (int i)
{
  int rows = (int) options_count;
  return (struct pairing){ .option = &options[i % rows],
                           .sample = &samples[i / rows],
                           .fd = sample_socket (i / rows) };
}

static bool
applies (const struct pairing *pair)
{
  return pair->option->classes & pair->sample->socket_class;
}

/* Like option_get, but what is read goes.  */
static int
try_get (int fd, const struct option *option)
{
  struct bytes bytes = dirty_bytes ();
  int code = option_get (fd, option, &bytes);
  bytes_free (&bytes);
  return code;
}

START_TEST (test_sort)
{
  int fd = sample_socket (_i);
  ck_assert_uint_eq (socket_class (fd), samples[_i].socket_class);
  close (fd);
}
END_TEST

/* Reading, on a new socket.  */

static bool
is_readable (const struct option *option)
{
  return option->access & ACCESS_GET && !(option->flags & OPTION_ARGUMENT);
}

/* CODE is what doing VERB with OPTION gave, where the exception, if not
   null, says that it cannot be done.  Return whether it was done.  */
static bool
check_code (const struct pairing *pair, const char *verb, int code,
            const struct exception *expected)
{
  const char *keyword = pair->option->keyword;
  const char *name = pair->sample->name;
  if (expected)
    ck_assert_msg (code != 0 || expected->when == WHEN_SO,
                   "%s %s on %s works after all", verb, keyword, name);
  else if (code == ENOPROTOOPT && is_old_kernel ())
    printf ("SKIP: cannot %s %s on %s: old kernel\n", verb, keyword, name);
  else if (code == EPERM && pair->option->privilege && geteuid () != 0)
    printf ("SKIP: may not %s %s on %s\n", verb, keyword, name);
  else
    ck_assert_msg (code == 0, "cannot %s %s on %s: %s", verb, keyword, name,
                   strerror (code));
  fflush (stdout);
  return code == 0;
}

START_TEST (test_read)
{
  struct pairing pair = pairing (_i);
  if (check_code (&pair, "get", try_get (pair.fd, pair.option),
                  exception (unreadable, pair.option,
                             pair.sample->socket_class)))
    read_value (pair.fd, pair.option);
  close (pair.fd);
}
END_TEST

/* Round trips.  */

static bool
is_both (const struct option *option)
{
  return is_readable (option) && option->access & ACCESS_SET;
}

static void
check_round_trip (const struct pairing *pair, const struct value *old,
                  const struct value *new)
{
  const struct option *option = pair->option;
  struct value read = read_value (pair->fd, option);
  if (exception (otherwise, option, pair->sample->socket_class))
    ck_assert_msg (!same_value (&read, new), "%s on %s: %s after all",
                   option->keyword, pair->sample->name, words_of (new));
  else if (option->flags & OPTION_ADJUSTED)
    ck_assert_msg (!same_value (&read, old), "%s on %s: still %s",
                   option->keyword, pair->sample->name, words_of (old));
  else
    ck_assert_msg (same_value (&read, new), "%s on %s: %s, not %s",
                   option->keyword, pair->sample->name, words_of (&read),
                   words_of (new));
}

/* Set OPTION back to OLD.  */
static void
check_restored (const struct pairing *pair, const struct value *old)
{
  const struct option *option = pair->option;
  const struct exception *expected
    = exception (final, option, pair->sample->socket_class);
  if (!check_code (pair, "restore", try_set (pair->fd, option, *old), expected)
      || option->flags & OPTION_ADJUSTED)
    return;
  struct value read = read_value (pair->fd, option);
  ck_assert_msg (same_value (&read, old), "%s on %s: %s, not %s again",
                 option->keyword, pair->sample->name, words_of (&read),
                 words_of (old));
}

/* What is read can be set, without a change.  */
static void
set_as_read (const struct pairing *pair, const struct value *old)
{
  const struct option *option = pair->option;
  if (exception (unsettable, option, pair->sample->socket_class)
      || !check_code (pair, "set", try_set (pair->fd, option, *old), NULL)
      || option->flags & OPTION_ADJUSTED)
    return;
  struct value read = read_value (pair->fd, option);
  ck_assert_msg (same_value (&read, old), "%s on %s: %s, not %s",
                 option->keyword, pair->sample->name, words_of (&read),
                 words_of (old));
}

/* From the value that it has to another one, and back.  */
static void
set_and_restore (const struct pairing *pair)
{
  const struct option *option = pair->option;
  struct value old = read_value (pair->fd, option);
  struct value new = other_value (option, &old);
  ck_assert_msg (!same_value (&old, &new), "%s on %s: old and new are %s",
                 option->keyword, pair->sample->name, words_of (&old));
  if (!check_code (pair, "set", try_set (pair->fd, option, new),
                   exception (unsettable, option, pair->sample->socket_class)))
    return;
  check_round_trip (pair, &old, &new);
  check_restored (pair, &old);
}

START_TEST (test_set)
{
  struct pairing pair = pairing (_i);
  if (try_get (pair.fd, pair.option) == 0)
    {
      struct value old = read_value (pair.fd, pair.option);
      set_as_read (&pair, &old);
      set_and_restore (&pair);
    }
  close (pair.fd);
}
END_TEST

/* On a connection.  */

static bool
takes_connection (const struct option *option, unsigned class)
{
  const struct exception *found = exception (unreadable, option, class);
  return found && found->when == WHEN_CONNECTED;
}

/* Connect FD of SAMPLE; the other end goes to *PEER.  Two local sockets
   that are connected are a pair from the start.  */
static void
connect_sample (int *fd, int *peer, int sample)
{
  struct address address;
  int pair[2];
  if (samples[sample].family != AF_UNIX)
    {
      *peer = serve_sample (sample, 1, &address);
      connect_fully (*fd, &address);
      return;
    }
  ck_assert_int_eq (socketpair (AF_UNIX, samples[sample].type, 0, pair), 0);
  close (*fd);
  *fd = pair[0];
  *peer = pair[1];
}

START_TEST (test_connected)
{
  struct pairing pair = pairing (_i);
  int peer;
  connect_sample (&pair.fd, &peer, (int) (pair.sample - samples));
  if (check_code (&pair, "get", try_get (pair.fd, pair.option), NULL))
    {
      read_value (pair.fd, pair.option);
      if (is_both (pair.option))
        set_and_restore (&pair);
    }
  close (peer);
  close (pair.fd);
}
END_TEST

/* On other sockets.  */

/* Whether the sockets of SAMPLE know the level of OPTION.  */
static bool
has_level (const struct sample *sample, const struct option *option)
{
  switch (option->level)
    {
    case IPPROTO_IP:
    case LEVEL_OF_FAMILY:
      return sample->socket_class & CLASSES_INET;
    case IPPROTO_IPV6:
      return sample->socket_class & CLASSES_INET6;
    case IPPROTO_TCP:
      return sample->socket_class & CLASSES_TCP;
    case IPPROTO_UDP:
      return sample->socket_class & (CLASSES_UDP | CLASSES_UDPLITE);
    case SOL_SOCKET:
      return true;
    default:
      return option->classes & sample->socket_class;
    }
}

/* At a level that the socket does not have, the option is not there.  At
   others the kernel may take it, and often does not look at it again.
   Multipath TCP passes on what it pleases.  */
static void
check_foreign (const struct pairing *pair, const char *verb, int code)
{
  bool may_work = has_level (pair->sample, pair->option)
                  || pair->sample->socket_class & CLASSES_MPTCP;
  ck_assert_msg (code == ENOPROTOOPT || (code == 0 && may_work),
                 "%s %s on %s: %d", verb, pair->option->keyword,
                 pair->sample->name, code);
}

/* All rows on a socket like sample _i.  */
START_TEST (test_foreign)
{
  struct value none = of_type (VALUE_OTHER);
  for (int row = 0; row < (int) options_count; row++)
    {
      struct pairing pair = pairing (_i * (int) options_count + row);
      const struct option *option = pair.option;
      if (!applies (&pair) && is_readable (option))
        check_foreign (&pair, "get", try_get (pair.fd, option));
      if (!applies (&pair) && is_both (option))
        check_foreign (&pair, "set",
                       try_set (pair.fd, option, other_value (option, &none)));
      close (pair.fd);
    }
}
END_TEST

/* What cannot be read at all, or not be set.  */
START_TEST (test_no_access)
{
  struct bytes bytes = int_bytes (1);
  int fd = sample_socket (_i);
  for (size_t i = 0; i < options_count; i++)
    {
      if (!(options[i].access & ACCESS_GET))
        ck_assert_int_eq (try_get (fd, &options[i]), ENOPROTOOPT);
      if (!(options[i].access & ACCESS_SET))
        ck_assert_int_eq (option_set (fd, &options[i], &bytes), ENOPROTOOPT);
    }
  close (fd);
}
END_TEST

/* A protocol over TCP, which goes only with the connection.  */
START_TEST (test_ulp)
{
  const struct option *ulp = row (":tcp-ulp");
  int peer;
  int fd = sample_socket (_i);
  connect_sample (&fd, &peer, _i);
  ck_assert_int_eq (read_value (fd, ulp).type, VALUE_NIL);
  int code = try_set (fd, ulp, text ("tls"));
  if (code == 0)
    {
      struct value tls = text ("tls");
      struct value read = read_value (fd, ulp);
      ck_assert (same_value (&read, &tls));
    }
  close (fd);
  close (peer);
  if (code == ENOENT || code == EPERM)
    SKIP ("no TLS in this kernel");
  ck_assert_int_eq (code, 0);
}
END_TEST

/* A socket that the kernel refuses.  */
START_TEST (test_refused)
{
  char reason[64];
  snprintf (reason, sizeof reason, "no %s sockets here", samples[_i].name);
  SKIP (reason);
}
END_TEST

/* Add what ROW has to show on SAMPLE.  */
static void
add_row (TCase *tcase, int sample, int row)
{
  const struct option *option = &options[row];
  unsigned class = samples[sample].socket_class;
  int i = sample * (int) options_count + row;
  if (!is_readable (option) || !(option->classes & class))
    return;
  tcase_add_loop_test (tcase, test_read, i, i + 1);
  if (is_both (option))
    tcase_add_loop_test (tcase, test_set, i, i + 1);
  if (takes_connection (option, class))
    tcase_add_loop_test (tcase, test_connected, i, i + 1);
}

static void
add_tests (TCase *tcase, int sample)
{
  tcase_add_loop_test (tcase, test_sort, sample, sample + 1);
  for (int row = 0; row < (int) options_count; row++)
    add_row (tcase, sample, row);
  tcase_add_loop_test (tcase, test_foreign, sample, sample + 1);
  tcase_add_loop_test (tcase, test_no_access, sample, sample + 1);
  if (samples[sample].socket_class & CLASSES_TCP)
    tcase_add_loop_test (tcase, test_ulp, sample, sample + 1);
}

Suite *
catalogue_suite (void)
{
  Suite *suite = suite_create ("catalogue");
  for (int sample = 0; sample < ALL_SAMPLES; sample++)
    {
      TCase *tcase = add_case (suite, samples[sample].name);
      if (sample_available (sample))
        add_tests (tcase, sample);
      else
        tcase_add_loop_test (tcase, test_refused, sample, sample + 1);
    }
  return suite;
}

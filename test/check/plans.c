/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets made by plans, for the C tests.  */

#include "option/config.h"

#include "plans.h"

#include "values.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "suites.h"

const struct option tcp_row = { .keyword = ":tcp-nodelay",
                                .level = IPPROTO_TCP,
                                .number = TCP_NODELAY,
                                .kind = &kind_boolean,
                                .access = ACCESS_BOTH,
                                .classes = CLASSES_ALL };

struct setting
setting_of (const struct option *option, int value)
{
  return (struct setting){ .option = option, .bytes = int_bytes (value) };
}

struct setting
setting (const char *keyword, int value)
{
  return setting_of (row (keyword), value);
}

struct plan
client_plan (int sample)
{
  return (struct plan){ .type = samples[sample].type };
}

struct plan
server_plan (int sample)
{
  return (
    struct plan){ .type = samples[sample].type, .server = true, .backlog = 5 };
}

int
make_socket (const struct plan *plan, const struct address *address)
{
  struct failure failure = { .verb = "nothing" };
  int fd = socket_make (plan, address, &failure);
  ck_assert_msg (fd >= 0, "%s: %d", failure.verb, failure.code);
  return fd;
}

int
make_client (int sample)
{
  struct plan plan = client_plan (sample);
  struct address address = sample_address (sample);
  return make_socket (&plan, &address);
}

int
make_server (int sample)
{
  struct plan plan = server_plan (sample);
  struct address address = sample_address (sample);
  return make_socket (&plan, &address);
}

struct failure
fail_to_make (const struct plan *plan, const struct address *address)
{
  struct failure failure;
  memset (&failure, 0xaa, sizeof failure);
  ck_assert_int_eq (socket_make (plan, address, &failure), -1);
  ck_assert_ptr_nonnull (failure.verb);
  return failure;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Have one of the module's calls fail.  */

/* Linked into a module of its own with the linker's --wrap, which has the
   module's calls come here, and those of Emacs and of the C library itself
   go where they always went.  */

#include "option/config.h"

#include "faults.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"

/* The numbers of the calls.  */
#define NUMBER(name, ...) CALL_##name,
enum call
{
  FAULTS (NUMBER, NUMBER, NUMBER, NUMBER) CALLS
};

#define CODES(name, type, failed, parameters, arguments, ...) \
 { #name, { __VA_ARGS__ } },
#define CODES_CODE(name, type, parameters, arguments, ...) \
 { #name, { __VA_ARGS__ } },
#define CODES_MEMORY(name, parameters, arguments, counted) \
 { #name, { ENOMEM } },

const struct fault_call fault_calls[]
  = { FAULTS (CODES, CODES_CODE, CODES_MEMORY, CODES) };
const int fault_calls_count = CALLS;

static atomic_bool armed;
static atomic_int counts[CALLS];
static atomic_int blocks, failures;
static int armed_call, armed_nth, armed_code;
static bool armed_sticky;

void
faults_arm (int call, int nth, int code, bool sticky)
{
  for (int i = 0; i < CALLS; i++)
    atomic_store (&counts[i], 0);
  atomic_store (&failures, 0);
  armed_call = call;
  armed_nth = nth;
  armed_code = code;
  armed_sticky = sticky;
  atomic_store (&armed, true);
}

int
faults_disarm (void)
{
  atomic_store (&armed, false);
  return atomic_load (&failures);
}

int
faults_counted (int call)
{
  return atomic_load (&counts[call]);
}

int
faults_blocks (void)
{
  return atomic_load (&blocks);
}

/* Whether this call of CALL is to fail; then errno says why.  */
static bool
fails (enum call call)
{
  if (!atomic_load (&armed))
    return false;
  int nth = atomic_fetch_add (&counts[call], 1);
  if ((int) call != armed_call
      || (armed_sticky ? nth < armed_nth : nth != armed_nth))
    return false;
  atomic_fetch_add (&failures, 1);
  errno = armed_code;
  return true;
}

#define WRAP(name, type, failed, parameters, arguments, ...)     \
 type __real_##name parameters;                                  \
 type __wrap_##name parameters;                                  \
 type __wrap_##name parameters                                   \
 {                                                               \
  return fails (CALL_##name) ? failed : __real_##name arguments; \
 }

#define WRAP_CODE(name, type, parameters, arguments, ...) \
 WRAP (name, type, errno, parameters, arguments, )

/* Count BLOCK, unless it was COUNTED before under another address.  */
static void *
note_block (void *block, bool counted)
{
  atomic_fetch_add (&blocks, block != NULL && !counted);
  return block;
}

#define WRAP_MEMORY(name, parameters, arguments, counted)                   \
 void *__real_##name parameters;                                            \
 void *__wrap_##name parameters;                                            \
 void *__wrap_##name parameters                                             \
 {                                                                          \
  bool again = counted;                                                     \
  return fails (CALL_##name) ? NULL                                         \
                             : note_block (__real_##name arguments, again); \
 }

#define WRAP_CLOSE(name, type, failed, parameters, arguments, ...) \
 type __real_##name parameters;                                    \
 type __wrap_##name parameters;                                    \
 type __wrap_##name parameters                                     \
 {                                                                 \
  type result = __real_##name arguments;                           \
  return fails (CALL_##name) ? failed : result;                    \
 }

FAULTS (WRAP, WRAP_CODE, WRAP_MEMORY, WRAP_CLOSE)

/* NOLINTBEGIN(bugprone-reserved-identifier): so the linker has it.  */
void __real_free (void *block);
void __wrap_free (void *block);
/* NOLINTEND(bugprone-reserved-identifier) */

void
__wrap_free (void *block)
{
  atomic_fetch_sub (&blocks, block != NULL);
  __real_free (block);
}

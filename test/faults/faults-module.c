/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Lisp needs to have the module's calls fail.  */

/* The module's own entry is compiled by another name, and called here.  */

#include "option/config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <emacs-module.h>

#include "faults.h"

int sockopt_module_init (struct emacs_runtime *runtime);

__attribute__ ((visibility ("default"))) int
emacs_module_init (struct emacs_runtime *runtime);

static emacs_value
from_int (emacs_env *env, int value)
{
  return env->make_integer (env, value);
}

/* (faults-arm CALL NTH CODE STICKY) */
static emacs_value
arm (emacs_env *env, ptrdiff_t count, emacs_value *args, void *data)
{
  int number[3];
  (void) count, (void) data;
  for (int i = 0; i < 3; i++)
    number[i] = (int) env->extract_integer (env, args[i]);
  faults_arm (number[0], number[1], number[2], env->is_not_nil (env, args[3]));
  return from_int (env, 0);
}

/* (faults-disarm): how many calls have failed.  */
static emacs_value
disarm (emacs_env *env, ptrdiff_t count, emacs_value *args, void *data)
{
  (void) count, (void) args, (void) data;
  return from_int (env, faults_disarm ());
}

static emacs_value
list (emacs_env *env, ptrdiff_t count, emacs_value *args)
{
  return env->funcall (env, env->intern (env, "list"), count, args);
}

/* (faults-calls): a list of (NAME COUNT CODE...).  */
static emacs_value
calls (emacs_env *env, ptrdiff_t nargs, emacs_value *args, void *data)
{
  emacs_value all[64], one[20];
  (void) nargs, (void) args, (void) data;
  for (int i = 0; i < fault_calls_count; i++)
    {
      const struct fault_call *call = &fault_calls[i];
      ptrdiff_t used = 2;
      one[0]
        = env->make_string (env, call->name, (ptrdiff_t) strlen (call->name));
      one[1] = from_int (env, faults_counted (i));
      for (const int *code = call->codes; *code != 0; code++)
        one[used++] = from_int (env, *code);
      all[i] = list (env, used, one);
    }
  return list (env, fault_calls_count, all);
}

static int
descriptors (void)
{
  int count = 0;
  for (int fd = 0; fd < 1024; fd++)
    count += fcntl (fd, F_GETFD) >= 0;
  return count;
}

/* (faults-held): (DESCRIPTORS BLOCKS), how many are open, and of memory.  */
static emacs_value
held (emacs_env *env, ptrdiff_t count, emacs_value *args, void *data)
{
  (void) count, (void) args, (void) data;
  emacs_value all[]
    = { from_int (env, descriptors ()), from_int (env, faults_blocks ()) };
  return list (env, 2, all);
}

/* (faults-limit MORE): leave room for MORE descriptors; nil lifts that.  */
static emacs_value
limit (emacs_env *env, ptrdiff_t count, emacs_value *args, void *data)
{
  static struct rlimit old;
  struct rlimit now = { .rlim_cur = 0 };
  (void) count, (void) data;
  if (old.rlim_cur == 0)
    getrlimit (RLIMIT_NOFILE, &old);
  now = old;
  if (env->is_not_nil (env, args[0]))
    {
      int fd = fcntl (0, F_DUPFD, 0);
      close (fd);
      now.rlim_cur = (rlim_t) (fd + env->extract_integer (env, args[0]));
    }
  setrlimit (RLIMIT_NOFILE, &now);
  return from_int (env, 0);
}

static void
define (emacs_env *env, const char *name, ptrdiff_t arity,
        emacs_value (*function) (emacs_env *, ptrdiff_t, emacs_value *,
                                 void *))
{
  emacs_value args[]
    = { env->intern (env, name),
        env->make_function (env, arity, arity, function, NULL, NULL) };
  env->funcall (env, env->intern (env, "defalias"), 2, args);
}

int
emacs_module_init (struct emacs_runtime *runtime)
{
  emacs_env *env = runtime->get_environment (runtime);
  define (env, "faults-arm", 4, arm);
  define (env, "faults-disarm", 0, disarm);
  define (env, "faults-calls", 0, calls);
  define (env, "faults-held", 0, held);
  define (env, "faults-limit", 1, limit);
  return sockopt_module_init (runtime);
}

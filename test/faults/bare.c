/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Have each call of the floors beneath Emacs fail.  */

/* Each scenario is walked once to count its calls, in a process of its own,
   and then again in another for each way in which each of them can fail.
   There it is walked a second time with nothing failing: that must go well,
   whatever went wrong before, and no more may be held then than where nothing
   has failed.  Memory is looked after by ASan and LSan besides.  */

#include "option/config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"
#include "scenarios.h"

enum
{
  CALLS_MOST = 64,
  /* No scenario needs room for more descriptors.  */
  DESCRIPTORS_MOST = 12,
  /* In milliseconds: how long a walk may take, and what is held may stay.
     After the seconds the process is ended.  */
  WALK_TIME = 4000,
  STAY_TIME = 2000,
  SECONDS = 20,
  /* No call fails more often before it is given up, or else something
     spins.  */
  FAILURES_MOST = 2500
};

/* What is held: descriptors, threads, and blocks of memory.  */
struct held
{
  int count[3];
};

/* What a process tells of its walks: how they ended and how long the first
   took, what is held then, how often each call was made, and how many
   failed.  */
static struct report
{
  int code, code_again;
  int milliseconds;
  struct held held;
  int counted[CALLS_MOST];
  int failed;
} * report;

/* A call that fails, as for `faults_arm'; or with MORE that is not -1 the
   room for descriptors.  */
struct fault
{
  int call, nth, code;
  bool sticky;
  int more;
};

static char scratch[] = "/tmp/sockopt-faults-XXXXXX";
static int walks, failures, wrong;

static int
milliseconds (void)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (int) (now.tv_sec % 100000 * 1000 + now.tv_nsec / 1000000);
}

static int
entries (const char *name)
{
  int count = -2;
  DIR *directory = opendir (name);
  while (directory && readdir (directory))
    count++;
  if (directory)
    closedir (directory);
  return count;
}

static struct held
held (void)
{
  return (struct held){ { entries ("/proc/self/fd"),
                          entries ("/proc/self/task"), faults_blocks () } };
}

static bool
holds_more (const struct held *now, const struct held *before)
{
  for (int i = 0; i < 3; i++)
    if (now->count[i] > before->count[i])
      return true;
  return false;
}

/* What is held once threads have ended: not more than EXPECTED, or what is
   after a while.  */
static struct held
held_in_the_end (const struct held *expected)
{
  struct timespec pause = { .tv_nsec = 1000000 };
  int start = milliseconds ();
  struct held now = held ();
  while (holds_more (&now, expected) && milliseconds () - start < STAY_TIME)
    {
      nanosleep (&pause, NULL);
      now = held ();
    }
  return now;
}

/* Leave room for MORE descriptors.  */
static struct rlimit
limit (int more)
{
  struct rlimit old, now;
  int next = dup (STDIN_FILENO);
  close (next);
  getrlimit (RLIMIT_NOFILE, &old);
  now = old;
  now.rlim_cur = (rlim_t) next + (rlim_t) more;
  setrlimit (RLIMIT_NOFILE, &now);
  return old;
}

/* Walk SCENARIO with FAULT, and then without.  */
static void
walk (const struct scenario *scenario, const struct fault *fault,
      const struct held *expected)
{
  struct rlimit old;
  int start = milliseconds ();
  faults_arm (fault->call, fault->nth, fault->code, fault->sticky);
  if (fault->more >= 0)
    old = limit (fault->more);
  report->code = scenario->walk ();
  if (fault->more >= 0)
    setrlimit (RLIMIT_NOFILE, &old);
  report->failed = faults_disarm ();
  report->milliseconds = milliseconds () - start;
  for (int i = 0; i < fault_calls_count; i++)
    report->counted[i] = faults_counted (i);
  report->code_again = scenario->walk ();
  report->held = held_in_the_end (expected);
}

/* Likewise in a process of its own.  Return how that ended.  */
static int
walk_apart (const struct scenario *scenario, const struct fault *fault,
            const struct held *expected)
{
  int status;
  memset (report, 0, sizeof *report);
  fflush (stdout);
  pid_t child = fork ();
  if (child == 0)
    {
      alarm (SECONDS);
      walk (scenario, fault, expected);
      exit (0);
    }
  if (child < 0 || waitpid (child, &status, 0) < 0)
    {
      perror ("fork");
      exit (2);
    }
  scenarios_drain ();
  walks++;
  failures += report->failed;
  return status;
}

static void
complain (const struct scenario *scenario, const struct fault *fault,
          const char *what, int number)
{
  if (fault->more >= 0)
    printf ("WRONG %s, room for %d descriptors: ", scenario->name,
            fault->more);
  else if (fault->call >= 0)
    printf ("WRONG %s, call %d%s of %s fails with %d: ", scenario->name,
            fault->nth, fault->sticky ? " and all later" : "",
            fault_calls[fault->call].name, fault->code);
  else
    printf ("WRONG %s: ", scenario->name);
  printf (what, number);
  putchar ('\n');
  wrong++;
}

/* Whether FAULT has all calls fail by which SCENARIO would be told.  Once
   there is no reader, there never is one again.  */
static bool
is_mute (const struct scenario *scenario, const struct fault *fault)
{
  return (fault->sticky || fault->code == EPIPE)
         && strstr (scenario->tells, fault_calls[fault->call].name);
}

/* Complain of what the walks of SCENARIO with FAULT have told, where FILES
   were there before.  */
static void
check (const struct scenario *scenario, const struct fault *fault, int status,
       const struct held *expected, int files)
{
  static const char *const kinds[]
    = { "%d descriptors too many", "%d threads too many",
        "%d blocks too many" };
  if (status != 0)
    complain (scenario, fault, "the process ended with status %#x", status);
  else if (report->code == WALK_HANGS && !is_mute (scenario, fault))
    complain (scenario, fault, "it hangs", 0);
  else if (report->code == WALK_SILENT)
    complain (scenario, fault, "it fails in silence", 0);
  else if (report->code_again != 0)
    complain (scenario, fault, "afterwards it fails with %d",
              report->code_again);
  if (report->milliseconds > WALK_TIME)
    complain (scenario, fault, "it takes %d ms", report->milliseconds);
  if (report->failed > FAILURES_MOST)
    complain (scenario, fault, "it is tried %d times", report->failed);
  for (int i = 0; i < 3; i++)
    if (report->held.count[i] > expected->count[i])
      complain (scenario, fault, kinds[i],
                report->held.count[i] - expected->count[i]);
  if (entries (scratch) > files)
    complain (scenario, fault, "%d files are left", entries (scratch) - files);
}

static void
try_fault (const struct scenario *scenario, const struct fault *fault,
           const struct held *expected)
{
  int files = entries (scratch);
  int status = walk_apart (scenario, fault, expected);
  check (scenario, fault, status, expected, files);
}

/* Try the ways in which the call of NUMBER can fail, which SCENARIO makes
   COUNT times.  The last time stands for all times from the first on.  */
static void
try_call (const struct scenario *scenario, int number, int count,
          const struct held *expected)
{
  for (int nth = 0; count > 0 && nth <= count; nth++)
    for (const int *code = fault_calls[number].codes; *code != 0; code++)
      {
        bool sticky = nth == count;
        struct fault fault
          = { number, sticky ? 0 : nth, *code, sticky, .more = -1 };
        try_fault (scenario, &fault, expected);
      }
}

static void
try_scenario (const struct scenario *scenario)
{
  static const struct fault none = { .call = -1, .more = -1 };
  /* Of what threads have nothing is held when they have ended.  */
  static const struct held no_threads = { { INT_MAX, 1, INT_MAX } };
  int counted[CALLS_MOST];
  int before = walks, start = milliseconds ();
  int status = walk_apart (scenario, &none, &no_threads);
  struct held expected = report->held;
  if (report->code != 0)
    complain (scenario, &none, "it fails with %d", report->code);
  check (scenario, &none, status, &expected, entries (scratch));
  memcpy (counted, report->counted, sizeof counted);
  for (int more = 0; more < DESCRIPTORS_MOST; more++)
    try_fault (scenario, &(struct fault){ .call = -1, .more = more },
               &expected);
  for (int i = 0; i < fault_calls_count; i++)
    try_call (scenario, i, counted[i], &expected);
  printf ("%-22s %5d walks, %.1f s\n", scenario->name, walks - before,
          (milliseconds () - start) / 1000.0);
}

int
main (void)
{
  const char *only = getenv ("ONLY");
  report = mmap (NULL, sizeof *report, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (report == MAP_FAILED || !mkdtemp (scratch))
    {
      perror ("mmap or mkdtemp");
      return 2;
    }
  scenarios_prepare (scratch);
  for (int i = 0; i < scenarios_count; i++)
    if (!only || strstr (scenarios[i].name, only))
      try_scenario (&scenarios[i]);
  printf ("%d failures injected over %d scenarios, %d walks; %d wrong\n",
          failures, scenarios_count, walks, wrong);
  char file[64];
  snprintf (file, sizeof file, "%s/listening", scratch);
  remove (file);
  remove (scratch);
  return wrong ? 1 : 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the floors beneath Emacs do, for each of their calls to fail.  */

#ifndef SOCKOPT_SCENARIOS_H
#define SOCKOPT_SCENARIOS_H

/* What a walk returns besides 0 and errno values: it did not end, or it
   failed without a reason.  */
enum
{
  WALK_HANGS = -1,
  WALK_SILENT = -2
};

struct scenario
{
  const char *name;
  /* Return 0 or why it failed.  */
  int (*walk) (void);
  /* The calls by which alone somebody is told, with spaces between them:
     when one fails for ever nobody knows.  */
  const char *tells;
};

extern const struct scenario scenarios[];
extern const int scenarios_count;

/* Make what all need, with files in DIRECTORY.  */
void scenarios_prepare (const char *directory);

/* Close what has connected to that.  */
void scenarios_drain (void);

#endif /* SOCKOPT_SCENARIOS_H */

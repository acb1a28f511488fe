/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Races, as the C tests run them.  */

#ifndef SOCKOPT_RACES_H
#define SOCKOPT_RACES_H

#include "socket/connect.h"

/* Run a race by PLAN to the COUNT ADDRESSES to its end.  */
enum race_state run_race (struct race *race, const struct plan *plan,
                          const struct address *addresses, size_t count);

/* RACE was won by the address of INDEX, and nothing else of it is
   open.  Close its socket.  */
void check_won (struct race *race, enum race_state state, size_t index);

/* RACE was lost at once, with CODE, and left no socket.  */
void check_failed (struct race *race, enum race_state state, int code);

/* RACE was lost, and its socket still has the error CODE.  */
void check_refused (struct race *race, enum race_state state, int code);

/* TCP cannot connect to where many listen: at once ENETUNREACH.  */
struct address unreachable_address (void);

struct address unknown_family (void);

#endif /* SOCKOPT_RACES_H */

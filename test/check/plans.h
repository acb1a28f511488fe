/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets made by plans, for the C tests.  */

#ifndef SOCKOPT_PLANS_H
#define SOCKOPT_PLANS_H

#include "socket/socket.h"

/* `:tcp-nodelay', but said to be for sockets of all classes.  */
extern const struct option tcp_row;

/* OPTION, or that of KEYWORD, set to the int VALUE.  */
struct setting setting_of (const struct option *option, int value);
struct setting setting (const char *keyword, int value);

/* What to make for a client or a server like SAMPLE.  */
struct plan client_plan (int sample);
struct plan server_plan (int sample);

/* What must be made by PLAN for ADDRESS.  */
int make_socket (const struct plan *plan, const struct address *address);

/* A client that connects nowhere, and a server, made by those plans.  */
int make_client (int sample);
int make_server (int sample);

/* How making a socket by PLAN for ADDRESS fails.  */
struct failure fail_to_make (const struct plan *plan,
                             const struct address *address);

#endif /* SOCKOPT_PLANS_H */

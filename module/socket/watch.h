/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A thread that says which sockets have something to read.  */

#ifndef SOCKOPT_WATCH_H
#define SOCKOPT_WATCH_H

/* A thread that waits for many sockets.  It writes the number of each that
   has something to a channel, and then looks no more at that
   one until it is asked to again.  */
struct watch;
struct channel;

/* Start a thread that reports to CHANNEL, and takes over the caller's hold of
   it.  Return null, with errno, if there is none; then CHANNEL is let go.  */
struct watch *watch_start (struct channel *channel);

/* Have WATCH report NUMBER, once, when FD has something to read, data or an
   error; it is above 0.  FD may be closed meanwhile, and then nothing is
   reported, or NUMBER in vain.  Return 0 or an errno value.  */
int watch_arm (struct watch *watch, int fd, unsigned number);

/* Report 0 now, for whoever reads the channel to wake up.  */
void watch_wake (const struct watch *watch);

/* End the thread of WATCH, soon, and free what it holds.  */
void watch_release (struct watch *watch);

#endif /* SOCKOPT_WATCH_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where threads report that something is done.  */

#ifndef SOCKOPT_CHANNEL_H
#define SOCKOPT_CHANNEL_H

/* A pipe to write numbers to.  All who report to it hold it, and the last
   to let it go closes it.  */
struct channel;

/* A channel to the descriptor FD, which becomes its own and will not block;
   the caller holds it.  Null, with FD closed, when memory is exhausted.  */
struct channel *channel_make (int fd);

/* Hold CHANNEL once more, and return it; let it go.  */
struct channel *channel_hold (struct channel *channel);
void channel_release (struct channel *channel);

/* Write NUMBER, a line.  Return 0 or an errno value.  A channel that is full,
   with EAGAIN, or whose reader is gone, does not get it: who must know looks
   now and then by itself.  */
int channel_report (const struct channel *channel, unsigned number);

/* Likewise, but wait for as long as CHANNEL is full, and try again when
   writing fails while there is a reader.  */
int channel_report_surely (const struct channel *channel, unsigned number);

#endif /* SOCKOPT_CHANNEL_H */

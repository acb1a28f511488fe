/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The suites of the C tests, and what they have in common.  */

#ifndef SOCKOPT_SUITES_H
#define SOCKOPT_SUITES_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#include "socket/socket.h"

/* What there is to test, in this order.  */
/* clang-format off */
#define SUITES(X)                                                         \
 X (option) X (catalogue) X (kind) X (range) X (number) X (name) X (filter)         \
 X (membership) X (peer) X (control) X (control_fuzz) X (info) X (mptcp) X (group)                     \
 X (address) X (socket_address)                                           \
 X (socket) X (setting) X (too_late) X (linger)                           \
  X (connect) X (mute) X (attempt) X (local) X (send)                      \
 X (lookup) X (pool) X (patience) X (racers) X (job) X (job_end)                                          \
 X (watch) X (place) X (placeholder)
/* clang-format on */

#define DECLARE_SUITE(name) Suite *name##_suite (void);
SUITES (DECLARE_SUITE)

/* A new case of SUITE.  Each of its tests fails if afterwards another
   number of descriptors is open, or of threads runs, than before.  */
TCase *add_case (Suite *suite, const char *name);

/* The same, but SETUP runs before descriptors are counted.  */
TCase *add_case_after (Suite *suite, const char *name, SFun setup);

/* Leave a test that cannot run here; test/run-tests counts these.  */
#define SKIP(reason)              \
 do                               \
  {                               \
   printf ("SKIP: %s\n", reason); \
   fflush (stdout);               \
   return;                        \
  }                               \
 while (0)

/* Likewise from within a function, because there is no option KEYWORD.  */
_Noreturn void leave_test (const char *keyword);

/* Sockets to try things on.  The first SAMPLES of them are of core's
   families and types, and can be connected; the options of the catalogue
   are tried on all.  */
struct sample
{
  const char *name;
  int family;
  int type;
  int protocol;
  enum socket_class socket_class;
};

enum
{
  SAMPLE_TCP4,
  SAMPLE_TCP6,
  SAMPLE_UDP4,
  SAMPLE_UDP6,
  SAMPLE_LOCAL_STREAM,
  SAMPLE_LOCAL_DATAGRAM,
  SAMPLE_LOCAL_SEQPACKET,
  SAMPLES,
#ifdef __linux__
  SAMPLE_UDPLITE4 = SAMPLES,
  SAMPLE_UDPLITE6,
  SAMPLE_RAW4,
  SAMPLE_RAW6,
  SAMPLE_ICMP4,
  SAMPLE_ICMP6,
  SAMPLE_MPTCP4,
  SAMPLE_MPTCP6,
  SAMPLE_VSOCK,
  ALL_SAMPLES
#else
  ALL_SAMPLES = SAMPLES
#endif
};

extern const struct sample samples[ALL_SAMPLES];

/* For clients of a stream, with nothing set.  */
extern const struct plan stream_plan;

/* Whether this machine has sockets like SAMPLE and a loopback address for
   them.  */
bool sample_available (int sample);

/* A new socket like SAMPLE, made without the module.  */
int sample_socket (int sample);

/* An address that a server like SAMPLE can be bound to: any port of the
   loopback, or a new path in a directory that goes after the test.  */
struct address sample_address (int sample);

/* The address of FAMILY's loopback with PORT.  */
struct address loopback (int family, uint16_t port);

/* The path NAME in a directory that goes after the test, with all that
   is in it.  */
const char *scratch_path (const char *name);

/* A new directory that goes after the test.  */
const char *scratch_directory (void);

/* An address full of dirt, to see that all is written.  */
struct address dirty_address (void);

/* The local address of the SIZE bytes at NAME.  */
struct address local_address (const char *name, size_t size);

/* ADDRESS has the name EXPECTED of SIZE bytes.  */
void check_path (const struct address *address, const char *expected,
                 size_t size);

/* The address of the scratch_path NAME.  */
struct address scratch_address (const char *name);

/* How many entries the directory PATH has, hidden ones left out; -1 if
   there is no such directory.  */
int entries (const char *path);

/* How many threads run; less than one where the system does not tell.  */
int running_threads (void);

/* Call bind and connect with FD and ADDRESS.  */
int bind_to (int fd, const struct address *address);
int connect_to (int fd, const struct address *address);

/* Make a plain server like SAMPLE with BACKLOG; its address goes to
 *ADDRESS.  */
int serve_sample (int sample, int backlog, struct address *address);

/* Make a plain socket like SAMPLE that refuses connections; its address goes
   to *ADDRESS.  */
int refuse_sample (int sample, struct address *address);

/* A plain local server at PATH, and a client of what listens there.  */
int serve_at (const char *path);
int connect_at (const char *path);

/* A server that answers no more: like SAMPLE, TCP or local streams.  Its
   queue is full of connections of ours.  */
struct mute
{
  int listener;
  int clients[3];
  struct address address;
};

void mute_open (struct mute *mute, int sample);
void mute_close (struct mute *mute);

/* The connection that waits at the server LISTENER; -1 if there is none
   within a second.  */
int accept_one (int listener);

/* Connect FD to ADDRESS, and wait until it is connected.  */
void connect_fully (int fd, const struct address *address);

/* Whether FD gets the packet EXPECTED, which was sent by now.  */
bool gets_packet (int fd, const char *expected);

/* What poll says of FD for EVENTS within TIMEOUT milliseconds.  */
int poll_events (int fd, short events, int timeout);

/* Beyond this no test opens a descriptor.  */
enum
{
  DESCRIPTORS = 2048
};

/* Whether FD is an open descriptor.  */
bool is_open (int fd);

/* How many descriptors are open.  */
int open_descriptors (void);

/* Leave room for MORE descriptors (while there are no gaps); return the
   limit as it was.  */
struct rlimit limit_descriptors (int more);

/* Milliseconds of a clock that never steps back.  */
int64_t now (void);
void rest (int milliseconds);

/* The int that socket FD has for NUMBER at LEVEL.  */
int socket_int (int fd, int level, int number);

/* BYTES of the int VALUE.  */
struct bytes int_bytes (int value);

#endif /* SOCKOPT_SUITES_H */

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The suites of the C tests, and what they have in common.  */

#ifndef SOCKOPT_SUITES_H
#define SOCKOPT_SUITES_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "socket/socket.h"

Suite *option_suite (void);
Suite *catalogue_suite (void);
Suite *kind_suite (void);
Suite *structure_suite (void);
Suite *group_suite (void);
Suite *address_suite (void);
Suite *socket_suite (void);
Suite *connect_suite (void);
Suite *attempt_suite (void);
Suite *resolve_suite (void);
Suite *placeholder_suite (void);

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

/* The address of the scratch_path NAME.  */
struct address scratch_address (const char *name);

/* How many entries the directory PATH has, hidden ones left out; -1 if
   there is no such directory.  */
int entries (const char *path);

/* Make a plain server like SAMPLE with BACKLOG; its address goes to
 *ADDRESS.  */
int serve_sample (int sample, int backlog, struct address *address);

/* Make a plain socket like SAMPLE that refuses connections; its address goes
   to *ADDRESS.  */
int refuse_sample (int sample, struct address *address);

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

/* What poll says of FD for EVENTS within TIMEOUT milliseconds.  */
int poll_events (int fd, short events, int timeout);

/* Beyond this no test opens a descriptor.  */
enum
{
  DESCRIPTORS = 1024
};

/* Whether FD is an open descriptor.  */
bool is_open (int fd);

/* How many descriptors are open.  */
int open_descriptors (void);

/* Milliseconds of a clock that never steps back.  */
int64_t now (void);
void rest (int milliseconds);

/* The int that socket FD has for NUMBER at LEVEL.  */
int socket_int (int fd, int level, int number);

/* BYTES of the int VALUE.  */
struct bytes int_bytes (int value);

#endif /* SOCKOPT_SUITES_H */

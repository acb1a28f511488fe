/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of sending one datagram.  */

#include "option/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "option/inet.h"
#include "socket/send.h"
#include "suites.h"
#include "values.h"

/* A datagram of the text "hello" for ADDRESS, about which nothing is
   said.  */
static struct datagram
hello (const struct address *address)
{
  struct datagram datagram
    = { .data = "hello", .size = 5, .address = address };
  return datagram;
}

static void
say (struct datagram *datagram, enum outgoing row, struct value value)
{
  datagram->said[row] = encode (&outgoing[row], value);
}

static void
forget (struct datagram *datagram)
{
  for (size_t i = 0; i < OUTGOING_COUNT; i++)
    bytes_free (&datagram->said[i]);
}

/* Send DATAGRAM on FD, which works.  */
static void
send_well (int fd, struct datagram *datagram)
{
  const struct option *row = &outgoing[0];
  ck_assert_int_eq (socket_send (fd, datagram, &row), 5);
  ck_assert_ptr_null (row);
  forget (datagram);
}

/* Sending DATAGRAM on FD fails with CODE, because of ROW.  */
static void
send_badly (int fd, struct datagram *datagram, int code,
            const struct option *row)
{
  const struct option *found = NULL;
  ck_assert_int_eq (socket_send (fd, datagram, &found), -1);
  ck_assert_int_eq (errno, code);
  ck_assert_ptr_eq (found, row);
  forget (datagram);
}

/* A server of datagrams like SAMPLE, which is told the hops, the class and
   the interface of each.  */
static int
serve_telling (int sample, struct address *address)
{
  int on = 1;
  bool six = samples[sample].family == AF_INET6;
  int fd = serve_sample (sample, 0, address);
  int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
  int told[] = { six ? IPV6_RECVHOPLIMIT : IP_RECVTTL,
                 six ? IPV6_RECVTCLASS : IP_RECVTOS,
                 six ? IPV6_RECVPKTINFO : IP_PKTINFO };
  for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
    ck_assert_int_eq (setsockopt (fd, level, told[i], &on, sizeof on), 0);
  return fd;
}

/* What came along with a datagram.  */
struct arrival
{
  int hops;
  int class;
  struct address from;
};

/* What HEADER tells, a number of one byte or of an int.  */
static int
number_in (struct cmsghdr *header)
{
  int number = 0;
  if (header->cmsg_len == CMSG_LEN (1))
    return *CMSG_DATA (header);
  memcpy (&number, CMSG_DATA (header), sizeof number);
  return number;
}

static struct arrival
arrival_at (int fd)
{
  char data[16];
  char room[512];
  struct arrival arrival = { .hops = -1, .class = -1 };
  struct iovec part = { .iov_base = data, .iov_len = sizeof data };
  struct msghdr message = { .msg_name = &arrival.from.storage,
                            .msg_namelen = sizeof arrival.from.storage,
                            .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = room,
                            .msg_controllen = sizeof room };
  ck_assert_int_ne (poll_events (fd, POLLIN, 1000), 0);
  ck_assert_int_eq (recvmsg (fd, &message, MSG_DONTWAIT), 5);
  ck_assert_mem_eq (data, "hello", 5);
  arrival.from.length = message.msg_namelen;
  for (struct cmsghdr *header = CMSG_FIRSTHDR (&message); header;
       header = CMSG_NXTHDR (&message, header))
    {
      int type = header->cmsg_type;
      bool six = header->cmsg_level == IPPROTO_IPV6;
      if (type == (six ? IPV6_HOPLIMIT : IP_TTL))
        arrival.hops = number_in (header);
      else if (type == (six ? IPV6_TCLASS : IP_TOS))
        arrival.class = number_in (header);
    }
  return arrival;
}

/* A server that is told everything, a client, and a datagram from one to the
   other.  */
struct talk
{
  int server;
  int client;
  struct address address;
  struct datagram datagram;
};

static void
talk_open (struct talk *talk, int sample)
{
  talk->server = serve_telling (sample, &talk->address);
  talk->client = sample_socket (sample);
  talk->datagram = hello (&talk->address);
}

static void
talk_close (struct talk *talk)
{
  close (talk->client);
  close (talk->server);
}

/* Those that can be told everything.  */
static const int tellable[] = { SAMPLE_UDP4, SAMPLE_UDP6 };

START_TEST (test_plain)
{
  struct talk talk;
  int sample = tellable[_i];
  if (!sample_available (sample))
    SKIP (samples[sample].name);
  talk_open (&talk, sample);
  send_well (talk.client, &talk.datagram);
  ck_assert_int_eq (arrival_at (talk.server).class, 0);
  talk_close (&talk);
}
END_TEST

/* What is said holds for one datagram, and not for the next.  */
START_TEST (test_hops_and_class)
{
  struct talk talk;
  int sample = tellable[_i];
  if (!sample_available (sample))
    SKIP (samples[sample].name);
  talk_open (&talk, sample);
  say (&talk.datagram, OUTGOING_TTL, integer (7));
  say (&talk.datagram, OUTGOING_TOS, integer (0x28));
  send_well (talk.client, &talk.datagram);
  struct arrival arrival = arrival_at (talk.server);
  ck_assert_int_eq (arrival.hops, 7);
  ck_assert_int_eq (arrival.class, 0x28);
  send_well (talk.client, &talk.datagram);
  arrival = arrival_at (talk.server);
  ck_assert_int_ne (arrival.hops, 7);
  ck_assert_int_eq (arrival.class, 0);
  talk_close (&talk);
}
END_TEST

START_TEST (test_one_alone)
{
  struct talk talk;
  int sample = tellable[_i];
  if (!sample_available (sample))
    SKIP (samples[sample].name);
  talk_open (&talk, sample);
  say (&talk.datagram, OUTGOING_TOS, symbol ("ef"));
  send_well (talk.client, &talk.datagram);
  ck_assert_int_eq (arrival_at (talk.server).class, 0xb8);
  say (&talk.datagram, OUTGOING_TTL, integer (255));
  send_well (talk.client, &talk.datagram);
  ck_assert_int_eq (arrival_at (talk.server).hops, 255);
  talk_close (&talk);
}
END_TEST

/* The connected peer is who gets it.  */
START_TEST (test_connected)
{
  struct talk talk;
  int sample = tellable[_i];
  if (!sample_available (sample))
    SKIP (samples[sample].name);
  talk_open (&talk, sample);
  ck_assert_int_eq (connect_to (talk.client, &talk.address), 0);
  talk.datagram.address = NULL;
  say (&talk.datagram, OUTGOING_TTL, integer (9));
  send_well (talk.client, &talk.datagram);
  ck_assert_int_eq (arrival_at (talk.server).hops, 9);
  talk_close (&talk);
}
END_TEST

START_TEST (test_source)
{
  static const uint8_t expected[] = { 127, 0, 0, 9 };
  struct talk talk;
  talk_open (&talk, SAMPLE_UDP4);
  say (&talk.datagram, OUTGOING_SOURCE, text ("127.0.0.9"));
  say (&talk.datagram, OUTGOING_INTERFACE, text ("lo"));
  say (&talk.datagram, OUTGOING_TTL, integer (3));
  say (&talk.datagram, OUTGOING_TOS, integer (8));
  send_well (talk.client, &talk.datagram);
  struct arrival arrival = arrival_at (talk.server);
  ck_assert_mem_eq (address_bytes (&arrival.from), expected, 4);
  ck_assert_int_eq (arrival.hops, 3);
  ck_assert_int_eq (arrival.class, 8);
  talk_close (&talk);
}
END_TEST

START_TEST (test_source6)
{
  struct talk talk;
  if (!sample_available (SAMPLE_UDP6))
    SKIP ("no IPv6");
  talk_open (&talk, SAMPLE_UDP6);
  say (&talk.datagram, OUTGOING_SOURCE, text ("::1"));
  say (&talk.datagram, OUTGOING_INTERFACE, text ("lo"));
  send_well (talk.client, &talk.datagram);
  arrival_at (talk.server);
  say (&talk.datagram, OUTGOING_SOURCE, text ("2001:db8::1"));
  send_badly (talk.client, &talk.datagram, EINVAL, &outgoing[OUTGOING_SOURCE]);
  talk_close (&talk);
}
END_TEST

/* An IPv6 socket sends IPv4 to a mapped address.  */
START_TEST (test_mapped)
{
  struct address address;
  struct address mapped = loopback (AF_INET6, 0);
  uint8_t bytes[16] = { [10] = 0xff, [11] = 0xff };
  if (!sample_available (SAMPLE_UDP6))
    SKIP ("no IPv6");
  int server = serve_telling (SAMPLE_UDP4, &address);
  int client = sample_socket (SAMPLE_UDP6);
  memcpy (bytes + 12, address_bytes (&address), 4);
  address_ipv6 (&mapped, bytes, address_port (&address));
  struct datagram datagram = hello (&mapped);
  say (&datagram, OUTGOING_TTL, integer (5));
  say (&datagram, OUTGOING_SOURCE, text ("127.0.0.9"));
  send_well (client, &datagram);
  struct arrival arrival = arrival_at (server);
  ck_assert_int_eq (arrival.hops, 5);
  ck_assert_int_eq (address_bytes (&arrival.from)[3], 9);
  close (client);
  close (server);
}
END_TEST

START_TEST (test_local)
{
  struct address address;
  int server = serve_sample (SAMPLE_LOCAL_DATAGRAM, 0, &address);
  int client = sample_socket (SAMPLE_LOCAL_DATAGRAM);
  struct datagram datagram = hello (&address);
  send_well (client, &datagram);
  ck_assert (gets_packet (server, "hello"));
  close (client);
  close (server);
}
END_TEST

/* Errors.  */

START_TEST (test_errors)
{
  struct address address = loopback (AF_INET, 9);
  struct address six = loopback (AF_INET6, 9);
  int client = sample_socket (SAMPLE_UDP4);
  struct datagram datagram = hello (NULL);
  send_badly (client, &datagram, EDESTADDRREQ, NULL);
  datagram = hello (&six);
  send_badly (client, &datagram, EAFNOSUPPORT, NULL);
  datagram = hello (&address);
  say (&datagram, OUTGOING_SOURCE, text ("::1"));
  send_badly (client, &datagram, EAFNOSUPPORT, &outgoing[OUTGOING_SOURCE]);
  say (&datagram, OUTGOING_SOURCE, text ("192.0.2.1"));
  send_badly (client, &datagram, ENETUNREACH, &outgoing[OUTGOING_SOURCE]);
  say (&datagram, OUTGOING_INTERFACE, integer (123456));
  send_badly (client, &datagram, ENODEV, &outgoing[OUTGOING_INTERFACE]);
  /* What is not said is not to blame.  */
  datagram.size = 70000;
  send_badly (client, &datagram, EMSGSIZE, NULL);
  close (client);
}
END_TEST

/* A time takes a clock to go by.  */
START_TEST (test_time)
{
  struct talk talk;
  talk_open (&talk, SAMPLE_UDP4);
  say (&talk.datagram, OUTGOING_TIME, integer (1));
#ifdef SYSTEM_LINUX
  send_badly (talk.client, &talk.datagram, EINVAL, &outgoing[OUTGOING_TIME]);
  set_keyword (talk.client, ":txtime", symbol ("monotonic"));
  check_same (read_value (talk.client, row (":txtime")), symbol ("monotonic"));
  say (&talk.datagram, OUTGOING_TIME, integer (1));
  say (&talk.datagram, OUTGOING_TTL, integer (3));
  send_well (talk.client, &talk.datagram);
  ck_assert_int_eq (arrival_at (talk.server).hops, 3);
#else
  send_badly (talk.client, &talk.datagram, ENOPROTOOPT,
              &outgoing[OUTGOING_TIME]);
#endif
  talk_close (&talk);
}
END_TEST

/* A full buffer is an error at once.  */
START_TEST (test_full)
{
  struct address address;
  const struct option *row;
  int server = serve_sample (SAMPLE_LOCAL_DATAGRAM, 0, &address);
  int client = sample_socket (SAMPLE_LOCAL_DATAGRAM);
  struct datagram datagram = hello (&address);
  int64_t start = now ();
  int count = 0;
  while (count < 100000 && socket_send (client, &datagram, &row) >= 0)
    count++;
  ck_assert_int_eq (errno, EAGAIN);
  ck_assert_int_lt (now () - start, 5000);
  close (client);
  close (server);
}
END_TEST

/* A peer that is gone makes no signal.  */
START_TEST (test_gone)
{
  int pair[2];
  struct datagram datagram = hello (NULL);
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  close (pair[1]);
  send_badly (pair[0], &datagram, EPIPE, NULL);
  close (pair[0]);
}
END_TEST

START_TEST (test_hints)
{
  ck_assert_ptr_nonnull (send_hint (EAGAIN));
  ck_assert_ptr_nonnull (strstr (send_hint (EACCES), ":broadcast"));
  ck_assert_ptr_null (send_hint (ENOENT));
}
END_TEST

/* Rows.  */

START_TEST (test_rows)
{
  for (size_t i = 0; i < OUTGOING_COUNT; i++)
    {
      ck_assert_int_eq (outgoing[i].keyword[0], ':');
      ck_assert_ptr_nonnull (outgoing[i].kind->encode);
      ck_assert_uint_eq (outgoing[i].classes, CLASSES_PACKET);
    }
}
END_TEST

START_TEST (test_values)
{
  check_fault (&outgoing[OUTGOING_TTL], integer (0), FAULT_RANGE);
  check_fault (&outgoing[OUTGOING_TTL], integer (256), FAULT_RANGE);
  check_fault (&outgoing[OUTGOING_TTL], symbol ("all"), FAULT_TYPE);
  check_fault (&outgoing[OUTGOING_TOS], integer (256), FAULT_RANGE);
  check_fault (&outgoing[OUTGOING_SOURCE], integer (1), FAULT_TYPE);
  check_fault (&outgoing[OUTGOING_SOURCE], text ("host"), FAULT_RANGE);
  check_fault (&outgoing[OUTGOING_INTERFACE], text ("none"), FAULT_RANGE);
  check_fault (&outgoing[OUTGOING_TIME], integer (-1), FAULT_RANGE);
  struct bytes bytes
    = encode (&outgoing[OUTGOING_SOURCE],
              VECTOR (integer (192), integer (0), integer (2), integer (1)));
  struct inet inet;
  memcpy (&inet, bytes_data (&bytes), sizeof inet);
  ck_assert_int_eq (inet.family, AF_INET);
  ck_assert_uint_eq (ntohl (inet.as.ipv4.s_addr), 0xc0000201);
  bytes_free (&bytes);
}
END_TEST

Suite *
send_suite (void)
{
  Suite *suite = suite_create ("send");
  int count = sizeof tellable / sizeof tellable[0];
  TCase *sent = add_case (suite, "sent");
  tcase_add_loop_test (sent, test_plain, 0, count);
  tcase_add_loop_test (sent, test_hops_and_class, 0, count);
  tcase_add_loop_test (sent, test_one_alone, 0, count);
  tcase_add_loop_test (sent, test_connected, 0, count);
  tcase_add_test (sent, test_source);
  tcase_add_test (sent, test_source6);
  tcase_add_test (sent, test_mapped);
  tcase_add_test (sent, test_local);
  TCase *errors = add_case (suite, "errors");
  tcase_add_test (errors, test_errors);
  tcase_add_test (errors, test_time);
  tcase_add_test (errors, test_full);
  tcase_add_test (errors, test_gone);
  tcase_add_test (errors, test_hints);
  TCase *rows = add_case (suite, "rows");
  tcase_add_test (rows, test_rows);
  tcase_add_test (rows, test_values);
  return suite;
}

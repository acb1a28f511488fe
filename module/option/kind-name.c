/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Value kinds that have names: interfaces, enumerations, flags.  */

#include "option/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "option/constants.h"
#include "option/interface.h"
#include "option/option.h"
#include "option/errno-message.h"

/* Text.  */

static enum fault
encode_name (const struct option *option, const struct value *value,
             struct bytes *bytes)
{
  if (value->type != VALUE_STRING && value->type != VALUE_NIL)
    return FAULT_TYPE;
  size_t size = value->type == VALUE_NIL ? 0 : value->size;
  if ((intmax_t) size < option->min || option->max < (intmax_t) size
      || (size > 0 && memchr (value->as.text, '\0', size)))
    return FAULT_RANGE;
  char *room = bytes_reserve (bytes, size + 1);
  if (!room)
    return FAULT_MEMORY;
  if (size > 0)
    memcpy (room, value->as.text, size);
  return FAULT_NONE;
}

/* The kernel pads names with NULs; an empty one is no name.  */
static enum fault
decode_name (const struct option *option, const struct bytes *bytes,
             struct pool *pool, struct value *value)
{
  (void) option;
  const char *text = bytes_data (bytes);
  size_t size = strnlen (text, bytes->length);
  value_boolean (value, false);
  if (size == 0 || value_string (value, pool, text, size))
    return FAULT_NONE;
  return FAULT_MEMORY;
}

const struct kind kind_name = {
  .name = "name",
  .predicate = "stringp",
  .size = INTERFACE_NAME_MAX + 1,
  .encode = encode_name,
  .decode = decode_name,
};

/* The kernel takes a name, and says itself if nothing is called that.  */
static enum fault
encode_interface (const struct option *option, const struct value *value,
                  struct bytes *bytes)
{
  unsigned index;
  char name[IF_NAMESIZE];
  struct value found = { .type = VALUE_STRING, .as.text = name };
  if (value->type == VALUE_NIL
      || (value->type == VALUE_STRING && value->size <= INTERFACE_NAME_MAX
          && !memchr (value->as.text, ':', value->size)
          && !memchr (value->as.text, '.', value->size)))
    return encode_name (option, value, bytes);
  enum fault fault = interface_from_value (value, &index);
  if (fault != FAULT_NONE)
    return fault;
  if (index == 0)
    found.size = 0;
  else if (if_indextoname (index, name))
    found.size = strlen (name);
  else
    return errno == ENXIO ? FAULT_RANGE : FAULT_SYSTEM;
  return encode_name (option, &found, bytes);
}

const struct kind kind_interface = {
  .name = "interface by name, index or address, or nil for any",
  .predicate = "stringp",
  .size = INTERFACE_NAME_MAX + 1,
  .encode = encode_interface,
  .decode = decode_name,
  .choices = interface_choices,
};

/* Put the first line of the system's FILE into BUFFER of SIZE.  */
static void
read_list (const char *file, char *buffer, size_t size)
{
  buffer[0] = '\0';
  FILE *stream = fopen (file, "re");
  if (!stream)
    return;
  if (fgets (buffer, (int) size, stream))
    buffer[strcspn (buffer, "\n")] = '\0';
  fclose (stream);
}

static void
congestion_choices (char *buffer, size_t size)
{
  read_list ("/proc/sys/net/ipv4/tcp_available_congestion_control", buffer,
             size);
}

const struct kind kind_congestion = {
  .name = "name",
  .predicate = "stringp",
  .size = INTERFACE_NAME_MAX + 1,
  .encode = encode_name,
  .decode = decode_name,
  .choices = congestion_choices,
};

static void
upper_protocol_choices (char *buffer, size_t size)
{
  read_list ("/proc/sys/net/ipv4/tcp_available_ulp", buffer, size);
}

const struct kind kind_upper_protocol = {
  .name = "name",
  .predicate = "stringp",
  .size = INTERFACE_NAME_MAX + 1,
  .encode = encode_name,
  .decode = decode_name,
  .choices = upper_protocol_choices,
};

const struct kind kind_label = {
  .name = "string",
  .predicate = "stringp",
  .size = FIRST_ROOM,
  .decode = decode_name,
};

static enum fault
decode_octets (const struct option *option, const struct bytes *bytes,
               struct pool *pool, struct value *value)
{
  (void) option;
  if (!value_string (value, pool, bytes_data (bytes), bytes->length))
    return FAULT_MEMORY;
  value->type = VALUE_BYTES;
  return FAULT_NONE;
}

const struct kind kind_octets = {
  .name = "unibyte string",
  .predicate = "stringp",
  .size = FIRST_ROOM,
  .decode = decode_octets,
};

/* Interfaces by index.  */

static enum fault
encode_interface_index (const struct option *option, const struct value *value,
                        struct bytes *bytes)
{
  unsigned index;
  (void) option;
  enum fault fault = interface_from_value (value, &index);
  bytes->as.unsigned32 = index;
  bytes->length = sizeof bytes->as.unsigned32;
  return fault;
}

static enum fault
decode_interface_index (const struct option *option, const struct bytes *bytes,
                        struct pool *pool, struct value *value)
{
  (void) option;
  if (bytes->length != sizeof bytes->as.unsigned32)
    return FAULT_TYPE;
  return interface_to_value (bytes->as.unsigned32, pool, value);
}

const struct kind kind_interface_index = {
  .name = "interface by name, index or address, or nil for any",
  .predicate = "stringp",
  .choices = interface_choices,
  .size = sizeof (uint32_t),
  .encode = encode_interface_index,
  .decode = decode_interface_index,
};

static enum fault
encode_interface_network (const struct option *option,
                          const struct value *value, struct bytes *bytes)
{
  enum fault fault = encode_interface_index (option, value, bytes);
  bytes->as.unsigned32 = htonl (bytes->as.unsigned32);
  return fault;
}

static enum fault
decode_interface_network (const struct option *option,
                          const struct bytes *bytes, struct pool *pool,
                          struct value *value)
{
  (void) option;
  if (bytes->length != sizeof bytes->as.unsigned32)
    return FAULT_TYPE;
  return interface_to_value (ntohl (bytes->as.unsigned32), pool, value);
}

const struct kind kind_interface_network = {
  .name = "interface by name, index or address, or nil for any",
  .predicate = "stringp",
  .choices = interface_choices,
  .size = sizeof (uint32_t),
  .encode = encode_interface_network,
  .decode = decode_interface_network,
};

#ifdef SYSTEM_LINUX

/* The kernel reads this one back only by the interface's address, so
   that is set besides the index.  */
static enum fault
encode_multicast_interface (const struct option *option,
                            const struct value *value, struct bytes *bytes)
{
  struct ip_mreqn request = { .imr_ifindex = 0 };
  unsigned index;
  (void) option;
  enum fault fault = interface_from_value (value, &index);
  if (fault != FAULT_NONE)
    return fault;
  request.imr_ifindex = (int) index;
  /* The kernel refuses an index that there is not, and does without an
     address.  */
  if (interface_address (index, &request.imr_address) == FAULT_SYSTEM
      && errno != EADDRNOTAVAIL)
    return FAULT_SYSTEM;
  return bytes_copy (bytes, &request, sizeof request) ? FAULT_NONE
                                                      : FAULT_MEMORY;
}

#else

/* Not every system takes an index here, but all take an address.  */
static enum fault
encode_multicast_interface (const struct option *option,
                            const struct value *value, struct bytes *bytes)
{
  struct in_addr address = { .s_addr = INADDR_ANY };
  unsigned index;
  (void) option;
  enum fault fault = interface_from_value (value, &index);
  if (fault == FAULT_NONE)
    fault = interface_address (index, &address);
  if (fault == FAULT_NONE && !bytes_copy (bytes, &address, sizeof address))
    fault = FAULT_MEMORY;
  return fault;
}

#endif

static enum fault
decode_multicast_interface (const struct option *option,
                            const struct bytes *bytes, struct pool *pool,
                            struct value *value)
{
  struct in_addr address;
  unsigned index;
  (void) option;
  if (bytes->length != sizeof address)
    return FAULT_TYPE;
  memcpy (&address, bytes_data (bytes), sizeof address);
  enum fault fault = interface_of_address (address, &index);
  return fault == FAULT_NONE ? interface_to_value (index, pool, value) : fault;
}

const struct kind kind_multicast_interface = {
  .name = "interface by name, index or address, or nil for any",
  .predicate = "stringp",
  .choices = interface_choices,
  .size = sizeof (struct in_addr),
  .encode = encode_multicast_interface,
  .decode = decode_multicast_interface,
};

/* Enumerations.  A number that has no name here is given as it is.  */

static enum fault
encode_enumeration (const struct option *option, const struct value *value,
                    struct bytes *bytes)
{
  bytes->length = sizeof bytes->as.integer;
  if (value->type == VALUE_INTEGER)
    {
      bytes->as.integer = (int) value->as.integer;
      return value->as.integer < option->min || option->max < value->as.integer
               ? FAULT_RANGE
               : FAULT_NONE;
    }
  if (value->type == VALUE_BIG)
    return FAULT_RANGE;
  if (value->type != VALUE_SYMBOL)
    return FAULT_TYPE;
  for (const struct name *name = option->kind->names; name->name; name++)
    if (value_is_symbol (value, name->name))
      {
        bytes->as.integer = name->number;
        return FAULT_NONE;
      }
  return FAULT_RANGE;
}

void
number_to_value (const struct name *names, intmax_t number,
                 struct value *value)
{
  value_integer (value, number);
  for (const struct name *name = names; name->name; name++)
    if (name->number == number)
      {
        value_symbol (value, name->name);
        return;
      }
}

static enum fault
decode_enumeration (const struct option *option, const struct bytes *bytes,
                    struct pool *pool, struct value *value)
{
  (void) pool;
  if (bytes->length != sizeof bytes->as.integer)
    return FAULT_TYPE;
  number_to_value (option->kind->names, bytes->as.integer, value);
  return FAULT_NONE;
}

/* As `make-network-process' names the families.  */
static const struct name families[] = {
  { "local", AF_UNIX },  { "ipv4", AF_INET }, { "ipv6", AF_INET6 },
#ifdef AF_VSOCK
  { "vsock", AF_VSOCK },
#endif
  { NULL, 0 },
};

const struct kind kind_family = {
  .name = "family",
  .predicate = "symbolp",
  .size = sizeof (int),
  .decode = decode_enumeration,
  .names = families,
};

static const struct name socket_types[] = {
  { "stream", SOCK_STREAM },
  { "datagram", SOCK_DGRAM },
  { "seqpacket", SOCK_SEQPACKET },
  { "raw", SOCK_RAW },
  { NULL, 0 },
};

const struct kind kind_socket_type = {
  .name = "socket type",
  .predicate = "symbolp",
  .size = sizeof (int),
  .decode = decode_enumeration,
  .names = socket_types,
};

static const struct name protocols[] = {
  { "tcp", IPPROTO_TCP },
  { "udp", IPPROTO_UDP },
  { "icmp", IPPROTO_ICMP },
  { "icmpv6", IPPROTO_ICMPV6 },
  { "raw", IPPROTO_RAW },
#ifdef IPPROTO_UDPLITE
  { "udplite", IPPROTO_UDPLITE },
#endif
#ifdef IPPROTO_SCTP
  { "sctp", IPPROTO_SCTP },
#endif
#ifdef IPPROTO_MPTCP
  { "mptcp", IPPROTO_MPTCP },
#endif
  { NULL, 0 },
};

int
protocol_number (const char *text)
{
  for (const struct name *name = protocols; name->name; name++)
    if (strcmp (name->name, text) == 0)
      return name->number;
  return -1;
}

void
names_text (const struct name *names, char *text, size_t size)
{
  size_t used = 0;
  text[0] = '\0';
  for (const struct name *name = names; name->name && used < size; name++)
    used += (size_t) snprintf (text + used, size - used, "%s%s",
                               name == names ? "" : ", ", name->name);
}

/* A local socket has no protocol: nil.  */
static enum fault
decode_protocol (const struct option *option, const struct bytes *bytes,
                 struct pool *pool, struct value *value)
{
  enum fault fault = decode_enumeration (option, bytes, pool, value);
  if (fault == FAULT_NONE && bytes->as.integer == 0)
    value_boolean (value, false);
  return fault;
}

const struct kind kind_protocol = {
  .name = "protocol",
  .predicate = "symbolp",
  .size = sizeof (int),
  .decode = decode_protocol,
  .names = protocols,
};

/* IPPROTO_IP's and IPPROTO_IPV6's numbers are the same.  */
static const struct name mtu_discover[] = {
  { "dont", 0 },      { "want", 1 }, { "do", 2 }, { "probe", 3 },
  { "interface", 4 }, { "omit", 5 }, { NULL, 0 },
};

const struct kind kind_mtu_discover = {
  .name = "dont, want, do, probe, interface or omit",
  .predicate = "symbolp",
  .size = sizeof (int),
  .encode = encode_enumeration,
  .decode = decode_enumeration,
  .names = mtu_discover,
};

/* The differentiated services code points, RFC 2474, 2597, 3246, 5865,
   8622 and 9956, moved to where they stand in the octet.  */
static const struct name code_points[] = {
  { "cs0", 0x00 },
  { "cs1", 0x20 },
  { "cs2", 0x40 },
  { "cs3", 0x60 },
  { "cs4", 0x80 },
  { "cs5", 0xa0 },
  { "cs6", 0xc0 },
  { "cs7", 0xe0 },
  { "af11", 0x28 },
  { "af12", 0x30 },
  { "af13", 0x38 },
  { "af21", 0x48 },
  { "af22", 0x50 },
  { "af23", 0x58 },
  { "af31", 0x68 },
  { "af32", 0x70 },
  { "af33", 0x78 },
  { "af41", 0x88 },
  { "af42", 0x90 },
  { "af43", 0x98 },
  { "ef", 0xb8 },
  { "le", 0x04 },
  { "voice-admit", 0xb0 },
  { "va", 0xb0 },
  { "nqb", 0xb4 },
  /* The types of service that came before them, RFC 1349.  */
  { "lowdelay", 0x10 },
  { "throughput", 0x08 },
  { "reliability", 0x04 },
  { "mincost", 0x02 },
  { NULL, 0 },
};

/* Read as a number, for the octet holds more than the code point.  */
static enum fault
decode_dscp (const struct option *option, const struct bytes *bytes,
             struct pool *pool, struct value *value)
{
  (void) option;
  (void) pool;
  if (bytes->length != sizeof bytes->as.integer)
    return FAULT_TYPE;
  value_integer (value, bytes->as.integer);
  return FAULT_NONE;
}

const struct kind kind_dscp = {
  .name = "integer, or the name of a code point such as ef or af41",
  .predicate = "integerp",
  .size = sizeof (int),
  .encode = encode_enumeration,
  .decode = decode_dscp,
  .names = code_points,
};

/* (SYMBOL . MESSAGE), where SYMBOL is the C name of the error; nil for no
   error.  */
static enum fault
decode_error (const struct option *option, const struct bytes *bytes,
              struct pool *pool, struct value *value)
{
  (void) option;
  if (bytes->length != sizeof bytes->as.integer)
    return FAULT_TYPE;
  int code = bytes->as.integer;
  value_boolean (value, false);
  if (code == 0)
    return FAULT_NONE;
  char buffer[128];
  const char *message = errno_message (code, buffer, sizeof buffer);
  const char *name = errno_name (code);
  if (!value_list (value, pool, 2)
      || !value_string (&value->as.items[1], pool, message, strlen (message)))
    return FAULT_MEMORY;
  value->type = VALUE_PAIR;
  value->as.items[1].type = VALUE_LOCALE_STRING;
  if (name)
    value_symbol (&value->as.items[0], name);
  else
    value_integer (&value->as.items[0], code);
  return FAULT_NONE;
}

const struct kind kind_error = {
  .name = "nil or (SYMBOL . MESSAGE)",
  .predicate = "consp",
  .size = sizeof (int),
  .decode = decode_error,
};

/* Flags: a list of symbols; bits that have no name come last, as one
   integer.  */

static enum fault
encode_flag (const struct name *names, const struct value *value,
             unsigned *flags)
{
  if (value->type == VALUE_INTEGER)
    {
      if (value->as.integer < 0 || UINT32_MAX < value->as.integer)
        return FAULT_RANGE;
      *flags |= (unsigned) value->as.integer;
      return FAULT_NONE;
    }
  if (value->type != VALUE_SYMBOL)
    return FAULT_TYPE;
  for (const struct name *name = names; name->name; name++)
    if (value_is_symbol (value, name->name))
      {
        *flags |= (unsigned) name->number;
        return FAULT_NONE;
      }
  return FAULT_RANGE;
}

static enum fault
encode_flags (const struct option *option, const struct value *value,
              struct bytes *bytes)
{
  unsigned flags = 0;
  if (value->type != VALUE_LIST && value->type != VALUE_NIL)
    return FAULT_TYPE;
  for (size_t i = 0; i < value->size; i++)
    {
      enum fault fault
        = encode_flag (option->kind->names, &value->as.items[i], &flags);
      if (fault != FAULT_NONE)
        return fault;
    }
  bytes->as.unsigned32 = flags;
  bytes->length = sizeof bytes->as.unsigned32;
  return FAULT_NONE;
}

enum fault
flags_to_value (const struct name *names, unsigned flags, struct pool *pool,
                struct value *value)
{
  size_t count = 0;
  value_boolean (value, false);
  if (flags == 0)
    return FAULT_NONE;
  if (!value_list (value, pool, 33))
    return FAULT_MEMORY;
  for (const struct name *name = names; name->name; name++)
    if ((flags & (unsigned) name->number) == (unsigned) name->number)
      {
        value_symbol (&value->as.items[count++], name->name);
        flags &= ~(unsigned) name->number;
      }
  if (flags)
    value_integer (&value->as.items[count++], flags);
  value->size = count;
  return FAULT_NONE;
}

static enum fault
decode_flags (const struct option *option, const struct bytes *bytes,
              struct pool *pool, struct value *value)
{
  if (bytes->length < sizeof bytes->as.unsigned32)
    return FAULT_TYPE;
  return flags_to_value (option->kind->names, bytes->as.unsigned32, pool,
                         value);
}

static const struct name buffer_locks[]
  = { { "send", 1 }, { "receive", 2 }, { NULL, 0 } };

const struct kind kind_buffer_lock = {
  .name = "list of send and receive",
  .predicate = "listp",
  .size = sizeof (uint32_t),
  .encode = encode_flags,
  .decode = decode_flags,
  .names = buffer_locks,
};

/* SOF_TIMESTAMPING_* of linux/net_tstamp.h, without that prefix.  */
static const struct name timestamping[] = {
  { "tx-hardware", 1 << 0 },    { "tx-software", 1 << 1 },
  { "rx-hardware", 1 << 2 },    { "rx-software", 1 << 3 },
  { "software", 1 << 4 },       { "sys-hardware", 1 << 5 },
  { "raw-hardware", 1 << 6 },   { "opt-id", 1 << 7 },
  { "tx-sched", 1 << 8 },       { "tx-ack", 1 << 9 },
  { "opt-cmsg", 1 << 10 },      { "opt-tsonly", 1 << 11 },
  { "opt-stats", 1 << 12 },     { "opt-pktinfo", 1 << 13 },
  { "opt-tx-swhw", 1 << 14 },   { "bind-phc", 1 << 15 },
  { "opt-id-tcp", 1 << 16 },    { "opt-rx-filter", 1 << 17 },
  { "tx-completion", 1 << 18 }, { NULL, 0 },
};

/* The kernel may give a clock's index after the flags.  */
const struct kind kind_timestamping = {
  .name = "list of flags",
  .predicate = "listp",
  .size = 2 * sizeof (uint32_t),
  .encode = encode_flags,
  .decode = decode_flags,
  .names = timestamping,
};

/* CLOCK_* of time.h: those that a queue of packets may go by.  */
static const struct name clocks[] = {
  { "monotonic", 1 },
  { "tai", 11 },
  { "realtime", 0 },
  { NULL, 0 },
};

/* struct sock_txtime has flags after the clock, which stay 0.  */
static enum fault
encode_clock (const struct option *option, const struct value *value,
              struct bytes *bytes)
{
  enum fault fault = encode_enumeration (option, value, bytes);
  int parts[2] = { bytes->as.integer, 0 };
  return fault == FAULT_NONE && !bytes_copy (bytes, parts, sizeof parts)
           ? FAULT_MEMORY
           : fault;
}

static enum fault
decode_clock (const struct option *option, const struct bytes *bytes,
              struct pool *pool, struct value *value)
{
  struct bytes clock = *bytes;
  if (bytes->length != 2 * sizeof (int))
    return FAULT_TYPE;
  clock.length = sizeof (int);
  return decode_enumeration (option, &clock, pool, value);
}

const struct kind kind_clock = {
  .name = "monotonic, tai or realtime",
  .predicate = "symbolp",
  .size = 2 * sizeof (int),
  .encode = encode_clock,
  .decode = decode_clock,
  .names = clocks,
};

/* IPV6_PREFER_SRC_* of linux/in6.h, RFC 5014.  */
static const struct name preferences[] = {
  { "tmp", 0x0001 },    { "public", 0x0002 },
  { "coa", 0x0004 },    { "pubtmp-default", 0x0100 },
  { "home", 0x0400 },   { "cga", 0x0008 },
  { "noncga", 0x0800 }, { NULL, 0 },
};

const struct kind kind_address_preferences = {
  .name = "list of flags",
  .predicate = "listp",
  .size = sizeof (uint32_t),
  .encode = encode_flags,
  .decode = decode_flags,
  .names = preferences,
};

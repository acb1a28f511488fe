/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Value kinds of who is at the other end, and where.  */

#include "option/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "option/inet.h"
#include "option/interface.h"
#include "option/option.h"

#ifdef SCM_CREDENTIALS

/* A socket that has no peer with credentials gives process 0 and the
   user and group that nobody is: nil.  */
static enum fault
decode_credentials (const struct option *option, const struct bytes *bytes,
                    struct pool *pool, struct value *value)
{
  static const char *const keys[] = { ":pid", ":uid", ":gid" };
  struct ucred peer;
  (void) option;
  if (bytes->length != sizeof peer)
    return FAULT_TYPE;
  memcpy (&peer, bytes_data (bytes), sizeof peer);
  value_boolean (value, false);
  if (peer.pid == 0 && peer.uid == (uid_t) -1)
    return FAULT_NONE;
  if (!value_list (value, pool, 6))
    return FAULT_MEMORY;
  for (size_t i = 0; i < 3; i++)
    value_symbol (&value->as.items[2 * i], keys[i]);
  value_integer (&value->as.items[1], peer.pid);
  value_integer (&value->as.items[3], peer.uid);
  value_integer (&value->as.items[5], peer.gid);
  return FAULT_NONE;
}

const struct kind kind_credentials = {
  .name = "(:pid PID :uid UID :gid GID)",
  .predicate = "listp",
  .size = sizeof (struct ucred),
  .decode = decode_credentials,
};

#endif

static enum fault
decode_groups (const struct option *option, const struct bytes *bytes,
               struct pool *pool, struct value *value)
{
  const char *data = bytes_data (bytes);
  size_t count = bytes->length / sizeof (gid_t);
  (void) option;
  if (!value_list (value, pool, count))
    return FAULT_MEMORY;
  for (size_t i = 0; i < count; i++)
    {
      gid_t gid;
      memcpy (&gid, data + i * sizeof gid, sizeof gid);
      value_integer (&value->as.items[i], gid);
    }
  return FAULT_NONE;
}

const struct kind kind_groups = {
  .name = "list of group numbers",
  .predicate = "listp",
  .size = FIRST_ROOM,
  .decode = decode_groups,
};

/* See proc_pid_fdinfo(5).  */
int
pid_of_descriptor (int pidfd, int *pid)
{
  static const char key[] = "Pid:";
  char line[64];
  int code = ENOENT;
  snprintf (line, sizeof line, "/proc/self/fdinfo/%d", pidfd);
  FILE *file = fopen (line, "re");
  if (!file)
    return errno;
  while (fgets (line, sizeof line, file))
    if (strncmp (line, key, sizeof key - 1) == 0)
      {
        *pid = (int) strtol (line + sizeof key - 1, NULL, 10);
        code = 0;
      }
  fclose (file);
  return code;
}

/* Emacs has no use for the descriptor, which each reading opens anew.  */
static int
get_pidfd (int fd, const struct option *option, struct bytes *bytes)
{
  int pidfd;
  socklen_t length = sizeof pidfd;
  if (getsockopt (fd, option->level, option->number, &pidfd, &length) < 0)
    return errno;
  int code = pid_of_descriptor (pidfd, &bytes->as.integer);
  bytes->length = sizeof bytes->as.integer;
  close (pidfd);
  return code;
}

static enum fault
decode_pidfd (const struct option *option, const struct bytes *bytes,
              struct pool *pool, struct value *value)
{
  (void) option;
  (void) pool;
  value_boolean (value, false);
  if (bytes->as.integer > 0)
    value_integer (value, bytes->as.integer);
  return FAULT_NONE;
}

const struct kind kind_pidfd = {
  .name = "process number, or nil if it is gone",
  .predicate = "integerp",
  .decode = decode_pidfd,
  .get = get_pidfd,
};

static enum fault
decode_socket_address (const struct option *option, const struct bytes *bytes,
                       struct pool *pool, struct value *value)
{
  struct sockaddr_storage storage = { .ss_family = AF_UNSPEC };
  (void) option;
  if (sizeof storage < bytes->length)
    return FAULT_TYPE;
  memcpy (&storage, bytes_data (bytes), bytes->length);
  return inet_socket_address (&storage, pool, value) ? FAULT_NONE
                                                     : FAULT_MEMORY;
}

const struct kind kind_socket_address = {
  .name = "address",
  .predicate = "vectorp",
  .size = sizeof (struct sockaddr_storage),
  .decode = decode_socket_address,
};

static enum fault
decode_path_mtu (const struct option *option, const struct bytes *bytes,
                 struct pool *pool, struct value *value)
{
  struct ip6_mtuinfo info;
  struct sockaddr_storage storage = { .ss_family = AF_UNSPEC };
  (void) option;
  if (bytes->length != sizeof info)
    return FAULT_TYPE;
  memcpy (&info, bytes_data (bytes), sizeof info);
  memcpy (&storage, &info.ip6m_addr, sizeof info.ip6m_addr);
  if (!value_list (value, pool, 4))
    return FAULT_MEMORY;
  value_symbol (&value->as.items[0], ":addr");
  value_symbol (&value->as.items[2], ":mtu");
  value_integer (&value->as.items[3], info.ip6m_mtu);
  return inet_socket_address (&storage, pool, &value->as.items[1])
           ? FAULT_NONE
           : FAULT_MEMORY;
}

const struct kind kind_path_mtu = {
  .name = "(:addr ADDRESS :mtu BYTES)",
  .predicate = "listp",
  .size = sizeof (struct ip6_mtuinfo),
  .decode = decode_path_mtu,
};

/* (ADDRESS INTERFACE), each of which may be nil for the kernel's own
   choice.  */
static enum fault
encode_packet_info (const struct option *option, const struct value *value,
                    struct bytes *bytes)
{
  struct in6_pktinfo info;
  struct inet inet;
  unsigned interface = 0;
  enum fault fault = FAULT_NONE;
  (void) option;
  memset (&info, 0, sizeof info);
  if (value->type != VALUE_LIST && value->type != VALUE_NIL)
    return FAULT_TYPE;
  if (value->type == VALUE_LIST && value->size != 2)
    return FAULT_RANGE;
  if (value->type == VALUE_LIST)
    {
      const struct value *items = value->as.items;
      if (items[0].type != VALUE_NIL)
        {
          fault = inet_from_value (&items[0], AF_INET6, &inet);
          info.ipi6_addr = inet.as.ipv6;
        }
      if (fault == FAULT_NONE)
        fault = interface_from_value (&items[1], &interface);
      info.ipi6_ifindex = interface;
    }
  if (fault == FAULT_NONE && !bytes_copy (bytes, &info, sizeof info))
    fault = FAULT_MEMORY;
  return fault;
}

const struct kind kind_packet_info = {
  .name = "(ADDRESS INTERFACE)",
  .predicate = "listp",
  .encode = encode_packet_info,
};

/* (LOW HIGH); nil is the system's range.  */
static enum fault
encode_port_range (const struct option *option, const struct value *value,
                   struct bytes *bytes)
{
  uint32_t ports[2] = { 0, 0 };
  (void) option;
  if (value->type != VALUE_LIST && value->type != VALUE_NIL)
    return FAULT_TYPE;
  if (value->type == VALUE_LIST && value->size != 2)
    return FAULT_RANGE;
  for (size_t i = 0; i < value->size; i++)
    {
      const struct value *item = &value->as.items[i];
      if (item->type != VALUE_INTEGER)
        return FAULT_TYPE;
      if (item->as.integer < 0 || UINT16_MAX < item->as.integer)
        return FAULT_RANGE;
      ports[i] = (uint32_t) item->as.integer;
    }
  if (ports[1] != 0 && ports[1] < ports[0])
    return FAULT_RANGE;
  bytes->as.unsigned32 = ports[1] << 16 | ports[0];
  bytes->length = sizeof bytes->as.unsigned32;
  return FAULT_NONE;
}

static enum fault
decode_port_range (const struct option *option, const struct bytes *bytes,
                   struct pool *pool, struct value *value)
{
  (void) option;
  if (bytes->length != sizeof bytes->as.unsigned32)
    return FAULT_TYPE;
  value_boolean (value, false);
  if (bytes->as.unsigned32 == 0)
    return FAULT_NONE;
  if (!value_list (value, pool, 2))
    return FAULT_MEMORY;
  value_integer (&value->as.items[0], bytes->as.unsigned32 & UINT16_MAX);
  value_integer (&value->as.items[1], bytes->as.unsigned32 >> 16);
  return FAULT_NONE;
}

const struct kind kind_port_range = {
  .name = "(LOW HIGH), or nil for the system's range",
  .predicate = "listp",
  .size = sizeof (uint32_t),
  .encode = encode_port_range,
  .decode = decode_port_range,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Value kinds of multicast groups and their sources.  */

#include "option/config.h"

#include <netinet/in.h>
#include <string.h>

#include "option/constants.h"
#include "option/inet.h"
#include "option/interface.h"
#include "option/option.h"

/* (GROUP INTERFACE) or (GROUP INTERFACE SOURCE) in C terms.  */
struct membership
{
  struct inet group;
  unsigned interface;
  struct inet source;
};

/* Read COUNT elements of VALUE, whose addresses are of FAMILY.  The
   interface may be left out at the end.  */
static enum fault
membership_from_value (const struct value *value, int family, bool source,
                       struct membership *result)
{
  static const struct value none = { .type = VALUE_NIL };
  *result = (struct membership){ .interface = 0 };
  if (value->type != VALUE_LIST)
    return FAULT_TYPE;
  if (source ? value->size != 3 : value->size < 1 || 2 < value->size)
    return FAULT_RANGE;
  const struct value *items = value->as.items;
  enum fault fault = inet_from_value (&items[0], family, &result->group);
  if (fault == FAULT_NONE)
    fault = interface_from_value (value->size > 1 ? &items[1] : &none,
                                  &result->interface);
  if (fault == FAULT_NONE && source)
    fault = inet_from_value (&items[2], result->group.family, &result->source);
  return fault;
}

static enum fault
finish (enum fault fault, struct bytes *bytes, const void *data, size_t size)
{
  if (fault != FAULT_NONE)
    return fault;
  return bytes_copy (bytes, data, size) ? FAULT_NONE : FAULT_MEMORY;
}

#ifdef SYSTEM_LINUX

static enum fault
encode_membership4 (const struct option *option, const struct value *value,
                    struct bytes *bytes)
{
  struct membership membership;
  (void) option;
  enum fault fault
    = membership_from_value (value, AF_INET, false, &membership);
  struct ip_mreqn request = { .imr_multiaddr = membership.group.as.ipv4,
                              .imr_ifindex = (int) membership.interface };
  return finish (fault, bytes, &request, sizeof request);
}

#else

/* Not every system takes the index of an interface here, but all take one of
   its addresses.  */
static enum fault
encode_membership4 (const struct option *option, const struct value *value,
                    struct bytes *bytes)
{
  struct membership membership;
  struct in_addr interface = { .s_addr = INADDR_ANY };
  (void) option;
  enum fault fault
    = membership_from_value (value, AF_INET, false, &membership);
  if (fault == FAULT_NONE)
    fault = interface_address (membership.interface, &interface);
  struct ip_mreq request = { .imr_multiaddr = membership.group.as.ipv4,
                             .imr_interface = interface };
  return finish (fault, bytes, &request, sizeof request);
}

#endif

const struct kind kind_membership4 = {
  .name = "(GROUP INTERFACE)",
  .predicate = "listp",
  .encode = encode_membership4,
  .addresses = "one group at a time, IPv4 addresses as strings",
};

static enum fault
encode_membership6 (const struct option *option, const struct value *value,
                    struct bytes *bytes)
{
  struct membership membership;
  (void) option;
  enum fault fault
    = membership_from_value (value, AF_INET6, false, &membership);
  struct ipv6_mreq request = { .ipv6mr_multiaddr = membership.group.as.ipv6,
                               .ipv6mr_interface = membership.interface };
  return finish (fault, bytes, &request, sizeof request);
}

const struct kind kind_membership6 = {
  .name = "(GROUP INTERFACE)",
  .predicate = "listp",
  .encode = encode_membership6,
  .addresses = "one group at a time, IPv6 addresses as strings",
};

#ifdef IP_ADD_SOURCE_MEMBERSHIP

/* Here the kernel knows interfaces by address only.  Fields are assigned
   by name, for systems differ in their order.  */
static enum fault
encode_source4 (const struct option *option, const struct value *value,
                struct bytes *bytes)
{
  struct membership membership;
  struct in_addr interface = { .s_addr = INADDR_ANY };
  (void) option;
  enum fault fault = membership_from_value (value, AF_INET, true, &membership);
  if (fault == FAULT_NONE)
    fault = interface_address (membership.interface, &interface);
  struct ip_mreq_source request
    = { .imr_multiaddr = membership.group.as.ipv4,
        .imr_interface = interface,
        .imr_sourceaddr = membership.source.as.ipv4 };
  return finish (fault, bytes, &request, sizeof request);
}

const struct kind kind_source4 = {
  .name = "(GROUP INTERFACE SOURCE)",
  .predicate = "listp",
  .encode = encode_source4,
  .addresses = "one group at a time, IPv4 addresses as strings",
};

#endif

#ifdef MCAST_JOIN_GROUP

static enum fault
encode_group (const struct option *option, const struct value *value,
              struct bytes *bytes)
{
  struct membership membership;
  struct group_req request;
  (void) option;
  enum fault fault
    = membership_from_value (value, AF_UNSPEC, false, &membership);
  memset (&request, 0, sizeof request);
  request.gr_interface = membership.interface;
  inet_to_storage (&membership.group, &request.gr_group);
  return finish (fault, bytes, &request, sizeof request);
}

const struct kind kind_group = {
  .name = "(GROUP INTERFACE)",
  .predicate = "listp",
  .encode = encode_group,
  .addresses = "one group at a time, addresses as strings",
};

static enum fault
encode_group_source (const struct option *option, const struct value *value,
                     struct bytes *bytes)
{
  struct membership membership;
  struct group_source_req request;
  (void) option;
  enum fault fault
    = membership_from_value (value, AF_UNSPEC, true, &membership);
  memset (&request, 0, sizeof request);
  request.gsr_interface = membership.interface;
  inet_to_storage (&membership.group, &request.gsr_group);
  inet_to_storage (&membership.source, &request.gsr_source);
  return finish (fault, bytes, &request, sizeof request);
}

const struct kind kind_group_source = {
  .name = "(GROUP INTERFACE SOURCE)",
  .predicate = "listp",
  .encode = encode_group_source,
  .addresses = "one group at a time, addresses as strings",
};

#endif

#ifdef SYSTEM_LINUX

/* Source filters: (GROUP INTERFACE MODE SOURCE...), where MODE is
   include or exclude.  Reading one takes (GROUP INTERFACE).  */

enum
{
  /* How many sources can be read; the kernel allows 10 unless told
     otherwise (net.ipv4.igmp_max_msf).  */
  SOURCES_MAX = 128
};

static enum fault
mode_from_value (const struct value *value, uint32_t *mode)
{
  if (value->type != VALUE_SYMBOL)
    return FAULT_TYPE;
  *mode = value_is_symbol (value, "include") ? MCAST_INCLUDE : MCAST_EXCLUDE;
  return *mode == MCAST_INCLUDE || value_is_symbol (value, "exclude")
           ? FAULT_NONE
           : FAULT_RANGE;
}

/* Read all but the sources of VALUE.  */
static enum fault
filter_from_value (const struct value *value, int family,
                   struct membership *membership, uint32_t *mode)
{
  *mode = MCAST_EXCLUDE;
  if (value->type != VALUE_LIST)
    return FAULT_TYPE;
  if (value->size < 3 || 3 + SOURCES_MAX < value->size)
    return FAULT_RANGE;
  struct value head = *value;
  head.size = 2;
  enum fault fault = membership_from_value (&head, family, false, membership);
  return fault == FAULT_NONE ? mode_from_value (&value->as.items[2], mode)
                             : fault;
}

/* Make *VALUE (GROUP INTERFACE MODE nil...), with room for COUNT
   sources.  */
static enum fault
filter_to_value (const struct inet *group, unsigned interface, uint32_t mode,
                 size_t count, struct pool *pool, struct value *value)
{
  if (!value_list (value, pool, 3 + count)
      || !inet_to_value (group, pool, &value->as.items[0]))
    return FAULT_MEMORY;
  value_symbol (&value->as.items[2],
                mode == MCAST_INCLUDE ? "include" : "exclude");
  return interface_to_value (interface, pool, &value->as.items[1]);
}

static enum fault
encode_source_filter4 (const struct option *option, const struct value *value,
                       struct bytes *bytes)
{
  struct membership membership;
  struct inet source;
  uint32_t mode;
  (void) option;
  struct in_addr interface;
  enum fault fault = filter_from_value (value, AF_INET, &membership, &mode);
  if (fault == FAULT_NONE)
    fault = interface_address (membership.interface, &interface);
  if (fault != FAULT_NONE)
    return fault;
  uint32_t count = (uint32_t) value->size - 3;
  struct ip_msfilter *filter = bytes_reserve (bytes, IP_MSFILTER_SIZE (count));
  if (!filter)
    return FAULT_MEMORY;
  filter->imsf_multiaddr = membership.group.as.ipv4;
  filter->imsf_interface = interface;
  filter->imsf_fmode = mode;
  filter->imsf_numsrc = count;
  for (size_t i = 0; fault == FAULT_NONE && i < count; i++)
    {
      fault = inet_from_value (&value->as.items[3 + i], AF_INET, &source);
      memcpy ((char *) filter + IP_MSFILTER_SIZE (i), &source.as.ipv4,
              sizeof source.as.ipv4);
    }
  return fault;
}

static enum fault
prepare_source_filter4 (const struct option *option, const struct value *value,
                        struct bytes *bytes)
{
  struct membership membership;
  struct in_addr interface;
  (void) option;
  enum fault fault
    = membership_from_value (value, AF_INET, false, &membership);
  if (fault == FAULT_NONE)
    fault = interface_address (membership.interface, &interface);
  if (fault != FAULT_NONE)
    return fault;
  struct ip_msfilter *filter
    = bytes_reserve (bytes, IP_MSFILTER_SIZE (SOURCES_MAX));
  if (!filter)
    return FAULT_MEMORY;
  filter->imsf_multiaddr = membership.group.as.ipv4;
  filter->imsf_interface = interface;
  filter->imsf_numsrc = SOURCES_MAX;
  return FAULT_NONE;
}

static enum fault
decode_source_filter4 (const struct option *option, const struct bytes *bytes,
                       struct pool *pool, struct value *value)
{
  const struct ip_msfilter *filter = bytes_data (bytes);
  (void) option;
  if (bytes->length < IP_MSFILTER_SIZE (0)
      || bytes->length < IP_MSFILTER_SIZE ((size_t) filter->imsf_numsrc))
    return FAULT_TYPE;
  struct inet inet = { .family = AF_INET, .as.ipv4 = filter->imsf_multiaddr };
  unsigned interface;
  enum fault fault = interface_of_address (filter->imsf_interface, &interface);
  if (fault == FAULT_NONE)
    fault = filter_to_value (&inet, interface, filter->imsf_fmode,
                             filter->imsf_numsrc, pool, value);
  for (size_t i = 0; fault == FAULT_NONE && i < filter->imsf_numsrc; i++)
    {
      memcpy (&inet.as.ipv4, (const char *) filter + IP_MSFILTER_SIZE (i),
              sizeof inet.as.ipv4);
      if (!inet_to_value (&inet, pool, &value->as.items[3 + i]))
        fault = FAULT_MEMORY;
    }
  return fault;
}

const struct kind kind_source_filter4 = {
  .name = "(GROUP INTERFACE MODE SOURCE...)",
  .predicate = "listp",
  .encode = encode_source_filter4,
  .decode = decode_source_filter4,
  .prepare = prepare_source_filter4,
  .addresses = "IPv4 addresses as strings",
};

static struct sockaddr_storage *
filter_source (struct group_filter *filter, size_t i)
{
  return (struct sockaddr_storage *) ((char *) filter + GROUP_FILTER_SIZE (i));
}

static enum fault
encode_source_filter (const struct option *option, const struct value *value,
                      struct bytes *bytes)
{
  struct membership membership;
  struct inet source;
  uint32_t mode;
  (void) option;
  enum fault fault = filter_from_value (value, AF_UNSPEC, &membership, &mode);
  if (fault != FAULT_NONE)
    return fault;
  uint32_t count = (uint32_t) value->size - 3;
  struct group_filter *filter
    = bytes_reserve (bytes, GROUP_FILTER_SIZE (count));
  if (!filter)
    return FAULT_MEMORY;
  filter->gf_interface = membership.interface;
  inet_to_storage (&membership.group, &filter->gf_group);
  filter->gf_fmode = mode;
  filter->gf_numsrc = count;
  for (size_t i = 0; fault == FAULT_NONE && i < count; i++)
    {
      fault = inet_from_value (&value->as.items[3 + i],
                               membership.group.family, &source);
      inet_to_storage (&source, filter_source (filter, i));
    }
  return fault;
}

static enum fault
prepare_source_filter (const struct option *option, const struct value *value,
                       struct bytes *bytes)
{
  struct membership membership;
  (void) option;
  enum fault fault
    = membership_from_value (value, AF_UNSPEC, false, &membership);
  if (fault != FAULT_NONE)
    return fault;
  struct group_filter *filter
    = bytes_reserve (bytes, GROUP_FILTER_SIZE (SOURCES_MAX));
  if (!filter)
    return FAULT_MEMORY;
  filter->gf_interface = membership.interface;
  inet_to_storage (&membership.group, &filter->gf_group);
  filter->gf_numsrc = SOURCES_MAX;
  return FAULT_NONE;
}

static enum fault
decode_source_filter (const struct option *option, const struct bytes *bytes,
                      struct pool *pool, struct value *value)
{
  const struct group_filter *filter = bytes_data (bytes);
  struct sockaddr_storage storage;
  struct inet inet;
  (void) option;
  if (bytes->length < GROUP_FILTER_SIZE (0)
      || bytes->length < GROUP_FILTER_SIZE ((size_t) filter->gf_numsrc))
    return FAULT_TYPE;
  inet_from_storage (&filter->gf_group, &inet);
  enum fault fault
    = filter_to_value (&inet, filter->gf_interface, filter->gf_fmode,
                       filter->gf_numsrc, pool, value);
  for (size_t i = 0; fault == FAULT_NONE && i < filter->gf_numsrc; i++)
    {
      memcpy (&storage, (const char *) filter + GROUP_FILTER_SIZE (i),
              sizeof storage);
      inet_from_storage (&storage, &inet);
      if (!inet_to_value (&inet, pool, &value->as.items[3 + i]))
        fault = FAULT_MEMORY;
    }
  return fault;
}

const struct kind kind_source_filter = {
  .name = "(GROUP INTERFACE MODE SOURCE...)",
  .predicate = "listp",
  .encode = encode_source_filter,
  .decode = decode_source_filter,
  .prepare = prepare_source_filter,
  .addresses = "addresses as strings",
};

#endif /* SYSTEM_LINUX */

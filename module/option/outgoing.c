/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be said of one datagram that is sent.  */

#include "option/config.h"

#include "option/outgoing.h"

#include <errno.h>

#include "option/inet.h"

static enum fault
encode_source (const struct option *option, const struct value *value,
               struct bytes *bytes)
{
  struct inet inet;
  (void) option;
  enum fault fault = inet_from_value (value, AF_UNSPEC, &inet);
  if (fault == FAULT_NONE && !bytes_copy (bytes, &inet, sizeof inet))
    fault = FAULT_MEMORY;
  return fault;
}

static const struct kind kind_source = {
  .name = "address without a port",
  .predicate = "stringp",
  .encode = encode_source,
};

static const struct hint source_hints[] = {
  { ENETUNREACH, "no way leads there from this address" },
  { EINVAL, "it takes an address of this host, or `:ip-freebind'" },
  { EADDRNOTAVAIL, "it takes an address of this host, or `:ip-freebind'" },
  { EAFNOSUPPORT, "it takes an address of the same family as where it is"
                  " sent to" },
  { 0, NULL },
};

static const struct hint interface_hints[] = {
  { ENODEV, "there is no such interface" },
  { EINVAL, "not the interface that the socket is bound to" },
  { 0, NULL },
};

static const struct hint time_hints[] = {
  { EINVAL, "the option `:txtime' must be set first" },
  { 0, NULL },
};

const struct option outgoing[OUTGOING_COUNT] = {
  [OUTGOING_TTL] = { .keyword = ":ttl",
                     .kind = &kind_integer,
                     .access = ACCESS_SET,
                     .classes = CLASSES_PACKET,
                     .min = 1,
                     .max = 255,
                     .unit = "hops",
                     .doc = "Let it go this many hops." },
  [OUTGOING_TOS] = { .keyword = ":tos",
                     .kind = &kind_dscp,
                     .access = ACCESS_SET,
                     .classes = CLASSES_PACKET,
                     .max = 255,
                     .doc = "Ask the network for this class of service." },
  [OUTGOING_SOURCE] = { .keyword = ":source",
                        .kind = &kind_source,
                        .access = ACCESS_SET,
                        .classes = CLASSES_PACKET,
                        .hints = source_hints,
                        .doc = "Send it from this address of the host." },
  [OUTGOING_INTERFACE] = { .keyword = ":interface",
                           .kind = &kind_interface_index,
                           .access = ACCESS_SET,
                           .classes = CLASSES_PACKET,
                           .hints = interface_hints,
                           .doc = "Send it through this interface." },
  [OUTGOING_TIME] = { .keyword = ":time",
                      .kind = &kind_unsigned64,
                      .access = ACCESS_SET,
                      .classes = CLASSES_PACKET,
                      .max = INTMAX_MAX,
                      .unit = "nanoseconds",
                      .hints = time_hints,
                      .doc = "Send it not before this time." },
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options that are left out, and why.  */

#include "option/config.h"

#include "option/omitted.h"

#include <stddef.h>
#include <string.h>

static const struct
{
  const char *keyword;
  const char *reason;
} omissions[] = {
  { ":attach-bpf", "needs a bpf(2) program fd" },
  { ":attach-reuseport-cbpf", "only useful for multi-worker servers" },
  { ":attach-reuseport-ebpf", "needs a bpf(2) program fd" },
  { ":bpf-extensions", "only for writing BPF filters" },
  { ":bsdcompat", "no-op since 2.4" },
  { ":busy-poll", "burns CPU in the UI thread" },
  { ":busy-poll-budget", "NIC busy-poll tuning" },
  { ":cnx-advice", "routing hint with no visible result" },
  { ":debug", "sets a flag nothing reads any more" },
  { ":detach-reuseport-bpf", "only useful for multi-worker servers" },
  { ":devmem-dontneed", "device-memory TCP" },
  { ":incoming-cpu", "multi-queue server tuning" },
  { ":incoming-napi-id", "NIC queue id" },
  { ":nofcs", "AF_PACKET only" },
  { ":peername", "getpeername duplicates it" },
  { ":prefer-busy-poll", "NIC busy-poll tuning" },
  { ":reserve-mem", "cgroup memory tuning" },
  { ":security-authentication", "not implemented" },
  { ":security-encryption-network", "not implemented" },
  { ":security-encryption-transport", "not implemented" },
  { ":select-err-queue", "needs an error-queue reader" },
  { ":sndlowat", "constant 1 on Linux" },
  { ":wifi-status", "needs an error-queue reader" },
  { ":zerocopy", "needs MSG_ZEROCOPY and pinned buffers" },
  { ":ip-checksum", "diagnostic cmsg" },
  { ":ip-ipsec-policy", "IPsec policy blob" },
  { ":ip-nodefrag", "packet-injection tools only" },
  { ":ip-options", "IP options are dropped by most routers" },
  { ":ip-passsec", "LSM label cmsg" },
  { ":ip-pktoptions", "undocumented cmsg snapshot" },
  { ":ip-protocol", "meant for raw diagnostics" },
  { ":ip-recverr-rfc4884", "needs an error-queue reader" },
  { ":ip-recvfragsize", "diagnostic cmsg" },
  { ":ip-recvopts", "IP options are dropped by most routers" },
  { ":ip-retopts", "IP options are dropped by most routers" },
  { ":ip-router-alert", "router daemons only" },
  { ":ip-xfrm-policy", "IPsec policy blob" },
  { ":ipv6-2292dstopts", "obsolete RFC 2292" },
  { ":ipv6-2292hoplimit", "obsolete RFC 2292" },
  { ":ipv6-2292hopopts", "obsolete RFC 2292" },
  { ":ipv6-2292pktinfo", "obsolete RFC 2292" },
  { ":ipv6-2292pktoptions", "obsolete RFC 2292" },
  { ":ipv6-2292rthdr", "obsolete RFC 2292" },
  { ":ipv6-addrform", "changes the family under Emacs" },
  { ":ipv6-authhdr", "not implemented" },
  { ":ipv6-dstopts", "extension headers are filtered on the internet" },
  { ":ipv6-flowinfo", "cmsg with no Emacs use" },
  { ":ipv6-flowlabel-mgr", "flow-label leases" },
  { ":ipv6-hoplimit", "not a socket option on Linux" },
  { ":ipv6-hopopts", "extension headers are filtered on the internet" },
  { ":ipv6-ipsec-policy", "IPsec policy blob" },
  { ":ipv6-join-anycast", "router feature" },
  { ":ipv6-leave-anycast", "router feature" },
  { ":ipv6-nexthop", "not implemented" },
  { ":ipv6-recvdstopts", "extension headers are filtered on the internet" },
  { ":ipv6-recverr-rfc4884", "needs an error-queue reader" },
  { ":ipv6-recvfragsize", "diagnostic cmsg" },
  { ":ipv6-recvhopopts", "extension headers are filtered on the internet" },
  { ":ipv6-recvrthdr", "extension headers are filtered on the internet" },
  { ":ipv6-router-alert", "router daemons only" },
  { ":ipv6-router-alert-isolate", "router daemons only" },
  { ":ipv6-rthdr", "extension headers are filtered on the internet" },
  { ":ipv6-rthdrdstopts", "extension headers are filtered on the internet" },
  { ":ipv6-xfrm-policy", "IPsec policy blob" },
  { ":tcp-ao-add-key", "BGP authentication" },
  { ":tcp-ao-del-key", "BGP authentication" },
  { ":tcp-ao-get-keys", "BGP authentication" },
  { ":tcp-ao-info", "BGP authentication" },
  { ":tcp-ao-repair", "checkpoint/restore" },
  { ":tcp-fastopen-key", "server farm secret" },
  { ":tcp-md5sig", "BGP authentication" },
  { ":tcp-md5sig-ext", "BGP authentication" },
  { ":tcp-queue-seq", "checkpoint/restore" },
  { ":tcp-repair", "checkpoint/restore" },
  { ":tcp-repair-options", "checkpoint/restore" },
  { ":tcp-repair-queue", "checkpoint/restore" },
  { ":tcp-repair-window", "checkpoint/restore" },
  { ":tcp-thin-dupack", "no-op since 4.11" },
  { ":tcp-timestamp", "checkpoint/restore" },
  { ":tcp-zerocopy-receive", "mmap receive; reading it destroys data" },
  { ":udp-encap", "VPN daemons only" },
  { ":udp-gro", "breaks datagram framing without cmsg" },
  { ":udplite-recv-cscov", "protocol removed from Linux" },
  { ":udplite-send-cscov", "protocol removed from Linux" },
  { ":vm-sockets-nonblock-txrx", "not implemented in mainline" },
  { ":vm-sockets-peer-host-vm-id", "not implemented in mainline" },
  { ":vm-sockets-trusted", "not implemented in mainline" },
};

/* Levels none of whose options is here, by how their names begin.  */
static const struct
{
  const char *prefix;
  const char *reason;
} levels[] = {
  { ":tls-",
    "options of kernel TLS, which Emacs does not use: it has GnuTLS" },
  { ":alg-", "options of AF_ALG, sockets that Emacs cannot make" },
  { ":xdp-", "options of AF_XDP, sockets that Emacs cannot make" },
  { ":dccp-", "options of DCCP, sockets that Emacs cannot make" },
  { ":sctp-", "options of SCTP, sockets that Emacs cannot make" },
};

const char *
omission_reason (const char *keyword)
{
  for (size_t i = 0; i < sizeof omissions / sizeof omissions[0]; i++)
    if (strcmp (omissions[i].keyword, keyword) == 0)
      return omissions[i].reason;
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
    if (strncmp (levels[i].prefix, keyword, strlen (levels[i].prefix)) == 0)
      return levels[i].reason;
  return NULL;
}

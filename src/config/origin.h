/* Parts of the addresses in settings: "https://auth.example.com:8443/x" has a host and an origin.
 *
 * Owns     nothing: views, or text in the caller's arena.
 * Threads  any: pure.
 * Sources  RFC 6454 4 (origins), WebAuthn Level 3 5.1.2 (RP IDs).
 */
#pragma once
#include "base/arena.h"

/* "auth.example.com"; of an IPv6 address with its brackets.  What is no address of http has the host "". */
struct str origin_host(struct str address);
/* Its scheme and port, with this host. */
struct str origin_with_host(struct arena *mem, struct str address, struct str host);
/* Is the host this domain, or one beneath it? */
bool origin_is_beneath(struct str host, struct str domain);

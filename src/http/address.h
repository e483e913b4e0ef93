/* Network addresses: what we listen on, who calls, and which proxies are believed.
 *
 * Owns     struct proxies, dropped by its _drop.
 * Threads  any, after proxies_open.
 * Source   RFC 4291 2.2 (text), 2.5.5.2 (IPv4-mapped).
 */
#pragma once
#include "base/err.h"
#include "base/visit.h"

struct sockaddr;

/* An address without port or brackets.  false: none. */
bool address_read(struct str text, struct address *out);
/* IPv4-mapped addresses are written as IPv4. */
struct str address_text(const struct address *a, char out[static ADDRESS_TEXT_MAX]);
struct address address_of(const struct sockaddr *from); /* all zero for other families */

/* "127.0.0.1:8000", "[::1]:8000", "0.0.0.0:80".  Ends: ERR_INVALID. */
struct listen_place {
    struct address address;
    bool ipv6;
    uint16_t port;
};
FALLIBLE listen_place_read(struct str text, struct listen_place *out);

struct proxies; /* networks whose X-Forwarded-For is believed */

/* CIDR blocks or single addresses.  Ends: ERR_INVALID (the note names the block). */
FALLIBLE proxies_open(struct strs blocks, struct proxies **out);
void proxies_drop(struct proxies **proxies);
bool proxies_hold(const struct proxies *proxies, const struct address *a);

/* The client behind the proxies: the right-most address of X-Forwarded-For that is no trusted proxy, when the peer is one. */
struct address proxies_client(const struct proxies *proxies, struct address peer, struct str forwarded_for);

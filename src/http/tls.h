/* The certificate of the native TLS, which can be read again while serving.
 *
 * Owns     every certificate it read, until tls_drop: a handshake may still use an older one.
 * Threads  tls_reload: one at a time; the library calls the rest from any worker.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct tls;

/* PEM files.  Ends: ERR_INVALID (the note names the file and what is wrong: unreadable, no match of key and certificate). */
FALLIBLE tls_open(struct str cert_file, struct str key_file, struct tls **out);
FALLIBLE tls_reload(struct tls *tls); /* on failure the old certificate stays */
void tls_drop(struct tls **tls);

/* When the newest certificate ends, Unix seconds UTC.  Ends: ERR_INVALID. */
FALLIBLE tls_ends_at(const struct tls *tls, int64_t *at_s);
const char *tls_gnutls_version(void); /* of the library, as it is loaded */

/* For the HTTP library: what it calls at each handshake, and its argument. */
void *tls_callback(void);
/* The callback has no argument of its own; the serving instance is set here, once, before the server starts. */
void tls_serve_with(struct tls *tls);

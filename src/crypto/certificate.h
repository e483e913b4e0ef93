/* X.509 certificates that others sent: what they say, and whether they lead to an anchor of ours.
 *
 * Owns     struct certificate and struct anchors, dropped by their _drop.  Views end with the certificate.
 * Units    moments are Unix seconds UTC.
 * Threads  what is made may be read by many threads at once.
 * Sources  RFC 5280 4.1 (fields), 4.2 (extensions), 6.1 (paths).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "crypto/foreign_key.h"

#define CERTIFICATE_MAX       8192 /* bytes of one */
#define CERTIFICATE_CHAIN_MAX 8    /* of a statement; those of Android have five */

struct certificate;

/* Ends: ERR_INVALID (no one certificate in DER, too long, bytes behind it, an extension twice). */
FALLIBLE certificate_read(struct str der, struct certificate **out);
void certificate_drop(struct certificate **certificate);

/* Ends: ERR_INVALID (of a kind that foreign_key.h does not take). */
FALLIBLE certificate_key(const struct certificate *certificate, struct foreign_key **out);

int certificate_version(const struct certificate *certificate); /* 3: what the field calls 2 */
bool certificate_subject_empty(const struct certificate *certificate);

enum certificate_part { CERTIFICATE_COUNTRY, CERTIFICATE_ORGANIZATION, CERTIFICATE_UNIT, CERTIFICATE_NAME };
/* false: none, or more than one. */
bool certificate_subject(const struct certificate *certificate, enum certificate_part part, struct str *out);

/* Whether basic constraints are there and say cA FALSE (RFC 5280 4.2.1.9). */
bool certificate_is_leaf(const struct certificate *certificate);
/* oid: in dots.  value: the content of extnValue, DER inside.  false: none. */
bool certificate_extension(const struct certificate *certificate, const char *oid, struct str *value, bool *critical);
/* Whether extended key usage names it. */
bool certificate_usage(const struct certificate *certificate, const char *oid);
/* Whether a directory name among the subject's alternative names has the attribute (RFC 5280 4.2.1.6). */
bool certificate_alternative(const struct certificate *certificate, const char *oid);
/* Whether it is a certificate of the host (RFC 6125; no wildcards). */
bool certificate_is_of_host(const struct certificate *certificate, struct str host);

struct anchors;

struct anchors *anchors_new(void);
void anchors_drop(struct anchors **anchors);
size_t anchors_count(const struct anchors *anchors);
/* Ends: ERR_INVALID (no certificate, or none in the text). */
FALLIBLE anchors_add(struct anchors *anchors, struct str der);
FALLIBLE anchors_add_pem(struct anchors *anchors, struct str pem);

/* Whether the first of the chain leads, over the others in whatever order, to an anchor, or is one; each valid at the moment.
 * chain: DER, the first is the leaf.  Ends: ERR_INVALID, ERR_DENIED (does not lead there). */
FALLIBLE anchors_check(const struct anchors *anchors, struct strs chain, int64_t at_s);

/* What the FIDO Metadata Service says of models of authenticators, from its BLOB as a local file; nothing is fetched.
 *
 * Owns     struct metadata, dropped by metadata_drop.
 * Bounds   METADATA_MAX bytes of the file, METADATA_MODELS_MAX models.
 * Threads  made by one, read by many.
 * Source   FIDO Metadata Service v3: the BLOB is a JWS whose payload has nextUpdate and entries, an entry has aaguid,
 *          metadataStatement.attestationRootCertificates and statusReports.
 */
#pragma once
#include "crypto/certificate.h"

#define METADATA_MAX        (10U * 1024 * 1024) /* bytes of the BLOB */
#define METADATA_MODELS_MAX 4096
#define METADATA_DATE_MAX   32

struct metadata;

/* signers: the root that FIDO's chain leads to, which the operator brings.  It is a public one with many customers, so the
 * certificate also has to be of FIDO's host.  Certificates of makers that can't be read are
 * passed over: they would vouch for nobody.
 * Ends: ERR_INVALID (no BLOB), ERR_DENIED (not signed by FIDO). */
FALLIBLE metadata_read(struct str blob, const struct anchors *signers, int64_t now_s, struct metadata **out);
void metadata_drop(struct metadata **metadata);

size_t metadata_count(const struct metadata *metadata);           /* models */
struct str metadata_next_update(const struct metadata *metadata); /* "2026-01-31": from then on it is old */

/* The anchors of a model; NULL: the model is not known. */
const struct anchors *metadata_anchors(const struct metadata *metadata, struct str aaguid);
/* Whether FIDO says of the model that its keys or its users can't be relied on. */
bool metadata_is_compromised(const struct metadata *metadata, struct str aaguid);

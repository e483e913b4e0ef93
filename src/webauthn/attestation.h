/* Attestation statements: what the maker of an authenticator says of it, in one of several formats.
 *
 * A format is a row of a table and a file of its own.  It checks that the statement is one, and that it signs this
 * authenticator data and this client data; whom to trust is for trust.h.
 *
 * Owns     nothing: views of the bytes that came; lists lie in the caller's arena.
 * Threads  any: pure.
 * Sources  WebAuthn Level 3 6.5 (attestation), 6.5.4 (the object), 8 (formats).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "crypto/certificate.h"
#include "webauthn/authenticator_data.h"
#include "webauthn/cbor.h"
#include "webauthn/cose.h"

/* WebAuthn Level 3 6.5.3.  Basic and AttCA can't be told apart without knowledge from outside, so they are one here. */
enum attestation_type { ATTESTATION_NONE, ATTESTATION_SELF, ATTESTATION_BASIC, ATTESTATION_ATTCA, ATTESTATION_ANONCA };

const char *attestation_type_word(enum attestation_type type); /* "none", "self", "basic", "attca", "anonca" */

struct attestation_object {
    struct str format;
    struct str authenticator_data;
    struct cbor statement; /* a map */
};

/* Other members are passed over: nothing signs them.  Ends: ERR_INVALID. */
FALLIBLE attestation_object_read(struct str bytes, struct attestation_object *out);

/* What a statement is about. */
struct attested {
    struct arena *mem;
    struct str bytes;                      /* of the authenticator data */
    const struct authenticator_data *data; /* the same, read; with a credential */
    const struct cose_key *key;            /* the credential's */
    struct digest client_data_hash;
};

struct attestation {
    enum attestation_type type;
    struct strs trust_path; /* certificates in DER, the leaf first; none for NONE and SELF */
    bool incomplete;        /* the leaf leaves out what its format demands: it leads to no anchor, whoever signed it */
};

struct attestation_format {
    const char *name;      /* WebAuthn Level 3 8: compared byte by byte */
    bool model_is_hearsay; /* nothing signs the AAGUID */
    FALLIBLE (*verify)(const struct attested *about, const struct cbor *statement, struct attestation *out);
};

/* NULL: none of ours. */
const struct attestation_format *attestation_format_find(struct str name);

/* ---- for the formats ---- */

/* The authenticator data and behind them the hash of the client data: what is signed in most formats. */
struct str attested_message(const struct attested *about);

/* x5c: 1 to CERTIFICATE_CHAIN_MAX byte strings, none empty.  Ends: ERR_INVALID. */
FALLIBLE statement_chain(const struct attested *about, const struct cbor *statement, struct strs *out);
/* Ends: ERR_INVALID. */
FALLIBLE statement_bytes(const struct cbor *statement, struct str name, struct str *out);
/* alg, one of those of cose.h, but not with SHA-1.  Ends: ERR_INVALID. */
FALLIBLE statement_algorithm(const struct cbor *statement, enum foreign_algorithm *out);
/* Members, all of them known to the format.  Ends: ERR_INVALID. */
FALLIBLE statement_members(const struct cbor *statement, size_t count);

/* The extension id-fido-gen-ce-aaguid, where there is one, names this authenticator (WebAuthn Level 3 8.2.1).
 * Ends: ERR_INVALID (critical, or not 16 bytes in an octet string), ERR_DENIED (another one). */
FALLIBLE attested_aaguid_matches(const struct attested *about, const struct certificate *certificate);
/* Whether a certificate speaks of the credential's key.  Ends: ERR_INVALID, ERR_DENIED. */
FALLIBLE attested_key_matches(const struct attested *about, const struct certificate *certificate);
/* A signature by the key of a certificate.  Ends: ERR_INVALID, ERR_DENIED, ERR_INTERNAL. */
FALLIBLE certificate_signed(const struct certificate *certificate, enum foreign_algorithm algorithm, struct str message,
                            struct str signature);

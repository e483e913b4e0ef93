/* The authenticator data: what the authenticator says of itself, of the user and of the credential.
 *
 *     offset  bytes
 *          0     32  SHA-256 of the RP ID
 *         32      1  flags
 *         33      4  signature counter
 *         37     16  AAGUID                     these four with the flag AT
 *         53      2  length of the credential id
 *         55         credential id
 *                    public key, CBOR
 *                    extensions, a CBOR map     with the flag ED
 *
 * Owns     nothing: views of the bytes that came.
 * Units    numbers are big-endian.
 * Threads  any: pure.
 * Sources  WebAuthn Level 3 6.1 (the layout), 6.5.1 (attested credential data).  Flags that are reserved are passed over.
 */
#pragma once
#include "base/err.h"
#include "crypto/digest.h"

#define AUTHENTICATOR_DATA_MAX 8192 /* bytes */
#define AAGUID_BYTES           16

#define FLAG_UP 0x01U /* user present */
#define FLAG_UV 0x04U /* user verified */
#define FLAG_BE 0x08U /* backup eligible */
#define FLAG_BS 0x10U /* backed up */
#define FLAG_AT 0x40U /* attested credential data follow */
#define FLAG_ED 0x80U /* extensions follow */

struct authenticator_data {
    struct digest rp_id_hash;
    uint8_t flags;
    uint32_t sign_count;
    struct str aaguid;        /* AAGUID_BYTES; absent, like the next two, without FLAG_AT */
    struct str credential_id; /* its length is for the caller to judge */
    struct str public_key;    /* one item of strict CBOR */
    struct str extensions;    /* a strict CBOR map; absent without FLAG_ED */
};

/* Ends: ERR_INVALID (cut off, bytes behind the end, no strict CBOR). */
FALLIBLE authenticator_data_read(struct str bytes, struct authenticator_data *out);

/* The structures of a TPM that an attestation brings, read from their bytes.
 *
 * Owns     nothing: views of the bytes that came.
 * Units    numbers are big-endian.
 * Threads  any: pure.
 * Sources  TPM 2.0 Library, Part 2: 6.3 (algorithms), 6.4 (curves), 10.4.2 (TPM2B), 10.12.12 (TPMS_ATTEST), 10.12.3
 *          (TPMS_CERTIFY_INFO), 12.2.3 (parameters), 12.2.4 (TPMT_PUBLIC); Part 1: 16 (names).
 */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "crypto/foreign_key.h"

#define TPM_STRUCTURE_MAX 1024 /* bytes of either; a key of RSA with 4096 bits has some 550 */

/* TPMT_PUBLIC of an RSA or ECC key. */
struct tpm_public {
    enum foreign_hash name_hash;
    bool rsa;
    struct str n;             /* RSA */
    uint32_t exponent;        /* RSA */
    enum foreign_curve curve; /* ECC */
    struct str x, y;          /* ECC; perhaps shorter than the field */
};

/* TPMS_ATTEST of a key that was certified. */
struct tpm_certified {
    struct str extra_data;
    struct str name; /* two bytes of the algorithm, and the hash */
};

/* Ends: ERR_INVALID (cut off, something behind, another kind of key, a hash or a curve that is not taken). */
FALLIBLE tpm_public_read(struct str bytes, struct tpm_public *out);
/* Ends: ERR_INVALID (the same; not made by a TPM, or nothing that certifies a key). */
FALLIBLE tpm_certified_read(struct str bytes, struct tpm_certified *out);
/* Whether a name is that of this public area.  bytes: those that it was read from. */
bool tpm_name_matches(struct str name, const struct tpm_public *area, struct str bytes);

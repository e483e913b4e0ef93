/* ECDSA signatures of P-256 between their two forms: R || S of JOSE, and the DER of everyone else.  Of this room only;
 * others call signature_from_der.
 *
 * Threads  any: the functions are pure.
 * Sources  RFC 3279 2.2.3 (Ecdsa-Sig-Value), X.690 8.3.2 (the shortest integer), 10.1 (the shortest length);
 *          FIPS 186-5 6.4.2 (R and S lie in [1, n-1]), SEC 2 2.4.2 (n).
 */
#pragma once
#include "base/str.h"
#include "crypto/signature.h"

#define DER_SIGNATURE_MAX 72 /* bytes: two integers of 33, three headers of 2 */

/* Both R and S in [1, n-1]. */
bool der_in_range(const struct signature *signature);
/* Bytes written.  The signature must be in range. */
size_t der_write(const struct signature *signature, uint8_t out[static DER_SIGNATURE_MAX]);
/* false: not the one DER form of two integers in range. */
bool der_read(struct str der, struct signature *out);

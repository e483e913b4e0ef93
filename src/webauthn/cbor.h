/* A strict pull parser for CBOR in the CTAP2 canonical form, and no more of CBOR than WebAuthn uses.
 *
 * Refused  lengths and numbers that are not in their shortest form, items without a definite length, tags, floats, undefined
 *          and other simple values, keys that are neither numbers nor text, keys that come twice, text that is not UTF-8,
 *          nesting over CBOR_DEPTH_MAX, maps of more than CBOR_PAIRS_MAX pairs, numbers past 63 bits.
 * Taken    keys in any order: browsers and old authenticators differ in it, and it changes nothing that is read.
 * Owns     nothing: items are views of the bytes that came.
 * Threads  any: the functions are pure.
 * Sources  RFC 8949 3 (the heads), CTAP 2.2 8 (the canonical form: "limited to at most four (4) levels of any combination of
 *          CBOR maps and/or CBOR arrays"), WebAuthn Level 3 2 (decoders "SHOULD reject" all else).
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

#define CBOR_DEPTH_MAX 4
#define CBOR_PAIRS_MAX 32 /* a COSE key has 5, an attestation statement 6 */

enum cbor_kind { CBOR_INT, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_BOOL, CBOR_NULL };

struct cbor {
    enum cbor_kind kind;
    int64_t number;   /* CBOR_INT; 0 or 1 of CBOR_BOOL */
    struct str bytes; /* CBOR_BYTES, CBOR_TEXT: the content; CBOR_ARRAY, CBOR_MAP: what is inside, for cbor_take */
    size_t count;     /* CBOR_ARRAY: items; CBOR_MAP: pairs */
};

/* Take one item, with all that is inside of it, off the front of *rest.  Both are untouched on failure.
 * Ends: ERR_INVALID. */
FALLIBLE cbor_take(struct str *rest, struct cbor *out);
/* One item and nothing behind it.  Ends: ERR_INVALID. */
FALLIBLE cbor_read(struct str bytes, struct cbor *out);

/* The value under a key.  false: no map, or no such key; the typed ones: or of another kind. */
bool cbor_get(const struct cbor *map, struct str name, struct cbor *out);
bool cbor_get_label(const struct cbor *map, int64_t label, struct cbor *out);
bool cbor_get_kind(const struct cbor *map, struct str name, enum cbor_kind kind, struct cbor *out);

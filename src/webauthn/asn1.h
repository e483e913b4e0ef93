/* As much of DER as the extension of Android's certificates needs: one item after the other.
 *
 * Owns     nothing: views of the bytes that came.
 * Threads  any: pure.
 * Source   X.690 8.1.2 (tags, those over 30 among them), 10.1 (the shortest length).
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum asn1_kind { ASN1_UNIVERSAL = 0, ASN1_CONTEXT = 2 };

#define ASN1_TAG_INTEGER      2U
#define ASN1_TAG_OCTET_STRING 4U
#define ASN1_TAG_ENUMERATED   10U
#define ASN1_TAG_SEQUENCE     16U
#define ASN1_TAG_SET          17U

struct asn1 {
    unsigned kind; /* X.690 8.1.2.2: the class */
    uint32_t tag;
    struct str content;
};

/* Take one item off the front of *rest.  Ends: ERR_INVALID. */
FALLIBLE asn1_take(struct str *rest, struct asn1 *out);
/* The same, and it has to be of a universal tag. */
FALLIBLE asn1_take_tag(struct str *rest, uint32_t tag, struct str *content);

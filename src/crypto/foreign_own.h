/* What the files of foreign keys share.  Of this room only.
 *
 * foreign_key.c   keys from numbers, signatures
 * certificate.c   keys from certificates, chains
 */
#pragma once
#include "crypto/foreign_key.h"
#include "crypto/key_own.h"

struct foreign_key {
    EVP_PKEY *is;
};

/* Takes over the key, which may be NULL.  Ends: ERR_INVALID (none that foreign_key.h speaks of). */
FALLIBLE foreign_key_adopt(EVP_PKEY *is, struct foreign_key **out);

/* What the files of signatures share.  Of this room only.
 *
 * signature.c   names of algorithms, sign, check
 * sign_key.c    private keys: made, read, written
 * check_key.c   public keys
 */
#pragma once
#include "crypto/signature.h"

#include <openssl/evp.h>

/* A key, and what the library would look up on each call: the hash, and a context that is ready.  None of it is changed
 * once made, so threads share it; each call works on a copy of the context. */
struct ready {
    EVP_PKEY *key;
    EVP_PKEY_CTX *begun; /* NULL for Ed25519, which libsodium does */
    EVP_MD *hash;        /* for all but Ed25519 */
};

struct sign_key {
    struct public_key open;
    struct ready with;
    uint8_t ed25519[64]; /* seed and public half; wiped */
};

struct check_key {
    struct public_key open;
    struct ready with;
};

void *key_record_new(size_t size);
FALLIBLE ready_make(struct ready *with, enum algorithm algorithm, int (*begin)(EVP_PKEY_CTX *));
void ready_drop(struct ready *with);

/* The end of a call into the library that went wrong; its list of errors is left empty. */
enum err key_library_failed(enum err end, const char *doing);

/* The library's own names for dropping, in the form that AUTO wants. */
static inline void context_drop(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static inline void pkey_drop(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

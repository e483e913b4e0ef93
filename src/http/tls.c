#include "http/tls.h"
#include "base/arena.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX 8

struct pair {
    struct pair *older;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned chain_len;
    gnutls_privkey_t key;
};

struct tls {
    char *cert_file, *key_file;
    _Atomic(struct pair *) newest;
};

/* The library's callback carries no argument of ours: one process serves with one certificate. */
static _Atomic(struct tls *) serving_;

static char *text_of(struct str s)
{
    char *copy = strndup(s.ptr, s.len);
    if (copy == NULL)
        die("out of memory");
    return copy;
}

static void pair_free(struct pair *p)
{
    for (unsigned i = 0; i < p->chain_len; i++)
        gnutls_pcert_deinit(&p->chain[i]);
    if (p->key != NULL)
        gnutls_privkey_deinit(p->key);
    free(p);
}

static enum err read_chain(const char *file, struct pair *p)
{
    gnutls_datum_t pem;
    int end = gnutls_load_file(file, &pem);
    if (end < 0)
        return fail(ERR_INVALID, "%s: %s", file, gnutls_strerror(end));
    p->chain_len = CHAIN_MAX;
    end = gnutls_pcert_list_import_x509_raw(p->chain, &p->chain_len, &pem, GNUTLS_X509_FMT_PEM, 0);
    gnutls_free(pem.data);
    if (end < 0) {
        p->chain_len = 0;
        return fail(ERR_INVALID, "%s: %s", file, gnutls_strerror(end));
    }
    return OK;
}

static enum err read_key(const char *file, struct pair *p)
{
    gnutls_datum_t pem;
    int end = gnutls_load_file(file, &pem);
    if (end >= 0) {
        end = gnutls_privkey_init(&p->key);
        if (end >= 0)
            end = gnutls_privkey_import_x509_raw(p->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
        gnutls_memset(pem.data, 0, pem.size);
        gnutls_free(pem.data);
    }
    return end < 0 ? fail(ERR_INVALID, "%s: %s", file, gnutls_strerror(end)) : OK;
}

/* The public key of the certificate must be the private key's own. */
static enum err check_match(const struct tls *tls, struct pair *p)
{
    unsigned char a[64], b[64];
    size_t a_len = sizeof a, b_len = sizeof b;
    gnutls_pubkey_t public;
    if (gnutls_pubkey_init(&public) < 0)
        die("out of memory");
    bool same = gnutls_pubkey_import_privkey(public, p->key, 0, 0) >= 0 &&
                gnutls_pubkey_get_key_id(public, 0, a, &a_len) >= 0 &&
                gnutls_pubkey_get_key_id(p->chain[0].pubkey, 0, b, &b_len) >= 0 && a_len == b_len &&
                memcmp(a, b, a_len) == 0;
    gnutls_pubkey_deinit(public);
    return same ? OK : fail(ERR_INVALID, "%s is not the key of %s", tls->key_file, tls->cert_file);
}

enum err tls_reload(struct tls *tls)
{
    struct pair *p = calloc(1, sizeof *p);
    if (p == NULL)
        die("out of memory");
    enum err end = read_chain(tls->cert_file, p);
    if (end == OK)
        end = read_key(tls->key_file, p);
    if (end == OK)
        end = check_match(tls, p);
    if (end != OK) {
        pair_free(p);
        return end;
    }
    p->older = atomic_load(&tls->newest);
    atomic_store(&tls->newest, p);
    return OK;
}

enum err tls_open(struct str cert_file, struct str key_file, struct tls **out)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        die("out of memory");
    tls->cert_file = text_of(cert_file);
    tls->key_file = text_of(key_file);
    enum err end = tls_reload(tls);
    if (end != OK) {
        tls_drop(&tls);
        return end;
    }
    *out = tls;
    return OK;
}

void tls_drop(struct tls **tls)
{
    if (*tls == NULL)
        return;
    struct pair *p = atomic_load(&(*tls)->newest);
    while (p != NULL) {
        struct pair *older = p->older;
        pair_free(p);
        p = older;
    }
    free((*tls)->cert_file);
    free((*tls)->key_file);
    free(*tls);
    *tls = NULL;
}

enum err tls_ends_at(const struct tls *tls, int64_t *at_s)
{
    gnutls_x509_crt_t cert = NULL;
    int end = gnutls_pcert_export_x509(&atomic_load(&tls->newest)->chain[0], &cert);
    if (end < 0)
        return fail(ERR_INVALID, "%s: %s", tls->cert_file, gnutls_strerror(end));
    *at_s = gnutls_x509_crt_get_expiration_time(cert);
    gnutls_x509_crt_deinit(cert);
    return OK;
}

const char *tls_gnutls_version(void)
{
    return gnutls_check_version(NULL);
}

void tls_serve_with(struct tls *tls)
{
    atomic_store(&serving_, tls);
}

static int give_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                            const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                            unsigned *chain_len, gnutls_privkey_t *key)
{
    struct pair *p = atomic_load(&atomic_load(&serving_)->newest);
    (void)session;
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    *chain = p->chain;
    *chain_len = p->chain_len;
    *key = p->key;
    return 0;
}

void *tls_callback(void)
{
    return (void *)give_certificate;
}

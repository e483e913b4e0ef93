#include "crypto/certificate.h"
#include "crypto/foreign_own.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define ANCHORS_MAX 4096
/* Level 1 of the library: RSA and DSA of 1024 bits, EC of 160, no MD5 and no SHA-1 in a signature that counts. */
#define SECURITY_LEVEL 1

struct certificate {
    X509 *is;
};

struct anchors {
    X509_STORE *store;
    size_t count;
};

static void object_drop(ASN1_OBJECT **object)
{
    ASN1_OBJECT_free(*object);
}

static void stack_drop(STACK_OF(X509) * *stack)
{
    sk_X509_pop_free(*stack, X509_free);
}

static void names_drop(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static void usages_drop(EXTENDED_KEY_USAGE **usages)
{
    EXTENDED_KEY_USAGE_free(*usages);
}

static void constraints_drop(BASIC_CONSTRAINTS **constraints)
{
    BASIC_CONSTRAINTS_free(*constraints);
}

static void walk_drop(X509_STORE_CTX **walk)
{
    X509_STORE_CTX_free(*walk);
}

static void x509_drop(X509 **certificate)
{
    X509_free(*certificate);
}

static void text_drop(BIO **text)
{
    BIO_free(*text);
}

/* ---- one certificate ---- */

void certificate_drop(struct certificate **certificate)
{
    if (*certificate != NULL)
        X509_free((*certificate)->is);
    free(*certificate);
    *certificate = NULL;
}

static FALLIBLE parse(struct str der, X509 **out)
{
    const uint8_t *at = (const uint8_t *)der.ptr;

    if (der.len == 0 || der.len > CERTIFICATE_MAX)
        return fail(ERR_INVALID, "a certificate of %zu bytes", der.len);
    AUTO(x509) X509 *is = d2i_X509(NULL, &at, (long)der.len);
    if (is == NULL || at != (const uint8_t *)der.ptr + der.len)
        return key_library_failed(ERR_INVALID, "no certificate");
    if ((X509_get_extension_flags(is) & EXFLAG_INVALID) != 0) /* one twice, or one that can't be read */
        return key_library_failed(ERR_INVALID, "a certificate with extensions that make no sense");
    ERR_clear_error();
    *out = is;
    is = NULL;
    return OK;
}

FALLIBLE certificate_read(struct str der, struct certificate **out)
{
    X509 *is = NULL;

    TRY(parse(der, &is));
    *out = key_record_new(sizeof **out);
    (*out)->is = is;
    return OK;
}

FALLIBLE certificate_key(const struct certificate *certificate, struct foreign_key **out)
{
    return foreign_key_adopt(X509_get_pubkey(certificate->is), out);
}

int certificate_version(const struct certificate *certificate)
{
    return (int)X509_get_version(certificate->is) + 1;
}

bool certificate_subject_empty(const struct certificate *certificate)
{
    return X509_NAME_entry_count(X509_get_subject_name(certificate->is)) == 0;
}

static struct str view(const ASN1_STRING *string)
{
    return (struct str){ (const char *)ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string) };
}

bool certificate_subject(const struct certificate *certificate, enum certificate_part part, struct str *out)
{
    static const int kinds[] = { [CERTIFICATE_COUNTRY] = NID_countryName,
                                 [CERTIFICATE_ORGANIZATION] = NID_organizationName,
                                 [CERTIFICATE_UNIT] = NID_organizationalUnitName,
                                 [CERTIFICATE_NAME] = NID_commonName };
    const X509_NAME *subject = X509_get_subject_name(certificate->is);
    const int at = X509_NAME_get_index_by_NID(subject, kinds[part], -1);

    if (at < 0 || X509_NAME_get_index_by_NID(subject, kinds[part], at) >= 0)
        return false;
    *out = view(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    return out->len > 0;
}

bool certificate_is_leaf(const struct certificate *certificate)
{
    int critical;
    AUTO(constraints)
    BASIC_CONSTRAINTS *found = X509_get_ext_d2i(certificate->is, NID_basic_constraints, &critical, NULL);
    return found != NULL && found->ca == 0;
}

bool certificate_extension(const struct certificate *certificate, const char *oid, struct str *value, bool *critical)
{
    AUTO(object) ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    const int at = object == NULL ? -1 : X509_get_ext_by_OBJ(certificate->is, object, -1);

    if (at < 0)
        return false;
    X509_EXTENSION *extension = X509_get_ext(certificate->is, at);
    *value = view(X509_EXTENSION_get_data(extension));
    *critical = X509_EXTENSION_get_critical(extension) == 1;
    return true;
}

bool certificate_usage(const struct certificate *certificate, const char *oid)
{
    int critical;
    AUTO(object) ASN1_OBJECT *want = OBJ_txt2obj(oid, 1);
    AUTO(usages) EXTENDED_KEY_USAGE *found = X509_get_ext_d2i(certificate->is, NID_ext_key_usage, &critical, NULL);

    for (int i = 0; want != NULL && found != NULL && i < sk_ASN1_OBJECT_num(found); i++)
        if (OBJ_cmp(sk_ASN1_OBJECT_value(found, i), want) == 0)
            return true;
    return false;
}

bool certificate_alternative(const struct certificate *certificate, const char *oid)
{
    int critical;
    AUTO(object) ASN1_OBJECT *want = OBJ_txt2obj(oid, 1);
    AUTO(names) GENERAL_NAMES *found = X509_get_ext_d2i(certificate->is, NID_subject_alt_name, &critical, NULL);

    for (int i = 0; want != NULL && found != NULL && i < sk_GENERAL_NAME_num(found); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(found, i);
        if (name->type == GEN_DIRNAME && X509_NAME_get_index_by_OBJ(name->d.directoryName, want, -1) >= 0)
            return true;
    }
    return false;
}

bool certificate_is_of_host(const struct certificate *certificate, struct str host)
{
    return X509_check_host(certificate->is, host.ptr, host.len, X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1;
}

/* ---- chains ---- */

struct anchors *anchors_new(void)
{
    struct anchors *anchors = key_record_new(sizeof *anchors);
    anchors->store = X509_STORE_new();
    if (anchors->store == NULL)
        die("out of memory");
    return anchors;
}

void anchors_drop(struct anchors **anchors)
{
    if (*anchors != NULL)
        X509_STORE_free((*anchors)->store);
    free(*anchors);
    *anchors = NULL;
}

size_t anchors_count(const struct anchors *anchors)
{
    return anchors->count;
}

static FALLIBLE add(struct anchors *anchors, X509 *certificate)
{
    if (anchors->count == ANCHORS_MAX)
        return fail(ERR_INVALID, "over %d anchors", ANCHORS_MAX);
    if (X509_STORE_add_cert(anchors->store, certificate) != 1)
        return key_library_failed(ERR_INTERNAL, "add an anchor");
    anchors->count++;
    return OK;
}

FALLIBLE anchors_add(struct anchors *anchors, struct str der)
{
    AUTO(x509) X509 *certificate = NULL;
    TRY(parse(der, &certificate));
    return add(anchors, certificate);
}

FALLIBLE anchors_add_pem(struct anchors *anchors, struct str pem)
{
    AUTO(text) BIO *text = BIO_new_mem_buf(pem.ptr, (int)(pem.len > INT32_MAX ? 0 : pem.len));
    size_t count = 0;

    for (;; count++) {
        AUTO(x509) X509 *certificate = text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);
        if (certificate == NULL)
            break;
        TRY(add(anchors, certificate));
    }
    const unsigned long last = ERR_peek_last_error();
    if (count == 0 || ERR_GET_REASON(last) != PEM_R_NO_START_LINE) /* how the library says that there are no more */
        return key_library_failed(ERR_INVALID, "no certificates in PEM");
    ERR_clear_error();
    return OK;
}

static FALLIBLE parse_chain(struct strs chain, STACK_OF(X509) * stack)
{
    if (chain.count == 0 || chain.count > CERTIFICATE_CHAIN_MAX)
        return fail(ERR_INVALID, "a chain of %zu certificates", chain.count);
    for (size_t i = 0; i < chain.count; i++) {
        X509 *certificate = NULL;
        TRY(parse(chain.items[i], &certificate));
        if (sk_X509_push(stack, certificate) == 0)
            die("out of memory");
    }
    return OK;
}

/* How a walk ends: X509_V_OK, or why not.  alone: a list of the one anchor that counts; NULL: all of the store.
 * WebAuthn Level 3 7.1: the attestation certificate and the root "may be the same", hence partial chains. */
static int walk_chain(X509_STORE *store, STACK_OF(X509) * alone, STACK_OF(X509) * chain, int64_t at_s)
{
    AUTO(walk) X509_STORE_CTX *walk = X509_STORE_CTX_new();

    if (walk == NULL || X509_STORE_CTX_init(walk, store, sk_X509_value(chain, 0), chain) != 1)
        die("out of memory");
    if (alone != NULL)
        X509_STORE_CTX_set0_trusted_stack(walk, alone);
    X509_VERIFY_PARAM *how = X509_STORE_CTX_get0_param(walk);
    X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(how, (time_t)at_s);
    X509_VERIFY_PARAM_set_depth(how, CERTIFICATE_CHAIN_MAX);
    X509_VERIFY_PARAM_set_auth_level(how, SECURITY_LEVEL);
    const bool good = X509_verify_cert(walk) == 1;
    const int end = X509_STORE_CTX_get_error(walk);
    ERR_clear_error();
    return good ? X509_V_OK : end != X509_V_OK ? end : X509_V_ERR_UNSPECIFIED;
}

/* By name: a walk for each of hundreds of anchors would be too much. */
static bool is_issuer(const X509 *anchor, STACK_OF(X509) * chain)
{
    for (int i = 0; i < sk_X509_num(chain); i++)
        if (X509_NAME_cmp(X509_get_issuer_name(sk_X509_value(chain, i)), X509_get_subject_name(anchor)) == 0)
            return true;
    return false;
}

/* The library goes by name and tries one of several anchors that share it; the right one may be another. */
static bool leads_to_another(X509_STORE *store, STACK_OF(X509) * chain, int64_t at_s)
{
    AUTO(stack) STACK_OF(X509) *all = X509_STORE_get1_all_certs(store);
    bool good = false;

    while (!good && sk_X509_num(all) > 0) {
        AUTO(stack) STACK_OF(X509) *alone = sk_X509_new_null();
        X509 *anchor = sk_X509_pop(all);
        if (alone == NULL || sk_X509_push(alone, anchor) == 0)
            die("out of memory");
        good = is_issuer(anchor, chain) && walk_chain(store, alone, chain, at_s) == X509_V_OK;
    }
    return good;
}

FALLIBLE anchors_check(const struct anchors *anchors, struct strs chain, int64_t at_s)
{
    AUTO(stack) STACK_OF(X509) *stack = sk_X509_new_null();

    if (stack == NULL)
        die("out of memory");
    TRY(parse_chain(chain, stack));
    const int end = walk_chain(anchors->store, NULL, stack, at_s);
    if (end == X509_V_OK)
        return OK;
    if (end == X509_V_ERR_CERT_SIGNATURE_FAILURE && leads_to_another(anchors->store, stack, at_s))
        return OK;
    return fail(ERR_DENIED, "a chain that leads to no anchor: %s", X509_verify_cert_error_string(end));
}

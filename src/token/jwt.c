#include "token/jwt.h"
#include "base/buf.h"
#include "base/field.h"
#include "base/why.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "json/read.h"
#include "json/write.h"
#include "token/jws.h"
#include "token/members.h"
#include "token/packed.h"
#include "token/seen.h"

#include <ctype.h>

#define TYP      "at+jwt"
#define TIME_MAX INT64_C(253402300799) /* the last second of the year 9999; refuses times in milliseconds */

static bool is_uuid(struct str value, struct fault *fault __attribute__((unused)))
{
    return uuid_ok(value);
}

/* The claims in the order in which they are written.  One table for both ways: what is not within its bounds is neither
 * signed nor taken. */
/* clang-format off */
#define CLAIM(wire, member, lo, hi)        { .name = (wire), .kind = FIELD_KIND(((struct jwt_claims *)0)->member),    \
                                             .offset = offsetof(struct jwt_claims, member), .min = (lo), .max = (hi) }
#define CLAIM_UUID(wire, member)           { .name = (wire), .kind = FIELD_STR, .check = is_uuid,                     \
                                             .offset = offsetof(struct jwt_claims, member), .min = 36, .max = 36 }
#define CLAIM_OPTIONAL(wire, member, hi)   { .name = (wire), .kind = FIELD_STR, .flags = FIELD_OPTIONAL,              \
                                             .offset = offsetof(struct jwt_claims, member), .min = 0, .max = (hi) }
static const struct field claims_table[] = {
    CLAIM("iss", issuer, 1, 512),
    CLAIM("aud", audience, 1, 512),
    CLAIM_UUID("sub", subject),
    CLAIM("iat", issued_at, 0, TIME_MAX),
    CLAIM("nbf", not_before, 0, TIME_MAX),
    CLAIM("exp", expires_at, 0, TIME_MAX),
    CLAIM("jti", token_id, 1, 64),
    CLAIM_UUID("sid", session),
    CLAIM("tv", token_version, 0, INT64_MAX),
    CLAIM("role", role, 0, 64),
    CLAIM("roles", roles, 0, MEMBER_LIST_MAX),
    CLAIM("scope", scope, 0, 1024),
    CLAIM("amr", amr, 0, MEMBER_LIST_MAX),
    CLAIM("acr", acr, 0, 64),
    CLAIM("auth_time", auth_time, 0, TIME_MAX),
    CLAIM_OPTIONAL("email", email, 512),
    CLAIM_OPTIONAL("name", name, 1024),
    FIELD_END
};

/* Of a client: what one has and the other has not keeps the two apart. */
static const struct field client_table[] = {
    CLAIM("iss", issuer, 1, 512),
    CLAIM("aud", audience, 1, 512),
    CLAIM("sub", subject, 1, 64),
    CLAIM("client_id", client_id, 1, 64),
    CLAIM("iat", issued_at, 0, TIME_MAX),
    CLAIM("nbf", not_before, 0, TIME_MAX),
    CLAIM("exp", expires_at, 0, TIME_MAX),
    CLAIM("jti", token_id, 1, 64),
    CLAIM("scope", scope, 0, 1024),
    FIELD_END
};
/* clang-format on */

#define JKT_LEN 43 /* characters of a SHA-256 in base64url */

/* RFC 9449 6.1: {"cnf":{"jkt":"..."}} stands behind the others. */
static void write_claims(struct buf *out, const struct field *table, const struct jwt_claims *claims)
{
    json_write(out, table, claims);
    if (claims->jkt.ptr == NULL)
        return;
    out->len--; /* the closing brace */
    buf_printf(out, ",\"cnf\":{\"jkt\":\"%.*s\"}}", STR_ARG(claims->jkt));
}

static bool within(const struct field *row, int64_t number)
{
    return number >= row->min && number <= row->max;
}

static bool str_within(const struct field *row, struct str value)
{
    if (value.ptr == NULL)
        return (row->flags & FIELD_OPTIONAL) != 0;
    return within(row, (int64_t)value.len) && (row->check == NULL || row->check(value, NULL));
}

/* The table has three kinds of rows. */
static bool claim_ok(const struct field *row, const void *at)
{
    if (row->kind == FIELD_STR)
        return str_within(row, *(const struct str *)at);
    if (row->kind == FIELD_STRS)
        return within(row, (int64_t)((const struct strs *)at)->count);
    return within(row, *(const int64_t *)at);
}

static bool jkt_ok(struct str jkt)
{
    for (size_t i = 0; i < jkt.len; i++)
        if (!isalnum((unsigned char)jkt.ptr[i]) && jkt.ptr[i] != '-' && jkt.ptr[i] != '_')
            return false;
    return jkt.len == JKT_LEN;
}

static FALLIBLE claims_ok(const struct field *table, const struct jwt_claims *claims)
{
    for (const struct field *row = table; row->name != NULL; row++)
        if (!claim_ok(row, (const char *)claims + row->offset))
            return fail(ERR_INVALID, "claim %s is missing or out of bounds", row->name);
    if (claims->jkt.ptr != NULL && !jkt_ok(claims->jkt))
        return fail(ERR_INVALID, "claim cnf is out of bounds");
    if (claims->issued_at > claims->expires_at)
        return fail(ERR_INVALID, "a token that ends before it was issued");
    if (table == client_table && !str_equal(claims->subject, claims->client_id))
        return fail(ERR_INVALID, "a client's token that speaks of somebody else");
    return OK;
}

static void add_part(struct buf *token, struct str bytes)
{
    buf_add(token, base64url_encode(token->mem, bytes));
}

static void add_header(struct buf *token, struct str typ, const struct key_hold *key)
{
    const struct str text = arena_printf(token->mem, "{\"alg\":\"%s\",\"typ\":\"%.*s\",\"kid\":\"%.*s\"}",
                                         algorithm_name(key->algorithm), STR_ARG(typ), STR_ARG(key->kid));
    add_part(token, text);
}

static FALLIBLE draft(struct keyring *keys, const struct visit *v, struct str typ, struct str payload,
                      struct jwt_draft *out)
{
    AUTO(jwt_draft) struct jwt_draft fresh = { .text = buf_new(v->mem, payload.len * 4 / 3 + 768) };

    TRY(keyring_hold(keys, v->now_us, &fresh.key));
    add_header(&fresh.text, typ, &fresh.key);
    buf_add_char(&fresh.text, '.');
    add_part(&fresh.text, payload);
    *out = fresh;
    fresh.key = (struct key_hold){ 0 };
    return OK;
}

void jwt_draft_drop(struct jwt_draft *draft)
{
    key_hold_drop(&draft->key);
}

FALLIBLE jwt_draft_sign(struct jwt_draft *draft, struct str *out)
{
    struct signature signature;

    TRY(key_hold_sign(&draft->key, buf_str(&draft->text), &signature));
    buf_add_char(&draft->text, '.');
    add_part(&draft->text, (struct str){ (const char *)signature.is, signature.len });
    *out = buf_str(&draft->text);
    return OK;
}

FALLIBLE jwt_sign_payload(struct keyring *keys, const struct visit *v, struct str typ, struct str payload,
                          struct str *out)
{
    AUTO(jwt_draft) struct jwt_draft token = { 0 };

    TRY(draft(keys, v, typ, payload, &token));
    return jwt_draft_sign(&token, out);
}

/* As it will be when it is signed. */
static size_t length_of(const struct jwt_draft *draft)
{
    return draft->text.len + 1 + (key_hold_length(&draft->key) * 4 + 2) / 3;
}

FALLIBLE jwt_draft_make(struct keyring *keys, const struct visit *v, const struct jwt_claims *claims,
                        struct jwt_draft *out)
{
    const struct field *table = claims->client_id.ptr != NULL ? client_table : claims_table;
    struct buf text = buf_new(v->mem, 1024);
    AUTO(jwt_draft) struct jwt_draft fresh = { 0 };

    TRY(claims_ok(table, claims));
    write_claims(&text, table, claims);
    TRY(draft(keys, v, STR(TYP), buf_str(&text), &fresh));
    if (length_of(&fresh) > JWT_MAX)
        return fail(ERR_INVALID, "a token of %zu bytes", length_of(&fresh));
    *out = fresh;
    fresh.key = (struct key_hold){ 0 };
    return OK;
}

FALLIBLE jwt_sign(struct keyring *keys, const struct visit *v, const struct jwt_claims *claims, struct str *out)
{
    AUTO(jwt_draft) struct jwt_draft token = { 0 };

    TRY(jwt_draft_make(keys, v, claims, &token));
    return jwt_draft_sign(&token, out);
}

/* The caller is told no more than the reason; which check it was stands in the note, for the audit. */
static enum err invalid(const char *check)
{
    return refuse_with(WHY_TOKEN_INVALID, check);
}

static FALLIBLE check_signature(struct keyring *keys, const struct visit *v, const struct jws *jws,
                                const struct jws_header *header)
{
    enum algorithm known;
    struct signature signature;
    if (!algorithm_find(header->alg, &known))
        return invalid("alg");
    if (header->kid.len == 0 || header->kid.len > KID_MAX)
        return invalid("kid");
    if (jws_read_signature(v->mem, jws, &signature) != OK)
        return invalid("malformed");

    const enum err end = keyring_check(keys, v->now_us, header->kid, header->alg, jws->signed_text, &signature);
    if (end == OK || end == ERR_INTERNAL)
        return end;
    return invalid(end == ERR_MISSING    ? "kid"
                   : end == ERR_CONFLICT ? "alg"
                   : end == ERR_INVALID  ? "malformed"
                                         : "bad_sig");
}

static bool claim_read(const struct field *row, const struct member *member, void *at)
{
    if (member == NULL)
        return (row->flags & FIELD_OPTIONAL) != 0;
    if (row->kind == FIELD_STR && member->kind == MEMBER_STR)
        *(struct str *)at = member->text;
    else if (row->kind == FIELD_STRS && member->kind == MEMBER_STRS)
        *(struct strs *)at = member->list;
    else if (row->kind == FIELD_INT && member->kind == MEMBER_INT)
        *(int64_t *)at = member->number;
    else
        return false;
    return true;
}

/* A confirmation that we do not know would be passed over, and a bound token taken as an unbound one: so cnf is ours, or nothing. */
static bool confirmation_read(struct arena *mem, const struct members *members, struct jwt_claims *out)
{
    struct members cnf;
    if (members_find(members, STR("cnf")) == NULL)
        return true;
    return members_inner(mem, members, STR("cnf"), &cnf) == OK && cnf.count == 1 &&
           members_str(&cnf, STR("jkt"), &out->jkt);
}

static FALLIBLE read_claims(struct arena *mem, struct str payload, const struct field *table, struct jwt_claims *out)
{
    struct members members;
    struct str text;

    if (base64url_decode(mem, payload, &text) != OK || members_read(mem, text, &members) != OK)
        return invalid("malformed");
    for (const struct field *row = table; row->name != NULL; row++)
        if (!claim_read(row, members_find(&members, str_of(row->name)), (char *)out + row->offset))
            return invalid("claims");
    if (!confirmation_read(mem, &members, out))
        return invalid("claims");
    return claims_ok(table, out) == OK ? OK : invalid("claims");
}

struct read_token {
    struct str kid;
    struct jwt_claims claims;
};

static FALLIBLE check_times(const struct jwt_claims *claims, int64_t now_s)
{
    /* RFC 7519 4.1.4: "on or after which the JWT MUST NOT be accepted".  Our own clock made it: no leeway. */
    if (claims->expires_at <= now_s)
        return refuse_with(WHY_TOKEN_EXPIRED, "exp");
    if (claims->not_before > now_s + JWT_LEEWAY_S || claims->issued_at > now_s + JWT_LEEWAY_S)
        return invalid("nbf");
    return OK;
}

#define ENROLMENT "/enrolment"

struct str jwt_enrolment_audience(struct arena *mem, struct str issuer)
{
    return arena_printf(mem, "%.*s" ENROLMENT, STR_ARG(issuer));
}

static bool is_for_us(struct str audience, const struct jwt_expect *expect)
{
    if (expect->enrolment && str_starts(audience, expect->issuer) &&
        str_equal(str_slice(audience, expect->issuer.len, audience.len), STR(ENROLMENT)))
        return true;
    return str_equal(audience, expect->audience);
}

/* Form, signature and claims: what stays true of a text for as long as its key counts. */
static FALLIBLE read_token(struct keyring *keys, const struct visit *v, struct str token, const struct field *table,
                           struct read_token *out)
{
    struct jws jws;
    struct jws_header header;

    if (token.len > JWT_MAX || jws_split(token, &jws) != OK || jws_read_header(v->mem, &jws, &header) != OK)
        return invalid("malformed");
    TRY(check_signature(keys, v, &jws, &header));
    /* RFC 9068 4 names "application/at+jwt" beside it; every token that can pass is ours, and ours have the short form.
     */
    if (!str_equal(header.typ, STR(TYP)))
        return invalid("typ");
    out->kid = header.kid;
    return read_claims(v->mem, jws.payload, table, &out->claims);
}

/* Who it is from and for, and when: what is looked at each time. */
static FALLIBLE check_claims(const struct visit *v, const struct jwt_expect *expect, const struct jwt_claims *claims)
{
    if (!str_equal(claims->issuer, expect->issuer))
        return invalid("iss");
    if (!is_for_us(claims->audience, expect))
        return invalid("aud");
    return check_times(claims, visit_now_s(v));
}

/* A client's own token is kept as one, and never taken for an account's. */
static struct str kind_of(const struct field *table)
{
    return table == client_table ? STR("client") : STR("account");
}

static void remember(struct seen *seen, const struct short_digest *digest, struct arena *mem, const struct field *table,
                     const struct read_token *token)
{
    struct buf out = buf_new(mem, 1024);

    packed_add_str(&out, kind_of(table));
    packed_add_str(&out, token->kid);
    packed_add_str(&out, token->claims.jkt);
    packed_add(&out, table, &token->claims);
    seen_add(seen, digest, buf_str(&out));
}

static bool recall(struct keyring *keys, const struct visit *v, const struct short_digest *digest,
                   const struct field *table, struct jwt_claims *out)
{
    struct str rest;

    if (!seen_find(keyring_seen(keys), digest, v->mem, &rest) || !str_equal(packed_take_str(&rest), kind_of(table)) ||
        !keyring_knows(keys, v->now_us, packed_take_str(&rest)))
        return false;
    out->jkt = packed_take_str(&rest);
    packed_take(&rest, v->mem, table, out);
    return true;
}

static FALLIBLE check(struct keyring *keys, const struct visit *v, struct str token, const struct jwt_expect *expect,
                      const struct field *table, struct jwt_claims *out)
{
    const struct short_digest digest = seen_digest(keyring_seen(keys), str_slice(token, 0, JWT_MAX + 1));
    struct read_token read = { 0 };
    const bool known = recall(keys, v, &digest, table, &read.claims);

    if (!known)
        TRY(read_token(keys, v, token, table, &read));
    TRY(check_claims(v, expect, &read.claims));
    if (!known)
        remember(keyring_seen(keys), &digest, v->mem, table, &read);
    *out = read.claims;
    return OK;
}

FALLIBLE jwt_check(struct keyring *keys, const struct visit *v, struct str token, const struct jwt_expect *expect,
                   struct jwt_claims *out)
{
    return check(keys, v, token, expect, claims_table, out);
}

FALLIBLE jwt_check_client(struct keyring *keys, const struct visit *v, struct str token,
                          const struct jwt_expect *expect, struct jwt_claims *out)
{
    return check(keys, v, token, expect, client_table, out);
}

static FALLIBLE decode_part(struct arena *mem, struct str part, struct str *out)
{
    struct json *tree = NULL;
    TRY(base64url_decode(mem, part, out));
    TRY(json_tree(*out, &tree)); /* what is shown on a terminal is at least JSON */
    json_tree_drop(&tree);
    return OK;
}

FALLIBLE jwt_decode(struct arena *mem, struct str token, struct str *header, struct str *payload)
{
    struct jws jws;
    struct str first, second;

    TRY(jws_split(token, &jws));
    TRY(decode_part(mem, jws.header, &first));
    TRY(decode_part(mem, jws.payload, &second));
    *header = first;
    *payload = second;
    return OK;
}

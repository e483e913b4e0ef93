#include "flow/passkey_ceremony.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "crypto/random.h"

static struct str drawn(const struct visit *v, size_t size)
{
    char *bytes = arena_take(v->mem, size);
    random_bytes(bytes, size);
    return (struct str){ bytes, size };
}

struct str passkey_new_handle(const struct visit *v)
{
    return base64url_encode(v->mem, drawn(v, USER_HANDLE_BYTES));
}

enum err passkey_begin(struct services *at, const struct visit *v, const struct ticket *bound, struct str more,
                       struct str *ceremony, struct str *challenge)
{
    struct ticket ticket = *bound;
    struct buf data = buf_new(v->mem, CHALLENGE_BYTES + more.len);
    const struct str fresh = drawn(v, CHALLENGE_BYTES);
    buf_add(&data, fresh);
    buf_add(&data, more);
    ticket.data = buf_str(&data);
    TRY(ticket_seal(&at->at->ticket_key, v, &ticket, ceremony));
    *challenge = base64url_encode(v->mem, fresh);
    return OK;
}

enum err passkey_take(struct services *at, const struct visit *v, enum ticket_purpose purpose, struct str ceremony,
                      struct passkey_taken *out, struct str *reason)
{
    struct passkey_taken taken = { 0 };
    const enum err end = ticket_open(&at->at->ticket_key, v, purpose, ceremony, &taken.ticket);
    *reason = end == ERR_EXPIRED ? STR("ceremony_expired") : STR("ceremony_unknown");
    if (end == ERR_EXPIRED || end == ERR_DENIED || taken.ticket.data.len < CHALLENGE_BYTES)
        return refuse(WHY_CEREMONY);
    TRY(end);
    const struct str data = taken.ticket.data;
    taken.challenge = base64url_encode(v->mem, str_slice(data, 0, CHALLENGE_BYTES));
    taken.more = str_slice(data, CHALLENGE_BYTES, data.len);
    *reason = (struct str){ 0 };
    *out = taken;
    return OK;
}

enum err passkey_check_owner(const struct caller *caller, const struct ticket *ticket, struct str *reason)
{
    if (ticket->user_id == caller->user.id && ticket->token_version == caller->user.token_version &&
        str_equal(ticket->session_id, caller->session.id))
        return OK;
    *reason = STR("ceremony_foreign");
    return refuse(WHY_CEREMONY);
}

enum err passkey_spend(struct tx *tx, const struct passkey_taken *taken, struct str *reason)
{
    const enum err end = ticket_spend(tx, &taken->ticket);
    if (end != ERR_CONFLICT)
        return end;
    *reason = STR("ceremony_spent");
    return refuse(WHY_CEREMONY);
}

struct ceremony passkey_expect(const struct services *at, const struct passkey_taken *taken, bool need_verified)
{
    const struct relying_party *rp = at->at->rp;
    return (struct ceremony){
        .challenge = taken->challenge, .rp_id = rp->id, .origins = rp->origins, .need_user_verified = need_verified
    };
}

enum err passkey_judged(enum err end, enum step failed, enum why why, struct str *reason)
{
    if (end == OK || end == ERR_INTERNAL || end == ERR_BUSY)
        return end;
    *reason = str_of(step_word(failed));
    return refuse(why);
}

enum err passkey_refused(struct services *at, const struct visit *v, enum audit_kind kind, const struct audit_who *who,
                         struct str reason, enum err end)
{
    const struct note told = *note_get();
    TRY(audit_alone(at->at->store, v, kind, who, reason));
    note_put(&told);
    return end;
}

/* A credential id may be long, and its front names it among those of one account. */
struct str passkey_detail(const struct visit *v, const struct credential_row *row)
{
    return arena_printf(v->mem, "{\"factor\":\"webauthn\",\"credential\":\"%.*s\",\"aaguid\":\"%.*s\"}",
                        STR_ARG(str_slice(row->id, 0, 86)), STR_ARG(row->aaguid));
}

struct factor_shown passkey_factor(const struct visit *v, const struct credential_row *row, bool verified)
{
    const bool stays = !row->backup_eligible && row->trusted;
    return (struct factor_shown){ .factor = STR("webauthn"),
                                  .amr = row->backup_eligible ? STR("swk,user,mfa") : STR("hwk,user,mfa"),
                                  .acr = stays && verified ? STR("aal3") : STR("aal2-phr"),
                                  .name = row->name,
                                  .detail = passkey_detail(v, row) };
}

static struct passkey_parameter *parameters(const struct visit *v, const struct relying_party *rp)
{
    struct passkey_parameter *all = ARENA_ARRAY(v->mem, struct passkey_parameter, rp->algorithm_count);
    for (size_t i = 0; i < rp->algorithm_count; i++)
        all[i] = (struct passkey_parameter){ STR("public-key"), rp->algorithms[i] };
    return all;
}

/* 5.4.4: "preferred" takes a key that stores nothing, too; what must be able to sign in alone asks for more. */
void passkey_creation(const struct services *at, const struct visit *v, struct creation_options *out)
{
    const struct relying_party *rp = at->at->rp;
    out->rp = (struct passkey_rp){ rp->id, rp->name };
    out->algorithms = (struct list){ parameters(v, rp), rp->algorithm_count };
    out->timeout_ms = PASSKEY_TIMEOUT_MS;
    out->selection = (struct passkey_selection){ STR("preferred"), STR("preferred"), false };
    out->attestation = rp->attestation;
}

struct strs passkey_transports(const struct visit *v, const struct credential_row *row)
{
    struct str rest = row->transports;
    struct strs words = { ARENA_ARRAY(v->mem, struct str, RESPONSE_TRANSPORTS_MAX), 0 };
    while (words.count < RESPONSE_TRANSPORTS_MAX && rest.len > 0 && str_split(&rest, ',', &words.items[words.count]))
        words.count++;
    return words;
}

struct list passkey_descriptors(const struct visit *v, const struct credential_row *rows, size_t count)
{
    struct passkey_descriptor *all = ARENA_ARRAY(v->mem, struct passkey_descriptor, count);
    for (size_t i = 0; i < count; i++)
        all[i] = (struct passkey_descriptor){ STR("public-key"), rows[i].id, passkey_transports(v, &rows[i]) };
    return (struct list){ all, count };
}

#include "flow/tokens.h"
#include "base/clock.h"
#include "crypto/random.h"

static struct strs words_of(const struct visit *v, struct str joined)
{
    struct strs words = { ARENA_ARRAY(v->mem, struct str, 8), 0 };
    while (words.count < 8 && joined.len > 0 && str_split(&joined, ',', &words.items[words.count]))
        words.count++;
    return words;
}

enum err tokens_issue(struct services *at, const struct visit *v, const struct user_row *user,
                      const struct session_row *session, struct str refresh_token, struct tokens *out)
{
    const struct config *config = at->at->config;
    char token_id[UUID_TEXT_MAX];
    int64_t now_s = visit_now_s(v);
    struct tokens fresh = {
        .message = STR("Login successful"),
        .token_type = STR("Bearer"),
        .expires_in = config->access_ttl_s,
        .refresh_token = refresh_token,
        .refresh_expires_in = (session->expires_at - v->now_us) / SECOND_US,
        .session_id = session->id,
        .user_id = user->public_id,
    };
    uuid7(v->now_us, token_id);
    struct jwt_claims claims = {
        .issuer = at->at->expect.issuer,
        .audience = at->at->expect.audience,
        .subject = user->public_id,
        .token_id = str_of(token_id),
        .session = session->id,
        .issued_at = now_s,
        .not_before = now_s,
        .expires_at = now_s + config->access_ttl_s,
        .auth_time = session->auth_time_s,
        .token_version = user->token_version,
        .role = roles_strongest(user->roles),
        .roles = roles_split(v->mem, user->roles),
        .amr = words_of(v, session->amr),
        .scope = roles_scope(v->mem, user->roles),
        .acr = session->acr,
        .email = user->email,
        .name = user->name,
    };
    TRY(jwt_sign(at->at->keys, v, &claims, &fresh.access_token));
    *out = fresh;
    return OK;
}

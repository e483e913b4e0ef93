#include "flow/recovery_codes.h"
#include "audit/audit.h"
#include "store/recovery_codes.h"

static void draw(struct services *at, const struct visit *v, struct str user, struct recovery_sheet *sheet,
                 struct digest digests[static RECOVERY_CODES])
{
    sheet->codes = (struct strs){ ARENA_ARRAY(v->mem, struct str, RECOVERY_CODES), RECOVERY_CODES };
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        struct recovery_code code = recovery_code_new();
        char text[RECOVERY_CODE_TEXT_MAX];
        recovery_code_text(&code, text);
        sheet->codes.items[i] = arena_copy(v->mem, str_of(text));
        digests[i] = recovery_code_digest(&at->at->recovery_key, user, &code);
        wipe(&code, sizeof code);
        wipe(text, sizeof text);
    }
}

enum err flow_recovery_codes_make(struct services *at, const struct visit *v, const struct caller *caller,
                                  struct recovery_sheet *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct recovery_sheet sheet = { .created_at = v->now_us };
    struct digest digests[RECOVERY_CODES];
    const struct audit_who who = { caller->user.public_id, caller->user.public_id, caller->session.id };
    TRY(access_recent(caller, visit_now_s(v), at->at->config->recent_signin_s));
    draw(at, v, caller->user.public_id, &sheet, digests);
    TRY(store_begin(at->at->store, &tx));
    TRY(recovery_codes_put(tx, caller->user.id, digests, RECOVERY_CODES, v->now_us));
    TRY(audit_add(tx, v, AUDIT_MFA_ENROLLED, &who, (struct str){ 0 }, STR("{\"factor\":\"recovery_code\"}")));
    TRY(store_commit(&tx));
    *out = sheet;
    return OK;
}

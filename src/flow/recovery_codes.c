#include "flow/recovery_codes.h"
#include "flow/factor_change.h"
#include "store/recovery_codes.h"
#include "store/sessions.h"

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

/* Who has just confirmed an app goes on to the first codes with the token at hand, though it says less than its session is by now: nobody
 * has to know that a refresh would do. */
static enum err may_make(struct services *at, const struct visit *v, const struct caller *caller)
{
    struct caller now = *caller;
    bool found = false;
    const enum err end = factor_change_admit(at, v, caller, FACTOR_ADD, 1);
    if (end != ERR_UNAUTHENTICATED || caller->user.recovery_codes > 0)
        return end;
    const struct note told = *note_get();
    TRY(sessions_by_id(at->db, v->mem, caller->session.id, &now.session, &found));
    note_put(&told);
    return found ? factor_change_admit(at, v, &now, FACTOR_ADD, 1) : end;
}

enum err flow_recovery_codes_make(struct services *at, const struct visit *v, const struct caller *caller,
                                  struct recovery_sheet *out)
{
    AUTO(tx) struct tx *tx = NULL;
    struct recovery_sheet sheet = { .created_at = v->now_us };
    struct digest digests[RECOVERY_CODES];
    const struct factor_shown made = { .factor = STR("recovery_code") };
    TRY(may_make(at, v, caller));
    draw(at, v, caller->user.public_id, &sheet, digests);
    TRY(store_begin(at->at->store, &tx));
    TRY(recovery_codes_put(tx, caller->user.id, digests, RECOVERY_CODES, v->now_us));
    TRY(factor_changed(tx, v, caller, FACTOR_ADD, &made));
    TRY(store_commit(&tx));
    *out = sheet;
    return OK;
}

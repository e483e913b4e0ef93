#include "account/notice.h"
#include "crypto/random.h"

static const struct {
    const char *word;
    bool repeats;
} kinds[] = {
#define NOTICE_ROW(name, word, repeats) [name] = { word, repeats },
    NOTICE_LIST(NOTICE_ROW)
};

enum err notice_leave(struct tx *tx, const struct visit *v, int64_t user_id, enum notice_kind kind, struct str factor,
                      struct str about)
{
    char id[UUID_TEXT_MAX];
    uuid7(v->now_us, id);
    struct notice_row row = {
        .id = arena_copy(v->mem, str_of(id)),
        .user_id = user_id,
        .kind = str_of(kinds[kind].word),
        .factor = factor,
        .about = about,
        .address = v->peer_text,
        .user_agent = v->user_agent,
        .created_at = v->now_us,
    };
    if (kinds[kind].repeats)
        TRY(notices_forget_kind(tx, user_id, row.kind));
    TRY(notices_add(tx, &row));
    return notices_trim(tx, user_id, NOTICES_KEPT);
}

#include "audit/audit.h"

struct audit_kind_row {
    const char *event, *severity;
};

#define AUDIT_ROW(name, event, severity) [name] = { event, severity },
static const struct audit_kind_row kinds[] = { AUDIT_LIST(AUDIT_ROW) };

enum err audit_add(struct tx *tx, const struct visit *v, enum audit_kind kind, const struct audit_who *who,
                   struct str reason, struct str detail)
{
    struct audit_row row = {
        .at = v->now_us,
        .event = str_of(kinds[kind].event),
        .severity = str_of(kinds[kind].severity),
        .outcome = reason.len == 0 ? STR("success") : STR("failure"),
        .reason = reason.len == 0 ? (struct str){ 0 } : reason,
        .actor = who->actor,
        .target = who->target,
        .session = who->session,
        .address = v->peer_text,
        .user_agent = v->user_agent,
        .method = v->method,
        .route = v->route,
        .request_id = v->request_id,
        .detail = detail,
    };
    return audit_rows_add(tx, &row);
}

enum err audit_alone(struct store *store, const struct visit *v, enum audit_kind kind, const struct audit_who *who,
                     struct str reason)
{
    AUTO(tx) struct tx *tx = NULL;
    TRY(store_gather(store, &tx));
    TRY(audit_add(tx, v, kind, who, reason, (struct str){ 0 }));
    return store_commit(&tx);
}

bool audit_event_known(struct str event)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_equal(event, str_of(kinds[i].event)))
            return true;
    return false;
}

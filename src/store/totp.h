/* Table `totp`; its owner room is factor/. */
#pragma once
#include "store/rows.h"
#include "store/store.h"

FALLIBLE totp_of_user(struct db *db, struct arena *mem, int64_t user_id, struct totp_row *out, bool *found);

/* Keep the sealed secret of one that is to be confirmed, in the place of any other; the confirmed one stays what it is. */
FALLIBLE totp_offer(struct tx *tx, int64_t user_id, struct str pending, int64_t until);

struct totp_confirming {
    int64_t user_id;
    struct str pending; /* that was shown */
    struct str secret;  /* the same, sealed for its new column */
    int64_t step;       /* whose code confirmed it, and is spent by that */
    int64_t now_us;
};
/* Put it in the place of the confirmed one, and enable it.  confirmed is false, and nothing is changed, when another was offered meanwhile. */
FALLIBLE totp_confirm(struct tx *tx, const struct totp_confirming *by, bool *confirmed);

/* Count a try, as a failure until totp_spend.  allowed is false, and nothing is changed, when there is none, or it is disabled.
 * The row is held until the transaction ends. */
FALLIBLE totp_try(struct tx *tx, int64_t user_id, bool *allowed);

struct totp_spending {
    int64_t user_id;
    struct str secret; /* sealed: that the code was checked with */
    int64_t step;
    int64_t now_us;
};
/* One statement.  spent is false, and nothing is changed, when this step or a later one was spent before, or the secret is another. */
FALLIBLE totp_spend(struct tx *tx, const struct totp_spending *by, bool *spent);

/* What is sealed for an account. */
struct totp_boxes {
    int64_t user_id;
    struct str public_id; /* of the account */
    struct str secret, pending;
};
/* The next thousand at most, by user_id; after: 0, or the last one that came. */
FALLIBLE totp_boxes_after(struct db *db, struct arena *mem, int64_t after, struct totp_boxes **rows, size_t *count);
FALLIBLE totp_reseal(struct tx *tx, const struct totp_boxes *boxes);

/* removed: false when there was none, confirmed or not. */
FALLIBLE totp_remove(struct tx *tx, int64_t user_id, bool *removed);

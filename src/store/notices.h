/* Table `notices`; its owner room is account/. */
#pragma once
#include "store/rows.h"
#include "store/store.h"

FALLIBLE notices_add(struct tx *tx, const struct notice_row *row);
/* Remove what one of this kind has said before. */
FALLIBLE notices_forget_kind(struct tx *tx, int64_t user_id, struct str kind);
/* Remove all but the newest. */
FALLIBLE notices_trim(struct tx *tx, int64_t user_id, int64_t keep);
/* The newest first. */
FALLIBLE notices_of_user(struct db *db, struct arena *mem, int64_t user_id, struct notice_row **rows, size_t *count);
FALLIBLE notices_count(struct db *db, int64_t user_id, int64_t *count);
/* Of this account alone; removed: whether it has one of this id. */
FALLIBLE notices_remove(struct tx *tx, int64_t user_id, struct str id, bool *removed);

#include "base/clock.h"
#include "base/file.h"
#include "flow/backup.h"
#include "flow/open.h"
#include "store/epoch.h"
#include "store/file.h"

#include <unistd.h>

/* "/srv/postern.db.before-restore-20261121T030805Z" */
static struct str name_kept(const struct visit *v, const char *place)
{
    char t[CLOCK_TEXT_MAX];
    clock_format(v->now_us, t);
    return arena_printf(v->mem, "%s.before-restore-%.4s%.2s%.2sT%.2s%.2s%.2sZ", place, t, t + 5, t + 8, t + 11, t + 14,
                        t + 17);
}

/* Past the mark that is there, and past what comes back.  A backup of before the epoch gets its first one, 1, from the
 * migration that makes it. */
static enum err raise_mark(const struct config *config, const struct visit *v, const struct backup *backup)
{
    struct mark mark = { 0 };
    bool found = false;
    TRY(mark_read(config->data_dir, v->mem, &mark, &found));
    int64_t comes = backup->epoch > EPOCH_FIRST ? backup->epoch : EPOCH_FIRST;
    mark.epoch = (comes > mark.epoch ? comes : mark.epoch) + 1;
    mark.seq = 0;
    mark.at = 0;
    return mark_keep(config->data_dir, &mark);
}

/* In the order of flow/epoch.h: on the disk, the mark, the name. */
static enum err put_in_place(const struct config *config, const struct visit *v, struct seizure *seizure,
                             const struct scratch *fresh, struct restored *out)
{
    if (fsync(fresh->fd) != 0)
        return fail(ERR_INTERNAL, "write %s: %m", fresh->path);
    TRY(seizure_take(seizure));
    TRY(raise_mark(config, v, &out->backup));
    return seizure_replace(seizure, fresh->path, out->kept.ptr);
}

enum err flow_restore(const struct config *config, const struct visit *v, const struct secret *key, struct str file,
                      bool discard, struct restored *out)
{
    AUTO(seizure) struct seizure *seizure = NULL;
    AUTO(scratch) struct scratch *fresh = NULL;
    struct store_options options = shared_store_options(config, false);
    struct restored got = { 0 };
    TRY(seizure_find(&options, &seizure));
    got.place = arena_copy(v->mem, str_of(seizure_path(seizure)));
    if (!discard && access(got.place.ptr, F_OK) == 0)
        got.kept = name_kept(v, got.place.ptr);
    TRY(scratch_open(arena_printf(v->mem, "%s.restore-unfinished", got.place.ptr).ptr, false, &fresh));
    TRY(backup_unseal(v, key, file, fresh, &got.backup));
    TRY(put_in_place(config, v, seizure, fresh, &got));
    *out = got;
    return OK;
}

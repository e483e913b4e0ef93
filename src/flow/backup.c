#include "flow/backup.h"
#include "audit/audit.h"
#include "base/file.h"
#include "flow/operator.h"
#include "store/epoch.h"
#include "store/file.h"
#include "store/migrate.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err refuse_taken(const char *file)
{
    return access(file, F_OK) == 0 ? fail(ERR_CONFLICT, "%s is there already; --force replaces it", file) : OK;
}

static enum err label_of(struct db *copy, const struct visit *v, struct seal_label *out)
{
    TRY(migrate_applied(copy, &out->schema));
    TRY(epoch_number(copy, &out->epoch));
    out->made_at = v->now_us;
    return OK;
}

/* The copy is plain, so its name is taken away as soon as it can be. */
static enum err take_copy(struct services *at, const struct visit *v, struct scratch *plain, struct seal_label *label)
{
    AUTO(db) struct db *copy = NULL;
    TRY(store_copy(at->db, plain->path, &copy));
    TRY(scratch_hide(plain));
    return label_of(copy, v, label);
}

static int64_t bytes_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_size : 0;
}

static enum err put_sealed(const struct visit *v, const struct secret *key, const struct seal_label *label, int plain,
                           const char *file, bool replace, int64_t *bytes)
{
    AUTO(scratch) struct scratch *sealed = NULL;
    TRY(scratch_open(arena_printf(v->mem, "%s.unfinished", file).ptr, false, &sealed));
    if (lseek(plain, 0, SEEK_SET) != 0)
        return fail(ERR_INTERNAL, "go back to the begin of the copy: %m");
    TRY(seal_write(key, label, plain, sealed->fd, file));
    *bytes = bytes_of(sealed->fd);
    return scratch_put(&sealed, file, replace);
}

/* The row is newer than the backup: whoever puts the backup back, in whatever way, puts it behind the mark.  A schema that
 * waits for its migrations has no place for either. */
static enum err tell(struct services *at, const struct visit *v)
{
    struct audit_who who = { .actor = OPERATOR };
    struct mark mark = { 0 };
    if (store_ready(at->db) != OK)
        return OK;
    TRY(audit_alone(at->at->store, v, AUDIT_BACKUP_MADE, &who, (struct str){ 0 }));
    TRY(epoch_read(at->db, &mark));
    return mark_keep(at->at->config->data_dir, &mark);
}

enum err flow_backup(struct services *at, const struct visit *v, const struct secret *key, struct str file,
                     bool replace, struct backup *out)
{
    AUTO(scratch) struct scratch *plain = NULL;
    const char *name = arena_cstr(v->mem, file);
    struct seal_label label = { 0 };
    int64_t bytes = 0;
    if (!replace)
        TRY(refuse_taken(name));
    TRY(scratch_open(arena_printf(v->mem, "%.*s/postern-backup.unfinished", STR_ARG(at->at->config->data_dir)).ptr,
                     false, &plain));
    TRY(take_copy(at, v, plain, &label));
    TRY(put_sealed(v, key, &label, plain->fd, name, replace, &bytes));
    *out = (struct backup){ file, bytes, label.schema, label.epoch, label.made_at };
    return tell(at, v);
}

/* Opened as any database of ours: what is wrong with it is found here, and not by the server. */
static enum err look_into(const struct visit *v, const char *path, struct backup *out)
{
    AUTO(store) struct store *store = NULL;
    AUTO(db) struct db *db = NULL;
    struct store_options options = { .url = arena_printf(v->mem, "sqlite:%s", path), .busy_ms = 1000 };
    TRY(store_open(&options, &store));
    TRY(db_open(store, &db));
    TRY(store_intact(db));
    TRY(migrate_known(db));
    TRY(migrate_applied(db, &out->schema));
    if (out->schema == 0)
        return fail(ERR_CONFLICT, "the backup holds no schema of Postern");
    return epoch_number(db, &out->epoch);
}

/* What a crash has left of an earlier check would be taken for the log of this one. */
static void clear_logs(const struct visit *v, const char *path)
{
    static const char *const endings[] = { "-wal", "-shm", "-journal" };
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        (void)unlink(arena_printf(v->mem, "%s%s", path, endings[i]).ptr);
}

enum err backup_unseal(const struct visit *v, const struct secret *key, struct str file, struct scratch *to,
                       struct backup *out)
{
    const char *name = arena_cstr(v->mem, file);
    AUTO(fd) int from = open(name, O_RDONLY | O_CLOEXEC);
    struct seal_label label = { 0 };
    struct backup backup = { .file = file };
    if (from < 0)
        return fail(ERR_INTERNAL, "open %s: %m", name);
    TRY(seal_read(key, from, to->fd, name, &label));
    clear_logs(v, to->path);
    TRY(look_into(v, to->path, &backup));
    backup.made_at = label.made_at;
    backup.bytes = bytes_of(from);
    *out = backup;
    return OK;
}

enum err flow_backup_verify(const struct config *config, const struct visit *v, const struct secret *key,
                            struct str file, struct backup *out)
{
    AUTO(scratch) struct scratch *plain = NULL;
    TRY(scratch_open(arena_printf(v->mem, "%.*s/postern-verify.unfinished", STR_ARG(config->data_dir)).ptr, false,
                     &plain));
    return backup_unseal(v, key, file, plain, out);
}

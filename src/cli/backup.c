#include "flow/backup.h"
#include "cli/command.h"
#include "cli/print.h"
#include "store/migrate.h"

#include <stdio.h>

/* clang-format off */
#define KEY_FILE { "key-file", "FILE", "the key that it is sealed with; read from this file, mode 0600" }

static const struct cli_option make_options[] = {
    KEY_FILE,
    { "force", NULL, "replace a file of that name" },
    { "new-key", "FILE", "make a key in this file, and nothing else" },
    { NULL }
};

static const struct cli_option verify_options[] = { KEY_FILE, { NULL } };

static const struct cli_option restore_options[] = {
    KEY_FILE,
    { "discard", NULL, "do not keep the database that is there now" },
    { NULL }
};
/* clang-format on */

#define BACKUP_JSON "print {\"file\",\"bytes\",\"schema\",\"epoch\",\"made_at\"}"

const struct manual backup_manual = {
    .options = make_options,
    .json = BACKUP_JSON,
    .about =
        "Writes all of an SQLite database, as it is at one moment, into one file that is encrypted and authenticated\n"
        "with a key of its own. The server goes on meanwhile. Make the key once, with --new-key, and keep it away "
        "from\n"
        "the data folder and from the backups: who has both reads every account, and without the key a backup is\n"
        "worth nothing. The signing keys in it are sealed with the master key, which is not: keep both.",
    .example = "  postern backup --new-key /etc/postern/backup.key\n"
               "  postern backup --key-file /etc/postern/backup.key /var/backups/postern-$(date +%F).backup",
    .ends = "  0 the backup is on the disk; 1 it failed, and FILE is as it was; 2 wrong usage",
};

const struct manual backup_verify_manual = {
    .options = verify_options,
    .json = BACKUP_JSON,
    .about =
        "Reads a backup to its end, opens the database in it and reads that through. Nothing is changed. While it\n"
        "runs, a plain copy lies in the data folder.",
    .example = "  postern backup verify --key-file /etc/postern/backup.key /var/backups/postern-2026-11-21.backup",
    .ends = "  0 it can be restored; 1 it can't, with the reason; 2 wrong usage",
};

const struct manual restore_manual = {
    .options = restore_options,
    .json = "print {\"file\",\"place\",\"kept\",\"schema\",\"newest\",\"epoch\",\"made_at\"}",
    .about =
        "Puts the database in a backup in the place of the one there is. Stop the server first. All of the backup is\n"
        "checked before anything changes; the old database stays beside, as NAME.before-restore-TIME. When the server\n"
        "starts again every session ends, and everybody signs in anew.",
    .example = "  postern restore --key-file /etc/postern/backup.key /var/backups/postern-2026-11-21.backup",
    .ends = "  0 restored; 1 refused or failed, with the reason: the database is as it was; 2 wrong usage",
};

static const struct field backup_fields[] = { VIEW(struct backup, file),         VIEW(struct backup, bytes),
                                              VIEW(struct backup, schema),       VIEW(struct backup, epoch),
                                              VIEW_TIME(struct backup, made_at), FIELD_END };

static enum err read_key(struct run *r, struct secret *key)
{
    struct str file = run_value(r, "key-file");
    if (file.len == 0)
        return run_usage(r, "needs --key-file FILE; postern backup --new-key FILE makes one");
    return seal_key_read(file.ptr, key);
}

static void print_backup(struct run *r, const char *what, const struct backup *b)
{
    struct arena *mem = r->visit.mem;
    if (r->json) {
        json_print(mem, backup_fields, b);
        return;
    }
    const struct pair pairs[] = { { what, b->file },
                                  { "bytes", text_int(mem, b->bytes) },
                                  { "made at", text_time(mem, b->made_at) },
                                  { "schema", text_int(mem, b->schema) },
                                  { "epoch", text_int(mem, b->epoch) } };
    pairs_print(mem, pairs, sizeof pairs / sizeof *pairs);
}

static enum err make_key(struct run *r)
{
    struct str file = run_value(r, "new-key");
    if (r->word_count > 0 || run_has(r, "key-file") || run_has(r, "force") || r->json)
        return run_usage(r, "--new-key makes a key and nothing else");
    TRY(seal_key_make(file.ptr));
    printf("a new key is in %.*s; keep a copy of it, and neither beside the backups\n", STR_ARG(file));
    return OK;
}

/* A schema that waits for its migrations is backed up too: that is the moment to do it. */
enum err backup_run(struct run *r)
{
    AUTO(secret) struct secret key = { 0 };
    struct backup backup = { 0 };
    run_setup(r);
    if (run_has(r, "new-key"))
        return make_key(r);
    if (r->word_count == 0)
        return run_usage(r, "needs FILE");
    TRY(read_key(r, &key));
    TRY(run_open_store(r));
    TRY(flow_backup(r->own, &r->visit, &key, r->words[0], run_has(r, "force"), &backup));
    print_backup(r, "backup", &backup);
    return OK;
}

enum err backup_verify(struct run *r)
{
    AUTO(secret) struct secret key = { 0 };
    struct backup backup = { 0 };
    run_setup(r);
    TRY(read_key(r, &key));
    TRY(flow_backup_verify(&r->config, &r->visit, &key, r->words[0], &backup));
    print_backup(r, "whole", &backup);
    return OK;
}

struct restore_line {
    struct str file, place, kept;
    int64_t schema, newest, epoch, made_at;
};
static const struct field restore_fields[] = {
    VIEW(struct restore_line, file),          VIEW(struct restore_line, place),
    VIEW_NULLABLE(struct restore_line, kept), VIEW(struct restore_line, schema),
    VIEW(struct restore_line, newest),        VIEW(struct restore_line, epoch),
    VIEW_TIME(struct restore_line, made_at),  FIELD_END
};

static void print_restored(struct run *r, const struct restored *got)
{
    struct arena *mem = r->visit.mem;
    const struct backup *b = &got->backup;
    struct restore_line line = { b->file, got->place, got->kept, b->schema, migrate_newest(), b->epoch, b->made_at };
    if (r->json) {
        json_print(mem, restore_fields, &line);
        return;
    }
    const struct pair pairs[] = { { "restored", got->place },
                                  { "state of", text_time(mem, b->made_at) },
                                  { "kept", got->kept } };
    pairs_print(mem, pairs, sizeof pairs / sizeof *pairs);
    if (b->schema < line.newest)
        printf("the schema is at %lld of %lld; postern serve and postern migrate up bring it up to date\n",
               (long long)b->schema, (long long)line.newest);
    puts("every session ends when postern serve starts; people sign in again");
}

enum err restore_run(struct run *r)
{
    AUTO(secret) struct secret key = { 0 };
    struct restored got = { 0 };
    run_setup(r);
    TRY(read_key(r, &key));
    TRY(flow_restore(&r->config, &r->visit, &key, r->words[0], run_has(r, "discard"), &got));
    print_restored(r, &got);
    return OK;
}

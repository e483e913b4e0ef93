#include "cli/doctor.h"
#include "flow/keys.h"
#include "store/migrate.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FREE_LEAST_MIB 256

static const char *folder_of(const struct examination *e)
{
    return arena_cstr(e->r->visit.mem, e->r->config.data_dir);
}

static void check_space(struct examination *e, const char *folder)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return;
    unsigned long long mib = (unsigned long long)disk.f_bavail * disk.f_frsize / 1024 / 1024;
    if (mib < FREE_LEAST_MIB)
        found(e, HEALTH_WARN, "folder", "%s: %llu MiB free; a full disk ends every sign-up", folder, mib);
}

void check_folder(struct examination *e)
{
    struct stat st;
    const char *folder = folder_of(e);
    if (stat(folder, &st) != 0)
        found(e, HEALTH_FAIL, "folder", "%s: %m; make it, or set POSTERN_DATA_DIR", folder);
    else if (!S_ISDIR(st.st_mode))
        found(e, HEALTH_FAIL, "folder", "%s is no folder", folder);
    else if (access(folder, R_OK | W_OK | X_OK) != 0)
        found(e, HEALTH_FAIL, "folder", "%s: user %u may not write there", folder, (unsigned)geteuid());
    else if ((st.st_mode & S_IWOTH) != 0)
        found(e, HEALTH_FAIL, "folder", "%s: everybody may write there (mode %04o); chmod 0700", folder,
              st.st_mode & 07777);
    else if ((st.st_mode & S_IWGRP) != 0)
        found(e, HEALTH_WARN, "folder", "%s: a group may write there (mode %04o)", folder, st.st_mode & 07777);
    else
        found(e, HEALTH_OK, "folder", "%s, mode %04o", folder, st.st_mode & 07777);
    check_space(e, folder);
}

/* "sqlite:/srv/postern.db"; a database that is no file has no mode. */
static void check_database_mode(struct examination *e)
{
    struct stat st;
    struct str place = store_place(e->r->shared.store), scheme = STR("sqlite:");
    if (!str_starts(place, scheme))
        return;
    const char *file = arena_cstr(e->r->visit.mem, str_slice(place, scheme.len, place.len));
    if (stat(file, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        found(e, HEALTH_WARN, "database", "%s: others may read it (mode %04o); chmod 0600", file, st.st_mode & 07777);
}

static void check_schema(struct examination *e)
{
    if (store_ready(e->r->own->db) == OK)
        found(e, HEALTH_OK, "schema", "%lld, the newest", (long long)migrate_newest());
    else
        found(e, HEALTH_FAIL, "schema", "%s", run_sentence());
}

void check_database(struct examination *e)
{
    struct run *r = e->r;
    enum err end = shared_open_store(&r->shared, false);
    if (end == ERR_MISSING) {
        found(e, HEALTH_WARN, "database", "%s; postern serve makes it", run_sentence());
        return;
    }
    if (end != OK || services_open(&r->shared, &r->own) != OK) {
        found(e, HEALTH_FAIL, "database", "%s", run_sentence());
        return;
    }
    check_database_mode(e);
    if (store_intact(r->own->db) == OK)
        found(e, HEALTH_OK, "database", "%.*s, read through without a fault", STR_ARG(store_place(r->shared.store)));
    else
        found(e, HEALTH_FAIL, "database", "%s", run_sentence());
    check_schema(e);
}

/* Each row is looked at as a server would; what it would unseal is not. */
static void look_at_keys(struct examination *e)
{
    struct run *r = e->r;
    struct signing_key_row *rows = NULL;
    size_t count = 0;
    if (flow_keys_look(&r->shared, &r->visit, r->own->db) != OK ||
        signing_keys_list(r->own->db, r->visit.mem, &rows, &count) != OK) {
        found(e, HEALTH_FAIL, "keys", "%s", run_sentence());
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (key_state(&rows[i], r->visit.now_us) == KEY_CURRENT) {
            found(e, HEALTH_OK, "keys", "%.*s signs, %.*s", STR_ARG(rows[i].kid), STR_ARG(rows[i].algorithm));
            return;
        }
    found(e, HEALTH_WARN, "keys", "there is no signing key yet; postern serve makes the first one");
}

/* The fingerprint in the database tells whether it is the one. */
static void check_master(struct examination *e)
{
    struct run *r = e->r;
    const enum err end = flow_master_fits(&r->shared, &r->visit, r->own->db);
    if (end == OK)
        found(e, HEALTH_OK, "master key", "is there, and the one of this database");
    else if (end == ERR_EXPIRED)
        found(e, HEALTH_WARN, "master key", "there is none yet; postern serve makes one in development");
    else
        found(e, HEALTH_FAIL, "master key", "%s", run_sentence());
}

void check_keys(struct examination *e)
{
    if (e->r->own == NULL || store_ready(e->r->own->db) != OK)
        return; /* told already */
    check_master(e);
    look_at_keys(e);
}

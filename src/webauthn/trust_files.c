#include "webauthn/trust_files.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>

static void folder_drop(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

/* A byte more than may be, to see that there is one. */
static FALLIBLE read_file(const char *path, size_t max, struct secret *out)
{
    TRY(file_read_secret(path, max + 1, false, out));
    return out->len <= max ? OK : fail(ERR_INVALID, "%s: over %zu bytes", path, max);
}

static FALLIBLE add_file(const char *folder, const char *name, struct anchors *anchors)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret pem = { 0 };
    const struct str path = arena_printf(mem, "%s/%s", folder, name);

    TRY(read_file(path.ptr, TRUST_FILE_MAX, &pem));
    if (anchors_add_pem(anchors, secret_view(&pem)) != OK)
        return fail(ERR_INVALID, "%s: no certificates in PEM", path.ptr);
    return OK;
}

FALLIBLE trust_files_add_folder(const char *path, struct anchors *anchors)
{
    AUTO(folder) DIR *folder = opendir(path);
    size_t count = 0;

    if (folder == NULL)
        return fail(errno == ENOENT ? ERR_MISSING : ERR_INTERNAL, "open the folder %s: %m", path);
    for (const struct dirent *file; (file = readdir(folder)) != NULL;) {
        if (!str_ends(str_of(file->d_name), STR(".pem")))
            continue;
        if (++count > TRUST_FILES_MAX)
            return fail(ERR_INVALID, "%s: over %d files", path, TRUST_FILES_MAX);
        TRY(add_file(path, file->d_name, anchors));
    }
    return count > 0 ? OK : fail(ERR_INVALID, "%s: no file that ends in .pem", path);
}

FALLIBLE trust_files_read_metadata(const char *path, const struct anchors *signers, int64_t now_s,
                                   struct metadata **out)
{
    AUTO(secret) struct secret blob = { 0 };
    TRY(read_file(path, METADATA_MAX, &blob));
    const enum err end = metadata_read(str_trim(secret_view(&blob)), signers, now_s, out);
    const struct note why = *note_get();
    return end == OK ? OK : fail(end, "%s: %.180s", path, why.text);
}

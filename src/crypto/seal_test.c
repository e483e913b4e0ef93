#include "support/test.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/file.h"
#include "crypto/random.h"
#include "crypto/seal.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define FULL         (SEAL_CHUNK + SEAL_MORE)

static const struct seal_label label = { 4, INT64_C(1795230000123456), 7 };

static void __attribute__((constructor)) setup(void)
{
    crypto_setup();
}

static int file_of(const void *bytes, size_t len)
{
    int fd = memfd_create("seal", MFD_CLOEXEC);

    CHECK(fd >= 0 && fd_write(fd, (struct str){ bytes, len }) && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static struct str all_of(struct arena *mem, int fd)
{
    off_t len = lseek(fd, 0, SEEK_END);
    char *bytes = arena_take(mem, (size_t)len + 1);

    CHECK(len >= 0 && lseek(fd, 0, SEEK_SET) == 0);
    CHECK_INT(len, fd_read(fd, bytes, (size_t)len));
    return (struct str){ bytes, (size_t)len };
}

static struct secret new_key(void)
{
    struct secret key = secret_new(SEAL_KEY_BYTES);

    random_bytes(key.ptr, key.len);
    return key;
}

static struct str noise(struct arena *mem, size_t len)
{
    char *bytes = arena_take(mem, len + 1);

    random_bytes(bytes, len);
    return (struct str){ bytes, len };
}

static struct str sealed(struct arena *mem, const struct secret *key, struct str plain)
{
    AUTO(fd) int from = file_of(plain.ptr, plain.len);
    AUTO(fd) int to = file_of("", 0);

    CHECK_OK(seal_write(key, &label, from, to, "a file"));
    return all_of(mem, to);
}

static enum err opened(const struct secret *key, struct str bytes, struct arena *mem, struct str *plain)
{
    AUTO(fd) int from = file_of(bytes.ptr, bytes.len);
    AUTO(fd) int to = file_of("", 0);
    struct seal_label got = { 0 };
    enum err end = seal_read(key, from, to, "a file", &got);

    CHECK_INT(end == OK ? label.schema : 0, got.schema);
    CHECK_INT(end == OK ? label.made_at : 0, got.made_at);
    CHECK_INT(end == OK ? label.epoch : 0, got.epoch);
    if (end == OK && plain != NULL)
        *plain = all_of(mem, to);
    return end;
}

static void check_refused(const struct secret *key, struct str bytes, enum err end, const char *says)
{
    CHECK_END(end, opened(key, bytes, NULL, NULL));
    if (strstr(note_get()->text, says) == NULL)
        FAIL_WITH("\"%s\" does not say \"%s\"", note_get()->text, says);
}

TEST(seal_read, gives_back_what_was_sealed_whatever_its_length)
{
    static const size_t lengths[] = { 0, 1, SEAL_CHUNK - 1, SEAL_CHUNK, SEAL_CHUNK + 1, 3 * SEAL_CHUNK, 200000 };
    AUTO(secret) struct secret key = new_key();

    for (size_t i = 0; i < COUNT(lengths); i++) {
        AUTO(arena) struct arena *mem = arena_new();
        struct str plain = noise(mem, lengths[i]), got = { NULL, 0 };
        struct str bytes = sealed(mem, &key, plain);
        CHECK_INT(SEAL_HEAD + (lengths[i] / SEAL_CHUNK + 1) * SEAL_MORE + lengths[i], bytes.len);
        CHECK_OK(opened(&key, bytes, mem, &got));
        CHECK_STR(plain, got);
    }
}

TEST(seal_read, refuses_every_other_bit)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = new_key();
    struct str bytes = sealed(mem, &key, STR("ada@example.com"));
    char *open = arena_take(mem, bytes.len);

    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        memcpy(open, bytes.ptr, bytes.len);
        open[bit / 8] = (char)(open[bit / 8] ^ 1 << bit % 8);
        enum err end = opened(&key, (struct str){ open, bytes.len }, NULL, NULL);
        CHECK(end == ERR_DENIED || (bit / 8 < 16 && end == ERR_INVALID));
    }
}

TEST(seal_read, refuses_a_file_that_is_cut_off_anywhere)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = new_key();
    struct str small = sealed(mem, &key, STR("ada@example.com")), large = sealed(mem, &key, noise(mem, 3 * SEAL_CHUNK));

    for (size_t len = 8; len < small.len; len++)
        check_refused(&key, str_slice(small, 0, len), ERR_DENIED, "cut off");
    for (size_t chunks = 0; chunks <= 3; chunks++) {
        check_refused(&key, str_slice(large, 0, SEAL_HEAD + chunks * FULL), ERR_DENIED, "cut off after");
        check_refused(&key, str_slice(large, 0, SEAL_HEAD + chunks * FULL + 1), ERR_DENIED, "does not match its seal");
        check_refused(&key, str_slice(large, 0, SEAL_HEAD + chunks * FULL - 1), ERR_DENIED, "cut off");
    }
}

/* Four chunks, the last of them empty; put together anew from the numbers of chunks. */
TEST(seal_read, refuses_chunks_in_any_other_order_or_number)
{
    static const int orders[][5] = { { 1, 0, 2, 3, -1 }, { 0, 2, 1, 3, -1 }, { 0, 1, 3, -1 },    { 1, 2, 3, -1 },
                                     { 0, 0, 2, 3, -1 }, { 3, -1 },          { 0, 1, 2, 2, -1 }, { 0, 3, -1 } };
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = new_key();
    struct str bytes = sealed(mem, &key, noise(mem, 3 * SEAL_CHUNK));

    for (size_t i = 0; i < COUNT(orders); i++) {
        char *other = arena_take(mem, bytes.len + FULL);
        size_t len = SEAL_HEAD;
        memcpy(other, bytes.ptr, SEAL_HEAD);
        for (const int *chunk = orders[i]; *chunk >= 0; chunk++) {
            struct str part =
                str_slice(bytes, SEAL_HEAD + (size_t)*chunk * FULL, SEAL_HEAD + ((size_t)*chunk + 1) * FULL);
            memcpy(other + len, part.ptr, part.len);
            len += part.len;
        }
        CHECK_END(ERR_DENIED, opened(&key, (struct str){ other, len }, NULL, NULL));
    }
}

TEST(seal_read, refuses_what_goes_on_after_its_end)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = new_key();
    struct str full = sealed(mem, &key, noise(mem, SEAL_CHUNK)), part = sealed(mem, &key, STR("ada"));
    char *longer = arena_take(mem, full.len + 1);

    /* A last chunk is never full, so one that is longer does not match, and there is no room behind it. */
    memcpy(longer, part.ptr, part.len);
    check_refused(&key, (struct str){ longer, part.len + 1 }, ERR_DENIED, "does not match its seal");
    memcpy(longer, full.ptr, full.len);
    check_refused(&key, (struct str){ longer, full.len + 1 }, ERR_DENIED, "does not match its seal");
}

TEST(seal_read, refuses_another_key_another_file_and_another_form)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = new_key();
    AUTO(secret) struct secret other = new_key();
    struct str bytes = sealed(mem, &key, STR("ada"));
    char *newer = arena_take(mem, bytes.len);

    memcpy(newer, bytes.ptr, bytes.len);
    newer[11] = 2;
    check_refused(&other, bytes, ERR_DENIED, "another key");
    check_refused(&key, STR(""), ERR_INVALID, "no backup");
    check_refused(&key, STR("PSTNSEA"), ERR_INVALID, "no backup");
    check_refused(
        &key, STR("SQLite format 3\0 and much more that is no sealed file at all, though it is long enough for one"),
        ERR_INVALID, "no backup");
    check_refused(&key, (struct str){ newer, bytes.len }, ERR_INVALID, "version 2");
}

TEST(seal_read, refuses_a_chunk_of_another_file_of_the_same_key)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret key = new_key();
    struct str one = sealed(mem, &key, STR("ada")), two = sealed(mem, &key, STR("eve"));
    char *mixed = arena_take(mem, one.len);

    memcpy(mixed, one.ptr, SEAL_HEAD);
    memcpy(mixed + SEAL_HEAD, two.ptr + SEAL_HEAD, two.len - SEAL_HEAD);
    check_refused(&key, (struct str){ mixed, one.len }, ERR_DENIED, "chunk 1 does not match");
}

/* ---- the key's file ---- */

static char folder[] = "/tmp/postern-seal-XXXXXX";

static void __attribute__((destructor)) clear(void)
{
    static const char *const names[] = { "one", "two", "letter", "open", "text" };
    char path[64];

    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static const char *key_path(const char *name)
{
    static char path[64];

    if (strstr(folder, "XXXXXX") != NULL)
        CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, 0600) == 0);
}

TEST(seal_key_make, makes_another_key_each_time_for_its_owner_alone)
{
    AUTO(secret) struct secret one = { 0 };
    AUTO(secret) struct secret two = { 0 };
    struct stat st;
    mode_t before = umask(0);

    CHECK_OK(seal_key_make(key_path("one")));
    umask(before);
    CHECK(stat(key_path("one"), &st) == 0 && (st.st_mode & 07777) == 0600);
    CHECK_OK(seal_key_read(key_path("one"), &one));
    CHECK_OK(seal_key_make(key_path("two")));
    CHECK_OK(seal_key_read(key_path("two"), &two));
    CHECK(one.len == SEAL_KEY_BYTES && !str_equal(secret_view(&one), secret_view(&two)));
}

TEST(seal_key_make, never_overwrites)
{
    AUTO(secret) struct secret key = { 0 };

    write_text(key_path("letter"), "not to be lost");
    CHECK_END(ERR_CONFLICT, seal_key_make(key_path("letter")));
    CHECK_END(ERR_INVALID, seal_key_read(key_path("letter"), &key));
    CHECK_END(ERR_INTERNAL, seal_key_make("/nowhere/at/all"));
}

TEST(seal_key_read, refuses_a_file_that_others_may_read_or_change)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0644 };
    AUTO(secret) struct secret key = { 0 };

    CHECK_OK(seal_key_make(key_path("open")));
    for (size_t i = 0; i < COUNT(modes); i++) {
        CHECK_INT(0, chmod(key_path("open"), modes[i]));
        CHECK_END(ERR_DENIED, seal_key_read(key_path("open"), &key));
        CHECK(strstr(note_get()->text, "chmod 0600") != NULL && key.ptr == NULL);
    }
    CHECK_INT(0, chmod(key_path("open"), 0400));
    CHECK_OK(seal_key_read(key_path("open"), &key));
}

TEST(seal_key_read, refuses_all_that_is_no_key)
{
    static const char *const texts[] = {
        "",
        "\n",
        "postern-seal-key-1:",
        "uH6vU-m-Fb-vgwhQYs7n_sJ3f0VYAznyRmxq06f0MBA\n",
        "postern-seal-key-1:uH6vU-m-Fb-vgwhQYs7n_sJ3f0VYAznyRmxq06f0MB\n",    /* 31 bytes and some */
        "postern-seal-key-1:uH6vU-m-Fb-vgwhQYs7n_sJ3f0VYAznyRmxq06f0MBAAA\n", /* 33 */
        "postern-seal-key-1:uH6vU-m-Fb-vgwhQYs7n_sJ3f0VYAznyRmxq06f0MBA=\n",
        "postern-seal-key-1:uH6vU-m-Fb-vgwhQYs7n_sJ3f0VYAznyRmxq06f0MBA\n\n",
        "postern-seal-key-2:uH6vU-m-Fb-vgwhQYs7n_sJ3f0VYAznyRmxq06f0MBA\n",
    };
    AUTO(secret) struct secret key = { 0 };

    for (size_t i = 0; i < COUNT(texts); i++) {
        write_text(key_path("text"), texts[i]);
        CHECK_END(ERR_INVALID, seal_key_read(key_path("text"), &key));
    }
    CHECK_END(ERR_MISSING, seal_key_read(key_path("nothing"), &key));
    CHECK_END(ERR_INVALID, seal_key_read("/dev/null", &key));
    CHECK(key.ptr == NULL);
}

RUN_TESTS(CASE(seal_read, gives_back_what_was_sealed_whatever_its_length), CASE(seal_read, refuses_every_other_bit),
          CASE(seal_read, refuses_a_file_that_is_cut_off_anywhere),
          CASE(seal_read, refuses_chunks_in_any_other_order_or_number),
          CASE(seal_read, refuses_what_goes_on_after_its_end),
          CASE(seal_read, refuses_another_key_another_file_and_another_form),
          CASE(seal_read, refuses_a_chunk_of_another_file_of_the_same_key),
          CASE(seal_key_make, makes_another_key_each_time_for_its_owner_alone), CASE(seal_key_make, never_overwrites),
          CASE(seal_key_read, refuses_a_file_that_others_may_read_or_change),
          CASE(seal_key_read, refuses_all_that_is_no_key))

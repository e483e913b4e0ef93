#include "crypto/seal.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"

#define VERSION   1
#define BOUND     56 /* bytes of the head that every chunk is bound to */
#define KEY_ID    16
#define KEY_ID_AT 40

_Static_assert(SEAL_KEY_BYTES == crypto_secretstream_xchacha20poly1305_KEYBYTES, "a key is one of the stream");
_Static_assert(SEAL_MORE == crypto_secretstream_xchacha20poly1305_ABYTES, "a chunk grows as the stream says");
_Static_assert(SEAL_HEAD == BOUND + crypto_secretstream_xchacha20poly1305_HEADERBYTES, "the head ends in the stream's");

static const char magic[8] = { 'P', 'S', 'T', 'N', 'S', 'E', 'A', 'L' };

/* One file in work: the stream and the two buffers, which hold plain bytes and are wiped. */
struct seal {
    crypto_secretstream_xchacha20poly1305_state stream;
    uint8_t head[SEAL_HEAD];
    uint8_t plain[SEAL_CHUNK];
    uint8_t sealed[SEAL_CHUNK + SEAL_MORE];
    uint64_t chunks; /* so far */
    const char *name;
};

static struct seal *seal_new(const char *name)
{
    struct seal *s = calloc(1, sizeof *s);

    if (s == NULL)
        die("out of memory");
    s->name = name;
    return s;
}

static void seal_drop(struct seal **s)
{
    wipe(*s, sizeof **s);
    free(*s);
}

static void number_put(uint8_t *at, size_t bytes, uint64_t number)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
}

static uint64_t number_at(const uint8_t *at, size_t bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    return number;
}

static void key_id(const struct secret *key, uint8_t out[static KEY_ID])
{
    static const uint8_t text[] = "postern: which key a file is sealed with";

    crypto_generichash(out, KEY_ID, text, sizeof text - 1, key->ptr, key->len);
}

static void head_fill(struct seal *s, const struct secret *key, const struct seal_label *label)
{
    memcpy(s->head, magic, sizeof magic);
    number_put(s->head + 8, 4, VERSION);
    number_put(s->head + 12, 4, SEAL_CHUNK);
    number_put(s->head + 16, 8, (uint64_t)label->schema);
    number_put(s->head + 24, 8, (uint64_t)label->made_at);
    number_put(s->head + 32, 8, (uint64_t)label->epoch);
    key_id(key, s->head + KEY_ID_AT);
    crypto_secretstream_xchacha20poly1305_init_push(&s->stream, s->head + BOUND, key->ptr);
}

static FALLIBLE write_out(const struct seal *s, int to, const uint8_t *bytes, size_t len)
{
    if (fd_write(to, (struct str){ (const char *)bytes, len }))
        return OK;
    return fail(ERR_INTERNAL, "write %s: %m", s->name);
}

static FALLIBLE chunk_write(struct seal *s, int to, size_t len, bool last)
{
    const uint8_t tag =
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;

    crypto_secretstream_xchacha20poly1305_push(&s->stream, s->sealed, NULL, s->plain, len, s->head, BOUND, tag);
    return write_out(s, to, s->sealed, len + SEAL_MORE);
}

/* A chunk that is not full is the last; so a file of full chunks ends in an empty one. */
FALLIBLE seal_write(const struct secret *key, const struct seal_label *label, int from, int to, const char *name)
{
    AUTO(seal) struct seal *s = seal_new(name);
    ssize_t got = SEAL_CHUNK;

    head_fill(s, key, label);
    TRY(write_out(s, to, s->head, sizeof s->head));
    while (got == SEAL_CHUNK) {
        got = fd_read(from, s->plain, SEAL_CHUNK);
        if (got < 0)
            return fail(ERR_INTERNAL, "read what goes into %s: %m", name);
        TRY(chunk_write(s, to, (size_t)got, got < SEAL_CHUNK));
    }
    return OK;
}

static FALLIBLE head_check(struct seal *s, const struct secret *key, size_t got)
{
    uint8_t id[KEY_ID];

    if (got < sizeof magic || memcmp(s->head, magic, sizeof magic) != 0)
        return fail(ERR_INVALID, "%s is no backup of Postern", s->name);
    if (got < sizeof s->head)
        return fail(ERR_DENIED, "%s is cut off within its head", s->name);
    if (number_at(s->head + 8, 4) != VERSION || number_at(s->head + 12, 4) != SEAL_CHUNK)
        return fail(ERR_INVALID, "%s has a form that this program does not know: version %llu instead of %d", s->name,
                    (unsigned long long)number_at(s->head + 8, 4), VERSION);
    key_id(key, id);
    if (sodium_memcmp(id, s->head + KEY_ID_AT, sizeof id) != 0)
        return fail(ERR_DENIED, "%s is sealed with another key than the one given", s->name);
    if (crypto_secretstream_xchacha20poly1305_init_pull(&s->stream, s->head + BOUND, key->ptr) != 0)
        return fail(ERR_DENIED, "%s has a head that no stream begins with", s->name);
    return OK;
}

static FALLIBLE head_read(struct seal *s, const struct secret *key, int from)
{
    const ssize_t got = fd_read(from, s->head, sizeof s->head);

    if (got < 0)
        return fail(ERR_INTERNAL, "read %s: %m", s->name);
    return head_check(s, key, (size_t)got);
}

static FALLIBLE chunk_check(struct seal *s, size_t len, bool *last)
{
    uint8_t tag = 0;

    if (len == 0)
        return fail(ERR_DENIED, "%s is cut off after %llu chunks", s->name, (unsigned long long)s->chunks);
    if (len < SEAL_MORE || crypto_secretstream_xchacha20poly1305_pull(&s->stream, s->plain, NULL, &tag, s->sealed, len,
                                                                      s->head, BOUND) != 0)
        return fail(ERR_DENIED, "%s is damaged, cut off or changed: chunk %llu does not match its seal", s->name,
                    (unsigned long long)s->chunks + 1);
    *last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    s->chunks++;
    return OK;
}

static FALLIBLE chunk_read(struct seal *s, int from, int to, bool *last)
{
    const ssize_t got = fd_read(from, s->sealed, sizeof s->sealed);

    if (got < 0)
        return fail(ERR_INTERNAL, "read %s: %m", s->name);
    TRY(chunk_check(s, (size_t)got, last));
    return to < 0 ? OK : write_out(s, to, s->plain, (size_t)got - SEAL_MORE);
}

static FALLIBLE end_check(struct seal *s, int from)
{
    const ssize_t got = fd_read(from, s->sealed, 1);

    if (got < 0)
        return fail(ERR_INTERNAL, "read %s: %m", s->name);
    return got == 0 ? OK : fail(ERR_DENIED, "%s goes on after its end", s->name);
}

FALLIBLE seal_read(const struct secret *key, int from, int to, const char *name, struct seal_label *label)
{
    AUTO(seal) struct seal *s = seal_new(name);
    bool last = false;

    TRY(head_read(s, key, from));
    while (!last)
        TRY(chunk_read(s, from, to, &last));
    TRY(end_check(s, from));
    *label = (struct seal_label){
        .schema = (int64_t)number_at(s->head + 16, 8),
        .made_at = (int64_t)number_at(s->head + 24, 8),
        .epoch = (int64_t)number_at(s->head + 32, 8),
    };
    return OK;
}

/* Runs a file of password hashes: one JSON line a vector on stdout, {"name":..,"accepted":..,"reason":..}. */
#include "password/hash.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>

int vectors_password(const char *file);

static struct str text_of(const json_t *vector, const char *name)
{
    const json_t *text = json_object_get(vector, name);
    return (struct str){ json_string_value(text), json_string_length(text) };
}

/* "passwordHex" wins over "password".  false when neither can be read. */
static bool password_of(const json_t *vector, struct secret *out)
{
    struct str hex = text_of(vector, "passwordHex"), plain = text_of(vector, "password");
    size_t len = 0;
    if (hex.ptr == NULL) {
        *out = secret_copy(plain);
        return plain.ptr != NULL;
    }
    *out = secret_new(hex.len / 2);
    return sodium_hex2bin(out->ptr, out->len, hex.ptr, hex.len, NULL, &len, NULL) == 0 && len == out->len;
}

/* A password that the scheme can't take whole (over 72 bytes, or with a NUL) is told apart: refusing it is our bound,
 * no mismatch. */
static const char *reason_of(struct str hash, const struct secret *password, enum err end)
{
    struct stored read = { 0 };
    switch (password_read(hash, &read)) {
    case PASSWORD_MALFORMED:
        return "malformed";
    case PASSWORD_UNSUPPORTED:
        return "unsupported";
    case PASSWORD_READ:
        break;
    }
    if (!password_whole(read.scheme, password))
        return "unsupported";
    return end == OK ? "match" : "mismatch";
}

static bool check_one(struct passwords *p, const json_t *vector)
{
    AUTO(secret) struct secret password = { 0 };
    struct str hash = text_of(vector, "hash"), name = text_of(vector, "name");
    if (hash.ptr == NULL || name.ptr == NULL || !password_of(vector, &password))
        return false;
    enum err end = password_verify(p, hash, &password);
    if (end != OK && end != ERR_DENIED)
        return false;
    json_t *line = json_pack("{s:s%, s:b, s:s}", "name", name.ptr, name.len, "accepted", end == OK, "reason",
                             reason_of(hash, &password, end));
    int failed = json_dumpf(line, stdout, JSON_COMPACT);
    json_decref(line);
    return failed == 0 && putchar('\n') != EOF;
}

static bool check_all(struct passwords *p, const json_t *vectors)
{
    size_t i = 0;
    json_t *vector = NULL;
    if (!json_is_array(vectors))
        return false;
    json_array_foreach(vectors, i, vector)
    {
        if (!check_one(p, vector)) {
            fprintf(stderr, "vector %zu can't be checked: %s\n", i, note_get()->text);
            return false;
        }
    }
    return true;
}

int vectors_password(const char *file)
{
    /* bcrypt of the least cost makes a cheap decoy for the many strings that can't be read; the region serves argon2.
     */
    const struct password_options options = { .scheme = PASSWORD_BCRYPT,
                                              .argon2_m_kib = 65536,
                                              .argon2_t = 3,
                                              .bcrypt_cost = 4,
                                              .max_chars = 100,
                                              .workers = 1 };
    AUTO(passwords) struct passwords *p = NULL;
    json_error_t error;
    json_t *vectors = json_load_file(file, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (vectors == NULL || passwords_open(&options, &p) != OK) {
        fprintf(stderr, "%s: %s\n", file, vectors == NULL ? error.text : note_get()->text);
        json_decref(vectors);
        return 1;
    }
    bool done = check_all(p, vectors);
    json_decref(vectors);
    return done ? 0 : 1;
}

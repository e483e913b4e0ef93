/* Hash, verify, needs_rehash.  A bench build has stub.c in the place of this file. */
#ifndef POSTERN_STUB_HASH

#include "password/passwords.h"
#include "password/scheme.h"

#include <string.h>

struct make_job {
    const struct password_options *options;
    const struct secret *password;
    char out[PASSWORD_HASH_MAX];
};

static enum err make_work(void *arg)
{
    struct make_job *job = arg;
    switch (job->options->scheme) {
    case PASSWORD_ARGON2ID:
        return argon2_make(job->options, job->password, job->out);
    case PASSWORD_BCRYPT:
        return bcrypt_make(job->options, job->password, job->out);
    }
    return ERR_INTERNAL;
}

/* A worker's sentence would stay in its own thread: the caller writes it. */
static enum err explain(enum err end)
{
    if (end == ERR_BUSY)
        return fail(end, "no memory for a password hash");
    if (end == ERR_INTERNAL)
        return fail(end, "the library did not compute a password hash");
    return end;
}

enum err password_hash(struct passwords *p, const struct secret *password, struct arena *mem, struct str *out)
{
    struct make_job job = { .options = &p->options, .password = password };
    TRY(explain(passwords_run(p, make_work, &job)));
    *out = arena_copy(mem, str_of(job.out));
    return OK;
}

struct verify_job {
    const struct scheme *scheme;
    const struct secret *password;
    char stored[PASSWORD_HASH_MAX];
};

static enum err verify_work(void *arg)
{
    const struct verify_job *job = arg;
    return job->scheme->check(job->stored, job->password);
}

/* A string that can't be read is answered by the work of the decoy, so that time does not tell it from a wrong
 * password. */
enum err password_verify(struct passwords *p, struct str stored, const struct secret *password)
{
    struct stored read = { 0 };
    bool known = password_read(stored, &read) == PASSWORD_READ;
    if (!known) {
        stored = password_decoy(p);
        if (password_read(stored, &read) != PASSWORD_READ)
            return fail(ERR_INTERNAL, "the decoy can't be read");
    }
    struct verify_job job = { .scheme = read.scheme, .password = password };
    memcpy(job.stored, stored.ptr, stored.len);
    enum err end = passwords_run(p, verify_work, &job);
    /* The work is done for these two as well, for the same reason; its result is not asked. */
    if (!known || !password_whole(read.scheme, password))
        return ERR_DENIED;
    return explain(end);
}

/* RFC 9106 4 recommends a salt of 128 bits and a tag of 256; we make these. */
#define ARGON2_SALT_BYTES 16
#define ARGON2_HASH_BYTES 32

static bool argon2_behind(const struct password_options *now, const struct stored *is)
{
    return strcmp(is->scheme->name, "argon2id") != 0 || is->m_kib != now->argon2_m_kib || is->passes != now->argon2_t ||
           is->lanes != 1 || is->salt_len < ARGON2_SALT_BYTES || is->hash_len < ARGON2_HASH_BYTES;
}

/* "$2a$" and "$2y$" are the same function by other programs' names; they become "$2b$" once. */
static bool bcrypt_behind(const struct password_options *now, const struct stored *is)
{
    bool ours = strcmp(is->scheme->name, "bcrypt") == 0 || strcmp(is->scheme->name, "bcrypt-long") == 0;
    return !ours || is->cost != now->bcrypt_cost;
}

bool password_needs_rehash(const struct passwords *p, struct str stored)
{
    struct stored is = { 0 };
    if (password_read(stored, &is) != PASSWORD_READ || is.scheme->weak)
        return true;
    return p->options.scheme == PASSWORD_ARGON2ID ? argon2_behind(&p->options, &is) : bcrypt_behind(&p->options, &is);
}

#endif

#include "base/clock.h"
#include "cli/command.h"
#include "cli/print.h"
#include "cli/prompt.h"
#include "password/hash.h"

#include <stdio.h>

const struct manual password_hash_manual = {
    .json = "print {\"hash\",\"scheme\",\"took_ms\"}",
    .about = "The password is asked for twice on a terminal, else all of stdin is it, without the line end behind it.\n"
             "The hash has the scheme and cost of the settings (--password-scheme, --argon2-m-kib ...). No account is\n"
             "touched, and the rules for new passwords are not asked.",
    .example = "  printf %s 'correct horse battery staple' | postern password hash",
    .ends = "  0 printed; 1 no password, or it failed; 2 wrong usage",
};

const struct manual password_verify_manual = {
    .json = "print {\"matches\",\"scheme\",\"behind\"}; behind: a sign-in would make a new hash",
    .about = "HASH is a PHC or crypt string, in single quotes, because of its \"$\". The password is asked for on a\n"
             "terminal, else all of stdin is it, without the line end behind it.",
    .example =
        "  printf %s 'correct horse battery staple' | postern password verify '$argon2id$v=19$m=65536,t=3,p=1$...'",
    .ends = "  0 it matches; 1 it does not, the hash can't be read, or it failed; 2 wrong usage",
};

/* As sign-up and sign-in take it, in its NFC form. */
static enum err read_normal(struct run *r, bool is_new, struct secret *out)
{
    AUTO(secret) struct secret typed = { 0 };
    TRY(password_read_typed(r, is_new, &typed));
    if (password_normalise(&typed, out) != OK)
        return run_failed(r, "a password is UTF-8 text without control characters");
    return OK;
}

struct hash_line {
    struct str hash, scheme;
    int64_t took_ms;
};
static const struct field hash_fields[] = { VIEW(struct hash_line, hash), VIEW(struct hash_line, scheme),
                                            VIEW(struct hash_line, took_ms), FIELD_END };

static struct str scheme_of(struct str hash)
{
    struct stored read = { 0 };
    return password_read(hash, &read) == PASSWORD_READ ? str_of(read.scheme->name) : (struct str){ 0 };
}

enum err password_hash_run(struct run *r)
{
    AUTO(secret) struct secret password = { 0 };
    struct hash_line line = { 0 };
    TRY(run_open_passwords(r));
    TRY(read_normal(r, true, &password));
    int64_t from_ns = clock_mono_ns();
    TRY(password_hash(r->shared.passwords, &password, r->visit.mem, &line.hash));
    line.took_ms = (clock_mono_ns() - from_ns) / 1000000;
    line.scheme = scheme_of(line.hash);
    if (r->json)
        json_print(r->visit.mem, hash_fields, &line);
    else
        printf("%.*s\n", STR_ARG(line.hash));
    return OK;
}

struct verdict {
    bool matches, behind;
    struct str scheme;
};
static const struct field verdict_fields[] = { VIEW(struct verdict, matches), VIEW(struct verdict, scheme),
                                               VIEW(struct verdict, behind), FIELD_END };

static void print_verdict(struct run *r, const struct verdict *verdict)
{
    if (r->json)
        json_print(r->visit.mem, verdict_fields, verdict);
    else
        printf("%s (%.*s%s)\n", verdict->matches ? "matches" : "does not match", STR_ARG(verdict->scheme),
               verdict->behind ? ", behind the settings: a sign-in makes a new hash" : "");
}

static enum err check_readable(struct run *r, struct str hash, struct str *scheme)
{
    struct stored read = { 0 };
    switch (password_read(hash, &read)) {
    case PASSWORD_READ:
        *scheme = str_of(read.scheme->name);
        return OK;
    case PASSWORD_MALFORMED:
        return run_failed(r, "HASH is not well formed; stands it in single quotes?");
    case PASSWORD_UNSUPPORTED:
        break;
    }
    return run_failed(r, "HASH is of no scheme that is taken here, or past the bounds on memory and time");
}

enum err password_verify_run(struct run *r)
{
    AUTO(secret) struct secret password = { 0 };
    struct verdict verdict = { 0 };
    TRY(check_readable(r, r->words[0], &verdict.scheme));
    TRY(run_open_passwords(r));
    TRY(read_normal(r, false, &password));
    enum err end = password_verify(r->shared.passwords, r->words[0], &password);
    if (end != OK && end != ERR_DENIED)
        return end;
    verdict.matches = end == OK;
    verdict.behind = password_needs_rehash(r->shared.passwords, r->words[0]);
    print_verdict(r, &verdict);
    r->status = verdict.matches ? 0 : CLI_FAILED;
    return OK;
}

/* May this be an account's password?  The rules in the order in which they are told. */
#include "password/common.h"
#include "password/passwords.h"
#include "password/strength.h"

#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>

#define WORDS_MAX      24 /* of an account */
#define WORD_CHARS_MIN 4U /* shorter ones stand in many good passwords by chance */

/* The account's words in folded form, as C strings. */
struct words {
    struct secret items[WORDS_MAX];
    size_t count;
};

static void words_drop(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        secret_drop(&words->items[i]);
    words->count = 0;
}

/* Equal in any case and any normal form; empty for what is no text. */
static struct secret folded(struct str s)
{
    size_t len = 0;
    uint8_t *fold = s.len == 0 ? NULL : u8_casefold((const uint8_t *)s.ptr, s.len, NULL, UNINORM_NFC, NULL, &len);
    if (fold == NULL)
        return secret_copy(STR(""));
    struct secret out = secret_copy((struct str){ (const char *)fold, len });
    wipe(fold, len);
    free(fold);
    return out;
}

static void words_add(struct words *words, struct str s)
{
    if (words->count == WORDS_MAX || !str_utf8_ok(s) || str_code_points(s) < WORD_CHARS_MIN)
        return;
    words->items[words->count++] = folded(s);
}

static bool parts_a_name(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == ',' || c == '\'' || c == '_';
}

static void words_add_parts(struct words *words, struct str name)
{
    size_t from = 0;
    for (size_t i = 0; i <= name.len; i++) {
        if (i < name.len && !parts_a_name(name.ptr[i]))
            continue;
        if (i - from < name.len)
            words_add(words, str_slice(name, from, i));
        from = i + 1;
    }
}

static struct words words_of(const struct password_context *of)
{
    struct words words = { .count = 0 };
    struct str rest = of->email, local = { 0 };
    words_add(&words, of->email);
    if (str_split(&rest, '@', &local))
        words_add(&words, local);
    words_add(&words, of->username);
    words_add(&words, of->name);
    words_add_parts(&words, of->name);
    return words;
}

static bool holds_any(const struct words *words, struct str folded_password)
{
    for (size_t i = 0; i < words->count; i++)
        if (words->items[i].len > 0 && str_contains(folded_password, secret_view(&words->items[i])))
            return true;
    return false;
}

static bool holds_identity(struct str password, const struct words *words)
{
    AUTO(secret) struct secret fold = folded(password);
    return holds_any(words, secret_view(&fold));
}

struct score_job {
    struct str password;
    const char *words[WORDS_MAX + 1];
    unsigned score;
};

static void score_work(void *arg)
{
    struct score_job *job = arg;
    job->score = strength_score(job->password, job->words);
}

static bool too_weak(struct passwords *p, struct str password, const struct words *words)
{
    struct score_job job = { .password = password };
    if (p->options.min_score == 0)
        return false;
    for (size_t i = 0; i < words->count; i++)
        job.words[i] = (const char *)words->items[i].ptr;
    (void)pool_run(p->pool, score_work, &job);
    return job.score < p->options.min_score;
}

static FALLIBLE refused(struct fault *fault, const char *code, const char *message)
{
    *fault = (struct fault){ .field = STR("password"), .code = code, .message = message };
    return ERR_INVALID;
}

static FALLIBLE check_text(struct passwords *p, struct str password, const struct words *words, struct fault *fault)
{
    size_t chars = str_code_points(password);
    if (chars < p->options.min_chars)
        return refused(fault, "too_short", p->too_short);
    if (chars > p->options.max_chars)
        return refused(fault, "too_long", p->too_long);
    if (common_password(password))
        return refused(fault, "too_common", "This is one of the passwords that are tried first");
    if (holds_identity(password, words))
        return refused(fault, "contains_identity", "Leave your e-mail address, user name and name out of the password");
    if (too_weak(p, password, words))
        return refused(fault, "too_weak", "This is easy to guess; a few unrelated words are better");
    return OK;
}

enum err password_policy(struct passwords *p, const struct secret *password, const struct password_context *of,
                         struct fault *fault)
{
    AUTO(secret) struct secret nfc = { 0 };
    enum err end = password_normalise(password, &nfc);
    if (end == ERR_INVALID)
        return refused(fault, "control_character", "Use text without control characters");
    TRY(end);
    AUTO(words) struct words words = words_of(of);
    return check_text(p, secret_view(&nfc), &words, fault);
}

#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The note of the thread's last failure.  It is the one thing that travels beside the return value: a category is enough to
 * branch on, and the sentence would otherwise need a parameter in every function of the house. */
static _Thread_local struct note note_;

static void tell(enum why why, struct note more)
{
    note_.why = why;
    note_.retry_after_s = more.retry_after_s;
    note_.acr = more.acr;
    note_.max_age_s = more.max_age_s;
}

enum err fail(enum err end, const char *format, ...)
{
    va_list args;
    int saved = errno; /* %m speaks of the failure that was just seen */
    va_start(args, format);
    errno = saved;
    vsnprintf(note_.text, sizeof note_.text, format, args);
    va_end(args);
    tell(WHY_NONE, (struct note){ 0 });
    return end;
}

enum err refuse(enum why why)
{
    return refuse_for(why, 0);
}

enum err refuse_for(enum why why, long retry_after_s)
{
    snprintf(note_.text, sizeof note_.text, "%s", why_code(why));
    tell(why, (struct note){ .retry_after_s = retry_after_s });
    return why_end(why);
}

enum err refuse_with(enum why why, const char *word)
{
    snprintf(note_.text, sizeof note_.text, "%s", word);
    tell(why, (struct note){ 0 });
    return why_end(why);
}

enum err refuse_until(enum why why, const char *acr, int64_t max_age_s)
{
    snprintf(note_.text, sizeof note_.text, "%s", why_code(why));
    tell(why, (struct note){ .acr = acr, .max_age_s = max_age_s });
    return why_end(why);
}

const struct note *note_get(void)
{
    return &note_;
}

void note_put(const struct note *note)
{
    note_ = *note;
}

void note_clear(void)
{
    memset(&note_, 0, sizeof note_);
}

#define ERR_NAME_ROW(name, meaning)    [name] = #name,
#define ERR_MEANING_ROW(name, meaning) [name] = meaning,

const char *err_name(enum err end)
{
    static const char *const names[] = { [OK] = "OK", ERR_LIST(ERR_NAME_ROW) };
    return names[end];
}

const char *err_meaning(enum err end)
{
    static const char *const meanings[] = { [OK] = "well", ERR_LIST(ERR_MEANING_ROW) };
    return meanings[end];
}

void die(const char *format, ...)
{
    va_list args;
    fputs("postern: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

struct why_row {
    enum err end;
    const char *code, *sentence;
};

#define WHY_ROW(name, end, code, sentence) [name] = { end, code, sentence },
static const struct why_row why_rows[] = { WHY_LIST(WHY_ROW) };

enum err why_end(enum why why)
{
    return why_rows[why].end;
}

const char *why_code(enum why why)
{
    return why_rows[why].code;
}

const char *why_sentence(enum why why)
{
    return why_rows[why].sentence;
}

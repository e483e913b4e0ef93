#include "base/log.h"
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

/* The two settings of the log are the house's only globals: a line may come from any thread at any time. */
static atomic_int least_level_ = LOG_INFO;
static atomic_int format_ = LOG_JSON;

struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

void log_setup(enum log_level least, enum log_format format)
{
    atomic_store(&least_level_, (int)least);
    atomic_store(&format_, (int)format);
}

bool log_on(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level_, memory_order_relaxed);
}

/* One byte is kept for the line's end. */
static void put(struct line *line, const char *bytes, size_t len)
{
    size_t room = sizeof line->text - 1 - line->len;
    if (len > room)
        len = room;
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Escaped so that a value can never end its string or its line (RFC 8259 7); bytes past ASCII must be UTF-8 or become '?'. */
static void put_quoted(struct line *line, struct str s)
{
    struct str shown = str_slice(s, 0, 512);
    bool utf8 = str_utf8_ok(shown);
    put_text(line, "\"");
    for (size_t i = 0; i < shown.len; i++) {
        unsigned char c = (unsigned char)shown.ptr[i];
        char escaped[8];
        if (c == '"' || c == '\\')
            put(line, (char[]){ '\\', (char)c }, 2);
        else if (c < 0x20 || c == 0x7f)
            put(line, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
        else
            put(line, c >= 0x80 && !utf8 ? "?" : (const char *)&shown.ptr[i], 1);
    }
    put_text(line, "\"");
}

static void put_pair(struct line *line, const struct log_pair *pair, bool json)
{
    char number[24];
    put_text(line, json ? ",\"" : " ");
    put_text(line, pair->name);
    put_text(line, json ? "\":" : "=");
    if (pair->text.ptr != NULL)
        put_quoted(line, pair->text);
    else
        put(line, number, (size_t)snprintf(number, sizeof number, "%lld", (long long)pair->number));
}

static void put_head(struct line *line, enum log_level level, struct str event, bool json)
{
    static const char *const words[] = { "debug", "info", "warn", "error" };
    char now[CLOCK_TEXT_MAX];
    clock_format(clock_now_us(), now);
    put_text(line, json ? "{\"ts\":\"" : "");
    put_text(line, now);
    put_text(line, json ? "\",\"level\":\"" : " ");
    put_text(line, words[level]);
    put_text(line, json ? "\",\"event\":" : " ");
    if (json)
        put_quoted(line, event);
    else
        put(line, event.ptr, event.len);
}

void log_pairs(enum log_level level, struct str event, const struct log_pair *pairs, size_t count)
{
    if (!log_on(level))
        return;
    struct line line;
    bool json = atomic_load(&format_) == LOG_JSON;
    line.len = 0;
    put_head(&line, level, event, json);
    /* A line that would run over is cut between two values, so that it stays JSON. */
    for (size_t i = 0; i < count && line.len < LINE_MAX_BYTES - 1200; i++)
        put_pair(&line, &pairs[i], json);
    put_text(&line, json ? "}\n" : "\n");
    /* A full disk or closed pipe must not stop the service; the audit trail is elsewhere. */
    ssize_t written = write(STDOUT_FILENO, line.text, line.len);
    (void)written;
}

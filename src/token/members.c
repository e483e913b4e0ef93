#include "token/members.h"

#include <string.h>

/* What is read: text from `at`.  Every take_ function leaves `at` behind what it took and is false where the text is
 * wrong. */
struct reader {
    struct arena *mem;
    const char *text;
    size_t at, len;
    unsigned depth; /* brackets that are open */
};

static int peek(const struct reader *r)
{
    return r->at < r->len ? (unsigned char)r->text[r->at] : -1;
}

static bool take(struct reader *r, char c)
{
    if (peek(r) != c)
        return false;
    r->at++;
    return true;
}

/* RFC 8259 2: blanks are these four. */
static void pass_blanks(struct reader *r)
{
    while (r->at < r->len &&
           (r->text[r->at] == ' ' || r->text[r->at] == '\t' || r->text[r->at] == '\n' || r->text[r->at] == '\r'))
        r->at++;
}

static bool take_word(struct reader *r, struct str word)
{
    if (r->len - r->at < word.len || memcmp(r->text + r->at, word.ptr, word.len) != 0)
        return false;
    r->at += word.len;
    return true;
}

static bool take_hex4(struct reader *r, unsigned *code)
{
    *code = 0;
    for (unsigned i = 0; i < 4; i++, r->at++) {
        const int c = peek(r);
        if (c >= '0' && c <= '9')
            *code = *code << 4 | (unsigned)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            *code = *code << 4 | (unsigned)((c | 0x20) - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* RFC 8259 7: a character past U+FFFF is written as two surrogates; either alone is nothing, and neither is NUL here.
 */
static bool take_code(struct reader *r, unsigned *code)
{
    unsigned low = 0;
    if (!take_hex4(r, code) || *code == 0 || (*code >= 0xdc00 && *code <= 0xdfff))
        return false;
    if (*code < 0xd800 || *code > 0xdbff)
        return true;
    if (!take_word(r, STR("\\u")) || !take_hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
        return false;
    *code = 0x10000 + ((*code & 0x3ff) << 10 | (low & 0x3ff));
    return true;
}

/* RFC 3629 3. */
static size_t put_utf8(unsigned code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    const size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00 >> len & 0xff) | code);
    return len;
}

/* One escape, from behind its backslash. */
static bool take_escape(struct reader *r, char *out, size_t *len)
{
    static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    const int c = peek(r);
    unsigned code = 0;

    r->at++;
    if (c == 'u') {
        if (!take_code(r, &code))
            return false;
        *len += put_utf8(code, out + *len);
        return true;
    }
    const char *hit = c > 0 ? strchr(letters, c) : NULL;
    if (hit != NULL)
        out[(*len)++] = means[hit - letters];
    return hit != NULL;
}

/* The rest of a string that has escapes; an escape is never shorter than what it means. */
static bool take_escaped(struct reader *r, size_t from, size_t end, struct str *out)
{
    char *copy = arena_take(r->mem, end - from);
    size_t len = 0;

    for (r->at = from; r->at < end;) {
        const char c = r->text[r->at++];
        if (c != '\\')
            copy[len++] = c;
        else if (!take_escape(r, copy, &len))
            return false;
    }
    *out = (struct str){ copy, len };
    return r->at == end;
}

static bool take_string(struct reader *r, struct str *out)
{
    if (!take(r, '"'))
        return false;
    const size_t from = r->at;
    bool escapes = false, wide = false;

    for (; r->at < r->len && r->text[r->at] != '"'; r->at++) {
        const unsigned char c = (unsigned char)r->text[r->at];
        if (c < 0x20)
            return false;
        wide |= c >= 0x80;
        if (c == '\\') {
            escapes = true;
            r->at++; /* whatever follows is no end of the string */
        }
    }
    const size_t end = r->at;
    *out = (struct str){ r->text + from, end - from };
    if (end >= r->len || (wide && !str_utf8_ok(*out)) || (escapes && !take_escaped(r, from, end, out)))
        return false;
    r->at = end + 1;
    return true;
}

/* At least one. */
static bool pass_digits(struct reader *r)
{
    const size_t from = r->at;
    while (peek(r) >= '0' && peek(r) <= '9')
        r->at++;
    return r->at > from;
}

/* RFC 8259 6: [ minus ] int [ frac ] [ exp ], where int has no leading zero. */
static bool take_number(struct reader *r, struct member *out)
{
    const size_t from = r->at;
    const bool minus = take(r, '-');
    const bool zero = peek(r) == '0';

    if (zero ? !take(r, '0') : !pass_digits(r))
        return false;
    const struct str digits = { r->text + from + minus, r->at - from - minus };
    const bool fraction = take(r, '.');
    if (fraction && !pass_digits(r))
        return false;
    const bool exponent = take(r, 'e') || take(r, 'E');
    if (exponent && !take(r, '+'))
        (void)take(r, '-');
    if (exponent && !pass_digits(r))
        return false;
    /* More than 18 digits are no time, count or version of ours. */
    if (fraction || exponent || !str_to_int(digits, 0, INT64_MAX, &out->number))
        return true;
    out->kind = MEMBER_INT;
    out->number = minus ? -out->number : out->number;
    return true;
}

/* A name with the blanks around it, and its colon. */
static bool take_name(struct reader *r, struct str *name)
{
    pass_blanks(r);
    if (!take_string(r, name))
        return false;
    pass_blanks(r);
    return take(r, ':');
}

static bool pass_name(struct reader *r)
{
    struct str name;
    return take_name(r, &name);
}

static bool pass_value(struct reader *r);

/* A list or an object that nobody reads. */
static bool pass_nested(struct reader *r, char close, bool named)
{
    r->at++;
    r->depth++;
    pass_blanks(r);
    if (peek(r) != close) {
        do {
            if ((named && !pass_name(r)) || !pass_value(r))
                return false;
        } while (take(r, ','));
    }
    r->depth--;
    return take(r, close);
}

static bool take_list(struct reader *r, struct member *out);

static bool take_inner(struct reader *r, struct member *out)
{
    const size_t from = r->at;
    if (!pass_nested(r, '}', true))
        return false;
    out->kind = MEMBER_OBJECT;
    out->text = (struct str){ r->text + from, r->at - from };
    return true;
}

static bool take_value(struct reader *r, struct member *out)
{
    *out = (struct member){ .name = out->name, .kind = MEMBER_OTHER };
    switch (peek(r)) {
    case '"':
        out->kind = MEMBER_STR;
        return take_string(r, &out->text);
    case '[':
        return r->depth < MEMBER_DEPTH_MAX && take_list(r, out);
    case '{':
        return r->depth < MEMBER_DEPTH_MAX && take_inner(r, out);
    case 't':
        return take_word(r, STR("true"));
    case 'f':
        return take_word(r, STR("false"));
    case 'n':
        return take_word(r, STR("null"));
    default:
        return take_number(r, out);
    }
}

/* A value with the blanks around it. */
static bool pass_value(struct reader *r)
{
    struct member unread = { 0 };
    pass_blanks(r);
    if (!take_value(r, &unread))
        return false;
    pass_blanks(r);
    return true;
}

/* Strings up to the first thing that is none; true when it is the closing bracket. */
static bool take_strings(struct reader *r, struct str *items, size_t *count)
{
    r->at++;
    pass_blanks(r);
    if (take(r, ']'))
        return true;
    do {
        pass_blanks(r);
        if (*count == MEMBER_LIST_MAX || !take_string(r, &items[*count]))
            return false;
        (*count)++;
        pass_blanks(r);
    } while (take(r, ','));
    return take(r, ']');
}

static bool take_list(struct reader *r, struct member *out)
{
    struct str items[MEMBER_LIST_MAX];
    const size_t from = r->at;
    size_t count = 0;

    if (!take_strings(r, items, &count)) {
        r->at = from;
        return pass_nested(r, ']', false);
    }
    out->kind = MEMBER_STRS;
    out->list = (struct strs){ ARENA_ARRAY(r->mem, struct str, count), count };
    memcpy(out->list.items, items, count * sizeof *items);
    return true;
}

static bool take_member(struct reader *r, struct members *out)
{
    struct str name;
    if (out->count == MEMBERS_MAX || !take_name(r, &name) || members_find(out, name) != NULL)
        return false;
    pass_blanks(r);
    out->items[out->count].name = name;
    if (!take_value(r, &out->items[out->count]))
        return false;
    out->count++;
    pass_blanks(r);
    return true;
}

static bool take_object(struct reader *r, struct members *out)
{
    pass_blanks(r);
    if (!take(r, '{'))
        return false;
    pass_blanks(r);
    if (take(r, '}'))
        return true;
    do {
        if (!take_member(r, out))
            return false;
    } while (take(r, ','));
    return take(r, '}');
}

FALLIBLE members_read(struct arena *mem, struct str text, struct members *out)
{
    struct reader r = { .mem = mem, .text = text.ptr, .len = text.len, .depth = 1 };

    out->count = 0;
    if (!take_object(&r, out))
        return fail(ERR_INVALID, "no strict JSON object, byte %zu", r.at);
    pass_blanks(&r);
    if (r.at != r.len)
        return fail(ERR_INVALID, "something after the JSON object, byte %zu", r.at);
    return OK;
}

const struct member *members_find(const struct members *members, struct str name)
{
    for (size_t i = 0; i < members->count; i++)
        if (str_equal(members->items[i].name, name))
            return &members->items[i];
    return NULL;
}

bool members_str(const struct members *members, struct str name, struct str *out)
{
    const struct member *member = members_find(members, name);
    if (member == NULL || member->kind != MEMBER_STR)
        return false;
    *out = member->text;
    return true;
}

FALLIBLE members_inner(struct arena *mem, const struct members *members, struct str name, struct members *out)
{
    const struct member *member = members_find(members, name);
    if (member == NULL || member->kind != MEMBER_OBJECT)
        return fail(ERR_INVALID, "no object of that name");
    return members_read(mem, member->text, out);
}

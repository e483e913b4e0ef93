#include "account/identity.h"
#include "account/letters.h"
#include "base/buf.h"
#include "base/clock.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

#define LOCAL_MAX 64 /* bytes, RFC 5321 4.5.3.1.1 */
#define LABEL_MAX 63 /* bytes, RFC 1035 2.3.4 */
#define DAY_US    (86400 * SECOND_US)

/* clang-format off */
/* Why a name is refused: a word for the log, a sentence for the caller. */
#define FLAWS(F)                                                                                                                  \
    F(NO_AT,              "no_at",              "must be an address such as name@example.com")                                    \
    F(NOT_UTF8,           "not_utf8",           "must be well-formed text")                                                       \
    F(TOO_LONG,           "too_long",           "must have at most 254 bytes, with its domain in ASCII form")                     \
    F(NO_LOCAL,           "no_local",           "must have a name before the @")                                                  \
    F(LOCAL_TOO_LONG,     "local_too_long",     "must have at most 64 bytes before the @")                                        \
    F(LOCAL_CHARACTERS,   "local_characters",   "must have ASCII letters, digits, single dots or !#$%&'*+-/=?^_`{|}~ before the @") \
    F(DOMAIN_CHARACTERS,  "domain_characters",  "must have a domain name of letters, digits, hyphens and dots after the @")       \
    F(DOMAIN_FORM,        "domain_form",        "must have a full domain name such as example.com after the @")                   \
    F(DOMAIN_UNREADABLE,  "domain_unreadable",  "must not have a domain of signs, or of mixed Latin, Greek and Cyrillic letters") \
    F(USERNAME_LENGTH,    "length",             "must have 3 to 50 characters")                                                   \
    F(USERNAME_CHARACTER, "characters",         "must have letters, digits and . _ - + only, at least one letter or digit")       \
    F(USERNAME_MIXED,     "mixed_alphabets",    "must not mix Latin, Greek and Cyrillic letters")                                 \
    F(NAME_LENGTH,        "length",             "must have 1 to 200 bytes")                                                       \
    F(NAME_HIDDEN,        "hidden_characters",  "must not hold control, line-turning or other hidden characters")                 \
    F(NAME_BLANK,         "blank",              "must not be blank")
/* clang-format on */

#define FLAW_NAME(name, word, message) name,
enum flaw { NONE, FLAWS(FLAW_NAME) };

static const char *flaw_word(enum flaw flaw)
{
#define FLAW_WORD(name, word, message) [name] = (word),
    static const char *const words[] = { FLAWS(FLAW_WORD) };
    return words[flaw];
}

static const char *flaw_message(enum flaw flaw)
{
#define FLAW_MESSAGE(name, word, message) [name] = (message),
    static const char *const messages[] = { FLAWS(FLAW_MESSAGE) };
    return messages[flaw];
}

static bool told(struct fault *fault, const char *code, const char *message)
{
    fault->code = code;
    fault->message = message;
    return false;
}

/* For the column checks: true when there is no flaw. */
static bool tell(enum flaw flaw, const char *code, struct fault *fault)
{
    return flaw == NONE || told(fault, code, flaw_message(flaw));
}

/* ---- e-mail ---- */

static bool ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool ascii_letter_or_digit(char c)
{
    return ascii_letter(c) || (c >= '0' && c <= '9');
}

/* RFC 5322 3.2.3, atext. */
static bool atext(char c)
{
    return ascii_letter_or_digit(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* RFC 5322 3.2.3: dot-atom-text = 1*atext *("." 1*atext) */
static bool dot_atom(struct str s)
{
    bool after_atext = false;
    for (size_t i = 0; i < s.len; i++) {
        if (!atext(s.ptr[i]) && (s.ptr[i] != '.' || !after_atext))
            return false;
        after_atext = s.ptr[i] != '.';
    }
    return after_atext;
}

/* A label of a host name, RFC 1123 2.1.  Two hyphens in the third and fourth place are of A-labels only (RFC 5891
 * 4.2.3.1); of a right A-label libidn2 has made sure. */
static bool host_label(struct str label)
{
    if (label.len == 0 || label.len > LABEL_MAX || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        if (!ascii_letter_or_digit(label.ptr[i]) && label.ptr[i] != '-')
            return false;
    }
    return label.len < 4 || label.ptr[2] != '-' || label.ptr[3] != '-' || str_starts(label, STR("xn--"));
}

/* Two labels or more.  RFC 1123 2.1: "at least the highest-level component label will be alphabetic", so that no
 * address in digits can pass for a name. */
static bool host_name(struct str name)
{
    size_t from = 0, labels = 1;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] != '.')
            continue;
        if (!host_label(str_slice(name, from, i)))
            return false;
        from = i + 1;
        labels++;
    }
    return labels > 1 && host_label(str_slice(name, from, name.len)) && ascii_letter(name.ptr[from]);
}

/* What may stand in a domain before UTS 46 maps it; libidn2 drops some of the rest without a word. */
static bool domain_typed_well(struct str domain)
{
    while (domain.len > 0) {
        const uint32_t c = letters_next(&domain);
        if (c < 0x80 ? !ascii_letter_or_digit((char)c) && c != '-' && c != '.' : letters_hidden(c))
            return false;
    }
    return true;
}

/* RFC 5892 A.3 allows a middle dot between two l, as Catalan writes it; libidn2 does not look at its neighbours. */
static bool catalan_dot(struct str before, struct str after)
{
    return str_ends(before, STR("l")) && str_starts(after, STR("l"));
}

/* Letters, digits, marks and hyphens.  Signs that only some scripts allow (RFC 5892 A.4 to A.7) are not worth the risk.
 */
static bool readable_label(struct str label)
{
    struct str rest = label;
    while (rest.len > 0) {
        const struct str before = str_slice(label, 0, label.len - rest.len);
        const uint32_t c = letters_next(&rest);
        if (!letters_plain(c) && !letters_mark(c) && c != '-' && !(c == 0xB7 && catalan_dot(before, rest)))
            return false;
    }
    return !letters_mixed(label);
}

static void idn_drop(char **text)
{
    idn2_free(*text);
}

/* No IDN2_USE_STD3_ASCII_RULES: with it, libidn2 2.3 makes "example.com" of "exam_ple.com".  host_name sees to those.
 */
static bool to_ascii(struct arena *mem, struct str domain, struct str *ascii)
{
    AUTO(idn) char *result = NULL;
    const int end = idn2_to_ascii_8z(arena_cstr(mem, domain), &result, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (end == IDN2_MALLOC)
        die("out of memory (libidn2)");
    if (end != IDN2_OK)
        return false;
    *ascii = arena_copy(mem, str_of(result));
    return host_name(*ascii);
}

static bool to_unicode(struct arena *mem, struct str ascii, struct str *domain)
{
    AUTO(idn) char *result = NULL;
    const int end = idn2_to_unicode_8z8z(arena_cstr(mem, ascii), &result, 0);
    if (end == IDN2_MALLOC)
        die("out of memory (libidn2)");
    if (end != IDN2_OK)
        return false;
    *domain = arena_copy(mem, str_of(result));
    return true;
}

/* RFC 5891 5.4: what an A-label stands for is checked like what was typed; and it must come back as itself, else two
 * texts would name one domain. */
static bool readable_and_back(struct arena *mem, struct str ascii)
{
    struct str rest, label, again;
    if (!to_unicode(mem, ascii, &rest) || !to_ascii(mem, rest, &again) || !str_equal(ascii, again))
        return false;
    while (str_split(&rest, '.', &label)) {
        if (!readable_label(label))
            return false;
    }
    return true;
}

static bool is_quoted(struct str local)
{
    return local.len > 0 && local.ptr[0] == '"';
}

/* Where the local part ends: behind the closing quote, which no backslash stands before, or at the first '@'. */
static bool local_end(struct str typed, size_t *at)
{
    if (!is_quoted(typed))
        return str_find(typed, STR("@"), at);
    for (size_t i = 1; i + 1 < typed.len; i++) {
        if (typed.ptr[i] == '\\')
            i++;
        else if (typed.ptr[i] == '"') {
            *at = i + 1;
            return typed.ptr[i + 1] == '@';
        }
    }
    return false;
}

/* RFC 5321 4.1.2: qtextSMTP = %d32-33 / %d35-91 / %d93-126, quoted-pairSMTP = %d92 %d32-126.  What is quoted without need is
 * the same mailbox as its plain form: "Sending systems SHOULD transmit the form that uses the minimum quoting possible." */
static bool unquote(struct arena *mem, struct str quoted, struct str *plain)
{
    struct buf b = buf_new(mem, quoted.len);
    for (size_t i = 1; i + 1 < quoted.len; i++) {
        i += quoted.ptr[i] == '\\';
        if (quoted.ptr[i] < ' ' || quoted.ptr[i] > '~')
            return false;
        buf_add_char(&b, quoted.ptr[i]);
    }
    *plain = buf_str(&b);
    return plain->len > 0;
}

static struct str requote(struct arena *mem, struct str plain)
{
    struct buf b = buf_new(mem, plain.len * 2 + 2);
    buf_add_char(&b, '"');
    for (size_t i = 0; i < plain.len; i++) {
        if (plain.ptr[i] == '"' || plain.ptr[i] == '\\')
            buf_add_char(&b, '\\');
        buf_add_char(&b, plain.ptr[i]);
    }
    buf_add_char(&b, '"');
    return buf_str(&b);
}

/* form: with the least quoting. */
static enum flaw local_form(struct arena *mem, struct str local, struct str *form)
{
    struct str plain = local;
    if (local.len == 0)
        return NO_LOCAL;
    if (local.len > LOCAL_MAX)
        return LOCAL_TOO_LONG;
    if (is_quoted(local) && !unquote(mem, local, &plain))
        return LOCAL_CHARACTERS;
    if (!is_quoted(local) && !dot_atom(local))
        return LOCAL_CHARACTERS;
    *form = dot_atom(plain) ? plain : requote(mem, plain);
    return NONE;
}

/* A name that IDNA leaves as it is, but for capitals: no A-label (RFC 5890 2.3.2.1) is without two hyphens. */
static bool stands_for_itself(struct str domain)
{
    for (size_t i = 0; i < domain.len; i++)
        if (!ascii_letter_or_digit(domain.ptr[i]) && domain.ptr[i] != '-' && domain.ptr[i] != '.')
            return false;
    return !str_contains(domain, STR("--"));
}

static void add_small(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(b, ascii_letter(text.ptr[i]) ? (char)(text.ptr[i] | 0x20) : text.ptr[i]);
}

static enum flaw domain_form(struct arena *mem, struct str typed, struct str *ascii)
{
    if (stands_for_itself(typed)) {
        struct buf b = buf_new(mem, typed.len);
        add_small(&b, typed);
        *ascii = buf_str(&b);
        return host_name(*ascii) ? NONE : DOMAIN_FORM;
    }
    if (!domain_typed_well(typed))
        return DOMAIN_CHARACTERS;
    if (!to_ascii(mem, typed, ascii))
        return DOMAIN_FORM;
    return readable_and_back(mem, *ascii) ? NONE : DOMAIN_UNREADABLE;
}

static struct str joined(struct arena *mem, struct str local, struct str domain)
{
    struct buf b = buf_new(mem, local.len + 1 + domain.len);
    add_small(&b, local);
    buf_add_char(&b, '@');
    buf_add(&b, domain);
    return buf_str(&b);
}

static enum flaw email_form(struct arena *mem, struct str typed, struct str *out)
{
    struct str local, domain;
    size_t at = 0;

    if (typed.len > EMAIL_MAX)
        return TOO_LONG;
    if (!str_utf8_ok(typed))
        return NOT_UTF8;
    if (!local_end(typed, &at))
        return NO_AT;
    enum flaw flaw = local_form(mem, str_slice(typed, 0, at), &local);
    if (flaw == NONE)
        flaw = domain_form(mem, str_slice(typed, at + 1, typed.len), &domain);
    if (flaw != NONE)
        return flaw;
    if (local.len + 1 + domain.len > EMAIL_MAX)
        return TOO_LONG;
    *out = joined(mem, local, domain);
    return NONE;
}

FALLIBLE email_canonical(struct arena *mem, struct str typed, struct str *out)
{
    const enum flaw flaw = email_form(mem, typed, out);
    return flaw == NONE ? OK : fail(ERR_INVALID, "%s", flaw_word(flaw));
}

bool email_check(struct str value, struct fault *fault)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str form;
    return tell(email_form(mem, value, &form), "invalid_email", fault);
}

/* ---- user name ---- */

/* A result of libunistring, in the arena. */
static struct str taken(struct arena *mem, uint8_t *bytes, size_t len)
{
    if (bytes == NULL)
        die("out of memory (libunistring)");
    const struct str copy = arena_copy(mem, (struct str){ (const char *)bytes, len });
    free(bytes);
    return copy;
}

static struct str folded(struct arena *mem, struct str s)
{
    size_t len = 0;
    uint8_t *bytes = u8_casefold((const uint8_t *)s.ptr, s.len, NULL, UNINORM_NFKC, NULL, &len);
    return taken(mem, bytes, len);
}

static bool username_length_ok(struct str s)
{
    const size_t count = str_code_points(s);
    return count >= USERNAME_MIN && count <= USERNAME_MAX;
}

static bool joiner(uint32_t c)
{
    return c == '.' || c == '_' || c == '-' || c == '+';
}

/* No mark at the front: it would change what is shown before the name. */
static bool username_characters_ok(struct str s)
{
    bool any = false, front = true;
    while (s.len > 0) {
        const uint32_t c = letters_next(&s);
        const bool plain = letters_plain(c);
        if (!plain && !joiner(c) && (front || !letters_mark(c)))
            return false;
        any = any || plain;
        front = false;
    }
    return any;
}

static enum flaw username_form(struct arena *mem, struct str typed, struct str *out)
{
    if (!str_utf8_ok(typed))
        return NOT_UTF8;
    if (!username_length_ok(typed))
        return USERNAME_LENGTH;
    const struct str form = folded(mem, typed);
    if (!username_length_ok(form))
        return USERNAME_LENGTH;
    if (!username_characters_ok(form))
        return USERNAME_CHARACTER;
    if (letters_mixed(form))
        return USERNAME_MIXED;
    *out = form;
    return NONE;
}

FALLIBLE username_canonical(struct arena *mem, struct str typed, struct str *out)
{
    const enum flaw flaw = username_form(mem, typed, out);
    return flaw == NONE ? OK : fail(ERR_INVALID, "%s", flaw_word(flaw));
}

bool username_check(struct str value, struct fault *fault)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str form;
    return tell(username_form(mem, value, &form), "invalid_username", fault);
}

/* ---- texts of a profile ---- */

static enum flaw name_flaw(struct str s)
{
    bool any = false;
    if (s.len == 0 || s.len > PROFILE_TEXT_MAX)
        return NAME_LENGTH;
    if (!str_utf8_ok(s))
        return NOT_UTF8;
    while (s.len > 0) {
        const uint32_t c = letters_next(&s);
        if (letters_hidden(c) && !letters_shaper(c))
            return NAME_HIDDEN;
        any = any || letters_seen(c);
    }
    return any ? NONE : NAME_BLANK;
}

bool name_check(struct str value, struct fault *fault)
{
    return tell(name_flaw(value), "invalid_name", fault);
}

struct str name_nfc(struct arena *mem, struct str typed)
{
    size_t len = 0;
    uint8_t *bytes = u8_normalize(UNINORM_NFC, (const uint8_t *)typed.ptr, typed.len, NULL, &len);
    return taken(mem, bytes, len);
}

bool date_of_birth_check(struct str value, struct fault *fault)
{
    char date[11];
    if (!clock_parse_date(value, date))
        return told(fault, "invalid_date", "must be a date such as 1990-12-31, or a date-time");
    if (clock_days(date) < clock_days("1900-01-01"))
        return told(fault, "too_early", "must be 1900-01-01 or later");
    if (clock_days(date) > clock_now_us() / DAY_US)
        return told(fault, "in_the_future", "must not be in the future");
    return true;
}

const char *identity_idn2_version(void)
{
    return idn2_check_version(NULL);
}

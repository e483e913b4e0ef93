/* Attestation statements of one format, which meson.build names (FORMAT): a program for each.
 *
 * An input is the statement and behind it the authenticator data.  The object around them is made here, so that no mutation
 * loses the format or the length of the data.  A signature that does not fit counts as one that does (meson.build wraps
 * foreign_key_check): what is read behind it is reached, as a maker who means harm could. */
#include "base/buf.h"
#include "crypto/foreign_key.h"
#include "webauthn/cbor.h"
#include "webauthn/registration.h"
#include "webauthn/registration_fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
FALLIBLE __real_foreign_key_check(const struct foreign_key *key, enum foreign_algorithm algorithm, struct str message,
                                  struct str signature);
FALLIBLE __wrap_foreign_key_check(const struct foreign_key *key, enum foreign_algorithm algorithm, struct str message,
                                  struct str signature);

FALLIBLE __wrap_foreign_key_check(const struct foreign_key *key, enum foreign_algorithm algorithm, struct str message,
                                  struct str signature)
{
    const enum err end = __real_foreign_key_check(key, algorithm, message, signature);
    return end == ERR_DENIED ? OK : end;
}

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    fuzz_setup();
    if (attestation_format_find(STR(FORMAT)) == NULL)
        die("no format is called " FORMAT);
    return 0;
}

/* The shortest form; an input is below 64 KiB. */
static void add_head(struct buf *to, uint8_t major, size_t len)
{
    if (len < 24) {
        buf_add_char(to, (char)(major | len));
        return;
    }
    buf_add_char(to, (char)(major | (len < 256 ? 24 : 25)));
    if (len >= 256)
        buf_add_char(to, (char)(len >> 8));
    buf_add_char(to, (char)(len & 0xff));
}

static void add_text(struct buf *to, struct str text)
{
    add_head(to, 0x60, text.len);
    buf_add(to, text);
}

/* What is no CBOR is a statement as a whole, to be refused with it. */
static struct str object_of(struct arena *mem, struct str input)
{
    struct str data = input;
    struct cbor statement = { 0 };
    struct buf object = buf_new(mem, input.len + 64);

    if (cbor_take(&data, &statement) != OK)
        data = (struct str){ input.ptr + input.len, 0 };
    buf_add_char(&object, (char)0xa3);
    add_text(&object, STR("fmt"));
    add_text(&object, STR(FORMAT));
    add_text(&object, STR("attStmt"));
    buf_add(&object, str_slice(input, 0, input.len - data.len));
    add_text(&object, STR("authData"));
    add_head(&object, 0x40, data.len);
    buf_add(&object, data);
    return buf_str(&object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    if (size <= ATTESTATION_OBJECT_MAX)
        fuzz_registration(object_of(mem, (struct str){ (const char *)data, size }), STR(FORMAT));
    return 0;
}

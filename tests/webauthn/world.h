/* Both ceremonies with an authenticator of our own, for the tests of the steps that are carried out in the room webauthn. */
#pragma once
#include "support/test.h"
#include "crypto/signature.h"
#include "webauthn/assertion.h"
#include "webauthn/registration.h"

#define COUNT(table)       (sizeof(table) / sizeof *(table))
#define CHALLENGE          "LAFYKmRszaeBYYtAC2yyA5w_w7_DV2uDwwGe0ZRPn6Y"
#define ORIGIN             "https://example.org"
#define RP_ID              "example.org"
#define CLIENT(type, more) "{\"type\":\"" type "\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ORIGIN "\"" more "}"
#define CREATE             CLIENT("webauthn.create", "")
#define GET                CLIENT("webauthn.get", "")

extern const struct str credential_id, user_handle;

/* What a test changes before the ceremony is put together. */
struct device {
    struct arena *mem;
    struct sign_key *key;
    struct str client, rp_id, format, key_parameters; /* the last: what stands before x in the COSE_Key */
    struct str extensions, behind, named_id, statement;
    uint8_t flags;
    uint32_t sign_count;
    bool sign_other;       /* something else than it should */
    struct str was_client; /* the client data that it signs, if not those that are sent */
};

struct device device_new(const char *client);
void device_drop(struct device *d);
struct str device_key(const struct device *d);                 /* COSE */
struct str device_data(const struct device *d, bool attested); /* authenticator data */
struct str device_sign(const struct device *d, struct str data);
/* Self attestation, unless a statement is given. */
struct str device_object(const struct device *d);
struct assertion_record device_record(const struct device *d);

struct str bytes_view(const void *bytes, size_t len);
struct buf;
void add_number(struct buf *out, uint32_t value, unsigned bytes);

/* ---- the two ceremonies, with what a test may change ---- */

struct ceremony asked(void);
struct registration_options registering(void);
enum err register_with(const struct device *d, const struct registration_options *options, struct registration *out,
                       enum step *failed);
enum err assert_with(const struct device *d, const struct assertion_options *options,
                     const struct assertion_record *record, struct assertion *out, enum step *failed);

/* ---- refusals ---- */

/* A fault in what comes, or in what is asked. */
struct refusal {
    enum step step; /* that has to refuse */
    const char *client;
    void (*spoil)(struct device *d);
    void (*ask)(struct registration_options *options);
    void (*look)(struct assertion_options *options, struct assertion_record *record);
    enum step about; /* where the fault lies, if in a step that only makes what a later one refuses by */
};

void no_client(struct device *d), other_rp(struct device *d), no_up(struct device *d), no_uv(struct device *d),
    bs_alone(struct device *d), eligible(struct device *d), byte_behind(struct device *d),
    other_message(struct device *d), blank_behind(struct device *d), nameless(struct device *d),
    no_map(struct device *d);

void check_refusal(const struct refusal *row, size_t at, enum err end, enum step failed);
/* Each step of this room from first to before last has a row, or stands in elsewhere. */
void check_steps(enum step first, enum step last, const struct refusal *rows, size_t count, const enum step *elsewhere,
                 size_t elsewhere_count);
/* Each bit of the part, turned over, makes the response one that is not taken. */
void check_flips(struct str part, bool (*is_taken)(const struct device *, const void *), const struct device *d,
                 const void *response);

int ceremony_setup(void **state);

#include "api/webauthn_view.h"
#include "webauthn/model.h"

/* The names are those of WebAuthn Level 3 5.4 and 5.5, which are written in another way than ours. */
/* clang-format off */
#define AS(type, member, text) { .name = (text), .kind = FIELD_KIND(((type *)0)->member), .offset = offsetof(type, member) }
#define OBJECT_AS(type, member, text, table) { .name = (text), .kind = FIELD_OBJECT, .offset = offsetof(type, member), .sub = (table) }
#define OBJECTS_AS(type, member, text, table, of)                                                                     \
    { .name = (text), .kind = FIELD_OBJECTS, .offset = offsetof(type, member), .sub = (table), .sub_size = sizeof(of) }

const struct field credential_fields[] = {
    VIEW(struct credential_view, id),                 VIEW(struct credential_view, name),
    VIEW(struct credential_view, aaguid),             VIEW_NULLABLE(struct credential_view, model),
    VIEW_NULLABLE(struct credential_view, icon),
    VIEW(struct credential_view, transports),         VIEW(struct credential_view, backup_eligible),
    VIEW(struct credential_view, backup_state),       VIEW_TIME(struct credential_view, created_at),
    VIEW_TIME(struct credential_view, last_used_at),  FIELD_END
};

static const struct field descriptor_fields[] = {
    VIEW(struct passkey_descriptor, type), VIEW(struct passkey_descriptor, id), VIEW(struct passkey_descriptor, transports), FIELD_END
};
static const struct field parameter_fields[] = {
    VIEW(struct passkey_parameter, type), VIEW(struct passkey_parameter, alg), FIELD_END
};
static const struct field rp_fields[] = {
    VIEW(struct passkey_rp, id), VIEW(struct passkey_rp, name), FIELD_END
};
static const struct field user_fields_of_options[] = {
    VIEW(struct passkey_user, id), VIEW(struct passkey_user, name), AS(struct passkey_user, display_name, "displayName"), FIELD_END
};
static const struct field selection_fields[] = {
    AS(struct passkey_selection, resident_key,         "residentKey"),
    AS(struct passkey_selection, require_resident_key, "requireResidentKey"),
    AS(struct passkey_selection, user_verification,    "userVerification"),
    FIELD_END
};

/* in: where the options lie in the struct. */
#define CREATION_ROWS(type, in)                                                                                       \
    OBJECT_AS(type,  in rp,          "rp",                     rp_fields),                                            \
    OBJECT_AS(type,  in user,        "user",                   user_fields_of_options),                               \
    AS(type,         in challenge,   "challenge"),                                                                    \
    OBJECTS_AS(type, in algorithms,  "pubKeyCredParams",       parameter_fields,  struct passkey_parameter),          \
    AS(type,         in timeout_ms,  "timeout"),                                                                      \
    OBJECTS_AS(type, in exclude,     "excludeCredentials",     descriptor_fields, struct passkey_descriptor),         \
    OBJECT_AS(type,  in selection,   "authenticatorSelection", selection_fields),                                     \
    AS(type,         in hints,       "hints"),                                                                        \
    AS(type,         in attestation, "attestation")
static const struct field creation_options_fields[] = { CREATION_ROWS(struct creation_options, ), FIELD_END };

static const struct field session_data_fields[] = { VIEW(struct session_data_view, ceremony), FIELD_END };
const struct field signup_fields[] = {
    CREATION_ROWS(struct signup_view, options.), VIEW(struct signup_view, user_id),
    VIEW_OBJECT(struct signup_view, session_data, session_data_fields), FIELD_END
};

#define REQUEST struct request_options
static const struct field request_options_fields[] = {
    AS(REQUEST,         challenge,         "challenge"),
    AS(REQUEST,         timeout_ms,        "timeout"),
    AS(REQUEST,         rp_id,             "rpId"),
    OBJECTS_AS(REQUEST, allow,             "allowCredentials", descriptor_fields, struct passkey_descriptor),
    AS(REQUEST,         user_verification, "userVerification"),
    AS(REQUEST,         hints,             "hints"),
    FIELD_END
};

const struct field creation_fields[] = {
    VIEW(struct creation_view, ceremony), OBJECT_AS(struct creation_view, public_key, "publicKey", creation_options_fields), FIELD_END
};
const struct field request_fields[] = {
    VIEW(struct request_view, ceremony), OBJECT_AS(struct request_view, public_key, "publicKey", request_options_fields), FIELD_END
};
/* clang-format on */

struct credential_view credential_view_of(const struct visit *v, const struct credential_row *row)
{
    return (struct credential_view){ .id = row->id,
                                     .name = row->name,
                                     .aaguid = row->aaguid,
                                     .model = model_name(row->aaguid),
                                     .icon = model_icon(row->aaguid),
                                     .transports = passkey_transports(v, row),
                                     .backup_eligible = row->backup_eligible,
                                     .backup_state = row->backup_state,
                                     .created_at = row->created_at,
                                     .last_used_at = row->last_used_at };
}

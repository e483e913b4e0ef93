/* How passkeys and the options of their ceremonies look from outside. */
#pragma once
#include "base/field.h"
#include "base/visit.h"
#include "flow/passkey.h"

struct credential_view {
    struct str id, name, aaguid, model;
    struct strs transports;
    bool backup_eligible, backup_state;
    int64_t created_at, last_used_at;
};
struct credential_view credential_view_of(const struct visit *v, const struct credential_row *row);

struct creation_view { /* of a begun registration */
    struct str ceremony;
    struct creation_options public_key;
};
struct request_view { /* of a begun sign-in */
    struct str ceremony;
    struct request_options public_key;
};

extern const struct field credential_fields[], creation_fields[], request_fields[];
extern const struct field creation_options_fields[]; /* of struct creation_options */

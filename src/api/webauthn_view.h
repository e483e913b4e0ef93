/* How passkeys and the options of their ceremonies look from outside. */
#pragma once
#include "base/field.h"
#include "base/visit.h"
#include "flow/passkey.h"

struct credential_view {
    struct str id, name, aaguid, model, icon;
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

struct session_data_view {
    struct str ceremony;
};
struct signup_view { /* of a begun sign-up: the members of the options themselves, and two more */
    struct creation_options options;
    struct str user_id;
    struct session_data_view session_data;
};

extern const struct field credential_fields[], creation_fields[], request_fields[], signup_fields[];

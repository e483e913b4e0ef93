/* The migrations as they are embedded: written at build time by tools/embed-migrations from migrations/<database>/. */
#pragma once
#include "base/str.h"

struct migration {
    int64_t number;
    struct str name;     /* "users" of 0001_users.up.sql */
    struct str up, down; /* each ends in a NUL that is not counted */
};

extern const struct migration sqlite_migrations[], postgres_migrations[];
extern const size_t sqlite_migration_count, postgres_migration_count;

/* What every database behind the store has to do: one set of tests, run by each driver. */
#pragma once
#include "base/str.h"

struct contract {
    struct str (*fresh)(void); /* the URL of an empty database of its own; lives until the next call */
};

int contract_run(const struct contract *contract); /* how many tests failed */
/* The same for copies from one into another; name: of this pair. */
int contract_transfer(const struct contract *from, const struct contract *to, const char *name);
/* Of these only what a way to the database could change. */
int contract_transfer_short(const struct contract *from, const struct contract *to, const char *name);

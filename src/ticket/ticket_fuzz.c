/* Tickets from outside: none that we did not make opens, and what we make says the same again, whatever it holds. */
#include "ticket/ticket.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One byte for each bound, then session and data. */
static struct ticket made_of(struct str all)
{
    const size_t session = all.len > 0 ? (uint8_t)all.ptr[0] % 37 : 0;
    struct ticket t = { .purpose = all.len > 1 ? (enum ticket_purpose)((uint8_t)all.ptr[1] % 6) : 0,
                        .user_id = (int64_t)all.len - 7,
                        .token_version = -(int64_t)all.len };
    all = str_slice(all, 2, all.len);
    t.session_id = str_slice(all, 0, session);
    t.data = str_slice(all, session, session + TICKET_DATA_MAX);
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ticket_key key = { { { 1 } }, 2 };
    AUTO(arena) struct arena *mem = arena_new();
    const struct visit v = { .mem = mem, .now_us = 1 };
    const struct str text = { (const char *)data, size };
    const struct ticket in = made_of(text);
    struct ticket got = { 0 };
    struct str own = { 0 };
    if (ticket_open(&key, &v, in.purpose, text, &got) == OK)
        abort();
    if (ticket_seal(&key, &v, &in, &own) != OK || ticket_open(&key, &v, in.purpose, own, &got) != OK)
        abort();
    if (!str_equal(in.data, got.data) || !str_equal(in.session_id, got.session_id) || in.user_id != got.user_id ||
        in.token_version != got.token_version)
        abort();
    return 0;
}

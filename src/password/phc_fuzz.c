/* Any bytes as a stored string: what is read lies within its bounds, and only one text of the costs is read as them. */
#include "password/phc.h"
#include "password/scheme.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_costs(const struct stored *s)
{
    if (s->m_kib > PHC_M_KIB_MAX || s->passes > PHC_PASSES_MAX || s->lanes > PHC_LANES_MAX || s->m_kib < 8 * s->lanes)
        abort();
    if (s->cost > BCRYPT_COST_MAX || s->salt_len > PHC_SALT_MAX || s->hash_len > PHC_HASH_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    struct phc phc = { 0 };
    struct stored stored = { 0 };
    if (phc_parse(text, &phc) != PHC_OK && phc.m_kib != 0)
        abort();
    if (password_read(text, &stored) == PASSWORD_READ)
        check_costs(&stored);
    else if (stored.scheme != NULL)
        abort();
    return 0;
}

#include "store/parcel.h"

#include <string.h>

void parcel_init(struct parcel *parcel)
{
    parcel->count = 0;
    parcel->values_used = 0;
    parcel->bytes_used = 0;
}

static size_t bytes_of(const struct ask *ask)
{
    size_t bytes = 0;

    for (size_t i = 0; i < ask->count; i++)
        bytes += ask->in[i].bytes.len;
    return bytes;
}

static void copy_value(struct parcel *parcel, const struct value *from)
{
    struct value *to = &parcel->values[parcel->values_used++];

    *to = *from;
    if (from->bytes.ptr == NULL)
        return;
    to->bytes.ptr = memcpy(parcel->bytes + parcel->bytes_used, from->bytes.ptr, from->bytes.len);
    parcel->bytes_used += from->bytes.len;
}

bool parcel_add(struct parcel *parcel, const struct parcel_item *item)
{
    const struct ask *ask = &item->ask;
    const struct value *in = parcel->values + parcel->values_used;

    if (parcel->count == PARCEL_ASKS || ask->count > PARCEL_VALUES - parcel->values_used ||
        bytes_of(ask) > PARCEL_BYTES - parcel->bytes_used)
        return false;
    for (size_t i = 0; i < ask->count; i++)
        copy_value(parcel, &ask->in[i]);
    parcel->items[parcel->count++] = (struct parcel_item){ { ask->query, in, ask->count }, item->rows, item->number };
    return true;
}

FALLIBLE parcel_judge(const struct parcel_item *item, int64_t changed)
{
    if (item->rows == ROWS_ANY || item->rows == changed)
        return OK;
    return fail(ERR_CONFLICT, "%s: %lld rows were changed, not %lld", query_name(item->ask.query), (long long)changed,
                (long long)item->rows);
}

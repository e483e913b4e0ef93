#include "base/secret.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

struct secret secret_new(size_t len)
{
    uint8_t *bytes = calloc(1, len + 1);
    if (bytes == NULL)
        die("out of memory (%zu bytes)", len);
    return (struct secret){ bytes, len };
}

struct secret secret_copy(struct str bytes)
{
    struct secret copy = secret_new(bytes.len);
    if (bytes.len > 0)
        memcpy(copy.ptr, bytes.ptr, bytes.len);
    return copy;
}

void secret_drop(struct secret *secret)
{
    if (secret == NULL || secret->ptr == NULL)
        return;
    wipe(secret->ptr, secret->len);
    free(secret->ptr);
    *secret = (struct secret){ 0 };
}

struct str secret_view(const struct secret *secret)
{
    return (struct str){ (const char *)secret->ptr, secret->len };
}

void wipe(void *bytes, size_t len)
{
    explicit_bzero(bytes, len);
}

/* Files that the program carries: made from web/ and npm packages at build time by tools/embed-assets. */
#pragma once
#include <stddef.h>

struct asset {
    const char *name, *content_type;
    const char *encoding; /* "gzip" when stored so; NULL when plain */
    const unsigned char *bytes, *end;
};

extern const struct asset assets[];
extern const size_t assets_count;

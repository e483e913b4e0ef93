/* Files that the program carries: made from web/ and npm packages at build time by tools/embed-assets.mjs.
 *
 * Owns     nothing: all of it is constant.
 * Threads  any worker.
 * Sources  RFC 9110 8.4 (Content-Encoding), 12.5.5 (Vary).
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct call;

struct asset {
    const char *name, *content_type;
    const unsigned char *bytes, *end;
    const unsigned char *gzip, *gzip_end; /* the same, compressed; NULL where that is not worth it */
};

extern const struct asset assets[]; /* of the API's page; the pages for people have theirs in web/assets.h */
extern const size_t assets_count;

/* NULL: there is none of this name. */
const struct asset *asset_find(const struct asset *table, size_t count, struct str name);
struct str asset_bytes(const struct asset *a);
/* 200, compressed for who takes that.  Ends: OK. */
enum err asset_reply(struct call *c, const struct asset *a);

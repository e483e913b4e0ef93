/* The pages and what they load: rendered from web/ at build time by tools/embed-assets.mjs.
 *
 * Pages are named NAME.LANGUAGE.html; all else is named as it is served.  web_version changes with any byte of them.
 */
#pragma once
#include "api/assets.h"

extern const struct asset web_assets[];
extern const size_t web_assets_count;
extern const char web_version[];

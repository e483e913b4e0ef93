/* From bytes to a parsed object; of this room only, since it speaks the library's types.
 *
 * Owns     the tree that json_parse returns belongs to the caller, who gives it back with json_decref.
 * Threads  any.
 */
#pragma once
#include <jansson.h>
#include "base/str.h"

/* The object that text is, or NULL: over max bytes, too deep, a NUL, a mark at the front, a repeated name, bytes that are not
 * UTF-8, something after the end, or no object at the top.  *at: the byte where it went wrong, as well as is known. */
json_t *json_parse(struct str text, size_t max, size_t *at);

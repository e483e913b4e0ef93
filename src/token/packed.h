/* A struct by its field table as one run of bytes, and back: to keep it where it must not point anywhere.
 *
 * For texts, lists of texts and numbers (FIELD_STR, FIELD_STRS, FIELD_INT); a table with other kinds ends the process.
 *
 * Owns     nothing: bytes, lists and texts lie in mem or in the bytes that are read.
 * Threads  any.
 * Ends     none: the bytes never leave the process, so what packed_read gets is what packed_add made.
 */
#pragma once
#include "base/buf.h"
#include "base/field.h"

void packed_add_str(struct buf *out, struct str text);
void packed_add(struct buf *out, const struct field *table, const void *from);
/* Takes off the front of *rest. */
struct str packed_take_str(struct str *rest);
void packed_take(struct str *rest, struct arena *mem, const struct field *table, void *out);

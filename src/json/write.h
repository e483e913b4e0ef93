/* JSON out: structs written over field tables by an escaping writer of our own.
 *
 * Owns     nothing; writes into a buf.
 * Threads  any.
 * Source   RFC 8259 7: control characters, quote and backslash are escaped; also U+007F, U+2028 and U+2029.
 * Input    strings must be UTF-8; a byte that is not is written as U+FFFD.
 */
#pragma once
#include "base/buf.h"
#include "base/field.h"

void json_write(struct buf *out, const struct field *table, const void *from); /* {"name":value,...} */
void json_write_str(struct buf *out, struct str s);                            /* with its quotes */

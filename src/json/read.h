/* Strict JSON in: one object, decoded over a field table.
 *
 * Owns     nothing: strings lie in mem; secrets belong to the struct and are dropped with json_drop_secrets.
 * Bounds   JSON_TEXT_MAX bytes, nesting JSON_DEPTH_MAX; the caller bounds the body first.
 * Tables   at most 64 rows.  Bounds of a list count its items; each has at most 64 bytes and meets the row's check.
 * Faults   missing, wrong_type, unknown_field, too_short, too_long, out_of_range, and the codes of the rows' checks.
 * Threads  any; json_setup once, before threads.
 * Sources  RFC 8259 (grammar; 8.1: UTF-8, no BOM); sections 4 and 9 leave it to us to refuse duplicate names and NUL.
 */
#pragma once
#include "base/err.h"
#include "base/field.h"
#include "base/arena.h"

#define JSON_TEXT_MAX  (64U * 1024)
#define JSON_DEPTH_MAX 16

/* Seed the parser's tables and make its memory wipe itself when freed. */
void json_setup(void);

const char *json_jansson_version(void); /* of the library, as it is loaded */

/* Decode text into out, which starts zeroed, by table.  What is missing, unknown, of the wrong type or out of bounds
 * goes into faults, all of it, and the call is still OK: look at faults->count.  Fields that came well are filled even
 * when others did not; what came as null, or not at all, stays as it was.
 *
 * Ends: ERR_INVALID (WHY_JSON; no single strict object; out untouched). */
FALLIBLE json_read(struct arena *mem, struct str text, const struct field *table, void *out, struct faults *faults);

/* Wipe and free the secrets of a struct that json_read filled. */
void json_drop_secrets(const struct field *table, void *in);

/* A parsed object for those who need to look rather than decode (token headers and claims, JWKs). */
struct json; /* jansson's json_t under another name: nobody else includes the library */

/* Ends: ERR_INVALID.  drop with json_tree_drop. */
FALLIBLE json_tree(struct str text, struct json **out);
/* The same of what the operator brings, which may be longer than what strangers send. */
FALLIBLE json_tree_of_file(struct str text, size_t max, struct json **out);
void json_tree_drop(struct json **tree);
/* Members of an object.  false: absent, or of another type.  Strings are borrowed from the tree. */
bool json_get_str(const struct json *object, const char *name, struct str *out);
bool json_get_int(const struct json *object, const char *name, int64_t *out);
bool json_get_bool(const struct json *object, const char *name, bool *out);
const struct json *json_get(const struct json *object, const char *name); /* any type; NULL when absent */
size_t json_size(const struct json *value);                               /* members or elements; 0 for scalars */
const struct json *json_at(const struct json *array, size_t index);
bool json_is_str(const struct json *value, struct str *out);
/* One value of it as text again, without blanks; lies in mem.  Empty for what is no object and no array. */
struct str json_text(struct arena *mem, const struct json *value);
bool json_is_members(const struct json *value); /* an object; false of NULL */
bool json_is_nothing(const struct json *value); /* null; false of NULL */

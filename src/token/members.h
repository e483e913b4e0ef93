/* The members of a small JSON object in one strict pass: token headers and claims.
 *
 * Each request brings a token, and a tree of the whole text costs more than all else but the signature.  What is
 * refused is what json_tree refuses, and one thing less is looked at: the names inside of an object that nobody reads.
 *
 * Owns     nothing: text lies in the text that was read, or in mem where an escape had to be undone.
 * Bounds   MEMBERS_MAX members, MEMBER_LIST_MAX strings in a list, nesting MEMBER_DEPTH_MAX.
 * Threads  any.
 * Sources  RFC 8259 2 to 8 (the grammar); names that repeat are refused (RFC 7519 4 allows that), so are U+0000, lone
 *          surrogates and bytes that are not UTF-8.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define MEMBERS_MAX      32
#define MEMBER_LIST_MAX  32
#define MEMBER_DEPTH_MAX 16

enum member_kind {
    MEMBER_STR,
    MEMBER_INT,    /* a number without fraction and exponent */
    MEMBER_STRS,   /* a list of strings, the empty list among them */
    MEMBER_OBJECT, /* text is the object as it stands, for another members_read */
    MEMBER_OTHER   /* well formed, but nothing that is read here */
};

struct member {
    struct str name;
    enum member_kind kind;
    union {
        struct str text;
        int64_t number;
        struct strs list;
    };
};

struct members {
    size_t count;
    struct member items[MEMBERS_MAX]; /* in the order of the text */
};

/* Ends: ERR_INVALID. */
FALLIBLE members_read(struct arena *mem, struct str text, struct members *out);
/* NULL when there is none of that name. */
const struct member *members_find(const struct members *members, struct str name);
/* The members of an object inside of this one.  Ends: ERR_INVALID (absent, no object, no strict one). */
FALLIBLE members_inner(struct arena *mem, const struct members *members, struct str name, struct members *out);
/* false: absent, or no string. */
bool members_str(const struct members *members, struct str name, struct str *out);

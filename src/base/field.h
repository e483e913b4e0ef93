/* Field tables: one row describes a member of a struct, for the JSON reader, the JSON writer and database rows.
 *
 * A table ends with FIELD_END.  FIELD takes the kind from the C type of the member.
 */
#pragma once
#include "base/secret.h"
#include "base/str.h"

enum field_kind {
    FIELD_STR,     /* struct str */
    FIELD_SECRET,  /* struct secret; only read */
    FIELD_INT,     /* int64_t */
    FIELD_BOOL,    /* bool */
    FIELD_STRS,    /* struct strs: a list of strings */
    FIELD_TIME,    /* int64_t microseconds, written as RFC 3339; 0 is written as null */
    FIELD_OBJECT,  /* a struct inside, by its own table; only written */
    FIELD_OBJECTS, /* struct list: a list of structs; only written */
    FIELD_RAW,     /* struct str that is JSON already; read: the text of an object, without blanks */
    FIELD_MARKS,   /* struct marks: which fields came, and which as null; only read */
};

#define FIELD_OPTIONAL 1U /* read: may be missing.  written: left out when absent, a number when it is 0 */
#define FIELD_NULLABLE 2U /* read: may be null.  written: null when absent */

struct fault;

struct field {
    const char *name;
    enum field_kind kind;
    unsigned flags;
    size_t offset;
    int64_t min, max; /* strings: bytes; numbers: the value; lists: items */
    /* A domain's own check of a string that came and is within bounds; NULL for none.  true when it is good, else
     * code and message of fault are filled with text that lives for ever. */
    bool (*check)(struct str value, struct fault *fault);
    const struct field *sub; /* of FIELD_OBJECT and FIELD_OBJECTS */
    size_t sub_size;
};

struct list {
    void *items;
    size_t count;
};

/* Bit n stands for row n of the table. */
struct marks {
    uint64_t given; /* came, null or not */
    uint64_t null;  /* came as null */
};

#define FAULTS_MAX 32

struct fault {
    struct str field; /* name, or path "roles[1]"; an unknown name is cut at 64 bytes */
    const char *code, *message;
};

struct faults {
    struct fault items[FAULTS_MAX];
    size_t count;
};

/* Past FAULTS_MAX they are dropped. */
void faults_add(struct faults *faults, struct str field, const char *code, const char *message);

/* clang-format off */
#define FIELD_KIND(member) _Generic((member), struct str: FIELD_STR, struct secret: FIELD_SECRET, int64_t: FIELD_INT, \
                                    bool: FIELD_BOOL, struct strs: FIELD_STRS, struct marks: FIELD_MARKS)
#define FIELD_ROW(type, member, more, lo, hi, test)                                                                   \
    { .name = #member, .kind = FIELD_KIND(((type *)0)->member), .flags = (more), .offset = offsetof(type, member),    \
      .min = (lo), .max = (hi), .check = (test) }
#define FIELD(type, member, lo, hi)                FIELD_ROW(type, member, 0, lo, hi, NULL)
#define FIELD_CHECKED(type, member, lo, hi, test)  FIELD_ROW(type, member, 0, lo, hi, test)
#define FIELD_JSON(type, member, lo, hi)                                                                              \
    { .name = #member, .kind = FIELD_RAW, .offset = offsetof(type, member), .min = (lo), .max = (hi) }
/* For what is written: no bounds. */
#define VIEW(type, member)            FIELD_ROW(type, member, 0, 0, 0, NULL)
#define VIEW_NULLABLE(type, member)   FIELD_ROW(type, member, FIELD_NULLABLE, 0, 0, NULL)
#define VIEW_OPTIONAL(type, member)   FIELD_ROW(type, member, FIELD_OPTIONAL, 0, 0, NULL)
#define VIEW_TIME(type, member)       { .name = #member, .kind = FIELD_TIME, .offset = offsetof(type, member) }
#define VIEW_RAW(type, member)        { .name = #member, .kind = FIELD_RAW, .offset = offsetof(type, member) }
#define VIEW_OBJECT(type, member, table)                                                                              \
    { .name = #member, .kind = FIELD_OBJECT, .offset = offsetof(type, member), .sub = (table) }
#define VIEW_OBJECTS(type, member, table, of)                                                                         \
    { .name = #member, .kind = FIELD_OBJECTS, .offset = offsetof(type, member), .sub = (table), .sub_size = sizeof(of) }
#define FIELD_END { .name = NULL }
/* clang-format on */

/* True when row `name` of the table is marked as given. */
bool marks_given(const struct marks *marks, const struct field *table, const char *name);
bool marks_null(const struct marks *marks, const struct field *table, const char *name);

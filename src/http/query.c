#include "http/query.h"

static bool smells_of_secret(struct str name)
{
    static const char *const words[] = { "password",     "token",         "secret",   "code",
                                         "access_token", "refresh_token", "mfa_token" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_equal_nocase(name, str_of(words[i])))
            return true;
    return false;
}

static const struct field *row_of(const struct field *table, struct str name)
{
    for (const struct field *row = table; row != NULL && row->name != NULL; row++)
        if (str_equal(str_of(row->name), name))
            return row;
    return NULL;
}

static bool fill_str(const struct field *row, struct str value, void *at, struct faults *faults)
{
    struct fault fault = { 0 };
    if ((int64_t)value.len < row->min || (int64_t)value.len > row->max) {
        faults_add(faults, str_of(row->name), "out_of_range", "has a length that is not taken");
        return false;
    }
    if (row->check != NULL && !row->check(value, &fault)) {
        faults_add(faults, str_of(row->name), fault.code, fault.message);
        return false;
    }
    *(struct str *)at = value;
    return true;
}

/* Query values are text: numbers are decimal digits, booleans the words true and false. */
static void fill(const struct field *row, struct str value, void *out, struct faults *faults)
{
    char *at = (char *)out + row->offset;
    if (row->kind == FIELD_STR) {
        fill_str(row, value, at, faults);
    } else if (row->kind == FIELD_INT) {
        if (!str_to_int(value, row->min, row->max, (int64_t *)(void *)at))
            faults_add(faults, str_of(row->name), "out_of_range", "must be a whole number within the documented range");
    } else if (row->kind == FIELD_BOOL) {
        *(bool *)at = str_equal(value, STR("true"));
        if (!*(bool *)at && !str_equal(value, STR("false")))
            faults_add(faults, str_of(row->name), "wrong_type", "must be true or false");
    }
}

static void mark(const struct field *table, const struct field *row, void *out)
{
    for (const struct field *m = table; m->name != NULL; m++)
        if (m->kind == FIELD_MARKS)
            ((struct marks *)(void *)((char *)out + m->offset))->given |= UINT64_C(1) << (row - table);
}

static enum err read_pair(struct arena *mem, struct str pair, const struct field *table, enum query_strangers strangers,
                          void *out, uint64_t *seen, struct faults *faults)
{
    struct str name = { 0 }, value = { 0 };
    TRY(str_split(&pair, '=', &name) ? percent_decode(mem, name, true, &name) : OK);
    TRY(percent_decode(mem, pair.ptr == NULL ? STR("") : pair, true, &value));
    const struct field *row = row_of(table, name);
    if (row == NULL || row->kind == FIELD_MARKS)
        return strangers == QUERY_PASSES_STRANGERS ? OK : refuse(WHY_QUERY);
    if ((*seen & UINT64_C(1) << (row - table)) != 0)
        return refuse(WHY_QUERY);
    *seen |= UINT64_C(1) << (row - table);
    mark(table, row, out);
    fill(row, value, out, faults);
    return OK;
}

/* Looked for before anything else is said: whoever put a secret there is to hear of that. */
static bool holds_secret(struct arena *mem, struct str query)
{
    struct str pair, name;
    while (str_split(&query, '&', &pair)) {
        name = pair;
        str_split(&pair, '=', &name);
        if (percent_decode(mem, name, true, &name) == OK && smells_of_secret(name))
            return true;
    }
    return false;
}

enum err query_read(struct arena *mem, struct str query, const struct field *table, enum query_strangers strangers,
                    void *out, struct faults *faults)
{
    struct str pair;
    uint64_t seen = 0;
    int pairs = 0;
    if (query.len == 0)
        return OK;
    if (holds_secret(mem, query))
        return refuse(WHY_SECRET_IN_QUERY);
    while (str_split(&query, '&', &pair)) {
        if (pair.len == 0 || ++pairs > QUERY_PAIRS_MAX)
            return refuse(WHY_QUERY);
        if (read_pair(mem, pair, table, strangers, out, &seen, faults) != OK)
            return refuse(WHY_QUERY);
    }
    return OK;
}

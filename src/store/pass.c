#include "store/pass.h"

#include "store/driver.h"

void pass_begin(struct pass *pass, struct db *db, const struct bulk_table *table)
{
    pass_drop(pass);
    *pass = (struct pass){ .db = db, .table = table };
}

void pass_drop(struct pass *pass)
{
    arena_drop(&pass->mem);
}

bool pass_same(const struct pass *a, const struct pass *b)
{
    return a->rows == b->rows && digest_equal(&a->digest, &b->digest);
}

/* SELECT "a", "b" FROM "t" WHERE ("a") > ($1) ORDER BY "a" LIMIT $2 */
static const char *text_of(const struct pass *pass, struct arena *mem)
{
    struct buf out = buf_new(mem, 1024);
    const struct bulk_table *table = pass->table;

    buf_add(&out, STR("SELECT "));
    bulk_add_columns(&out, table);
    buf_printf(&out, " FROM \"%.*s\"", STR_ARG(table->name));
    if (pass->rows > 0) {
        buf_add(&out, STR(" WHERE ("));
        bulk_add_keys(&out, table);
        buf_add(&out, STR(") > ("));
        for (size_t i = 1; i <= table->keys; i++)
            buf_printf(&out, "%s$%zu", i == 1 ? "" : ", ", i);
        buf_add_char(&out, ')');
    }
    buf_add(&out, STR(" ORDER BY "));
    bulk_add_keys(&out, table);
    buf_printf(&out, " LIMIT $%zu", pass->rows > 0 ? table->keys + 1 : 1);
    return arena_cstr(mem, buf_str(&out));
}

static FALLIBLE ask(struct pass *pass, struct arena *mem, size_t limit)
{
    struct value in[BULK_COLUMNS_MAX + 1];
    size_t count = pass->rows > 0 ? pass->table->keys : 0;

    for (size_t i = 0; i < count; i++)
        in[i] = pass->keys[i];
    in[count] = in_int((int64_t)(limit < PASS_ROWS ? limit : PASS_ROWS));
    return pass->db->store->driver->bulk->ask(pass->db->conn, text_of(pass, mem), in, count + 1);
}

static void add_number(struct buf *out, uint64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        buf_add_char(out, (char)(number >> shift & 0xff));
}

static void add_value(struct buf *out, const struct value *value)
{
    buf_add_char(out, (char)value->kind);
    switch (value->kind) {
    case VALUE_NULL:
        return;
    case VALUE_INT:
        add_number(out, (uint64_t)value->number);
        return;
    case VALUE_TEXT:
    case VALUE_BYTES:
        add_number(out, value->bytes.len);
        buf_add(out, value->bytes);
        return;
    }
}

static void digest_row(struct pass *pass, struct buf *scrap, const struct value *row)
{
    scrap->len = 0;
    buf_add(scrap, (struct str){ (const char *)pass->digest.is, sizeof pass->digest.is });
    for (size_t i = 0; i < pass->table->count; i++)
        add_value(scrap, &row[i]);
    pass->digest = digest_of(buf_str(scrap));
}

static size_t bytes_of(const struct pass *pass, const struct value *row)
{
    size_t bytes = 0;
    for (size_t i = 0; i < pass->table->count; i++)
        bytes += row[i].kind == VALUE_TEXT || row[i].kind == VALUE_BYTES ? row[i].bytes.len : 0;
    return bytes;
}

static void keep_row(const struct pass *pass, struct arena *mem, struct value *row)
{
    for (size_t i = 0; i < pass->table->count; i++)
        if (row[i].kind == VALUE_TEXT || row[i].kind == VALUE_BYTES)
            row[i].bytes = arena_copy(mem, row[i].bytes);
}

/* Where the next batch goes on.  The values lie in the arena of this one. */
static void keep_keys(struct pass *pass, const struct value *row)
{
    for (size_t i = 0; i < pass->table->count; i++)
        if (pass->table->columns[i].key > 0)
            pass->keys[pass->table->columns[i].key - 1] = row[i];
    if (pass->table->keys == 1 && pass->keys[0].kind == VALUE_INT)
        pass->greatest = pass->keys[0].number;
}

static FALLIBLE take_row(struct pass *pass, struct arena *mem, struct buf *scrap, struct value *row, size_t *bytes)
{
    size_t more = bytes_of(pass, row);

    if (more > PASS_ROW_BYTES)
        return fail(ERR_INVALID, "a row of %.*s has %zu bytes; at most %d can be copied", STR_ARG(pass->table->name),
                    more, PASS_ROW_BYTES);
    keep_row(pass, mem, row);
    digest_row(pass, scrap, row);
    keep_keys(pass, row);
    pass->rows++;
    *bytes += more;
    return OK;
}

static FALLIBLE read_rows(struct pass *pass, struct arena *mem, struct value *rows, size_t limit, size_t *count)
{
    const struct driver *driver = pass->db->store->driver;
    struct buf scrap = buf_new(mem, 4096);
    size_t bytes = 0;

    while (*count < limit && *count < PASS_ROWS && bytes < PASS_BYTES) {
        struct value *row = rows + *count * pass->table->count;
        bool more = false;
        TRY(driver->next(pass->db->conn, row, pass->table->count, &more));
        if (!more)
            return OK;
        TRY(take_row(pass, mem, &scrap, row, &bytes));
        *count += 1;
    }
    return OK;
}

FALLIBLE pass_next(struct pass *pass, size_t limit, struct batch *out)
{
    AUTO(arena) struct arena *before __attribute__((unused)) = pass->mem; /* the keys of the last batch lie in it */
    struct value *rows;
    size_t count = 0;
    enum err end;

    pass->mem = arena_new();
    rows = ARENA_ARRAY(pass->mem, struct value, PASS_ROWS * pass->table->count);
    TRY(ask(pass, pass->mem, limit));
    end = read_rows(pass, pass->mem, rows, limit, &count);
    pass->db->store->driver->finish(pass->db->conn);
    if (end == OK)
        *out = (struct batch){ rows, count };
    return end;
}

/* Runs a file of e-mail vectors: one JSON line a vector on stdout, {"name":..,"accepted":..,"reason":..}. */
#include "account/identity.h"

#include <jansson.h>
#include <stdio.h>

int vectors_email(const char *file);

static int print_line(const char *name, bool accepted, const char *reason)
{
    json_t *line = json_pack("{s:s, s:b, s:s}", "name", name, "accepted", (int)accepted, "reason", reason);
    const int end = line == NULL ? -1 : json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(line);
    putchar('\n');
    return end;
}

/* Both ways into the program have to agree: the column of a body and the form for comparing. */
static int run_one(const char *name, struct str address)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str form;
    struct fault fault = { 0 };

    note_clear();
    const bool accepted = email_canonical(mem, address, &form) == OK;
    if (accepted != email_check(address, &fault))
        return -1;
    return print_line(name, accepted, accepted ? arena_cstr(mem, form) : note_get()->text);
}

/* 0 when every vector was run, whatever came of it. */
int vectors_email(const char *file)
{
    json_error_t error;
    json_t *all = json_load_file(file, JSON_ALLOW_NUL, &error); /* some addresses hold a NUL */
    size_t index;
    json_t *vector;
    int end = 0;

    if (!json_is_array(all)) {
        fprintf(stderr, "%s: no list of vectors: %s\n", file, error.text);
        json_decref(all);
        return 1;
    }
    json_array_foreach(all, index, vector)
    {
        const json_t *address = json_object_get(vector, "address");
        const char *name = json_string_value(json_object_get(vector, "name"));
        const struct str text = { json_string_value(address), json_string_length(address) };
        if (name == NULL || text.ptr == NULL || run_one(name, text) != 0)
            end = 1;
    }
    json_decref(all);
    return end;
}

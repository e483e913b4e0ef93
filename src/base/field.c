#include "base/field.h"

#include <string.h>

void faults_add(struct faults *faults, struct str field, const char *code, const char *message)
{
    if (faults->count == FAULTS_MAX)
        return;
    faults->items[faults->count++] = (struct fault){ field, code, message };
}

static uint64_t bit_of(const struct field *table, const char *name)
{
    for (size_t row = 0; table[row].name != NULL; row++)
        if (strcmp(table[row].name, name) == 0)
            return UINT64_C(1) << row;
    return 0;
}

bool marks_given(const struct marks *marks, const struct field *table, const char *name)
{
    return (marks->given & bit_of(table, name)) != 0;
}

bool marks_null(const struct marks *marks, const struct field *table, const char *name)
{
    return (marks->null & bit_of(table, name)) != 0;
}

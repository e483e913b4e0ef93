/* The statements of src/store/queries.h as JSON, {"USER_BY_ID": "SELECT ...", ...}: so that pgbench is given the same. */
#include "base/err.h"
#include "store/queries.h"

#include <stdio.h>

/* Our texts hold no characters below a space. */
static void put_quoted(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

int main(void)
{
    for (int i = 0; i < (int)QUERY_COUNT; i++) {
        printf(i == 0 ? "{" : ",\n ");
        put_quoted(query_name((enum query_id)i));
        printf(": ");
        put_quoted(query_text((enum query_id)i));
    }
    printf("}\n");
    return 0;
}

/* libpq comes with Kerberos and LDAP: linked, it would cost every start 3 ms and 0.6 MB, also on SQLite.  So it is loaded by
 * who opens a PostgreSQL database, once, and stays. */
#include "store/postgres_own.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libpq.so.5"

struct loading {
    struct libpq table;
    bool good;
    char fault[ERR_TEXT_MAX], version[16];
};

#define LIBPQ_NAME(name) { #name, offsetof(struct libpq, name) },
static const struct {
    const char *name;
    size_t offset;
} functions[] = { LIBPQ(LIBPQ_NAME) };

static struct loading *loading(void)
{
    static struct loading one;
    return &one;
}

/* A function's address goes through memory: C has no conversion from an object's (POSIX dlsym, rationale). */
static bool find_all(void *library, struct libpq *table)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *found = dlsym(library, functions[i].name);
        if (found == NULL)
            return false;
        memcpy((char *)table + functions[i].offset, &found, sizeof found);
    }
    return true;
}

static void load(void)
{
    struct loading *l = loading();
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

    l->good = library != NULL && find_all(library, &l->table);
    if (!l->good) {
        snprintf(l->fault, sizeof l->fault, "%s", dlerror());
        return;
    }
    int number = l->table.PQlibVersion(); /* 150018 is 15.18 */
    snprintf(l->version, sizeof l->version, "%d.%d", number / 10000, number % 10000);
}

FALLIBLE libpq_load(const struct libpq **out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    if (!loading()->good)
        return fail(ERR_INTERNAL, "PostgreSQL needs its library (Debian: libpq5): %s", loading()->fault);
    *out = &loading()->table;
    return OK;
}

const char *store_libpq_version(void)
{
    const struct libpq *pq;
    return libpq_load(&pq) == OK ? loading()->version : "not installed";
}

#include "account/identity.h"
#include "cli/command.h"
#include "cli/print.h"
#include "crypto/random.h"
#include "http/server.h"
#include "http/tls.h"
#include "json/read.h"
#include "store/migrate.h"

#include <gnu/libc-version.h>
#include <stdio.h>

const struct manual version_manual = {
    .json = "print {\"version\",\"build\",\"schema\",\"libraries\":{...}}",
    .about = "The version, what kind of build it is, the newest schema that it knows, and the libraries as they are\n"
             "loaded now; libpq, which only a PostgreSQL database needs, may be \"not installed\".",
    .example = "  postern version --json",
    .ends = "  0 printed; 2 wrong usage",
};

struct libraries {
    struct str libmicrohttpd, gnutls, openssl, libsodium, sqlite, libpq, jansson, libidn2, glibc;
};
static const struct field library_fields[] = { VIEW(struct libraries, libmicrohttpd), VIEW(struct libraries, gnutls),
                                               VIEW(struct libraries, openssl),       VIEW(struct libraries, libsodium),
                                               VIEW(struct libraries, sqlite),        VIEW(struct libraries, libpq),
                                               VIEW(struct libraries, jansson),       VIEW(struct libraries, libidn2),
                                               VIEW(struct libraries, glibc),         FIELD_END };

struct version {
    struct str version, build;
    int64_t schema;
    struct libraries libraries;
};
static const struct field version_fields[] = { VIEW(struct version, version), VIEW(struct version, build),
                                               VIEW(struct version, schema),
                                               VIEW_OBJECT(struct version, libraries, library_fields), FIELD_END };

static void print_for_people(struct arena *mem, const struct version *v)
{
    struct pair pairs[sizeof library_fields / sizeof *library_fields];
    size_t count = 0;
    printf("postern %.*s (%.*s build, schema %lld)\n", STR_ARG(v->version), STR_ARG(v->build), (long long)v->schema);
    for (const struct field *f = library_fields; f->name != NULL; f++)
        pairs[count++] =
            (struct pair){ f->name, *(const struct str *)(const void *)((const char *)&v->libraries + f->offset) };
    pairs_print(mem, pairs, count);
}

enum err version_show(struct run *r)
{
    struct version v = {
        .version = STR(POSTERN_VERSION),
        .build = STR(POSTERN_KIND),
        .schema = migrate_newest(),
        .libraries = { str_of(server_microhttpd_version()), str_of(tls_gnutls_version()),
                       str_of(crypto_openssl_version()), str_of(crypto_sodium_version()),
                       str_of(store_sqlite_version()), str_of(store_libpq_version()), str_of(json_jansson_version()),
                       str_of(identity_idn2_version()), str_of(gnu_get_libc_version()) },
    };
    if (r->json)
        json_print(r->visit.mem, version_fields, &v);
    else
        print_for_people(r->visit.mem, &v);
    return OK;
}

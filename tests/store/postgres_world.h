/* What the tests of the PostgreSQL driver share: databases of their own, and a word with the server behind the driver's back. */
#pragma once
#include <stdio.h>
#include "store/driver.h"
#include "store/migrate.h"
#include "store/people.h"
#include "support/test.h"

struct str postgres_server(void); /* POSTERN_TEST_POSTGRES; absent when there is none */
struct str fresh_pooled(void);    /* as fresh, through pgBouncer in transaction mode, of POSTERN_TEST_PGBOUNCER */
struct str fresh(void);           /* the URL of a new empty database; lives until the next call */
enum err open_as(struct str url, int64_t busy_ms, struct store **store);
struct store *open_new(struct str url, int64_t busy_ms); /* and migrated */
bool known(struct store *store, int n);                  /* is the n-th person there? */
void tell(const char *format, ...)
    __attribute__((format(printf, 1, 2))); /* statements for the server's administrator */
void kill_all(struct str url);             /* every connection to that database */

/* A proxy on a port of its own between a program and the server. */
enum mischief {
    PROXY_HONEST,
    PROXY_CUT_BEFORE_COMMIT, /* COMMIT is not handed on, and the connection cut */
    PROXY_CUT_AFTER_COMMIT,  /* COMMIT is handed on, its answer is not, and the connection cut */
    PROXY_CUT_FOR_GOOD,      /* the same, and nobody gets through any more */
    PROXY_SILENT             /* everything is taken, nothing handed on */
};
struct proxy;
struct proxy *proxy_open(void);
void proxy_do(struct proxy *proxy, enum mischief what);
void proxy_drop(struct proxy **proxy);
struct str proxy_url(struct proxy *proxy, struct str url); /* the same address through it; lives until the next call */

/* The parts; each returns how many tests failed. */
int postgres_url_tests(void);
int postgres_fault_tests(void);
int postgres_flight_tests(void);
int postgres_readers_tests(void);
int postgres_posted_tests(void);

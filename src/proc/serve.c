#include "proc/serve.h"
#include "api/guard.h"
#include "api/routes.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/random.h"
#include "factor/totp.h"
#include "flow/dpop.h"
#include "flow/epoch.h"
#include "flow/forget.h"
#include "flow/keys.h"
#include "flow/open.h"
#include "flow/relying_party.h"
#include "flow/revocations.h"
#include "flow/step_figures.h"
#include "http/address.h"
#include "http/listen.h"
#include "http/tls.h"
#include "json/read.h"
#include "proc/news.h"
#include "proc/trim.h"
#include "store/migrate.h"
#include "store/news.h"
#include "web/routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SLOW_PER_HASH 4  /* threads of the slow lane for each hash worker */
#define SLOW_LEAST    32 /* but as many as can share a commit, since they write too */

/* What the process holds, in the order of opening; closed backwards. */
struct house {
    const struct config *config;
    struct shared shared;
    struct step_figures steps;
    struct proxies *proxies;
    struct tls *tls;
    struct server *server;
    struct news_listener listeners[1];
    struct newsroom *news;
    bool keys_failed;
    int socket;
    struct listen_place place;
    struct arena *mem; /* of what lives as long as the house */
};

#define PLACES_MAX 5

static struct services *worker_open(void *cls)
{
    struct house *house = cls;
    struct services *own = NULL;
    if (services_open(&house->shared, &own) != OK)
        die("%s", note_get()->text);
    return own;
}

static void worker_close(struct services *own)
{
    services_drop(&own);
}

static enum err migrate(struct house *house)
{
    int steps = 0;
    TRY(migrate_to(house->shared.store, clock_now_us(), -1, &steps));
    if (steps > 0)
        log_event(LOG_INFO, "migrated", LOG_N("steps", steps), LOG_S("store", store_place(house->shared.store)));
    return OK;
}

/* A schema that others look after must be there already. */
static enum err check_schema(struct house *house)
{
    AUTO(db) struct db *db = NULL;
    TRY(db_open(house->shared.store, &db));
    return store_ready(db);
}

static enum err open_store(struct house *house)
{
    TRY(shared_open_store(&house->shared, true));
    TRY(house->config->migrate ? migrate(house) : check_schema(house));
    return store_check_queries(house->shared.store);
}

/* What the program answers: the API and, unless they are switched off, the pages. */
static struct server_face face_of(struct house *house)
{
    const bool pages = house->config->pages;
    const size_t count = api_routes_count + (pages ? web_routes_count : 0);
    struct route *all = ARENA_ARRAY(house->mem, struct route, count);
    memcpy(all, api_routes, api_routes_count * sizeof *all);
    memcpy(all + api_routes_count, web_routes, (count - api_routes_count) * sizeof *all);
    return (struct server_face){ all,          count,       house,         worker_open,
                                 worker_close, guard_admit, guard_refused, pages ? web_missing : NULL };
}

static enum err open_server(struct house *house)
{
    const struct config *c = house->config;
    struct password_load load;
    password_load(house->shared.passwords, &load);
    unsigned slow_threads = load.workers * SLOW_PER_HASH;
    if (slow_threads < SLOW_LEAST)
        slow_threads = SLOW_LEAST;
    if (c->tls_cert.len > 0)
        TRY(tls_open(c->tls_cert, c->tls_key, &house->tls));
    struct server_options options = {
        .face = face_of(house),
        .socket = house->socket,
        .workers = (unsigned)c->workers,
        /* While one hashes, the others read, sign and write; what they write together shares one fsync. */
        .slow_threads = slow_threads,
        .slow_guess_us = load.mean_us * slow_threads / load.workers,
        .max_connections = (unsigned)c->max_connections,
        .max_per_address = c->trusted_proxies.count > 0 ? 0 : (unsigned)c->max_connections / 2,
        .head_timeout_s = c->head_timeout_s,
        .body_timeout_s = c->body_timeout_s,
        .cors_origins = c->cors_origins,
        .proxies = house->proxies,
        .tls = house->tls,
        .https = str_starts(c->issuer, STR("https://")),
        .realm = c->app_name,
        .dpop_algs = dpop_algs(),
        .dpop_only = c->dpop == DPOP_REQUIRED,
    };
    return server_open(&options, &house->server);
}

static enum err audit_event(struct house *house, enum audit_kind kind)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct visit v = { .mem = mem, .now_us = clock_now_us() };
    struct audit_who who = { .actor = STR("postern") };
    return audit_alone(house->shared.store, &v, kind, &who, (struct str){ 0 });
}

/* Is this an old state of the database?  See flow/epoch.h. */
static enum err settle_epoch(struct house *house, bool keep)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct visit v = { .mem = mem, .now_us = clock_now_us() };
    struct set_back news = { 0 };
    TRY(flow_epoch_settle(&house->shared, &v, keep, &news));
    if (news.happened)
        log_event(LOG_WARN, "epoch_raised",
                  LOG_S("what", STR("an old state of the database came back; every session has ended")),
                  LOG_N("epoch", news.epoch), LOG_N("sessions", news.ended));
    return OK;
}

/* Another algorithm in the settings than the key has: the next key gets it. */
static enum err follow_setting(struct house *house, const struct visit *v)
{
    AUTO(db) struct db *db = NULL;
    struct str made = { 0 };
    TRY(db_open(house->shared.store, &db));
    TRY(flow_keys_tick(&house->shared, v, db, true, &made));
    if (made.ptr != NULL)
        log_event(LOG_INFO, "key_rotated", LOG_S("next", made));
    return OK;
}

static enum err open_keys(struct house *house)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct visit v = { .mem = mem, .now_us = clock_now_us() };
    struct keys_opened did = { 0 };
    TRY(flow_keys_open(&house->shared, &v, &did));
    if (did.imported > 0)
        log_event(LOG_INFO, "keys_imported", LOG_N("keys", (int64_t)did.imported));
    if (did.made.ptr != NULL)
        log_event(LOG_INFO, "key_made", LOG_S("kid", did.made));
    return follow_setting(house, &v);
}

/* Told when it begins to fail, not with every try; the keys that are there go on meanwhile. */
static void say_keys(struct house *house, enum err end, struct str made)
{
    const bool failed = end != OK;
    if (failed && !house->keys_failed)
        log_event(LOG_ERROR, "keys_failed", LOG_S("what", str_of(note_get()->text)));
    else if (made.ptr != NULL)
        log_event(LOG_INFO, "key_rotated", LOG_S("next", made));
    house->keys_failed = failed;
}

static void hear_of_keys(void *context, struct services *own)
{
    struct house *house = context;
    AUTO(arena) struct arena *mem = arena_new();
    struct visit v = { .mem = mem, .now_us = clock_now_us() };
    struct str made = { 0 };
    const enum err end = flow_keys_tick(&house->shared, &v, own->db, false, &made);
    say_keys(house, end, made);
}

static enum err open_news(struct house *house)
{
    house->listeners[0] = (struct news_listener){ NEWS_KEYS, hear_of_keys, house };
    return newsroom_open(&house->shared, house->listeners, sizeof house->listeners / sizeof *house->listeners,
                         &house->news);
}

static void keep_mark(struct house *house)
{
    if (settle_epoch(house, true) != OK)
        log_event(LOG_ERROR, "mark_failed", LOG_S("what", str_of(note_get()->text)));
}

/* The port really bound: port 0 of the setting means any free one. */
static uint16_t own_port(const struct house *house)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    if (getsockname(house->socket, (struct sockaddr *)&bound, &len) != 0)
        return house->place.port;
    return ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                             : ((struct sockaddr_in *)&bound)->sin_port);
}

static struct str place_of(const struct house *house, const char *host)
{
    return arena_printf(house->mem, "http%s://%s:%u", house->config->tls_cert.len > 0 ? "s" : "", host,
                        own_port(house));
}

static struct str own_place(const struct house *house)
{
    char text[ADDRESS_TEXT_MAX];
    const char *open = house->place.ipv6 ? "[" : "", *close = house->place.ipv6 ? "]" : "";
    return place_of(house,
                    arena_printf(house->mem, "%s%s%s", open, address_text(&house->place.address, text).ptr, close).ptr);
}

/* A proof names the address that its client calls.  What the Host header says is not ours to believe: a proof made for another
 * service could be brought here under its name.  In development people also call this machine by its own names. */
static void name_places(struct house *house)
{
    struct strs *places = &house->shared.places;
    places->items = ARENA_ARRAY(house->mem, struct str, PLACES_MAX);
    places->items[places->count++] = house->config->issuer;
    if (house->config->profile == PROFILE_PRODUCTION)
        return;
    places->items[places->count++] = own_place(house);
    places->items[places->count++] = place_of(house, "localhost");
    places->items[places->count++] = place_of(house, "127.0.0.1");
    places->items[places->count++] = place_of(house, "[::1]");
}

static void open_proofs(struct house *house)
{
    name_places(house);
    house->shared.proofs = replay_open((size_t)house->config->dpop_proofs);
    if (store_shared(house->shared.store))
        return;
    /* Alone on its database, a server forgets what was spent when it stops: proofs of before it started, and nonces, are not taken. */
    house->shared.dpop_since_s = clock_now_us() / SECOND_US;
    random_bytes(&house->shared.dpop_key, sizeof house->shared.dpop_key);
}

static enum err open_relying_party(struct house *house)
{
    TRY(relying_party_open(house->config, own_port(house), clock_now_us() / SECOND_US, &house->shared.rp));
    const struct metadata *metadata = house->shared.rp->metadata;
    if (metadata != NULL)
        log_event(LOG_INFO, "metadata", LOG_N("models", (int64_t)metadata_count(metadata)),
                  LOG_S("next_update", metadata_next_update(metadata)));
    return OK;
}

/* What is to be done every minute. */
static void tidy(struct house *house)
{
    keep_mark(house);
    if (limits_purge(house->shared.limits, clock_now_us()) != OK)
        log_event(LOG_WARN, "purge_failed", LOG_S("what", str_of(note_get()->text)));
    if (flow_forget(&house->shared, clock_now_us()) != OK)
        log_event(LOG_WARN, "purge_failed", LOG_S("what", str_of(note_get()->text)));
}

static enum err open_house(struct house *house)
{
    TRY(listen_place_read(house->config->listen, &house->place));
    TRY(listen_open(&house->place, &house->socket));
    TRY(proxies_open(house->config->trusted_proxies, &house->proxies));
    house->shared.config = house->config;
    house->shared.steps = &house->steps;
    TRY(open_store(house));
    TRY(settle_epoch(house, false));
    TRY(open_keys(house));
    shared_derive_keys(&house->shared);
    TRY(shared_open_passwords(&house->shared));
    house->shared.revocations = revocations_open();
    struct store *common = store_shared(house->shared.store) ? house->shared.store : NULL;
    house->shared.limits = limits_open(house->config->limits, common, &house->shared.limit_key);
    open_proofs(house);
    house->shared.drift = drift_open();
    TRY(open_relying_party(house));
    TRY(audit_event(house, AUDIT_SYS_STARTUP));
    TRY(open_news(house));
    return open_server(house);
}

static void close_house(struct house *house)
{
    server_drop(&house->server);
    newsroom_drop(&house->news);
    tls_drop(&house->tls);
    shared_close(&house->shared);
    proxies_drop(&house->proxies);
    arena_drop(&house->mem);
}

static void say_listening(struct house *house)
{
    const struct str place = own_place(house);
    log_event(LOG_INFO, "listening", LOG_S("address", place), LOG_S("version", STR(POSTERN_VERSION)),
              LOG_S("store", store_place(house->shared.store)),
              LOG_S("profile", house->config->profile == PROFILE_PRODUCTION ? STR("production") : STR("development")));
}

static void reload(struct house *house)
{
    if (house->tls == NULL)
        log_event(LOG_INFO, "reload", LOG_S("what", STR("nothing: no certificate is configured")));
    else if (tls_reload(house->tls) == OK)
        log_event(LOG_INFO, "reload", LOG_S("what", STR("certificate")));
    else
        log_event(LOG_ERROR, "reload_failed", LOG_S("what", str_of(note_get()->text)));
}

/* Every signal that ends or reloads is waited for here; no handler runs anywhere.  Between them the house is tidied. */
static void wait_for_end(struct house *house, const sigset_t *signals)
{
    const struct timespec tick = { .tv_sec = EPOCH_TICK_S };
    int got = 0;
    while (got != SIGINT && got != SIGTERM) {
        got = sigtimedwait(signals, NULL, &tick);
        if (got == SIGHUP)
            reload(house);
        else if (got < 0 && errno == EAGAIN)
            tidy(house);
    }
    log_event(LOG_INFO, "stopping", LOG_S("signal", str_of(got == SIGINT ? "SIGINT" : "SIGTERM")));
}

static int run(struct house *house, const sigset_t *signals)
{
    trim_start();
    say_listening(house);
    wait_for_end(house, signals);
    bool clean = server_drain(house->server, house->config->drain_timeout_s);
    if (audit_event(house, AUDIT_SYS_SHUTDOWN) != OK)
        log_event(LOG_ERROR, "audit_failed", LOG_S("what", str_of(note_get()->text)));
    keep_mark(house);
    close_house(house);
    log_event(LOG_INFO, "stopped", LOG_S("drain", clean ? STR("clean") : STR("cut")));
    return clean ? 0 : 3;
}

static bool fit_to_start(const struct config *config, struct config_state *state)
{
    struct strs unsafe = config_unsafe(config, state), warnings = config_warnings(config, state);
    for (size_t i = 0; i < warnings.count; i++)
        log_event(LOG_WARN, "setting", LOG_S("warning", warnings.items[i]));
    for (size_t i = 0; i < unsafe.count; i++)
        fprintf(stderr, "postern: refused in production: %.*s\n", STR_ARG(unsafe.items[i]));
    return unsafe.count == 0;
}

int serve(const struct config *config, struct config_state *state)
{
    struct house house = { .config = config, .socket = -1 };
    sigset_t signals;
    log_setup(config->log_level, config->log_format);
    if (!fit_to_start(config, state))
        return 1;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread, so that all inherit it */
    signal(SIGPIPE, SIG_IGN);
    json_setup();
    crypto_setup();
    totp_setup();
    house.mem = arena_new();
    if (open_house(&house) == OK)
        return run(&house, &signals);
    fprintf(stderr, "postern: %s\n", note_get()->text);
    close_house(&house);
    return 1;
}

#include "support/test.h"
#include "http/address.h"
#include "http/call.h"
#include "http/lane.h"
#include "http/query.h"
#include "http/reaper.h"
#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct route table[] = { { .method = GET, .path = "/users/{id}" },
                                      { .method = GET, .path = "/users/me" },
                                      { .method = POST, .path = "/users" },
                                      { .method = PATCH, .path = "/users/{id}" },
                                      { .method = GET, .path = "/a/{x}/b/{y}" } };
#define ROWS (sizeof table / sizeof *table)

static const char *path_of(struct arena *mem, enum method method, const char *path, struct route_match *match)
{
    *match = (struct route_match){ 0 };
    struct routes *routes = routes_open(table, ROWS);
    CHECK_OK(route_find(routes, mem, (int)method, str_of(path), match));
    routes_drop(&routes);
    return match->route == NULL ? NULL : match->route->path;
}

TEST(router, prefers_the_literal_row_wherever_it_stands)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct route_match match;
    assert_string_equal("/users/me", path_of(mem, GET, "/users/me", &match));
    assert_string_equal("/users/{id}", path_of(mem, GET, "/users/mee", &match));
    CHECK_STR(STR("mee"), match.params[0]);
    assert_string_equal("/a/{x}/b/{y}", path_of(mem, GET, "/a/1/b/2%2F3", &match));
    CHECK_STR(STR("2/3"), match.params[1]);
}

TEST(router, knows_no_near_misses)
{
    static const char *const unknown[] = { "/",       "",       "users",      "/users/", "/users/a/", "/users//",
                                           "//users", "/Users", "/users/a/b", "/a//b/2", "/a/1/b/",   "/a/1/c/2" };
    AUTO(arena) struct arena *mem = arena_new();
    struct route_match match;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        CHECK(path_of(mem, GET, unknown[i], &match) == NULL);
        CHECK_INT(0, match.methods);
    }
}

TEST(router, tells_which_methods_a_path_takes)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct route_match match;
    CHECK(path_of(mem, DELETE, "/users/1", &match) == NULL);
    CHECK_INT(1U << GET | 1U << PATCH, match.methods);
    CHECK_INT(-1, method_of(STR("get")));
    CHECK_INT(GET, method_of(STR("HEAD")));
}

TEST(router, refuses_broken_escapes)
{
    static const char *const refused[] = { "/users/%",   "/users/%4",  "/users/%zz",
                                           "/users/%00", "/users/%ff", "/users/%c0%af" };
    AUTO(arena) struct arena *mem = arena_new();
    struct route_match match = { 0 };
    struct routes *routes = routes_open(table, ROWS);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK_END(ERR_INVALID, route_find(routes, mem, GET, str_of(refused[i]), &match));
    routes_drop(&routes);
    CHECK(match.route == NULL);
}

struct params {
    struct str q;
    int64_t limit;
    bool active;
    struct marks marks;
};
static const struct field params_in[] = { FIELD(struct params, q, 1, 4), FIELD(struct params, limit, 1, 200),
                                          FIELD(struct params, active, 0, 1), FIELD(struct params, marks, 0, 0),
                                          FIELD_END };

TEST(query, reads_what_the_table_names)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct params p = { 0 };
    struct faults faults = { 0 };
    CHECK_OK(query_read(mem, STR("q=a+%26b&limit=200&active=true"), params_in, QUERY_REFUSES_STRANGERS, &p, &faults));
    CHECK_INT(0, faults.count);
    CHECK_STR(STR("a &b"), p.q);
    CHECK_INT(200, p.limit);
    CHECK(p.active && marks_given(&p.marks, params_in, "active"));
}

TEST(query, refuses_strangers_doubles_and_broken_text)
{
    static const char *const refused[] = { "x=1",   "q=a&q=b", "&",   "q=a&", "q=%",
                                           "q=%00", "marks=1", "Q=a", "=a",   "q=%ff" };
    AUTO(arena) struct arena *mem = arena_new();
    struct params p = { 0 };
    struct faults faults = { 0 };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_END(ERR_INVALID, query_read(mem, str_of(refused[i]), params_in, QUERY_REFUSES_STRANGERS, &p, &faults));
        CHECK_INT(WHY_QUERY, note_get()->why);
    }
}

TEST(query, passes_strangers_where_links_of_all_kinds_lead)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct params p = { 0 };
    struct faults faults = { 0 };
    const struct str query = STR("utm_source=x&utm_source=y&q=a&marks=1&Q=b&=c&plain");
    CHECK_OK(query_read(mem, query, params_in, QUERY_PASSES_STRANGERS, &p, &faults));
    CHECK_INT(0, faults.count);
    CHECK_STR(STR("a"), p.q);
    CHECK_OK(query_read(mem, query, NULL, QUERY_PASSES_STRANGERS, NULL, &faults));
}

TEST(query, passes_no_stranger_that_is_broken_secret_or_one_too_many)
{
    static const char *const refused[] = { "x=%",  "%=x",     "x=%00",   "x=%ff",
                                           "&",    "x=1&",    "q=a&q=b", "1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17",
                                           "x=%f", "x=1&&y=2" };
    static const char *const secret[] = { "x=1&token=y", "PASSWORD=", "to%6ben=y" };
    AUTO(arena) struct arena *mem = arena_new();
    struct params p = { 0 };
    struct faults faults = { 0 };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_END(ERR_INVALID, query_read(mem, str_of(refused[i]), params_in, QUERY_PASSES_STRANGERS, &p, &faults));
        CHECK_INT(WHY_QUERY, note_get()->why);
    }
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++) {
        CHECK_END(ERR_INVALID, query_read(mem, str_of(secret[i]), params_in, QUERY_PASSES_STRANGERS, &p, &faults));
        CHECK_INT(WHY_SECRET_IN_QUERY, note_get()->why);
    }
    CHECK_OK(query_read(mem, STR("x=1&limit=201"), params_in, QUERY_PASSES_STRANGERS, &p, &faults));
    CHECK_INT(1, faults.count);
}

TEST(query, refuses_a_secret_whatever_the_route_takes)
{
    static const char *const refused[] = { "password=x", "PASSWORD=x", "q=a&token=x", "pass%77ord=x",
                                           "refresh_token=" };
    AUTO(arena) struct arena *mem = arena_new();
    struct params p = { 0 };
    struct faults faults = { 0 };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_END(ERR_INVALID, query_read(mem, str_of(refused[i]), params_in, QUERY_REFUSES_STRANGERS, &p, &faults));
        CHECK_INT(WHY_SECRET_IN_QUERY, note_get()->why);
        CHECK_END(ERR_INVALID, query_read(mem, str_of(refused[i]), NULL, QUERY_REFUSES_STRANGERS, NULL, &faults));
    }
}

TEST(query, holds_its_bounds_at_the_edge)
{
    static const struct {
        const char *query;
        size_t faults;
    } rows[] = { { "limit=0", 1 },   { "limit=1", 0 },     { "limit=200", 0 },   { "limit=201", 1 }, { "limit=-1", 1 },
                 { "limit=1.0", 1 }, { "q=", 1 },          { "q=a", 0 },         { "q=abcd", 0 },    { "q=abcde", 1 },
                 { "active=1", 1 },  { "active=True", 1 }, { "active=false", 0 } };
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct params p = { 0 };
        struct faults faults = { 0 };
        CHECK_OK(query_read(mem, str_of(rows[i].query), params_in, QUERY_REFUSES_STRANGERS, &p, &faults));
        CHECK_INT(rows[i].faults, faults.count);
    }
}

TEST(address, reads_listen_places_and_refuses_the_rest)
{
    static const char *const refused[] = { "",
                                           "8000",
                                           ":8000",
                                           "127.0.0.1",
                                           "127.0.0.1:",
                                           "127.0.0.1:65536",
                                           "127.0.0.1:-1",
                                           "127.0.0.1:80x",
                                           "::1:8000",
                                           "[::1]",
                                           "[127.0.0.1]:80",
                                           "host:80",
                                           "127.0.0.256:80" };
    struct listen_place place = { 0 };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK_END(ERR_INVALID, listen_place_read(str_of(refused[i]), &place));
    CHECK_OK(listen_place_read(STR("[::1]:65535"), &place));
    CHECK(place.ipv6 && place.port == 65535);
    CHECK_OK(listen_place_read(STR("localhost:0"), &place));
    CHECK(!place.ipv6 && place.port == 0);
}

static struct address ip(const char *text)
{
    struct address a;
    CHECK(address_read(str_of(text), &a));
    return a;
}

TEST(proxies, believe_only_what_a_trusted_hop_wrote)
{
    static const struct {
        const char *peer, *forwarded_for, *client;
    } rows[] = {
        { "203.0.113.9", "198.51.100.1", "203.0.113.9" }, /* no proxy: its words are its own */
        { "10.0.0.1", "198.51.100.1", "198.51.100.1" },
        { "10.0.0.1", "1.2.3.4, 198.51.100.1",
          "198.51.100.1" }, /* what the client itself put in front is not believed */
        { "10.0.0.1", "1.2.3.4, 198.51.100.1, 10.9.9.9", "198.51.100.1" },
        { "10.0.0.1", "nonsense", "10.0.0.1" },
        { "10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1" },
        { "10.0.0.1", "", "10.0.0.1" },
        { "10.0.0.1", "10.0.0.2", "10.0.0.2" },
        { "fd00::7", "2001:db8::1", "2001:db8::1" },
        { "fd01::7", "2001:db8::1", "fd01::7" },
    };
    struct str blocks[] = { STR("10.0.0.0/8"), STR("fd00::/16") };
    struct proxies *proxies = NULL;
    CHECK_OK(proxies_open((struct strs){ blocks, 2 }, &proxies));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[ADDRESS_TEXT_MAX];
        struct address got = proxies_client(proxies, ip(rows[i].peer), str_of(rows[i].forwarded_for));
        CHECK_STR(str_of(rows[i].client), address_text(&got, text));
    }
    proxies_drop(&proxies);
}

TEST(proxies, refuse_what_is_no_block)
{
    static const char *const refused[] = {
        "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::/129", "x", "", "10.0.0.0/8/8"
    };
    struct proxies *proxies = NULL;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct str block = str_of(refused[i]);
        CHECK_END(ERR_INVALID, proxies_open((struct strs){ &block, 1 }, &proxies));
    }
}

/* A lane whose jobs wait at a gate, so that the queue can be looked at. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    unsigned started, ended;
};

static void *gate_open(void *cls)
{
    return cls;
}

static void gate_close(void *own)
{
    (void)own;
}

static void gate_run(void *own, void *job)
{
    struct gate *g = own;
    (void)job;
    pthread_mutex_lock(&g->lock);
    g->started++;
    pthread_cond_broadcast(&g->changed);
    while (!g->open)
        pthread_cond_wait(&g->changed, &g->lock);
    g->ended++;
    pthread_mutex_unlock(&g->lock);
}

static void wait_started(struct gate *g, unsigned count)
{
    pthread_mutex_lock(&g->lock);
    while (g->started < count)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void let_go(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

static struct gate new_gate(void)
{
    return (struct gate){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
}

TEST(lane, refuses_when_the_answer_would_take_more_than_two_seconds)
{
    struct gate gate = new_gate();
    struct lane_options options = { 2, 100000, gate_open, gate_close, gate_run, &gate };
    struct lane_pool *pool = lane_pool_open(&options);
    int job;
    /* Two run; a newcomer behind n others is answered after (n + 1) * 100 ms / 2: the 41st is the first past 2 s. */
    for (int i = 0; i < 40; i++)
        CHECK_OK(lane_offer(pool, &job));
    wait_started(&gate, 2);
    CHECK_END(ERR_BUSY, lane_offer(pool, &job));
    CHECK_INT(WHY_HASH_LANE_FULL, note_get()->why);
    CHECK_INT(3, note_get()->retry_after_s);
    struct lane_figures f;
    lane_figures(pool, &f);
    CHECK_INT(1, f.shed);
    CHECK_INT(38, f.queued);
    let_go(&gate);
    lane_pool_drop(&pool);
    CHECK_INT(40, gate.ended);
}

TEST(lane, holds_no_more_than_its_queue)
{
    struct gate gate = new_gate();
    struct lane_options options = { 1, 1, gate_open, gate_close, gate_run, &gate };
    struct lane_pool *pool = lane_pool_open(&options);
    int job;
    CHECK_OK(lane_offer(pool, &job));
    wait_started(&gate, 1);
    for (int i = 0; i < LANE_QUEUE_MAX; i++)
        CHECK_OK(lane_offer(pool, &job));
    CHECK_END(ERR_BUSY, lane_offer(pool, &job));
    let_go(&gate);
    lane_pool_drop(&pool);
    CHECK_INT(LANE_QUEUE_MAX + 1, gate.ended);
}

static void count_reaped(void *cls)
{
    atomic_fetch_add((atomic_int *)cls, 1);
}

TEST(reaper, closes_what_is_late_and_nothing_else)
{
    atomic_int reaped = 0;
    int late[2], owned[2];
    CHECK_INT(0, socketpair(AF_UNIX, SOCK_STREAM, 0, late));
    CHECK_INT(0, socketpair(AF_UNIX, SOCK_STREAM, 0, owned));
    struct reaper *reaper = reaper_open(count_reaped, &reaped);
    struct watched *a = reaper_watch(reaper, late[0]), *b = reaper_watch(reaper, owned[0]);
    watched_expect(b, 0);
    watched_expect(a, 1);
    struct pollfd waiting = { late[1], POLLIN, 0 };
    CHECK_INT(1, poll(&waiting, 1, 10000)); /* the other end sees the close */
    char byte;
    CHECK_INT(0, read(late[1], &byte, 1));
    CHECK_INT(1, atomic_load(&reaped));
    CHECK(recv(owned[1], &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    reaper_forget(reaper, a);
    reaper_forget(reaper, b);
    reaper_drop(&reaper);
    for (int i = 0; i < 2; i++) {
        close(late[i]);
        close(owned[i]);
    }
}

static struct call new_call(struct arena *mem)
{
    return (struct call){ .visit = { .mem = mem, .request_id = STR("r-1") }, .realm = STR("postern") };
}

TEST(problem, has_a_status_for_every_end)
{
    static const struct {
        enum why why;
        unsigned status;
    } rows[] = { { WHY_JSON, 400 },         { WHY_CREDENTIALS, 401 }, { WHY_FORBIDDEN, 403 },
                 { WHY_USER_MISSING, 404 }, { WHY_EMAIL_TAKEN, 409 }, { WHY_RATE_LIMITED, 429 },
                 { WHY_STORE_BUSY, 503 },   { WHY_NONE, 500 } };
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call c = new_call(mem);
        problem(&c, refuse(rows[i].why));
        CHECK_INT(rows[i].status, c.reply.status);
        CHECK(c.reply.no_store);
        CHECK(str_contains(c.reply.body, str_of(why_code(rows[i].why))));
    }
}

TEST(problem, tells_nothing_of_the_inside)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct call c = new_call(mem);
    problem(&c, fail(ERR_INTERNAL, "open /srv/secret.db: no such file"));
    CHECK_INT(500, c.reply.status);
    CHECK(!str_contains(c.reply.body, STR("secret.db")));
    c = new_call(mem);
    problem(&c, fail(ERR_MISSING, "select from users"));
    CHECK_INT(404, c.reply.status);
    CHECK(!str_contains(c.reply.body, STR("select")));
}

TEST(problem, lists_every_fault)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct call c = new_call(mem);
    faults_add(&c.faults, STR("email"), "missing", "is required");
    faults_add(&c.faults, STR("a\"b"), "unknown_field", "is not known here");
    problem(&c, refuse(WHY_VALIDATION));
    CHECK_INT(422, c.reply.status);
    CHECK(str_contains(c.reply.body,
                       STR("\"errors\":[{\"field\":\"email\",\"code\":\"missing\",\"message\":\"is required\"}")));
    CHECK(str_contains(c.reply.body, STR("a\\\"b")));
}

TEST(problem, ignores_a_note_of_another_category)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct call c = new_call(mem);
    CHECK_END(ERR_CONFLICT, refuse(WHY_EMAIL_TAKEN));
    problem(&c, ERR_DENIED);
    CHECK_INT(403, c.reply.status);
    CHECK(!str_contains(c.reply.body, STR("Email already")));
}

RUN_TESTS(CASE(router, prefers_the_literal_row_wherever_it_stands), CASE(router, knows_no_near_misses),
          CASE(router, tells_which_methods_a_path_takes), CASE(router, refuses_broken_escapes),
          CASE(query, reads_what_the_table_names), CASE(query, refuses_strangers_doubles_and_broken_text),
          CASE(query, passes_strangers_where_links_of_all_kinds_lead),
          CASE(query, passes_no_stranger_that_is_broken_secret_or_one_too_many),
          CASE(query, refuses_a_secret_whatever_the_route_takes), CASE(query, holds_its_bounds_at_the_edge),
          CASE(address, reads_listen_places_and_refuses_the_rest), CASE(proxies, believe_only_what_a_trusted_hop_wrote),
          CASE(proxies, refuse_what_is_no_block), CASE(lane, refuses_when_the_answer_would_take_more_than_two_seconds),
          CASE(lane, holds_no_more_than_its_queue), CASE(reaper, closes_what_is_late_and_nothing_else),
          CASE(problem, has_a_status_for_every_end), CASE(problem, tells_nothing_of_the_inside),
          CASE(problem, lists_every_fault), CASE(problem, ignores_a_note_of_another_category))

/* A small client for the bench: one thread, one request over and over, on connections that stay open.
 *
 * paced  sends at even moments whatever is answered meanwhile, and counts each latency from the moment at which the
 *        request was due: an answer that is late makes those behind it late too, as real callers would see it.
 * flood  sends again as soon as the answer is there.  The rate is counted from the first answer to the last, so that no
 *        part of a slow answer is lost at either side.
 * rotate the same for COUNT requests, where every client has its own, and puts the refresh token of each answer in the
 *        place of the one that it has spent.
 *
 * A poll-flood never sleeps: on a virtual machine it costs the server several microseconds to wake a client that does,
 * and where the server's own cost is the question that is not part of it.
 *
 * usage: load paced       PORT SECONDS CLIENTS RATE  <request     (the bytes of the request, from stdin)
 *        load flood       PORT SECONDS CLIENTS       <request
 *        load poll-flood  PORT SECONDS CLIENTS       <request
 *        load rotate      PORT COUNT CLIENTS         <requests   (one for each client, all of one length)
 * prints one line: rate=1/s p50=us p99=us p999=us max=us good=answers-of-2xx bad=others
 */
#include "base/clock.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define INPUT_MAX   (CLIENTS_MAX * 1024)
#define TOKEN_MARK  "\"refresh_token\":\""
#define TOKEN_LEN   70
#define ROTATE_NS   (600 * SECOND_NS)
#define ANSWER_MAX  65536
#define SECOND_NS   INT64_C(1000000000)
#define GRACE_NS    (5 * SECOND_NS) /* for what is still on its way at the end */

struct client {
    int fd;
    bool waits; /* for an answer */
    char *request;
    int64_t due_ns; /* when its request should have been sent */
    size_t len;     /* bytes of the answer so far */
    char answer[ANSWER_MAX];
};

struct load {
    struct client *clients;
    size_t count;
    int poll;
    bool paced, spins, rotates;
    char input[INPUT_MAX];
    size_t request_len;
    int64_t start_ns, until_ns, step_ns; /* step: between two paced requests */
    uint64_t sent, most;
    size_t waiting;   /* clients that wait */
    int64_t *took_ns; /* of every answer */
    size_t taken, room, bad;
    int64_t first_ns, last_ns; /* ends of the first and the last answer */
};

static int64_t number(const char *text)
{
    int64_t n = 0;
    if (!str_to_int(str_of(text), 1, 10000000, &n))
        die("\"%s\" is no number that can be used here", text);
    return n;
}

static void connect_client(struct load *load, struct client *c, uint16_t port)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons(port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int on = 1;
    struct epoll_event want = { .events = EPOLLIN, .data.ptr = c };
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&to, sizeof to) != 0)
        die("connect to port %u: %m", port);
    if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        epoll_ctl(load->poll, EPOLL_CTL_ADD, c->fd, &want) != 0)
        die("a connection can't be set up: %m");
}

static void send_request(struct load *load, struct client *c, int64_t due_ns)
{
    c->due_ns = due_ns;
    c->len = 0;
    c->waits = true;
    load->sent++;
    load->waiting++;
    if (send(c->fd, c->request, load->request_len, MSG_NOSIGNAL) != (ssize_t)load->request_len)
        die("the server does not take a request: %m");
}

/* Length of head and body, 0 while the head is not whole. */
static size_t answer_len(const struct client *c)
{
    static const char mark[] = "\r\nContent-Length: ";
    const char *end = memmem(c->answer, c->len, "\r\n\r\n", 4);
    const char *length = memmem(c->answer, c->len, mark, sizeof mark - 1);
    size_t body = 0;
    if (end == NULL)
        return 0;
    for (const char *at = length == NULL || length > end ? "" : length + sizeof mark - 1; *at >= '0' && *at <= '9';
         at++)
        body = body * 10 + (size_t)(*at - '0');
    return (size_t)(end - c->answer) + 4 + body;
}

static void keep_time(struct load *load, int64_t took_ns)
{
    if (load->taken == load->room) {
        load->room = load->room == 0 ? 65536 : load->room * 2;
        load->took_ns = reallocarray(load->took_ns, load->room, sizeof *load->took_ns);
        if (load->took_ns == NULL)
            die("out of memory");
    }
    load->took_ns[load->taken++] = took_ns;
}

static char *token_in(char *text, size_t len)
{
    char *mark = memmem(text, len, TOKEN_MARK, sizeof TOKEN_MARK - 1);
    if (mark == NULL || (size_t)(text + len - mark) < sizeof TOKEN_MARK - 1 + TOKEN_LEN)
        return NULL;
    return mark + sizeof TOKEN_MARK - 1;
}

/* Of an answer without one, a 503, the same token is sent again. */
static void take_token(const struct load *load, struct client *c)
{
    const char *next = token_in(c->answer, c->len);
    char *place = token_in(c->request, load->request_len);
    if (place == NULL)
        die("a request without a refresh token");
    if (next != NULL)
        memcpy(place, next, TOKEN_LEN);
}

static void take_answer(struct load *load, struct client *c)
{
    int64_t now_ns = clock_mono_ns();
    c->waits = false;
    load->waiting--;
    load->bad += strncmp(c->answer, "HTTP/1.1 2", 10) != 0;
    load->first_ns = load->first_ns == 0 ? now_ns : load->first_ns;
    load->last_ns = now_ns;
    keep_time(load, now_ns - c->due_ns);
    if (load->rotates)
        take_token(load, c);
    if (!load->paced && now_ns < load->until_ns && load->sent < load->most)
        send_request(load, c, now_ns);
}

static void read_answer(struct load *load, struct client *c)
{
    ssize_t got = recv(c->fd, c->answer + c->len, sizeof c->answer - c->len, 0);
    if (got <= 0)
        die("the server closed a connection: %s", got == 0 ? "end of file" : strerror(errno));
    c->len += (size_t)got;
    size_t whole = answer_len(c);
    if (whole > sizeof c->answer || (whole > 0 && c->len > whole))
        die("an answer that this client can't read");
    if (whole > 0 && c->len == whole)
        take_answer(load, c);
}

/* When the next paced request is due; after the end: never. */
static int64_t next_due_ns(const struct load *load)
{
    int64_t due_ns = load->start_ns + (int64_t)load->sent * load->step_ns;
    return load->paced && due_ns < load->until_ns ? due_ns : INT64_MAX;
}

/* Every request that is due goes out while there is a client that is free; one that must wait is still due at its moment. */
static void send_due(struct load *load)
{
    for (size_t i = 0; i < load->count && next_due_ns(load) <= clock_mono_ns(); i++)
        if (!load->clients[i].waits)
            send_request(load, &load->clients[i], next_due_ns(load));
}

static void wait_and_read(struct load *load)
{
    struct epoll_event ready[64];
    int64_t now_ns = clock_mono_ns(), until_ns = next_due_ns(load);
    if (load->waiting == load->count || until_ns > load->until_ns + GRACE_NS)
        until_ns = load->until_ns + GRACE_NS;
    int64_t left_ns = load->spins || until_ns < now_ns ? 0 : until_ns - now_ns;
    const struct timespec left = { left_ns / SECOND_NS, left_ns % SECOND_NS };
    int count = epoll_pwait2(load->poll, ready, 64, &left, NULL);
    for (int i = 0; i < count; i++)
        read_answer(load, ready[i].data.ptr);
}

static void run(struct load *load)
{
    load->start_ns = clock_mono_ns();
    load->until_ns += load->start_ns;
    for (size_t i = 0; i < load->count && !load->paced; i++)
        send_request(load, &load->clients[i], load->start_ns);
    while (load->waiting > 0 || next_due_ns(load) != INT64_MAX) {
        if (clock_mono_ns() > load->until_ns + GRACE_NS)
            die("%zu answers are missing", load->waiting);
        send_due(load);
        wait_and_read(load);
    }
}

static int smaller_first(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

static double at_us(const struct load *load, double part)
{
    return (double)load->took_ns[(size_t)(part * (double)(load->taken - 1))] / 1e3;
}

static void print(struct load *load)
{
    if (load->taken < 2)
        die("fewer than two answers");
    qsort(load->took_ns, load->taken, sizeof *load->took_ns, smaller_first);
    printf("rate=%.2f p50=%.0f p99=%.0f p999=%.0f max=%.0f good=%zu bad=%zu\n",
           (double)(load->taken - 1) * 1e9 / (double)(load->last_ns - load->first_ns), at_us(load, 0.5),
           at_us(load, 0.99), at_us(load, 0.999), at_us(load, 1), load->taken - load->bad, load->bad);
}

/* The bytes of the request, or of one for each client. */
static void read_requests(struct load *load)
{
    size_t len = fread(load->input, 1, sizeof load->input, stdin), each = load->rotates ? load->count : 1;
    load->request_len = len / each;
    if (len == 0 || len == sizeof load->input || len % each != 0)
        die("no request on stdin, or too many bytes, or not one of the same length for each client");
    for (size_t i = 0; i < load->count; i++)
        load->clients[i].request = load->input + (load->rotates ? i * load->request_len : 0);
}

int main(int argc, char **argv)
{
    static struct load load;
    const char *mode = argc > 1 ? argv[1] : "";
    load.paced = strcmp(mode, "paced") == 0;
    load.spins = strcmp(mode, "poll-flood") == 0;
    load.rotates = strcmp(mode, "rotate") == 0;
    if (argc != (load.paced ? 6 : 5) || (!load.paced && !load.spins && !load.rotates && strcmp(mode, "flood") != 0))
        die("usage: load paced PORT SECONDS CLIENTS RATE | flood PORT SECONDS CLIENTS | poll-flood PORT SECONDS "
            "CLIENTS | rotate PORT COUNT CLIENTS");
    load.poll = epoll_create1(EPOLL_CLOEXEC);
    load.until_ns = load.rotates ? ROTATE_NS : number(argv[3]) * SECOND_NS;
    load.most = load.rotates ? (uint64_t)number(argv[3]) : UINT64_MAX;
    load.count = (size_t)number(argv[4]);
    load.step_ns = load.paced ? SECOND_NS / number(argv[5]) : 0;
    load.clients = load.count > CLIENTS_MAX ? NULL : calloc(load.count, sizeof *load.clients);
    if (load.clients == NULL)
        die("too many clients");
    read_requests(&load);
    (void)prctl(PR_SET_TIMERSLACK, 1); /* else the kernel may wake us 50 us late */
    for (size_t i = 0; i < load.count; i++)
        connect_client(&load, &load.clients[i], (uint16_t)number(argv[2]));
    run(&load);
    print(&load);
    return 0;
}

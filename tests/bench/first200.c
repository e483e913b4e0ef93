/* From exec to the first 200: start a program, ask GET /ping on new connections until the answer is there, stop it, again.
 *
 * usage: first200 RUNS PORT PROGRAM [ARGUMENT ...]
 * prints the median, the least and the most in microseconds: median=… min=… max=…
 */
#include "base/clock.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 101
#define WAIT_NS  INT64_C(10000000000) /* a program that has not answered by then never will */

static int64_t number(const char *text, int64_t max)
{
    int64_t n = 0;
    if (!str_to_int(str_of(text), 1, max, &n))
        die("\"%s\" is no number from 1 to %lld", text, (long long)max);
    return n;
}

/* One try on a connection of its own. */
static bool answers_200(uint16_t port)
{
    static const char ask[] = "GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons(port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct timeval patience = { 10, 0 };
    char answer[16] = "";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
        die("no socket: %m");
    bool good = connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 &&
                send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) == (ssize_t)sizeof ask - 1 &&
                recv(fd, answer, 12, MSG_WAITALL) == 12 && strcmp(answer, "HTTP/1.1 200") == 0;
    close(fd);
    return good;
}

static pid_t start(char **command)
{
    pid_t child = fork();
    if (child < 0)
        die("fork: %m");
    if (child > 0)
        return child;
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
        _exit(127);
    execv(command[0], command);
    _exit(127);
}

static int64_t measure_ns(uint16_t port, char **command)
{
    const struct timespec pause = { 0, 50000 }; /* between two tries while nobody listens */
    int64_t from_ns = clock_mono_ns(), took_ns = 0;
    pid_t child = start(command);
    int status = 0;
    while (!answers_200(port)) {
        if (clock_mono_ns() - from_ns > WAIT_NS || waitpid(child, &status, WNOHANG) != 0)
            die("%s did not come up", command[0]);
        nanosleep(&pause, NULL);
    }
    took_ns = clock_mono_ns() - from_ns;
    if (kill(child, SIGTERM) != 0 || waitpid(child, &status, 0) != child)
        die("%s can't be stopped: %m", command[0]);
    return took_ns;
}

static int smaller_first(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

int main(int argc, char **argv)
{
    int64_t took_ns[RUNS_MAX];
    if (argc < 4)
        die("usage: first200 RUNS PORT PROGRAM [ARGUMENT ...]");
    size_t runs = (size_t)number(argv[1], RUNS_MAX);
    uint16_t port = (uint16_t)number(argv[2], UINT16_MAX);
    for (size_t i = 0; i < runs; i++)
        took_ns[i] = measure_ns(port, argv + 3);
    qsort(took_ns, runs, sizeof *took_ns, smaller_first);
    printf("median=%.0f min=%.0f max=%.0f\n", (double)took_ns[runs / 2] / 1e3, (double)took_ns[0] / 1e3,
           (double)took_ns[runs - 1] / 1e3);
    return 0;
}

#include "http/listen.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

struct holder {
    long pid;
    char name[64];
};

/* Rows of /proc/net/tcp and tcp6: "sl local:port remote:port state … inode"; state 0A is LISTEN (proc_net_tcp(5)). */
static bool listening_inode(const char *table, uint16_t port, unsigned long *inode)
{
    char line[512];
    bool found = false;
    FILE *f = fopen(table, "re");
    if (f == NULL)
        return false;
    while (!found && fgets(line, sizeof line, f) != NULL) {
        unsigned local, state;
        found = sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %lu", &local, &state,
                       inode) == 3 &&
                local == port && state == 0x0a;
    }
    fclose(f);
    return found;
}

static bool process_holds(const char *pid, unsigned long inode)
{
    char path[320], target[64], want[64];
    bool found = false;
    snprintf(want, sizeof want, "socket:[%lu]", inode);
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *d = opendir(path);
    if (d == NULL)
        return false;
    for (struct dirent *e = readdir(d); e != NULL && !found; e = readdir(d)) {
        char link[600];
        snprintf(link, sizeof link, "%s/%s", path, e->d_name);
        ssize_t len = readlink(link, target, sizeof target - 1);
        if (len > 0) {
            target[len] = '\0';
            found = strcmp(target, want) == 0;
        }
    }
    closedir(d);
    return found;
}

static void read_name(const char *pid, struct holder *out)
{
    char path[320];
    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return;
    if (fgets(out->name, sizeof out->name, f) != NULL)
        out->name[strcspn(out->name, "\n")] = '\0';
    fclose(f);
}

static bool find_holder(uint16_t port, struct holder *out)
{
    unsigned long inode;
    if (!listening_inode("/proc/net/tcp", port, &inode) && !listening_inode("/proc/net/tcp6", port, &inode))
        return false;
    DIR *d = opendir("/proc");
    if (d == NULL)
        return false;
    for (struct dirent *e = readdir(d); e != NULL && out->pid == 0; e = readdir(d)) {
        if (!isdigit((unsigned char)e->d_name[0]) || !process_holds(e->d_name, inode))
            continue;
        out->pid = strtol(e->d_name, NULL, 10);
        read_name(e->d_name, out);
    }
    closedir(d);
    return out->pid != 0;
}

static enum err say_why(const struct listen_place *place, int why)
{
    char text[ADDRESS_TEXT_MAX], by[128] = "";
    struct holder holder = { 0 };
    address_text(&place->address, text);
    if (why == EADDRINUSE && find_holder(place->port, &holder))
        snprintf(by, sizeof by, " by %s (process %ld)", holder.name, holder.pid);
    const char *open = place->ipv6 ? "[" : "", *close = place->ipv6 ? "]" : "";
    if (why == EADDRINUSE)
        return fail(ERR_INTERNAL, "%s%s%s:%u is taken%s; choose another address with POSTERN_LISTEN or --listen", open,
                    text, close, place->port, by);
    errno = why;
    return fail(ERR_INTERNAL, "can't listen on %s%s%s:%u: %m; choose another address with POSTERN_LISTEN or --listen",
                open, text, close, place->port);
}

static int bind_to(const struct listen_place *place, int fd)
{
    if (place->ipv6) {
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(place->port) };
        memcpy(&six.sin6_addr, place->address.bytes, 16);
        return bind(fd, (struct sockaddr *)&six, sizeof six);
    }
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(place->port) };
    memcpy(&four.sin_addr, place->address.bytes + 12, 4);
    return bind(fd, (struct sockaddr *)&four, sizeof four);
}

enum err listen_open(const struct listen_place *place, int *out)
{
    int on = 1;
    int fd = socket(place->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return say_why(place, errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind_to(place, fd) != 0 || listen(fd, BACKLOG) != 0) {
        int why = errno;
        close(fd);
        return say_why(place, why);
    }
    *out = fd;
    return OK;
}

/* Preloaded into the program by tests/support/die.mjs: sends it a signal, as kill -9 does, before the n-th call that changes what
 * is on the disk or says something to a peer.  DIE_AT has the n, DIE_BY the signal; DIE_AFTER, when it is set, names a file without
 * which nothing is counted. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static void step(void)
{
    static int count;
    const char *at = getenv("DIE_AT"), *after = getenv("DIE_AFTER"), *by = getenv("DIE_BY");

    if (at == NULL || by == NULL || (after != NULL && access(after, F_OK) != 0))
        return;
    if (__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) == (int)strtol(at, NULL, 10))
        kill(getpid(), (int)strtol(by, NULL, 10));
}

/* Each is called as it was, after the step. */
#define STEP(type, name, parameters, arguments)                                                                        \
    type name parameters;                                                                                              \
    type name parameters                                                                                               \
    {                                                                                                                  \
        type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                          \
        step();                                                                                                        \
        return real arguments;                                                                                         \
    }

STEP(int, rename, (const char *from, const char *to), (from, to))
STEP(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), (a, from, b, to, flags))
STEP(int, link, (const char *from, const char *to), (from, to))
STEP(int, unlink, (const char *path), (path))
STEP(int, fsync, (int fd), (fd))
STEP(int, fdatasync, (int fd), (fd))
STEP(int, ftruncate, (int fd, off_t size), (fd, size))
STEP(int, ftruncate64, (int fd, off64_t size), (fd, size))
STEP(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
STEP(ssize_t, pwrite64, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
STEP(ssize_t, send, (int fd, const void *bytes, size_t size, int flags), (fd, bytes, size, flags))

#include "password/keep.h"

#ifndef POSTERN_SANITISED

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

struct kept {
    void *region;
    size_t bytes;
    bool open, lent, refused;
};

/* State outside of any struct, the one exception of this house: mmap and munmap have no argument that could carry it.
 */
static _Thread_local struct kept kept;

void keep_use(void *region, size_t bytes)
{
    kept = (struct kept){ .region = region, .bytes = bytes };
}

void keep_lend(void)
{
    kept.open = true;
    kept.refused = false;
}

bool keep_take_back(void)
{
    kept.open = kept.lent = false;
    return kept.refused;
}

bool keep_serves(void)
{
    return true;
}

/* The symbols are named here and not in C: with 64-bit file offsets the system's header turns "mmap" into "mmap64". */
void *keep_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t from) __asm__("mmap");
int keep_munmap(void *at, size_t bytes) __asm__("munmap");

static bool fits(const void *at, size_t bytes, int protection, int flags)
{
    return kept.open && kept.region != NULL && !kept.lent && at == NULL && bytes >= KEEP_LEAST_BYTES &&
           bytes <= kept.bytes && protection == (PROT_READ | PROT_WRITE) &&
           (flags & ~MAP_POPULATE) == (MAP_ANONYMOUS | MAP_PRIVATE);
}

void *keep_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t from)
{
    if (fits(at, bytes, protection, flags)) {
        kept.lent = true;
        return kept.region;
    }
    void *got = (void *)syscall(SYS_mmap, at, bytes, protection, flags, file, from);
    if (got == MAP_FAILED)
        kept.refused = true;
    return got;
}

int keep_munmap(void *at, size_t bytes)
{
    if (!kept.lent || at != kept.region)
        return (int)syscall(SYS_munmap, at, bytes);
    kept.lent = false;
    return 0;
}

#else

void keep_use(void *region, size_t bytes)
{
    (void)region;
    (void)bytes;
}

void keep_lend(void)
{
}

bool keep_take_back(void)
{
    return false;
}

bool keep_serves(void)
{
    return false;
}

#endif

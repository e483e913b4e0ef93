/* The kept region: argon2's big block without a map and unmap for every hash.
 *
 * libsodium asks mmap for its block and gives it back after each hash.  A low-priority worker that does so holds the
 * lock of the process's memory map while it is off the processor, and every thread that takes a page fault waits for
 * it.  So the program defines mmap and munmap: one large anonymous request of a worker is served from the region that
 * the worker keeps, all others go to the kernel.
 *
 * Owns     nothing: the region belongs to the worker (pool.h).
 * Threads  each thread has its own region, lent only while it says so.
 * Never    under a sanitizer, which defines mmap itself: the functions then do nothing.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define KEEP_LEAST_BYTES (16U * 1024 * 1024) /* smaller requests go to the kernel */

/* From now on this thread's region is this one; NULL for none. */
void keep_use(void *region, size_t bytes);

/* While lent, the next large request gets the region as it is: not zeroed.  Only for a caller that writes before it
 * reads, as argon2 does: its first pass computes every block before it refers to it. */
void keep_lend(void);
/* true: since keep_lend the kernel refused this thread a request.  libsodium tells lacking memory as a wrong password.
 */
bool keep_take_back(void);

bool keep_serves(void); /* false in builds where the region is never used */

/* Give back the memory that only the start needed.
 *
 * The linker and the libraries' own set-up touch some 8 MB of program text and constants that a running server never looks
 * at again.  They are dropped from this process; what is used comes back from the kernel's cache, page by page, at its
 * first use.  So a server that rests holds what it works with, and no more.
 *
 * Threads  any: who runs in a page that is dropped faults it in again.
 * Sources  madvise(2) (MADV_DONTNEED on a private mapping of a file), elf(5) (PT_LOAD), malloc_trim(3).
 */
#pragma once

void trim_start(void);

#include "proc/trim.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A debugger's breakpoints are private copies of text pages, and would be lost. */
static bool is_traced(void)
{
    char line[128];
    int tracer = 0;
    FILE *status = fopen("/proc/self/status", "re");
    if (status == NULL)
        return true;
    while (fgets(line, sizeof line, status) != NULL && sscanf(line, "TracerPid: %d", &tracer) != 1)
        continue;
    fclose(status);
    return tracer != 0;
}

/* A segment that nobody may write is the same as in its file, unless the linker has put addresses into it (DT_TEXTREL). */
static bool is_as_in_file(const struct dl_phdr_info *object)
{
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0))
                return false;
        return true;
    }
    return false;
}

static int drop_segments(struct dl_phdr_info *object, size_t size, void *cls)
{
    const uintptr_t page = *(const uintptr_t *)cls;
    (void)size;
    if (!is_as_in_file(object))
        return 0;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        const uintptr_t from = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        const uintptr_t to = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz + page - 1) & ~(page - 1);
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0)
            (void)madvise((void *)from, to - from, MADV_DONTNEED); /* refused: it stays, and no harm is done */
    }
    return 0;
}

void trim_start(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (is_traced())
        return;
    dl_iterate_phdr(drop_segments, &page);
    malloc_trim(0);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "csystem.h"

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif
#if defined(__linux__)
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#endif

void ecg_keep_freed_memory(void) {
#if defined(M_TRIM_THRESHOLD)
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

void ecg_expect_memory(long bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = 2 << 20;
    void *memory = malloc((size_t)bytes + page);
    if (!memory) return;
    const uintptr_t first = ((uintptr_t)memory + page - 1) / page * page, last = ((uintptr_t)memory + (uintptr_t)bytes + page) / page * page;
    // Where the system says no, pages come one by one as ever.
    if (last > first) madvise((void *)first, last - first, MADV_HUGEPAGE);
    free(memory);
    // What one thread has freed is for all of them.
    mallopt(M_ARENA_MAX, 1);
#else
    (void)bytes;
#endif
}

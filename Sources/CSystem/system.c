// SPDX-License-Identifier: GPL-3.0-or-later
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "csystem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif
#if defined(__linux__)
#include <stdlib.h>
#include <sys/mman.h>
#endif

void ecg_keep_freed_memory(void) {
#if defined(M_TRIM_THRESHOLD)
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

/// Makes the next `bytes` that are allocated come in large pages.
///
/// \returns where the first large page begins, 0 if there is none
static uintptr_t expect_large_pages(long bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    // Small things stay in small pages: the first of them would take a large page at once, before a second thread could make it ready.
    const uintptr_t page = 2 << 20, small = 128 << 10;
    char *memory = malloc((size_t)bytes + page + small);
    if (!memory) return 0;
    const uintptr_t first = ((uintptr_t)memory + small + page - 1) / page * page, last = ((uintptr_t)memory + small + (uintptr_t)bytes + page) / page * page;
    // Where the system says no, pages come one by one as ever.
    const int given = last > first && madvise((void *)first, last - first, MADV_HUGEPAGE) == 0;
    // What lies before is kept and never used, so that the large pages come first; it is no memory, as nobody touches it.
    char *kept = given ? realloc(memory, first - small - (uintptr_t)memory + 1) : NULL;
    if (!kept) free(memory);
    return given ? first : 0;
#else
    (void)bytes;
    return 0;
#endif
}

/// True for the first caller.
static int expect_first(void) {
    static atomic_flag expected = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&expected)) return 0;
#if defined(M_ARENA_MAX)
    // What one thread has freed is for all of them.
    mallopt(M_ARENA_MAX, 1);
#endif
    return 1;
}

/// Where the first large page of what is expected begins, 0 if there is none.
static _Atomic uintptr_t expected;

void ecg_expect_memory(long bytes) {
    if (expect_first()) atomic_store(&expected, expect_large_pages(bytes));
}

void ecg_take_memory(long bytes) {
#if defined(__linux__)
    // Without a change to what may be there already. Where the system does not know this, pages come when they are used.
    const int populate_write = 23;
    const uintptr_t first = atomic_load(&expected);
    if (first) madvise((void *)first, (size_t)bytes, populate_write);
#else
    (void)bytes;
#endif
}

static void *run_detached(void *work) {
    ((void (*)(void))work)();
    return NULL;
}

void ecg_detach(void (*work)(void)) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0) return;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_create(&thread, &attributes, run_detached, (void *)work);
    pthread_attr_destroy(&attributes);
}

int ecg_usable_processors(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

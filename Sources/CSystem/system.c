// SPDX-License-Identifier: GPL-3.0-or-later
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "csystem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

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

static void take_memory(long bytes, long used) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = 2 << 20;
    void *memory = malloc((size_t)bytes + page);
    if (!memory) return;
    const uintptr_t first = ((uintptr_t)memory + page - 1) / page * page, last = ((uintptr_t)memory + (uintptr_t)bytes + page) / page * page;
    // Where the system says no, pages come one by one as ever.
    if (last > first && madvise((void *)first, last - first, MADV_HUGEPAGE) == 0) {
        for (uintptr_t at = first; at < last && at < first + (uintptr_t)used; at += page) *(volatile char *)at = 0;
    }
    free(memory);
#else
    (void)bytes, (void)used;
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

void ecg_expect_memory(long bytes) {
    if (expect_first()) take_memory(bytes, 0);
}

/// What the thread of a head start does; written before it starts.
static struct {
    long bytes, used;
    void (*work)(void);
} head_start;

static void *run_head_start(void *unused) {
    (void)unused;
    if (head_start.work) head_start.work();
    take_memory(head_start.bytes, head_start.used);
    return NULL;
}

void ecg_head_start(long bytes, long used, void (*work)(void)) {
    if (!expect_first()) return;
    head_start.bytes = bytes, head_start.used = used, head_start.work = work;
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0) return;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    // Without a thread, everything is made when it is needed.
    pthread_create(&thread, &attributes, run_head_start, NULL);
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

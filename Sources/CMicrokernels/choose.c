// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE
#include <sched.h>
#include "microkernels.h"
#include "sets.h"

const ecg_kernels *ecg_kernels_for(int set) {
    switch (set) {
    case ECG_PORTABLE: return &ecg_kernels_portable;
#if defined(__x86_64__)
    case ECG_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &ecg_kernels_avx2 : 0;
    case ECG_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
                && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma")
            ? &ecg_kernels_avx512 : 0;
#endif
    default: return 0;
    }
}

static _Thread_local int worker_index = -1;
int ecg_worker_index(void) { return worker_index; }
void ecg_set_worker_index(int index) { worker_index = index; }

int ecg_processors(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
}

void ecg_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

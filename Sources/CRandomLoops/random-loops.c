// SPDX-License-Identifier: GPL-3.0-or-later
#include "random-loops.h"

#include <math.h>
#include <stddef.h>

#define JOIN(a, b) a##b
#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define NAME(name) JOIN(name, _avx2)
#define LANES 4
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "normal-set.h"
#pragma clang attribute pop
#undef NAME
#undef LANES

#define NAME(name) JOIN(name, _avx512)
#define LANES 8
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#include "normal-set.h"
#pragma clang attribute pop
#undef NAME
#undef LANES
#endif

#define NAME(name) JOIN(name, _portable)
#define LANES 2
#include "normal-set.h"

ecg_normal_pairs ecg_normal_pairs_for(int set) {
    switch (set) {
#if defined(__x86_64__)
    case 2:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
                && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma")
            ? normal_pairs_avx512 : NULL;
    case 1: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? normal_pairs_avx2 : NULL;
#endif
    case 0: return normal_pairs_portable;
    default: return NULL;
    }
}

ecg_normal_pairs ecg_normal_pairs_here(void) {
    for (int set = 2; set > 0; set--) {
        const ecg_normal_pairs loop = ecg_normal_pairs_for(set);
        if (loop) return loop;
    }
    return normal_pairs_portable;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "signal-loops.h"

#include <stddef.h>
#include <stdint.h>

// A product is fused with a sum where it says so, and then in all sets.
#pragma STDC FP_CONTRACT OFF

#define JOIN(a, b) a##b

// The wider set takes a loop from the narrower one, which comes first.
#if defined(__x86_64__)
#define NAME(name) JOIN(name, _avx2)
#define LANES 8
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "signal-set.h"
#pragma clang attribute pop
#undef NAME
#undef LANES

#define NAME(name) JOIN(name, _avx512)
#define LANES 16
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))), apply_to = function)
#include "signal-set.h"
#pragma clang attribute pop
#undef NAME
#undef LANES
#endif

#define NAME(name) JOIN(name, _portable)
#define LANES 4
#include "signal-set.h"

const ecg_signal_loops *ecg_signal_loops_for(int set) {
    switch (set) {
#if defined(__x86_64__)
    case 2:
        return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
                && __builtin_cpu_supports("avx512bw")
            ? &loops_avx512 : NULL;
    case 1: return __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2") ? &loops_avx2 : NULL;
#endif
    case 0: return &loops_portable;
    default: return NULL;
    }
}

const ecg_signal_loops *ecg_signal_loops_here(void) {
    for (int set = 2; set > 0; set--) {
        const ecg_signal_loops *loops = ecg_signal_loops_for(set);
        if (loops) return loops;
    }
    return &loops_portable;
}

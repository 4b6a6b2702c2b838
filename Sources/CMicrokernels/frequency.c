// SPDX-License-Identifier: GPL-3.0-or-later
#include "frequency.h"

#include <stddef.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ALWAYS static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define TURN 6.283185307179586476925286766559
#define COSINE(n, points) __builtin_cos(TURN * (double)((n) % (points)) / (double)(points))
#define SINE(n, points) __builtin_sin(TURN * (double)((n) % (points)) / (double)(points))
#define JOIN(a, b) a##b

// Each set: its lanes, the rows of a register tile (accumulators and two weights must fit into the registers), and up to how many
// rows all three products of a tile go together.
#if defined(__x86_64__)
#define NAME(name) JOIN(name, _avx512)
#define LANES 16
#define ROWS 14
#define NARROW 3
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))), apply_to = function)
#include "frequency-set.h"
#pragma clang attribute pop
#undef NAME
#undef LANES
#undef ROWS
#undef NARROW

#define NAME(name) JOIN(name, _avx2)
#define LANES 8
#define ROWS 6
#define NARROW 2
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "frequency-set.h"
#pragma clang attribute pop
#undef NAME
#undef LANES
#undef ROWS
#undef NARROW
#endif

#define NAME(name) JOIN(name, _portable)
#define LANES 4
#if defined(__aarch64__)
#define ROWS 14
#define NARROW 3
#else
#define ROWS 6
#define NARROW 2
#endif
#include "frequency-set.h"

const frequency_kernels *frequency_kernels_for(int32_t set) {
    switch (set) {
#if defined(__x86_64__)
    case 2: return &kernels_avx512;
    case 1: return &kernels_avx2;
#endif
    case 0: return &kernels_portable;
    default: return NULL;
    }
}

int32_t frequency_has_radix(int32_t pass, int32_t radix) {
    const int32_t radices = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 16;
    return (pass == 1 && radix == 1) || (radix > 0 && radix <= 16 && (radices >> radix & 1));
}

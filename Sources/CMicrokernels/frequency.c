// SPDX-License-Identifier: GPL-3.0-or-later
#include "frequency-sets.h"

#include <stddef.h>

const frequency_kernels *frequency_kernels_for(int32_t set) {
    switch (set) {
#if defined(__x86_64__)
    case 2: return &frequency_avx512;
    case 1: return &frequency_avx2;
#endif
    case 0: return &frequency_portable;
    default: return NULL;
    }
}

int32_t frequency_has_radix(int32_t pass, int32_t radix) {
    const int32_t radices = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 16;
    return (pass == 1 && radix == 1) || (radix > 0 && radix <= 16 && (radices >> radix & 1));
}

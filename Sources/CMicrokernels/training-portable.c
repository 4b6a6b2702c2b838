// SPDX-License-Identifier: GPL-3.0-or-later
// Four lanes: SSE2 on x86-64, NEON on arm64.
#include "training-sets.h"
#define LANES 4
#define TILE_ROWS 6
#define FOR_TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define TABLE training_portable
#include "training-set.h"
#include "training-table.h"

const training_kernels *training_kernels_for(int set) {
    switch (set) {
    case ECG_PORTABLE: return &training_portable;
#if defined(__x86_64__)
    case ECG_AVX2: return &training_avx2;
    case ECG_AVX512: return &training_avx512;
#endif
    default: return 0;
    }
}

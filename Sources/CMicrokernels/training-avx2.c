// SPDX-License-Identifier: GPL-3.0-or-later
#include "training-sets.h"
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define TILE_ROWS 6
#define FOR_TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define TABLE training_avx2
#include "training-set.h"
#pragma clang attribute pop
#include "training-table.h"
#endif

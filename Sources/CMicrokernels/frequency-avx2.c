// SPDX-License-Identifier: GPL-3.0-or-later
#include "frequency-sets.h"
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define ROWS 6
#define NARROW 2
#define TABLE frequency_avx2
#include "frequency-set.h"
#pragma clang attribute pop
#include "frequency-table.h"
#endif

// SPDX-License-Identifier: GPL-3.0-or-later
#include "frequency-sets.h"
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#define LANES 16
#define ROWS 14
#define NARROW 3
#define TABLE frequency_avx512
#include "frequency-set.h"
#pragma clang attribute pop
#include "frequency-table.h"
#endif

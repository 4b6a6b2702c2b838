// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows of normal numbers, for the processor's widest vectors. All instruction sets give the same bits, which are those of the C library's functions.
#ifndef ECGPIPE_RANDOM_LOOPS_H
#define ECGPIPE_RANDOM_LOOPS_H

#include <stdint.h>

/// Where a row's draws come from: the key and the upper half of the counter of Philox4x32-10.
typedef struct {
    uint32_t key[2];
    uint64_t purpose;
} ecg_random_source;

/// The two normal numbers of each of the draws `first` to `first + draws - 1`, one pair after the other.
typedef void (*ecg_normal_pairs)(const ecg_random_source *_Nonnull source, uint64_t first, long draws, float *_Nonnull pairs);

/// The loop of an instruction set: 0 portable, 1 AVX2, 2 AVX-512; NULL where the processor lacks it.
ecg_normal_pairs _Nullable ecg_normal_pairs_for(int set);
/// That of the widest there is.
ecg_normal_pairs _Nonnull ecg_normal_pairs_here(void);

#endif

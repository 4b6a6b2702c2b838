// SPDX-License-Identifier: GPL-3.0-or-later
// The table of loops in the frequency domain that each instruction set's source defines.
#ifndef ECG_FREQUENCY_SETS_H
#define ECG_FREQUENCY_SETS_H
#include "microkernels.h"
#include "frequency.h"

extern const frequency_kernels frequency_portable, frequency_avx2, frequency_avx512;

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
// The table of kernels that each instruction set's source defines.
#ifndef ECG_SETS_H
#define ECG_SETS_H
#include "microkernels.h"

extern const ecg_kernels ecg_kernels_portable, ecg_kernels_avx2, ecg_kernels_avx512;

#endif

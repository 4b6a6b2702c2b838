// SPDX-License-Identifier: GPL-3.0-or-later
// The table of training's loops that each instruction set's source defines.
#ifndef ECG_TRAINING_SETS_H
#define ECG_TRAINING_SETS_H
#include "microkernels.h"
#include "training.h"

extern const training_kernels training_portable, training_avx2, training_avx512;

#endif

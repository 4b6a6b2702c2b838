// SPDX-License-Identifier: GPL-3.0-or-later
// Four lanes: SSE2 on x86-64, NEON on arm64.
#include "sets.h"
#define LANES 4
#define TILE_ROWS 6
#define FOR_TILE_ROWS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define TABLE ecg_kernels_portable
#include "kernels.h"
#include "table.h"

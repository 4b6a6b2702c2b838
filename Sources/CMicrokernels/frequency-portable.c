// SPDX-License-Identifier: GPL-3.0-or-later
#include "frequency-sets.h"
#define LANES 4
#if defined(__aarch64__)
#define ROWS 14
#define NARROW 3
#else
#define ROWS 6
#define NARROW 2
#endif
#define TABLE frequency_portable
#include "frequency-set.h"
#include "frequency-table.h"

// SPDX-License-Identifier: GPL-3.0-or-later
//
// The loops of one instruction set, in reading order. LANES, ROWS (of a register tile: accumulators and two weights must fit into the
// registers) and NARROW (up to how many rows all three products of a tile go together) are set by the source that includes it.
#include "vectors.h"

#include "frequency-lanes.h"

#define TURN 6.283185307179586476925286766559
#define COSINE(n, points) __builtin_cos(TURN * (double)((n) % (points)) / (double)(points))
#define SINE(n, points) __builtin_sin(TURN * (double)((n) % (points)) / (double)(points))

#include "frequency-numbers.h"

#define NUMBERS vec
#define REAL float
#define WIDTH LANES
#define PARTS 2
#define OF(name) name
#include "frequency-butterflies.h"

#include "frequency-passes.h"
#undef NUMBERS
#undef REAL
#undef WIDTH
#undef PARTS
#undef OF

#define NUMBERS wide
#define REAL double
#define WIDTH (LANES / 2)
#define PARTS 1
#define OF(name) precise_##name
#include "frequency-butterflies.h"

#include "frequency-passes.h"
#undef NUMBERS
#undef REAL
#undef WIDTH
#undef PARTS
#undef OF

#include "frequency-transforms.h"

#include "frequency-products.h"

#include "frequency-spectra.h"

// SPDX-License-Identifier: GPL-3.0-or-later
//
// The loops of one instruction set, in reading order. NAME, LANES, ROWS and NARROW are set by whoever includes it.
#include "frequency-lanes.h"

#include "frequency-butterflies.h"

#include "frequency-passes.h"

#include "frequency-products.h"

#include "frequency-spectra.h"

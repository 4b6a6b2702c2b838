// SPDX-License-Identifier: GPL-3.0-or-later
// Every kernel, for the instruction set whose source includes this.
#include "vectors.h"
#include "direct.h"
#include "two-taps.h"
#include "precise.h"
#include "elementwise.h"
#include "pooling.h"
#include "normalisation.h"
#include "recurrent.h"
#include "rows.h"
#include "peak.h"

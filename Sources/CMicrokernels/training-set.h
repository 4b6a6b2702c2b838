// SPDX-License-Identifier: GPL-3.0-or-later
// Training's loops, for the instruction set whose source includes this.
#include "vectors.h"
#include "weight-gradient.h"
#include "batch-normalisation.h"
#include "dropout.h"

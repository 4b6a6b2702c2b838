// SPDX-License-Identifier: GPL-3.0-or-later
// What an instruction set's source offers to the rest of the package, in the frequency domain.
const frequency_kernels TABLE = {
    .lanes = LANES,
    .rows = ROWS,
    .forward = transform,
    .multiply = multiply,
    .inverse = transform_back,
    .prepare = prepare,
};

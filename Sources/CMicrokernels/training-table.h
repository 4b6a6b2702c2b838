// SPDX-License-Identifier: GPL-3.0-or-later
// What an instruction set's source offers for training.
const training_kernels TABLE = {
    .lanes = LANES,
    .tileRows = TILE_ROWS,
    .outer = outer,
    .correlation = correlation,
    .gather = gather,
    .inverse = inverse,
    .depthwise = depthwise_sums,
    .moments = moments,
    .normalise = normalise,
    .normaliseSums = normalise_sums,
    .normaliseGradient = normalise_gradient,
    .dropout = dropout,
    .add = add,
    .columnSums = column_sums,
};

// SPDX-License-Identifier: GPL-3.0-or-later
// What an instruction set's source offers to the rest of the package.
const ecg_kernels TABLE = {
    .lanes = LANES,
    .tileRows = TILE_ROWS,
    .panel = panel,
    .depthwise = depthwise,
    .unary = unary,
    .unaryGradient = unary_gradient,
    .binary = binary,
    .binaryScalar = binary_scalar,
    .channelAffine = channel_affine,
    .gate = gate,
    .maxPool = max_pool,
    .maxPoolGradient = max_pool_gradient,
    .averagePool = average_pool,
    .averagePoolGradient = average_pool_gradient,
    .softmax = softmax,
    .softmaxGradient = softmax_gradient,
    .layerNorm = layer_norm,
    .layerNormGradient = layer_norm_gradient,
    .channelSums = channel_sums,
};

// SPDX-License-Identifier: GPL-3.0-or-later
// What an instruction set's source offers to the rest of the package.
const ecg_kernels TABLE = {
    .lanes = LANES,
    .tileRows = TILE_ROWS,
    .panel = panel,
    .depthwise = depthwise,
};

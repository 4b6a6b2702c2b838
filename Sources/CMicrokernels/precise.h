// SPDX-License-Identifier: GPL-3.0-or-later
// A matrix product whose sums are in double precision: for the few sums that a network's answer consists of.

INLINE void precise_tile(const ecg_panel *p, long row, const int rows, const int vectors) {
    wide sum[4][4];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int h = 0; h < 2 * vectors; h++) {
        sum[r][h] = (wide){};
        if (p->bias) sum[r][h] = __builtin_convertvector(*(const half_vec *)(p->bias + h * (LANES / 2)), wide);
    }
    const float *weights = p->weights, *input = p->input + row * p->inputStride;
    for (long k = 0; k < p->tapLength; k++, weights += vectors * LANES) {
        UNROLL for (int h = 0; h < 2 * vectors; h++) {
            const wide w = __builtin_convertvector(*(const half_vec *)(weights + h * (LANES / 2)), wide);
            UNROLL for (int r = 0; r < rows; r++) sum[r][h] += w * (double)input[r * p->inputStride + k];
        }
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++) {
        const long left = p->columns - v * LANES;
        if (left <= 0) break;
        const int full = left >= LANES;
        const vec y = activate(narrowed(sum[r] + 2 * v), p->activation, p->slope);
        float *output = p->output + (row + r) * p->outputStride + v * LANES;
        if (full) store(output, y);
        else store_first(output, y, left);
    }
}

/// As `panel`, for a plain matrix without a residual.
static void precise_panel(const ecg_panel *p, long rows) {
    long row = 0;
    if (p->vectors == 2) {
        for (; row + 2 <= rows; row += 2) precise_tile(p, row, 2, 2);
        if (row < rows) precise_tile(p, row, 1, 2);
    } else {
        for (; row + 4 <= rows; row += 4) precise_tile(p, row, 4, 1);
        for (; row < rows; row++) precise_tile(p, row, 1, 1);
    }
}

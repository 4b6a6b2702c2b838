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

INLINE double total(wide sum) {
    double whole = 0;
    UNROLL for (int lane = 0; lane < LANES / 2; lane++) whole += sum[lane];
    return whole;
}

/// The same for the few columns of a matrix whose columns lie one after the other: a panel of them would be mostly empty.
static void precise_dots(const ecg_panel *p, long rows) {
    for (long r = 0; r < rows; r++) {
        const float *input = p->input + r * p->inputStride;
        for (long c = 0; c < p->columns; c++) {
            const float *weights = p->weights + c * p->tapLength;
            wide sum[2] = {};
            for (long k = 0; k < p->tapLength; k += LANES) {
                const long left = p->tapLength - k;
                const vec x = left >= LANES ? load(input + k) : load_first(input + k, left);
                const vec w = left >= LANES ? load(weights + k) : load_first(weights + k, left);
                const half_vec *xs = (const half_vec *)&x, *ws = (const half_vec *)&w;
                UNROLL for (int h = 0; h < 2; h++) sum[h] += __builtin_convertvector(xs[h], wide) * __builtin_convertvector(ws[h], wide);
            }
            const float y = (float)(total(sum[0] + sum[1]) + (p->bias ? p->bias[c] : 0));
            p->output[r * p->outputStride + c] = activate(all(y), p->activation, p->slope)[0];
        }
    }
}

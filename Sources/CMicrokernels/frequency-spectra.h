// SPDX-License-Identifier: GPL-3.0-or-later
//
// Spectra of the weights, in double precision. A kernel has few taps next to the points of its transform, so the sums are taken
// as they stand, several frequencies at a time with the outputs in the lanes. Included by each instruction set's source.

#define AT_ONCE 3

/// Frequencies `f` ..< `f + count`; a panel is `parts` vectors of doubles. Where the spectrum is the `constant` term, which is real, it is kept
/// in double precision.
INLINE void sums(const int constant, const int count, const int parts, const double *cosines, const double *sines, long points, long f, long taps,
    const double *values, double scale, float *to, long stride) {
    wide real[AT_ONCE][4], imaginary[AT_ONCE][4];
    long index[AT_ONCE];
    UNROLL for (int g = 0; g < count; g++) {
        index[g] = 0;
        UNROLL for (int v = 0; v < parts; v++) real[g][v] = imaginary[g][v] = (wide){0};
    }
    for (long tap = 0; tap < taps; tap++) {
        const wide *x = (const wide *)(values + tap * parts * (LANES / 2));
        UNROLL for (int g = 0; g < count; g++) {
            const double c = cosines[index[g]], s = sines[index[g]];
            UNROLL for (int v = 0; v < parts; v++) real[g][v] += x[v] * c, imaginary[g][v] += x[v] * s;
            index[g] += f + g;
            index[g] -= index[g] >= points ? points : 0;
        }
    }
    UNROLL for (int g = 0; g < count; g++) UNROLL for (int v = 0; v < parts; v++) {
        const wide exact = real[g][v] * scale;
        if (constant) {
            *(wide *)((double *)to + v * (LANES / 2)) = exact;
        } else {
            *(half_vec *)(to + g * stride + v * (LANES / 2)) = __builtin_convertvector(exact, half_vec);
            *(half_vec *)(to + g * stride + (parts + v) * (LANES / 2)) = __builtin_convertvector(imaginary[g][v] * scale, half_vec);
        }
    }
}

INLINE void panel(const int parts, const frequency_transform *t, const double *cosines, const double *sines, long taps,
    const double *values, float *weights, long stride) {
    const long points = t->points, alone = points % 2 ? 1 : 2;
    const double scale = 1.0 / (double)points;
    sums(1, 1, parts, cosines, sines, points, 0, taps, values, scale, weights, stride);
    if (alone == 2) sums(0, 1, parts, cosines, sines, points, points / 2, taps, values, scale, weights + stride, stride);
    const long last = (points - 1) / 2;
    long f = 1;
    for (; f + AT_ONCE - 1 <= last; f += AT_ONCE) {
        sums(0, AT_ONCE, parts, cosines, sines, points, f, taps, values, scale, weights + (f - 1 + alone) * stride, stride);
    }
    for (; f <= last; f++) sums(0, 1, parts, cosines, sines, points, f, taps, values, scale, weights + (f - 1 + alone) * stride, stride);
}

static void prepare(const frequency_transform *t, const double *cosines, const double *sines, long taps, const double *values,
    int32_t vectors, float *weights, long stride) {
    if (vectors == 2) panel(4, t, cosines, sines, taps, values, weights, stride);
    else panel(2, t, cosines, sines, taps, values, weights, stride);
}
#undef AT_ONCE

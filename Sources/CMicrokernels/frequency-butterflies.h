// SPDX-License-Identifier: GPL-3.0-or-later
//
// Straight-line discrete Fourier transforms of a few points (e^{-i…}); the inverse is the same with real and imaginary part
// exchanged. All loops have constant bounds and unroll; the cosines fold to constants. Included by each instruction set's source, for floats
// and for doubles: NUMBERS is the vector and REAL the number in it, OF(name) what a function is called.

INLINE void OF(dft2)(NUMBERS *r, NUMBERS *i) {
    NUMBERS a = r[0], b = i[0];
    r[0] = a + r[1], i[0] = b + i[1];
    r[1] = a - r[1], i[1] = b - i[1];
}

/// An odd prime number of points: sums and differences of the mirrored points, then real factors alone.
INLINE void OF(odd)(const int points, NUMBERS *r, NUMBERS *i) {
    const int half = points / 2;
    NUMBERS sum_r[4], sum_i[4], gap_r[4], gap_i[4], zero_r = r[0], zero_i = i[0];
    UNROLL for (int j = 1; j <= half; j++) {
        sum_r[j] = r[j] + r[points - j], sum_i[j] = i[j] + i[points - j];
        gap_r[j] = r[j] - r[points - j], gap_i[j] = i[j] - i[points - j];
    }
    NUMBERS total_r = zero_r, total_i = zero_i;
    UNROLL for (int j = 1; j <= half; j++) total_r += sum_r[j], total_i += sum_i[j];
    r[0] = total_r, i[0] = total_i;
    UNROLL for (int k = 1; k <= half; k++) {
        NUMBERS even_r = zero_r, even_i = zero_i, odd_r = {0}, odd_i = {0};
        UNROLL for (int j = 1; j <= half; j++) {
            const REAL c = (REAL)COSINE(j * k, points), s = (REAL)SINE(j * k, points);
            even_r += sum_r[j] * c, even_i += sum_i[j] * c;
            if (j == 1) odd_r = gap_r[1] * s, odd_i = gap_i[1] * s;
            else odd_r += gap_r[j] * s, odd_i += gap_i[j] * s;
        }
        r[k] = even_r + odd_i, i[k] = even_i - odd_r;
        r[points - k] = even_r - odd_i, i[points - k] = even_i + odd_r;
    }
}

INLINE void OF(dft3)(NUMBERS *r, NUMBERS *i) { OF(odd)(3, r, i); }
INLINE void OF(dft5)(NUMBERS *r, NUMBERS *i) { OF(odd)(5, r, i); }
INLINE void OF(dft7)(NUMBERS *r, NUMBERS *i) { OF(odd)(7, r, i); }

INLINE void OF(dft4)(NUMBERS *r, NUMBERS *i) {
    NUMBERS ar = r[0] + r[2], ai = i[0] + i[2], br = r[0] - r[2], bi = i[0] - i[2];
    NUMBERS cr = r[1] + r[3], ci = i[1] + i[3], dr = r[1] - r[3], di = i[1] - i[3];
    r[0] = ar + cr, i[0] = ai + ci, r[2] = ar - cr, i[2] = ai - ci;
    r[1] = br + di, i[1] = bi - dr, r[3] = br - di, i[3] = bi + dr;
}

INLINE void OF(dft8)(NUMBERS *r, NUMBERS *i) {
    NUMBERS er[4] = {r[0], r[2], r[4], r[6]}, ei[4] = {i[0], i[2], i[4], i[6]};
    NUMBERS or[4] = {r[1], r[3], r[5], r[7]}, oi[4] = {i[1], i[3], i[5], i[7]};
    const REAL s = (REAL)0.70710678118654752440;
    OF(dft4)(er, ei);
    OF(dft4)(or, oi);
    r[0] = er[0] + or[0], i[0] = ei[0] + oi[0], r[4] = er[0] - or[0], i[4] = ei[0] - oi[0];
    r[2] = er[2] + oi[2], i[2] = ei[2] - or[2], r[6] = er[2] - oi[2], i[6] = ei[2] + or[2];
    NUMBERS a = or[1] + oi[1], b = oi[1] - or[1];
    r[1] = er[1] + a * s, i[1] = ei[1] + b * s, r[5] = er[1] - a * s, i[5] = ei[1] - b * s;
    a = oi[3] - or[3], b = oi[3] + or[3];
    r[3] = er[3] + a * s, i[3] = ei[3] - b * s, r[7] = er[3] - a * s, i[7] = ei[3] + b * s;
}

/// A·B points: B transforms of A points, twiddles, A transforms of B points.
#define COMPOSITE(A, B, POINTS)                                                                                      \
    INLINE void OF(dft##POINTS)(NUMBERS * r, NUMBERS * i) {                                                          \
        NUMBERS tr[POINTS], ti[POINTS];                                                                              \
        UNROLL for (int b = 0; b < B; b++) {                                                                         \
            NUMBERS xr[A], xi[A];                                                                                    \
            UNROLL for (int a = 0; a < A; a++) xr[a] = r[a * B + b], xi[a] = i[a * B + b];                           \
            OF(dft##A)(xr, xi);                                                                                      \
            UNROLL for (int a = 0; a < A; a++) {                                                                     \
                const REAL c = (REAL)COSINE(a * b, POINTS), s = (REAL)SINE(a * b, POINTS);                           \
                if (a * b == 0) tr[a * B + b] = xr[a], ti[a * B + b] = xi[a];                                        \
                else if (a * b * 4 == POINTS) tr[a * B + b] = xi[a], ti[a * B + b] = -xr[a];                         \
                else tr[a * B + b] = xr[a] * c + xi[a] * s, ti[a * B + b] = xi[a] * c - xr[a] * s;                   \
            }                                                                                                        \
        }                                                                                                            \
        UNROLL for (int a = 0; a < A; a++) {                                                                         \
            NUMBERS xr[B], xi[B];                                                                                    \
            UNROLL for (int b = 0; b < B; b++) xr[b] = tr[a * B + b], xi[b] = ti[a * B + b];                         \
            OF(dft##B)(xr, xi);                                                                                      \
            UNROLL for (int b = 0; b < B; b++) r[a + A * b] = xr[b], i[a + A * b] = xi[b];                           \
        }                                                                                                            \
    }

COMPOSITE(2, 3, 6)
COMPOSITE(3, 3, 9)
COMPOSITE(2, 5, 10)
COMPOSITE(4, 3, 12)
COMPOSITE(4, 4, 16)
#undef COMPOSITE

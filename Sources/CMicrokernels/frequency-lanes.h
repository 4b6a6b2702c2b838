// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the frequency domain needs of vectors beside vectors.h.

typedef unsigned bits __attribute__((vector_size(4 * LANES)));

/// The larger of both, and NaN where the value is NaN: the maximum instruction gives its second operand then.
INLINE vec at_least(vec floor, vec value) {
#if LANES == 16
    return (vec)_mm512_max_ps((__m512)floor, (__m512)value);
#elif LANES == 8
    return (vec)_mm256_max_ps((__m256)floor, (__m256)value);
#else
    return choose(floor > value, floor, value);
#endif
}

INLINE vec flip(vec value, unsigned sign) { return (vec)((bits)value ^ sign); }

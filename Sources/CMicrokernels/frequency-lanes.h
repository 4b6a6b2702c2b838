// SPDX-License-Identifier: GPL-3.0-or-later
//
// Vectors of LANES floats for one instruction set. Included once for each; no guard on purpose.

typedef float NAME(vec) __attribute__((vector_size(4 * LANES)));
typedef float NAME(loose) __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint32_t NAME(bits) __attribute__((vector_size(4 * LANES)));
typedef double NAME(wide) __attribute__((vector_size(4 * LANES)));
typedef float NAME(half) __attribute__((vector_size(2 * LANES)));
#define vec NAME(vec)
#define loose NAME(loose)
#define bits NAME(bits)
#define wide NAME(wide)

ALWAYS vec NAME(load)(const float *p) { return *(const loose *)p; }

ALWAYS void NAME(store)(float *p, vec v) { *(loose *)p = v; }

/// The first `count` lanes, the others zero: memory behind them is not touched.
ALWAYS vec NAME(load_part)(const float *p, long count) {
#if LANES == 16
    return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#elif LANES == 8
    return (vec)_mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)));
#else
    vec v = {0};
    for (long lane = 0; lane < count; lane++) v[lane] = p[lane];
    return v;
#endif
}

ALWAYS void NAME(store_part)(float *p, vec v, long count) {
#if LANES == 16
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), (__m512)v);
#elif LANES == 8
    _mm256_maskstore_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)), (__m256)v);
#else
    for (long lane = 0; lane < count; lane++) p[lane] = v[lane];
#endif
}

/// `b` where the mask is set, else `a`.
ALWAYS vec NAME(choose)(bits mask, vec a, vec b) { return (vec)(((bits)a & ~mask) | ((bits)b & mask)); }

/// The larger of both, and NaN where the value is NaN: the maximum instruction gives its second operand then.
ALWAYS vec NAME(at_least)(vec floor, vec value) {
#if LANES == 16
    return (vec)_mm512_max_ps((__m512)floor, (__m512)value);
#elif LANES == 8
    return (vec)_mm256_max_ps((__m256)floor, (__m256)value);
#else
    return NAME(choose)((bits)(floor > value), value, floor);
#endif
}

/// Subtracting zero, unlike adding it, changes no value, so that this becomes one broadcast.
ALWAYS vec NAME(splat)(float value) { return value - (vec){0}; }

ALWAYS vec NAME(flip)(vec value, uint32_t sign) { return (vec)((bits)value ^ sign); }

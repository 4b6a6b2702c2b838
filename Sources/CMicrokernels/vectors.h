// SPDX-License-Identifier: GPL-3.0-or-later
// A vector of LANES floats and the few things that vector_size types cannot say. Included by each instruction set's source.
typedef float vec __attribute__((vector_size(LANES * 4)));
typedef float vec_anywhere __attribute__((vector_size(LANES * 4), aligned(4)));
typedef int ivec __attribute__((vector_size(LANES * 4)));
typedef double wide __attribute__((vector_size(LANES * 4)));
typedef float half_vec __attribute__((vector_size(LANES * 2), aligned(4)));

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vec load(const float *p) { return *(const vec_anywhere *)p; }
INLINE void store(float *p, vec v) { *(vec_anywhere *)p = v; }
INLINE vec all(float x) { return x - (vec){}; }

/// Lanes of `a` where the mask is set, of `b` elsewhere.
INLINE vec choose(ivec mask, vec a, vec b) { return (vec)(((ivec)a & mask) | ((ivec)b & ~mask)); }

#if LANES == 16
INLINE vec load_first(const float *p, long n) { return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
INLINE void store_first(float *p, vec v, long n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v); }
#elif LANES == 8
INLINE __m256i first_lanes(long n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vec load_first(const float *p, long n) { return (vec)_mm256_maskload_ps(p, first_lanes(n)); }
INLINE void store_first(float *p, vec v, long n) { _mm256_maskstore_ps(p, first_lanes(n), (__m256)v); }
#else
INLINE vec load_first(const float *p, long n) {
    vec v = {};
    for (long i = 0; i < n; i++) v[i] = p[i];
    return v;
}
INLINE void store_first(float *p, vec v, long n) {
    for (long i = 0; i < n; i++) p[i] = v[i];
}
#endif

/// Registers for sums: those of the chain under way and, where they fit as well, those of the chains before. Stored and fetched again, these take up to a
/// tenth of a product's time, since a vector of 16 is stored by halves; of registers for 8 there are too few for both.
enum { KEPT = LANES == 16 ? 28 : 0 };

/// How many vectors of a panel go together: all, or one by one where that keeps all sums of so many rows in registers.
INLINE int vectors_together(const int rows, const int vectors) { return 2 * rows * vectors > KEPT && 2 * rows <= KEPT ? 1 : vectors; }

/// The same vectors as something that the compiler leaves in memory: sums that are seldom touched would push those of an inner loop out of its registers.
INLINE vec *in_memory(vec *values) {
    __asm__("" : "+r"(values));
    return values;
}

/// Where the sums of the chains before are: in registers, if there is room for them.
#define TOTALS(rows, width, room) (2 * (rows) * (width) <= KEPT ? (room) : in_memory(room))

INLINE void clear_sums(const int rows, const int width, vec (*sum)[2]) {
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < width; v++) sum[r][v] = (vec){};
}

/// At the end of a chain: its sums are added to those of the chains before, if there are any.
INLINE void keep_sums(const int rows, const int width, vec (*sum)[2], vec *total, const int isFirst) {
    if (isFirst) {
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < width; v++) total[2 * r + v] = sum[r][v];
    } else {
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < width; v++) total[2 * r + v] += sum[r][v];
    }
}

/// At the end of the last one.
INLINE void add_kept(const int rows, const int width, vec (*sum)[2], const vec *total) {
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < width; v++) sum[r][v] += total[2 * r + v];
}

/// Whether a lane of a comparison's result is set.
INLINE int any(ivec mask) {
#if LANES == 16
    return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
#elif LANES == 8
    return _mm256_movemask_ps((__m256)mask) != 0;
#else
    return __builtin_reduce_or(mask) != 0;
#endif
}

/// Adds a vector to the two of double precision that are a sum of vectors.
INLINE void add_wide(wide sum[2], vec value) {
    const half_vec *halves = (const half_vec *)&value;
    sum[0] += __builtin_convertvector(halves[0], wide);
    sum[1] += __builtin_convertvector(halves[1], wide);
}

INLINE vec narrowed(const wide sum[2]) {
    vec value;
    ((half_vec *)&value)[0] = __builtin_convertvector(sum[0], half_vec);
    ((half_vec *)&value)[1] = __builtin_convertvector(sum[1], half_vec);
    return value;
}

/// max(x, 0) that lets NaN through: a bad input must stay visible.
INLINE vec relu(vec x) { return choose(x < 0, (vec){}, x); }

INLINE vec activate(vec x, int activation, float slope) {
    if (activation == ECG_RELU) return relu(x);
    if (activation == ECG_LEAKY_RELU) return choose(x < 0, x * slope, x);
    return x;
}

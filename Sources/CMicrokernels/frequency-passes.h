// SPDX-License-Identifier: GPL-3.0-or-later
//
// The passes of a transform, one function for each radix. Work is `points` complex vectors, real before imaginary part.
// Outer pass: butterflies over samples that lie points / R apart; middle and inner pass work within one of the R blocks that it
// leaves, so that a block stays in the first-level cache until its spectra are written. Included by each instruction set's source, for floats and
// for doubles, as butterflies are; what differs between the two is in frequency-numbers.h.

#define PASSES(R)                                                                                                    \
    static void OF(outer##R)(const float *const *first, const float *const *second, long offset, long lanes,         \
        const REAL *twiddles, long blocks, const char *ahead, long lines, NUMBERS *restrict work, wide *constant) {  \
        wide sum[2 * PARTS] = {{0}};                                                                                 \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            NUMBERS r[R], i[R];                                                                                      \
            for (long line = 0; line < lines; line++, ahead += 64) __builtin_prefetch(ahead, 0, 2);                  \
            if (lanes == WIDTH) {                                                                                    \
                UNROLL for (int a = 0; a < R; a++) {                                                                 \
                    r[a] = OF(load)(first[a * blocks + b] + offset);                                                 \
                    i[a] = OF(load)(second[a * blocks + b] + offset);                                                \
                }                                                                                                    \
            } else {                                                                                                 \
                UNROLL for (int a = 0; a < R; a++) {                                                                 \
                    r[a] = OF(load_first)(first[a * blocks + b] + offset, lanes);                                    \
                    i[a] = OF(load_first)(second[a * blocks + b] + offset, lanes);                                   \
                }                                                                                                    \
            }                                                                                                        \
            OF(dft##R)(r, i);                                                                                        \
            OF(add_wide)(sum, r[0]);                                                                                 \
            OF(add_wide)(sum + PARTS, i[0]);                                                                         \
            OF(turn)(R, r, i, twiddles);                                                                             \
            UNROLL for (int q = 0; q < R; q++) work[2 * (q * blocks + b)] = r[q], work[2 * (q * blocks + b) + 1] = i[q]; \
        }                                                                                                            \
        UNROLL for (int h = 0; h < 2 * PARTS; h++) constant[h] = sum[h];                                             \
    }                                                                                                                \
    static void OF(middle##R)(const REAL *twiddles, long blocks, NUMBERS *work) {                                    \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            NUMBERS r[R], i[R];                                                                                      \
            UNROLL for (int a = 0; a < R; a++) r[a] = work[2 * (a * blocks + b)], i[a] = work[2 * (a * blocks + b) + 1]; \
            OF(dft##R)(r, i);                                                                                        \
            OF(turn)(R, r, i, twiddles);                                                                             \
            UNROLL for (int q = 0; q < R; q++) work[2 * (q * blocks + b)] = r[q], work[2 * (q * blocks + b) + 1] = i[q]; \
        }                                                                                                            \
    }                                                                                                                \
    static void OF(inner##R)(const NUMBERS *work, long count, const int32_t *slots, const uint32_t *conjugations,    \
        float *spectra, const frequency_layout *layout) {                                                            \
        const long pair = layout->pair, row = layout->row, component = layout->component;                            \
        for (long block = 0; block < count; block++, work += 2 * R, slots += R, conjugations += R) {                 \
            NUMBERS r[R], i[R];                                                                                      \
            UNROLL for (int a = 0; a < R; a++) r[a] = work[2 * a], i[a] = work[2 * a + 1];                           \
            OF(dft##R)(r, i);                                                                                        \
            UNROLL for (int q = 0; q < R; q++) {                                                                     \
                float *to = spectra + (slots[q] >> 1) * pair + (slots[q] & 1) * row;                                 \
                NUMBERS imaginary = OF(flip)(i[q], conjugations[q]);                                                 \
                OF(keep)(to, r[q]), OF(keep)(to + component, imaginary), OF(keep)(to + 2 * component, r[q] + imaginary); \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static void OF(back_inner##R)(const float *products, const frequency_layout *layout, const int32_t *slots,       \
        const uint32_t *conjugations, long count, NUMBERS *work) {                                                   \
        const long pair = layout->pair, row = layout->row, component = layout->component;                            \
        for (long block = 0; block < count; block++, work += 2 * R, slots += R, conjugations += R) {                 \
            NUMBERS r[R], i[R];                                                                                      \
            UNROLL for (int q = 0; q < R; q++) {                                                                     \
                const float *from = products + (slots[q] >> 1) * pair + (slots[q] & 1) * row;                        \
                r[q] = OF(kept)(from), i[q] = OF(flip)(OF(kept)(from + component), conjugations[q]);                 \
            }                                                                                                        \
            OF(dft##R)(i, r);                                                                                        \
            UNROLL for (int a = 0; a < R; a++) work[2 * a] = r[a], work[2 * a + 1] = i[a];                           \
        }                                                                                                            \
    }                                                                                                                \
    static void OF(back_middle##R)(const REAL *twiddles, long blocks, NUMBERS *work) {                               \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            NUMBERS r[R], i[R];                                                                                      \
            UNROLL for (int q = 0; q < R; q++) r[q] = work[2 * (q * blocks + b)], i[q] = work[2 * (q * blocks + b) + 1]; \
            OF(turn)(R, i, r, twiddles);                                                                             \
            OF(dft##R)(i, r);                                                                                        \
            UNROLL for (int a = 0; a < R; a++) work[2 * (a * blocks + b)] = r[a], work[2 * (a * blocks + b) + 1] = i[a]; \
        }                                                                                                            \
    }                                                                                                                \
    INLINE void OF(back_outer##R)(const int plain, const NUMBERS *restrict work, const REAL *twiddles, long blocks,  \
        const frequency_tiles *tiles, long lanes, const NUMBERS *constant, const frequency_epilogue *epilogue) {     \
        const NUMBERS large[2] = {constant[0], constant[1]}, small[2] = {constant[2], constant[3]};                  \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            NUMBERS r[R], i[R];                                                                                      \
            UNROLL for (int q = 0; q < R; q++) r[q] = work[2 * (q * blocks + b)], i[q] = work[2 * (q * blocks + b) + 1]; \
            OF(turn)(R, i, r, twiddles);                                                                             \
            OF(dft##R)(i, r);                                                                                        \
            UNROLL for (int a = 0; a < R; a++) {                                                                     \
                const long n = a * blocks + b;                                                                       \
                if (n < tiles->count[0]) OF(finish)(plain, r[a] + small[0] + large[0], 0, n, tiles, lanes, epilogue); \
                if (n < tiles->count[1]) OF(finish)(plain, i[a] + small[1] + large[1], 1, n, tiles, lanes, epilogue); \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static void OF(back_plain##R)(const NUMBERS *work, const REAL *twiddles, long blocks, const frequency_tiles *tiles, \
        long lanes, const NUMBERS *constant, const frequency_epilogue *epilogue) {                                   \
        OF(back_outer##R)(1, work, twiddles, blocks, tiles, lanes, constant, epilogue);                              \
    }                                                                                                                \
    static void OF(back_full##R)(const NUMBERS *work, const REAL *twiddles, long blocks, const frequency_tiles *tiles, \
        long lanes, const NUMBERS *constant, const frequency_epilogue *epilogue) {                                   \
        OF(back_outer##R)(0, work, twiddles, blocks, tiles, lanes, constant, epilogue);                              \
    }

/// Multiplies point q by e^{-i·angle(q)}; with real and imaginary part exchanged, by e^{+i·angle(q)}.
INLINE void OF(turn)(const int radix, NUMBERS *r, NUMBERS *i, const REAL *twiddles) {
    UNROLL for (int q = 1; q < radix; q++) {
        const REAL c = twiddles[2 * q - 2], s = twiddles[2 * q - 1];
        NUMBERS real = r[q] * c + i[q] * s;
        i[q] = i[q] * c - r[q] * s;
        r[q] = real;
    }
}

PASSES(3)
PASSES(4)
PASSES(5)
PASSES(6)
PASSES(7)
PASSES(8)
PASSES(9)
PASSES(10)
PASSES(12)
PASSES(16)
#undef PASSES

#define ENTRIES(KIND) { \
    [3] = OF(KIND##3), [4] = OF(KIND##4), [5] = OF(KIND##5), [6] = OF(KIND##6), [7] = OF(KIND##7), [8] = OF(KIND##8), \
    [9] = OF(KIND##9), [10] = OF(KIND##10), [12] = OF(KIND##12), [16] = OF(KIND##16) }

static void OF(forward)(const frequency_transform *t, const float *const *first, const float *const *second, long from, long channels,
    const float *ahead, long ahead_count, float *work, float *spectra, const frequency_layout *layout) {
    static void (*const outer[])(const float *const *, const float *const *, long, long, const REAL *, long, const char *, long, NUMBERS *,
        wide *) = ENTRIES(outer);
    static void (*const middle[])(const REAL *, long, NUMBERS *) = ENTRIES(middle);
    static void (*const inner[])(const NUMBERS *, long, const int32_t *, const uint32_t *, float *, const frequency_layout *) =
        ENTRIES(inner);
    const long block = t->points / t->radices[0], r0 = t->radices[0], r1 = t->radices[1], r2 = t->radices[2];
    if (from >= channels) return;
    const long butterflies = block * ((channels - from + WIDTH - 1) / WIDTH), lines = (ahead_count / 16 + butterflies - 1) / butterflies;
    const char *next = (const char *)ahead;
    for (long channel = from; channel < channels; channel += WIDTH, next += 64 * lines * block) {
        long lanes = channels - channel < WIDTH ? channels - channel : WIDTH;
        wide constant[2 * PARTS];
        outer[r0](first, second, channel, lanes, t->OF(outer_twiddles), block, next, lines, (NUMBERS *)work, constant);
        for (long q = 0; q < r0; q++) {
            NUMBERS *part = (NUMBERS *)work + 2 * q * block;
            if (r1 > 1) middle[r1](t->OF(middle_twiddles), r2, part);
            inner[r2](part, r1, t->slots + q * block, t->conjugations + q * block, spectra + channel, layout);
        }
        // f = 0 anew, from sums in double precision: its rounding error would be that of a whole tile's mean.
        double *exact = (double *)(spectra + constant_pair(t) * layout->pair) + channel;
        UNROLL for (int h = 0; h < PARTS; h++) {
            *(wide *)(exact + h * (LANES / 2)) = constant[h];
            *(wide *)(exact + layout->component + h * (LANES / 2)) = constant[PARTS + h];
        }
        const NUMBERS real = OF(joined)(constant), imaginary = OF(joined)(constant + PARTS);
        float *to = spectra + channel;
        OF(keep)(to, real), OF(keep)(to + layout->component, imaginary), OF(keep)(to + 2 * layout->component, real + imaginary);
    }
}

static void OF(inverse)(const frequency_transform *t, const float *products, const frequency_layout *layout, float *work,
    const frequency_tiles *all_tiles, long channels, const float *bias, const frequency_epilogue *epilogue) {
    static void (*const inner[])(const float *, const frequency_layout *, const int32_t *, const uint32_t *, long, NUMBERS *) =
        ENTRIES(back_inner);
    static void (*const middle[])(const REAL *, long, NUMBERS *) = ENTRIES(back_middle);
    static void (*const plain[])(const NUMBERS *, const REAL *, long, const frequency_tiles *, long, const NUMBERS *,
        const frequency_epilogue *) = ENTRIES(back_plain);
    static void (*const full[])(const NUMBERS *, const REAL *, long, const frequency_tiles *, long, const NUMBERS *,
        const frequency_epilogue *) = ENTRIES(back_full);
    const long block = t->points / t->radices[0], r0 = t->radices[0], r1 = t->radices[1], r2 = t->radices[2];
    frequency_tiles tiles = *all_tiles;
    for (long channel = 0; channel < channels; channel += WIDTH, products += WIDTH, bias += WIDTH) {
        const long lanes = channels - channel < WIDTH ? channels - channel : WIDTH;
        for (long q = 0; q < r0; q++) {
            NUMBERS *part = (NUMBERS *)work + 2 * q * block;
            // The samples that the outer pass will write are on their way meanwhile.
            for (int tile = 0; tile < 2 && channel == 0; tile++) {
                const long count = tiles.count[tile];
                for (long n = q * count / r0; n < (q + 1) * count / r0; n++) __builtin_prefetch(tiles.output[tile] + n * tiles.stride, 1, 2);
            }
            inner[r2](products, layout, t->slots + q * block, t->conjugations + q * block, r1, part);
            if (r1 > 1) middle[r1](t->OF(middle_twiddles), r2, part);
        }
        NUMBERS constant[4];
        for (int tile = 0; tile < 2; tile++) {
            OF(mean_term)(products + constant_pair(t) * layout->pair + tile * layout->component, layout->component, bias, constant + tile);
        }
        int simple = lanes == WIDTH && !epilogue->residual && !epilogue->leaky;
        (simple ? plain : full)[r0]((NUMBERS *)work, t->OF(outer_twiddles), block, &tiles, lanes, constant, epilogue);
        for (int tile = 0; tile < 2; tile++) {
            tiles.output[tile] += WIDTH;
            if (tiles.residual[tile]) tiles.residual[tile] += WIDTH;
        }
    }
}
#undef ENTRIES

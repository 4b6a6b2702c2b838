// SPDX-License-Identifier: GPL-3.0-or-later
//
// The passes of a transform, one function for each radix. Work is `points` complex vectors, real before imaginary part.
// Outer pass: butterflies over samples that lie points / R apart; middle and inner pass work within one of the R blocks that it
// leaves, so that a block stays in the first-level cache until its spectra are written. Included once for each set.

/// Adds a vector to two of double precision.
ALWAYS void NAME(add_wide)(wide sum[2], vec value) {
    const NAME(half) *halves = (const NAME(half) *)&value;
    sum[0] += __builtin_convertvector(halves[0], wide);
    sum[1] += __builtin_convertvector(halves[1], wide);
}

ALWAYS vec NAME(narrowed)(const wide sum[2]) {
    vec value;
    ((NAME(half) *)&value)[0] = __builtin_convertvector(sum[0], NAME(half));
    ((NAME(half) *)&value)[1] = __builtin_convertvector(sum[1], NAME(half));
    return value;
}

#define PASSES(R)                                                                                                    \
    static void NAME(outer##R)(const float *const *first, const float *const *second, long offset, long lanes,       \
        const float *twiddles, long blocks, const char *ahead, long lines, vec *restrict work, vec mean[2]) {         \
        wide sum[4] = {{0}};                                                                                         \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            vec r[R], i[R];                                                                                          \
            for (long line = 0; line < lines; line++, ahead += 64) __builtin_prefetch(ahead, 0, 2);                  \
            if (lanes == LANES) {                                                                                    \
                UNROLL for (int a = 0; a < R; a++) {                                                                 \
                    r[a] = NAME(load)(first[a * blocks + b] + offset);                                               \
                    i[a] = NAME(load)(second[a * blocks + b] + offset);                                              \
                }                                                                                                    \
            } else {                                                                                                 \
                UNROLL for (int a = 0; a < R; a++) {                                                                 \
                    r[a] = NAME(load_part)(first[a * blocks + b] + offset, lanes);                                   \
                    i[a] = NAME(load_part)(second[a * blocks + b] + offset, lanes);                                  \
                }                                                                                                    \
            }                                                                                                        \
            NAME(dft##R)(r, i);                                                                                      \
            NAME(add_wide)(sum, r[0]);                                                                               \
            NAME(add_wide)(sum + 2, i[0]);                                                                           \
            NAME(turn)(R, r, i, twiddles);                                                                           \
            UNROLL for (int q = 0; q < R; q++) work[2 * (q * blocks + b)] = r[q], work[2 * (q * blocks + b) + 1] = i[q]; \
        }                                                                                                            \
        mean[0] = NAME(narrowed)(sum), mean[1] = NAME(narrowed)(sum + 2);                                            \
    }                                                                                                                \
    static void NAME(middle##R)(const float *twiddles, long blocks, vec *work) {                                     \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            vec r[R], i[R];                                                                                          \
            UNROLL for (int a = 0; a < R; a++) r[a] = work[2 * (a * blocks + b)], i[a] = work[2 * (a * blocks + b) + 1]; \
            NAME(dft##R)(r, i);                                                                                      \
            NAME(turn)(R, r, i, twiddles);                                                                           \
            UNROLL for (int q = 0; q < R; q++) work[2 * (q * blocks + b)] = r[q], work[2 * (q * blocks + b) + 1] = i[q]; \
        }                                                                                                            \
    }                                                                                                                \
    static void NAME(inner##R)(const vec *work, long count, const int32_t *slots, const uint32_t *conjugations,      \
        float *spectra, const frequency_layout *layout) {                                                            \
        const long pair = layout->pair, row = layout->row, component = layout->component;                            \
        for (long block = 0; block < count; block++, work += 2 * R, slots += R, conjugations += R) {                 \
            vec r[R], i[R];                                                                                          \
            UNROLL for (int a = 0; a < R; a++) r[a] = work[2 * a], i[a] = work[2 * a + 1];                           \
            NAME(dft##R)(r, i);                                                                                      \
            UNROLL for (int q = 0; q < R; q++) {                                                                     \
                float *to = spectra + (slots[q] >> 1) * pair + (slots[q] & 1) * row;                                 \
                vec imaginary = NAME(flip)(i[q], conjugations[q]);                                                   \
                *(vec *)to = r[q], *(vec *)(to + component) = imaginary, *(vec *)(to + 2 * component) = r[q] + imaginary; \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static void NAME(back_inner##R)(const float *products, const frequency_layout *layout, const int32_t *slots,     \
        const uint32_t *conjugations, long count, vec *work) {                                                       \
        const long pair = layout->pair, row = layout->row, component = layout->component;                            \
        for (long block = 0; block < count; block++, work += 2 * R, slots += R, conjugations += R) {                 \
            vec r[R], i[R];                                                                                          \
            UNROLL for (int q = 0; q < R; q++) {                                                                     \
                const float *from = products + (slots[q] >> 1) * pair + (slots[q] & 1) * row;                        \
                r[q] = *(const vec *)from, i[q] = NAME(flip)(*(const vec *)(from + component), conjugations[q]);     \
            }                                                                                                        \
            NAME(dft##R)(i, r);                                                                                      \
            UNROLL for (int a = 0; a < R; a++) work[2 * a] = r[a], work[2 * a + 1] = i[a];                           \
        }                                                                                                            \
    }                                                                                                                \
    static void NAME(back_middle##R)(const float *twiddles, long blocks, vec *work) {                                \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            vec r[R], i[R];                                                                                          \
            UNROLL for (int q = 0; q < R; q++) r[q] = work[2 * (q * blocks + b)], i[q] = work[2 * (q * blocks + b) + 1]; \
            NAME(turn)(R, i, r, twiddles);                                                                           \
            NAME(dft##R)(i, r);                                                                                      \
            UNROLL for (int a = 0; a < R; a++) work[2 * (a * blocks + b)] = r[a], work[2 * (a * blocks + b) + 1] = i[a]; \
        }                                                                                                            \
    }                                                                                                                \
    ALWAYS void NAME(back_outer##R)(const int plain, const vec *restrict work, const float *twiddles, long blocks,   \
        const frequency_tiles *tiles, long lanes, vec bias, const frequency_epilogue *epilogue) {                    \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            vec r[R], i[R];                                                                                          \
            UNROLL for (int q = 0; q < R; q++) r[q] = work[2 * (q * blocks + b)], i[q] = work[2 * (q * blocks + b) + 1]; \
            NAME(turn)(R, i, r, twiddles);                                                                           \
            NAME(dft##R)(i, r);                                                                                      \
            UNROLL for (int a = 0; a < R; a++) {                                                                     \
                const long n = a * blocks + b;                                                                       \
                if (n < tiles->count[0]) NAME(finish)(plain, r[a] + bias, 0, n, tiles, lanes, epilogue);             \
                if (n < tiles->count[1]) NAME(finish)(plain, i[a] + bias, 1, n, tiles, lanes, epilogue);             \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static void NAME(back_plain##R)(const vec *work, const float *twiddles, long blocks, const frequency_tiles *tiles, \
        long lanes, vec const *bias, const frequency_epilogue *epilogue) {                                           \
        NAME(back_outer##R)(1, work, twiddles, blocks, tiles, lanes, *bias, epilogue);                               \
    }                                                                                                                \
    static void NAME(back_full##R)(const vec *work, const float *twiddles, long blocks, const frequency_tiles *tiles, \
        long lanes, vec const *bias, const frequency_epilogue *epilogue) {                                           \
        NAME(back_outer##R)(0, work, twiddles, blocks, tiles, lanes, *bias, epilogue);                               \
    }

/// Multiplies point q by e^{-i·angle(q)}; with real and imaginary part exchanged, by e^{+i·angle(q)}.
ALWAYS void NAME(turn)(const int radix, vec *r, vec *i, const float *twiddles) {
    UNROLL for (int q = 1; q < radix; q++) {
        const float c = twiddles[2 * q - 2], s = twiddles[2 * q - 1];
        vec real = r[q] * c + i[q] * s;
        i[q] = i[q] * c - r[q] * s;
        r[q] = real;
    }
}

/// Residual, activation and store of one sample. `plain`: a whole vector, no residual, max(value, floor).
ALWAYS void NAME(finish)(const int plain, vec value, const int tile, long n, const frequency_tiles *tiles, long lanes,
    const frequency_epilogue *epilogue) {
    float *to = tiles->output[tile] + n * tiles->stride;
    if (plain) {
        NAME(store)(to, NAME(at_least)(NAME(splat)(epilogue->floor), value));
        return;
    }
    const float *residual = tiles->residual[tile];
    vec extra = {0};
    if (residual) {
        residual += n * epilogue->residual_stride;
        extra = lanes == LANES ? NAME(load)(residual) : NAME(load_part)(residual, lanes);
        if (!epilogue->residual_after) value += extra;
    }
    if (epilogue->leaky) value = NAME(choose)((bits)(value < 0), value, value * epilogue->slope);
    else value = NAME(at_least)(NAME(splat)(epilogue->floor), value);
    if (residual && epilogue->residual_after) value += extra;
    if (lanes == LANES) NAME(store)(to, value);
    else NAME(store_part)(to, value, lanes);
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
    [3] = NAME(KIND##3), [4] = NAME(KIND##4), [5] = NAME(KIND##5), [6] = NAME(KIND##6), [7] = NAME(KIND##7), [8] = NAME(KIND##8), \
    [9] = NAME(KIND##9), [10] = NAME(KIND##10), [12] = NAME(KIND##12), [16] = NAME(KIND##16) }

static void NAME(forward)(const frequency_transform *t, const float *const *first, const float *const *second, long from, long channels,
    const float *ahead, long ahead_count, float *work, float *spectra, const frequency_layout *layout) {
    static void (*const outer[])(const float *const *, const float *const *, long, long, const float *, long, const char *, long, vec *,
        vec *) = ENTRIES(outer);
    static void (*const middle[])(const float *, long, vec *) = ENTRIES(middle);
    static void (*const inner[])(const vec *, long, const int32_t *, const uint32_t *, float *, const frequency_layout *) = ENTRIES(inner);
    const long block = t->points / t->radices[0], r0 = t->radices[0], r1 = t->radices[1], r2 = t->radices[2];
    if (from >= channels) return;
    const long butterflies = block * ((channels - from + LANES - 1) / LANES), lines = (ahead_count / 16 + butterflies - 1) / butterflies;
    const char *next = (const char *)ahead;
    for (long channel = from; channel < channels; channel += LANES, next += 64 * lines * block) {
        long lanes = channels - channel < LANES ? channels - channel : LANES;
        vec mean[2];
        outer[r0](first, second, channel, lanes, t->outer_twiddles, block, next, lines, (vec *)work, mean);
        for (long q = 0; q < r0; q++) {
            vec *part = (vec *)work + 2 * q * block;
            if (r1 > 1) middle[r1](t->middle_twiddles, r2, part);
            inner[r2](part, r1, t->slots + q * block, t->conjugations + q * block, spectra + channel, layout);
        }
        // f = 0 anew, from sums in double precision: its rounding error would be that of a whole tile's mean.
        float *to = spectra + channel;
        *(vec *)to = mean[0], *(vec *)(to + layout->component) = mean[1], *(vec *)(to + 2 * layout->component) = mean[0] + mean[1];
    }
}

static void NAME(inverse)(const frequency_transform *t, const float *products, const frequency_layout *layout, float *work,
    const frequency_tiles *tiles, long channels, const float *bias, const frequency_epilogue *epilogue) {
    static void (*const inner[])(const float *, const frequency_layout *, const int32_t *, const uint32_t *, long, vec *) =
        ENTRIES(back_inner);
    static void (*const middle[])(const float *, long, vec *) = ENTRIES(back_middle);
    static void (*const plain[])(const vec *, const float *, long, const frequency_tiles *, long, const vec *, const frequency_epilogue *) =
        ENTRIES(back_plain);
    static void (*const full[])(const vec *, const float *, long, const frequency_tiles *, long, const vec *, const frequency_epilogue *) =
        ENTRIES(back_full);
    const long block = t->points / t->radices[0], r0 = t->radices[0], r1 = t->radices[1], r2 = t->radices[2];
    for (long q = 0; q < r0; q++) {
        vec *part = (vec *)work + 2 * q * block;
        // The samples that the outer pass will write are on their way meanwhile.
        for (int tile = 0; tile < 2; tile++) {
            const long count = tiles->count[tile];
            for (long n = q * count / r0; n < (q + 1) * count / r0; n++) __builtin_prefetch(tiles->output[tile] + n * tiles->stride, 1, 2);
        }
        inner[r2](products, layout, t->slots + q * block, t->conjugations + q * block, r1, part);
        if (r1 > 1) middle[r1](t->middle_twiddles, r2, part);
    }
    vec offset = NAME(load)(bias);
    int simple = channels == LANES && !epilogue->residual && !epilogue->leaky;
    (simple ? plain : full)[r0]((vec *)work, t->outer_twiddles, block, tiles, channels, &offset, epilogue);
}
#undef ENTRIES

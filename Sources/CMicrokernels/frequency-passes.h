// SPDX-License-Identifier: GPL-3.0-or-later
//
// The passes of a transform, one function for each radix. Work is `points` complex vectors, real before imaginary part.
// Outer pass: butterflies over samples that lie points / R apart; middle and inner pass work within one of the R blocks that it
// leaves, so that a block stays in the first-level cache until its spectra are written. Included by each instruction set's source.

/// Where the constant term lies among the pairs of slots: behind them.
INLINE long constant_pair(const frequency_transform *t) { return (t->points + 1) / 2; }

#define PASSES(R)                                                                                                    \
    static void outer##R(const float *const *first, const float *const *second, long offset, long lanes,       \
        const float *twiddles, long blocks, const char *ahead, long lines, vec *restrict work, wide constant[4]) {   \
        wide sum[4] = {{0}};                                                                                         \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            vec r[R], i[R];                                                                                          \
            for (long line = 0; line < lines; line++, ahead += 64) __builtin_prefetch(ahead, 0, 2);                  \
            if (lanes == LANES) {                                                                                    \
                UNROLL for (int a = 0; a < R; a++) {                                                                 \
                    r[a] = load(first[a * blocks + b] + offset);                                               \
                    i[a] = load(second[a * blocks + b] + offset);                                              \
                }                                                                                                    \
            } else {                                                                                                 \
                UNROLL for (int a = 0; a < R; a++) {                                                                 \
                    r[a] = load_first(first[a * blocks + b] + offset, lanes);                                   \
                    i[a] = load_first(second[a * blocks + b] + offset, lanes);                                  \
                }                                                                                                    \
            }                                                                                                        \
            dft##R(r, i);                                                                                      \
            add_wide(sum, r[0]);                                                                               \
            add_wide(sum + 2, i[0]);                                                                           \
            turn(R, r, i, twiddles);                                                                           \
            UNROLL for (int q = 0; q < R; q++) work[2 * (q * blocks + b)] = r[q], work[2 * (q * blocks + b) + 1] = i[q]; \
        }                                                                                                            \
        UNROLL for (int h = 0; h < 4; h++) constant[h] = sum[h];                                                     \
    }                                                                                                                \
    static void middle##R(const float *twiddles, long blocks, vec *work) {                                     \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            vec r[R], i[R];                                                                                          \
            UNROLL for (int a = 0; a < R; a++) r[a] = work[2 * (a * blocks + b)], i[a] = work[2 * (a * blocks + b) + 1]; \
            dft##R(r, i);                                                                                      \
            turn(R, r, i, twiddles);                                                                           \
            UNROLL for (int q = 0; q < R; q++) work[2 * (q * blocks + b)] = r[q], work[2 * (q * blocks + b) + 1] = i[q]; \
        }                                                                                                            \
    }                                                                                                                \
    static void inner##R(const vec *work, long count, const int32_t *slots, const uint32_t *conjugations,      \
        float *spectra, const frequency_layout *layout) {                                                            \
        const long pair = layout->pair, row = layout->row, component = layout->component;                            \
        for (long block = 0; block < count; block++, work += 2 * R, slots += R, conjugations += R) {                 \
            vec r[R], i[R];                                                                                          \
            UNROLL for (int a = 0; a < R; a++) r[a] = work[2 * a], i[a] = work[2 * a + 1];                           \
            dft##R(r, i);                                                                                      \
            UNROLL for (int q = 0; q < R; q++) {                                                                     \
                float *to = spectra + (slots[q] >> 1) * pair + (slots[q] & 1) * row;                                 \
                vec imaginary = flip(i[q], conjugations[q]);                                                   \
                *(vec *)to = r[q], *(vec *)(to + component) = imaginary, *(vec *)(to + 2 * component) = r[q] + imaginary; \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static void back_inner##R(const float *products, const frequency_layout *layout, const int32_t *slots,     \
        const uint32_t *conjugations, long count, vec *work) {                                                       \
        const long pair = layout->pair, row = layout->row, component = layout->component;                            \
        for (long block = 0; block < count; block++, work += 2 * R, slots += R, conjugations += R) {                 \
            vec r[R], i[R];                                                                                          \
            UNROLL for (int q = 0; q < R; q++) {                                                                     \
                const float *from = products + (slots[q] >> 1) * pair + (slots[q] & 1) * row;                        \
                r[q] = *(const vec *)from, i[q] = flip(*(const vec *)(from + component), conjugations[q]);     \
            }                                                                                                        \
            dft##R(i, r);                                                                                      \
            UNROLL for (int a = 0; a < R; a++) work[2 * a] = r[a], work[2 * a + 1] = i[a];                           \
        }                                                                                                            \
    }                                                                                                                \
    static void back_middle##R(const float *twiddles, long blocks, vec *work) {                                \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            vec r[R], i[R];                                                                                          \
            UNROLL for (int q = 0; q < R; q++) r[q] = work[2 * (q * blocks + b)], i[q] = work[2 * (q * blocks + b) + 1]; \
            turn(R, i, r, twiddles);                                                                           \
            dft##R(i, r);                                                                                      \
            UNROLL for (int a = 0; a < R; a++) work[2 * (a * blocks + b)] = r[a], work[2 * (a * blocks + b) + 1] = i[a]; \
        }                                                                                                            \
    }                                                                                                                \
    INLINE void back_outer##R(const int plain, const vec *restrict work, const float *twiddles, long blocks,          \
        const frequency_tiles *tiles, long lanes, const vec *constant, const frequency_epilogue *epilogue) {         \
        const vec large[2] = {constant[0], constant[1]}, small[2] = {constant[2], constant[3]};                      \
        for (long b = 0; b < blocks; b++, twiddles += 2 * (R - 1)) {                                                 \
            vec r[R], i[R];                                                                                          \
            UNROLL for (int q = 0; q < R; q++) r[q] = work[2 * (q * blocks + b)], i[q] = work[2 * (q * blocks + b) + 1]; \
            turn(R, i, r, twiddles);                                                                                 \
            dft##R(i, r);                                                                                            \
            UNROLL for (int a = 0; a < R; a++) {                                                                     \
                const long n = a * blocks + b;                                                                       \
                if (n < tiles->count[0]) finish(plain, r[a] + small[0] + large[0], 0, n, tiles, lanes, epilogue);    \
                if (n < tiles->count[1]) finish(plain, i[a] + small[1] + large[1], 1, n, tiles, lanes, epilogue);    \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static void back_plain##R(const vec *work, const float *twiddles, long blocks, const frequency_tiles *tiles,     \
        long lanes, const vec *constant, const frequency_epilogue *epilogue) {                                       \
        back_outer##R(1, work, twiddles, blocks, tiles, lanes, constant, epilogue);                                  \
    }                                                                                                                \
    static void back_full##R(const vec *work, const float *twiddles, long blocks, const frequency_tiles *tiles,      \
        long lanes, const vec *constant, const frequency_epilogue *epilogue) {                                       \
        back_outer##R(0, work, twiddles, blocks, tiles, lanes, constant, epilogue);                                  \
    }

/// Multiplies point q by e^{-i·angle(q)}; with real and imaginary part exchanged, by e^{+i·angle(q)}.
INLINE void turn(const int radix, vec *r, vec *i, const float *twiddles) {
    UNROLL for (int q = 1; q < radix; q++) {
        const float c = twiddles[2 * q - 2], s = twiddles[2 * q - 1];
        vec real = r[q] * c + i[q] * s;
        i[q] = i[q] * c - r[q] * s;
        r[q] = real;
    }
}

/// Residual, activation and store of one sample. `plain`: a whole vector, no residual, max(value, floor).
INLINE void finish(const int plain, vec value, const int tile, long n, const frequency_tiles *tiles, long lanes,
    const frequency_epilogue *epilogue) {
    float *to = tiles->output[tile] + n * tiles->stride;
    if (plain) {
        store(to, at_least(all(epilogue->floor), value));
        return;
    }
    const float *residual = tiles->residual[tile];
    vec extra = {0};
    if (residual) {
        residual += n * epilogue->residual_stride;
        extra = lanes == LANES ? load(residual) : load_first(residual, lanes);
        if (!epilogue->residual_after) value += extra;
    }
    if (epilogue->leaky) value = choose(value < 0, value * epilogue->slope, value);
    else value = at_least(all(epilogue->floor), value);
    if (residual && epilogue->residual_after) value += extra;
    if (lanes == LANES) store(to, value);
    else store_first(to, value, lanes);
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
    [3] = KIND##3, [4] = KIND##4, [5] = KIND##5, [6] = KIND##6, [7] = KIND##7, [8] = KIND##8, \
    [9] = KIND##9, [10] = KIND##10, [12] = KIND##12, [16] = KIND##16 }

static void forward(const frequency_transform *t, const float *const *first, const float *const *second, long from, long channels,
    const float *ahead, long ahead_count, float *work, float *spectra, const frequency_layout *layout) {
    static void (*const outer[])(const float *const *, const float *const *, long, long, const float *, long, const char *, long, vec *,
        wide *) = ENTRIES(outer);
    static void (*const middle[])(const float *, long, vec *) = ENTRIES(middle);
    static void (*const inner[])(const vec *, long, const int32_t *, const uint32_t *, float *, const frequency_layout *) = ENTRIES(inner);
    const long block = t->points / t->radices[0], r0 = t->radices[0], r1 = t->radices[1], r2 = t->radices[2];
    if (from >= channels) return;
    const long butterflies = block * ((channels - from + LANES - 1) / LANES), lines = (ahead_count / 16 + butterflies - 1) / butterflies;
    const char *next = (const char *)ahead;
    for (long channel = from; channel < channels; channel += LANES, next += 64 * lines * block) {
        long lanes = channels - channel < LANES ? channels - channel : LANES;
        wide constant[4];
        outer[r0](first, second, channel, lanes, t->outer_twiddles, block, next, lines, (vec *)work, constant);
        for (long q = 0; q < r0; q++) {
            vec *part = (vec *)work + 2 * q * block;
            if (r1 > 1) middle[r1](t->middle_twiddles, r2, part);
            inner[r2](part, r1, t->slots + q * block, t->conjugations + q * block, spectra + channel, layout);
        }
        // f = 0 anew, from sums in double precision: its rounding error would be that of a whole tile's mean.
        const vec real = narrowed(constant), imaginary = narrowed(constant + 2);
        float *to = spectra + channel;
        *(vec *)to = real, *(vec *)(to + layout->component) = imaginary, *(vec *)(to + 2 * layout->component) = real + imaginary;
        double *exact = (double *)(spectra + constant_pair(t) * layout->pair) + channel;
        UNROLL for (int h = 0; h < 2; h++) {
            *(wide *)(exact + h * (LANES / 2)) = constant[h];
            *(wide *)(exact + layout->component + h * (LANES / 2)) = constant[2 + h];
        }
    }
}

static void inverse(const frequency_transform *t, const float *products, const frequency_layout *layout, float *work,
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
    // The constant term was kept out of the transform, in two parts; what rounding takes from its sum with the bias joins the smaller one.
    vec constant[4];
    for (int tile = 0; tile < 2; tile++) {
        const float *from = products + constant_pair(t) * layout->pair + tile * layout->component;
        const vec a = load(bias), b = *(const vec *)from, sum = a + b, part = sum - a;
        constant[tile] = sum;
        const vec rest = ((a - (sum - part)) + (b - part)) + *(const vec *)(from + 2 * layout->component);
        constant[2 + tile] = choose(rest == rest, rest, (vec){});
    }
    int simple = channels == LANES && !epilogue->residual && !epilogue->leaky;
    (simple ? plain : full)[r0]((vec *)work, t->outer_twiddles, block, tiles, channels, constant, epilogue);
}
#undef ENTRIES

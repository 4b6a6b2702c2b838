// SPDX-License-Identifier: GPL-3.0-or-later
// Gradients of weights: sums of outer products over items and time, in register tiles.

INLINE void outer_tile(const training_outer *p, const int rows, const int vectors) {
    vec sum[TILE_ROWS][2];
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (vec){};
    const float *left = p->left, *right = p->right;
    for (long k = 0; k < p->count; k++, left += p->leftStride, right += p->rightStride) {
        vec w[2];
        UNROLL for (int v = 0; v < vectors; v++) w[v] = load(right + v * LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            const vec x = all(left[r]);
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += x * w[v];
        }
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++) {
        float *to = p->sums + r * p->sumStride + v * LANES;
        store(to, p->replace ? sum[r][v] : load(to) + sum[r][v]);
    }
}

/// Part 0 is Σ re·re, part 1 Σ im·im, part 2 Σ (re + im)·(re − im).
INLINE void correlation_sum(const int part, const training_correlation *p, const int rows, const int vectors, vec sum[TILE_ROWS][2]) {
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (vec){};
    const float *left = p->left + part * p->leftComponent, *right = p->right + (part == 1 ? p->rightComponent : 0);
    const long line = 64 * p->each;
    const char *ahead = p->ahead + part * p->count * line;
    for (long k = 0; k < p->count; k++, left += p->leftStride, right += p->rightStride, ahead += line) {
        vec w[2];
        __builtin_prefetch(ahead, 0, 2);
        __builtin_prefetch(ahead + line - 64, 0, 2);
        UNROLL for (int v = 0; v < vectors; v++) {
            w[v] = load(right + v * LANES);
            if (part == 2) w[v] -= load(right + p->rightComponent + v * LANES);
        }
        UNROLL for (int r = 0; r < rows; r++) {
            const vec x = all(left[r]);
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += x * w[v];
        }
    }
}

/// conj(a)·b = (re·re + im·im) + i (re·re − im·im − (re + im)·(re − im)).
INLINE void correlation_tile(const training_correlation *p, const int rows, const int vectors) {
    vec sum[TILE_ROWS][2];
    UNROLL for (int part = 0; part < 3; part++) {
        correlation_sum(part, p, rows, vectors, sum);
        UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vectors; v++) {
            const long at = r * p->sumStride + v * LANES;
            float *re = p->real + at, *im = p->imaginary + at;
            if (part == 0) {
                store(re, p->replace ? sum[r][v] : load(re) + sum[r][v]);
                store(im, p->replace ? sum[r][v] : load(im) + sum[r][v]);
            } else {
                if (part == 1) store(re, load(re) + sum[r][v]);
                store(im, load(im) - sum[r][v]);
            }
        }
    }
}

#define TILE(R) \
    static __attribute__((noinline)) void outer_wide_##R(const training_outer *p) { outer_tile(p, R, 2); } \
    static __attribute__((noinline)) void outer_narrow_##R(const training_outer *p) { outer_tile(p, R, 1); } \
    static __attribute__((noinline)) void correlation_wide_##R(const training_correlation *p) { correlation_tile(p, R, 2); } \
    static __attribute__((noinline)) void correlation_narrow_##R(const training_correlation *p) { correlation_tile(p, R, 1); }
FOR_TILE_ROWS(TILE)
#undef TILE

static void outer(const training_outer *p) {
#define WIDE(R) outer_wide_##R,
#define NARROW(R) outer_narrow_##R,
    static void (*const tiles[2][TILE_ROWS + 1])(const training_outer *) = {{0, FOR_TILE_ROWS(NARROW)}, {0, FOR_TILE_ROWS(WIDE)}};
    tiles[p->vectors - 1][p->rows](p);
#undef WIDE
#undef NARROW
}

static void correlation(const training_correlation *p) {
#define WIDE(R) correlation_wide_##R,
#define NARROW(R) correlation_narrow_##R,
    static void (*const tiles[2][TILE_ROWS + 1])(const training_correlation *) = {{0, FOR_TILE_ROWS(NARROW)}, {0, FOR_TILE_ROWS(WIDE)}};
    tiles[p->vectors - 1][p->rows](p);
#undef WIDE
#undef NARROW
}

INLINE vec some(const float *p, long left) { return left >= LANES ? load(p) : left > 0 ? load_first(p, left) : (vec){}; }

static void gather(const float *source, long sourceStride, long count, long width, long padded, float *target, long targetStride) {
    if (padded == LANES && width < LANES) {
        for (long k = 0; k < count; k++) store(target + k * targetStride, load_first(source + k * sourceStride, width));
        return;
    }
    for (long k = 0; k < count; k++, source += sourceStride, target += targetStride) {
        long c = 0;
        for (; c + LANES <= width; c += LANES) store(target + c, load(source + c));
        for (; c < padded; c += LANES) {
            const vec x = some(source + c, width - c);
            if (padded - c >= LANES) store(target + c, x);
            else store_first(target + c, x, padded - c);
        }
    }
}


static void inverse(long points, const double *cosines, const double *sines, long frequencies, const float *real, const float *imaginary,
                    long stride, long taps, int vectors, float *values, long valueStride) {
    enum { AT_ONCE = 4 };
    for (long h = 0; h < 2 * vectors; h++) {
        for (long tap = 0; tap < taps; tap += AT_ONCE) {
            const long count = taps - tap < AT_ONCE ? taps - tap : AT_ONCE;
            wide sum[AT_ONCE] = {};
            long angle[AT_ONCE], turn[AT_ONCE];
            for (long j = 0; j < AT_ONCE; j++) angle[j] = turn[j] = (tap + (j < count ? j : 0)) % points;
            for (long f = 0; f < frequencies; f++) {
                const wide re = __builtin_convertvector(*(const half_vec *)(real + f * stride + h * (LANES / 2)), wide);
                const wide im = __builtin_convertvector(*(const half_vec *)(imaginary + f * stride + h * (LANES / 2)), wide);
                UNROLL for (int j = 0; j < AT_ONCE; j++) {
                    sum[j] += re * cosines[angle[j]] - im * sines[angle[j]];
                    angle[j] += turn[j];
                    angle[j] -= angle[j] >= points ? points : 0;
                }
            }
            for (long j = 0; j < count; j++) {
                *(half_vec *)(values + (tap + j) * valueStride + h * (LANES / 2)) = __builtin_convertvector(sum[j], half_vec);
            }
        }
    }
}

static void depthwise_sums(long rows, long channels, const float *input, long inputStride, const float *gradient, long gradientStride,
                           float *sums) {
    for (long c = 0; c < channels; c += LANES) {
        const long left = channels - c;
        vec a = {}, b = {};
        long row = 0;
        for (; row + 2 <= rows; row += 2) {
            a += some(input + row * inputStride + c, left) * some(gradient + row * gradientStride + c, left);
            b += some(input + (row + 1) * inputStride + c, left) * some(gradient + (row + 1) * gradientStride + c, left);
        }
        if (row < rows) a += some(input + row * inputStride + c, left) * some(gradient + row * gradientStride + c, left);
        const vec total = some(sums + c, left) + (a + b);
        if (left >= LANES) store(sums + c, total);
        else store_first(sums + c, total, left);
    }
}

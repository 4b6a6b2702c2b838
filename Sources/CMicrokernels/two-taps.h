// SPDX-License-Identifier: GPL-3.0-or-later
// A convolution with two taps at stride 1 by Toom and Cook, F(3, 2): from four rows d of the input three rows of the result with four products
// in place of six:
//   sum = (d1 + d2)·(g0 + g1)/2,  difference = (d2 - d1)·(g0 - g1)/2,  first = (d0 - d2)·g0,  last = (d3 - d1)·g1,
//   y0 = sum + difference + first,  y1 = sum - difference,  y2 = sum + difference + last.
// Three such rows are a triple. Included by each instruction set's source.

/// PRODUCTS: for a triple. They are summed in chains half as long as those of direct tiles, since four of them make up three rows: then the error is
/// about that of direct tiles (with chains of 64 four thirds of it, and a hundredth of the time less).
enum { PRODUCTS = 4, TRIPLE_CHAIN = CHAIN / 2 };

/// Floats from one of a triple's transformed rows to the next, and from triple to triple: an odd number of cache lines, so that those of a tile
/// don't meet in one set of the first cache.
INLINE long transformed_row(long channels) { return (channels + 15) / 16 * 16; }
INLINE long transformed_triple(long channels) { return PRODUCTS * transformed_row(channels) + 16; }

/// Squares are summed up to this: no sample of such a triple is NaN, infinite or so large that a sum could overflow which the plain one wouldn't.
static const float most_power = 0x1p100f;

static int rows_equal(const float *a, const float *b, long channels) {
    for (long c = 0; c < channels; c += LANES) {
        const long left = channels - c;
        if (any(left >= LANES ? load(a + c) != load(b + c) : load_first(a + c, left) != load_first(b + c, left))) return 0;
    }
    return 1;
}

static void transform_triples(const ecg_triples *t, long first, long triples, float *to, unsigned char *isPlain) {
    const long channels = t->channels, row = transformed_row(channels), stride = t->inputStride;
    for (long q = 0; q < triples; q++, to += transformed_triple(channels)) {
        const float *d[4];
        UNROLL for (int i = 0; i < 4; i++) {
            const long at = 3 * (first + q) + i - t->pad;
            d[i] = at >= 0 && at < t->length ? t->input + at * stride : t->zeros;
        }
        const float *ahead = d[1] + 6 * stride;
        vec power = {};
        for (long c = 0; c < channels; c += LANES) {
            const long left = channels - c;
            vec v[4];
            UNROLL for (int i = 0; i < 3; i++) __builtin_prefetch(ahead + i * stride + c);
            UNROLL for (int i = 0; i < 4; i++) {
                v[i] = left >= LANES ? load(d[i] + c) : load_first(d[i] + c, left);
                power += v[i] * v[i];
            }
            *(vec *)(to + c) = v[1] + v[2];
            *(vec *)(to + row + c) = v[2] - v[1];
            *(vec *)(to + 2 * row + c) = v[0] - v[2];
            *(vec *)(to + 3 * row + c) = v[3] - v[1];
        }
        isPlain[q] = any(~(power <= most_power)) || rows_equal(d[0], d[1], channels) || rows_equal(d[1], d[2], channels)
            || rows_equal(d[2], d[3], channels);
    }
}

/// One of the products of a tile of triples, of `rows` x `width` vectors, in chains of about equal length; the weights lie `vectors` wide. A cache line a
/// channel of what is needed next is fetched from `ahead` on: the transform would wait for input from the third cache three times as long as it computes.
INLINE void triple_product(const int rows, const int width, const int vectors, const float *x, long stride, long channels,
    const float *weights, const float *ahead, vec sum[TILE_ROWS][2]) {
    vec room[2 * TILE_ROWS], *total = TOTALS(rows, width, room);
    const long chains = (channels + TRIPLE_CHAIN - 1) / TRIPLE_CHAIN;
    for (long chain = 1, k = 0;; chain++) {
        const long end = channels * chain / chains;
        clear_sums(rows, width, sum);
        for (; k < end; k++, weights += vectors * LANES) {
            vec w[2];
            __builtin_prefetch(ahead, 0, 2), ahead += 16;
            UNROLL for (int v = 0; v < width; v++) w[v] = load(weights + v * LANES);
            UNROLL for (int r = 0; r < rows; r++) {
                const vec s = all(x[r * stride + k]);
                UNROLL for (int v = 0; v < width; v++) sum[r][v] += s * w[v];
            }
        }
        if (chain == chains) break;
        keep_sums(rows, width, sum, total, chain == 1);
    }
    if (chains > 1) add_kept(rows, width, sum, total);
}

/// The panel's runs are the four transformed rows of a triple; its output is that of the first triple. Of its `vectors`, `width`.
INLINE void triple_columns(const ecg_panel *p, long q, const float *ahead, const int rows, const int width, const int vectors) {
    vec sum[TILE_ROWS][2], room[2 * TILE_ROWS], *both = in_memory(room);
    const long channels = p->tapLength, stride = p->inputStride, run = p->tapStride, size = channels * vectors * LANES;
    const float *x = p->input + q * stride, *weights = p->weights;
    fetch_residual(p, 3 * q, 3 * rows, width);
    triple_product(rows, width, vectors, x, stride, channels, weights, ahead, sum);
    UNROLL for (int v = 0; v < width; v++) {
        const vec bias = p->bias ? load(p->bias + v * LANES) : (vec){};
        UNROLL for (int r = 0; r < rows; r++) both[2 * r + v] = sum[r][v] + bias;
    }
    triple_product(rows, width, vectors, x + run, stride, channels, weights + size, ahead + 16 * channels, sum);
    UNROLL for (int v = 0; v < width; v++) UNROLL for (int r = 0; r < rows; r++) {
        const vec one = both[2 * r + v];
        both[2 * r + v] = one + sum[r][v];
        sum[r][v] = one - sum[r][v];
    }
    finish_tile(p, 3 * q + 1, 3, rows, width, 0, sum);
    triple_product(rows, width, vectors, x + 2 * run, stride, channels, weights + 2 * size, ahead + 32 * channels, sum);
    UNROLL for (int v = 0; v < width; v++) UNROLL for (int r = 0; r < rows; r++) sum[r][v] += both[2 * r + v];
    finish_tile(p, 3 * q, 3, rows, width, 0, sum);
    triple_product(rows, width, vectors, x + 3 * run, stride, channels, weights + 3 * size, ahead + 48 * channels, sum);
    UNROLL for (int v = 0; v < width; v++) UNROLL for (int r = 0; r < rows; r++) sum[r][v] += both[2 * r + v];
    finish_tile(p, 3 * q + 2, 3, rows, width, 0, sum);
}

INLINE void triple_tile(const ecg_panel *p, long q, const float *ahead, const int rows, const int vectors) {
    const int width = vectors_together(rows, vectors);
    triple_columns(p, q, ahead, rows, width, vectors);
    if (width == vectors) return;
    const ecg_panel second = second_vector(p);
    triple_columns(&second, q, ahead, rows, width, vectors);
}

#define TRIPLE_TILE(R) \
    static __attribute__((noinline)) void wide_triples_##R(const ecg_panel *p, long q, const float *ahead) { triple_tile(p, q, ahead, R, 2); } \
    static __attribute__((noinline)) void narrow_triples_##R(const ecg_panel *p, long q, const float *ahead) { triple_tile(p, q, ahead, R, 1); }
FOR_TILE_ROWS(TRIPLE_TILE)

typedef void (*triple_function)(const ecg_panel *, long q, const float *ahead);
#define WIDE_TRIPLES(R) wide_triples_##R,
#define NARROW_TRIPLES(R) narrow_triples_##R,
static const triple_function triple_tiles[2][TILE_ROWS + 1] = {{0, FOR_TILE_ROWS(NARROW_TRIPLES)}, {0, FOR_TILE_ROWS(WIDE_TRIPLES)}};

static void triple_panel(const ecg_panel *p, long triples, const float *ahead) {
    const triple_function *function = triple_tiles[p->vectors - 1];
    const long count = (triples + TILE_ROWS - 1) / TILE_ROWS;
    // Where the rows that come next are not asked for, the weights behind these are fetched: those of the next panel.
    const long step = ahead ? 3 * p->tapLength : 16 * PRODUCTS * p->tapLength / TILE_ROWS;
    if (!ahead) ahead = p->weights + PRODUCTS * p->tapLength * p->vectors * LANES;
    for (long i = 0, q = 0; i < count; i++) {
        const long next = triples * (i + 1) / count;
        function[next - q](p, q, ahead + q * step);
        q = next;
    }
}

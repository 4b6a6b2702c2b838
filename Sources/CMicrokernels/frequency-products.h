// SPDX-License-Identifier: GPL-3.0-or-later
//
// Complex products at a frequency by Gauss: as real matrix products over the channels,
//   P = (re + im)·Wr,  A = re·(Wi - Wr),  B = im·(Wr + Wi),  imaginary = P + A,  real = P - B.
// Differences and sums of the weights are made on the way: two additions for up to 28 products, and a third less memory to
// stream, which is what batches of one wait for. Each sum runs over the channels in chains, whose sums are added up (one long chain would have twice the
// error), and in the same chains whatever the tile, so that an item's
// bits don't depend on how many rows share a product. Included by each instruction set's source.

/// How many channels ahead few rows fetch the weights, which pass faster than memory gives them: the processor's own prefetching stops at
/// every page.
#define AHEAD 48

/// One real product of ROWS x WIDTH vectors, of weights that lie VECTORS wide: part 0 is P, 1 is A, which fetches the spectra that the next frequency will
/// need from `next` on, and 2 is B. The weights were fetched while those before them were multiplied: parts 1 and 2 fetch the ones behind these, `lines`
/// cache lines a channel from `later` on, so that memory works all the time and not for a third of it. (Two prefetches, of one line where `lines` is 1: a
/// loop in there made the compiler load all rows' spectra before the first multiplication and put a third of the sums into memory.)
INLINE void sum(const int part, const int rows, const int width, const int vectors, const float *a, long stride, long channels, long chains,
    const float *w, const float *next, const float *later, long lines, vec acc[ROWS][2]) {
    vec room[2 * ROWS], *total = TOTALS(rows, width, room);
    for (long chain = 1, k = 0;; chain++) {
        const long end = channels * chain / chains;
        clear_sums(rows, width, acc);
        for (; k < end; k++, w += 2 * vectors * LANES) {
            vec x[2];
            if (part == 1) __builtin_prefetch(next + 16 * k, 0, 2);
            if (part > 0) {
                __builtin_prefetch(later, 0, 2);
                __builtin_prefetch(later + 16 * (lines - 1), 0, 2);
                later += 16 * lines;
            }
            UNROLL for (int v = 0; v < width; v++) {
                vec real = *(const vec *)(w + v * LANES);
                if (part == 0) x[v] = real;
                else if (part == 1) x[v] = *(const vec *)(w + (vectors + v) * LANES) - real;
                else x[v] = real + *(const vec *)(w + (vectors + v) * LANES);
            }
            UNROLL for (int i = 0; i < rows; i++) {
                vec s = all(a[i * stride + k]);
                UNROLL for (int v = 0; v < width; v++) acc[i][v] += s * x[v];
            }
        }
        if (chain == chains) break;
        keep_sums(rows, width, acc, total, chain == 1);
    }
    if (chains > 1) add_kept(rows, width, acc, total);
}

/// Many rows: one product after the other, each with the whole register file; the vectors of a panel together, or one by one where that keeps all sums in
/// registers.
INLINE void tile(const int rows, const int vectors, const float *a, long stride, long component, long channels, long chains,
    const float *w, const float *next, const float *later, long lines, float *y, long y_stride) {
    const int width = vectors_together(rows, vectors);
    UNROLL for (int first = 0; first < vectors; first += width) {
        vec acc[ROWS][2];
        // Both vectors' products share the lines that are to be fetched; one line a channel may be none of the second's.
        const long own = width == vectors ? lines : first == 0 || lines > 1;
        const float *fetched = later + first * 32 * channels, *column = w + first * LANES;
        float *to = y + first * LANES;
        sum(0, rows, width, vectors, a + 2 * component, stride, channels, chains, column, next, later, lines, acc);
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < width; v++) *(vec *)(to + i * y_stride + v * LANES) = acc[i][v];
        sum(1, rows, width, vectors, a, stride, channels, chains, column, next, fetched, own, acc);
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < width; v++) {
            float *at = to + i * y_stride + v * LANES;
            *(vec *)(at + vectors * LANES) = *(vec *)at + acc[i][v];
        }
        sum(2, rows, width, vectors, a + component, stride, channels, chains, column, next, fetched + 16 * own * channels, own, acc);
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < width; v++) {
            float *at = to + i * y_stride + v * LANES;
            *(vec *)at = *(vec *)at - acc[i][v];
        }
    }
}
/// Few rows: all three products at once, so that the weights pass only once.
INLINE void narrow(const int rows, const int vectors, const float *a, long stride, long component, long channels, long chains,
    const float *w, const float *next, const float *later, long lines, float *y, long y_stride) {
    (void)next, (void)later, (void)lines;
    vec p[NARROW][2], q[NARROW][2], s[NARROW][2], room[6 * NARROW], *total = in_memory(room);
    for (long chain = 1, k = 0;; chain++) {
        const long end = channels * chain / chains;
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) p[i][v] = q[i][v] = s[i][v] = (vec){0};
        for (; k < end; k++, w += 2 * vectors * LANES) {
            UNROLL for (int f = 0; f < 2 * vectors * LANES; f += 16) __builtin_prefetch(w + AHEAD * 2 * vectors * LANES + f, 0, 2);
            UNROLL for (int v = 0; v < vectors; v++) {
                vec real = *(const vec *)(w + v * LANES), imaginary = *(const vec *)(w + (vectors + v) * LANES);
                vec difference = imaginary - real, both = real + imaginary;
                UNROLL for (int i = 0; i < rows; i++) {
                    const float *x = a + i * stride + k;
                    p[i][v] += all(x[2 * component]) * real;
                    q[i][v] += all(x[0]) * difference;
                    s[i][v] += all(x[component]) * both;
                }
            }
        }
        if (chain > 1) {
            UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) {
                const vec *sums = total + 3 * (2 * i + v);
                p[i][v] += sums[0], q[i][v] += sums[1], s[i][v] += sums[2];
            }
        }
        if (chain == chains) break;
        UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) {
            vec *sums = total + 3 * (2 * i + v);
            sums[0] = p[i][v], sums[1] = q[i][v], sums[2] = s[i][v];
        }
    }
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vectors; v++) {
        float *to = y + i * y_stride + v * LANES;
        *(vec *)(to + vectors * LANES) = p[i][v] + q[i][v];
        *(vec *)to = p[i][v] - s[i][v];
    }
}
#undef AHEAD

/// At f = 0 weights are real, and two real products do. They are summed in double precision, from spectra and weights in double precision:
/// activations behind a ReLU have a mean much larger than the rest of their spectrum, and its rounding error, unlike that of a direct sum, is
/// the same in a whole tile, so that no average over time takes it away. For the same reason the result doesn't join the other frequencies:
/// the inverse adds it, in two parts, at its very end. `later`: weights to fetch meanwhile, `lines` cache lines a channel.
INLINE void mean(const int rows, const int vectors, const double *a, long stride, long component, long channels, const double *w,
    const float *later, long lines, float *y, long y_stride) {
    wide real[3][4], imaginary[3][4];
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int h = 0; h < 2 * vectors; h++) real[i][h] = imaginary[i][h] = (wide){0};
    for (long k = 0; k < channels; k++, w += vectors * LANES) {
        for (long line = 0; line < lines; line++, later += 16) __builtin_prefetch(later, 0, 2);
        UNROLL for (int i = 0; i < rows; i++) {
            const double re = a[i * stride + k], im = a[i * stride + component + k];
            UNROLL for (int h = 0; h < 2 * vectors; h++) {
                const wide x = *(const wide *)(w + h * (LANES / 2));
                real[i][h] += x * re, imaginary[i][h] += x * im;
            }
        }
    }
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int h = 0; h < 2 * vectors; h++) {
        float *to = y + i * y_stride + h * (LANES / 2);
        const half_vec re = __builtin_convertvector(real[i][h], half_vec), im = __builtin_convertvector(imaginary[i][h], half_vec);
        *(half_vec *)to = re;
        *(half_vec *)(to + vectors * LANES) = im;
        *(half_vec *)(to + 2 * vectors * LANES) = __builtin_convertvector(real[i][h] - __builtin_convertvector(re, wide), half_vec);
        *(half_vec *)(to + 3 * vectors * LANES) = __builtin_convertvector(imaginary[i][h] - __builtin_convertvector(im, wide), half_vec);
    }
}

#define MEAN(R, V)                                                                                                   \
    static void mean##R##x##V(const double *a, long stride, long component, long channels, const double *w,          \
        const float *later, long lines, float *y, long y_stride) {                                                   \
        mean(R, V, a, stride, component, channels, w, later, lines, y, y_stride);                                    \
    }
MEAN(1, 1) MEAN(1, 2)
#if LANES == 16
MEAN(2, 1) MEAN(2, 2) MEAN(3, 1) MEAN(3, 2)
#define MEANS 3
#else
#define MEANS 1
#endif
#undef MEAN

/// All rows, as many at a time as the registers hold sums of. What the other frequencies' passes find in the place of f = 0 is zero.
static void means(const frequency_transform *t, long rows, int vectors, const float *spectra, const frequency_layout *in, long channels,
    const float *w, const float *later, float *products, const frequency_layout *out) {
    static void (*const kernels[2][MEANS])(const double *, long, long, long, const double *, const float *, long, float *, long) = {
#if MEANS == 3
        {mean1x1, mean2x1, mean3x1}, {mean1x2, mean2x2, mean3x2}
#else
        {mean1x1}, {mean1x2}
#endif
    };
    // A row of slots is a row of real and imaginary parts in double precision, or in two parts.
    const double *a = (const double *)(spectra + constant_pair(t) * in->pair);
    float *y = products + constant_pair(t) * out->pair;
    long lines = 2 * vectors * LANES / 16;
    for (long row = 0; row < rows; lines = 0) {
        const long count = rows - row < MEANS ? rows - row : MEANS;
        kernels[vectors - 1][count - 1](a + row * in->row, in->row, in->component, channels, (const double *)w, later, lines,
            y + row * 2 * out->row, 2 * out->row);
        row += count;
    }
    for (long row = 0; row < rows; row++) {
        for (long f = 0; f < 2 * vectors * LANES; f += LANES) *(vec *)(products + row * 2 * out->row + f) = (vec){};
    }
}
#undef MEANS

#define TILE(KIND, R)                                                                                                \
    static void KIND##R##x1(const float *a, long stride, long component, long channels, long chains, const float *w, \
        const float *next, const float *later, long lines, float *y, long y_stride) {                                \
        KIND(R, 1, a, stride, component, channels, chains, w, next, later, lines, y, y_stride);                      \
    }                                                                                                                \
    static void KIND##R##x2(const float *a, long stride, long component, long channels, long chains, const float *w, \
        const float *next, const float *later, long lines, float *y, long y_stride) {                                \
        KIND(R, 2, a, stride, component, channels, chains, w, next, later, lines, y, y_stride);                      \
    }

TILE(narrow, 1) TILE(narrow, 2)
#if NARROW > 2
TILE(narrow, 3)
#else
TILE(tile, 3)
#endif
TILE(tile, 4) TILE(tile, 5) TILE(tile, 6)
#if ROWS > 6
TILE(tile, 7) TILE(tile, 8) TILE(tile, 9) TILE(tile, 10) TILE(tile, 11) TILE(tile, 12) TILE(tile, 13) TILE(tile, 14)
#endif
#undef TILE

static void (*const tiles[2][ROWS + 1])(const float *, long, long, long, long, const float *, const float *, const float *, long, float *,
    long) = {
#if ROWS > 6
#define WIDTH(V) { 0, narrow1x##V, narrow2x##V, narrow3x##V, tile4x##V, tile5x##V, tile6x##V, \
    tile7x##V, tile8x##V, tile9x##V, tile10x##V, tile11x##V, tile12x##V, tile13x##V, tile14x##V }
#else
#define WIDTH(V) { 0, narrow1x##V, narrow2x##V, tile3x##V, tile4x##V, tile5x##V, tile6x##V }
#endif
    WIDTH(1), WIDTH(2)
#undef WIDTH
};

static void multiply(const frequency_transform *t, long from, long to, long rows, long channels, int32_t vectors, const float *spectra,
    const frequency_layout *in, const float *weights, long group_stride, long panel, float *products, const frequency_layout *out) {
    const long alone = t->points % 2 ? 1 : 2, chains = (channels + t->chain - 1) / t->chain;
    for (long group = from; group < to; group++) {
        // f = 0 and, for even N, N/2 share a pair of slots and have one slot a row; the others have both.
        const long pair = group < alone ? 0 : group - alone + 1, single = group < alone, step = single ? 2 : 1;
        const float *a = spectra + pair * in->pair + (single ? group : 0) * in->row;
        float *y = products + pair * out->pair + (single ? group : 0) * out->row;
        const long count = single ? rows : 2 * rows, parts = (count + ROWS - 1) / ROWS;
        const float *next = spectra + (pair + 1) * in->pair + panel * parts * 16 * channels;
        // Behind these weights lie those of the next group or panel.
        const long size = 2 * vectors * LANES * channels, lines = (2 * vectors * LANES / 16 + 2 * parts - 1) / (2 * parts);
        const float *w = weights + group * group_stride, *later = w + size;
        if (group == 0) {
            means(t, rows, vectors, spectra, in, channels, w, later, products, out);
            continue;
        }
        for (long part = 0; part < parts; part++, next += 16 * channels, later += 32 * lines * channels) {
            const long start = count * part / parts, end = count * (part + 1) / parts;
            tiles[vectors - 1][end - start](a + start * step * in->row, step * in->row, in->component, channels, chains, w, next, later, lines,
                y + start * step * out->row, step * out->row);
        }
    }
}

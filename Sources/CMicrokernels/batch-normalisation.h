// SPDX-License-Identifier: GPL-3.0-or-later
// Batch normalisation in training. A call is given as many rows as stay in the cache; a few vectors of channels go down the rows together.

#define COLUMNS 4

INLINE void keep(float *p, vec v, long left) {
    if (left >= LANES) store(p, v);
    else if (left > 0) store_first(p, v, left);
}

/// Calls a body for up to COLUMNS vectors of channels at a time; `whole`: none of them is partly filled.
#define FOR_COLUMNS(channels, body)                                                                                  \
    for (long c = 0; c < (channels); c += COLUMNS * LANES) {                                                         \
        const long left = (channels) - c;                                                                            \
        if (left >= COLUMNS * LANES) body(COLUMNS, 1)                                                                \
        else if (left == 2 * LANES) body(2, 1)                                                                       \
        else if (left == LANES) body(1, 1)                                                                           \
        else body(COLUMNS, 0)                                                                                        \
    }

#define AT(p, v) (whole ? load((p) + c + (v) * LANES) : some((p) + c + (v) * LANES, left - (v) * LANES))
#define PUT(p, v, x) do { if (whole) store((p) + c + (v) * LANES, x); else keep((p) + c + (v) * LANES, x, left - (v) * LANES); } while (0)

INLINE void moments_of(const int count, const int whole, long c, long left, long rows, long channels, const float *x, float *mean,
                       float *squares) {
    vec sum[COLUMNS] = {}, square[COLUMNS] = {};
    for (long r = 0; r < rows; r++) UNROLL for (int v = 0; v < count; v++) sum[v] += AT(x + r * channels, v);
    UNROLL for (int v = 0; v < count; v++) sum[v] *= 1.0f / rows;
    for (long r = 0; r < rows; r++) UNROLL for (int v = 0; v < count; v++) {
        const vec d = AT(x + r * channels, v) - sum[v];
        square[v] += d * d;
    }
    UNROLL for (int v = 0; v < count; v++) {
        PUT(mean, v, sum[v]);
        PUT(squares, v, square[v]);
    }
}

static void moments(long rows, long channels, const float *x, float *mean, float *squares) {
#define BODY(N, W) { moments_of(N, W, c, left, rows, channels, x, mean, squares); }
    FOR_COLUMNS(channels, BODY)
#undef BODY
}

INLINE void column_sums_of(const int count, const int whole, long c, long left, long rows, long channels, const float *x, float *sums) {
    vec total[COLUMNS] = {};
    for (long start = 0; start < rows; start += 128) {
        vec sum[COLUMNS] = {};
        const long end = start + 128 < rows ? start + 128 : rows;
        for (long r = start; r < end; r++) UNROLL for (int v = 0; v < count; v++) sum[v] += AT(x + r * channels, v);
        UNROLL for (int v = 0; v < count; v++) total[v] += sum[v];
    }
    UNROLL for (int v = 0; v < count; v++) PUT(sums, v, total[v]);
}

static void add(long count, const float *x, float *y) {
    for (long i = 0; i < count; i += LANES) {
        const long left = count - i;
        keep(y + i, some(y + i, left) + some(x + i, left), left);
    }
}

static void column_sums(long rows, long channels, const float *x, float *sums) {
#define BODY(N, W) { column_sums_of(N, W, c, left, rows, channels, x, sums); }
    FOR_COLUMNS(channels, BODY)
#undef BODY
}

INLINE void normalise_of(const int activation, const int count, const int whole, long c, long left, long rows, long channels,
                         const float *x, const float *mean, const float *gain, const float *shift, float *y, float slope) {
    vec m[COLUMNS], w[COLUMNS], b[COLUMNS];
    UNROLL for (int v = 0; v < count; v++) m[v] = AT(mean, v), w[v] = AT(gain, v), b[v] = AT(shift, v);
    for (long r = 0; r < rows; r++) UNROLL for (int v = 0; v < count; v++) {
        PUT(y + r * channels, v, activate((AT(x + r * channels, v) - m[v]) * w[v] + b[v], activation, slope));
    }
}

static void normalise(long rows, long channels, const float *x, const float *mean, const float *gain, const float *shift, float *y,
                      int activation, float slope) {
#define BODY(A, N, W) { normalise_of(A, N, W, c, left, rows, channels, x, mean, gain, shift, y, slope); }
#define PLAIN(N, W) BODY(ECG_IDENTITY, N, W)
#define RELU(N, W) BODY(ECG_RELU, N, W)
#define LEAKY(N, W) BODY(ECG_LEAKY_RELU, N, W)
    if (activation == ECG_RELU) FOR_COLUMNS(channels, RELU)
    else if (activation == ECG_LEAKY_RELU) FOR_COLUMNS(channels, LEAKY)
    else FOR_COLUMNS(channels, PLAIN)
#undef BODY
}

/// The gradient before the activation, from that behind it and the value before it.
INLINE vec before(const int activation, vec y, vec g, float slope) {
    if (activation == ECG_IDENTITY) return g;
    return choose(y > 0, g, activation == ECG_RELU ? (vec){} : g * slope);
}

INLINE void normalise_sums_of(const int activation, const int count, const int whole, long c, long left, long rows, long channels,
                              const float *x, const float *mean, const float *gain, const float *shift, const float *g, float slope,
                              float *sums, float *products) {
    vec m[COLUMNS], w[COLUMNS], b[COLUMNS], sum[COLUMNS] = {}, product[COLUMNS] = {};
    UNROLL for (int v = 0; v < count; v++) m[v] = AT(mean, v), w[v] = AT(gain, v), b[v] = AT(shift, v);
    for (long r = 0; r < rows; r++) UNROLL for (int v = 0; v < count; v++) {
        const vec d = AT(x + r * channels, v) - m[v], u = before(activation, d * w[v] + b[v], AT(g + r * channels, v), slope);
        sum[v] += u;
        product[v] += u * d;
    }
    UNROLL for (int v = 0; v < count; v++) {
        PUT(sums, v, sum[v]);
        PUT(products, v, product[v]);
    }
}

static void normalise_sums(long rows, long channels, const float *x, const float *mean, const float *gain, const float *shift,
                           const float *g, int activation, float slope, float *sums, float *products) {
#define BODY(A, N, W) { normalise_sums_of(A, N, W, c, left, rows, channels, x, mean, gain, shift, g, slope, sums, products); }
    if (activation == ECG_RELU) FOR_COLUMNS(channels, RELU)
    else if (activation == ECG_LEAKY_RELU) FOR_COLUMNS(channels, LEAKY)
    else FOR_COLUMNS(channels, PLAIN)
#undef BODY
}

INLINE void normalise_gradient_of(const int activation, const int count, const int whole, long c, long left, long rows, long channels,
                                  const float *x, const float *mean, const float *gain, const float *shift, const float *g, float slope,
                                  const float *average, const float *trend, float *dx) {
    vec m[COLUMNS], w[COLUMNS], b[COLUMNS], a[COLUMNS], t[COLUMNS];
    UNROLL for (int v = 0; v < count; v++) {
        m[v] = AT(mean, v), w[v] = AT(gain, v), b[v] = AT(shift, v), a[v] = AT(average, v), t[v] = AT(trend, v);
    }
    for (long r = 0; r < rows; r++) UNROLL for (int v = 0; v < count; v++) {
        const vec d = AT(x + r * channels, v) - m[v], u = before(activation, d * w[v] + b[v], AT(g + r * channels, v), slope);
        PUT(dx + r * channels, v, (u - a[v] - d * t[v]) * w[v]);
    }
}

static void normalise_gradient(long rows, long channels, const float *x, const float *mean, const float *gain, const float *shift,
                               const float *g, int activation, float slope, const float *average, const float *trend, float *dx) {
#define BODY(A, N, W) { normalise_gradient_of(A, N, W, c, left, rows, channels, x, mean, gain, shift, g, slope, average, trend, dx); }
    if (activation == ECG_RELU) FOR_COLUMNS(channels, RELU)
    else if (activation == ECG_LEAKY_RELU) FOR_COLUMNS(channels, LEAKY)
    else FOR_COLUMNS(channels, PLAIN)
#undef BODY
#undef PLAIN
#undef RELU
#undef LEAKY
}
#undef AT
#undef PUT
#undef COLUMNS

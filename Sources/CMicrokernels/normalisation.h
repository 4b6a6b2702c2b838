// SPDX-License-Identifier: GPL-3.0-or-later
// Softmax and normalisation over the rows of a matrix, and sums over time of [time, channel].

INLINE vec part(const float *p, long left) { return left >= LANES ? load(p) : load_first(p, left); }
INLINE void put(float *p, vec v, long left) {
    if (left >= LANES) store(p, v);
    else store_first(p, v, left);
}

INLINE float sum_row(const float *x, long n) {
    vec sum = {};
    for (long i = 0; i < n; i += LANES) sum += part(x + i, n - i);
    return sum_of(sum);
}

INLINE float dot_row(const float *x, const float *y, long n) {
    vec sum = {};
    for (long i = 0; i < n; i += LANES) sum += part(x + i, n - i) * part(y + i, n - i);
    return sum_of(sum);
}

/// The largest of a row, NaN if there is one.
INLINE float top_of_row(const float *x, long n) {
    float top = x[0];
    long i = 0;
    if (n >= LANES) {
        vec tops = load(x);
        for (i = LANES; i + LANES <= n; i += LANES) {
            const vec v = load(x + i);
            tops = choose((v > tops) | (v != v), v, tops);
        }
        float lanes[LANES];
        store(lanes, tops);
        top = lanes[0];
        for (long j = 1; j < LANES; j++) top = lanes[j] > top || lanes[j] != lanes[j] ? lanes[j] : top;
    }
    for (; i < n; i++) top = x[i] > top || x[i] != x[i] ? x[i] : top;
    return top;
}

static void softmax(long rows, long n, const float *x, float *y, int logarithmic) {
    for (long r = 0; r < rows; r++, x += n, y += n) {
        const float top = top_of_row(x, n);
        vec sum = {};
        for (long i = 0; i < n; i += LANES) {
            const long left = n - i;
            vec e = exponential(part(x + i, left) - top);
            if (left < LANES) {
                float lanes[LANES] = {0};
                store_first(lanes, e, left);
                e = load(lanes);
            }
            sum += e;
            if (!logarithmic) put(y + i, e, left);
        }
        const float total = sum_of(sum);
        const float shift = logarithmic ? logarithm(all(total))[0] : 0;
        for (long i = 0; i < n; i += LANES) {
            const long left = n - i;
            put(y + i, logarithmic ? (part(x + i, left) - top) - shift : part(y + i, left) / total, left);
        }
    }
}

/// From the result y: softmax dx = y · (g − Σ g·y), its logarithm dx = g − exp(y) · Σ g.
static void softmax_gradient(long rows, long n, const float *y, const float *g, float *dx, int accumulate, int logarithmic) {
    for (long r = 0; r < rows; r++, y += n, g += n, dx += n) {
        const float sum = logarithmic ? sum_row(g, n) : dot_row(g, y, n);
        for (long i = 0; i < n; i += LANES) {
            const long left = n - i;
            const vec up = part(g + i, left), out = part(y + i, left);
            vec d = logarithmic ? up - exponential(out) * sum : out * (up - sum);
            if (accumulate) d += part(dx + i, left);
            put(dx + i, d, left);
        }
    }
}

/// y = (x − mean) / √(variance + ε) · scale + shift over each row. `statistics`, if given, gets mean and 1/√(…) of each row.
static void layer_norm(long rows, long n, const float *x, const float *scale, const float *shift, float epsilon, float *y,
                       float *statistics) {
    for (long r = 0; r < rows; r++, x += n, y += n) {
        const float mean = sum_row(x, n) / n;
        vec squares = {};
        for (long i = 0; i < n; i += LANES) {
            const long left = n - i;
            vec d = part(x + i, left) - mean;
            if (left < LANES) {
                float lanes[LANES] = {0};
                store_first(lanes, d, left);
                d = load(lanes);
            }
            squares += d * d;
        }
        const float inverse = 1.0f / __builtin_sqrtf(sum_of(squares) / n + epsilon);
        for (long i = 0; i < n; i += LANES) {
            const long left = n - i;
            vec v = (part(x + i, left) - mean) * inverse;
            if (scale) v *= part(scale + i, left);
            if (shift) v += part(shift + i, left);
            put(y + i, v, left);
        }
        if (statistics) {
            statistics[2 * r] = mean;
            statistics[2 * r + 1] = inverse;
        }
    }
}

static void layer_norm_gradient(long rows, long n, const float *x, const float *scale, const float *statistics, const float *g, float *dx,
                                int accumulate) {
    for (long r = 0; r < rows; r++, x += n, g += n, dx += n) {
        const float mean = statistics[2 * r], inverse = statistics[2 * r + 1];
        vec sum = {}, product = {};
        for (long i = 0; i < n; i += LANES) {
            const long left = n - i;
            vec d = part(g + i, left);
            if (scale) d *= part(scale + i, left);
            sum += d;
            product += d * ((part(x + i, left) - mean) * inverse);
        }
        const float average = sum_of(sum) / n, slope = sum_of(product) / n;
        for (long i = 0; i < n; i += LANES) {
            const long left = n - i;
            vec d = part(g + i, left);
            if (scale) d *= part(scale + i, left);
            d = (d - average - (part(x + i, left) - mean) * inverse * slope) * inverse;
            if (accumulate) d += part(dx + i, left);
            put(dx + i, d, left);
        }
    }
}

/// For each channel the sum over rows of x − center, of its square, and of its product with y; any of them may be null.
/// Blocks of rows are summed apart, which keeps long signals as exact as short ones.
static void channel_sums(long rows, long channels, const float *x, const float *center, const float *y, float *sums, float *squares,
                         float *products) {
    enum { BLOCK = 128 };
    for (long c = 0; c < channels; c += LANES) {
        const long left = channels - c;
        const vec middle = center ? part(center + c, left) : (vec){};
        vec sum = {}, square = {}, product = {};
        for (long start = 0; start < rows; start += BLOCK) {
            const long end = start + BLOCK < rows ? start + BLOCK : rows;
            vec s = {}, q = {}, m = {};
            for (long r = start; r < end; r++) {
                const vec d = part(x + r * channels + c, left) - middle;
                s += d;
                if (squares) q += d * d;
                if (products) m += d * part(y + r * channels + c, left);
            }
            sum += s;
            square += q;
            product += m;
        }
        if (sums) put(sums + c, sum, left);
        if (squares) put(squares + c, square, left);
        if (products) put(products + c, product, left);
    }
}

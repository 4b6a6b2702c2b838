// SPDX-License-Identifier: GPL-3.0-or-later
// Pooling over the rows of [time, channel], channels in the lanes.

INLINE ivec load_index(const int *p, long n) {
    return n >= LANES ? (ivec)load((const float *)p) : (ivec)load_first((const float *)p, n);
}

/// Output row r takes the input rows begin(r) + j · dilation that exist. An index is that of an item's row.
static void max_pool(const ecg_pool *p, const float *input, float *output, int *indices) {
    for (long r = 0; r < p->outputLength; r++) {
        long start = r * p->stride - p->pad, end = start + p->kernel * p->dilation;
        if (start < 0) start += (-start + p->dilation - 1) / p->dilation * p->dilation;
        if (end > p->inputLength) end = p->inputLength;
        for (long c = 0; c < p->channels; c += LANES) {
            const long left = p->channels - c;
            vec best = all(-__builtin_inff());
            ivec where = (ivec){} + (int)(start < p->inputLength ? start : p->inputLength - 1);
            for (long t = start; t < end; t += p->dilation) {
                const float *x = input + t * p->channels + c;
                const vec value = left >= LANES ? load(x) : load_first(x, left);
                // The first of equal values wins; NaN wins over all.
                const ivec take = (value > best) | (value != value);
                best = choose(take, value, best);
                where = (((ivec){} + (int)t) & take) | (where & ~take);
            }
            float *y = output + r * p->channels + c;
            if (left >= LANES) store(y, best);
            else store_first(y, best, left);
            if (!indices) continue;
            float *at = (float *)(indices + r * p->channels + c);
            if (left >= LANES) store(at, (vec)where);
            else store_first(at, (vec)where, left);
        }
    }
}

/// The output rows whose windows may hold input row t.
INLINE void covering(const ecg_pool *p, long t, long *first, long *last) {
    const long reach = (p->kernel - 1) * p->dilation, low = t + p->pad - reach;
    *first = low <= 0 ? 0 : (low + p->stride - 1) / p->stride;
    *last = (t + p->pad) / p->stride;
    if (*last >= p->outputLength) *last = p->outputLength - 1;
}

static void max_pool_gradient(const ecg_pool *p, const float *upstream, const int *indices, float *gradient, int accumulate) {
    // windows side by side are counted; dividing takes longer than all the rest
    const int apart = p->stride >= p->kernel && p->pad == 0 && p->dilation == 1;
    long window = 0, within = 0;
    for (long t = 0; t < p->inputLength; t++) {
        long first = window, last = within < p->kernel && window < p->outputLength ? window : -1;
        if (++within == p->stride) within = 0, window++;
        if (!apart) covering(p, t, &first, &last);
        for (long c = 0; c < p->channels; c += LANES) {
            const long left = p->channels - c;
            float *d = gradient + t * p->channels + c;
            vec sum = !accumulate ? (vec){} : left >= LANES ? load(d) : load_first(d, left);
            for (long r = first; r <= last; r++) {
                const long at = r * p->channels + c;
                const vec g = left >= LANES ? load(upstream + at) : load_first(upstream + at, left);
                const ivec here = load_index(indices + at, left) == (ivec){} + (int)t;
                sum = choose(here, sum + g, sum);
            }
            if (left >= LANES) store(d, sum);
            else store_first(d, sum, left);
        }
    }
}

/// How many rows an average divides by.
INLINE float pool_divisor(const ecg_pool *p, long r) {
    const long start = r * p->stride - p->pad;
    long count = 0;
    if (p->countPadding) {
        // A window that ceil mode lets hang over the padded end counts only what lies inside it.
        for (long j = 0; j < p->kernel; j++) count += start + j * p->dilation < p->inputLength + p->padRight;
    } else {
        for (long j = 0; j < p->kernel; j++) {
            const long t = start + j * p->dilation;
            count += t >= 0 && t < p->inputLength;
        }
    }
    return (float)(count > 0 ? count : 1);
}

/// Summed in double precision: over a whole recording the error of a float's sum would be the largest of the network.
static void average_pool(const ecg_pool *p, const float *input, float *output) {
    for (long r = 0; r < p->outputLength; r++) {
        const float divisor = pool_divisor(p, r);
        for (long c = 0; c < p->channels; c += LANES) {
            const long left = p->channels - c;
            wide sum[2] = {};
            for (long j = 0; j < p->kernel; j++) {
                const long t = r * p->stride - p->pad + j * p->dilation;
                if (t < 0 || t >= p->inputLength) continue;
                const float *x = input + t * p->channels + c;
                add_wide(sum, left >= LANES ? load(x) : load_first(x, left));
            }
            sum[0] /= divisor, sum[1] /= divisor;
            float *y = output + r * p->channels + c;
            if (left >= LANES) store(y, narrowed(sum));
            else store_first(y, narrowed(sum), left);
        }
    }
}

static void average_pool_gradient(const ecg_pool *p, const float *upstream, float *gradient, int accumulate) {
    for (long t = 0; t < p->inputLength; t++) {
        long first, last;
        covering(p, t, &first, &last);
        for (long c = 0; c < p->channels; c += LANES) {
            const long left = p->channels - c;
            float *d = gradient + t * p->channels + c;
            vec sum = !accumulate ? (vec){} : left >= LANES ? load(d) : load_first(d, left);
            for (long r = first; r <= last; r++) {
                if ((t - (r * p->stride - p->pad)) % p->dilation != 0) continue;
                const float *g = upstream + r * p->channels + c;
                sum += (left >= LANES ? load(g) : load_first(g, left)) / pool_divisor(p, r);
            }
            if (left >= LANES) store(d, sum);
            else store_first(d, sum, left);
        }
    }
}

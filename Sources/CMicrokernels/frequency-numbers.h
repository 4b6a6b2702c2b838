// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the passes of a transform do with their numbers: in single precision, a vector of LANES floats; in double precision, of half as many
// doubles, which come from floats and become floats again with one rounding, at the end of all passes. Included by each instruction set's source.

/// Where the constant term lies among the pairs of slots: behind them.
INLINE long constant_pair(const frequency_transform *t) { return (t->points + 1) / 2; }

// MARK: Single precision

INLINE vec kept(const float *from) { return *(const vec *)from; }
INLINE void keep(float *to, vec value) { *(vec *)to = value; }
INLINE vec joined(const wide sum[2]) { return narrowed(sum); }

/// The constant term, which was kept out of the transform in two parts, and the bias: what rounding takes from their sum joins the smaller part.
INLINE void mean_term(const float *from, long component, const float *bias, vec *to) {
    const vec a = load(bias), b = *(const vec *)from, sum = a + b, part = sum - a;
    to[0] = sum;
    const vec rest = ((a - (sum - part)) + (b - part)) + *(const vec *)(from + 2 * component);
    to[2] = choose(rest == rest, rest, (vec){});
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

// MARK: Double precision

INLINE wide precise_load(const float *from) { return __builtin_convertvector(*(const half_vec *)from, wide); }
INLINE wide precise_load_first(const float *from, long n) {
    const vec value = load_first(from, n);
    return __builtin_convertvector(*(const half_vec *)&value, wide);
}
INLINE half_vec precise_narrowed(wide value) { return __builtin_convertvector(value, half_vec); }
INLINE wide precise_kept(const float *from) { return precise_load(from); }
INLINE void precise_keep(float *to, wide value) { *(half_vec *)to = precise_narrowed(value); }
INLINE wide precise_joined(const wide sum[1]) { return sum[0]; }
INLINE void precise_add_wide(wide sum[1], wide value) { sum[0] += value; }

typedef uint64_t wide_bits __attribute__((vector_size(4 * LANES)));
INLINE wide precise_flip(wide value, unsigned sign) { return (wide)((wide_bits)value ^ ((uint64_t)sign << 32)); }

INLINE void precise_mean_term(const float *from, long component, const float *bias, wide *to) {
    to[0] = precise_load(bias) + precise_load(from);
    const wide rest = precise_load(from + 2 * component);
    to[2] = (wide)((wide_bits)rest & (wide_bits)(rest == rest));
}

/// A sample that is added to what is there, if anything, and stored. There is no activation behind it.
INLINE void precise_finish(const int plain, wide value, const int tile, long n, const frequency_tiles *tiles, long lanes,
    const frequency_epilogue *epilogue) {
    float *to = tiles->output[tile] + n * tiles->stride;
    if (!plain && tiles->residual[tile]) {
        const float *residual = tiles->residual[tile] + n * epilogue->residual_stride;
        value += lanes == LANES / 2 ? precise_load(residual) : precise_load_first(residual, lanes);
    }
    const half_vec rounded = precise_narrowed(value);
    if (plain || lanes == LANES / 2) {
        *(half_vec *)to = rounded;
    } else {
        vec whole = {};
        *(half_vec *)&whole = rounded;
        store_first(to, whole, lanes);
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
// What makes rows of activations special to an algorithm that mixes them.

INLINE vec row_part(const float *row, long c, long channels) {
    return channels - c >= LANES ? load(row + c) : load_first(row + c, channels - c);
}

/// Sets each row's flags and returns all that occur: 1 where every element is zero, 2 where the row equals the one before it (there is
/// one before the first if `follows`), 4 where an element is not a number or beyond `limit`.
///
/// Rows with a flag are rare, and a row's first elements mostly say that it is neither zero nor like the one before; of large elements no row is told
/// before there is any.
static int row_flags(long rows, long channels, const float *x, long stride, int follows, float limit, unsigned char *flags) {
    const ivec magnitudes = (ivec){} + 0x7FFFFFFF;
    ivec largest = {};
    int all = 0;
    const float *row = x;
    for (long r = 0; r < rows; r++, row += stride) {
        const float *before = r > 0 || follows ? row - stride : 0;
        const vec first = row_part(row, 0, channels);
        int isZero = !any(first != 0), isSame = before && !any(first != row_part(before, 0, channels));
        // as integers, since everything that is not a number counts as large then
        largest = __builtin_elementwise_max(largest, (ivec)first & magnitudes);
        for (long c = LANES; c < channels; c += LANES) {
            const vec v = row_part(row, c, channels);
            largest = __builtin_elementwise_max(largest, (ivec)v & magnitudes);
            if (isZero) isZero = !any(v != 0);
            if (isSame) isSame = !any(v != row_part(before, c, channels));
        }
        const int found = isZero | (isSame ? 2 : 0);
        flags[r] = (unsigned char)found;
        all |= found;
    }
    const ivec bound = (ivec)(limit - (vec){});
    if (!any(largest > bound)) return all;
    for (long r = 0; r < rows; r++, x += stride) {
        ivec wild = {};
        for (long c = 0; c < channels; c += LANES) wild |= ((ivec)row_part(x, c, channels) & magnitudes) > bound;
        if (any(wild)) flags[r] |= 4;
    }
    return all | 4;
}

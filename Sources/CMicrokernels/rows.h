// SPDX-License-Identifier: GPL-3.0-or-later
// What makes rows of activations special to an algorithm that mixes them.

/// Sets each row's flags and returns all that occur: 1 where every element is zero, 2 where the row equals the one before it (there is
/// one before the first if `follows`), 4 where an element is not a number or beyond `limit`.
static int row_flags(long rows, long channels, const float *x, long stride, int follows, float limit, unsigned char *flags) {
    int all = 0;
    for (long r = 0; r < rows; r++, x += stride) {
        ivec filled = {}, wild = {}, changed = {};
        const float *before = r > 0 || follows ? x - stride : 0;
        for (long c = 0; c < channels; c += LANES) {
            const long left = channels - c;
            const vec v = left >= LANES ? load(x + c) : load_first(x + c, left);
            filled |= v != 0;
            wild |= ~(magnitude(v) <= limit);
            if (before) changed |= v != (left >= LANES ? load(before + c) : load_first(before + c, left));
        }
        const int found = (any(filled) ? 0 : 1) | (!before || any(changed) ? 0 : 2) | (any(wild) ? 4 : 0);
        flags[r] = (unsigned char)found;
        all |= found;
    }
    return all;
}

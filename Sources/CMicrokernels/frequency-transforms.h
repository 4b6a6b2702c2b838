// SPDX-License-Identifier: GPL-3.0-or-later
// Transforms in the precision that the transform asks for.

static void transform(const frequency_transform *t, const float *const *first, const float *const *second, long from, long channels,
    const float *ahead, long ahead_count, float *work, float *spectra, const frequency_layout *layout) {
    (t->is_precise ? precise_forward : forward)(t, first, second, from, channels, ahead, ahead_count, work, spectra, layout);
}

static void transform_back(const frequency_transform *t, const float *products, const frequency_layout *layout, float *work,
    const frequency_tiles *tiles, long channels, const float *bias, const frequency_epilogue *epilogue) {
    (t->is_precise ? precise_inverse : inverse)(t, products, layout, work, tiles, channels, bias, epilogue);
}

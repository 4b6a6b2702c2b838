// SPDX-License-Identifier: GPL-3.0-or-later
//
// The innermost loops of the frequency-domain convolution: transforms of tiles with channels in the vector lanes, the
// products at each frequency, and the spectra of the weights. design/kernels.md holds the measurements behind them.
//
// A row is a pair of neighbouring tiles of one item: the first tile is the real part and the second the imaginary part of
// one complex transform per channel. Weights are real, so no untangling is needed: the inverse gives both tiles back.
//
// Frequencies live in slots: f and N-f share one weight spectrum (the one is the other's conjugate), so both, N-f conjugated,
// are two rows of the same product. Slot pair 0 holds f = 0 and, for even N, f = N/2, which have weights of their own.
#ifndef ECGPIPE_FREQUENCY_H
#define ECGPIPE_FREQUENCY_H

#include <stdint.h>

/// A transform of `points` = radices[0] · radices[1] · radices[2], decimated in frequency forwards and in time backwards,
/// so that neither direction reorders anything. A middle radix of 1 means two passes.
typedef struct {
    int32_t points;
    int32_t radices[3];
    /// Cosine and sine of 2π·b·q / points for q = 1 ..< radices[0], b after b.
    const float *_Nullable outer_twiddles;
    /// The same for the middle pass: of 2π·b·q·radices[0] / points.
    const float *_Nullable middle_twiddles;
    /// Whether the passes work in double precision, with the tables below in place of those above: a transform's numbers are rounded once then, when all passes are
    /// through. For results without an activation.
    int32_t is_precise;
    const double *_Nullable precise_outer_twiddles;
    const double *_Nullable precise_middle_twiddles;
    /// The products are summed over the channels in chains of at most so many.
    int32_t chain;
    /// For each position that the last forward pass writes: its slot (pair · 2 + half).
    const int32_t *_Nonnull slots;
    /// For each position: 0x80000000 where the slot holds the conjugate, else 0.
    const uint32_t *_Nonnull conjugations;
} frequency_transform;

/// Where the rows of spectra lie, in floats. Slot `s` of row `r` starts at (s >> 1) · pair + (2 · r + (s & 1)) · row. Behind the pairs of slots
/// f = 0 lies once more, at (points + 1) / 2 · pair + 2 · r · row: of spectra real and imaginary part in double precision, `component` doubles
/// apart; of products, whose slot 0 is zero, four parts `component` floats apart: real, imaginary, and what rounding left of both.
typedef struct {
    long pair;
    long row;
    long component;
} frequency_layout;

/// What happens to a sample on its way out: value + bias (+ residual) → activation (+ residual) → output.
typedef struct {
    const float *_Nullable residual;
    long residual_stride;
    /// 1: the residual is added after the activation, 0: before.
    int32_t residual_after;
    /// 0: max(value, floor) with a floor of 0 (ReLU) or -infinity (identity); 1: negative values are multiplied by `slope`.
    int32_t leaky;
    float floor;
    float slope;
} frequency_epilogue;

/// The two tiles that an inverse writes: first output sample of each and how many samples count.
typedef struct {
    float *_Nonnull output[2];
    int32_t count[2];
    /// From the output of a tile to its residual there is the same distance in samples, so only the first sample's address is kept.
    const float *_Nullable residual[2];
    long stride;
} frequency_tiles;

typedef struct {
    /// Floats in a vector.
    int32_t lanes;
    /// Rows of a product's largest register tile; blocks that are a multiple waste nothing.
    int32_t rows;

    /// Transforms one row: `first[n]` and `second[n]` point to sample n of the two tiles, channel 0; `channels` floats are read
    /// there. Writes real part, imaginary part and their sum for each channel. `work`: 2 · points vectors. Meanwhile `ahead_count`
    /// floats from `ahead` on, what the next row will read, are fetched.
    void (*_Nonnull forward)(const frequency_transform *_Nonnull transform, const float *_Nonnull const *_Nonnull first,
        const float *_Nonnull const *_Nonnull second, long from, long channels, const float *_Nullable ahead, long ahead_count,
        float *_Nonnull work, float *_Nonnull spectra, const frequency_layout *_Nonnull layout);

    /// Products of slot groups `from ..< to` (0: f = 0; then, for even N, N/2; then the pairs) for `rows` rows and one panel
    /// of `vectors` (1 or 2) vectors of outputs. `weights`: of the panel's first group, [channel][real, imaginary][output], where f = 0 has
    /// [channel][output] in double precision; the next group's are `group_stride` floats further. `panel`: how many panels were multiplied by this group's spectra before.
    void (*_Nonnull multiply)(const frequency_transform *_Nonnull transform, long from, long to, long rows, long channels, int32_t vectors,
        const float *_Nonnull spectra, const frequency_layout *_Nonnull spectra_layout, const float *_Nonnull weights, long group_stride,
        long panel, float *_Nonnull products, const frequency_layout *_Nonnull products_layout);

    /// Transforms one row of products back, for one vector of channels, of which `channels` count.
    void (*_Nonnull inverse)(const frequency_transform *_Nonnull transform, const float *_Nonnull products,
        const frequency_layout *_Nonnull layout, float *_Nonnull work, const frequency_tiles *_Nonnull tiles, long channels,
        const float *_Nonnull bias, const frequency_epilogue *_Nonnull epilogue);

    /// Spectra of the weights from one input channel to one panel, in double precision: `taps` [tap][output], cosines and sines
    /// of 2π·n / points, scaled by 1 / points. Group g is written to `weights` + g · stride as [real, imaginary][output], group 0 as
    /// [output] in double precision.
    void (*_Nonnull prepare)(const frequency_transform *_Nonnull transform, const double *_Nonnull cosines, const double *_Nonnull sines,
        long taps, const double *_Nonnull values, int32_t vectors, float *_Nonnull weights, long stride);
} frequency_kernels;

/// The loops for an instruction set: 2 AVX-512, 1 AVX2 with FMA, 0 portable; NULL where this build has none.
const frequency_kernels *_Nullable frequency_kernels_for(int32_t set);

/// Whether passes of this radix exist: 0 the outer, 1 the middle and 2 the inner pass.
int32_t frequency_has_radix(int32_t pass, int32_t radix);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
// The innermost loops that only training needs: gradients of weights, batch statistics, dropout. Compiled once for each instruction set.
#ifndef ECG_TRAINING_H
#define ECG_TRAINING_H

/// A sum of outer products, one tile of it: sums[r][c] += Σ_k left[k][r] · right[k][c]. Each call's sum starts from zero and is then added, which
/// keeps long sums exact.
typedef struct {
    const float *_Nonnull left;        // row k at left + k * leftStride
    long leftStride;
    const float *_Nonnull right;       // likewise; whole vectors are read
    long rightStride;
    long count;
    float *_Nonnull sums;              // whole vectors are written
    long sumStride;
    int rows;                          // of the tile, up to tileRows
    int vectors;                       // of the tile: 1 or 2
    int replace;                       // 1: what sums held is not read
} training_outer;

/// The same at a frequency, for complex numbers: sums += Σ_k conj(left[k][r]) · right[k][c], by Gauss in three real products. Spectra hold real part,
/// imaginary part and their sum, `component` floats apart.
typedef struct {
    const float *_Nonnull left;
    long leftStride, leftComponent;
    const float *_Nonnull right;
    long rightStride, rightComponent;
    long count;
    float *_Nonnull real;
    float *_Nonnull imaginary;
    long sumStride;
    int rows, vectors, replace;
    const char *_Nullable ahead;       // what the next frequency will read is fetched meanwhile, `each` cache lines at every k
    int each;
} training_correlation;

typedef struct {
    int lanes;
    int tileRows;
    void (*_Nonnull outer)(const training_outer *_Nonnull);
    void (*_Nonnull correlation)(const training_correlation *_Nonnull);
    /// Copies `count` rows of `width` floats, with zeros behind them up to `padded`.
    void (*_Nonnull gather)(const float *_Nonnull source, long sourceStride, long count, long width, long padded, float *_Nonnull target,
                            long targetStride);
    /// values[j] = Σ_f real[f] · cosines[f·j mod points] − imaginary[f] · sines[f·j mod points], in double precision, `vectors` vectors wide, for
    /// the frequencies 1 ... `frequencies`, which lie `stride` floats apart.
    void (*_Nonnull inverse)(long points, const double *_Nonnull cosines, const double *_Nonnull sines, long frequencies,
                             const float *_Nonnull real, const float *_Nonnull imaginary, long stride, long taps, int vectors,
                             float *_Nonnull values, long valueStride);
    /// One tap of a depthwise convolution, a channel a lane: sums[channel] += Σ input[row] · gradient[row].
    void (*_Nonnull depthwise)(long rows, long channels, const float *_Nonnull input, long inputStride, const float *_Nonnull gradient,
                               long gradientStride, float *_Nonnull sums);
    /// Of each channel over the rows: mean and sum of squared distances from it.
    void (*_Nonnull moments)(long rows, long channels, const float *_Nonnull x, float *_Nonnull mean, float *_Nonnull squares);
    /// y = activation((x − mean) · gain + shift).
    void (*_Nonnull normalise)(long rows, long channels, const float *_Nonnull x, const float *_Nonnull mean, const float *_Nonnull gain,
                               const float *_Nonnull shift, float *_Nonnull y, int activation, float slope);
    /// With u the gradient g before the activation: Σ u and Σ u · (x − mean).
    void (*_Nonnull normaliseSums)(long rows, long channels, const float *_Nonnull x, const float *_Nonnull mean, const float *_Nonnull gain,
                                   const float *_Nonnull shift, const float *_Nonnull g, int activation, float slope, float *_Nonnull sums,
                                   float *_Nonnull products);
    /// dx = (u − average − (x − mean) · trend) · gain.
    void (*_Nonnull normaliseGradient)(long rows, long channels, const float *_Nonnull x, const float *_Nonnull mean,
                                       const float *_Nonnull gain, const float *_Nonnull shift, const float *_Nonnull g, int activation,
                                       float slope, const float *_Nonnull average, const float *_Nonnull trend, float *_Nonnull dx);
    /// y = (hash of key and position ≥ threshold ? x · gain : 0) + residual; with `signs`, times `slope` where they are not positive.
    void (*_Nonnull dropout)(unsigned long position, long count, unsigned int first, unsigned int second, unsigned int threshold, float gain,
                             const float *_Nonnull x, const float *_Nullable signs, float slope, const float *_Nullable residual,
                             float *_Nonnull y);
    /// y += x.
    void (*_Nonnull add)(long count, const float *_Nonnull x, float *_Nonnull y);
    /// sums[channel] = Σ over the rows, in blocks.
    void (*_Nonnull columnSums)(long rows, long channels, const float *_Nonnull x, float *_Nonnull sums);
} training_kernels;

/// The loops for an instruction set as in `ecg_set`, null where this build has none; the caller knows that the processor can run it.
const training_kernels *_Nullable training_kernels_for(int set);

#endif

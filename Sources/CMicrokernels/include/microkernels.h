// SPDX-License-Identifier: GPL-3.0-or-later
// The innermost loops, compiled once for each instruction set and chosen at run time.
#ifndef ECG_MICROKERNELS_H
#define ECG_MICROKERNELS_H

#include "training.h"

enum ecg_activation { ECG_IDENTITY = 0, ECG_RELU = 1, ECG_LEAKY_RELU = 2 };
enum ecg_residual { ECG_NO_RESIDUAL = 0, ECG_RESIDUAL_BEFORE = 1, ECG_RESIDUAL_AFTER = 2 };

/// One panel of a matrix product whose left rows are windows of a signal: row r starts at input + r * inputStride and consists of
/// `taps` runs of `tapLength` floats, `tapStride` floats apart. A plain matrix has one tap.
/// Every output is one chain of additions, bias first, then in the order of the weights, whatever the tile it falls into.
typedef struct {
    const float *_Nonnull input;
    long inputStride;
    long taps, tapStride, tapLength;
    const float *_Nonnull weights;     // [taps * tapLength][vectors * lanes]
    const float *_Nullable bias;       // [vectors * lanes], or none
    float *_Nonnull output;
    long outputStride;
    const float *_Nullable residual;   // as the output, its own row stride
    long residualStride;
    int residualMode;
    int activation;
    float slope;
    int vectors;                       // width of the panel: 1 or 2 vectors
    int columns;                       // columns of it that are stored
} ecg_panel;

/// The input of a convolution with two taps at stride 1, as its transform to four products for three rows of the result reads it: triple q of
/// an item sees the rows 3q - pad ..< 3q - pad + 4, of which those that the item hasn't are zero.
typedef struct {
    const float *_Nonnull input;       // of the item
    long inputStride;
    long length;                       // rows of the item
    long pad;
    long channels;
    const float *_Nonnull zeros;       // a row of them
} ecg_triples;

/// Depthwise convolution: every channel has its own taps. Weights [taps][channels].
typedef struct {
    const float *_Nonnull input;
    long inputStride;                  // between the windows of neighbouring output rows
    long taps, tapStride;
    const float *_Nonnull weights;
    long weightStride;
    const float *_Nullable bias;
    float *_Nonnull output;
    long outputStride;
    const float *_Nullable residual;
    long residualStride;
    int residualMode;
    int activation;
    float slope;
    long channels;
} ecg_depthwise;

/// Pooling of one item [inputLength, channels].
typedef struct {
    long channels, inputLength, outputLength, kernel, stride, dilation, pad, padRight;
    int countPadding;
} ecg_pool;

enum ecg_unary {
    ECG_EXP, ECG_LOG, ECG_TANH, ECG_SIGMOID, ECG_ERF, ECG_SOFTPLUS, ECG_GELU, ECG_GELU_TANH, ECG_SILU, ECG_MISH, ECG_ELU, ECG_SELU,
    ECG_HARD_SIGMOID, ECG_HARD_SWISH, ECG_SQRT, ECG_RECIPROCAL, ECG_ABS, ECG_NEGATE, ECG_RELU_FUNCTION, ECG_LEAKY, ECG_CLIP, ECG_SQUARE,
    ECG_SOFTSIGN, ECG_AFFINE
};
enum ecg_binary { ECG_ADD, ECG_SUBTRACT, ECG_MULTIPLY, ECG_DIVIDE, ECG_MAXIMUM, ECG_MINIMUM };
enum ecg_gate { ECG_GATE_GRADIENT, ECG_GATE_GUIDED, ECG_GATE_DECONVOLUTION };

typedef struct {
    int lanes;                         // floats in a vector
    int tileRows;                      // rows of the largest register tile
    void (*_Nonnull panel)(const ecg_panel *_Nonnull, long rows);
    /// One row against `panels` whole panels of two vectors, `between` floats apart: the same bits as panel by panel, in less time.
    void (*_Nonnull singleRow)(const ecg_panel *_Nonnull, long panels, long between);
    /// Transforms triples from `first` on into `to`, each as four rows a multiple of 16 floats long, with 16 floats behind them; `to` lies at a
    /// vector's alignment. `isPlain` tells of each triple whether it should be left to the plain sum: where a sample is NaN, infinite or
    /// absurdly large, which would spread over the triple, and where the input stands still, so that equal windows keep equal results.
    void (*_Nonnull transformTriples)(const ecg_triples *_Nonnull, long first, long triples, float *_Nonnull to,
                                      unsigned char *_Nonnull isPlain);
    /// As `panel`, for rows 3q, 3q + 1 and 3q + 2 of the output: the input holds triple q at input + q * inputStride, its transformed rows
    /// `tapStride` apart; weights [4 * tapLength][vectors * lanes] are (g0 + g1)/2, (g0 - g1)/2, g0 and g1 of both taps. `ahead`: dense rows, three
    /// for each triple, that will be transformed next.
    void (*_Nonnull triplePanel)(const ecg_panel *_Nonnull, long triples, const float *_Nullable ahead);
    /// As `panel`, for a plain matrix without a residual, with sums in double precision that are rounded once.
    void (*_Nonnull precisePanel)(const ecg_panel *_Nonnull, long rows);
    /// The same for a few columns, whose weights are [column, inner].
    void (*_Nonnull preciseDots)(const ecg_panel *_Nonnull, long rows);
    void (*_Nonnull depthwise)(const ecg_depthwise *_Nonnull, long rows);
    void (*_Nonnull unary)(int function, long count, const float *_Nonnull x, float *_Nonnull y, float a, float b);
    void (*_Nonnull unaryGradient)(int function, long count, const float *_Nonnull x, const float *_Nonnull upstream,
                                   float *_Nonnull gradient, int accumulate, float a, float b);
    void (*_Nonnull binary)(int function, long count, const float *_Nonnull a, const float *_Nonnull b, float *_Nonnull y, int accumulate);
    void (*_Nonnull binaryScalar)(int function, long count, const float *_Nonnull a, float scalar, int scalarFirst, float *_Nonnull y);
    void (*_Nonnull channelAffine)(long rows, long channels, const float *_Nonnull x, long xStride, const float *_Nonnull scale,
                                   const float *_Nullable shift, float *_Nonnull y, long yStride, int activation, float slope);
    void (*_Nonnull gate)(int rule, long rows, long channels, const float *_Nonnull y, long yStride, const float *_Nonnull upstream,
                          long upstreamStride, const float *_Nullable scale, float *_Nonnull gradient, long gradientStride,
                          int accumulate, float slope);
    void (*_Nonnull maxPool)(const ecg_pool *_Nonnull, const float *_Nonnull input, float *_Nonnull output, int *_Nullable indices);
    void (*_Nonnull maxPoolGradient)(const ecg_pool *_Nonnull, const float *_Nonnull upstream, const int *_Nonnull indices,
                                     float *_Nonnull gradient, int accumulate);
    void (*_Nonnull averagePool)(const ecg_pool *_Nonnull, const float *_Nonnull input, float *_Nonnull output);
    void (*_Nonnull averagePoolGradient)(const ecg_pool *_Nonnull, const float *_Nonnull upstream, float *_Nonnull gradient, int accumulate);
    void (*_Nonnull softmax)(long rows, long count, const float *_Nonnull x, float *_Nonnull y, int logarithmic);
    void (*_Nonnull softmaxGradient)(long rows, long count, const float *_Nonnull y, const float *_Nonnull upstream,
                                     float *_Nonnull gradient, int accumulate, int logarithmic);
    void (*_Nonnull layerNorm)(long rows, long count, const float *_Nonnull x, const float *_Nullable scale, const float *_Nullable shift,
                               float epsilon, float *_Nonnull y, float *_Nullable statistics);
    void (*_Nonnull layerNormGradient)(long rows, long count, const float *_Nonnull x, const float *_Nullable scale,
                                       const float *_Nonnull statistics, const float *_Nonnull upstream, float *_Nonnull gradient,
                                       int accumulate);
    void (*_Nonnull channelSums)(long rows, long channels, const float *_Nonnull x, const float *_Nullable center,
                                 const float *_Nullable y, float *_Nullable sums, float *_Nullable squares, float *_Nullable products);
    void (*_Nonnull lstmStep)(long rows, long width, const float *_Nonnull gates, float *_Nonnull cell, float *_Nonnull hidden,
                              long hiddenStride, float *_Nullable trace);
    void (*_Nonnull lstmStepGradient)(long rows, long width, const float *_Nonnull trace, const float *_Nullable previousCell,
                                      long previousStride, const float *_Nonnull hiddenGradient, long hiddenStride,
                                      float *_Nonnull cellGradient, float *_Nonnull gates);
    void (*_Nonnull gruStep)(long rows, long width, const float *_Nonnull gates, const float *_Nonnull before, long beforeStride,
                             float *_Nonnull hidden, long hiddenStride, float *_Nullable trace);
    void (*_Nonnull gruStepGradient)(long rows, long width, const float *_Nonnull trace, const float *_Nullable previous,
                                     long previousStride, const float *_Nonnull hiddenGradient, long hiddenStride,
                                     float *_Nonnull direct, long directStride, float *_Nonnull gates);
    void (*_Nonnull rnnStep)(long rows, long width, const float *_Nonnull gates, int isRelu, float *_Nonnull hidden, long hiddenStride,
                             float *_Nullable trace);
    void (*_Nonnull rnnStepGradient)(long rows, long width, const float *_Nonnull trace, int isRelu, const float *_Nonnull hiddenGradient,
                                     long hiddenStride, float *_Nonnull gates);
    void (*_Nonnull addDots)(long rows, long count, const float *_Nonnull a, long aStride, long columns, const float *_Nonnull weights,
                             float *_Nonnull output, long outputStride);
    /// Sets the flags of each row and returns all that occur: 1 all elements are zero, 2 equal to the row before (there is one before the
    /// first if `follows`), 4 an element is no number or beyond `limit`.
    int (*_Nonnull rowFlags)(long rows, long channels, const float *_Nonnull x, long stride, int follows, float limit,
                             unsigned char *_Nonnull flags);
    /// Runs independent multiply-adds in registers and returns how many operations they were. `sink`: two factors, then a result.
    double (*_Nonnull multiplyAdds)(long rounds, float *_Nonnull sink);
} ecg_kernels;

enum ecg_set { ECG_PORTABLE = 0, ECG_AVX2 = 1, ECG_AVX512 = 2 };

/// The kernels of a set, or null where this processor or system cannot run them.
const ecg_kernels *_Nullable ecg_kernels_for(int set);

/// The index of the worker that this thread is, -1 for any other thread.
int ecg_worker_index(void);
void ecg_set_worker_index(int index);

/// The processors that this process may run on.
int ecg_processors(void);

/// Bytes of this process in memory; 0 where the system doesn't say.
long ecg_resident(void);
/// Gives the system back what the process no longer uses.
void ecg_trim(void);

/// A hint to the processor that this thread only waits.
void ecg_pause(void);

#endif

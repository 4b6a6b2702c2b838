// SPDX-License-Identifier: GPL-3.0-or-later
// The innermost loops, compiled once for each instruction set and chosen at run time.
#ifndef ECG_MICROKERNELS_H
#define ECG_MICROKERNELS_H

enum ecg_activation { ECG_IDENTITY = 0, ECG_RELU = 1, ECG_LEAKY_RELU = 2 };
enum ecg_residual { ECG_NO_RESIDUAL = 0, ECG_RESIDUAL_BEFORE = 1, ECG_RESIDUAL_AFTER = 2 };

/// One panel of a matrix product whose left rows are windows of a signal: row r starts at input + r * inputStride and consists of
/// `taps` runs of `tapLength` floats, `tapStride` floats apart. A plain matrix has one tap.
/// Every output is one chain of additions, bias first, then in the order of the weights, whatever the tile it falls into.
typedef struct {
    const float *_Nonnull input;
    long inputStride;
    long taps, tapStride, tapLength;
    const float *_Nonnull weights;     // [taps * tapLength][vectors * lanes], aligned to a vector
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

typedef struct {
    int lanes;                         // floats in a vector
    int tileRows;                      // rows of the largest register tile
    void (*_Nonnull panel)(const ecg_panel *_Nonnull, long rows);
    void (*_Nonnull depthwise)(const ecg_depthwise *_Nonnull, long rows);
} ecg_kernels;

enum ecg_set { ECG_PORTABLE = 0, ECG_AVX2 = 1, ECG_AVX512 = 2 };

/// The kernels of a set, or null where this processor or system cannot run them.
const ecg_kernels *_Nullable ecg_kernels_for(int set);

/// The index of the worker that this thread is, -1 for any other thread.
int ecg_worker_index(void);
void ecg_set_worker_index(int index);

/// The processors that this process may run on.
int ecg_processors(void);

/// A hint to the processor that this thread only waits.
void ecg_pause(void);

#endif

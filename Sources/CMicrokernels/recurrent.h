// SPDX-License-Identifier: GPL-3.0-or-later
// One step of a recurrent layer, after the gates' sums: items are rows, hidden units the lanes. `width` hidden units, padded with
// zeros to whole vectors; gates of a row lie one after the other, `width` apart.

/// tanh and sigmoid as ratios of polynomials, as MLAS and Eigen have them: to about 1e-7 absolute, which is what the gates' sums are
/// known to, in a third of the time of the exact forms.
INLINE vec gate_tanh(vec x) {
    x = choose(x > 9.0f, all(9.0f), choose(x < -9.0f, all(-9.0f), x));
    const vec s = x * x;
    vec p = s * -2.76076847742355e-16f + 2.00018790482477e-13f;
    p = p * s + -8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    vec q = s * 1.19825839466702e-06f + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    return p * x / q;
}

INLINE vec gate_sigmoid(vec x) { return 0.5f * gate_tanh(0.5f * x) + 0.5f; }

/// LSTM (gates i, o, f, c of ONNX): cell' = f · cell + i · g, hidden = o · tanh(cell'). The trace gets i, o, f, g and cell'.
static void lstm_step(long rows, long width, const float *gates, float *cell, float *hidden, long hiddenStride, float *trace) {
    for (long r = 0; r < rows; r++, gates += 4 * width, cell += width, hidden += hiddenStride) {
        for (long u = 0; u < width; u += LANES) {
            const vec i = gate_sigmoid(load(gates + u)), o = gate_sigmoid(load(gates + width + u)), f = gate_sigmoid(load(gates + 2 * width + u));
            const vec g = gate_tanh(load(gates + 3 * width + u));
            const vec c = f * load(cell + u) + i * g;
            store(cell + u, c);
            store(hidden + u, o * gate_tanh(c));
            if (trace) {
                store(trace + u, i);
                store(trace + width + u, o);
                store(trace + 2 * width + u, f);
                store(trace + 3 * width + u, g);
                store(trace + 4 * width + u, c);
            }
        }
        if (trace) trace += 5 * width;
    }
}

/// The reverse of a step: from the gradients of hidden and cell' to those of the gates' sums and of cell.
static void lstm_step_gradient(long rows, long width, const float *trace, const float *previousCell, long previousStride,
                               const float *hiddenGradient, long hiddenStride, float *cellGradient, float *gates) {
    for (long r = 0; r < rows; r++) {
        for (long u = 0; u < width; u += LANES) {
            const vec i = load(trace + u), o = load(trace + width + u), f = load(trace + 2 * width + u), g = load(trace + 3 * width + u);
            const vec t = gate_tanh(load(trace + 4 * width + u)), dh = load(hiddenGradient + u);
            const vec before = previousCell ? load(previousCell + u) : (vec){};
            const vec dc = load(cellGradient + u) + dh * o * (1.0f - t * t);
            store(gates + u, dc * g * i * (1.0f - i));
            store(gates + width + u, dh * t * o * (1.0f - o));
            store(gates + 2 * width + u, dc * before * f * (1.0f - f));
            store(gates + 3 * width + u, dc * i * (1.0f - g * g));
            store(cellGradient + u, dc * f);
        }
        trace += 5 * width;
        if (previousCell) previousCell += previousStride;
        hiddenGradient += hiddenStride;
        cellGradient += width;
        gates += 4 * width;
    }
}

/// GRU whose reset gate acts after the product (gates z, r, the input's part of n, the hidden part q of n):
/// n = tanh(x + r · q), hidden' = (1 − z) · n + z · hidden. The trace gets z, r, n, q and hidden'.
static void gru_step(long rows, long width, const float *gates, const float *before, long beforeStride, float *hidden, long hiddenStride,
                     float *trace) {
    for (long row = 0; row < rows; row++, gates += 4 * width, before += beforeStride, hidden += hiddenStride) {
        for (long u = 0; u < width; u += LANES) {
            const vec z = gate_sigmoid(load(gates + u)), r = gate_sigmoid(load(gates + width + u)), q = load(gates + 3 * width + u);
            const vec n = gate_tanh(load(gates + 2 * width + u) + r * q);
            const vec h = (1.0f - z) * n + z * load(before + u);
            store(hidden + u, h);
            if (trace) {
                store(trace + u, z);
                store(trace + width + u, r);
                store(trace + 2 * width + u, n);
                store(trace + 3 * width + u, q);
                store(trace + 4 * width + u, h);
            }
        }
        if (trace) trace += 5 * width;
    }
}

/// The gates' gradients, and in `direct` (which may be `hiddenGradient`) the part of the previous hidden
/// state's that does not pass through them.
static void gru_step_gradient(long rows, long width, const float *trace, const float *previous, long previousStride,
                              const float *hiddenGradient, long hiddenStride, float *direct, long directStride, float *gates) {
    for (long row = 0; row < rows; row++) {
        for (long u = 0; u < width; u += LANES) {
            const vec z = load(trace + u), r = load(trace + width + u), n = load(trace + 2 * width + u), q = load(trace + 3 * width + u);
            const vec dh = load(hiddenGradient + u), before = previous ? load(previous + u) : (vec){};
            const vec dn = dh * (1.0f - z) * (1.0f - n * n);
            store(gates + u, dh * (before - n) * z * (1.0f - z));
            store(gates + width + u, dn * q * r * (1.0f - r));
            store(gates + 2 * width + u, dn);
            store(gates + 3 * width + u, dn * r);
            store(direct + u, dh * z);
        }
        trace += 5 * width;
        if (previous) previous += previousStride;
        hiddenGradient += hiddenStride;
        direct += directStride;
        gates += 4 * width;
    }
}

/// A plain recurrent layer with tanh or max(x, 0). The trace gets the new hidden state.
static void rnn_step(long rows, long width, const float *gates, int isRelu, float *hidden, long hiddenStride, float *trace) {
    for (long r = 0; r < rows; r++, gates += width, hidden += hiddenStride) {
        for (long u = 0; u < width; u += LANES) {
            const vec x = load(gates + u), h = isRelu ? relu(x) : gate_tanh(x);
            store(hidden + u, h);
            if (trace) store(trace + u, h);
        }
        if (trace) trace += width;
    }
}

static void rnn_step_gradient(long rows, long width, const float *trace, int isRelu, const float *hiddenGradient, long hiddenStride,
                              float *gates) {
    for (long r = 0; r < rows; r++, trace += width, hiddenGradient += hiddenStride, gates += width) {
        for (long u = 0; u < width; u += LANES) {
            const vec h = load(trace + u), dh = load(hiddenGradient + u);
            store(gates + u, isRelu ? choose(h <= 0, (vec){}, dh) : dh * (1.0f - h * h));
        }
    }
}

/// output[row, column] += the product of a row with a row of `weights`, for the few columns of a narrow input: a panel would be mostly empty.
static void add_dots(long rows, long count, const float *a, long aStride, long columns, const float *weights, float *output, long outputStride) {
    for (long r = 0; r < rows; r++) {
        for (long c = 0; c < columns; c++) output[r * outputStride + c] += dot_row(a + r * aStride, weights + c * count, count);
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Functions of one and two tensors, element by element. A remainder goes through a masked vector, so that an element's
// bits don't depend on where it stands.
#include "functions.h"

INLINE vec unary_value(int function, vec x, vec a, vec b) {
    switch (function) {
    case ECG_EXP: return exponential(x);
    case ECG_LOG: return logarithm(x);
    case ECG_TANH: return hyperbolic_tangent(x);
    case ECG_SIGMOID: return sigmoid(x);
    case ECG_ERF: return error_function(x);
    case ECG_SOFTPLUS: return softplus(x);
    case ECG_GELU: return 0.5f * x * (1.0f + error_function(x * 0.70710678118654752f));
    case ECG_GELU_TANH: return 0.5f * x * (1.0f + hyperbolic_tangent(0.79788456080286536f * (x + 0.044715f * x * x * x)));
    case ECG_SILU: return x * sigmoid(x);
    case ECG_MISH: return x * hyperbolic_tangent(softplus(x));
    case ECG_ELU: return choose(x < 0, a * (exponential(x) - 1.0f), x);
    case ECG_SELU: return b * choose(x > 0, x, a * (exponential(x) - 1.0f));
    case ECG_HARD_SIGMOID: return smaller(larger(a * x + b, (vec){}), all(1.0f));
    case ECG_HARD_SWISH: return x * smaller(larger(x * 0.16666667f + 0.5f, (vec){}), all(1.0f));
    case ECG_SQRT: return square_root(x);
    case ECG_RECIPROCAL: return 1.0f / x;
    case ECG_ABS: return magnitude(x);
    case ECG_NEGATE: return -x;
    case ECG_RELU_FUNCTION: return relu(x);
    case ECG_LEAKY: return choose(x < 0, a * x, x);
    case ECG_CLIP: return smaller(larger(x, a), b);
    case ECG_SQUARE: return x * x;
    case ECG_SOFTSIGN: return x / (1.0f + magnitude(x));
    case ECG_AFFINE: return x * a + b;
    default: return x;
    }
}

INLINE vec unary_slope(int function, vec x, vec a, vec b) {
    const vec one = all(1.0f), zero = {};
    switch (function) {
    case ECG_EXP: return exponential(x);
    case ECG_LOG: return 1.0f / x;
    case ECG_TANH: { vec y = hyperbolic_tangent(x); return 1.0f - y * y; }
    case ECG_SIGMOID: { vec y = sigmoid(x); return y * (1.0f - y); }
    case ECG_ERF: return 1.1283791670955126f * exponential(-x * x);
    case ECG_SOFTPLUS: return sigmoid(x);
    case ECG_GELU:
        return 0.5f * (1.0f + error_function(x * 0.70710678118654752f)) + x * 0.39894228040143268f * exponential(-0.5f * x * x);
    case ECG_GELU_TANH: {
        vec t = hyperbolic_tangent(0.79788456080286536f * (x + 0.044715f * x * x * x));
        return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * 0.79788456080286536f * (1.0f + 0.134145f * x * x);
    }
    case ECG_SILU: { vec y = sigmoid(x); return y * (1.0f + x * (1.0f - y)); }
    case ECG_MISH: { vec t = hyperbolic_tangent(softplus(x)); return t + x * sigmoid(x) * (1.0f - t * t); }
    case ECG_ELU: return choose(x < 0, a * exponential(x), one);
    case ECG_SELU: return b * choose(x > 0, one, a * exponential(x));
    case ECG_HARD_SIGMOID: { vec y = a * x + b; return choose((y > 0) & (y < 1), a, zero); }
    case ECG_HARD_SWISH: return choose(x < -3.0f, zero, choose(x > 3.0f, one, x * 0.33333334f + 0.5f));
    case ECG_SQRT: return 0.5f / square_root(x);
    case ECG_RECIPROCAL: return -1.0f / (x * x);
    case ECG_ABS: return choose(x > 0, one, choose(x < 0, -one, zero));
    case ECG_NEGATE: return -one;
    case ECG_RELU_FUNCTION: return choose(x <= 0, zero, one);
    case ECG_LEAKY: return choose(x <= 0, a, one);
    case ECG_CLIP: return choose((x >= a) & (x <= b), one, zero);
    case ECG_SQUARE: return x + x;
    case ECG_SOFTSIGN: { vec d = 1.0f + magnitude(x); return 1.0f / (d * d); }
    case ECG_AFFINE: return a;
    default: return one;
    }
}

#define EACH(COUNT, WHOLE, PART) \
    long i = 0; \
    for (; i + LANES <= (COUNT); i += LANES) { WHOLE; } \
    if (i < (COUNT)) { const long left = (COUNT) - i; PART; }

// One loop for each function: the switch is decided before the loop.
#define UNARY_CASES(X) \
    X(ECG_EXP) X(ECG_LOG) X(ECG_TANH) X(ECG_SIGMOID) X(ECG_ERF) X(ECG_SOFTPLUS) X(ECG_GELU) X(ECG_GELU_TANH) X(ECG_SILU) X(ECG_MISH) \
    X(ECG_ELU) X(ECG_SELU) X(ECG_HARD_SIGMOID) X(ECG_HARD_SWISH) X(ECG_SQRT) X(ECG_RECIPROCAL) X(ECG_ABS) X(ECG_NEGATE) \
    X(ECG_RELU_FUNCTION) X(ECG_LEAKY) X(ECG_CLIP) X(ECG_SQUARE) X(ECG_SOFTSIGN) X(ECG_AFFINE)

static void unary(int function, long count, const float *x, float *y, float alpha, float beta) {
    const vec a = all(alpha), b = all(beta);
#define CASE(F) case F: { EACH(count, store(y + i, unary_value(F, load(x + i), a, b)), \
                               store_first(y + i, unary_value(F, load_first(x + i, left), a, b), left)) break; }
    switch (function) { UNARY_CASES(CASE) default: break; }
#undef CASE
}

static void unary_gradient(int function, long count, const float *x, const float *g, float *dx, int accumulate, float alpha, float beta) {
    const vec a = all(alpha), b = all(beta);
#define CASE(F) case F: { EACH(count, \
        vec d = load(g + i) * unary_slope(F, load(x + i), a, b); store(dx + i, accumulate ? load(dx + i) + d : d), \
        vec d = load_first(g + i, left) * unary_slope(F, load_first(x + i, left), a, b); \
        store_first(dx + i, accumulate ? load_first(dx + i, left) + d : d, left)) break; }
    switch (function) { UNARY_CASES(CASE) default: break; }
#undef CASE
}

INLINE vec binary_value(int function, vec a, vec b) {
    switch (function) {
    case ECG_ADD: return a + b;
    case ECG_SUBTRACT: return a - b;
    case ECG_MULTIPLY: return a * b;
    case ECG_DIVIDE: return a / b;
    case ECG_MAXIMUM: return choose(b != b, b, larger(a, b));
    default: return choose(b != b, b, smaller(a, b));
    }
}

#define BINARY_CASES(X) X(ECG_ADD) X(ECG_SUBTRACT) X(ECG_MULTIPLY) X(ECG_DIVIDE) X(ECG_MAXIMUM) X(ECG_MINIMUM)

static void binary(int function, long count, const float *a, const float *b, float *y, int accumulate) {
#define CASE(F) case F: { EACH(count, \
        vec v = binary_value(F, load(a + i), load(b + i)); store(y + i, accumulate ? load(y + i) + v : v), \
        vec v = binary_value(F, load_first(a + i, left), load_first(b + i, left)); \
        store_first(y + i, accumulate ? load_first(y + i, left) + v : v, left)) break; }
    switch (function) { BINARY_CASES(CASE) default: break; }
#undef CASE
}

static void binary_scalar(int function, long count, const float *a, float scalar, int scalarFirst, float *y) {
    const vec b = all(scalar);
#define CASE(F) case F: { EACH(count, \
        vec x = load(a + i); store(y + i, scalarFirst ? binary_value(F, b, x) : binary_value(F, x, b)), \
        vec x = load_first(a + i, left); store_first(y + i, scalarFirst ? binary_value(F, b, x) : binary_value(F, x, b), left)) break; }
    switch (function) { BINARY_CASES(CASE) default: break; }
#undef CASE
}

/// A row's factors or summands for vectors that begin at any of its elements: dense rows that divide a vector are taken several at a time.
typedef struct { float values[LANES]; } repeated;

INLINE int divides_vector(long channels) { return channels < LANES && LANES % channels == 0; }

INLINE const float *repeat(const float *row, long channels, repeated *room) {
    if (!row) return row;
    for (long i = 0; i < LANES; i++) room->values[i] = row[i % channels];
    return room->values;
}

/// y = x · scale + shift, one scale and shift a channel.
static void channel_affine(long rows, long channels, const float *x, long xStride, const float *scale, const float *shift, float *y,
                           long yStride, int activation, float slope) {
    repeated scales, shifts;
    long place = ~0l;  // what of an index counts in a row of factors
    if (xStride == channels && yStride == channels && divides_vector(channels)) {
        scale = repeat(scale, channels, &scales), shift = repeat(shift, channels, &shifts);
        channels *= rows, rows = 1, place = 0;
    }
    for (long r = 0; r < rows; r++, x += xStride, y += yStride) {
        EACH(channels,
             vec v = load(x + i) * load(scale + (i & place)); if (shift) v += load(shift + (i & place));
             store(y + i, activate(v, activation, slope)),
             vec v = load_first(x + i, left) * load_first(scale + (i & place), left);
             if (shift) v += load_first(shift + (i & place), left);
             store_first(y + i, activate(v, activation, slope), left))
    }
}

/// The reverse of max(x, 0) and its leaky form by the rules of attribution. `y` is the output (or the input: the signs agree).
INLINE vec gate_value(int rule, vec y, vec g, vec slope) {
    const vec zero = {}, leaked = choose(slope == 0, zero, g * slope);
    if (rule == ECG_GATE_DECONVOLUTION) return choose(g <= 0, leaked, g);
    const vec gated = choose(y <= 0, leaked, g);
    return rule == ECG_GATE_GUIDED ? choose(g > 0, gated, choose(g != g, g, zero)) : gated;
}

/// Rows may lie apart: the part of a concatenation. `scale`, if there, has a factor for each channel.
static void gate(int rule, long rows, long channels, const float *y, long yStride, const float *g, long gStride, const float *scale,
                 float *dx, long dxStride, int accumulate, float slope) {
    const vec s = all(slope);
    repeated scales;
    long place = ~0l;
    if (yStride == channels && gStride == channels && dxStride == channels && (!scale || divides_vector(channels))) {
        scale = repeat(scale, channels, &scales);
        channels *= rows, rows = 1, place = 0;
    }
#define CASE(F) case F: \
        for (long r = 0; r < rows; r++, y += yStride, g += gStride, dx += dxStride) { EACH(channels, \
            vec d = gate_value(F, load(y + i), load(g + i), s); if (scale) d *= load(scale + (i & place)); \
            store(dx + i, accumulate ? load(dx + i) + d : d), \
            vec d = gate_value(F, load_first(y + i, left), load_first(g + i, left), s); \
            if (scale) d *= load_first(scale + (i & place), left); \
            store_first(dx + i, accumulate ? load_first(dx + i, left) + d : d, left)) } \
        break;
    switch (rule) { CASE(ECG_GATE_GRADIENT) CASE(ECG_GATE_GUIDED) CASE(ECG_GATE_DECONVOLUTION) default: break; }
#undef CASE
}

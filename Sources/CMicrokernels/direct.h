// SPDX-License-Identifier: GPL-3.0-or-later
// A 1-D convolution over [time, channel] as a matrix product without a copy: the rows of the left matrix are overlapping windows.

/// Products that are summed in one chain; the sums of chains are added up. One chain of thousands would have several times the error.
enum { CHAIN = 64 };

/// Residual, activation and store of a tile's sums, in every `step`-th row from `row` on.
INLINE void finish_tile(const ecg_panel *p, long row, const long step, const int rows, const int vectors, const int whole, vec sum[14][2]) {
    const int activation = p->activation, mode = p->residual ? p->residualMode : ECG_NO_RESIDUAL;
    const long stride = step * p->outputStride, otherStride = step * p->residualStride;
    UNROLL for (int v = 0; v < vectors; v++) {
        const long left = whole ? LANES : p->columns - v * LANES;
        if (left <= 0) break;
        const int full = left >= LANES;
        float *output = p->output + row * p->outputStride + v * LANES;
        const float *residual = p->residual + row * p->residualStride + v * LANES;
        UNROLL for (int r = 0; r < rows; r++) {
            vec y = sum[r][v], other = {};
            if (mode) other = full ? load(residual + r * otherStride) : load_first(residual + r * otherStride, left);
            if (mode == ECG_RESIDUAL_BEFORE) y += other;
            y = activate(y, activation, p->slope);
            if (mode == ECG_RESIDUAL_AFTER) y += other;
            if (full) store(output + r * stride, y);
            else store_first(output + r * stride, y, left);
        }
    }
}

/// Fetches the rows that a residual is read from and those that are written while the products go on: a store that waits for both, from the third cache,
/// would hold up the next tile. Into the second cache: as many lines at once for the first keep it from reading inputs and weights meanwhile. (Alone, rows that
/// are written are fetched in time by the processor.)
INLINE void fetch_residual(const ecg_panel *p, long row, const int rows, const int width) {
    if (!p->residual) return;
    UNROLL for (int v = 0; v < width; v++) UNROLL for (int r = 0; r < rows; r++) {
        __builtin_prefetch(p->residual + (row + r) * p->residualStride + v * LANES, 0, 2);
    }
    if (p->residual == p->output) return;
    UNROLL for (int v = 0; v < width; v++) UNROLL for (int r = 0; r < rows; r++) {
        __builtin_prefetch(p->output + (row + r) * p->outputStride + v * LANES, 0, 2);
    }
}

/// `rows` x `width` accumulators stay in registers over a chain; the weights, a panel's of `vectors`, stream by, the inputs are broadcast.
INLINE void columns(const ecg_panel *p, long row, const int rows, const int vectors, const int width, const int whole) {
    vec sum[14][2], room[2 * 14], *total = TOTALS(rows, width, room);
    UNROLL for (int v = 0; v < width; v++) {
        vec bias = p->bias ? load(p->bias + v * LANES) : (vec){};
        UNROLL for (int r = 0; r < rows; r++) sum[r][v] = bias;
    }
    fetch_residual(p, row, rows, width);
    const float *weights = p->weights, *run = p->input + row * p->inputStride;
    const long stride = p->inputStride, length = p->tapLength;
    long chained = 0, chains = 0;
    for (long tap = 0; tap < p->taps; tap++, run += p->tapStride) {
        const float *input = run;
        for (long from = 0; from < length;) {
            if (chained == CHAIN) {
                keep_sums(rows, width, sum, total, chains == 0);
                clear_sums(rows, width, sum);
                chained = 0, chains++;
            }
            const long count = length - from < CHAIN - chained ? length - from : CHAIN - chained;
            for (long k = 0; k < count; k++, input++, weights += vectors * LANES) {
                vec w[2];
                UNROLL for (int v = 0; v < width; v++) w[v] = load(weights + v * LANES);
                UNROLL for (int r = 0; r < rows; r++) {
                    vec x = all(input[r * stride]);
                    UNROLL for (int v = 0; v < width; v++) sum[r][v] += x * w[v];
                }
            }
            from += count, chained += count;
        }
    }
    if (chains) add_kept(rows, width, sum, total);
    finish_tile(p, row, 1, rows, width, whole, sum);
}

/// The same call for the second vector of its panel alone.
INLINE ecg_panel second_vector(const ecg_panel *p) {
    ecg_panel second = *p;
    second.weights += LANES;
    second.output += LANES;
    second.columns -= LANES;
    if (second.bias) second.bias += LANES;
    if (second.residual) second.residual += LANES;
    return second;
}

INLINE void tile(const ecg_panel *p, long row, const int rows, const int vectors, const int whole) {
    const int width = vectors_together(rows, vectors);
    columns(p, row, rows, vectors, width, whole);
    if (width == vectors) return;
    const ecg_panel second = second_vector(p);
    columns(&second, row, rows, vectors, width, whole);
}

// A function for each height of tile, so that a remainder has a tile of its own. Tiles of a panel differ by one row at most.
#define TILE(R) \
    static __attribute__((noinline)) void wide_##R(const ecg_panel *p, long row) { tile(p, row, R, 2, 0); } \
    static __attribute__((noinline)) void narrow_##R(const ecg_panel *p, long row) { tile(p, row, R, 1, 0); }
FOR_TILE_ROWS(TILE)

typedef void (*tile_function)(const ecg_panel *, long row);
#define WIDE(R) wide_##R,
#define NARROW(R) narrow_##R,
static const tile_function tiles[2][TILE_ROWS + 1] = {{0, FOR_TILE_ROWS(NARROW)}, {0, FOR_TILE_ROWS(WIDE)}};

/// Rows a multiple of 4 KiB apart meet in one set of the first cache, which a tile's rows overflow. Short ones are moved together first.
static void panel_apart(const ecg_panel *p, long rows) {
    enum { LONGEST = 256, APART = LONGEST + 16 };
    float together[TILE_ROWS * APART];
    ecg_panel part = *p;
    part.input = together;
    part.inputStride = APART;
    for (long row = 0; row < rows; row += TILE_ROWS) {
        const long count = rows - row < TILE_ROWS ? rows - row : TILE_ROWS;
        for (long r = 0; r < count; r++) {
            __builtin_memcpy(together + r * APART, p->input + (row + r) * p->inputStride, p->tapLength * sizeof(float));
        }
        part.output = p->output + row * p->outputStride;
        if (p->residual) part.residual = p->residual + row * p->residualStride;
        tiles[p->vectors - 1][count](&part, 0);
    }
}

static void panel(const ecg_panel *p, long rows) {
    if (p->inputStride % 1024 == 0 && p->taps == 1 && p->tapLength <= 256 && rows > 8) {
        panel_apart(p, rows);
        return;
    }
    const tile_function *function = tiles[p->vectors - 1];
    const long count = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (long i = 0, row = 0; i < count; i++) {
        const long next = rows * (i + 1) / count;
        function[next - row](p, row);
        row = next;
    }
}

/// One row against several whole panels: a row alone gives each panel only two chains of additions, too few to keep the multipliers
/// busy, so panels go side by side. The order of each chain is that of the tile.
INLINE void row_tile(const ecg_panel *p, long between, const int panels) {
    vec sum[8], room[8], *total = in_memory(room);
    UNROLL for (int j = 0; j < 2 * panels; j++) sum[j] = p->bias ? load(p->bias + j * LANES) : (vec){};
    const float *weights = p->weights, *run = p->input;
    long chained = 0, chains = 0;
    for (long tap = 0; tap < p->taps; tap++, run += p->tapStride) {
        for (long from = 0; from < p->tapLength;) {
            if (chained == CHAIN) {
                UNROLL for (int j = 0; j < 2 * panels; j++) total[j] = chains ? sum[j] + total[j] : sum[j], sum[j] = (vec){};
                chained = 0, chains++;
            }
            const long end = p->tapLength - from < CHAIN - chained ? p->tapLength : from + CHAIN - chained;
            for (long k = from; k < end; k++, weights += 2 * LANES) {
                const vec x = all(run[k]);
                UNROLL for (int j = 0; j < 2 * panels; j++) sum[j] += x * load(weights + (j / 2) * between + (j % 2) * LANES);
            }
            chained += end - from, from = end;
        }
    }
    if (chains) UNROLL for (int j = 0; j < 2 * panels; j++) sum[j] += total[j];
    const int mode = p->residual ? p->residualMode : ECG_NO_RESIDUAL;
    UNROLL for (int j = 0; j < 2 * panels; j++) {
        const vec other = mode ? load(p->residual + j * LANES) : (vec){};
        vec y = sum[j];
        if (mode == ECG_RESIDUAL_BEFORE) y += other;
        y = activate(y, p->activation, p->slope);
        if (mode == ECG_RESIDUAL_AFTER) y += other;
        store(p->output + j * LANES, y);
    }
}

static void single_row(const ecg_panel *call, long panels, long between) {
    ecg_panel p = *call;
    while (panels > 0) {
        const long step = panels >= 4 ? 4 : panels >= 2 ? 2 : 1;
        if (step == 4) row_tile(&p, between, 4);
        else if (step == 2) row_tile(&p, between, 2);
        else row_tile(&p, between, 1);
        panels -= step;
        p.weights += step * between;
        p.output += step * 2 * LANES;
        if (p.bias) p.bias += step * 2 * LANES;
        if (p.residual) p.residual += step * 2 * LANES;
    }
}

/// Channels in the lanes, four output rows at a time: the weights are loaded once for all four.
INLINE void depthwise_block(const ecg_depthwise *p, long row, const int rows, long channel, const int full, long left) {
    vec sum[4];
    const vec bias = !p->bias ? (vec){} : full ? load(p->bias + channel) : load_first(p->bias + channel, left);
    UNROLL for (int r = 0; r < rows; r++) sum[r] = bias;
    const float *input = p->input + row * p->inputStride + channel, *weights = p->weights + channel;
    for (long tap = 0; tap < p->taps; tap++, input += p->tapStride, weights += p->weightStride) {
        const vec w = full ? load(weights) : load_first(weights, left);
        UNROLL for (int r = 0; r < rows; r++) {
            const float *x = input + r * p->inputStride;
            sum[r] += (full ? load(x) : load_first(x, left)) * w;
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        const float *residual = p->residual + (row + r) * p->residualStride + channel;
        const int mode = p->residual ? p->residualMode : ECG_NO_RESIDUAL;
        vec y = sum[r], other = {};
        if (mode) other = full ? load(residual) : load_first(residual, left);
        if (mode == ECG_RESIDUAL_BEFORE) y += other;
        y = activate(y, p->activation, p->slope);
        if (mode == ECG_RESIDUAL_AFTER) y += other;
        float *output = p->output + (row + r) * p->outputStride + channel;
        if (full) store(output, y);
        else store_first(output, y, left);
    }
}

static void depthwise(const ecg_depthwise *p, long rows) {
    for (long channel = 0; channel < p->channels; channel += LANES) {
        const long left = p->channels - channel;
        const int full = left >= LANES;
        long row = 0;
        if (full) {
            for (; row + 4 <= rows; row += 4) depthwise_block(p, row, 4, channel, 1, LANES);
            for (; row < rows; row++) depthwise_block(p, row, 1, channel, 1, LANES);
        } else {
            for (; row + 4 <= rows; row += 4) depthwise_block(p, row, 4, channel, 0, left);
            for (; row < rows; row++) depthwise_block(p, row, 1, channel, 0, left);
        }
    }
}

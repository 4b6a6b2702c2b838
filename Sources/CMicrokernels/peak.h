// SPDX-License-Identifier: GPL-3.0-or-later
// The limit that kernels are measured against: independent multiply-adds, as many as the registers hold, and nothing else.

static double multiply_adds(long rounds, float *sink) {
    enum { CHAINS = LANES == 16 ? 24 : 12 };
    vec sum[CHAINS];
    const vec a = all(sink[0]), b = all(sink[1]);
    UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = all((float)i);
    for (long round = 0; round < rounds; round++) {
        UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * a + b;
    }
    UNROLL for (int i = 1; i < CHAINS; i++) sum[0] += sum[i];
    sink[0] = sum_of(sum[0]);
    return 2.0 * LANES * CHAINS * (double)rounds;
}

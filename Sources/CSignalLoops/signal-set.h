// SPDX-License-Identifier: GPL-3.0-or-later
//
// The loops for vectors of LANES floats. Included once for each instruction set; no guard on purpose.

// a * b + c, rounded once.
#define FUSED(a, b, c) __builtin_elementwise_fma(a, b, c)

typedef float NAME(vec) __attribute__((vector_size(LANES * 4)));
typedef float NAME(vec_anywhere) __attribute__((vector_size(LANES * 4), aligned(4)));
typedef float NAME(vec16) __attribute__((vector_size(64)));
typedef float NAME(vec16_anywhere) __attribute__((vector_size(64), aligned(4)));

static inline NAME(vec) NAME(load)(const float *p) { return *(const NAME(vec_anywhere) *)p; }
static inline void NAME(store)(float *p, NAME(vec) v) { *(NAME(vec_anywhere) *)p = v; }

static int NAME(all_finite)(const float *from, long count) {
    uint32_t wrong = 0;
    for (long i = 0; i < count; i++) {
        uint32_t bits;
        __builtin_memcpy(&bits, from + i, 4);
        wrong |= (bits & 0x7F800000u) == 0x7F800000u;
    }
    return !wrong;
}

static void NAME(widen)(const float *from, double factor, double *to, long step, long count) {
    if (step == 1) {
        for (long i = 0; i < count; i++) to[i] = factor * from[i];
    } else {
        for (long i = 0; i < count; i++) to[i * step] = factor * from[i];
    }
}

static void NAME(weave)(const float *restrict first, const float *restrict second, double factor, double *restrict to, long count) {
    for (long i = 0; i < count; i++) {
        to[2 * i] = factor * first[i];
        to[2 * i + 1] = factor * second[i];
    }
}

static void NAME(unweave)(const double *restrict from, double factor, float *restrict first, float *restrict second, long count) {
    for (long i = 0; i < count; i++) {
        first[i] = (float)(factor * from[2 * i]);
        second[i] = (float)(factor * from[2 * i + 1]);
    }
}

// The steps that there are, each as a constant.
static void NAME(narrow)(const double *restrict from, double factor, long step, float *restrict to, long count) {
    if (step == 1) {
        for (long i = 0; i < count; i++) to[i] = (float)(factor * from[i]);
    } else if (step == 2) {
        for (long i = 0; i < count; i++) to[i] = (float)(factor * from[2 * i]);
    } else if (step == 4) {
        for (long i = 0; i < count; i++) to[i] = (float)(factor * from[4 * i]);
    } else {
        for (long i = 0; i < count; i++) to[i] = (float)(factor * from[i * step]);
    }
}

static void NAME(shift)(const float *from, float constant, float *to, long count) {
    for (long i = 0; i < count; i++) to[i] = from[i] + constant;
}

static void NAME(unpair)(const float *from, float constant, float *to, long count) {
    for (long i = 0; i < count; i++) to[i] = from[2 * i] + constant;
}

static void NAME(pair)(const float *restrict first, const float *restrict second, float *restrict to, long count) {
    for (long i = 0; i < count; i++) {
        to[2 * i] = first[i];
        to[2 * i + 1] = second[i];
    }
}

static void NAME(multiply)(float *restrict x, const float *restrict h, long count) {
    for (long k = 0; k < count; k++) {
        const float xr = x[2 * k], xi = x[2 * k + 1], hr = h[2 * k], hi = h[2 * k + 1];
        x[2 * k] = xr * hr - xi * hi;
        x[2 * k + 1] = xr * hi + xi * hr;
    }
}

// Eight vectors at a time, since a sum waits for the one before it.
static inline void NAME(correlate_block)(const float *from, const float *taps, long tap_count, float after, float *to) {
    NAME(vec) sums[8] = {};
    for (long k = 0; k < tap_count; k++) {
        const float *p = from + k;
        const float tap = taps[k];
        for (int v = 0; v < 8; v++) sums[v] += tap * NAME(load)(p + v * LANES);
    }
    for (int v = 0; v < 8; v++) NAME(store)(to + v * LANES, sums[v] + after);
}

static void NAME(correlate)(const float *from, const float *taps, long tap_count, float after, float *to, long count) {
    long i = 0;
    for (; i + 8 * LANES <= count; i += 8 * LANES) NAME(correlate_block)(from + i, taps, tap_count, after, to + i);
    // The last block covers some values a second time, the same ones: one by one they would take as long as all the blocks of a short record.
    if (i < count && i > 0) {
        i = count - 8 * LANES;
        NAME(correlate_block)(from + i, taps, tap_count, after, to + i);
        return;
    }
    for (; i < count; i++) {
        float sum = 0;
        for (long k = 0; k < tap_count; k++) sum += taps[k] * from[i + k];
        to[i] = sum + after;
    }
}

static long NAME(resample)(ecg_polyphase *place, const float *samples, long end, float *to, long most) {
    const long reach = place->reach, up = place->up, whole = place->down / place->up, rest = place->down % place->up;
    long newest = place->newest, phase = place->phase, made = 0;
    while (newest < end && made < most) {
        const float *taps = place->phases + phase * reach, *from = samples + (newest - reach + 1);
        NAME(vec16) sum = {};
        for (long k = 0; k < reach; k += 16) sum += *(const NAME(vec16_anywhere) *)(taps + k) * *(const NAME(vec16_anywhere) *)(from + k);
        // Halves onto each other, until one is left.
        float lanes[16];
        __builtin_memcpy(lanes, &sum, sizeof lanes);
        for (int half = 8; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
        }
        to[made++] = lanes[0];
        newest += whole;
        phase += rest;
        if (phase >= up) {
            phase -= up;
            newest++;
        }
    }
    place->newest = newest;
    place->phase = phase;
    return made;
}

static inline void NAME(section)(const ecg_section *section, double *s1, double *s2, double *values, long step, long from, long to) {
    const ecg_section s = *section;
    double first = *s1, second = *s2;
    for (long i = from; i < to; i++) {
        const double x = values[i * step], y = x + first;
        const double next = FUSED(-s.a1, first, FUSED(s.c1, x, second));
        second = FUSED(-s.a2, first, s.c2 * x);
        first = next;
        values[i * step] = y;
    }
    *s1 = first;
    *s2 = second;
}

// The leads of a moment lie beside each other. Lane section * LEADS + lead is two samples behind the section before it: what one section gives has
// time to become the next one's input. SHIFTED are the indices that move each section's lanes to the next one's behind the leads of a new sample.
// From one sample to the next a run waits for itself: CHAINS of them, which have nothing to do with each other, go side by side.
#define VECTORS(LEADS)                                                                                                                     \
    typedef double NAME(lanes##LEADS) __attribute__((vector_size(LEADS * 32)));                                                            \
    typedef double NAME(leads##LEADS) __attribute__((vector_size(LEADS * 8)));                                                             \
    typedef double NAME(leads_anywhere##LEADS) __attribute__((vector_size(LEADS * 8), aligned(8)));
VECTORS(1)
VECTORS(2)
VECTORS(4)

#define SECTIONS(LEADS, CHAINS, SHIFTED, FIRST, LAST)                                                                                      \
    static void NAME(sections_of_##LEADS##_##CHAINS)(                                                                                      \
        const ecg_section *s, double *const *states, double *const *values, const long *steps, long count) {                               \
        for (int c = 0; c < CHAINS; c++) {                                                                                                 \
            for (int lane = 0; lane < 4 * LEADS; lane++) {                                                                                 \
                const int k = lane / LEADS;                                                                                                \
                const long ahead = count < 16 ? count : 6 - 2 * k;                                                                         \
                NAME(section)(s + k, states[c] + lane, states[c] + 4 * LEADS + lane, values[c] + lane % LEADS, steps[c], 0, ahead);        \
            }                                                                                                                              \
        }                                                                                                                                  \
        if (count < 16) return;                                                                                                            \
        NAME(lanes##LEADS) c1, c2, a1, a2, s1[CHAINS], s2[CHAINS], older[CHAINS] = {}, old[CHAINS] = {};                                   \
        for (int lane = 0; lane < 4 * LEADS; lane++) {                                                                                     \
            const ecg_section *section = s + lane / LEADS;                                                                                 \
            const int k = lane / LEADS, lead = lane % LEADS;                                                                               \
            c1[lane] = section->c1, c2[lane] = section->c2, a1[lane] = section->a1, a2[lane] = section->a2;                                \
            for (int c = 0; c < CHAINS; c++) {                                                                                             \
                s1[c][lane] = states[c][lane], s2[c][lane] = states[c][4 * LEADS + lane];                                                  \
                if (k == 3) continue;                                                                                                      \
                older[c][lane] = values[c][(4 - 2 * k) * steps[c] + lead], old[c][lane] = values[c][(5 - 2 * k) * steps[c] + lead];        \
            }                                                                                                                              \
        }                                                                                                                                  \
        for (long i = 6; i < count; i++) {                                                                                                 \
            _Pragma("clang loop unroll(full)") for (int c = 0; c < CHAINS; c++) {                                                          \
                const NAME(leads##LEADS) sample = *(const NAME(leads_anywhere##LEADS) *)(values[c] + i * steps[c]);                        \
                const NAME(lanes##LEADS) x = __builtin_shufflevector(__builtin_shufflevector(sample, sample, FIRST), older[c], SHIFTED);   \
                const NAME(lanes##LEADS) y = x + s1[c];                                                                                    \
                const NAME(lanes##LEADS) next = FUSED(-a1, s1[c], FUSED(c1, x, s2[c]));                                                    \
                s2[c] = FUSED(-a2, s1[c], c2 * x);                                                                                         \
                s1[c] = next;                                                                                                              \
                *(NAME(leads_anywhere##LEADS) *)(values[c] + (i - 6) * steps[c]) = __builtin_shufflevector(y, y, LAST);                    \
                older[c] = old[c];                                                                                                         \
                old[c] = y;                                                                                                                \
            }                                                                                                                              \
        }                                                                                                                                  \
        for (int c = 0; c < CHAINS; c++) {                                                                                                 \
            for (int lane = 0; lane < 4 * LEADS; lane++) {                                                                                 \
                const int k = lane / LEADS, lead = lane % LEADS;                                                                           \
                states[c][lane] = s1[c][lane], states[c][4 * LEADS + lane] = s2[c][lane];                                                  \
                if (k == 3) continue;                                                                                                      \
                values[c][(count - 2 - 2 * k) * steps[c] + lead] = older[c][lane], values[c][(count - 1 - 2 * k) * steps[c] + lead] = old[c][lane];\
            }                                                                                                                              \
            for (int lane = LEADS; lane < 4 * LEADS; lane++) {                                                                             \
                const int k = lane / LEADS;                                                                                                \
                double *state = states[c] + lane;                                                                                          \
                NAME(section)(s + k, state, state + 4 * LEADS, values[c] + lane % LEADS, steps[c], count - 2 * k, count);                  \
            }                                                                                                                              \
        }                                                                                                                                  \
    }

#define INDICES(...) __VA_ARGS__
#define LEADS_1(CHAINS) SECTIONS(1, CHAINS, INDICES(0, 4, 5, 6), INDICES(0, -1, -1, -1), INDICES(3))
#define LEADS_2(CHAINS) SECTIONS(2, CHAINS, INDICES(0, 1, 8, 9, 10, 11, 12, 13), INDICES(0, 1, -1, -1, -1, -1, -1, -1), INDICES(6, 7))
#define LEADS_4(CHAINS)                                                                                                                    \
    SECTIONS(                                                                                                                              \
        4, CHAINS, INDICES(0, 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27),                                                    \
        INDICES(0, 1, 2, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1), INDICES(12, 13, 14, 15))
LEADS_1(1)
LEADS_1(2)
LEADS_2(1)
LEADS_2(2)
LEADS_4(1)
LEADS_4(2)

static void NAME(sections)(const ecg_section *s, double *states, int leads, int backwards, double *values, long count) {
    if (count <= 0) return;
    double *start = backwards ? values + (count - 1) * leads : values;
    const long step = backwards ? -leads : leads;
    switch (leads) {
    case 4: NAME(sections_of_4_1)(s, &states, &start, &step, count); break;
#if LANES == 16
    // A run waits for itself, and longer for wide products than for two half as wide.
    case 2: sections_of_2_1_avx2(s, &states, &start, &step, count); break;
#else
    case 2: NAME(sections_of_2_1)(s, &states, &start, &step, count); break;
#endif
    default: NAME(sections_of_1_1)(s, &states, &start, &step, count); break;
    }
}

static void NAME(two_runs)(
    const ecg_section *s, double *first_states, double *second_states, int leads, int backwards, int second_backwards, double *first,
    double *second, long count) {
    if (count <= 0) return;
    const long last = (count - 1) * leads, steps[2] = {backwards ? -leads : leads, second_backwards ? -leads : leads};
    double *const states[2] = {first_states, second_states};
    double *const starts[2] = {first + (backwards ? last : 0), second + (second_backwards ? last : 0)};
    switch (leads) {
    case 4: NAME(sections_of_4_2)(s, states, starts, steps, count); break;
    case 2: NAME(sections_of_2_2)(s, states, starts, steps, count); break;
    default: NAME(sections_of_1_2)(s, states, starts, steps, count); break;
    }
}

static const ecg_signal_loops NAME(loops) = {
    .all_finite = NAME(all_finite),
    .widen = NAME(widen),
    .weave = NAME(weave),
    .unweave = NAME(unweave),
    .narrow = NAME(narrow),
    .shift = NAME(shift),
    .unpair = NAME(unpair),
    .pair = NAME(pair),
    .multiply = NAME(multiply),
    .correlate = NAME(correlate),
    .resample = NAME(resample),
    .sections = NAME(sections),
    .two_runs = NAME(two_runs),
};

#undef FUSED

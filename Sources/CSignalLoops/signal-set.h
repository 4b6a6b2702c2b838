// SPDX-License-Identifier: GPL-3.0-or-later
//
// The loops for vectors of LANES floats. Included once for each instruction set; no guard on purpose.

typedef float NAME(vec) __attribute__((vector_size(LANES * 4)));
typedef float NAME(vec_anywhere) __attribute__((vector_size(LANES * 4), aligned(4)));
typedef float NAME(vec16) __attribute__((vector_size(64)));
typedef float NAME(vec16_anywhere) __attribute__((vector_size(64), aligned(4)));
typedef double NAME(vec4d) __attribute__((vector_size(32)));

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

static void NAME(widen)(const float *from, double *to, long count) {
    for (long i = 0; i < count; i++) to[i] = from[i];
}

static void NAME(narrow)(const double *from, float *to, long count) {
    for (long i = 0; i < count; i++) to[i] = (float)from[i];
}

static void NAME(shift)(const float *from, float constant, float *to, long count) {
    for (long i = 0; i < count; i++) to[i] = from[i] + constant;
}

static void NAME(multiply)(float *restrict x, const float *restrict h, long count) {
    for (long k = 0; k < count; k++) {
        const float xr = x[2 * k], xi = x[2 * k + 1], hr = h[2 * k], hi = h[2 * k + 1];
        x[2 * k] = xr * hr - xi * hi;
        x[2 * k + 1] = xr * hi + xi * hr;
    }
}

static void NAME(correlate)(const float *from, float before, const float *taps, long tap_count, float after, float *to, long count) {
    long i = 0;
    // Four vectors at a time, since a sum waits for the one before it.
    for (; i + 4 * LANES <= count; i += 4 * LANES) {
        NAME(vec) a = {}, b = {}, c = {}, d = {};
        for (long k = 0; k < tap_count; k++) {
            const float *p = from + i + k;
            const float tap = taps[k];
            a += tap * (NAME(load)(p) + before);
            b += tap * (NAME(load)(p + LANES) + before);
            c += tap * (NAME(load)(p + 2 * LANES) + before);
            d += tap * (NAME(load)(p + 3 * LANES) + before);
        }
        NAME(store)(to + i, a + after);
        NAME(store)(to + i + LANES, b + after);
        NAME(store)(to + i + 2 * LANES, c + after);
        NAME(store)(to + i + 3 * LANES, d + after);
    }
    for (; i < count; i++) {
        float sum = 0;
        for (long k = 0; k < tap_count; k++) sum += taps[k] * (from[i + k] + before);
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

static inline void NAME(section)(ecg_section *section, double *values, long step, long from, long to) {
    ecg_section s = *section;
    for (long i = from; i < to; i++) {
        const double x = values[i * step], y = s.b0 * x + s.s1;
        const double next = (s.c1 * x + s.s2) - s.a1 * s.s1;
        s.s2 = s.c2 * x - s.a2 * s.s1;
        s.s1 = next;
        values[i * step] = y;
    }
    *section = s;
}

/// Lane k is section k, two samples behind section k - 1: what one section gives has time to become the next one's input.
static inline __attribute__((always_inline)) void NAME(four_sections)(ecg_section *s, double *values, long step, long count) {
    if (count < 16) {
        for (int k = 0; k < 4; k++) NAME(section)(s + k, values, step, 0, count);
        return;
    }
    for (int k = 0; k < 3; k++) NAME(section)(s + k, values, step, 0, 6 - 2 * k);
#define FIELD(name) {s[0].name, s[1].name, s[2].name, s[3].name}
    const NAME(vec4d) b0 = FIELD(b0), c1 = FIELD(c1), c2 = FIELD(c2), a1 = FIELD(a1), a2 = FIELD(a2);
    NAME(vec4d) s1 = FIELD(s1), s2 = FIELD(s2);
#undef FIELD
    NAME(vec4d) older = {values[4 * step], values[2 * step], values[0], 0}, old = {values[5 * step], values[3 * step], values[step], 0};
    for (long i = 6; i < count; i++) {
        NAME(vec4d) x = __builtin_shufflevector(older, older, 3, 0, 1, 2);
        x[0] = values[i * step];
        const NAME(vec4d) y = b0 * x + s1;
        const NAME(vec4d) next = (c1 * x + s2) - a1 * s1;
        s2 = c2 * x - a2 * s1;
        s1 = next;
        values[(i - 6) * step] = y[3];
        older = old;
        old = y;
    }
    for (int k = 0; k < 4; k++) {
        s[k].s1 = s1[k];
        s[k].s2 = s2[k];
    }
    for (int k = 0; k < 3; k++) {
        values[(count - 2 - 2 * k) * step] = older[k];
        values[(count - 1 - 2 * k) * step] = old[k];
    }
    for (int k = 1; k < 4; k++) NAME(section)(s + k, values, step, count - 2 * k, count);
}

static void NAME(sections)(ecg_section *s, double *values, long count) { NAME(four_sections)(s, values, 1, count); }

static void NAME(sections_backwards)(ecg_section *s, double *values, long count) {
    if (count > 0) NAME(four_sections)(s, values + (count - 1), -1, count);
}

static const ecg_signal_loops NAME(loops) = {
    .all_finite = NAME(all_finite),
    .widen = NAME(widen),
    .narrow = NAME(narrow),
    .shift = NAME(shift),
    .multiply = NAME(multiply),
    .correlate = NAME(correlate),
    .resample = NAME(resample),
    .sections = NAME(sections),
    .sections_backwards = NAME(sections_backwards),
};

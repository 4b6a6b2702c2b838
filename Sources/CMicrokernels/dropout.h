// SPDX-License-Identifier: GPL-3.0-or-later
// Dropout: whether a value stays is a hash of its position and a key, the same in every instruction set.
typedef unsigned int uvec __attribute__((vector_size(LANES * 4)));

/// A mixer of 32 bits (C. Wellons, "lowbias32").
INLINE uvec mixed(uvec h) {
    h ^= h >> 16;
    h *= 0x7FEB352Du;
    h ^= h >> 15;
    h *= 0x846CA68Bu;
    h ^= h >> 16;
    return h;
}

INLINE vec dropped(uvec place, unsigned int first, unsigned int second, unsigned int threshold, float gain, vec x) {
    const uvec hash = mixed(mixed(place ^ first) ^ second);
    return choose((ivec)(hash >= threshold), x * gain, (vec){});
}

static void dropout(unsigned long position, long count, unsigned int first, unsigned int second, unsigned int threshold, float gain,
                    const float *x, const float *signs, float slope, const float *residual, float *y) {
    uvec place;
    for (int lane = 0; lane < LANES; lane++) place[lane] = (unsigned int)position + (unsigned int)lane;
    for (long i = 0; i < count; i += LANES, place += LANES) {
        const long left = count - i;
        vec value = dropped(place, first, second, threshold, gain, some(x + i, left));
        if (signs) value = choose(some(signs + i, left) > 0, value, value * slope);
        if (residual) value += some(residual + i, left);
        keep(y + i, value, left);
    }
}

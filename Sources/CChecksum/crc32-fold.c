// SPDX-License-Identifier: GPL-3.0-or-later
#include "crc32-fold.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,vpclmulqdq")))

/// Moves what 16 bytes stand for over a distance of d bits: `to` has x^(d + 32) and x^(d - 32) modulo the polynomial, bits reversed, in every lane.
TARGET static inline __m512i move(__m512i from, __m512i to, __m512i onto) {
    const __m512i low = _mm512_clmulepi64_epi128(from, to, 0x00), high = _mm512_clmulepi64_epi128(from, to, 0x11);
    return _mm512_ternarylogic_epi64(low, high, onto, 0x96);
}

TARGET static void fold(uint32_t state, const uint8_t *bytes, size_t count, uint8_t *rest) {
    const __m512i far = _mm512_broadcast_i32x4(_mm_set_epi64x(0x1322d1430, 0x11542778a));
    const __m512i near = _mm512_broadcast_i32x4(_mm_set_epi64x(0x1c6e41596, 0x154442bd4));
    __m512i parts[4];
    for (int i = 0; i < 4; i++) parts[i] = _mm512_loadu_si512(bytes + 64 * i);
    parts[0] = _mm512_xor_si512(parts[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)state)));
    for (size_t at = 256; at < count; at += 256) {
        for (int i = 0; i < 4; i++) parts[i] = move(parts[i], far, _mm512_loadu_si512(bytes + at + 64 * i));
    }
    __m512i whole = parts[0];
    for (int i = 1; i < 4; i++) whole = move(whole, near, parts[i]);
    _mm512_storeu_si512(rest, whole);
}
#endif

ecg_crc32_fold_function *ecg_crc32_fold(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq")) return fold;
#endif
    return NULL;
}

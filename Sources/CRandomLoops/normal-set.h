// SPDX-License-Identifier: GPL-3.0-or-later
//
// Box and Muller's pairs, LANES draws at a time. Included once for each instruction set; no guard on purpose.
//
// A number is defined as the float nearest to what the C library's log, cos and sin give in double precision. The polynomials here (those of FreeBSD's
// msun, by Sun Microsystems) come within a few units in the last place of that; where so small a difference could lead to another float, with one draw
// in half a million, the library's functions are called after all.

typedef uint64_t NAME(words) __attribute__((vector_size(LANES * 8)));
typedef int64_t NAME(mask) __attribute__((vector_size(LANES * 8)));
typedef double NAME(reals) __attribute__((vector_size(LANES * 8)));
typedef float NAME(floats) __attribute__((vector_size(LANES * 4)));
typedef struct { NAME(words) a, b, c, d; } NAME(bits);

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011), a counter a lane.
INLINE NAME(bits) NAME(philox)(const ecg_random_source *source, NAME(words) draw) {
    const NAME(words) none = {}, low = none + 0xFFFFFFFFu;
    NAME(words) c0 = draw & low, c1 = draw >> 32, c2 = none + (source->purpose & 0xFFFFFFFFu), c3 = none + (source->purpose >> 32);
    uint32_t k0 = source->key[0], k1 = source->key[1];
    for (int round = 0; round < 10; round++) {
        const NAME(words) left = (c0 & low) * 0xD2511F53u, right = (c2 & low) * 0xCD9E8D57u;
        c0 = (right >> 32) ^ c1 ^ k0, c2 = (left >> 32) ^ c3 ^ k1;
        c1 = right & low, c3 = left & low;
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    return (NAME(bits)){c0, c1, c2, c3};
}

INLINE NAME(reals) NAME(choose)(NAME(mask) where, NAME(reals) a, NAME(reals) b) {
    return (NAME(reals))(((NAME(mask))a & where) | ((NAME(mask))b & ~where));
}

/// The natural logarithm of numbers in (0, 1].
INLINE NAME(reals) NAME(logarithm)(NAME(reals) x) {
    // x = 2^k · (1 + f) with 1 + f from √½ to √2
    const NAME(words) offset = (NAME(words))x + (0x3FF0000000000000u - 0x3FE6A09E00000000u);
    const NAME(reals) k = __builtin_convertvector((NAME(mask))(offset >> 52) - 0x3FF, NAME(reals));
    const NAME(reals) f = (NAME(reals))((offset & 0x000FFFFFFFFFFFFFu) + 0x3FE6A09E00000000u) - 1.0;
    const NAME(reals) s = f / (2.0 + f), z = s * s, w = z * z, half = 0.5 * f * f;
    const NAME(reals) even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const NAME(reals) odd = z * (6.666666666666735130e-01
        + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    return k * 6.93147180369123816490e-01 - ((half - (s * (half + (even + odd)) + k * 1.90821492927058770002e-10)) - f);
}

typedef struct {
    NAME(reals) cosine, sine;
    /// Set where one of them is too small for the formulas.
    NAME(mask) isNear;
} NAME(circle);

/// Cosine and sine of angles from 0 to 2π.
INLINE NAME(circle) NAME(turn)(NAME(reals) angle) {
    // the nearest multiple of π/2 is taken off in parts whose products with it are exact
    const NAME(mask) quarter = __builtin_convertvector(angle * 6.36619772367581382433e-01 + 0.5, NAME(mask));
    const NAME(reals) q = __builtin_convertvector(quarter, NAME(reals));
    const NAME(reals) r = ((angle - q * 0x1.921fb544p0) - q * 0x1.0b4611a6p-34) - q * 0x1.3198a2e037073p-69;
    const NAME(reals) z = r * r;
    const NAME(reals) sine = r + r * z * (-1.66666666666666324348e-01 + z * (8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04
        + z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)))));
    const NAME(reals) rest = z * z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * (2.48015872894767294178e-05
        + z * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
    const NAME(reals) half = 0.5 * z, top = 1.0 - half, cosine = top + (((1.0 - top) - half) + rest);
    const NAME(mask) isOdd = (quarter & 1) != 0, isNear = (r < 0x1p-20) & (r > -0x1p-20);
    // the sign bit where the quarter turns it
    const NAME(words) turnsCosine = (NAME(words))((quarter + 1) & 2) << 62, turnsSine = (NAME(words))(quarter & 2) << 62;
    return (NAME(circle)){
        (NAME(reals))((NAME(words))NAME(choose)(isOdd, sine, cosine) ^ turnsCosine),
        (NAME(reals))((NAME(words))NAME(choose)(isOdd, cosine, sine) ^ turnsSine), isNear};
}

/// Whether everything within the formulas' error of a number is rounded to the same float.
INLINE NAME(mask) NAME(certain)(NAME(reals) x) {
    const NAME(reals) error = x * 0x1p-47;
    const NAME(floats) low = __builtin_convertvector(x - error, NAME(floats)), high = __builtin_convertvector(x + error, NAME(floats));
    return __builtin_convertvector(low, NAME(reals)) == __builtin_convertvector(high, NAME(reals));
}

static void NAME(normal_pairs)(const ecg_random_source *source, uint64_t first, long draws, float *pairs) {
    NAME(words) draw = {};
    for (int lane = 0; lane < LANES; lane++) draw[lane] = first + (uint64_t)lane;
    for (long i = 0; i < draws; i += LANES, draw += LANES) {
        const NAME(bits) found = NAME(philox)(source, draw);
        const NAME(words) one = (found.b << 32 | found.a) >> 11, two = (found.d << 32 | found.c) >> 11;
        const NAME(reals) uniform = (__builtin_convertvector((NAME(mask))one, NAME(reals)) + 1.0) * 0x1p-53;  // in (0, 1]
        const NAME(reals) angle = 6.28318530717958647693 * (__builtin_convertvector((NAME(mask))two, NAME(reals)) * 0x1p-53);
        const NAME(reals) radius = __builtin_elementwise_sqrt(-2.0 * NAME(logarithm)(uniform));
        const NAME(circle) turned = NAME(turn)(angle);
        NAME(reals) x = radius * turned.cosine, y = radius * turned.sine;
        const NAME(mask) sure = NAME(certain)(x) & NAME(certain)(y) & ~turned.isNear & (uniform < 1.0);
        if (__builtin_reduce_and(sure) == 0) {
            for (int lane = 0; lane < LANES; lane++) {
                if (sure[lane]) continue;
                const double exact = sqrt(-2 * log(uniform[lane]));
                x[lane] = exact * cos(angle[lane]), y[lane] = exact * sin(angle[lane]);
            }
        }
        const NAME(floats) even = __builtin_convertvector(x, NAME(floats)), odd = __builtin_convertvector(y, NAME(floats));
        const long count = draws - i < LANES ? draws - i : LANES;
        for (long lane = 0; lane < count; lane++) pairs[2 * (i + lane)] = even[lane], pairs[2 * (i + lane) + 1] = odd[lane];
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Functions of a vector, within about two units in the last place of float; NaN stays NaN, infinities go where they belong.
// Polynomials: exp and tanh after Cephes (S. Moshier), log and erf after N. Juffa's single-precision minimax forms.

INLINE vec magnitude(vec x) { return (vec)((ivec)x & 0x7fffffff); }
INLINE vec with_sign(vec x, vec sign) { return (vec)(((ivec)x & 0x7fffffff) | ((ivec)sign & (int)0x80000000)); }
INLINE vec larger(vec a, vec b) { return choose((a > b) | (a != a), a, b); }
INLINE vec smaller(vec a, vec b) { return choose((a < b) | (a != a), a, b); }
INLINE vec square_root(vec x) { return __builtin_elementwise_sqrt(x); }

INLINE vec exponential(vec x) {
    const float infinity = __builtin_inff();
    const vec given = x;
    x = choose(x > 89.0f, all(89.0f), choose(x < -104.0f, all(-104.0f), x));
    // The nearest integer appears in the low bits of a float that large.
    const vec shifted = x * 1.44269504088896341f + 12582912.0f;
    const vec n = shifted - 12582912.0f;
    const vec high = x - n * 0.693359375f;
    const vec r = high - n * -2.12194440e-4f;
    vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    // In two steps, since 2^n alone leaves the range of float at both ends before the result does.
    const ivec exponent = (ivec)shifted - 0x4b400000, half = exponent >> 1;
    p = p * (vec)((half + 127) << 23) * (vec)((exponent - half + 127) << 23);
    return choose(given > 88.72283935546875f, choose(given < infinity, all(infinity), given), p);
}

INLINE vec logarithm(vec x) {
    const vec given = x;
    const ivec small = x < 1.175494351e-38f;
    x = choose(small, x * 8388608.0f, x);
    vec i = choose(small, all(-23.0f), (vec){});
    const ivec e = ((ivec)x - 0x3f2aaaab) & (int)0xff800000;
    const vec m = (vec)((ivec)x - e) - 1.0f, s = m * m;
    i = __builtin_convertvector(e, vec) * 1.19209290e-7f + i;
    vec r = s * -0.130310059f + -0.121483512f, t = s * 0.140869141f + 0.139814854f;
    r = r * s + -0.166846126f;
    t = t * s + 0.200120345f;
    r = r * s + -0.249996200f;
    r = t * m + r;
    r = r * m + 0.333331972f;
    r = r * m + -0.5f;
    r = r * s + m;
    r = i * 0.693147182f + r;
    r = choose(given < __builtin_inff(), r, given);
    r = choose(given < 0, all(__builtin_nanf("")), r);
    return choose(given == 0, all(-__builtin_inff()), r);
}

/// log(1 + u) for u > -1, exact where u is small.
INLINE vec logarithm_1p(vec u) {
    const vec sum = u + 1.0f, kept = sum - 1.0f;
    const vec r = logarithm(sum) * (u / kept);
    return choose(kept == 0, u, choose(sum == __builtin_inff(), sum, r));
}

/// With the exponential of −|x|, which never overflows: small results keep their digits.
INLINE vec sigmoid(vec x) {
    const vec e = exponential((vec)((ivec)x | (int)0x80000000));
    return choose(x < 0, e, all(1.0f)) / (1.0f + e);
}

INLINE vec hyperbolic_tangent(vec x) {
    const vec size = magnitude(x), s = x * x;
    vec p = s * -5.70498872745e-3f + 2.06390887954e-2f;
    p = p * s + -5.37397155531e-2f;
    p = p * s + 1.33314422036e-1f;
    p = p * s + -3.33332819422e-1f;
    p = p * (s * x) + x;
    const vec far = 1.0f - 2.0f / (exponential(size + size) + 1.0f);
    return choose(size < 0.625f, p, with_sign(far, x));
}

INLINE vec error_function(vec a) {
    const vec t = magnitude(a), s = a * a;
    vec r = t * -1.72853470e-5f + 3.83197126e-4f;
    const vec u = t * -3.88396438e-3f + 2.42546219e-2f;
    r = r * s + u;
    r = r * t + -1.06777877e-1f;
    r = r * t + -6.34846687e-1f;
    r = r * t + -1.28717512e-1f;
    r = r * t - t;
    // Beyond 4 the polynomial is out of its range and the result is 1 anyway.
    r = choose(t > 4.0f, all(1.0f), 1.0f - exponential(r));
    vec q = s * -5.96761703e-4f + 4.99119423e-3f;
    q = q * s + -2.67681349e-2f;
    q = q * s + 1.12819925e-1f;
    q = q * s + -3.76125336e-1f;
    q = q * s + 1.28379166e-1f;
    q = q * a + a;
    return choose(a != a, a, choose(t > 0.927734375f, with_sign(r, a), q));
}

INLINE vec softplus(vec x) { return larger(x, (vec){}) + logarithm_1p(exponential(-magnitude(x))); }

/// Sum of the lanes, always by halves.
INLINE float sum_of(vec v) {
    float lanes[LANES];
    store(lanes, v);
    UNROLL for (int width = LANES / 2; width > 0; width /= 2) {
        UNROLL for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
    }
    return lanes[0];
}

// SPDX-License-Identifier: GPL-3.0-or-later
//
// The innermost loops of the filters, for the processor's widest vectors. Products and sums are rounded one by one, but for those of the sections,
// which are rounded once, and in one order, whatever the vectors' width: all instruction sets give the same bits.
#ifndef ECGPIPE_SIGNAL_LOOPS_H
#define ECGPIPE_SIGNAL_LOOPS_H

/// A second-order section with b0 = 1 as a state space: y = x + s1, s1' = (c1 x + s2) - a1 s1, s2' = c2 x - a2 s1.
typedef struct {
    double c1, c2, a1, a2;
} ecg_section;

/// The polyphase taps of a change of the sampling frequency, and where it has got to.
typedef struct {
    /// [up][reach], oldest sample first; `reach` is a multiple of 16.
    const float *_Nonnull phases;
    long reach, up, down;
    /// The newest sample that the next value meets, as an index into the samples, and the phase of its taps.
    long newest, phase;
} ecg_polyphase;

/// Loops of one instruction set.
typedef struct {
    /// 0 if one of the samples is not finite.
    int (*_Nonnull all_finite)(const float *_Nonnull from, long count);
    /// to[i * step] = factor * from[i].
    void (*_Nonnull widen)(const float *_Nonnull from, double factor, double *_Nonnull to, long step, long count);
    /// to[2 * i] = factor * first[i], to[2 * i + 1] = factor * second[i].
    void (*_Nonnull weave)(const float *_Nonnull first, const float *_Nonnull second, double factor, double *_Nonnull to, long count);
    /// first[i] = factor * from[2 * i], second[i] = factor * from[2 * i + 1], rounded.
    void (*_Nonnull unweave)(const double *_Nonnull from, double factor, float *_Nonnull first, float *_Nonnull second, long count);
    /// to[i] = factor * from[i * step], rounded.
    void (*_Nonnull narrow)(const double *_Nonnull from, double factor, long step, float *_Nonnull to, long count);
    /// to[i] = from[i] + constant.
    void (*_Nonnull shift)(const float *_Nonnull from, float constant, float *_Nonnull to, long count);
    /// to[i] = from[2 * i] + constant.
    void (*_Nonnull unpair)(const float *_Nonnull from, float constant, float *_Nonnull to, long count);
    /// to[2 * i] = first[i], to[2 * i + 1] = second[i].
    void (*_Nonnull pair)(const float *_Nonnull first, const float *_Nonnull second, float *_Nonnull to, long count);
    /// x[k] *= h[k], complex numbers.
    void (*_Nonnull multiply)(float *_Nonnull x, const float *_Nonnull h, long count);
    /// to[i] = sum over k of taps[k] · from[i + k] + after, in the order of k.
    void (*_Nonnull correlate)(
        const float *_Nonnull from, const float *_Nonnull taps, long tap_count, float after, float *_Nonnull to, long count);
    /// The values whose samples lie before index `end`; returns how many, at most `most`.
    long (*_Nonnull resample)(ecg_polyphase *_Nonnull place, const float *_Nonnull samples, long end, float *_Nonnull to, long most);
    /// Runs four sections after each other over the values of 1, 2 or 4 leads, in place: values[time][lead], states[2][section][lead] (s1, s2).
    /// Backwards, from the last value to the first.
    void (*_Nonnull sections)(
        const ecg_section *_Nonnull sections, double *_Nonnull states, int leads, int backwards, double *_Nonnull values, long count);
    /// Two such runs side by side, each with states, values and a direction of its own, in little more time than one.
    void (*_Nonnull two_runs)(
        const ecg_section *_Nonnull sections, double *_Nonnull states, double *_Nonnull other_states, int leads, int backwards,
        int other_backwards, double *_Nonnull values, double *_Nonnull other_values, long count);
} ecg_signal_loops;

/// Those for this processor.
const ecg_signal_loops *_Nonnull ecg_signal_loops_here(void);
/// The sets that this processor has: 0 portable, 1 AVX2, 2 AVX-512; NULL for one that it lacks.
const ecg_signal_loops *_Nullable ecg_signal_loops_for(int set);

#endif

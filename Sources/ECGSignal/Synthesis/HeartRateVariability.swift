// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import Glibc

/// The RR interval of sinus rhythm as a function of time, with ECGSYN's spectrum: a low-frequency hump at 0.1 Hz (Mayer waves) and a
/// high-frequency one at 0.25 Hz (respiration), both Gaussian, with random phases.
///
/// ECGSYN makes it by an inverse Fourier transform over the whole recording; the same sum over a few dozen frequencies, spread over the
/// humps so that each carries the same power, can be evaluated at any time and so needs no memory of the recording's length.
struct HeartRateVariability: Sendable {
    /// Mean interval, seconds.
    let mean: Double
    private let terms: [(frequency: Double, amplitude: Double, phase: Double)]

    /// - Parameters:
    ///   - deviation: standard deviation of the interval, seconds.
    ///   - ratio: power of the low-frequency hump over that of the high one.
    init(mean: Double, deviation: Double, ratio: Double = 0.5, random: RandomSource) {
        self.mean = mean
        let perHump = 24
        var terms: [(Double, Double, Double)] = []
        for (hump, (centre, share)) in [(0.1, ratio / (1 + ratio)), (0.25, 1 / (1 + ratio))].enumerated() {
            let amplitude = deviation * (2 * share / Double(perHump)).squareRoot()
            for index in 0..<perHump {
                let draw = UInt64(hump * perHump + index)
                // A draw within each equal share of the hump's power, so that no frequency is a multiple of another.
                let quantile = (Double(index) + random.uniform(2 * draw)) / Double(perHump)
                let frequency = max(centre + 0.01 * HeartRateVariability.normalQuantile(quantile), 0.01)
                terms.append((frequency, amplitude, 2 * .pi * random.uniform(2 * draw + 1)))
            }
        }
        self.terms = terms
    }

    /// The interval at `time` seconds, kept between half and twice the mean.
    func interval(at time: Double) -> Double {
        var sum = mean
        for term in terms { sum += term.amplitude * cos(2 * .pi * term.frequency * time + term.phase) }
        return min(max(sum, mean / 2), mean * 2)
    }

    /// Inverse of the normal distribution (Acklam's rational approximation of the tails is not needed at this precision: Winitzki 2008).
    private static func normalQuantile(_ probability: Double) -> Double {
        let x = min(max(2 * probability - 1, -0.9999), 0.9999)
        let logarithm = log(1 - x * x)
        let first = 2 / (.pi * 0.147) + logarithm / 2
        let root = ((first * first - logarithm / 0.147).squareRoot() - first).squareRoot()
        return (x < 0 ? -root : root) * 2.0.squareRoot()
    }
}

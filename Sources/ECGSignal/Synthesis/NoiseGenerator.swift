// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import Glibc

/// Adds noise to one lead; every value is a function of seed, lead and sample number.
struct NoiseGenerator {
    private let levels: SyntheticNoise
    private let frequency: Double
    private let white: RandomSource
    private let muscle: RandomSource
    private let envelope: RandomSource
    private let wander: [(frequency: Double, amplitude: Double, phase: Double)]
    private let humShare: Double

    init(_ levels: SyntheticNoise, frequency: Double, random: (UInt64) -> RandomSource) {
        self.levels = levels
        self.frequency = frequency
        white = random(0)
        muscle = random(1)
        envelope = random(2)
        let draws = random(3)
        // Six slow sines, weaker with frequency.
        var terms: [(Double, Double, Double)] = []
        var power = 0.0
        for index in 0..<6 {
            let term = 0.05 * pow(10, (Double(index) + draws.uniform(UInt64(2 * index))) / 6)
            let amplitude = (0.05 / term).squareRoot()
            power += amplitude * amplitude / 2
            terms.append((term, amplitude, 2 * .pi * draws.uniform(UInt64(2 * index + 1))))
        }
        let scale = levels.wander / power.squareRoot()
        wander = terms.map { ($0.0, $0.1 * scale, $0.2) }
        humShare = 0.5 + 0.5 * draws.uniform(100)
    }

    /// Adds the noise of samples `start…` to `values`. Blocks must start where they would for any other cut of the recording.
    func add(to values: inout [Double], start: Int) {
        if levels.white > 0 {
            for index in values.indices { values[index] += levels.white * white.normal(UInt64(start + index)) }
        }
        if levels.wander > 0 { for term in wander { addSine(term.frequency, term.amplitude, term.phase, to: &values, start: start) } }
        if levels.mains > 0 {
            // What the sampling frequency can't hold would come back as another frequency.
            if levels.mainsFrequency < frequency / 2 {
                addSine(levels.mainsFrequency, levels.mains * humShare, 0, to: &values, start: start)
            }
            if 3 * levels.mainsFrequency < frequency / 2 {
                addSine(3 * levels.mainsFrequency, 0.2 * levels.mains * humShare, 1, to: &values, start: start)
            }
        }
        if levels.muscle > 0 { addMuscle(to: &values, start: start) }
    }

    /// A sine by rotation, set right at the start of each block.
    private func addSine(_ cycles: Double, _ amplitude: Double, _ phase: Double, to values: inout [Double], start: Int) {
        let turns = cycles * Double(start) / frequency
        let angle = 2 * .pi * (turns - turns.rounded(.down)) + phase
        var (sine, cosine) = (amplitude * sin(angle), amplitude * cos(angle))
        let step = 2 * .pi * cycles / frequency
        let (stepSine, stepCosine) = (sin(step), cos(step))
        for index in values.indices {
            values[index] += sine
            (sine, cosine) = (sine * stepCosine + cosine * stepSine, cosine * stepCosine - sine * stepSine)
        }
    }

    /// Differences of white noise, which have the blue spectrum of an electromyogram, under an envelope that changes by the second.
    private func addMuscle(to values: inout [Double], start: Int) {
        var last = muscle.normal(UInt64(bitPattern: Int64(start - 1)))
        for index in values.indices {
            let now = muscle.normal(UInt64(start + index))
            let time = Double(start + index) / frequency
            let second = UInt64(time)
            let share = time - Double(second)
            let (from, to) = (envelope.uniform(second), envelope.uniform(second + 1))
            let strength = from * from * (1 - share) + to * to * share
            values[index] += levels.muscle * strength * (now - last) / 2.0.squareRoot()
            last = now
        }
    }
}

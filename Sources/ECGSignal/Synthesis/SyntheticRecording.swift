// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import Glibc

/// A recording without end, made by the dynamical model ECGSYN, of which one takes as much as one needs.
///
/// ECGSYN's trajectory runs round a circle once a beat, and the ECG is its height z, pulled up and down by Gaussian attractors and back to
/// the baseline: z' = -Σ aᵢ Δθᵢ exp(-Δθᵢ²/2bᵢ²) - z. While a wave passes, its angular velocity is constant, so the sum is the
/// derivative of Gaussians in time, and z = u + w with u = Σ Aᵢ exp(-(t-tᵢ)²/2σᵢ²) and w' = -(w + u): the waves exactly, and a slow
/// remainder that a step of the exponential integrator solves. No step size of a solver shows in the signal, at whatever frequency.
///
/// Here every beat has waves of its own kind, T waves move with the square root of the interval that follows (ECGSYN's own scaling), and
/// waves are dipoles, so that all leads belong to one heart. The same seed gives the same samples, bit for bit, however they are taken.
public struct SyntheticRecording {
    public let settings: SyntheticSettings

    /// Blocks start at multiples of this, whatever parts are asked for.
    private static let block = 4096
    /// Beyond so many widths a Gaussian is below 2e-8 of its peak.
    private static let reach = 6.0

    private var beats: BeatSequence
    /// Beats whose waves may still be drawn.
    private var active: [SyntheticBeat] = []
    private var made = 0
    private var remainders: [Double]
    private var pending: [[Float]]
    private let mixtures: [(ii: Double, v1: Double, v5: Double)]
    private let noises: [NoiseGenerator]
    private let shapes: [BeatKind: [HeartWave]]
    private var rhythm = ""
    /// Beats drawn but not yet told of.
    private var untold: [SyntheticBeat] = []
    private var changes: [SyntheticRhythmChange] = []

    /// - Parameters:
    ///   - key: the recording's name; recordings of other names are others even with the same seed.
    /// - Returns: nil if a lead is unknown.
    public init?(_ settings: SyntheticSettings, seed: UInt64, key: String) {
        self.settings = settings
        let projections = settings.leads.map { LeadProjection(lead: $0) }
        guard projections.allSatisfy({ $0 != nil }) else { return nil }
        mixtures = projections.map { $0?.mixture ?? (0, 0, 0) }
        beats = BeatSequence(settings) { RandomSource(seed: seed, key: key, purpose: $0) }
        noises = settings.leads.map { lead in
            NoiseGenerator(settings.noise, frequency: settings.frequency) {
                RandomSource(seed: seed, key: "\(key)/\(lead)", purpose: 16 + $0)
            }
        }
        remainders = settings.leads.map { _ in 0 }
        pending = settings.leads.map { _ in [] }
        shapes = Dictionary(uniqueKeysWithValues: BeatKind.allCases.map { ($0, $0.waves) })
    }

    /// The next `count` samples of each lead, as [lead, time] in mV.
    public mutating func samples(_ count: Int) -> [Float] {
        while (pending.first?.count ?? count) < count { makeBlock() }
        var values: [Float] = []
        values.reserveCapacity(count * pending.count)
        for lead in pending.indices {
            values += pending[lead][..<count]
            pending[lead].removeFirst(count)
        }
        return values
    }

    /// What lies before sample `end` and has not been told yet, in order; ask for it after the samples.
    public mutating func truth(upTo end: Int) -> (beats: [SyntheticTruth], rhythms: [SyntheticRhythmChange]) {
        while untold.last.map({ sample($0.time) < end }) ?? true { draw() }
        let beats = untold.prefix { sample($0.time) < end }
        untold.removeFirst(beats.count)
        let rhythms = changes.prefix { $0.sample < end }
        changes.removeFirst(rhythms.count)
        return (beats.map { SyntheticTruth($0, waves: waves(of: $0), frequency: settings.frequency) }, Array(rhythms))
    }

    private func sample(_ time: Double) -> Int { Int((time * settings.frequency).rounded()) }

    private mutating func draw() {
        let beat = beats.next()
        active.append(beat)
        untold.append(beat)
        guard beat.rhythm != rhythm else { return }
        // Half-way to the beat before, where it disturbs no beat's waves.
        rhythm = beat.rhythm
        changes.append(SyntheticRhythmChange(sample: max(sample(beat.time - beat.before / 2), 0), name: rhythm))
    }

    private func waves(of beat: SyntheticBeat) -> [HeartWave] {
        let waves = shapes[beat.kind] ?? []
        return settings.rhythm == .afib ? waves.filter { $0.part != .p } : waves
    }

    private mutating func makeBlock() {
        let frequency = settings.frequency
        let size = SyntheticRecording.block
        let from = Double(made) / frequency
        let to = Double(made + size) / frequency
        // P waves come up to a third of a second before their beat, and its waves end within a second and a half.
        while active.last.map({ $0.time < to + 1 }) ?? true { draw() }
        active.removeAll { $0.time < from - 3 }
        var block = [[Double]](repeating: [Double](repeating: 0, count: size), count: mixtures.count)
        for beat in active { for wave in waves(of: beat) { add(wave, of: beat, to: &block) } }
        if settings.rhythm == .afib { addFibrillation(to: &block) }
        let decay = exp(-1 / frequency)
        for lead in block.indices {
            var remainder = remainders[lead]
            for index in 0..<size {
                let waves = block[lead][index]
                remainder = remainder * decay - (1 - decay) * waves
                block[lead][index] = waves + remainder
            }
            remainders[lead] = remainder
            noises[lead].add(to: &block[lead], start: made)
            for value in block[lead] { pending[lead].append(Float(value)) }
        }
        made += size
    }

    private func add(_ wave: HeartWave, of beat: SyntheticBeat, to block: inout [[Double]]) {
        let (centre, width) = SyntheticRecording.place(wave, of: beat)
        let frequency = settings.frequency
        let size = SyntheticRecording.block
        let first = Int(((centre - SyntheticRecording.reach * width) * frequency).rounded(.up)) - made
        let last = Int(((centre + SyntheticRecording.reach * width) * frequency).rounded(.down)) - made
        guard first < size, last >= 0 else { return }
        let peaks = mixtures.map { $0.ii * wave.peaks.ii + $0.v1 * wave.peaks.v1 + $0.v5 * wave.peaks.v5 }
        let scale = -0.5 / (width * width)
        for index in max(first, 0)...min(last, size - 1) {
            let distance = Double(made + index) / frequency - centre
            let height = exp(scale * distance * distance)
            for lead in peaks.indices { block[lead][index] += peaks[lead] * height }
        }
    }

    /// Centre and width in seconds: T waves follow the rate by the square root of the interval after their beat, P and QRS keep theirs.
    static func place(_ wave: HeartWave, of beat: SyntheticBeat) -> (centre: Double, width: Double) {
        guard wave.part == .t else { return (beat.time + wave.time, wave.width) }
        let factor = min(max(beat.after, 0.5), 1.2).squareRoot()
        return (beat.time + wave.time * factor, wave.width * factor)
    }

    /// Fibrillatory waves: a sawtooth of some six hertz that speeds up and slows down, strongest in V1.
    private func addFibrillation(to block: inout [[Double]]) {
        let peaks = mixtures.map { 0.05 * $0.ii + 0.09 * $0.v1 + 0.02 * $0.v5 }
        for index in 0..<SyntheticRecording.block {
            let time = Double(made + index) / settings.frequency
            let phase = 2 * .pi * 6.1 * time + 2.3 * sin(2 * .pi * 0.11 * time) + 1.1 * sin(2 * .pi * 0.37 * time)
            let height = (sin(phase) + 0.35 * sin(2 * phase + 0.6)) * (0.8 + 0.2 * sin(2 * .pi * 0.23 * time))
            for lead in peaks.indices { block[lead][index] += peaks[lead] * height }
        }
    }
}

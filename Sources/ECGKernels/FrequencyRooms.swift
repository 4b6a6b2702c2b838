// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// How spectra and products of a block of rows lie in memory, and what scratch memory the threads work in.
struct FrequencyRooms: Sendable {
    private let inputs: Int
    private let outputs: Int
    private let points: Int
    private let lanes: Int
    /// Rows that share one pass over the weights. No bit depends on it.
    let blockRows: Int
    let panelsTogether: Bool

    init(_ problem: FrequencyProblem, _ tiling: FrequencyTiling, _ set: InstructionSet) {
        let kernels = set.frequencyKernels
        lanes = Int(kernels.pointee.lanes)
        (inputs, outputs, points) = (problem.inputChannels, problem.outputChannels, tiling.radices.points)
        blockRows = Self.blockRows(problem, tiling.radices, set)
        panelsTogether = Self.panelsTogether(problem, set)
    }

    /// As many rows as fill register tiles twice; fewer where their spectra would leave the second-level cache and each of several
    /// panels would fetch them anew, but not so few that all waits for the weights.
    static func blockRows(_ problem: FrequencyProblem, _ radices: FrequencyTransform.Radices, _ set: InstructionSet) -> Int {
        let tile = Int(set.frequencyKernels.pointee.rows)
        let bytes = spectraBytes(problem, radices)
        if bytes * tile <= cache || panelsTogether(problem, set) { return tile }
        return max(min(fewestRows, tile / 2), min(tile / 2, cache / bytes))
    }

    /// Of a row.
    static func spectraBytes(_ problem: FrequencyProblem, _ radices: FrequencyTransform.Radices) -> Int {
        3 * 4 * radices.points * problem.inputChannels
    }

    /// Whether all panels of a frequency are multiplied before the next frequency: where reading the spectra of a block once for
    /// each panel would cost more than keeping the products of all panels.
    private static func panelsTogether(_ problem: FrequencyProblem, _ set: InstructionSet) -> Bool {
        let width = 2 * Int(set.frequencyKernels.pointee.lanes)
        return 4 * problem.outputChannels < 3 * problem.inputChannels * ((problem.outputChannels + width - 1) / width - 1)
    }

    /// Bytes of spectra that are still near: the second-level cache and a little.
    static let cache = 1_300_000
    private static let fewestRows = 4

    private var panels: Int { (outputs + 2 * lanes - 1) / (2 * lanes) }
    private var channels: Int { (inputs + lanes - 1) / lanes * lanes }

    /// A cache line between pairs of slots keeps them from meeting in the same sets of the cache.
    private static let gap = 16

    func spectraLayout(rows: Int) -> frequency_layout {
        frequency_layout(pair: 6 * rows * channels + Self.gap, row: 3 * channels, component: channels)
    }

    func productLayout(rows: Int, vectors: Int) -> frequency_layout {
        frequency_layout(pair: 4 * rows * vectors * lanes + Self.gap, row: 2 * vectors * lanes, component: vectors * lanes)
    }

    /// What one thread works in. Where a block is shared by all threads, its spectra and products are those of room 0.
    struct Room: @unchecked Sendable {
        let spectra: UnsafeMutablePointer<Float>
        let products: UnsafeMutablePointer<Float>
        let work: UnsafeMutablePointer<Float>
        /// Addresses of the samples of two tiles.
        let samples: UnsafeMutablePointer<UnsafePointer<Float>>
    }

    /// Pairs of slots, and the constant term in double precision behind them.
    private var pairCount: Int { (points + 1) / 2 + 1 }
    private var spectraCount: Int { pairCount * spectraLayout(rows: blockRows).pair }
    var panelCount: Int { pairCount * productLayout(rows: blockRows, vectors: 2).pair + Self.gap }
    private var workCount: Int { 2 * lanes * points }
    /// A pointer takes the place of two floats.
    private var samplesCount: Int { (4 * points + 15) / 16 * 16 }
    private var roomCount: Int { spectraCount + panelCount * panels + (workCount + 15) / 16 * 16 + samplesCount }

    /// Floats of scratch for that many threads.
    func scratchCount(threads: Int) -> Int { roomCount * threads + 16 }

    /// - Parameter scratch: aligned to a vector.
    func room(_ scratch: UnsafeMutablePointer<Float>, _ index: Int) -> Room {
        let start = scratch + index * roomCount
        let products = start + spectraCount
        let work = products + panelCount * panels
        let samples = UnsafeMutableRawPointer(work + (workCount + 15) / 16 * 16).assumingMemoryBound(to: UnsafePointer<Float>.self)
        return Room(spectra: start, products: products, work: work, samples: samples)
    }
}

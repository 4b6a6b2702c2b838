// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// The spectra of a layer's weights, in panels of one or two vectors of output channels: [panel][slot group] or, where all panels of
/// a frequency are multiplied together, [slot group][panel], of [input channel][real, imaginary][output]. Taken in double precision,
/// rounded once; f = 0 stays in double precision, as [input channel][output].
package final class FrequencySpectra: @unchecked Sendable {
    struct Panel: Sendable {
        let vectors: Int
        /// First output channel.
        let channel: Int
        /// First float.
        let start: Int
        /// From a slot group to the next.
        let stride: Int
    }

    let panels: [Panel]
    private let storage: Region<Float>
    private let problem: FrequencyProblem
    private let transform: FrequencyTransform
    private let places: [(tap: Int, phase: Int)]
    private let kernels: UnsafePointer<frequency_kernels>
    var byteCount: Int { 4 * storage.count }

    init(
        _ problem: FrequencyProblem, weights: UnsafePointer<Float>, transform: FrequencyTransform, panelsTogether: Bool,
        kernels: UnsafePointer<frequency_kernels>
    ) {
        let lanes = Int(kernels.pointee.lanes)
        let vectors = (problem.outputChannels + lanes - 1) / lanes
        let inputs = problem.inputChannels
        let size = 2 * lanes * inputs
        panels = stride(from: 0, to: vectors, by: 2).map { vector in
            let width = min(2, vectors - vector)
            return Panel(
                vectors: width, channel: vector * lanes, start: vector * size * (panelsTogether ? 1 : transform.groups),
                stride: size * (panelsTogether ? vectors : width))
        }
        storage = .forWeights(count: size * vectors * transform.groups)
        self.problem = problem
        places = problem.places
        self.transform = transform
        self.kernels = kernels
        set(weights)
    }

    /// Takes other weights, in place: for training, where nothing runs meanwhile.
    func set(_ weights: UnsafePointer<Float>, workers: Workers? = nil) {
        let source = Source(weights: weights)
        let body: @Sendable (Int, Int) -> Void = { input, _ in self.prepare(input, source.weights) }
        if let workers { workers.run(problem.inputChannels, body) } else { for input in 0..<problem.inputChannels { body(input, 0) } }
    }

    private struct Source: @unchecked Sendable {
        let weights: UnsafePointer<Float>
    }

    private func prepare(_ input: Int, _ weights: UnsafePointer<Float>) {
        let lanes = Int(kernels.pointee.lanes)
        var table = transform.table
        let width = (problem.outputChannels + lanes - 1) / lanes * lanes
        let values = Region<Double>(count: problem.taps * width)
        let panelValues = Region<Double>(count: problem.taps * 2 * lanes)
        problem.gather(from: input, weights, places: places, into: values.pointer, width: width)
        for panel in panels {
            let columns = panel.vectors * lanes
            for tap in 0..<problem.taps {
                (panelValues.pointer + tap * columns).update(from: values.pointer + tap * width + panel.channel, count: columns)
            }
            kernels.pointee.prepare(
                &table, transform.cosines, transform.sines, problem.taps, panelValues.pointer, Int32(panel.vectors),
                storage.pointer + panel.start + input * 2 * columns, panel.stride)
        }
    }

    /// The first slot group of a panel.
    func pointer(_ panel: Panel) -> UnsafePointer<Float> { UnsafePointer(storage.pointer + panel.start) }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// Resize and Upsample: to the nearest element or linearly between two, along each axis by itself.
struct ResizeOperator: Operator {
    private let mode: String
    private let coordinates: String
    private let nearest: String
    private let scales: [Float]?
    private let axes: [Int]?
    private let keepAspect: String
    private let isUpsample: Bool
    private let outside: Float

    init(_ node: NodeReader) throws {
        isUpsample = node.node.opType == "Upsample"
        mode = try node.string("mode", default: "nearest")
        guard ["nearest", "linear", "bilinear"].contains(mode) else { throw node.unsupported("mode \(mode)") }
        let old = isUpsample || node.opset < 11
        coordinates = try node.string("coordinate_transformation_mode", default: old ? "asymmetric" : "half_pixel")
        guard ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"].contains(coordinates) else {
            throw node.unsupported("coordinate_transformation_mode \(coordinates)")
        }
        nearest = try node.string("nearest_mode", default: old ? "floor" : "round_prefer_floor")
        guard ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"].contains(nearest) else {
            throw node.unsupported("nearest_mode \(nearest)")
        }
        scales = isUpsample && node.opset < 9 ? try node.floats("scales") : nil
        axes = try node.ints("axes")
        keepAspect = try node.string("keep_aspect_ratio_policy", default: "stretch")
        guard ["stretch", "not_larger", "not_smaller"].contains(keepAspect) else {
            throw node.unsupported("keep_aspect_ratio_policy \(keepAspect)")
        }
        guard !(try node.flag("antialias")) else { throw node.unsupported("antialias") }
        outside = try node.float("extrapolation_value", default: 0)
        node.ignore("cubic_coeff_a", "exclude_outside")
    }

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        let rank = input.shape.count
        let places = try axes?.map { try node.axis($0, rank: rank) } ?? Array(0..<rank)
        var factors = [Double](repeating: 1, count: rank)
        var shape = input.shape
        let scaleInput = isUpsample || node.opset < 11 ? 1 : 2
        let sizes = isUpsample || node.opset < 11 ? nil : try node.constantIntegers(3, of: inputs)
        let given = try scales.map { $0.map { Double($0) } } ?? node.constant(scaleInput, of: inputs)?.doubles ?? []
        if let sizes, !sizes.isEmpty {
            guard sizes.count == places.count, sizes.allSatisfy({ $0 > 0 && $0 < Shape.constantLimit }) else {
                throw node.misfit("sizes \(sizes.text) for \(input.shape.text)")
            }
            let ratios = places.indices.map { Double(sizes[$0]) / Double(max(1, input.shape[places[$0]])) }
            let common = keepAspect == "stretch" ? nil : keepAspect == "not_larger" ? ratios.min() : ratios.max()
            for (i, axis) in places.enumerated() where input.shape[axis] > 0 {
                factors[axis] = common ?? ratios[i]
                shape[axis] = common.map { Int((Double(input.shape[axis]) * $0).rounded()) } ?? sizes[i]
            }
        } else {
            guard given.count == places.count, given.allSatisfy({ $0 > 0 && $0 < 1e6 }) else {
                throw node.misfit("scales for \(input.shape.text)")
            }
            for (i, axis) in places.enumerated() {
                factors[axis] = given[i]
                shape[axis] = Int((Double(input.shape[axis]) * given[i]).rounded(.down))
            }
        }
        let output = Fact(input.type, try node.checked(shape), layout: layout)
        guard shape.allSatisfy({ (1..<Shape.constantLimit).contains($0) }) else { throw node.misfit("would give \(shape.text)") }
        var steps: [LineMix] = []
        var current = input.storedShape
        for (place, axis) in layout.order(rank: rank).enumerated() where shape[axis] != input.shape[axis] || factors[axis] != 1 {
            let taps = (0..<shape[axis]).map { neighbours($0, from: input.shape[axis], to: shape[axis], scale: factors[axis]) }
            steps.append(
                LineMix(
                    outer: current[..<place].reduce(1, *), extent: current[place], inner: current[(place + 1)...].reduce(1, *), taps: taps))
            current[place] = shape[axis]
        }
        if steps.isEmpty { return .view(input, as: shape) }
        guard input.type.isFloat || mode == "nearest" else { throw node.unsupported("element type \(input.type.rawValue)") }
        if !input.type.isFloat || mode == "nearest" {
            let gathers = steps.map {
                AxisGather(outer: $0.outer, extent: $0.extent, inner: $0.inner, indices: $0.taps.map { Int32($0.first) })
            }
            return .kernel([output], gathers.count == 1 ? gathers[0] : ChainedGather(steps: gathers, type: input.type))
        }
        return .kernel([output], LineMixKernel(steps: steps))
    }

    /// Where an element of the output comes from: two neighbours of the input and the share of the second.
    ///
    /// In float32, as other runtimes have it: where a place falls between two elements to the last bit, all must go the same way.
    private func neighbours(_ index: Int, from extent: Int, to length: Int, scale factor: Double) -> LineMix.Taps {
        let (i, scale) = (Float(index), Float(factor))
        let x: Float
        switch coordinates {
        case "asymmetric": x = i / scale
        case "align_corners":
            // By the scale's own length, which need not be whole.
            let resized = scale * Float(extent)
            x = length == 1 ? 0 : i * Float(extent - 1) / (resized - 1)
        case "pytorch_half_pixel": x = length > 1 ? (i + 0.5) / scale - 0.5 : 0
        case "half_pixel_symmetric":
            // The output is centred as a whole, so that a size that was rounded off is rounded off on both sides.
            let adjustment = Float(length) / (scale * Float(extent))
            x = Float(extent) / 2 * (1 - adjustment) + (i + 0.5) / scale - 0.5
        default: x = (i + 0.5) / scale - 0.5
        }
        if mode == "nearest" {
            let place: Float
            switch nearest {
            case "floor": place = x.rounded(.down)
            case "ceil": place = x.rounded(.up)
            case "round_prefer_ceil": place = (x + 0.5).rounded(.down)
            default: place = (x - 0.5).rounded(.up)
            }
            let clamped = Int(min(max(place, 0), Float(extent - 1)))
            return LineMix.Taps(first: clamped, second: clamped, share: 0)
        }
        let clamped = min(max(x, 0), Float(extent - 1))
        let first = Int(clamped)
        return LineMix.Taps(first: first, second: min(first + 1, extent - 1), share: Double(clamped - Float(first)))
    }
}

/// Lines along one axis as weighted means of two elements of the lines that go in.
struct LineMix: Sendable {
    struct Taps: Sendable {
        let first: Int
        let second: Int
        let share: Double
    }

    let outer: Int
    let extent: Int
    let inner: Int
    let taps: [Taps]

    func apply<T: Scalar>(_ x: Region<T>, _ y: Region<T>) {
        for o in 0..<outer {
            for (i, tap) in taps.enumerated() {
                let (a, b, at) = ((o * extent + tap.first) * inner, (o * extent + tap.second) * inner, (o * taps.count + i) * inner)
                let share = T(tap.share)
                y.set(inner, at: at, x, a, step: 1, x, b, step: 1) { $0 + share * ($1 - $0) }
            }
        }
    }

    func applyReverse<T: Scalar>(_ g: Region<T>, _ into: Region<T>) {
        for o in 0..<outer {
            for (i, tap) in taps.enumerated() {
                let (a, b, at) = ((o * extent + tap.first) * inner, (o * extent + tap.second) * inner, (o * taps.count + i) * inner)
                let share = T(tap.share)
                into.add(inner, at: a, step: 1, g, at, g, at, step: 1, g, at, step: 1) { g, _, _ in (1 - share) * g }
                into.add(inner, at: b, step: 1, g, at, g, at, step: 1, g, at, step: 1) { g, _, _ in share * g }
            }
        }
    }
}

private struct LineMixKernel: ScalarKernel {
    let steps: [LineMix]

    func reverseReads(_ rule: Rule) -> ReverseReads { .none }
    func supports(_ rule: Rule) -> Bool { true }
    func gradientInputs(_ inputs: [Fact?]) -> [Int] { inputs[0]?.constant == nil ? [0] : [] }

    func forward<T: Scalar>(_ run: ForwardRun, as _: T.Type) {
        guard var current = run.inputs[0]?.region(T.self), let y = run.outputs[0]?.region(T.self) else { return }
        for (number, step) in steps.enumerated() {
            let next = number == steps.count - 1 ? y : Region<T>(count: step.outer * step.taps.count * step.inner)
            step.apply(current, next)
            current = next
        }
    }

    func reverse<T: Scalar>(_ run: ReverseRun, as _: T.Type) {
        guard var current = run.outputGradients[0]?.region(T.self), let into = run.inputGradients[0]?.region(T.self) else { return }
        for (number, step) in steps.enumerated().reversed() {
            let next = number == 0 ? into : Region<T>(count: step.outer * step.extent * step.inner)
            step.applyReverse(current, next)
            current = next
        }
    }
}

let resizeOperators: [OperatorEntry] = [
    OperatorEntry("Resize", since: 10) { try ResizeOperator($0) },
    OperatorEntry("Upsample", since: 7, until: 9) { try ResizeOperator($0) },
]

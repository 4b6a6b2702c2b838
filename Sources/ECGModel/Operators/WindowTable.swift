// SPDX-License-Identifier: GPL-3.0-or-later

/// The windows of a convolution or a pool over any number of spatial axes: which input positions each output position sees, under which tap.
package struct WindowTable: Sendable {
    /// Extents of the spatial axes.
    package let input: Shape
    package let output: Shape
    package let kernel: Shape
    /// Output position o sees the entries `bounds[o] ..< bounds[o + 1]`.
    package private(set) var bounds: [Int] = [0]
    package private(set) var positions: [Int32] = []
    package private(set) var taps: [Int32] = []

    /// The windows' geometry, from a node's attributes and shapes.
    package struct Geometry: Sendable {
        package var kernel: [Int]
        package var strides: [Int]
        package var dilations: [Int]
        package var padsBegin: [Int]
        package var padsEnd: [Int]
    }

    private init(_ geometry: Geometry, input: Shape, output: Shape) {
        self.input = input
        self.output = output
        kernel = geometry.kernel
        let strides = input.strides
        let tapCount = kernel.elementCount
        for o in 0..<output.elementCount {
            let place = Self.coordinates(o, output)
            for tap in 0..<tapCount {
                let offset = Self.coordinates(tap, kernel)
                var position = 0
                var inside = true
                for axis in input.indices {
                    let x = place[axis] * geometry.strides[axis] - geometry.padsBegin[axis] + offset[axis] * geometry.dilations[axis]
                    if x < 0 || x >= input[axis] { inside = false }
                    position += x * strides[axis]
                }
                if inside {
                    positions.append(Int32(position))
                    taps.append(Int32(tap))
                }
            }
            bounds.append(positions.count)
        }
    }

    /// The table, or an error where it would be larger than any real network's.
    package static func checked(_ geometry: Geometry, input: Shape, output: Shape, node: NodeReader) throws -> WindowTable {
        guard let entries = (output + geometry.kernel).checkedElementCount, entries < 1 << 28, input.elementCount < 1 << 31 else {
            throw node.unsupported("kernel \(geometry.kernel.text) over spatial extents \(input.text)")
        }
        return WindowTable(geometry, input: input, output: output)
    }

    private static func coordinates(_ index: Int, _ shape: Shape) -> [Int] {
        var rest = index
        var result = shape
        for axis in shape.indices.reversed() {
            result[axis] = rest % shape[axis]
            rest /= shape[axis]
        }
        return result
    }
}

/// The attributes that convolutions and pools share.
package struct WindowAttributes: Sendable {
    package var autoPad: String
    package var kernel: [Int]?
    package var strides: [Int]?
    package var dilations: [Int]?
    package var pads: [Int]?
    package var ceil = false

    package init(_ node: NodeReader) throws {
        autoPad = try node.string("auto_pad", default: "NOTSET")
        guard ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].contains(autoPad) else { throw node.unsupported("auto_pad \(autoPad)") }
        kernel = try node.ints("kernel_shape")
        strides = try node.ints("strides")
        dilations = try node.ints("dilations")
        pads = try node.ints("pads")
        for (name, list) in [("kernel_shape", kernel), ("strides", strides), ("dilations", dilations)] {
            guard list?.allSatisfy({ $0 > 0 && $0 < 1 << 31 }) ?? true else { throw node.damaged("\(name) is not positive") }
        }
        guard pads?.allSatisfy({ $0.magnitude < 1 << 31 }) ?? true else { throw node.damaged("pads are out of range") }
    }

    /// The geometry for spatial extents, and the extents that come out.
    package func geometry(kernel shape: [Int], input: Shape, node: NodeReader) throws -> (WindowTable.Geometry, output: Shape) {
        let rank = input.count
        let strides = self.strides ?? [Int](repeating: 1, count: rank)
        let dilations = self.dilations ?? [Int](repeating: 1, count: rank)
        let pads = self.pads ?? [Int](repeating: 0, count: 2 * rank)
        guard shape.count == rank, strides.count == rank, dilations.count == rank, pads.count == 2 * rank else {
            throw node.misfit("attributes for another number of axes than those of spatial extents \(input.text)")
        }
        guard pads.allSatisfy({ $0 >= 0 }) else { throw node.unsupported("negative pads") }
        var geometry = WindowTable.Geometry(
            kernel: shape, strides: strides, dilations: dilations, padsBegin: Array(pads[..<rank]), padsEnd: Array(pads[rank...]))
        var output = Shape()
        for axis in 0..<rank {
            let (reach, overflow) = (shape[axis] - 1).multipliedReportingOverflow(by: dilations[axis])
            guard shape[axis] > 0, !overflow, reach < 1 << 40 else { throw node.misfit("kernel \(shape.text) is too long") }
            let extent = input[axis]
            switch autoPad {
            case "SAME_UPPER", "SAME_LOWER":
                let count = (extent + strides[axis] - 1) / strides[axis]
                let total = max(0, (count - 1) * strides[axis] + reach + 1 - extent)
                geometry.padsBegin[axis] = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2
                geometry.padsEnd[axis] = total - geometry.padsBegin[axis]
                output.append(count)
                continue
            case "VALID":
                geometry.padsBegin[axis] = 0
                geometry.padsEnd[axis] = 0
            default: break
            }
            let room = extent + geometry.padsBegin[axis] + geometry.padsEnd[axis] - reach - 1
            guard room >= 0 else { throw node.misfit("kernel \(shape.text) does not fit into spatial extents \(input.text)") }
            var count = room / strides[axis] + 1
            if ceil {
                count = (room + strides[axis] - 1) / strides[axis] + 1
                // A window that would start in the padding behind the end is left out.
                if (count - 1) * strides[axis] >= extent + geometry.padsBegin[axis] { count -= 1 }
            }
            output.append(count)
        }
        return (geometry, try node.checked(output))
    }
}

/// The windows of a pool over the spatial axes of an input.
struct PoolWindows {
    let geometry: WindowTable.Geometry
    /// The extents that come out.
    let spatial: Shape
    let table: WindowTable

    /// - Parameter window: nil for one window over everything.
    init(_ window: WindowAttributes?, _ input: Fact, node: NodeReader) throws {
        guard input.type.isFloat else { throw node.unsupported("element type \(input.type.rawValue)") }
        guard input.shape.count >= 3 else { throw node.misfit("input \(input.shape.text) has no spatial axis") }
        let extents = Array(input.shape[2...])
        if let window {
            guard let kernel = window.kernel else { throw node.damaged("has no kernel_shape") }
            (geometry, spatial) = try window.geometry(kernel: kernel, input: extents, node: node)
        } else {
            let (ones, zeros) = (extents.map { _ in 1 }, extents.map { _ in 0 })
            geometry = WindowTable.Geometry(kernel: extents, strides: ones, dilations: ones, padsBegin: zeros, padsEnd: zeros)
            spatial = ones
        }
        table = try WindowTable.checked(geometry, input: extents, output: spatial, node: node)
    }
}

/// Where the elements of [item, channel, spatial…] lie: distances between neighbouring channels and positions.
package struct ChannelStrides: Sendable {
    package let channels: Int
    package let positions: Int
    package let channel: Int
    package let position: Int

    package init(_ shape: Shape, _ layout: Layout) {
        channels = shape[1]
        positions = shape[2...].reduce(1, *)
        channel = layout == .channelsLast ? 1 : positions
        position = layout == .channelsLast ? channels : 1
    }

    package var item: Int { channels * positions }
}

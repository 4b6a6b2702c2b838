// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// The direct algorithm for the gradient of a convolution's weights: a matrix product over items and time, of windows of the input (transposed) with
/// the output gradient. A last row of ones gives the gradient of the bias.
///
/// Rows of items and time are taken in chunks. Both sides of a chunk are packed for the register tile, which also puts zeros where windows hang
/// over the edges. Partial sums over a fixed cut of the items, joined in order, leave enough tasks for the threads.
final class DirectWeightGradient: Sendable {
    private let shape: ConvolutionShape
    private let instructionSet: InstructionSet
    private let sources: Int
    private let targets: Int
    /// Rows of a group's matrix: a row for every tap and source channel, and one for the bias.
    private let height: Int
    /// Columns of a group's matrix, in whole vectors.
    private let width: Int
    private let tiles: Int
    /// Floats from row to row of a packed left side.
    private let leftStride: Int

    /// Rows of items and time that are summed in registers.
    private static let chunk = 128
    /// Tiles that share a packed right side.
    private static let tilesTogether = 8
    private static let wantedTasks = 16

    init(_ shape: ConvolutionShape, _ instructionSet: InstructionSet) {
        self.shape = shape
        self.instructionSet = instructionSet
        let kernels = instructionSet.trainingKernels
        let (lanes, most) = (Int(kernels.pointee.lanes), Int(kernels.pointee.tileRows))
        sources = shape.inputChannels / shape.groups
        targets = shape.outputChannels / shape.groups
        height = shape.kernel * sources + 1
        width = (targets + lanes - 1) / lanes * lanes
        tiles = (height + most - 1) / most
        leftStride = (most + lanes - 1) / lanes * lanes
    }

    private var tileGroups: Int { (tiles + Self.tilesTogether - 1) / Self.tilesTogether }
    private var groupCount: Int { height * width }

    /// The cut of the items: a function of shape and batch, so that threads don't change the order of summation.
    private func parts(_ items: Int) -> Int {
        let tasks = tileGroups * shape.groups
        return max(1, min(items, (Self.wantedTasks + tasks - 1) / tasks))
    }

    private var packedCount: Int { Self.chunk * (width + leftStride) }

    func scratchCount(items: Int, threads: Int) -> Int { parts(items) * shape.groups * groupCount + threads * packedCount + 16 }

    /// - Parameter rowMajor: write the weights' gradient as [source channel, output channel], for a matrix product; of one tap and one group.
    func run(
        items: Int, input: Region<Float>, outputGradient: Region<Float>, weightGradient: Region<Float>, biasGradient: Region<Float>?,
        accumulate: Bool, rowMajor: Bool = false, scratch: Region<Float>, workers: Workers?
    ) {
        let parts = self.parts(items)
        precondition(scratch.count >= scratchCount(items: items, threads: workers?.count ?? 1))
        let sums = scratch.pointer
        let rooms = UnsafeMutableRawPointer(sums + parts * shape.groups * groupCount).alignedUp(toMultipleOf: Storage.alignment)
            .assumingMemoryBound(to: Float.self)
        let call = Call(
            gradient: self, input: UnsafePointer(input.pointer), outputGradient: UnsafePointer(outputGradient.pointer), sums: sums,
            rooms: rooms)
        let (groups, tileGroups, length) = (shape.groups, self.tileGroups, shape.outputLength)
        let body: @Sendable (Int, Int) -> Void = { task, worker in
            let (part, rest) = task.quotientAndRemainder(dividingBy: groups * tileGroups)
            let (group, cut) = rest.quotientAndRemainder(dividingBy: tileGroups)
            let rows = items * part / parts * length..<items * (part + 1) / parts * length
            let tiles = self.tiles * cut / tileGroups..<self.tiles * (cut + 1) / tileGroups
            call.multiply(rows, part: part, group: group, tiles: tiles, worker)
        }
        let join: @Sendable (Int, Int) -> Void = { output, _ in
            call.join(
                output, parts: parts, weightGradient: weightGradient, biasGradient: biasGradient, accumulate: accumulate, rowMajor: rowMajor
            )
        }
        if let workers {
            workers.run(parts * groups * tileGroups, body)
            workers.run(shape.outputChannels, join)
        } else {
            for task in 0..<parts * groups * tileGroups { body(task, 0) }
            for output in 0..<shape.outputChannels { join(output, 0) }
        }
    }

    private struct Call: @unchecked Sendable {
        let gradient: DirectWeightGradient
        let input: UnsafePointer<Float>
        let outputGradient: UnsafePointer<Float>
        let sums: UnsafeMutablePointer<Float>
        let rooms: UnsafeMutablePointer<Float>

        /// Sums some tiles of a group's matrix over some rows of items and time.
        func multiply(_ rows: Range<Int>, part: Int, group: Int, tiles: Range<Int>, _ worker: Int) {
            let (height, width) = (gradient.height, gradient.width)
            let kernels = gradient.instructionSet.trainingKernels
            let lanes = Int(kernels.pointee.lanes)
            let right = rooms + worker * gradient.packedCount
            let left = right + DirectWeightGradient.chunk * width
            let target = sums + (part * gradient.shape.groups + group) * gradient.groupCount
            if rows.isEmpty {
                (target).update(repeating: 0, count: gradient.groupCount)
                return
            }
            for start in stride(from: rows.lowerBound, to: rows.upperBound, by: DirectWeightGradient.chunk) {
                let count = min(DirectWeightGradient.chunk, rows.upperBound - start)
                packRight(start, count, group, right, kernels)
                for tile in tiles {
                    let elements = height * tile / gradient.tiles..<height * (tile + 1) / gradient.tiles
                    packLeft(start, count, group, elements, left, kernels)
                    for column in stride(from: 0, to: width, by: 2 * lanes) {
                        let vectors = width - column > lanes ? 2 : 1
                        var call = training_outer(
                            left: left, leftStride: gradient.leftStride, right: right + DirectWeightGradient.chunk * column,
                            rightStride: vectors * lanes, count: count, sums: target + elements.lowerBound * width + column,
                            sumStride: width,
                            rows: Int32(elements.count), vectors: Int32(vectors), replace: start == rows.lowerBound ? 1 : 0)
                        kernels.pointee.outer(&call)
                    }
                }
            }
        }

        /// Calls `body` for the runs of rows that belong to one item: item, first row of it, how many, and their place in the chunk.
        private func forEachItem(_ start: Int, _ count: Int, _ body: (_ item: Int, _ times: Range<Int>, _ place: Int) -> Void) {
            let length = gradient.shape.outputLength
            var row = start
            while row < start + count {
                let (item, time) = row.quotientAndRemainder(dividingBy: length)
                let end = min(length, time + start + count - row)
                body(item, time..<end, row - start)
                row += end - time
            }
        }

        /// In panels of up to two vectors of columns.
        private func packRight(
            _ start: Int, _ count: Int, _ group: Int, _ right: UnsafeMutablePointer<Float>, _ kernels: UnsafePointer<training_kernels>
        ) {
            let lanes = Int(kernels.pointee.lanes)
            let (width, targets, channels) = (gradient.width, gradient.targets, gradient.shape.outputChannels)
            for column in stride(from: 0, to: width, by: 2 * lanes) {
                let panel = min(2 * lanes, width - column)
                // Output gradients are dense, so items need no telling apart.
                kernels.pointee.gather(
                    outputGradient + start * channels + group * targets + column, channels, count, min(panel, targets - column), panel,
                    right + DirectWeightGradient.chunk * column, panel)
            }
        }

        private func packLeft(
            _ start: Int, _ count: Int, _ group: Int, _ elements: Range<Int>, _ left: UnsafeMutablePointer<Float>,
            _ kernels: UnsafePointer<training_kernels>
        ) {
            let shape = gradient.shape
            let (sources, pitch) = (gradient.sources, gradient.leftStride)
            let taken = elements.lowerBound..<min(elements.upperBound, gradient.height - 1)
            let joined = shape.dilation == 1 && shape.groups == 1
            forEachItem(start, count) { item, times, place in
                let source = input + item * shape.inputLength * shape.inputChannels + group * sources
                let target = left + place * pitch
                if taken.isEmpty { return }
                // Rows whose window lies inside the item, as far as this tile sees it.
                let inside =
                    joined
                    ? valid(tap: taken.lowerBound / sources).clamped(to: valid(tap: (taken.upperBound - 1) / sources)).clamped(to: times)
                    : times.lowerBound..<times.lowerBound
                if !inside.isEmpty {
                    kernels.pointee.gather(
                        source + (inside.lowerBound * shape.stride - shape.padLeft) * shape.inputChannels + taken.lowerBound,
                        shape.stride * shape.inputChannels, inside.count, taken.count, pitch,
                        target + (inside.lowerBound - times.lowerBound) * pitch, pitch)
                }
                for rest in inside.isEmpty ? [times] : [times.lowerBound..<inside.lowerBound, inside.upperBound..<times.upperBound] {
                    packEdge(rest, taken, source, target + (rest.lowerBound - times.lowerBound) * pitch, kernels)
                }
            }
            if elements.upperBound == gradient.height {
                for row in 0..<count { left[row * pitch + gradient.height - 1 - elements.lowerBound] = 1 }
            }
        }

        /// Tap by tap, with zeros where a tap falls outside the item.
        private func packEdge(
            _ times: Range<Int>, _ elements: Range<Int>, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>,
            _ kernels: UnsafePointer<training_kernels>
        ) {
            if times.isEmpty { return }
            let shape = gradient.shape
            let (sources, pitch) = (gradient.sources, gradient.leftStride)
            var element = elements.lowerBound
            while element < elements.upperBound {
                let (tap, channel) = element.quotientAndRemainder(dividingBy: sources)
                let length = min(sources - channel, elements.upperBound - element)
                let here = valid(tap: tap).clamped(to: times)
                let column = target + element - elements.lowerBound
                for time in times where !here.contains(time) {
                    (column + (time - times.lowerBound) * pitch).update(repeating: 0, count: length)
                }
                if !here.isEmpty {
                    let row = here.lowerBound * shape.stride - shape.padLeft + tap * shape.dilation
                    kernels.pointee.gather(
                        source + row * shape.inputChannels + channel, shape.stride * shape.inputChannels, here.count, length, length,
                        column + (here.lowerBound - times.lowerBound) * pitch, pitch)
                }
                element += length
            }
        }

        /// Output rows for which a tap falls inside the item.
        private func valid(tap: Int) -> Range<Int> {
            let shape = gradient.shape
            let offset = tap * shape.dilation - shape.padLeft
            let first = offset >= 0 ? 0 : (-offset + shape.stride - 1) / shape.stride
            let last = shape.inputLength - 1 - offset
            let end = last < 0 ? 0 : last / shape.stride + 1
            return min(first, shape.outputLength)..<max(min(first, shape.outputLength), min(end, shape.outputLength))
        }

        /// Adds up the partial sums of an output channel and puts them where the weights lie.
        func join(
            _ output: Int, parts: Int, weightGradient: Region<Float>, biasGradient: Region<Float>?, accumulate: Bool, rowMajor: Bool
        ) {
            let shape = gradient.shape
            let (group, column) = output.quotientAndRemainder(dividingBy: gradient.targets)
            let (sources, width, height) = (gradient.sources, gradient.width, gradient.height)
            let partStride = shape.groups * gradient.groupCount
            let first = sums + group * gradient.groupCount + column
            func total(_ element: Int) -> Float {
                var sum = first[element * width]
                for part in 1..<max(1, parts) { sum += first[part * partStride + element * width] }
                return sum
            }
            let rowMajorTarget = weightGradient.pointer + output
            let target = weightGradient.pointer + output * sources * shape.kernel
            for tap in 0..<shape.kernel {
                for channel in 0..<sources {
                    let at = rowMajor ? rowMajorTarget + channel * shape.outputChannels : target + channel * shape.kernel + tap
                    let sum = total(tap * sources + channel)
                    at.pointee = accumulate ? at.pointee + sum : sum
                }
            }
            guard let biasGradient else { return }
            let sum = total(height - 1)
            biasGradient.pointer[output] = accumulate ? biasGradient.pointer[output] + sum : sum
        }
    }
}

extension InstructionSet {
    var trainingKernels: UnsafePointer<training_kernels> {
        if isSupported, let kernels = training_kernels_for(Int32(rawValue)) { return kernels }
        guard let kernels = training_kernels_for(Int32(Self.portable.rawValue)) else { preconditionFailure("no portable kernels") }
        return kernels
    }
}

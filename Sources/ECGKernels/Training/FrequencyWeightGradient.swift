// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// The gradient of a convolution's weights in the frequency domain: at every frequency a matrix product over items and tiles, of the conjugate spectra
/// of the input with the spectra of the output gradient; the taps are a few points of the inverse transform of the sums.
///
/// The input is cut into tiles of `step` rows, with zeros behind them; the output gradient's tiles are the windows of `points` rows that
/// meet them. As in `FrequencyConvolution`, two neighbouring tiles are real and imaginary part of one transform: the real part of the product's
/// inverse is the sum of both tiles' correlations, and the imaginary part, what they have with each other, is dropped.
///
/// Rows (pairs of tiles) are taken in blocks of a fixed length. Threads share a block's transforms by row, and its products by frequency, so
/// every sum is one chain of additions whatever the threads.
final class FrequencyWeightGradient: @unchecked Sendable {
    let shape: ConvolutionShape
    let problem: FrequencyProblem
    let tiling: FrequencyTiling
    let transform: FrequencyTransform
    let table: frequency_transform
    let kernels: UnsafePointer<frequency_kernels>
    let trainingKernels: UnsafePointer<training_kernels>
    let lanes: Int
    let zeroStorage: Region<Float>
    /// Tap of the convolution for each tap and phase of the problem, −1 where there is none.
    private let taps: [Int]
    /// The side with fewer channels is the left one, whose numbers are broadcast: the output gradient's if this is set, else the input's. Then the
    /// product is the conjugate of what is wanted.
    private let isSwapped: Bool
    /// The transform's sines, negated.
    private let backwards: Region<Double>

    init(_ shape: ConvolutionShape, tiling: FrequencyTiling, instructionSet: InstructionSet) {
        self.shape = shape
        self.tiling = tiling
        let problem = FrequencyProblem(shape, .inputGradient)
        self.problem = problem
        kernels = instructionSet.frequencyKernels
        trainingKernels = instructionSet.trainingKernels
        lanes = Int(kernels.pointee.lanes)
        transform = FrequencyTransform(tiling.radices)
        table = transform.table
        zeroStorage = Region(count: max(problem.inputChannels, problem.outputChannels) + lanes)
        var taps = [Int](repeating: -1, count: problem.taps * shape.stride)
        for (tap, place) in problem.places.enumerated() { taps[place.tap * shape.stride + place.phase] = tap }
        self.taps = taps
        let sines = transform.sines
        backwards = Region((0..<transform.points).map { -sines[$0] })
        isSwapped = problem.outputChannels > problem.inputChannels
    }

    /// Channels of both sides; the input's count once for each phase.
    private var leftChannels: Int { isSwapped ? problem.inputChannels : problem.outputChannels }
    private var rightChannels: Int { isSwapped ? problem.outputChannels : problem.inputChannels }
    /// The same in whole vectors.
    private var leftWidth: Int { (leftChannels + lanes - 1) / lanes * lanes }
    private var rightWidth: Int { (rightChannels + lanes - 1) / lanes * lanes }

    // MARK: Scratch

    /// Bytes that the spectra of a block may take: what the caches hold, but never so few rows that the sums cost more than the products.
    private static let blockBytes = 4 << 20

    private var blockRows: Int { max(16, min(64, Self.blockBytes / (12 * transform.points * (leftWidth + rightWidth)))) }
    private var pairCount: Int { transform.points / 2 + 1 }

    /// A cache line more than needed keeps neighbouring rows from meeting in the same sets of the cache.
    private func layout(_ width: Int) -> frequency_layout {
        frequency_layout(pair: 2 * blockRows * (3 * width + 16) + 16, row: 3 * width + 16, component: width)
    }

    private var sumCount: Int { 2 * transform.groups * leftChannels * rightWidth }
    private func spectraCount(_ width: Int) -> Int { pairCount * layout(width).pair }
    private var workCount: Int { 2 * lanes * transform.points }
    private var roomCount: Int { workCount + (4 * transform.points + 15) / 16 * 16 + (problem.taps * 2 * lanes + 15) / 16 * 16 }
    private func whole(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    func scratchCount(items: Int, threads: Int) -> Int {
        whole(FrequencyRows(shape).copyCount(items: items)) + whole(items * shape.outputChannels) + sumCount + spectraCount(leftWidth)
            + spectraCount(rightWidth) + threads * roomCount + 32
    }

    /// What one call works in.
    private struct Call: @unchecked Sendable {
        let input: UnsafePointer<Float>
        let inputItemStride: Int
        let inputRowStride: Int
        let outputGradient: UnsafePointer<Float>
        let biasSums: UnsafeMutablePointer<Float>
        let sums: UnsafeMutablePointer<Float>
        let left: UnsafeMutablePointer<Float>
        let right: UnsafeMutablePointer<Float>
        let rooms: UnsafeMutablePointer<Float>
    }

    func run(
        items: Int, input: Region<Float>, outputGradient: Region<Float>, weightGradient: Region<Float>, biasGradient: Region<Float>?,
        accumulate: Bool, scratch: Region<Float>, workers: Workers?
    ) {
        precondition(items > 0 && scratch.count >= scratchCount(items: items, threads: workers?.count ?? 1))
        let rows = FrequencyRows(shape)
        let copy = UnsafeMutableRawPointer(scratch.pointer).alignedUp(toMultipleOf: Storage.alignment).assumingMemoryBound(to: Float.self)
        let view = rows.view(input.pointer, rowStride: shape.inputChannels, copy: copy)
        if view.isCopy { rows.gather(items, from: input.pointer, rowStride: shape.inputChannels, into: copy) }
        let biasSums = copy + whole(rows.copyCount(items: items))
        let sums = biasSums + whole(items * shape.outputChannels)
        let left = sums + sumCount
        let right = left + spectraCount(leftWidth)
        let call = Call(
            input: UnsafePointer(view.start), inputItemStride: view.itemStride, inputRowStride: view.rowStride,
            outputGradient: UnsafePointer(outputGradient.pointer), biasSums: biasSums, sums: sums, left: left, right: right,
            rooms: right + spectraCount(rightWidth))
        let all = items * tiling.pairs
        let blocks = (all + blockRows - 1) / blockRows
        let groups = transform.groups
        for block in 0..<blocks {
            let part = all * block / blocks..<all * (block + 1) / blocks
            share(2 * part.count, workers) { task, worker in
                let row = part.lowerBound + task / 2
                self.transform(row, at: task / 2, isInput: task % 2 == 0, call, worker)
                if task % 2 == 1, biasGradient != nil, row % self.tiling.pairs == 0 { self.sumBias(row / self.tiling.pairs, call) }
            }
            let cuts = min(groups, 32)
            share(cuts, workers) { cut, _ in
                for group in groups * cut / cuts..<groups * (cut + 1) / cuts { self.multiply(group, part.count, replace: block == 0, call) }
            }
        }
        share(leftChannels, workers) { channel, worker in
            self.invert(channel, weightGradient, accumulate: accumulate, call, worker)
        }
        guard let biasGradient else { return }
        for channel in 0..<shape.outputChannels {
            var sum = 0.0
            for item in 0..<items { sum += Double(biasSums[item * shape.outputChannels + channel]) }
            biasGradient.pointer[channel] = Float(sum) + (accumulate ? biasGradient.pointer[channel] : 0)
        }
    }

    private func share(_ tasks: Int, _ workers: Workers?, _ body: @Sendable (Int, Int) -> Void) {
        if let workers { workers.run(tasks, body) } else { for task in 0..<tasks { body(task, 0) } }
    }

    // MARK: The phases

    private func transform(_ row: Int, at place: Int, isInput: Bool, _ call: Call, _ worker: Int) {
        let (item, pair) = row.quotientAndRemainder(dividingBy: tiling.pairs)
        let work = call.rooms + worker * roomCount
        let samples = UnsafeMutableRawPointer(work + workCount).assumingMemoryBound(to: UnsafePointer<Float>.self)
        let zeros = UnsafePointer(zeroStorage.pointer)
        let points = transform.points
        let length = isInput ? problem.outputLength : problem.inputLength
        let stride = isInput ? call.inputRowStride : shape.outputChannels
        let source =
            isInput ? call.input + item * call.inputItemStride : call.outputGradient + item * shape.outputLength * shape.outputChannels
        for tile in 0..<2 {
            let first = (2 * pair + tile) * tiling.step - (isInput ? 0 : problem.lead)
            let table = samples + tile * points
            let from = min(points, max(0, -first))
            let to = max(from, min(isInput ? tiling.step : points, length - first))
            for n in 0..<from { table[n] = zeros }
            for n in from..<to { table[n] = source + (first + n) * stride }
            for n in to..<points { table[n] = zeros }
        }
        let isLeft = isInput != isSwapped
        var layout = self.layout(isLeft ? leftWidth : rightWidth)
        withUnsafePointer(to: table) { table in
            kernels.pointee.forward(
                table, samples, samples + points, 0, isLeft ? leftChannels : rightChannels, nil, 0, work,
                (isLeft ? call.left : call.right) + 2 * place * layout.row, &layout)
        }
    }

    private func sumBias(_ item: Int, _ call: Call) {
        let channels = shape.outputChannels
        trainingKernels.pointee.columnSums(
            shape.outputLength, channels, call.outputGradient + item * shape.outputLength * channels, call.biasSums + item * channels)
    }

    /// The products of a slot group: frequencies that share a weight are two rows of the same sum.
    private func multiply(_ group: Int, _ rows: Int, replace: Bool, _ call: Call) {
        let alone = transform.points % 2 == 0 ? 2 : 1
        let pair = group < alone ? 0 : group - alone + 1
        let isAlone = group < alone
        let (a, b) = (layout(leftWidth), layout(rightWidth))
        let first = isAlone ? group : 0
        let step = isAlone ? 2 : 1
        let left = call.left + pair * a.pair + first * a.row
        let right = call.right + pair * b.pair + first * b.row
        let (height, width) = (leftChannels, rightWidth)
        let imaginary = height * width
        let sums = call.sums + 2 * group * imaginary
        let most = Int(trainingKernels.pointee.tileRows)
        let tiles = (height + most - 1) / most
        let panels = (width + 2 * lanes - 1) / (2 * lanes)
        let count = isAlone ? rows : 2 * rows
        // Spectra and sums of the next frequency come from the last cache: they are fetched while this one is multiplied.
        let next = [
            (call.left + (pair + 1) * a.pair, 2 * rows * a.row), (call.right + (pair + 1) * b.pair, 2 * rows * b.row),
            (sums + 2 * imaginary, 2 * imaginary),
        ]
        let calls = tiles * panels
        let each = (next.reduce(0) { $0 + $1.1 } / 16 + calls * 3 * count - 1) / (calls * 3 * count)
        var (region, place) = (0, 0)
        for column in stride(from: 0, to: width, by: 2 * lanes) {
            for tile in 0..<tiles {
                let channels = height * tile / tiles..<height * (tile + 1) / tiles
                let target = sums + channels.lowerBound * width + column
                if place >= next[region].1, region < 2 { (region, place) = (region + 1, 0) }
                var one = training_correlation(
                    left: left + channels.lowerBound, leftStride: step * a.row, leftComponent: a.component, right: right + column,
                    rightStride: step * b.row, rightComponent: b.component, count: count, real: target,
                    imaginary: target + imaginary, sumStride: width, rows: Int32(channels.count),
                    vectors: width - column > lanes ? 2 : 1, replace: replace ? 1 : 0,
                    ahead: UnsafeRawPointer(next[region].0 + place).assumingMemoryBound(to: CChar.self), each: Int32(min(2, each)))
                trainingKernels.pointee.correlation(&one)
                place += 16 * 3 * count * min(2, each)
            }
        }
    }

    /// The taps of one left channel.
    private func invert(_ channel: Int, _ weightGradient: Region<Float>, accumulate: Bool, _ call: Call, _ worker: Int) {
        let (height, width, points) = (leftChannels, rightWidth, transform.points)
        let values = call.rooms + (worker + 1) * roomCount - (problem.taps * 2 * lanes + 15) / 16 * 16
        let alone = points % 2 == 0 ? 2 : 1
        let scale = 1 / Float(points)
        // Groups from the first pair on are the frequencies 1, 2, …; those alone follow by hand: their imaginary parts drop out. To conjugate a
        // spectrum is to read its waves backwards.
        let sines = isSwapped ? UnsafePointer(backwards.pointer) : transform.sines
        let stride = 2 * height * width
        for column in Swift.stride(from: 0, to: width, by: 2 * lanes) {
            let vectors = width - column > lanes ? 2 : 1
            let real = call.sums + channel * width + column
            trainingKernels.pointee.inverse(
                points, transform.cosines, sines, transform.groups - alone, real + alone * stride, real + height * width + alone * stride,
                stride, problem.taps, Int32(vectors), values, 2 * lanes)
            for lane in 0..<min(vectors * lanes, rightChannels - column) {
                let (input, output) = isSwapped ? (column + lane, channel) : (channel, column + lane)
                let (phase, source) = input.quotientAndRemainder(dividingBy: shape.inputChannels)
                let target = weightGradient.pointer + (output * shape.inputChannels + source) * shape.kernel
                for tap in 0..<problem.taps {
                    let original = taps[tap * shape.stride + phase]
                    if original < 0 { continue }
                    var sum = values[tap * 2 * lanes + lane] + real[lane]
                    if alone == 2 { sum += tap % 2 == 0 ? real[stride + lane] : -real[stride + lane] }
                    target[original] = sum * scale + (accumulate ? target[original] : 0)
                }
            }
        }
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// The gradient of a convolution's weights in the frequency domain: at every frequency a matrix product over items and tiles, of the conjugate spectra
/// of the input with the spectra of the output gradient; the taps are a few points of the inverse transform of the sums.
///
/// The input is cut into tiles of `step` rows, with zeros behind them; the output gradient's tiles are the windows of `points` rows that
/// meet them. As in `FrequencyConvolution`, two neighbouring tiles are real and imaginary part of one transform: the real part of the product's
/// inverse is the sum of both tiles' correlations, and the imaginary part, what they have with each other, is dropped.
///
/// The items are cut into a few parts, by shape and batch alone; each is summed by one thread, whose spectra stay its own, in blocks of rows (pairs of
/// tiles), and the parts are joined in order: every sum is one chain of additions whatever the threads.
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
    /// Pairs of slots, and the constant term in double precision behind them.
    private var pairCount: Int { (transform.points + 1) / 2 + 1 }

    /// A cache line more than needed keeps neighbouring rows from meeting in the same sets of the cache.
    private func layout(_ width: Int) -> frequency_layout {
        frequency_layout(pair: 2 * blockRows * (3 * width + 16) + 16, row: 3 * width + 16, component: width)
    }

    private var sumCount: Int { 2 * transform.groups * leftChannels * rightWidth }
    private func spectraCount(_ width: Int) -> Int { pairCount * layout(width).pair }
    private var workCount: Int { 2 * lanes * transform.points }
    private var roomCount: Int {
        spectraCount(leftWidth) + spectraCount(rightWidth) + workCount + whole(4 * transform.points) + whole(problem.taps * 2 * lanes)
    }
    private func whole(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// Parts that the items are cut into: enough for a few threads, but few where the sums are large.
    private func parts(_ items: Int) -> Int {
        max(1, min(sumCount > 1 << 17 ? 4 : 8, items, items * tiling.pairs / 16))
    }

    func scratchCount(items: Int, threads: Int) -> Int {
        whole(FrequencyRows(shape).copyCount(items: items)) + whole(items * shape.outputChannels) + parts(items) * sumCount
            + threads * roomCount + 32
    }

    /// What one call works in.
    private struct Call: @unchecked Sendable {
        let input: UnsafePointer<Float>
        let inputItemStride: Int
        let inputRowStride: Int
        let outputGradient: UnsafePointer<Float>
        let biasSums: UnsafeMutablePointer<Float>
        let sums: UnsafeMutablePointer<Float>
        let rooms: UnsafeMutablePointer<Float>
    }

    /// What a thread works in.
    private struct Room {
        let left: UnsafeMutablePointer<Float>
        let right: UnsafeMutablePointer<Float>
        let work: UnsafeMutablePointer<Float>
        /// Addresses of the samples of two tiles.
        let samples: UnsafeMutablePointer<UnsafePointer<Float>>
        /// Taps of a panel.
        let values: UnsafeMutablePointer<Float>
    }

    private func room(_ call: Call, _ worker: Int) -> Room {
        let left = call.rooms + worker * roomCount
        let right = left + spectraCount(leftWidth)
        let work = right + spectraCount(rightWidth)
        let samples = UnsafeMutableRawPointer(work + workCount).assumingMemoryBound(to: UnsafePointer<Float>.self)
        return Room(left: left, right: right, work: work, samples: samples, values: work + workCount + whole(4 * transform.points))
    }

    func run(
        items: Int, input: Region<Float>, outputGradient: Region<Float>, weightGradient: Region<Float>, biasGradient: Region<Float>?,
        accumulate: Bool, scratch: Region<Float>, workers: Workers?
    ) {
        precondition(items > 0 && scratch.count >= scratchCount(items: items, threads: workers?.count ?? 1))
        let rows = FrequencyRows(shape)
        let copy = UnsafeMutableRawPointer(scratch.pointer).alignedUp(toMultipleOf: Storage.alignment).assumingMemoryBound(to: Float.self)
        let view = rows.view(input.pointer, rowStride: shape.inputChannels, copy: copy)
        if view.isCopy { rows.gather(items, from: input.pointer, rowStride: shape.inputChannels, into: copy, workers: workers) }
        let biasSums = copy + whole(rows.copyCount(items: items))
        let sums = biasSums + whole(items * shape.outputChannels)
        let parts = self.parts(items)
        let call = Call(
            input: UnsafePointer(view.start), inputItemStride: view.itemStride, inputRowStride: view.rowStride,
            outputGradient: UnsafePointer(outputGradient.pointer), biasSums: biasSums, sums: sums, rooms: sums + parts * sumCount)
        let wantsBias = biasGradient != nil
        share(parts, workers) { part, worker in
            let range = items * part / parts..<items * (part + 1) / parts
            self.sum(range, call.sums + part * self.sumCount, wantsBias: wantsBias, call, worker)
        }
        let cuts = min(transform.groups, 16)
        if parts > 1 {
            share(cuts, workers) { cut, _ in
                let group = 2 * self.leftChannels * self.rightWidth
                let range = self.transform.groups * cut / cuts * group..<self.transform.groups * (cut + 1) / cuts * group
                let target = call.sums + range.lowerBound
                for part in 1..<parts {
                    self.trainingKernels.pointee.add(range.count, target + part * self.sumCount, target)
                }
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

    /// The sums over some items.
    private func sum(_ items: Range<Int>, _ sums: UnsafeMutablePointer<Float>, wantsBias: Bool, _ call: Call, _ worker: Int) {
        let room = self.room(call, worker)
        let all = items.count * tiling.pairs
        let blocks = (all + blockRows - 1) / blockRows
        for block in 0..<blocks {
            let rows = all * block / blocks..<all * (block + 1) / blocks
            for row in rows {
                let (item, pair) = row.quotientAndRemainder(dividingBy: tiling.pairs)
                transform(items.lowerBound + item, pair, at: row - rows.lowerBound, isInput: true, call, room)
                transform(items.lowerBound + item, pair, at: row - rows.lowerBound, isInput: false, call, room)
                if wantsBias, pair == 0 { sumBias(items.lowerBound + item, call) }
            }
            for group in 0..<transform.groups { multiply(group, rows.count, replace: block == 0, sums, room) }
        }
    }

    private func share(_ tasks: Int, _ workers: Workers?, _ body: @Sendable (Int, Int) -> Void) {
        if let workers { workers.run(tasks, body) } else { for task in 0..<tasks { body(task, 0) } }
    }

    // MARK: The phases

    private func transform(_ item: Int, _ pair: Int, at place: Int, isInput: Bool, _ call: Call, _ room: Room) {
        let samples = room.samples
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
                table, samples, samples + points, 0, isLeft ? leftChannels : rightChannels, nil, 0, room.work,
                (isLeft ? room.left : room.right) + 2 * place * layout.row, &layout)
        }
    }

    private func sumBias(_ item: Int, _ call: Call) {
        let channels = shape.outputChannels
        trainingKernels.pointee.columnSums(
            shape.outputLength, channels, call.outputGradient + item * shape.outputLength * channels, call.biasSums + item * channels)
    }

    /// The products of a slot group: frequencies that share a weight are two rows of the same sum.
    private func multiply(_ group: Int, _ rows: Int, replace: Bool, _ all: UnsafeMutablePointer<Float>, _ room: Room) {
        let alone = transform.points % 2 == 0 ? 2 : 1
        let pair = group < alone ? 0 : group - alone + 1
        let isAlone = group < alone
        let (a, b) = (layout(leftWidth), layout(rightWidth))
        let first = isAlone ? group : 0
        let step = isAlone ? 2 : 1
        let left = room.left + pair * a.pair + first * a.row
        let right = room.right + pair * b.pair + first * b.row
        let (height, width) = (leftChannels, rightWidth)
        let imaginary = height * width
        let sums = all + 2 * group * imaginary
        let most = Int(trainingKernels.pointee.tileRows)
        let tiles = (height + most - 1) / most
        let panels = (width + 2 * lanes - 1) / (2 * lanes)
        let count = isAlone ? rows : 2 * rows
        // Spectra and sums of the next frequency come from the last cache: they are fetched while this one is multiplied.
        let next = [
            (room.left + (pair + 1) * a.pair, 2 * rows * a.row), (room.right + (pair + 1) * b.pair, 2 * rows * b.row),
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
        let values = room(call, worker).values
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

// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels

/// One call of a prepared operation: where its activations lie, and how its rows (pairs of tiles, counted over all items) are worked off.
///
/// Rows are taken in blocks whose spectra stay near the processor. A block is transformed, multiplied and transformed back by one
/// thread; where there are fewer rows than that would keep busy, a block's rows and panels of outputs are divided, or the threads share each of the three
/// phases. An item's bits are the same either way: every number is the same chain of operations, whoever computes it.
struct FrequencyRun: @unchecked Sendable {
    let convolution: FrequencyConvolution
    let items: Int
    var input: UnsafePointer<Float>
    var inputItemStride: Int
    var inputRowStride: Int
    var output: UnsafeMutablePointer<Float>
    var outputItemStride: Int
    var outputRowStride: Int
    var residual: UnsafePointer<Float>?
    var residualItemStride = 0
    var residualRowStride = 0
    var residualAfter = false
    var activation: Activation = .identity
    /// Aligned to a vector.
    let scratch: UnsafeMutablePointer<Float>

    /// Nanoseconds of work that are worth waking other threads for.
    private static let leastShared = 30_000.0

    private var kernels: UnsafePointer<frequency_kernels> { convolution.kernels }
    private var lanes: Int { convolution.lanes }
    private var pairs: Int { convolution.tiling.pairs }
    private var points: Int { convolution.transform.points }

    func callAsFunction(workers: Workers?) {
        let rows = items * pairs
        let most = convolution.rooms.blockRows
        let threads = workers?.count ?? 1
        // Each of the three phases waits for the slowest thread; what is done sooner than that stays with the caller.
        guard let workers, threads > 1, convolution.cost * Double(items) > Self.leastShared else {
            forEachBlock(rows, most) { block($0, room: 0) }
            return
        }
        if 2 * rows >= threads * most {
            let rounds = (rows + threads * most - 1) / (threads * most)
            let blocks = rounds * threads
            workers.run(blocks) { task, worker in
                block(rows * task / blocks..<rows * (task + 1) / blocks, room: worker)
            }
        } else {
            forEachBlock(rows, most) { block in
                if let cut = FrequencyCut(rows: block.count, threads: threads, costs: convolution.costs) {
                    divided(block, cut, workers)
                } else {
                    shared(block, workers)
                }
            }
        }
    }

    private func forEachBlock(_ rows: Int, _ most: Int, _ body: (Range<Int>) -> Void) {
        let blocks = (rows + most - 1) / most
        for block in 0..<blocks { body(rows * block / blocks..<rows * (block + 1) / blocks) }
    }

    // MARK: A block by one thread

    private func block(_ rows: Range<Int>, room: Int) { block(rows, panels: convolution.spectra.panels.indices, room: room) }

    /// All of a block that leads to some of its panels.
    private func block(_ rows: Range<Int>, panels: Range<Int>, room: Int) {
        let room = convolution.rooms.room(scratch, room)
        for row in rows { transform(row, at: row - rows.lowerBound, of: rows.count, 0..<convolution.problem.inputChannels, room, room) }
        let groups = convolution.transform.groups
        if convolution.rooms.panelsTogether {
            // Spectra of many channels pass by once, frequency by frequency.
            for group in 0..<groups { for panel in panels { multiply(panel, group..<group + 1, rows.count, room) } }
            for panel in panels { invert(panel, rows, room) }
        } else {
            for panel in panels {
                multiply(panel, 0..<groups, rows.count, room)
                invert(panel, rows, room)
            }
        }
    }

    private func invert(_ panel: Int, _ rows: Range<Int>, _ room: FrequencyRooms.Room) {
        for row in rows {
            for vector in 0..<convolution.spectra.panels[panel].vectors {
                invert(row, at: row - rows.lowerBound, of: rows.count, panel, vector, room, room)
            }
        }
    }

    // MARK: A block by all threads

    /// Each thread takes some rows to some panels, from the first transform to the last: nothing but the layer's input and output passes from one
    /// processor to another, and nobody waits in between. The threads of neighbouring panels transform the same rows.
    private func divided(_ rows: Range<Int>, _ cut: FrequencyCut, _ workers: Workers) {
        let panels = convolution.spectra.panels.count
        workers.run(cut.rowParts * cut.panelParts) { task, worker in
            let (row, panel) = task.quotientAndRemainder(dividingBy: cut.panelParts)
            block(
                rows.lowerBound + rows.count * row / cut.rowParts..<rows.lowerBound + rows.count * (row + 1) / cut.rowParts,
                panels: panels * panel / cut.panelParts..<panels * (panel + 1) / cut.panelParts, room: worker)
        }
    }

    private func shared(_ rows: Range<Int>, _ workers: Workers) {
        let common = convolution.rooms.room(scratch, 0)
        let threads = workers.count
        let channels = convolution.problem.inputChannels
        let parts = max(1, min((channels + lanes - 1) / lanes, 2 * threads / rows.count))
        let width = ((channels + lanes - 1) / lanes + parts - 1) / parts * lanes
        workers.run(rows.count * parts) { task, worker in
            let (row, part) = task.quotientAndRemainder(dividingBy: parts)
            let range = min(channels, part * width)..<min(channels, (part + 1) * width)
            transform(rows.lowerBound + row, at: row, of: rows.count, range, common, convolution.rooms.room(scratch, worker))
        }
        let panels = convolution.spectra.panels
        let groups = convolution.transform.groups
        let cuts = max(1, (4 * threads + panels.count - 1) / panels.count)
        workers.run(panels.count * cuts) { task, _ in
            let (panel, cut) = task.quotientAndRemainder(dividingBy: cuts)
            multiply(panel, groups * cut / cuts..<groups * (cut + 1) / cuts, rows.count, common)
        }
        let vectors = (convolution.problem.outputChannels + lanes - 1) / lanes
        workers.run(rows.count * vectors) { task, worker in
            let (row, vector) = task.quotientAndRemainder(dividingBy: vectors)
            invert(rows.lowerBound + row, at: row, of: rows.count, vector / 2, vector % 2, common, convolution.rooms.room(scratch, worker))
        }
    }

    // MARK: The three phases

    /// Transforms some channels of a row into the spectra of `block`, with tables and work of the thread's own `room`.
    private func transform(
        _ row: Int, at place: Int, of rows: Int, _ channels: Range<Int>, _ block: FrequencyRooms.Room, _ room: FrequencyRooms.Room
    ) {
        let problem = convolution.problem
        let (item, pair) = row.quotientAndRemainder(dividingBy: pairs)
        let samples = input + item * inputItemStride
        for tile in 0..<2 {
            let first = (2 * pair + tile) * convolution.tiling.step - problem.lead
            let table = room.samples + tile * points
            let from = min(points, max(0, -first))
            let to = max(from, min(points, problem.inputLength - first))
            for n in 0..<from { table[n] = convolution.zeros }
            for n in from..<to { table[n] = samples + (first + n) * inputRowStride }
            for n in to..<points { table[n] = convolution.zeros }
        }
        let next = following(row)
        var layout = convolution.rooms.spectraLayout(rows: rows)
        withUnsafePointer(to: convolution.table) { table in
            kernels.pointee.forward(
                table, room.samples, room.samples + points, channels.lowerBound, channels.upperBound, next.start, next.count, room.work,
                block.spectra + 2 * place * layout.row, &layout)
        }
    }

    /// What the row after this one reads and this one hasn't read.
    private func following(_ row: Int) -> (start: UnsafePointer<Float>?, count: Int) {
        let problem = convolution.problem
        let (item, pair) = (row + 1).quotientAndRemainder(dividingBy: pairs)
        guard item < items else { return (nil, 0) }
        let reach = 2 * convolution.tiling.step
        let end = min(problem.inputLength, (pair + 1) * reach - problem.lead + problem.taps)
        let start = pair == 0 ? 0 : pair * reach - problem.lead + problem.taps
        guard start >= 0, start < end else { return (nil, 0) }
        return (input + item * inputItemStride + start * inputRowStride, (end - start) * inputRowStride)
    }

    private func multiply(_ panel: Int, _ groups: Range<Int>, _ rows: Int, _ block: FrequencyRooms.Room) {
        let part = convolution.spectra.panels[panel]
        var spectra = convolution.rooms.spectraLayout(rows: rows)
        var products = convolution.rooms.productLayout(rows: rows, vectors: part.vectors)
        withUnsafePointer(to: convolution.table) { table in
            kernels.pointee.multiply(
                table, groups.lowerBound, groups.upperBound, rows, convolution.problem.inputChannels, Int32(part.vectors), block.spectra,
                &spectra, convolution.spectra.pointer(part), part.stride, convolution.rooms.panelsTogether ? panel : 0,
                block.products + panel * convolution.rooms.panelCount, &products)
        }
    }

    private func invert(
        _ row: Int, at place: Int, of rows: Int, _ panel: Int, _ vector: Int, _ block: FrequencyRooms.Room,
        _ room: FrequencyRooms.Room
    ) {
        let part = convolution.spectra.panels[panel]
        let channel = part.channel + vector * lanes
        let count = min(lanes, convolution.problem.outputChannels - channel)
        let (item, pair) = row.quotientAndRemainder(dividingBy: pairs)
        let length = convolution.problem.outputLength
        let first = min(length, 2 * pair * convolution.tiling.step)
        let second = min(length, first + convolution.tiling.step)
        let target = output + item * outputItemStride + channel
        let extra = residual.map { $0 + item * residualItemStride + channel }
        var tiles = frequency_tiles(
            output: (target + first * outputRowStride, target + second * outputRowStride),
            count: (Int32(second - first), Int32(min(length, second + convolution.tiling.step) - second)),
            residual: (extra.map { $0 + first * residualRowStride }, extra.map { $0 + second * residualRowStride }), stride: outputRowStride
        )
        var epilogue = frequency_epilogue(
            residual: extra, residual_stride: residualRowStride, residual_after: residualAfter ? 1 : 0, leaky: 0,
            floor: -.infinity, slope: activation.slope)
        switch activation {
        case .identity: break
        case .relu: epilogue.floor = 0
        case .leakyRelu: epilogue.leaky = 1
        }
        var layout = convolution.rooms.productLayout(rows: rows, vectors: part.vectors)
        withUnsafePointer(to: convolution.table) { table in
            kernels.pointee.inverse(
                table, block.products + panel * convolution.rooms.panelCount + 2 * place * layout.row + vector * lanes, &layout, room.work,
                &tiles,
                count, convolution.bias + channel, &epilogue)
        }
    }
}

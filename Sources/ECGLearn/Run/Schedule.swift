// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// One call of a kernel in a run over a batch.
struct Step {
    let reads: [Int]
    let writes: [Int]
    let run: (RunContext) -> Void
}

/// A piece of the arena that holds `perItem` floats for every item, and `fixed` more.
struct BufferSize {
    var perItem: Int
    var fixed = 0
}

/// The memory and the circumstances of a run over a batch.
struct RunContext {
    let items: Int
    /// The number of the training step, which dropout's draws depend on.
    let step: Int
    let workers: Workers
    let parameters: Region<Float>
    let gradients: Region<Float>
    let states: Region<Float>
    let scratch: Region<Float>
    let arena: Storage
    let offsets: [Int]
    let sizes: [BufferSize]

    /// A buffer's floats for the items of this batch.
    subscript(buffer: Int) -> Region<Float> {
        Region(arena, start: offsets[buffer], count: sizes[buffer].perItem * items + sizes[buffer].fixed)
    }

    /// A buffer of whole numbers, as max pooling's places.
    func integers(_ buffer: Int) -> Region<Int32> {
        Region(arena, start: offsets[buffer], count: sizes[buffer].perItem * items + sizes[buffer].fixed)
    }
}

/// The steps of a run and where its buffers lie: two that are never alive at the same time share memory.
struct Schedule {
    private(set) var steps: [Step] = []
    private(set) var sizes: [BufferSize] = []
    /// Buffers that must hold from the first step to the last, such as the input and the logits.
    var lasting: Set<Int> = []

    mutating func buffer(perItem: Int, fixed: Int = 0) -> Int {
        sizes.append(BufferSize(perItem: perItem, fixed: fixed))
        return sizes.count - 1
    }

    mutating func step(reads: [Int], writes: [Int], _ run: @escaping (RunContext) -> Void) {
        steps.append(Step(reads: reads, writes: writes, run: run))
    }

    /// Floats of the arena for up to `items` items, and each buffer's place in it.
    func layout(items: Int) -> (offsets: [Int], count: Int) {
        var first = [Int](repeating: .max, count: sizes.count)
        var last = [Int](repeating: -1, count: sizes.count)
        for (index, step) in steps.enumerated() {
            for buffer in step.reads + step.writes {
                first[buffer] = min(first[buffer], index)
                last[buffer] = max(last[buffer], index)
            }
        }
        for buffer in lasting { (first[buffer], last[buffer]) = (0, steps.count) }
        // Large ones first, each at the lowest place that is free for all of its life.
        let lengths = sizes.map { ($0.perItem * items + $0.fixed + 15) / 16 * 16 }
        var offsets = [Int](repeating: 0, count: sizes.count)
        var placed: [Int] = []
        var total = 0
        for buffer in sizes.indices.filter({ last[$0] >= 0 }).sorted(by: { (lengths[$0], -$0) > (lengths[$1], -$1) }) {
            var place = 0
            for other in placed.filter({ first[$0] <= last[buffer] && last[$0] >= first[buffer] }).sorted(by: { offsets[$0] < offsets[$1] })
            {
                if place + lengths[buffer] <= offsets[other] { break }
                place = max(place, offsets[other] + lengths[other])
            }
            offsets[buffer] = place
            total = max(total, place + lengths[buffer])
            placed.append(buffer)
        }
        return (offsets, total)
    }
}

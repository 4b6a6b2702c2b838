// SPDX-License-Identifier: GPL-3.0-or-later

/// Reads chosen signals of one ordinary record (or one segment) as rows of physical values, part by part.
final class SignalReader {
    /// A wanted signal: its row in the output and its place in its file's frame.
    private struct Row {
        let row: Int
        let signal: Int
        let place: Int
        let samplesPerFrame: Int
        let skew: Int
        let scale: PhysicalScale
        /// For formats of few bits: the physical value of every possible sample.
        let table: [Float]
        let lowest: Int32
        /// `table` in the order of the samples' bit patterns.
        let codes: [Float]
        var sum: UInt32 = 0
    }

    /// A signal file, opened once for each skew in it: a shifted signal reads other frames.
    private final class Group {
        let source: any SampleSource
        let samplesPerFrame: Int
        let skew: Int
        var rows: [Row]
        /// The same source, if every row can be looked up from its bytes.
        let pairs: BinarySource?
        /// The file's frame up to which `rows[].sum` has been taken; nil once frames were left out.
        var summed: Int? = 0

        init(source: any SampleSource, samplesPerFrame: Int, skew: Int, rows: [Row], density: Int) {
            self.source = source
            self.samplesPerFrame = samplesPerFrame
            self.skew = skew
            self.rows = rows
            let isPlain = density == 1 && rows.allSatisfy { $0.samplesPerFrame == 1 }
            pairs = (source as? BinarySource).flatMap { isPlain && $0.isPaired ? $0 : nil }
        }
    }

    /// The most frames taken on trust where no signal file backs them: 198 days at 125 Hz.
    static let longestUnproven = 1 << 31

    let header: WFDBHeader
    /// Frames.
    let length: Int
    /// Samples a frame of the output: 1, or the record's highest where the original samples are wanted.
    let density: Int
    private let place: String
    private var groups: [Group] = []
    private var scratch: [Int32] = []
    private var bytes: [UInt8] = []

    /// - Parameters:
    ///   - place: the header's path; signal files lie beside it.
    ///   - wanted: for each output row the signal's index, nil for a row that this record doesn't have.
    ///   - density: samples a frame in the output; 1 means the average of a frame's samples.
    /// - Throws: `FormatError` if a file is missing, shorter than the header says, or the header is absurd.
    init(header: WFDBHeader, place: String, wanted: [Int?], density: Int = 1) throws(FormatError) {
        self.header = header
        self.place = place
        self.density = density
        let folder = WFDBPath.folder(of: place)
        let known = header.length == 0 ? nil : header.length
        var inferred: Int?
        for range in SignalReader.files(in: header) {
            let signals = Array(header.signals[range])
            guard signals[0].format != .null else { continue }
            let chosen = wanted.enumerated().compactMap { row, signal in signal.flatMap { range.contains($0) ? (row, $0) : nil } }
            if chosen.isEmpty && known != nil { continue }
            let perFrame = try SignalReader.frameSize(signals, place: place)
            let path = WFDBPath.join(folder, signals[0].fileName)
            var skews: [Int] = []
            for (_, signal) in chosen {
                let skew = SignalReader.frameSkew(header.signals[signal])
                if !skews.contains(skew) { skews.append(skew) }
            }
            if chosen.isEmpty { skews = [0] }
            for skew in skews {
                let source: any SampleSource =
                    signals[0].format.isCompressed
                    ? try FLACSource(path: path, signals: signals) : try BinarySource(path: path, signals: signals)
                if let frames = source.frameCount {
                    if let known, frames < known {
                        throw .damaged(path, "has \(frames) samples of each signal, \(place) says \(known)")
                    }
                    inferred = min(inferred ?? frames, frames)
                }
                var rows: [Row] = []
                for (row, signal) in chosen where SignalReader.frameSkew(header.signals[signal]) == skew {
                    let before = header.signals[range.lowerBound..<signal].reduce(0) { $0 + $1.samplesPerFrame }
                    rows.append(SignalReader.row(row, signal, header.signals[signal], place: before, skew: skew))
                }
                if !rows.isEmpty {
                    groups.append(Group(source: source, samplesPerFrame: perFrame, skew: skew, rows: rows, density: density))
                }
            }
        }
        if let frames = known ?? inferred {
            guard inferred != nil || frames <= SignalReader.longestUnproven || groups.contains(where: { $0.source.frameCount == nil })
            else {
                throw .damaged(place, "\(frames) samples that are in no signal file")
            }
            length = frames
        } else {
            guard header.signals.allSatisfy({ $0.format == .null }) else {
                throw .damaged(place, "has no length, and the signal file doesn't tell it either")
            }
            length = 0
        }
    }

    private static func row(_ row: Int, _ index: Int, _ signal: WFDBHeader.Signal, place: Int, skew: Int) -> Row {
        let scale = PhysicalScale(signal)
        let bits = signal.format.bits
        let small = bits <= 12 && bits > 0
        let table = small ? scale.table(bits: bits) : []
        return Row(
            row: row, signal: index, place: place, samplesPerFrame: signal.samplesPerFrame, skew: skew, scale: scale, table: table,
            lowest: small ? -(1 << (Int32(bits) - 1)) : 0, codes: Array(table[(table.count / 2)...] + table[..<(table.count / 2)]))
    }

    /// The runs of neighbouring signals that share a file.
    static func files(in header: WFDBHeader) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for index in header.signals.indices {
            if let last = ranges.last, header.signals[index].fileName == header.signals[last.lowerBound].fileName {
                ranges[ranges.count - 1] = last.lowerBound..<(index + 1)
            } else {
                ranges.append(index..<(index + 1))
            }
        }
        return ranges
    }

    /// The WFDB library lines signals up to whole frames, rounding half up.
    static func frameSkew(_ signal: WFDBHeader.Signal) -> Int {
        let (whole, rest) = signal.skew.quotientAndRemainder(dividingBy: signal.samplesPerFrame)
        return whole + (rest >= signal.samplesPerFrame - rest ? 1 : 0)
    }

    private static func frameSize(_ signals: [WFDBHeader.Signal], place: String) throws(FormatError) -> Int {
        var total = 0
        for signal in signals {
            let (sum, overflow) = total.addingReportingOverflow(signal.samplesPerFrame)
            guard !overflow, sum <= 1 << 20 else {
                throw .damaged(place, "a frame of more than \(1 << 20) samples in \(signals[0].fileName)")
            }
            total = sum
        }
        return total
    }

    /// Whether `read` fills all rows for `frames`: each has a signal, and none is shifted beyond the end.
    func fills(_ frames: Range<Int>, rows: Int) -> Bool {
        groups.reduce(0) { $0 + $1.rows.count } == rows && groups.allSatisfy { frames.upperBound <= length - min($0.skew, length) }
    }

    /// Fills the rows with frames `frames` of the record: row r gets `frames.count * density` values from
    /// `r * rowStride + column` on. Rows this record doesn't have, and frames after the end of a shifted signal, are left as they are.
    func read(frames: Range<Int>, into output: inout [Float], rowStride: Int, column: Int) throws(FormatError) {
        for group in groups {
            // What is decoded at a time stays in the fast caches.
            let chunk = max((group.pairs == nil ? 8192 : 32768) / group.samplesPerFrame, 1)
            if group.summed == 0 && frames.lowerBound == 0 { try sumSkipped(group, chunk: chunk) }
            let shifted = frames.lowerBound.addingReportingOverflow(group.skew)
            guard !shifted.overflow, shifted.partialValue < length else { continue }
            let first = shifted.partialValue
            let last = min(first + frames.count, length)
            if group.summed != first { group.summed = nil }
            var at = first
            while at < last {
                let end = min(at + chunk, last)
                if let pairs = group.pairs {
                    try pairs.readPairs(frames: at..<end, into: &bytes)
                    lookUp(
                        group, stride: pairs.pairedStride, count: end - at, into: &output, rowStride: rowStride, column: column + at - first
                    )
                    at = end
                    continue
                }
                try group.source.read(frames: at..<end, into: &scratch)
                for index in group.rows.indices {
                    let target = group.rows[index].row * rowStride + column + (at - first) * density
                    convert(&group.rows[index], stride: group.samplesPerFrame, frames: end - at, into: &output, at: target)
                }
                at = end
            }
            if group.summed != nil { group.summed = last }
            try verify(group)
        }
    }

    /// The samples that a skew skips count in the checksum too.
    private func sumSkipped(_ group: Group, chunk: Int) throws(FormatError) {
        var at = 0
        let end = min(group.skew, length)
        while at < end {
            let next = min(at + chunk, end)
            try group.source.read(frames: at..<next, into: &scratch)
            for index in group.rows.indices {
                let row = group.rows[index]
                for frame in 0..<(next - at) {
                    for place in 0..<row.samplesPerFrame {
                        group.rows[index].sum &+= UInt32(bitPattern: scratch[frame * group.samplesPerFrame + row.place + place])
                    }
                }
            }
            at = next
        }
        group.summed = end
        try verify(group)
    }

    /// Compares the sums with the header's as soon as the last frame has been read, before its values are handed out.
    private func verify(_ group: Group) throws(FormatError) {
        guard group.summed == length, length > 0 else { return }
        for row in group.rows {
            let signal = header.signals[row.signal]
            guard let checksum = signal.checksum else { continue }
            let sum = Int(row.sum & 0xFFFF)
            guard checksum & 0xFFFF == sum else {
                let signed = sum > 32767 ? sum - 65536 : sum
                throw .damaged(group.source.path, "the checksum of signal \(signal.name) is \(signed), \(place) says \(checksum)")
            }
        }
        group.summed = nil
    }

    /// Rows straight from the bytes, two at a time where both samples of a pair are wanted.
    private func lookUp(_ group: Group, stride: Int, count: Int, into output: inout [Float], rowStride: Int, column: Int) {
        let lanes = group.rows.map { PairLookup.Lane(place: $0.place, values: $0.codes, target: $0.row * rowStride + column) }
        var index = 0
        while index < lanes.count {
            let lane = lanes[index]
            if lane.place % 2 == 0, index + 1 < lanes.count, lanes[index + 1].place == lane.place + 1 {
                let sums = PairLookup.pair(bytes, stride: stride, count: count, lane, lanes[index + 1], into: &output)
                group.rows[index].sum &+= sums.0
                group.rows[index + 1].sum &+= sums.1
                index += 2
            } else {
                group.rows[index].sum &+= PairLookup.single(bytes, stride: stride, count: count, lane, into: &output)
                index += 1
            }
        }
    }

    private func convert(_ row: inout Row, stride: Int, frames: Int, into output: inout [Float], at target: Int) {
        if row.samplesPerFrame > 1 || density > 1 {
            var sum: UInt32 = 0
            convertFrames(row, stride: stride, frames: frames, sum: &sum, into: &output, at: target)
            row.sum &+= sum
        } else if row.table.isEmpty {
            row.sum &+= SignalReader.scaled(
                scratch, from: row.place, stride: stride, count: frames, by: row.scale, into: &output, at: target)
        } else {
            row.sum &+= SignalReader.lookedUp(
                scratch, from: row.place, stride: stride, count: frames, in: row.table, lowest: row.lowest, into: &output, at: target)
        }
    }

    /// The two hot loops are functions of plain arrays, so that nothing is checked twice.
    /// - Returns: the sum of the samples, modulo 2^32.
    private static func scaled(
        _ samples: [Int32], from start: Int, stride: Int, count: Int, by scale: PhysicalScale, into output: inout [Float], at target: Int
    ) -> UInt32 {
        var sum: UInt32 = 0
        var index = start
        for frame in 0..<count {
            let sample = samples[index]
            sum &+= UInt32(bitPattern: sample)
            output[target &+ frame] = scale.value(sample)
            index &+= stride
        }
        return sum
    }

    private static func lookedUp(
        _ samples: [Int32], from start: Int, stride: Int, count: Int, in table: [Float], lowest: Int32, into output: inout [Float],
        at target: Int
    ) -> UInt32 {
        var sum: UInt32 = 0
        var index = start
        for frame in 0..<count {
            let sample = samples[index]
            sum &+= UInt32(bitPattern: sample)
            output[target &+ frame] = table[Int(sample &- lowest)]
            index &+= stride
        }
        return sum
    }

    /// Several samples a frame: kept, slower signals held, or averaged to whole ADC units as the WFDB library does.
    private func convertFrames(
        _ row: Row, stride: Int, frames: Int, sum: inout UInt32, into output: inout [Float], at target: Int
    ) {
        let count = row.samplesPerFrame
        for frame in 0..<frames {
            let start = frame * stride + row.place
            var total = 0
            var isValid = true
            for place in 0..<count {
                let sample = scratch[start + place]
                sum &+= UInt32(bitPattern: sample)
                total += Int(sample)
                if sample == row.scale.invalid { isValid = false }
            }
            if density == 1 {
                output[target + frame] = isValid ? row.scale.value(Int32(truncatingIfNeeded: total / count)) : .nan
                continue
            }
            for step in 0..<density {
                output[target + frame * density + step] = row.scale.value(scratch[start + count * step / density])
            }
        }
    }
}

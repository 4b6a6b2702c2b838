// SPDX-License-Identifier: GPL-3.0-or-later

/// Recordings in a NumPy array: [item, lead, time], or one as [lead, time].
public final class ArrayRecording {
    public let items: Int
    public let leads: Int
    /// Samples of each lead.
    public let length: Int
    private let file: NPYFile
    /// In Fortran order the items lie closest together: a run of them is read at once and kept.
    private var held = 0..<0
    private var heldValues: [Float] = []

    public init(path: String) throws(FormatError) {
        file = try NPYFile(path: path)
        switch file.shape.count {
        case 2: (items, leads, length) = (1, file.shape[0], file.shape[1])
        case 3: (items, leads, length) = (file.shape[0], file.shape[1], file.shape[2])
        default: throw .damaged(path, "has shape \(file.shape), [item, lead, time] or [lead, time] is needed")
        }
        guard file.element.kind != .bytes, file.element.kind != .unicode else { throw .damaged(path, "has text where numbers are needed") }
    }

    /// Samples `samples` of the chosen leads of an item, as [lead, time].
    /// - Precondition: all indices are within the array.
    public func read(item: Int, leads chosen: [Int], samples: Range<Int>) throws(FormatError) -> [Float] {
        precondition(item < items && samples.upperBound <= length)
        var values: [Float] = []
        values.reserveCapacity(chosen.count * samples.count)
        if !file.isFortranOrder {
            for lead in chosen {
                values += try file.floats(from: (item * leads + lead) * length + samples.lowerBound, count: samples.count)
            }
            return values
        }
        if items == 1 {
            let frames = try file.floats(from: samples.lowerBound * leads, count: samples.count * leads)
            for lead in chosen { for time in 0..<samples.count { values.append(frames[time * leads + lead]) } }
            return values
        }
        if !held.contains(item) { try hold(from: item) }
        let run = held.count
        for lead in chosen {
            for time in samples { values.append(heldValues[(time * leads + lead) * run + item - held.lowerBound]) }
        }
        return values
    }

    private func hold(from item: Int) throws(FormatError) {
        let size = max(leads * length, 1)
        // At most 64 MiB are held, whatever the array's size.
        let run = min(max((1 << 24) / size, 1), items - item)
        heldValues = []
        heldValues.reserveCapacity(run * size)
        for place in 0..<(leads * length) { heldValues += try file.floats(from: place * items + item, count: run) }
        held = item..<(item + run)
    }
}

/// Labels of items, one each: from a NumPy array or a text file with a line an item.
public enum ItemLabels {
    /// - Parameter bytes: those of the file, if they have been read already; a NumPy array is read from the file itself.
    public static func read(path: String, bytes: [UInt8]? = nil) throws(FormatError) -> [String] {
        if path.hasSuffix(".npy") {
            let file = try NPYFile(path: path)
            guard file.shape.count == 1 || file.shape.count == 2 && file.shape[1] == 1 else {
                throw .damaged(path, "has shape \(file.shape), one label an item is needed")
            }
            return try file.texts()
        }
        let bytes = if let bytes { bytes } else { try ByteFile.contents(of: path, limit: 1 << 30) }
        return ByteText.lines(bytes).map { ByteText.string(ByteText.trimmed($0)) }
    }
}

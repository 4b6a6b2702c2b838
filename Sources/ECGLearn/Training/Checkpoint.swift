// SPDX-License-Identifier: GPL-3.0-or-later
import ECGDigest
import ECGKernels

/// The state of a training as bytes: from them it goes on as if it had never stopped.
extension Trainer {
    private static let magic = Array("ecgtrain1\n".utf8)

    /// The state between two steps.
    public var checkpointBytes: [UInt8] {
        var writer = ByteWriter()
        writer.text(fingerprint)
        let p = progress
        for value in [p.epoch, p.step, p.steps, p.waited, p.plateau, p.isDone ? 1 : 0, memory.steps] { writer.word(UInt64(value)) }
        for value in [p.lossSum, p.lossWeight, p.reduced, p.lowest, memory.product] { writer.word(value.bitPattern) }
        writer.word(UInt64(p.history.count))
        for one in p.history {
            writer.word(UInt64(one.epoch))
            let values = [one.rate, one.trainingLoss, one.validationLoss, one.accuracy, one.macroF1, one.meanAbsoluteError]
            for value in values { writer.word((value ?? .nan).bitPattern) }
        }
        writer.floats(parameters.elements)
        writer.floats(states.elements)
        writer.floats(memory.first.elements)
        writer.floats(memory.second.elements)
        writer.word(p.best == nil ? 0 : 1)
        if let best = p.best {
            writer.word(UInt64(best.epoch))
            writer.word(best.score.bitPattern)
            writer.floats(best.parameters)
            writer.floats(best.states)
        }
        return Self.magic + Array(SHA256.hex(writer.bytes).utf8) + writer.bytes
    }

    /// Goes on from there.
    /// - Throws: `LearnError` where the bytes are damaged, or of a run with other items, network or options.
    public func resume(from bytes: [UInt8]) throws {
        let start = Self.magic.count + 64
        guard bytes.count > start, bytes.starts(with: Self.magic) else { throw LearnError(.checkpoint, "is no checkpoint of ecg-train") }
        let body = Array(bytes[start...])
        guard Array(SHA256.hex(body).utf8) == Array(bytes[Self.magic.count..<start]) else {
            throw LearnError(.checkpoint, "is damaged or cut short")
        }
        var reader = ByteReader(body)
        guard reader.text() == fingerprint else {
            throw LearnError(.checkpoint, "is of a run with other items, another network or other options")
        }
        var p = TrainingProgress()
        let counts = (0..<7).map { _ in Int(truncatingIfNeeded: reader.word()) }
        (p.epoch, p.step, p.steps, p.waited, p.plateau) = (counts[0], counts[1], counts[2], counts[3], counts[4])
        p.isDone = counts[5] == 1
        memory.steps = counts[6]
        let values = (0..<5).map { _ in Double(bitPattern: reader.word()) }
        (p.lossSum, p.lossWeight, p.reduced, p.lowest) = (values[0], values[1], values[2], values[3])
        memory.product = values[4]
        for _ in 0..<min(Int(truncatingIfNeeded: reader.word()), 1 << 20) {
            let epoch = Int(truncatingIfNeeded: reader.word())
            let v = (0..<6).map { _ in Double(bitPattern: reader.word()) }
            func known(_ value: Double) -> Double? { value.isNaN ? nil : value }
            p.history.append(
                EpochFigures(
                    epoch: epoch, rate: v[0], trainingLoss: v[1], validationLoss: known(v[2]), accuracy: known(v[3]), macroF1: known(v[4]),
                    meanAbsoluteError: known(v[5])))
        }
        for region in [parameters, states, memory.first, memory.second] {
            let floats = reader.floats()
            guard floats.count == region.count else { throw LearnError(.checkpoint, "is of another network") }
            region.copy(from: floats)
        }
        if reader.word() == 1 {
            let epoch = Int(truncatingIfNeeded: reader.word())
            let score = Double(bitPattern: reader.word())
            p.best = (epoch, score, reader.floats(), reader.floats())
            guard p.best?.parameters.count == parameters.count, p.best?.states.count == states.count else {
                throw LearnError(.checkpoint, "is of another network")
            }
        }
        progress = p
    }

    /// Whether every epoch is done.
    public var isDone: Bool { progress.isDone || progress.epoch >= settings.epochs }
    /// Epochs that are done, and steps of the next.
    public var position: (epochs: Int, steps: Int) { (progress.epoch, progress.step) }
}

private struct ByteWriter {
    var bytes: [UInt8] = []
    mutating func word(_ value: UInt64) { for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(shift)))) } }
    mutating func text(_ text: String) {
        word(UInt64(text.utf8.count))
        bytes += Array(text.utf8)
    }
    mutating func floats(_ values: [Float]) {
        word(UInt64(values.count))
        bytes.reserveCapacity(bytes.count + 4 * values.count)
        for value in values {
            let bits = value.bitPattern
            for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: bits >> (8 * UInt32(shift)))) }
        }
    }
}

/// Reads what `ByteWriter` wrote; the digest has shown that nothing is missing, so beyond the end there are only zeros.
private struct ByteReader {
    let bytes: [UInt8]
    var place = 0
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    mutating func byte() -> UInt8 {
        defer { place += 1 }
        return place < bytes.count ? bytes[place] : 0
    }
    mutating func word() -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(byte()) << (8 * UInt64($1)) } }
    mutating func text() -> String {
        let count = min(Int(truncatingIfNeeded: word()), bytes.count)
        return String(decoding: (0..<max(0, count)).map { _ in byte() }, as: UTF8.self)
    }
    mutating func floats() -> [Float] {
        let count = min(Int(truncatingIfNeeded: word()), bytes.count / 4)
        return (0..<max(0, count)).map { _ in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(byte()) << (8 * UInt32($1)) })
        }
    }
}

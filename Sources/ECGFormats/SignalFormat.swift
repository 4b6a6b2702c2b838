// SPDX-License-Identifier: GPL-3.0-or-later

/// The signal file formats of signal(5), by their numbers in a header.
public enum SignalFormat: Int, Sendable, CaseIterable {
    /// No file: every sample is missing (layout headers and gaps).
    case null = 0
    /// 8-bit first differences.
    case differences8 = 8
    /// 16, 24 and 32-bit two's complement, little-endian.
    case signed16 = 16
    case signed24 = 24
    case signed32 = 32
    /// 16-bit two's complement, big-endian.
    case swapped16 = 61
    /// 8 and 16-bit offset binary.
    case offset8 = 80
    case offset16 = 160
    /// Two 12-bit samples in three bytes.
    case packed12 = 212
    /// Three 10-bit samples in four bytes: two words of 15 bits each, the third sample in their upper parts.
    case packed10 = 310
    /// Three 10-bit samples in the low 30 bits of four bytes.
    case packed10Dense = 311
    /// FLAC streams of up to 8, 16 and 24 bits.
    case flac8 = 508
    case flac16 = 516
    case flac24 = 524

    public var isCompressed: Bool { self == .flac8 || self == .flac16 || self == .flac24 }

    /// Bits of a sample; for first differences those of a sum, which has no limit of its own.
    public var bits: Int {
        switch self {
        case .null: 0
        case .offset8, .flac8: 8
        case .packed10, .packed10Dense: 10
        case .packed12: 12
        case .signed16, .swapped16, .offset16, .flac16: 16
        case .signed24, .flac24: 24
        case .signed32, .differences8: 32
        }
    }

    /// The sample value that stands for "no valid sample": the lowest of the format. First differences have none.
    public var invalidSample: Int32? {
        switch self {
        case .null, .differences8: nil
        default: Int32(truncatingIfNeeded: -(1 << (bits - 1)))
        }
    }

    /// Samples that share a block of bytes; a file can only be entered at a block.
    var samplesPerBlock: Int {
        switch self {
        case .packed12: 2
        case .packed10, .packed10Dense: 3
        default: 1
        }
    }

    /// Bytes of a block; zero where no bytes stand for a sample by themselves.
    var bytesPerBlock: Int {
        switch self {
        case .null, .flac8, .flac16, .flac24: 0
        case .differences8, .offset8: 1
        case .signed16, .swapped16, .offset16: 2
        case .signed24, .packed12: 3
        case .signed32, .packed10, .packed10Dense: 4
        }
    }

    /// Bytes that a file needs for its first `samples` samples, nil if the number overflows.
    package func bytes(samples: Int) -> Int? {
        let (whole, rest) = samples.quotientAndRemainder(dividingBy: samplesPerBlock)
        let (bytes, overflow) = whole.multipliedReportingOverflow(by: bytesPerBlock)
        guard !overflow else { return nil }
        let tail: Int
        switch (self, rest) {
        case (_, 0): tail = 0
        case (.packed12, _), (_, 1): tail = 2
        // The second sample of 311 ends in the third byte, that of 310 in the fourth.
        case (.packed10Dense, _): tail = 3
        default: tail = 4
        }
        let (total, tooMany) = bytes.addingReportingOverflow(tail)
        return tooMany ? nil : total
    }

    /// Whole samples in `bytes` bytes.
    package func samples(bytes: Int) -> Int {
        guard bytesPerBlock > 0 else { return 0 }
        let (whole, rest) = max(bytes, 0).quotientAndRemainder(dividingBy: bytesPerBlock)
        switch self {
        case .packed12: return whole * 2 + (rest == 2 ? 1 : 0)
        case .packed10: return whole * 3 + (rest >= 2 ? 1 : 0)
        case .packed10Dense: return whole * 3 + (rest >= 2 ? rest - 1 : 0)
        default: return whole
        }
    }
}

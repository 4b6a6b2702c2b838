// SPDX-License-Identifier: GPL-3.0-or-later

/// One annotation as a beat cutter sees it: a sample of the record and the symbol that stands there.
public struct BeatMark: Equatable, Sendable {
    /// Counted from the record's first sample.
    public var sample: Int
    /// The WFDB symbol as one ASCII byte; 0 for a beat that a detector found and nobody has labelled.
    public var symbol: UInt8

    public init(sample: Int, symbol: UInt8) {
        self.sample = sample
        self.symbol = symbol
    }

    /// The symbol of a beat without a label.
    public static let unlabelled: UInt8 = 0
}

/// A set of annotation symbols, one ASCII byte each.
public struct SymbolSet: Equatable, Sendable {
    private var members: [Bool]

    public init(_ symbols: some Sequence<UInt8>) {
        members = [Bool](repeating: false, count: 256)
        for symbol in symbols { members[Int(symbol)] = true }
    }

    public func contains(_ symbol: UInt8) -> Bool { members[Int(symbol)] }

    public func union(_ other: SymbolSet) -> SymbolSet {
        var result = self
        for index in members.indices where other.members[index] { result.members[index] = true }
        return result
    }

    /// The symbols that mark a beat (a QRS complex) in WFDB annotation files, after the table of wfdbcal and ecgcodes.h;
    /// a ventricular flutter wave (`!`) is none, since it has no QRS complex. A beat without a label is one.
    public static let beats = SymbolSet(Array("NLRBAaJSVrFejnE/fQ?".utf8) + [BeatMark.unlabelled])
}

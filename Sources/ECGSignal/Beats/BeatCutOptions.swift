// SPDX-License-Identifier: GPL-3.0-or-later

/// Where a beat begins and ends.
public enum BeatCut: Equatable, Sendable {
    /// From the middle between the annotation before and the beat to the middle between the beat and the annotation after
    /// (paper 001; section 1.A.1 of the notes). The first and the last annotation of a record give no beat.
    case midpoint
    /// A window of fixed size around the R peak, in samples before it and from it on. Every beat gives one; where it leaves the record it is padded.
    case window(before: Int, after: Int)
}

/// Which annotations count as a beat's neighbours in the midpoint rule.
public enum BeatNeighbours: String, CaseIterable, Sendable {
    /// Every annotation, also rhythm changes and noise marks, as paper 001's public code has it.
    case all
    /// Beats alone.
    case beats
}

/// How a record is cut into beats.
public struct BeatCutOptions: Sendable {
    public var cut: BeatCut
    public var neighbours: BeatNeighbours
    /// Samples of a lead in every beat: shorter ones are padded with zeros at the end, longer ones left out. Nil leaves each beat its own length.
    public var length: Int?
    /// The symbols to keep, after merging; nil keeps every beat.
    public var classes: SymbolSet?
    /// Symbols that count as another.
    public var merge: [UInt8: UInt8]
    public var scale: BeatScale
    /// What stands in a beat where it leaves the record or is shorter than `length`.
    public var padding: Float
    /// Whether beats with missing samples are kept.
    public var keepsMissing: Bool

    public init(
        cut: BeatCut = .midpoint, neighbours: BeatNeighbours = .all, length: Int? = nil, classes: SymbolSet? = nil,
        merge: [UInt8: UInt8] = [:], scale: BeatScale = .none, padding: Float = 0,
        keepsMissing: Bool = true
    ) {
        self.cut = cut
        self.neighbours = neighbours
        self.length = length
        self.classes = classes
        self.merge = merge
        self.scale = scale
        self.padding = padding
        self.keepsMissing = keepsMissing
    }

    /// Without `length`, what a gap between annotations may make of a beat, in seconds: memory is bounded, so longer ones are left out.
    public static let longestBeat = 60.0
}

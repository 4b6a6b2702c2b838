// SPDX-License-Identifier: GPL-3.0-or-later

/// The median beat of a recording, or of a part of one.
public struct MedianBeat: Equatable, Sendable {
    /// [lead, time] row by row; NaN where no beat has a sample.
    public var values: [Float]
    /// Samples of a lead.
    public var time: Int
    /// Sample of the common fiducial point: the largest magnitude of the QRS complex over all leads.
    public var r: Int
    /// Beats that the median was taken of.
    public var used: Int
    /// Beats of another shape, premature ones, and ones that noise has spoilt.
    public var rejected: Int
    /// How far a beat lies from its place, as a root mean square in milliseconds: the noise that is left between beats and their mean, over
    /// the steepness of the mean (the Cramér-Rao bound of a delay). Nil for a single beat.
    public var alignmentError: Double?
    /// The median of the intervals before the beats of the group, in seconds; nil where none is known.
    public var rr: Double?
}

/// What a median beat is to be.
public struct MedianOptions: Sendable {
    /// Samples before the fiducial point, and from it on.
    public var before: Int
    public var after: Int
    /// Whether to look for the dominant sinus group: premature shapes and beats give way to others. False for beats that were chosen by label.
    public var prefersSinus: Bool

    public init(before: Int, after: Int, prefersSinus: Bool = true) {
        self.before = before
        self.after = after
        self.prefersSinus = prefersSinus
    }

    /// Samples that each beat must bring beyond the window on either side: room for its shift, the fiducial point's and the interpolation.
    public func margin(fs: Double) -> Int { Int((0.12 * fs).rounded(.up)) + FractionalShift.reach + 1 }
}

// SPDX-License-Identifier: GPL-3.0-or-later

/// What a WFDB header file says, with the defaults of header(5) filled in.
public struct WFDBHeader: Sendable, Equatable {
    /// One signal line.
    public struct Signal: Sendable, Equatable {
        public var fileName = ""
        public var format = SignalFormat.signed16
        /// Samples of this signal in a frame.
        public var samplesPerFrame = 1
        /// Samples that precede sample 0 in the file, to line this signal up with the others.
        public var skew = 0
        /// Bytes before the first sample (for FLAC: samples).
        public var byteOffset = 0
        /// ADC units in a physical unit; 200 where the header has none or zero (an uncalibrated signal).
        public var gain = 200.0
        /// The sample that stands for 0 physical units.
        public var baseline = 0
        /// What `baseline` lacks of the exact one: the extremes of an EDF signal seldom put 0 on a whole sample.
        public var baselineFraction = 0.0
        /// Whether this is no signal but the texts and times of an EDF+ file, which lie among the samples.
        public var isAnnotations = false
        public var units = "mV"
        public var adcResolution = 0
        public var adcZero = 0
        public var initialValue = 0
        /// The 16-bit sum of all samples, nil where the header has none.
        public var checksum: Int?
        public var blockSize = 0
        /// The signal's description, by which leads are known.
        public var name = ""

        public init() {}
    }

    /// A segment line of a multi-segment record; `~` is a gap.
    public struct Segment: Sendable, Equatable {
        public var name: String
        /// Frames.
        public var length: Int
        public var isGap: Bool { name == "~" }

        public init(name: String, length: Int) {
            self.name = name
            self.length = length
        }
    }

    public var name = ""
    /// Frames a second: 250 where the header has none.
    public var frequency = 250.0
    public var counterFrequency: Double?
    public var baseCounter: Double?
    /// Frames; nil where the header has none (then the signal files tell).
    public var length: Int?
    /// As the header has them: `8:26:04.5`, `26/10/1994`.
    public var baseTime: String?
    public var baseDate: String?
    public var signalCount = 0
    public var signals: [Signal] = []
    /// Nil for an ordinary record.
    public var segments: [Segment]?
    /// Comment lines without `#` and the blanks around.
    public var comments: [String] = []

    public init() {}

    /// A multi-segment record whose first segment has no samples but says which signals occur and how they are scaled.
    public var hasVariableLayout: Bool { segments?.first.map { $0.length == 0 && !$0.isGap } ?? false }
}

// SPDX-License-Identifier: GPL-3.0-or-later

/// Where the samples of one signal file come from, frame by frame.
///
/// Frames are interleaved as in a binary signal file: all samples of the first signal in the frame, then those of the next.
protocol SampleSource: AnyObject {
    var path: String { get }
    /// Whole frames that the file has, nil if only reading it all would tell.
    var frameCount: Int? { get }
    /// Appends nothing and keeps nothing: fills `samples` from its start with the frames asked for.
    /// - Throws: `.damaged` if the file ends before the last of them.
    func read(frames: Range<Int>, into samples: inout [Int32]) throws(FormatError)
}

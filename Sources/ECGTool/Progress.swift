// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// A line on the terminal that counts records; shown by the last stage of a pipeline alone, and only to people.
struct Progress {
    private let tool: String
    private let isShown: Bool
    private var records = 0
    private var begun = 0.0
    private var drawn = 0.0
    private var isOnScreen = false

    init(tool: String, quiet: Bool, outputIsPipe: Bool) {
        self.tool = tool
        isShown = !quiet && !outputIsPipe && isatty(2) == 1
        if isShown { begun = Self.now }
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    @inline(__always)
    mutating func step() {
        if isShown { draw() }
    }

    private mutating func draw() {
        records += 1
        let now = Self.now
        // What is over in a second needs no line, and more than a few a second only flickers.
        guard now - begun > 1, now - drawn > 0.25 else { return }
        drawn = now
        isOnScreen = true
        let rate = Int(Double(records) / (now - begun))
        Messages.raw(Array("\r\u{1B}[K\(tool): \(records) records, \(rate) a second".utf8))
    }

    /// A line of the tool's own making in place of the count; a few a second at most, unless it must be seen.
    mutating func show(_ text: @autoclosure () -> String) {
        guard isShown else { return }
        let now = Self.now
        guard now - drawn > 0.25 else { return }
        drawn = now
        isOnScreen = true
        Messages.raw(Array("\r\u{1B}[K\(tool): \(text())".utf8))
    }

    /// Takes the line away, before a message or a table comes.
    mutating func clear() {
        guard isOnScreen else { return }
        isOnScreen = false
        Messages.raw(Array("\r\u{1B}[K".utf8))
    }
}

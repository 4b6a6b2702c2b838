// SPDX-License-Identifier: GPL-3.0-or-later

/// The squares of ECG paper.
enum PaperGrid {
    /// - Parameters:
    ///   - origin: a crossing of major lines.
    ///   - pitch: from one minor line to the next in millimetres, across and down; every fifth is a major line.
    static func draw(
        _ box: Box, origin: Point, pitch: (x: Double, y: Double), minor: Colour, major: Colour, on page: inout Page, showsMinor: Bool = true
    ) {
        func places(_ from: Double, _ to: Double, _ origin: Double, _ pitch: Double) -> [(place: Double, isMajor: Bool)] {
            guard pitch > 0, (to - from) / pitch < 5000 else { return [] }
            let first = Int(((from - origin) / pitch - 1e-6).rounded(.up)), last = Int(((to - origin) / pitch + 1e-6).rounded(.down))
            guard first <= last else { return [] }
            return (first...last).map { (origin + Double($0) * pitch, $0 % 5 == 0) }
        }
        let across = places(box.left, box.right, origin.x, pitch.x), down = places(box.top, box.bottom, origin.y, pitch.y)
        func lines(_ isMajor: Bool) -> [[Point]] {
            across.filter { $0.isMajor == isMajor }.map { [Point($0.place, box.top), Point($0.place, box.bottom)] }
                + down.filter { $0.isMajor == isMajor }.map { [Point(box.left, $0.place), Point(box.right, $0.place)] }
        }
        if showsMinor { page.lines(lines(false), Stroke(minor, 0.1)) }
        page.lines(lines(true), Stroke(major, 0.18))
    }
}

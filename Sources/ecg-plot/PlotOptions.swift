// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGPlot

/// Options of figures that show attribution maps.
struct MapOptions: ParsableArguments {
    @Option(help: .init("map: maps to show; may be given again. paper: the map that colours the traces.", valueName: "method")) var map:
        [String] = []
    @Flag(help: "map: the mean of the absolute values over leads, on one lead (--leads, else V5, else the first).") var mean = false
    @Flag(help: "Absolute values of maps.") var absolute = false
    @Option(help: .init("Share of a map's sum of magnitudes that its colour scale covers.", valueName: "share")) var range = 0.9
    @Option(help: .init("End of the colour scale, in place of --range.", valueName: "value")) var scaleEnd: Double?
    @Flag(help: "Show a beat's padding too.") var withPadding = false

    func validate() throws {
        guard range > 0, range <= 1 else { throw ValidationError("--range takes a share above 0 and up to 1.") }
        if let scaleEnd, !(scaleEnd > 0 && scaleEnd.isFinite) { throw ValidationError("--scale-end takes a number above 0.") }
    }
}

/// Options of recordings on ECG paper.
struct PaperOptions: ParsableArguments {
    @Option(help: .init("auto, 3x4+1, 3x4, 6x2 or rows.", valueName: "name")) var layout = PaperFigure.Layout.auto
    @Option(help: .init("Millimetres a second.", valueName: "mm")) var speed = 25.0
    @Option(help: .init("Millimetres a millivolt.", valueName: "mm")) var gain = 10.0
    @Option(help: .init("The lead of the rhythm row.", valueName: "lead")) var rhythm = "II"
    @Option(help: .init("First second of the recording to show. (default: the first there is)", valueName: "seconds")) var from: Double?
    @Option(help: .init("Seconds to show.", valueName: "seconds")) var duration = 10.0
    @Flag(help: "The whole recording in a PDF, a page for each stretch of --duration.") var all = false
    @Flag(help: "Leave out the beats' labels.") var noAnnotations = false

    func validate() throws {
        guard speed >= 1, speed <= 1000 else { throw ValidationError("--speed takes 1 to 1000 mm a second.") }
        guard gain >= 0.1, gain <= 1000 else { throw ValidationError("--gain takes 0.1 to 1000 mm a millivolt.") }
        guard duration > 0, duration <= 3600 else { throw ValidationError("--duration takes more than 0 and up to 3600 s.") }
        if let from, !(from >= 0 && from < 1e9) { throw ValidationError("--from takes 0 s or more.") }
    }
}

/// Options of figures of results.
struct ResultOptions: ParsableArguments {
    @Option(help: .init("segments: a stream of beats, of which a typical one a class is drawn.", valueName: "file")) var beats: String?
    @Option(help: .init("beats, segments: the first beats of each class to lay over each other, or to choose from.", valueName: "n"))
    var limit = 100
    @Option(help: .init("curves: the column across. (default: step, or the first of numbers)", valueName: "column")) var x: String?
    @Option(help: .init("curves, matrix: the column of values. (default: value, mean or median)", valueName: "column")) var y: String?
    @Option(help: .init("curves: the column that names curves. (default: all columns of words)", valueName: "column")) var by: String?
    @Option(help: .init("curves, matrix: the column that divides into panels. (default: metric)", valueName: "column")) var panel: String?
    @Option(help: .init("curves, matrix: what the values are. (default: the metric's or the column's name)", valueName: "text"))
    var measure: String?
    @Option(help: .init("curves: what the steps are. (default: the column's name)", valueName: "text")) var across: String?
    @Flag(help: "histogram: a logarithmic axis.") var logScale = false

    func validate() throws { guard (1...10_000).contains(limit) else { throw ValidationError("--limit takes 1 to 10000 beats.") } }
}

/// Options of sheets for a reading study.
struct SheetOptions: ParsableArguments {
    @Option(help: .init("Write which map is which to FILE; required.", valueName: "file")) var answers: String?
    @Option(help: .init("Write an empty vote file to FILE.", valueName: "file")) var votes: String?
    @Option(help: .init("How often each item is shown.", valueName: "n")) var copies = 2
    @Option(help: .init("What the network estimates, for the answers.", valueName: "name")) var feature = "feature"
    @Option(help: .init("The beginning of the sheets' names.", valueName: "name")) var study = "sheet"

    func validate() throws { guard (1...100).contains(copies) else { throw ValidationError("--copies takes 1 to 100.") } }

    /// What these options and the others have to do with each other.
    func validate(isSheets: Bool, isPDF: Bool, output: String?) throws {
        let own = [answers, votes].compactMap { $0 }
        guard isSheets else {
            if !own.isEmpty { throw ValidationError("--answers and --votes belong to sheets.") }
            return
        }
        guard isPDF else { throw ValidationError("sheets are the pages of a PDF.") }
        guard answers != nil else { throw ValidationError("sheets need --answers FILE, or nobody will know which map is which.") }
        let all = own + [output].compactMap { $0 }
        guard !own.contains("-"), !own.contains(""), Set(all).count == all.count else {
            throw ValidationError("--answers and --votes take files of their own.")
        }
    }
}

extension Style.Theme: ExpressibleByArgument {}
extension PaperFigure.Layout: ExpressibleByArgument {}

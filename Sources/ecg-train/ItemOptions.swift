// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGLearn
import ECGStream
import ECGTool
import Glibc

extension Split.Unit: ExpressibleByArgument {}

/// Which items, what they are to give, and how they are split.
struct ItemOptions: ParsableArguments {
    @Option(
        help: .init("The classes, in the order of the outputs; items of others are left out. (default: all, sorted)", valueName: "names"))
    var classes: String?
    @Option(help: .init("The member with the class; an array of names is several at a time.", valueName: "member")) var label = "label"
    @Option(help: .init("Regression: the member with the value, as measures.QT; several with commas, one an output.", valueName: "members"))
    var target: String?
    @Option(help: .init("The tensor to train on, [lead,time].", valueName: "name")) var inputTensor = "signal"
    @Option(help: .init("Recordings to hold out: names with commas, or a file with one a line.", valueName: "list")) var testRecords:
        String?
    @Option(help: .init("Hold out this share of the rest, drawn by --by.", valueName: "share")) var holdout = 0.0
    @Option(help: .init("Recordings to validate on: names with commas, or a file with one a line.", valueName: "list"))
    var validationRecords: String?
    @Option(help: .init("Validate on this share of the rest. (default: 0.1, or none with --validation-records)", valueName: "share"))
    var validation: Double?
    @Option(help: .init("Draw whole recordings or single items.", valueName: "unit")) var by = Split.Unit.record
    @Option(help: .init("The same for --validation alone. (default: as --by)", valueName: "unit")) var validationBy: Split.Unit?
    @Flag(help: "Draw the same share of every class.") var stratified = false
    @Option(help: .init("Write the items held out as a stream.", valueName: "file")) var heldOut: String?
    @Option(help: .init("MiB of items in memory; the rest waits in a temporary file.", valueName: "mib")) var memory = 1024

    init() {}

    mutating func validate() throws {
        for (name, value) in [("--holdout", holdout), ("--validation", validation ?? 0)] where !(value >= 0 && value < 1) {
            throw ValidationError("\(name) takes a share from 0 to below 1.")
        }
        if let classes {
            let names = Self.list(classes)
            guard !names.contains(""), Set(names).count == names.count else {
                throw ValidationError("--classes takes different names with commas between.")
            }
        }
        if let target {
            let names = Self.list(target)
            guard !names.contains(""), Set(names).count == names.count else {
                throw ValidationError("--target takes different names of members with commas between.")
            }
        }
        if heldOut != nil, holdout == 0, testRecords == nil { throw ValidationError("--held-out needs --holdout or --test-records.") }
        if heldOut == "-" { throw ValidationError("--held-out takes a file.") }
        guard (1...(1 << 24)).contains(memory) else { throw ValidationError("--memory takes 1 to \(1 << 24) MiB.") }
    }

    static func list(_ text: String) -> [String] { text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }

    /// Names with commas between, or the lines of a file.
    static func records(_ text: String) throws -> Set<String> {
        if access(text, R_OK) == 0 { return Set(try TextFile.lines(of: text)) }
        return Set(list(text).filter { !$0.isEmpty })
    }

    private static func sorted(_ text: String?) -> [String] { ((try? text.map { try records($0) }) ?? nil ?? []).sorted() }

    func describe(_ options: inout JSON.Object) {
        if let classes { options["classes"] = JSON(Self.list(classes)) }
        if label != "label" { options["label"] = .string(label) }
        if let target { options["target"] = JSON(Self.list(target)) }
        if inputTensor != "signal" { options["input-tensor"] = .string(inputTensor) }
        if testRecords != nil { options["test-records"] = JSON(Self.sorted(testRecords)) }
        if holdout > 0 { options["holdout"] = JSON(holdout) }
        if validationRecords != nil { options["validation-records"] = JSON(Self.sorted(validationRecords)) }
        options["validation"] = JSON(validationShare)
        options["by"] = .string(by.rawValue)
        if let validationBy { options["validation-by"] = .string(validationBy.rawValue) }
        if stratified { options["stratified"] = true }
    }

    var validationShare: Double { validation ?? (validationRecords == nil ? 0.1 : 0) }

    /// - Parameter isPublished: validation items are taken from the balanced rows instead (`Balance.published`).
    func request(seed: UInt64, isPublished: Bool) throws -> Split.Request {
        var request = Split.Request()
        request.testRecords = try testRecords.map(Self.records) ?? []
        request.validationRecords = try validationRecords.map(Self.records) ?? []
        request.holdout = holdout
        request.validation = isPublished ? 0 : validationShare
        request.unit = by
        request.validationUnit = validationBy
        request.isStratified = stratified
        request.seed = seed
        return request
    }
}

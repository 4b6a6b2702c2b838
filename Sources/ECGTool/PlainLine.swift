// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser

/// A command line in its plain form: options by their whole names, values behind them or behind "=", and operands.
///
/// The parser learns a tool's options by reflection, every time: 2 ms, as long as half an hour of two leads takes to filter. A tool that is started
/// that often takes a plain line apart by itself (`StageTool.plain`). Help, errors and everything else that is not plain are for the parser, whose
/// word it is what a line means; a plain one means the same here.
public struct PlainLine {
    /// The words in order; nil is one that was asked for.
    private var words: [String?]
    /// Whether everything that was asked for was there in its plain form, or not at all.
    private var isPlain = true

    package init(_ arguments: [String]) { words = arguments }

    /// The value of an option that is there once or not at all.
    ///
    /// - Parameter convert: as the parser would; nil for what it would refuse.
    public mutating func value<Value>(_ name: String, _ convert: (String) -> Value?) -> Value? {
        guard let text = take(name) else { return nil }
        let value = convert(text)
        if value == nil || take(name) != nil { isPlain = false }
        return value
    }

    /// The same, as it stands.
    public mutating func text(_ name: String) -> String? { value(name) { $0 } }

    /// All values of an option, in order.
    public mutating func texts(_ name: String) -> [String] {
        var values: [String] = []
        while let text = take(name) { values.append(text) }
        return values
    }

    /// Whether a flag is there, by one of its names.
    public mutating func flag(_ names: String...) -> Bool {
        var isThere = false
        for (index, word) in words.enumerated() where word.map(names.contains) == true {
            words[index] = nil
            isThere = true
        }
        return isThere
    }

    /// The operands: what is left when everything else has been asked for. nil if this is no plain line.
    public var operands: [String]? {
        let left = words.compactMap { $0 }
        return isPlain && left.allSatisfy(Self.isValue) ? left : nil
    }

    /// Takes an option's first value; an option without one stays, so that the line is not plain.
    private mutating func take(_ name: String) -> String? {
        for index in words.indices {
            guard let word = words[index], word.hasPrefix(name) else { continue }
            if word.utf8.count == name.utf8.count {
                guard index + 1 < words.count, let value = words[index + 1], Self.isValue(value) else { return nil }
                (words[index], words[index + 1]) = (nil, nil)
                return value
            }
            // Behind "=" a value may begin as it likes, but be there it must. A short name takes none so.
            let rest = word.utf8.dropFirst(name.utf8.count)
            guard name.hasPrefix("--"), rest.first == UInt8(ascii: "="), rest.count > 1 else { continue }
            words[index] = nil
            return String(Substring(rest.dropFirst()))
        }
        return nil
    }

    private static func isValue(_ word: String) -> Bool { !word.isEmpty && word.utf8.first != UInt8(ascii: "-") }
}

extension StageOptions {
    /// The options that a plain line gives; every one of them, as one that is not set cannot be read.
    public init(_ line: inout PlainLine) {
        self.init()
        output = line.text("-o")
        threadLimit = line.value("-j", Int.init) ?? line.value("--threads", Int.init)
        seed = line.value("--seed", UInt64.init) ?? 0
        isa = line.text("--isa")
        quiet = line.flag("-q", "--quiet")
        verbose = line.flag("-v", "--verbose")
        noProv = line.flag("--no-prov")
        keepGoing = line.flag("--keep-going")
        log = line.value("--log", LogForm.init(rawValue:)) ?? .text
        maxFrame = line.value("--max-frame", Int.init) ?? 1024
    }
}

extension InputOptions {
    /// The operands of a plain line whose options have all been asked for; nil if it is none.
    public init?(_ line: PlainLine) {
        guard let operands = line.operands else { return nil }
        self.init()
        files = operands
    }
}

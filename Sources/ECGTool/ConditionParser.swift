// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream

/// Reads a condition's text into its tree, by recursive descent.
struct ConditionParser {
    private enum Token: Equatable {
        case word(String)
        case quoted(String)
        case sign(String)

        var shown: String {
            switch self {
            case .word(let text), .sign(let text): "'\(text)'"
            case .quoted(let text): "\"\(text)\""
            }
        }
    }

    private let text: String
    private var tokens: [Token] = []
    private var position = 0
    private var depth = 0

    init(_ text: String) { self.text = text }

    mutating func parse() throws -> Condition.Node {
        tokens = try Self.tokens(of: text)
        let node = try condition()
        if let extra = peek { throw error("unexpected \(extra.shown)") }
        return node
    }

    // MARK: Tokens

    private static func tokens(of text: String) throws -> [Token] {
        var tokens: [Token] = []
        var rest = Substring(text)
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if first == "\"" || first == "'" {
                rest.removeFirst()
                guard let close = rest.firstIndex(of: first) else { throw ConditionError(message: "'\(text)': a string without its end") }
                tokens.append(.quoted(String(rest[..<close])))
                rest = rest[rest.index(after: close)...]
            } else if let sign = ["==", "!=", "<=", ">=", "=", "<", ">", "(", ")", ","].first(where: { rest.hasPrefix($0) }) {
                tokens.append(.sign(sign == "==" ? "=" : sign))
                rest.removeFirst(sign.count)
            } else {
                let word = wordPrefix(of: rest)
                guard !word.isEmpty else { throw ConditionError(message: "'\(text)': unexpected '\(first)'") }
                tokens.append(.word(String(word)))
                rest = rest[word.endIndex...]
            }
        }
        return tokens
    }

    /// Up to a blank or a sign; an exclamation mark is a class of its own, and ends a word only in `!=`.
    private static func wordPrefix(of text: Substring) -> Substring {
        var end = text.startIndex
        while end < text.endIndex, !text[end].isWhitespace, !"()<>=,\"'".contains(text[end]), !text[end...].hasPrefix("!=") {
            end = text.index(after: end)
        }
        return text[..<end]
    }

    private var peek: Token? { position < tokens.count ? tokens[position] : nil }

    private mutating func take(_ token: Token) -> Bool {
        guard peek == token else { return false }
        position += 1
        return true
    }

    private func error(_ message: String) -> ConditionError { ConditionError(message: "'\(text)': \(message)") }

    // MARK: Grammar

    private mutating func condition() throws -> Condition.Node {
        var node = try clause()
        while take(.word("or")) { node = .or(node, try clause()) }
        return node
    }

    private mutating func clause() throws -> Condition.Node {
        var node = try term()
        while take(.word("and")) { node = .and(node, try term()) }
        return node
    }

    private mutating func term() throws -> Condition.Node {
        depth += 1
        defer { depth -= 1 }
        guard depth < 200 else { throw error("nested too deeply") }
        if take(.word("not")) { return .not(try term()) }
        if take(.sign("(")) {
            let node = try condition()
            guard take(.sign(")")) else { throw error("')' expected") }
            return node
        }
        let left = try operand(isLeft: true)
        if take(.word("in")) { return .among(left, try list()) }
        if peek == .word("not"), position + 1 < tokens.count, tokens[position + 1] == .word("in") {
            position += 2
            return .not(.among(left, try list()))
        }
        if case .sign(let sign)? = peek, let comparison = Condition.Comparison(rawValue: sign) {
            position += 1
            // Words have no order worth asking for, so there a bare word is a member again: rr_before < rr_after.
            let isOrder = comparison != .equal && comparison != .unequal
            return .compare(left, comparison, try operand(isLeft: isOrder))
        }
        guard case .member = left else { throw error("a comparison expected after \(tokens[position - 1].shown)") }
        return .truth(left)
    }

    private mutating func list() throws -> [Condition.Operand] {
        guard take(.sign("(")) else { throw error("'(' expected after 'in'") }
        var values: [Condition.Operand] = []
        repeat { values.append(try operand(isLeft: false)) } while take(.sign(","))
        guard take(.sign(")")) else { throw error("',' or ')' expected in a list") }
        return values
    }

    private mutating func operand(isLeft: Bool) throws -> Condition.Operand {
        guard let token = peek else { throw error("it ends too early") }
        position += 1
        switch token {
        case .quoted(let text): return .value(.string(text))
        case .sign: throw error("unexpected \(token.shown)")
        case .word(let word):
            if let first = word.utf8.first, (0x30...0x39).contains(first) || first == 0x2D || first == 0x2E, let value = Double(word),
                value.isFinite
            {
                // The digits stay as they are, so that a key such as 0100 can be compared as text.
                return .value(isLeft ? JSON(value) : .string(word))
            }
            if ["and", "or", "not", "in"].contains(word) { throw error("unexpected '\(word)'") }
            if !isLeft {
                switch word {
                case "true": return .value(true)
                case "false": return .value(false)
                case "null": return .value(.null)
                default: return .value(.string(word))
                }
            }
            return .member(word.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
        }
    }
}

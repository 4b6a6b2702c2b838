// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream

/// A condition on a record's meta, as `--where` takes it.
///
///     label in (V, A) and record != 208 and not (rr_before < 0.4 or measures.QT > 450)
///
///     condition  := clause ( "or" clause )*
///     clause     := term ( "and" term )*
///     term       := "not" term | "(" condition ")" | operand ( compare operand | [ "not" ] "in" "(" operand ( "," operand )* ")" )?
///     compare    := "=" | "==" | "!=" | "<" | "<=" | ">" | ">="
///     operand    := a member of the meta, a number, or a string in quotes; a dot leads into an object or (by number, from 0) an array
///
/// On the right of `=` and `!=` and in a list a bare word is a string, so that classes need no quotes; `/`, `+` and `!` are bare words too.
/// `record` is the recording's name even where the meta has only the key. A number equals a string that reads as the same number (`record != 208`). A member that is missing or null
/// makes every comparison with it false, and `!=` and `not in` true; alone, a member is true unless it is missing, null, false, 0 or empty.
public struct Condition: Sendable {
    private let root: Node

    /// - Throws: `ConditionError` with the place in the text.
    public init(_ text: String) throws {
        var parser = ConditionParser(text)
        root = try parser.parse()
    }

    /// Whether the condition holds for a record's meta.
    public func holds(for meta: Meta) -> Bool { root.holds(meta) }

    indirect enum Node: Sendable {
        case or(Node, Node)
        case and(Node, Node)
        case not(Node)
        case truth(Operand)
        case compare(Operand, Comparison, Operand)
        case among(Operand, [Operand])
    }

    enum Comparison: String, Sendable {
        case equal = "="
        case unequal = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    enum Operand: Sendable {
        case member([String])
        case value(JSON)
    }
}

/// What is wrong with a condition, and where in it.
public struct ConditionError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}

extension Condition.Node {
    func holds(_ meta: Meta) -> Bool {
        switch self {
        case .or(let left, let right): left.holds(meta) || right.holds(meta)
        case .and(let left, let right): left.holds(meta) && right.holds(meta)
        case .not(let node): !node.holds(meta)
        case .truth(let operand):
            switch operand.value(meta) {
            case nil, .null: false
            case .bool(let value): value
            case .number: operand.value(meta)?.double != 0
            case .string(let text): !text.isEmpty
            case .array(let values): !values.isEmpty
            case .object(let object): !object.isEmpty
            }
        case .compare(let left, let comparison, let right): Self.compare(left.value(meta), comparison, right.value(meta))
        case .among(let operand, let list): list.contains { Self.compare(operand.value(meta), .equal, $0.value(meta)) }
        }
    }

    private static func compare(_ left: JSON?, _ comparison: Condition.Comparison, _ right: JSON?) -> Bool {
        guard let left, let right, !left.isNull, !right.isNull else { return comparison == .unequal }
        if let first = number(left), let second = number(right) {
            switch comparison {
            case .equal: return first == second
            case .unequal: return first != second
            case .less: return first < second
            case .lessOrEqual: return first <= second
            case .greater: return first > second
            case .greaterOrEqual: return first >= second
            }
        }
        switch comparison {
        case .equal: return text(left) == text(right)
        case .unequal: return text(left) != text(right)
        default: break
        }
        // Only strings have an order beside numbers, that of their bytes.
        guard let first = left.string?.utf8, let second = right.string?.utf8 else { return false }
        let isLess = first.lexicographicallyPrecedes(second)
        let isGreater = second.lexicographicallyPrecedes(first)
        return switch comparison {
        case .less: isLess
        case .lessOrEqual: !isGreater
        case .greater: isGreater
        default: !isLess
        }
    }

    private static func number(_ value: JSON) -> Double? {
        if let text = value.string {
            guard let first = text.utf8.first, (0x30...0x39).contains(first) || first == 0x2D || first == 0x2E else { return nil }
            return Double(text).flatMap { $0.isFinite ? $0 : nil }
        }
        return value.double
    }

    private static func text(_ value: JSON) -> String { value.string ?? value.text }
}

extension Condition.Operand {
    func value(_ meta: Meta) -> JSON? {
        switch self {
        case .value(let value): return value
        case .member(let path):
            // A member whose name has dots comes before a way into an object.
            if path.count > 1, let whole = meta[path.joined(separator: ".")] { return whole }
            let first = meta[path[0]] ?? (path == ["record"] ? JSON(Record.recordName(in: meta)) : nil)
            return first?.value(along: path.dropFirst())
        }
    }
}

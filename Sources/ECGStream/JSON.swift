// SPDX-License-Identifier: GPL-3.0-or-later

/// A JSON value. Objects keep the order of their members, numbers keep their text.
public indirect enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number as it is written, so that it passes through unchanged.
    case number(String)
    case string(String)
    case array([JSON])
    case object(Object)

    /// The members of an object, in order. A name occurs once.
    public struct Object: Sendable, Equatable, ExpressibleByDictionaryLiteral {
        public private(set) var members: [(name: String, value: JSON)] = []

        public init() {}

        public init(dictionaryLiteral elements: (String, JSON)...) {
            for (name, value) in elements { self[name] = value }
        }

        /// Members in order; the last of equal names counts.
        public init(_ members: [(String, JSON)]) {
            for (name, value) in members { self[name] = value }
        }

        /// For the parser, which has made sure that no name occurs twice.
        init(unique members: [(name: String, value: JSON)]) { self.members = members }

        /// The value of a member. Setting replaces in place or appends; `nil` removes.
        public subscript(name: String) -> JSON? {
            get { members.first { $0.name == name }?.value }
            set {
                let index = members.firstIndex { $0.name == name }
                switch (index, newValue) {
                case (let index?, let value?): members[index].value = value
                case (let index?, nil): members.remove(at: index)
                case (nil, let value?): members.append((name, value))
                case (nil, nil): break
                }
            }
        }

        public var isEmpty: Bool { members.isEmpty }

        public static func == (left: Object, right: Object) -> Bool {
            left.members.count == right.members.count
                && zip(left.members, right.members).allSatisfy { $0.name == $1.name && $0.value == $1.value }
        }
    }
}

// MARK: Making values

extension JSON {
    public init(_ value: Int) { self = .number(String(value)) }
    public init(_ value: UInt64) { self = .number(String(value)) }
    public init(_ value: String) { self = .string(value) }
    public init(_ value: Bool) { self = .bool(value) }
    public init(_ values: [String]) { self = .array(values.map(JSON.string)) }
    public init(_ values: [Int]) { self = .array(values.map { JSON($0) }) }
    public init(_ values: [Double]) { self = .array(values.map { JSON($0) }) }
    public init(_ values: [Float]) { self = .array(values.map { JSON($0) }) }

    /// The shortest text that reads back as the same value; what is not finite is null, as the stream demands.
    public init(_ value: Double) { self = value.isFinite ? .number(Self.text(value, whole: value)) : .null }
    public init(_ value: Float) { self = value.isFinite ? .number(Self.text(value, whole: Double(value))) : .null }

    private static func text(_ value: some CustomStringConvertible, whole: Double) -> String {
        let isWhole = whole.rounded(.towardZero) == whole && abs(whole) < 0x1p53 && !(whole == 0 && whole.sign == .minus)
        return isWhole ? String(Int(whole)) : value.description
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self.init(value) }
    public init(floatLiteral value: Double) { self.init(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(Object(elements)) }
}

// MARK: Reading values

extension JSON {
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public var object: Object? { if case .object(let value) = self { value } else { nil } }
    public var isNull: Bool { self == .null }

    /// A number, if it is finite as a double.
    public var double: Double? {
        guard case .number(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// A number without a fraction that fits, however it is written (`3`, `3.0`, `3e0`).
    public var int: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    public var strings: [String]? { array?.allOrNil(\.string) }
    public var ints: [Int]? { array?.allOrNil(\.int) }
    /// Numbers; null, which stands for what is not finite, becomes NaN.
    public var doubles: [Double]? { array?.allOrNil { $0.isNull ? .nan : $0.double } }

    /// A member of an object.
    public subscript(name: String) -> JSON? { object?[name] }
}

extension Array {
    /// Every element transformed, or `nil` if one of them has no result.
    fileprivate func allOrNil<Value>(_ transform: (Element) -> Value?) -> [Value]? {
        var values: [Value] = []
        values.reserveCapacity(count)
        for element in self {
            guard let value = transform(element) else { return nil }
            values.append(value)
        }
        return values
    }
}

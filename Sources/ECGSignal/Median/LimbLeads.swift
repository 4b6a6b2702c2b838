// SPDX-License-Identifier: GPL-3.0-or-later

/// Leads of a recording by name, with the limb leads that follow from I and II (Einthoven, Goldberger) computed where they were not recorded.
public struct LeadSelection: Equatable, Sendable {
    /// One row of the output.
    enum Source: Equatable, Sendable {
        case recorded(Int)
        /// These shares of leads I and II.
        case derived(first: Int, second: Int, Float, Float)
    }

    public let names: [String]
    let sources: [Source]

    /// The leads of a standard recording, in its order.
    public static let standard = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]

    /// - Throws: `FilterError` for a lead that is neither there nor follows from the others.
    public init(_ wanted: [String], of leads: [String]) throws(FilterError) {
        func place(_ name: String) -> Int? {
            leads.firstIndex(of: name) ?? leads.firstIndex { $0.lowercased() == name.lowercased() }
        }
        var sources: [Source] = []
        for name in wanted {
            if let index = place(name) {
                sources.append(.recorded(index))
                continue
            }
            guard let (a, b) = Self.shares[name.lowercased()], let first = place("I"), let second = place("II") else {
                throw FilterError("there is no lead '\(name)' among \(leads.joined(separator: ", ")), and it does not follow from I and II")
            }
            sources.append(.derived(first: first, second: second, a, b))
        }
        names = wanted
        self.sources = sources
    }

    private static let shares: [String: (Float, Float)] = ["iii": (-1, 1), "avr": (-0.5, -0.5), "avl": (1, -0.5), "avf": (-0.5, 1)]

    /// Index of the recorded lead whose unit each row has.
    public var unitSources: [Int] {
        sources.map { source in
            switch source {
            case .recorded(let index): index
            case .derived(let first, _, _, _): first
            }
        }
    }

    /// - Parameter values: [lead, time] of the recording.
    /// - Returns: [lead, time] of the selection.
    public func apply(_ values: [Float], time: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(sources.count * time)
        for source in sources {
            switch source {
            case .recorded(let index): result += values[index * time..<(index + 1) * time]
            case .derived(let first, let second, let a, let b):
                for index in 0..<time { result.append(a * values[first * time + index] + b * values[second * time + index]) }
            }
        }
        return result
    }
}

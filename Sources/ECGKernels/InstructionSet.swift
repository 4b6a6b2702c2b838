// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels
import Synchronization

/// A family of vector instructions that the innermost loops were compiled for.
///
/// Results of one set are the same bits for any batch and any number of threads; between sets they differ by rounding.
public enum InstructionSet: Int, Sendable, CaseIterable, Comparable {
    /// Four lanes, what every x86-64 (SSE2) and arm64 (NEON) processor has.
    case portable = 0
    /// Eight lanes with fused multiply-add.
    case avx2 = 1
    /// Sixteen lanes with fused multiply-add and masks.
    case avx512 = 2

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// Whether this processor and system can run it.
    public var isSupported: Bool { ecg_kernels_for(Int32(rawValue)) != nil }

    /// The sets that can be run here, from the narrowest to the widest.
    public static var supported: [InstructionSet] { allCases.filter(\.isSupported) }

    /// The widest set that can be run here.
    public static let best = supported.max() ?? .portable

    private static let forced = Atomic<Int>(-1)

    /// The set that kernels use unless told otherwise: the best, or what `force` asked for.
    public static var current: InstructionSet { InstructionSet(rawValue: forced.load(ordering: .relaxed)) ?? best }

    /// Makes every kernel prepared from now on use `set`; nil returns to the best. For `--isa`.
    /// - Returns: false, with nothing changed, if this processor cannot run it.
    @discardableResult
    public static func force(_ set: InstructionSet?) -> Bool {
        guard set?.isSupported ?? true else { return false }
        forced.store(set?.rawValue ?? -1, ordering: .relaxed)
        return true
    }

    /// Makes every kernel prepared from now on use the set of this name, for `--isa`.
    /// - Returns: false, with nothing changed, if there is no such set or this processor cannot run it.
    public static func force(named name: String) -> Bool { InstructionSet(name: name).map { force($0) } ?? false }

    /// The name on the command line: `avx512`, `avx2` or `portable`.
    public var name: String { String(describing: self) }

    public init?(name: String) {
        guard let set = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = set
    }

    /// The kernels of the set; of the portable one where the set cannot be run.
    package var kernels: UnsafePointer<ecg_kernels> {
        if let table = ecg_kernels_for(Int32(rawValue)) { return table }
        guard let portable = ecg_kernels_for(Int32(Self.portable.rawValue)) else { preconditionFailure("no portable kernels") }
        return portable
    }

    /// Floats in a vector.
    package var lanes: Int { Int(kernels.pointee.lanes) }
}

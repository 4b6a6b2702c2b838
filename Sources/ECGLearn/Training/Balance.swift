// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom

/// What is done about classes of different size.
public enum Balance: String, Sendable, CaseIterable {
    case none
    /// Paper 001's way (spec 1.A.6): the largest class is cut down without replacement to the size M of the second, every other one is drawn M times with replacement; once.
    case resample
    /// As resample, with the last tenth of these rows, which stand class by class, for validation: paper 001's published code (spec 1.F F2). All of
    /// them are of the last class.
    case published
    /// As resample, but drawn anew in every epoch.
    case epoch
    /// The loss of each item weighs the more the rarer its class: total / (classes · count).
    case weights

    /// The items of an epoch, by class and in the order they came in.
    ///
    /// - Parameters:
    ///   - items: the training items, in order.
    ///   - classes: of each of these items.
    public func items(_ items: [Int], classes: [Int], count: Int, seed: UInt64, epoch: Int) -> [Int] {
        guard self == .resample || self == .epoch || self == .published else { return items }
        var members = [[Int]](repeating: [], count: count)
        for (item, label) in zip(items, classes) { members[label].append(item) }
        let sizes = members.map(\.count)
        let sorted = sizes.sorted(by: >)
        guard sorted.count > 1, sorted[1] > 0, let largest = sizes.firstIndex(of: sorted[0]) else { return items }
        let size = sorted[1]
        var result: [Int] = []
        // The largest class stands first, as in the paper's code.
        for label in [largest] + members.indices.filter({ $0 != largest }) where !members[label].isEmpty {
            let list = members[label]
            let random = RandomSource(seed: seed, key: "\(label)/\(self == .epoch ? epoch : 0)", purpose: "balance")
            if label == largest {
                result += random.permutation(list.count).prefix(size).sorted().map { list[$0] }
            } else {
                result += (0..<size).map { list[random.integer(UInt64($0), below: list.count)] }
            }
        }
        return result
    }

    /// Weights of the classes for the loss.
    static func weights(classes: [Int], count: Int) -> [Double] {
        var sizes = [Int](repeating: 0, count: count)
        for label in classes { sizes[label] += 1 }
        let present = sizes.count { $0 > 0 }
        return sizes.map { $0 == 0 ? 0 : Double(classes.count) / (Double(present) * Double($0)) }
    }
}

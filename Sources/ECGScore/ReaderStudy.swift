// SPDX-License-Identifier: GPL-3.0-or-later

/// Which of several blinded heat maps readers chose, and how far they agree (Storås et al. 2024; spec 2.D).
public struct ReaderStudy: Sendable {
    /// A reader's choice on one sheet.
    public struct Vote: Sendable {
        public var reader: String
        /// The ECG; it may have been shown several times.
        public var item: String
        public var copy: Int
        /// What the network estimated, and how the maps were shown.
        public var feature: String
        public var display: String
        public var method: String

        public init(reader: String, item: String, copy: Int, feature: String, display: String, method: String) {
            self.reader = reader
            self.item = item
            self.copy = copy
            self.feature = feature
            self.display = display
            self.method = method
        }
    }

    public let votes: [Vote]
    /// The ECGs, which a bootstrap resamples.
    public let items: [String]
    public let readers: [String]
    public let methods: [String]
    private let itemIndex: [String: Int]
    private let methodIndex: [String: Int]

    public init(_ votes: [Vote]) {
        self.votes = votes
        func distinct(_ values: [String]) -> [String] { Set(values).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
        items = distinct(votes.map(\.item))
        readers = distinct(votes.map(\.reader))
        methods = distinct(votes.map(\.method))
        itemIndex = Dictionary(uniqueKeysWithValues: items.enumerated().map { ($1, $0) })
        methodIndex = Dictionary(uniqueKeysWithValues: methods.enumerated().map { ($1, $0) })
    }

    /// Cohen's kappa of two choices, prepared so that resamplings are one pass.
    public struct Pairs: Sendable {
        /// By pair of readers, or reader: the ECG, and the two methods chosen.
        fileprivate var groups: [[(item: Int, first: Int, second: Int)]]
        fileprivate let methods: Int

        /// Sheets, or pairs of copies, that enter.
        public var count: Int { groups.reduce(0) { $0 + $1.count } }

        /// The mean of the groups' kappas; `nil` without a group that has one.
        ///
        /// Where both only ever chose one and the same method, chance agrees too and kappa is undefined; as in the paper's Table 3 it counts as 1.
        ///
        /// - Parameter times: how often each ECG counts; once by default.
        public func kappa(times: [Int]? = nil) -> Double? {
            let values = groups.compactMap { group -> Double? in
                var matrix = ConfusionMatrix(classes: methods)
                for pair in group { matrix.add(truth: pair.first, predicted: pair.second, times: times?[pair.item] ?? 1) }
                guard matrix.total > 0 else { return nil }
                return matrix.kappa ?? (matrix.accuracy == 1 ? 1 : nil)
            }
            return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
    }

    /// Every two readers' choices on the sheets that both have seen.
    ///
    /// - Parameter feature: nil for all.
    public func betweenReaders(feature: String?, display: String) -> Pairs {
        let bySheet = sheets(feature: feature, display: display) { [$0.item, $0.feature, String($0.copy)] }
        var groups: [[(item: Int, first: Int, second: Int)]] = []
        for (a, first) in readers.enumerated() {
            for second in readers[(a + 1)...] {
                groups.append(
                    bySheet.compactMap { sheet in
                        guard let one = sheet.first(where: { $0.reader == first }), let other = sheet.first(where: { $0.reader == second })
                        else { return nil }
                        return pair(one, other)
                    })
            }
        }
        return Pairs(groups: groups.filter { !$0.isEmpty }, methods: methods.count)
    }

    /// Each reader's choices on two copies of the same sheet.
    public func withinReaders(feature: String?, display: String) -> Pairs {
        let byItem = sheets(feature: feature, display: display) { [$0.item, $0.feature, $0.reader] }
        let groups = readers.map { reader in
            byItem.compactMap { copies -> (item: Int, first: Int, second: Int)? in
                guard copies.count > 1, copies[0].reader == reader else { return nil }
                let order = copies.sorted { $0.copy < $1.copy }
                return pair(order[0], order[1])
            }
        }
        return Pairs(groups: groups.filter { !$0.isEmpty }, methods: methods.count)
    }

    private func pair(_ one: Vote, _ other: Vote) -> (item: Int, first: Int, second: Int) {
        (itemIndex[one.item] ?? 0, methodIndex[one.method] ?? 0, methodIndex[other.method] ?? 0)
    }

    /// Votes that have a key in common, in the order of their first.
    private func sheets(feature: String?, display: String, key: (Vote) -> [String]) -> [[Vote]] {
        var places: [[String]: Int] = [:]
        var found: [[Vote]] = []
        for vote in votes where vote.display == display && (feature == nil || vote.feature == feature) {
            let key = key(vote)
            let place = places[key] ?? found.count
            if place == found.count {
                places[key] = place
                found.append([])
            }
            found[place].append(vote)
        }
        return found
    }

    /// How often each method was chosen.
    public func counts(feature: String?, display: String) -> [Int] {
        var counts = [Int](repeating: 0, count: methods.count)
        for vote in votes where vote.display == display && (feature == nil || vote.feature == feature) {
            counts[methodIndex[vote.method] ?? 0] += 1
        }
        return counts
    }
}

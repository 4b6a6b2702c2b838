// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import ECGScore
import Testing

@Suite struct ReaderStudyTests {
    private typealias Vote = ReaderStudy.Vote

    /// Two readers with the counts of a 2 × 2 table whose kappa is known.
    private static func two(_ counts: [[Int]], feature: String = "PR") -> [Vote] {
        let methods = ["deeplift", "saliency"]
        var votes: [Vote] = []
        var item = 0
        for (first, row) in counts.enumerated() {
            for (second, count) in row.enumerated() {
                for _ in 0..<count {
                    votes.append(.init(reader: "a", item: "\(item)", copy: 1, feature: feature, display: "full", method: methods[first]))
                    votes.append(.init(reader: "b", item: "\(item)", copy: 1, feature: feature, display: "full", method: methods[second]))
                    item += 1
                }
            }
        }
        return votes
    }

    @Test func kappaOfTwoReadersIsCohens() throws {
        // p_o = 35/50, p_e = 0.5·0.6 + 0.5·0.4.
        let kappa = try #require(ReaderStudy(Self.two([[20, 5], [10, 15]])).betweenReaders(feature: "PR", display: "full").kappa())
        #expect(abs(kappa - 0.4) < 1e-12)
    }

    @Test func unanimityForOneMethodCountsAsPerfectAsInTheTable() {
        // R amplitude in the paper: all votes for one method, kappa 1.00 (1.00, 1.00).
        let study = ReaderStudy(Self.two([[51, 0], [0, 0]], feature: "R"))
        #expect(study.betweenReaders(feature: "R", display: "full").kappa() == 1)
        #expect(study.counts(feature: "R", display: "full") == [102])
    }

    @Test func missingDisplaysAndLoneReadersHaveNoKappa() {
        let study = ReaderStudy(Self.two([[3, 1], [1, 3]]).filter { $0.reader == "a" })
        #expect(study.betweenReaders(feature: nil, display: "full").kappa() == nil)
        #expect(study.betweenReaders(feature: nil, display: "averaged").kappa() == nil)
        #expect(ReaderStudy([]).withinReaders(feature: nil, display: "full").kappa() == nil)
    }

    /// 12 ECGs, each twice, before three readers; the expected values are scikit-learn's cohen_kappa_score of these votes.
    private static let three: [Vote] = {
        let methods = ["deeplift", "gradcam", "saliency", "smoothgrad"]
        return (1...3).flatMap { reader in
            (0..<12).flatMap { item in
                (1...2).map { copy in
                    let choice = (item * item + (item / 5) * reader * copy + ((item + reader + copy) % 4 == 0 ? 1 : 0)) % 4
                    return Vote(
                        reader: "reader \(reader)", item: "\(item)", copy: copy, feature: "QT", display: "averaged", method: methods[choice]
                    )
                }
            }
        }
    }()

    @Test func kappaOfThreeReadersIsTheMeanOverPairs() throws {
        let study = ReaderStudy(Self.three)
        let between = try #require(study.betweenReaders(feature: "QT", display: "averaged").kappa())
        #expect(abs(between - 0.07432798727575829) < 1e-12)
        let within = try #require(study.withinReaders(feature: nil, display: "averaged").kappa())
        #expect(abs(within - 0.07634601466377171) < 1e-12)
        #expect(study.counts(feature: "QT", display: "averaged") == [27, 22, 15, 8])
        // The order of the votes does not matter.
        #expect(ReaderStudy(Self.three.reversed()).betweenReaders(feature: "QT", display: "averaged").kappa() == between)
    }

    @Test func intervalOfResampledECGsHoldsTheKnownKappa() throws {
        let study = ReaderStudy(Self.two([[200, 50], [100, 150]]))
        let pairs = study.betweenReaders(feature: "PR", display: "full")
        let random = RandomSource(seed: 1)
        let bootstrap = Bootstrap(groups: study.items.count, count: 400) { random.integer(UInt64($0) << 32 | UInt64($1), below: 500) }
        let interval = try #require(bootstrap.interval { pairs.kappa(times: $0) })
        // Its standard error is 0.041 (Fleiss, Cohen, Everitt 1969).
        #expect(interval.contains(0.4))
        #expect(abs((interval.upperBound - interval.lowerBound) / (2 * 1.96) - 0.041) < 0.006)
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import Testing

@Suite struct CorrelationTests {
    let a = [1.0, 2, 2, 5, 9, -3]
    let b = [0.5, 4, 1, 1, 7, 0]

    /// scipy.stats.pearsonr and spearmanr (ties share their mean rank).
    @Test func correlationsEqualSciPy() throws {
        #expect(abs(try #require(pearson(a, b)) - 0.776_048_081_740_854_2) < 1e-15)
        #expect(abs(try #require(spearman(a, b)) - 0.867_647_058_823_529_4) < 1e-15)
        #expect(meanRanks(a) == [2, 3.5, 3.5, 5, 6, 1])
        #expect(try #require(spearman(a, a)) == 1)
    }

    @Test func rowsWithoutVarianceHaveNoCorrelation() {
        #expect(pearson([1, 1, 1], [1, 2, 3]) == nil)
        #expect(pearson([1], [1]) == nil)
        #expect(pearson([1, 2], [1, 2, 3]) == nil)
    }
}

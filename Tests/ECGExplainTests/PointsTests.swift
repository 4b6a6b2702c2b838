// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import Testing

@Suite struct PointsTests {
    /// A Gauss and Legendre rule of n points integrates polynomials up to degree 2n − 1 exactly.
    @Test(arguments: [1, 2, 5, 50]) func gaussLegendreIntegratesPolynomialsExactly(steps: Int) {
        let (places, weights) = Quadrature.gaussLegendre.rule(steps)
        #expect(places == places.sorted() && places.allSatisfy { $0 > 0 && $0 < 1 })
        for degree in [0, 1, 2 * steps - 1] {
            let sum = zip(places, weights).reduce(0.0) { sum, point in
                sum + point.1 * (0..<degree).reduce(1.0) { power, _ in power * point.0 }
            }
            #expect(abs(sum - 1 / Double(degree + 1)) < 1e-13)
        }
    }

    /// As Captum has it, the trapezoid's weights add up to 1 − 1/n.
    @Test func riemannRulesAreCaptums() {
        #expect(abs(Quadrature.riemannTrapezoid.rule(50).weights.reduce(0, +) - 0.98) < 1e-12)
        #expect(Quadrature.riemannLeft.rule(4).places == [0, 0.25, 0.5, 0.75])
        #expect(Quadrature.riemannRight.rule(4).places == [0.25, 0.5, 0.75, 1])
        #expect(Quadrature.riemannMiddle.rule(2).places == [0.25, 0.75])
    }

    /// torch.nn.functional.interpolate([0, 1, 4], size=6) with mode linear and nearest; scipy.ndimage.zoom([0, 1, 4], 2, order=3).
    @Test func rowsAreSpreadAsTheReferencesDo() {
        func close(_ a: [Float], _ b: [Float]) -> Bool { a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 } }
        #expect(close(Upsampling.linear([0, 1, 4], to: 6), [0, 0.25, 0.75, 1.75, 3.25, 4]))
        #expect(Upsampling.nearest([0, 1, 4], to: 6) == [0, 0, 1, 1, 4, 4])
        #expect(close(Upsampling.spline([0, 1, 4], to: 5), [0, 0.125, 1, 2.875, 4]))
        #expect(Upsampling.spline([7], to: 3) == [7, 7, 7])
    }

    @Test func occlusionWindowsAreAsManyAsCaptums() throws {
        let set = try FeatureSet(.windows, leads: 2, length: 10, window: 4, stride: 3, segment: 0.1, timing: .init())
        #expect(set.features == [[0..<4], [3..<7], [6..<10], [10..<14], [13..<17], [16..<20]])
        let beats = try FeatureSet(.beats, leads: 1, length: 10, window: 1, stride: 1, segment: 0.1, timing: .init(beats: [2, 6]))
        #expect(beats.features == [[0..<4], [4..<10]])
        #expect(throws: ExplainError.self) {
            try FeatureSet(.segments, leads: 1, length: 10, window: 1, stride: 1, segment: 0.1, timing: .init())
        }
    }

    @Test func everyMethodHasANameOfItsOwn() {
        #expect(Set(Method.all.map(\.name)).count == Method.all.count)
        #expect(Method.named("no-such-method") == nil)
    }
}

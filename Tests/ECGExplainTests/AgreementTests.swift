// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGScore
import Testing

/// Correlations and places of maps; the fixture's numbers come from SciPy and NumPy (Tests/Oracles/agreement.py).
@Suite struct AgreementTests {
    private func correlation(_ a: [Double], _ b: [Double], _ change: (inout AgreementSettings) throws -> Void = { _ in }) throws -> Double?
    {
        var settings = AgreementSettings()
        try change(&settings)
        let maps = try [a, b].map { try ComparableMap($0.map { Float($0) }, leads: 2, settings) }
        return maps[0].correlation(with: maps[1])
    }

    @Test func correlationsAreSciPys() throws {
        let fixture = try Fixture("agreement.txt")
        let (a, b, expected) = (fixture.rows("pair", "a"), fixture.rows("pair", "b"), fixture.rows("pair", "expect"))
        #expect(a.count == 3)
        for i in a.indices {
            let found = [
                try correlation(a[i], b[i]), try correlation(a[i], b[i]) { $0.rank = true },
                try correlation(a[i], b[i]) { $0.smoothing = try MapSmoothing(window: 31, order: 3) },
                try correlation(a[i], b[i]) { $0.perLead = true }, try correlation(a[i], b[i]) { $0.absolute = true },
            ]
            for (f, e) in zip(found, expected[i]) { #expect(abs((f ?? .nan) - e) < 1e-6, "pair \(i)") }
        }
    }

    @Test func constantMapsCorrelateWithNothing() throws {
        let flat = [Double](repeating: 0.1, count: 64)
        let other = (0..<64).map { Double($0 % 7) }
        #expect(try correlation(flat, other) == nil)
        #expect(try correlation(flat, flat) { $0.rank = true } == nil)
        #expect(try correlation(flat, other) { $0.smoothing = try MapSmoothing(window: 31, order: 3) } == nil)
        // with a lead that varies, per lead there is something to say
        let half = Array(flat.prefix(32)) + Array(other.prefix(32))
        #expect(try correlation(half, other) { $0.perLead = true } != nil)
        #expect(throws: ExplainError.self) { try correlation([.nan] + flat.dropFirst(), other) }
        #expect(throws: ExplainError.self) {
            try correlation(Array(flat.prefix(20)), Array(other.prefix(20))) { $0.smoothing = try MapSmoothing(window: 31, order: 3) }
        }
    }

    @Test func cellsCountWhatHasNoCorrelation() throws {
        var table = AgreementTable()
        let cell = AgreementTable.Cell(group: "all", map: nil, a: "x", b: "y")
        for r in [0.5, nil, 1.0, nil] { table.add(r, to: cell) }
        let row = try #require(table.rows.first)
        #expect(row.correlations.mean == 0.75 && row.correlations.count == 2 && row.constant == 2)
    }

    @Test func momentsAreNumPys() throws {
        let fixture = try Fixture("agreement.txt")
        var moments = RunningMoments()
        #expect(moments.mean == nil && moments.deviation == nil)
        for value in try fixture.row("moments", "values") { moments.add(value) }
        let expected = try fixture.row("moments", "expect")
        #expect(abs((moments.mean ?? 0) - expected[0]) < 1e-12 && abs((moments.deviation ?? 0) - expected[1]) < 1e-12)
    }

    @Test func placesOfMapsAreAsDefined() throws {
        let fixture = try Fixture("agreement.txt")
        let (maps, inside, expected) = (fixture.rows("place", "map"), fixture.rows("place", "inside"), fixture.rows("place", "expect"))
        #expect(maps.count == 3)
        for i in maps.indices {
            let found = try #require(Localisation(maps[i].map { Float($0) }, inside: inside[i].map { $0 == 1 }))
            for (f, e) in zip([found.area, found.mass, found.hit, found.rankAccuracy], expected[i]) { #expect(abs(f - e) < 1e-9) }
        }
        #expect(Localisation([1, 2], inside: [false, false]) == nil)
        #expect(Localisation([1, -1], inside: [true, false]) == nil)
        #expect(Localisation([1, .nan], inside: [true, false]) == nil)
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later

/// How the heart's dipole looks in a lead: a row of three factors for its x (left), y (down) and z (back) component.
///
/// The factors of Dower (Dower, Machado, Osborne: On deriving the electrocardiogram from vectorcardiographic leads, Clin Cardiol 1980);
/// limb leads from Einthoven's and Goldberger's equations.
public struct LeadProjection: Sendable, Equatable {
    public let x: Double
    public let y: Double
    public let z: Double

    /// The twelve standard leads, the modified limb lead MLII of Holter recorders (taken as II), and the Frank leads X, Y, Z.
    public init?(lead: String) {
        guard let row = LeadProjection.rows[lead] else { return nil }
        self = row
    }

    init(_ x: Double, _ y: Double, _ z: Double) {
        self.x = x
        self.y = y
        self.z = z
    }

    /// Names of all leads that can be made.
    public static let names = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6", "MLII", "X", "Y", "Z"]

    private static let rows: [String: LeadProjection] = {
        let one = LeadProjection(0.632, -0.235, 0.059)
        let two = LeadProjection(0.235, 1.066, -0.132)
        func sum(_ a: Double, _ b: Double) -> LeadProjection {
            LeadProjection(a * one.x + b * two.x, a * one.y + b * two.y, a * one.z + b * two.z)
        }
        return [
            "I": one, "II": two, "III": sum(-1, 1), "aVR": sum(-0.5, -0.5), "aVL": sum(1, -0.5), "aVF": sum(-0.5, 1),
            "V1": LeadProjection(-0.515, 0.157, -0.917), "V2": LeadProjection(0.044, 0.164, -1.387),
            "V3": LeadProjection(0.882, 0.098, -1.277), "V4": LeadProjection(1.213, 0.127, -0.601),
            "V5": LeadProjection(1.125, 0.127, -0.086), "V6": LeadProjection(0.831, 0.076, 0.230),
            "MLII": two, "X": LeadProjection(1, 0, 0), "Y": LeadProjection(0, 1, 0), "Z": LeadProjection(0, 0, 1),
        ]
    }()

    /// This lead as a mixture of II, V1 and V5, by which wave shapes are given.
    var mixture: (ii: Double, v1: Double, v5: Double) {
        let two = LeadProjection(0.235, 1.066, -0.132)
        let one = LeadProjection(-0.515, 0.157, -0.917)
        let five = LeadProjection(1.125, 0.127, -0.086)
        // Cramer's rule for [two one five]ᵀ: the three are far from lying in one plane.
        let whole = LeadProjection.determinant(two, one, five)
        return (
            LeadProjection.determinant(self, one, five) / whole, LeadProjection.determinant(two, self, five) / whole,
            LeadProjection.determinant(two, one, self) / whole
        )
    }

    private static func determinant(_ a: LeadProjection, _ b: LeadProjection, _ c: LeadProjection) -> Double {
        a.x * (b.y * c.z - b.z * c.y) - a.y * (b.x * c.z - b.z * c.x) + a.z * (b.x * c.y - b.y * c.x)
    }
}

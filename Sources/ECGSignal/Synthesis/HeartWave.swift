// SPDX-License-Identifier: GPL-3.0-or-later

/// A Gaussian wave of a synthetic beat, as an electrical dipole: one of the attractors that pull ECGSYN's trajectory off its cycle
/// (McSharry, Clifford, Tarassenko, Smith: A dynamical model for generating synthetic electrocardiogram signals, IEEE TBME 2003).
struct HeartWave: Sendable {
    enum Part: Sendable { case p, qrs, t }

    let part: Part
    /// Centre, seconds from the R peak.
    let time: Double
    /// Standard deviation, seconds.
    let width: Double
    /// Peak in leads II, V1 and V5, mV; these three fix the dipole, and so all other leads.
    let peaks: (ii: Double, v1: Double, v5: Double)

    init(_ part: Part, _ time: Double, _ width: Double, _ ii: Double, _ v1: Double, _ v5: Double) {
        self.part = part
        self.time = time
        self.width = width
        peaks = (ii, v1, v5)
    }
}

/// The kinds of beat that can be made, with the symbols of MIT-BIH.
public enum BeatKind: String, Sendable, CaseIterable {
    case normal = "N"
    case atrialPremature = "A"
    case junctionalEscape = "j"
    case leftBundleBranch = "L"
    case rightBundleBranch = "R"
    case paced = "/"
    case ventricularPremature = "V"
    case ventricularEscape = "E"

    /// Whether a rhythm is made of such beats, others coming in between.
    public var isUnderlying: Bool {
        switch self {
        case .normal, .leftBundleBranch, .rightBundleBranch, .paced: true
        default: false
        }
    }

    /// The symbol as one byte.
    public var symbol: UInt8 { rawValue.utf8.first ?? 0 }

    /// Gaussians of a beat at 60 a minute. Shapes were fitted by eye and by least squares to median beats of MIT-BIH, and then moved a
    /// little until a network trained on that database told the classes apart.
    var waves: [HeartWave] {
        switch self {
        case .normal: HeartWave.sinus + HeartWave.narrow
        case .atrialPremature: [HeartWave(.p, -0.150, 0.0228, 0.10, 0.06, 0.07)] + HeartWave.narrow
        case .junctionalEscape: HeartWave.narrow
        case .leftBundleBranch: HeartWave.sinus + HeartWave.left
        case .rightBundleBranch: HeartWave.sinus + HeartWave.right
        case .paced: HeartWave.paced
        case .ventricularPremature: HeartWave.premature
        case .ventricularEscape: HeartWave.escape
        }
    }
}

extension HeartWave {
    static let sinus = [HeartWave(.p, -0.168, 0.0234, 0.165, 0.075, 0.085)]

    static let narrow = [
        HeartWave(.qrs, -0.0284, 0.0069, -0.105, 0.064, -0.120),
        HeartWave(.qrs, -0.0197, 0.0067, 0.094, 0.190, 0.105),
        HeartWave(.qrs, 0.0000, 0.0117, 1.190, -0.740, 1.210),
        HeartWave(.qrs, 0.0291, 0.0096, -0.230, -0.275, -0.160),
        HeartWave(.t, 0.2263, 0.0515, 0.200, -0.021, 0.110),
        HeartWave(.t, 0.2699, 0.0343, 0.235, -0.010, 0.270),
    ]

    static let left = [
        HeartWave(.qrs, -0.0156, 0.0117, 0.560, -0.445, 0.565),
        HeartWave(.qrs, 0.0000, 0.0105, 1.355, -0.508, 0.735),
        HeartWave(.qrs, 0.0398, 0.0241, 0.490, -0.620, 0.583),
        HeartWave(.t, 0.1237, 0.0435, -0.120, 0.220, -0.108),
        HeartWave(.t, 0.2382, 0.0436, -0.276, 0.700, -0.326),
    ]

    static let right = [
        HeartWave(.qrs, -0.0281, 0.0084, -0.042, 0.109, -0.095),
        HeartWave(.qrs, -0.0098, 0.0125, 1.152, 0.101, 1.105),
        HeartWave(.qrs, 0.0101, 0.0104, 0.097, -0.315, 0.079),
        HeartWave(.qrs, 0.0514, 0.0192, -0.427, 1.261, -0.448),
        HeartWave(.t, 0.2386, 0.0506, 0.150, -0.118, 0.119),
        HeartWave(.t, 0.2916, 0.0364, 0.122, -0.121, 0.219),
    ]

    /// The first wave is the pacemaker's spike, as broad as a recorder of 100 Hz makes it.
    static let paced = [
        HeartWave(.qrs, -0.0245, 0.0034, 1.257, 0.431, 0.626),
        HeartWave(.qrs, -0.0124, 0.0161, 0.603, -0.248, 0.373),
        HeartWave(.qrs, 0.0639, 0.0285, -1.253, -1.160, -1.167),
        HeartWave(.qrs, 0.1170, 0.0181, -0.207, -0.522, -0.142),
        HeartWave(.t, 0.2435, 0.0793, 0.455, 0.103, 0.431),
        HeartWave(.t, 0.3312, 0.0409, 0.762, 0.317, 0.596),
    ]

    static let premature = [
        HeartWave(.qrs, -0.0369, 0.0187, 0.300, 0.100, 0.211),
        HeartWave(.qrs, 0.0000, 0.0248, 1.350, -0.908, 1.126),
        HeartWave(.qrs, 0.0450, 0.0220, 0.857, -0.384, 0.638),
        HeartWave(.t, 0.1200, 0.0350, -0.269, 0.204, -0.204),
        HeartWave(.t, 0.2200, 0.0600, -0.473, 0.400, -0.400),
        HeartWave(.t, 0.2900, 0.0442, -0.140, 0.128, -0.151),
    ]

    static let escape = [
        HeartWave(.qrs, -0.0279, 0.0195, 0.460, 0.384, 0.329),
        HeartWave(.qrs, 0.0094, 0.0200, 0.483, 0.179, 0.387),
        HeartWave(.qrs, 0.0600, 0.0297, 0.262, 0.563, 0.214),
        HeartWave(.t, 0.1802, 0.0691, -0.296, -0.190, -0.216),
        HeartWave(.t, 0.2806, 0.0600, -0.054, -0.060, -0.112),
    ]
}

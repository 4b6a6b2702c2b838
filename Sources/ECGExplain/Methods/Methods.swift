// SPDX-License-Identifier: GPL-3.0-or-later
import ECGRandom
import ECGScore

extension Method {
    /// All methods, in the order of their families.
    public static let all: [Method] = gradients + sampled + paths + pairs + layers + switched + [random]

    /// The method of a name; nil if there is none.
    public static func named(_ name: String) -> Method? { all.first { $0.name == name } }

    /// One reverse run at the item: Simonyan et al. 2013; Zeiler and Fergus 2014; Springenberg et al. 2015.
    private static let gradients: [Method] = [
        Method("saliency", "absolute gradient of the score", points: .item(.gradient)) { sums, p in sums.add(p.gradient) { abs($0) } },
        Method("gradient", "gradient of the score", points: .item(.gradient)) { sums, p in sums.add(p.gradient) },
        Method("input-x-gradient", "gradient times the item", points: .item(.gradient)) { sums, p in
            for i in p.gradient.indices { sums.rows[0][i] = Double(p.gradient[i] * p.item.values[i]) }
        },
        Method("deconvolution", "gradient that passes activations where it is positive", points: .item(.deconvolution)) { sums, p in
            sums.add(p.gradient)
        },
        Method("guided-backprop", "gradient that passes activations where it and their input are positive", points: .item(.guided)) {
            sums, p in
            sums.add(p.gradient)
        },
    ]

    /// Means over the item with noise: Smilkov et al. 2017; Adebayo et al. 2018.
    private static let sampled: [Method] = [
        Method("smoothgrad", "mean absolute gradient over noisy copies", points: .noisy, draws: [.noise]) { sums, p in
            sums.add(p.gradient, weight: p.point.weight) { abs($0) }
        },
        Method("smoothgrad-signed", "mean gradient over noisy copies", points: .noisy, draws: [.noise]) { sums, p in
            sums.add(p.gradient, weight: p.point.weight)
        },
        Method("smoothgrad-squared", "mean squared gradient over noisy copies", points: .noisy, draws: [.noise]) { sums, p in
            sums.add(p.gradient, weight: p.point.weight) { $0 * $0 }
        },
        Method("vargrad", "variance of the absolute gradient over noisy copies", points: .noisy, draws: [.noise], rows: 2) { sums, p in
            sums.add(p.gradient, weight: p.point.weight) { abs($0) }
            sums.add(p.gradient, to: 1, weight: p.point.weight) { $0 * $0 }
        } finish: { sums, _ in
            sums.rows[0].indices.map { Float(max(sums.rows[1][$0] - sums.rows[0][$0] * sums.rows[0][$0], 0)) }
        },
    ]

    /// Integrals of the gradient from a baseline to the item: Sundararajan et al. 2017; Lundberg and Lee 2017.
    private static let paths: [Method] = [
        Method(
            "integrated-gradients", "gradient integrated from the baseline to the item", points: .path(steps: 0), completeness: .baseline,
            keepsMultipliers: true
        ) { sums, p in sums.addPath(p, weight: p.point.weight) },
        Method(
            "ig-smoothgrad", "mean of integrated gradients over noisy copies", points: .noisyPath(steps: 0), draws: [.noise],
            completeness: .noisy, keepsMultipliers: true
        ) { sums, p in sums.addPath(p, weight: p.point.weight) },
        Method(
            "gradient-shap", "mean of the gradient at random places between baselines and noisy copies", points: .between,
            draws: [.noise, .alpha, .baseline], completeness: .expected, keepsMultipliers: true
        ) { sums, p in sums.addPath(p, weight: p.point.weight) },
    ]

    /// DeepLIFT with the rescale rule (Shrikumar et al. 2017), and its mean over baselines (Lundberg and Lee 2017).
    private static let pairs: [Method] = [
        Method(
            "deeplift", "differences from the baseline, by the rescale rule", points: .pairs, most: 1, completeness: .baseline,
            keepsMultipliers: true
        ) { sums, p in sums.addPath(p, weight: 1) },
        Method("deeplift-shap", "mean of DeepLIFT over all baselines", points: .pairs, completeness: .baselines, keepsMultipliers: true) {
            sums, p in
            sums.addPath(p, weight: 1 / Double(p.count))
        },
    ]

    /// Maps from a layer: Selvaraju et al. 2017.
    private static let layers: [Method] = [
        Method(
            "gradcam", "outputs of a layer, weighted by their channels' mean gradients", points: .none, readsLayer: true
        ) { _, _ in
        } finish: { _, s in
            let row = s.upsampled(relu: !s.settings.captum, by: s.settings.upsampling)
            return s.overLeads(row)
        },
        Method("guided-gradcam", "guided backpropagation times Grad-CAM", points: .item(.guided), readsLayer: true) { sums, p in
            sums.add(p.gradient)
        } finish: { sums, s in
            let row = s.overLeads(s.upsampled(relu: true, by: s.settings.captum ? .nearest : s.settings.upsampling))
            return row.indices.map { Float(sums.rows[0][$0]) * row[$0] }
        },
    ]

    /// Differences of the score when parts of the item are switched: Castro et al. 2009; Zeiler and Fergus 2014.
    private static let switched: [Method] = [
        Method(
            "shapley-sampling", "mean difference of the score when a part is added to the baseline, in random orders",
            points: .switchedOn(AttributionSettings().featureKey), draws: [.permutation], completeness: .baseline
        ) { sums, p in
            guard let features = p.item.features[p.settings.featureKey] else { return }
            let (draw, step) = p.number.quotientAndRemainder(dividingBy: features.count - 1)
            if sums.order?.draw != draw {
                sums.order = (draw, p.settings.draws.permutation(key: p.item.key, draw: draw, of: features.count))
            }
            let order = sums.order?.features ?? []
            func credit(_ feature: Int, _ difference: Double) {
                for range in features.features[feature] {
                    for i in range { sums.rows[0][i] += difference / Double(p.settings.samples) }
                }
            }
            credit(order[step], p.score - (step == 0 ? p.baseScore : sums.last))
            if step == features.count - 2 { credit(order[step + 1], p.itemScore - p.score) }
            sums.last = p.score
        } finish: { sums, s in
            // a single feature has the whole difference, and no point in between to look at
            let single = s.item.features[s.settings.featureKey]?.count == 1
            return single ? sums.floats.map { _ in Float(s.itemScore - s.baseScore) } : sums.floats
        },
        Method(
            "feature-ablation", "difference of the score when a part is set to the baseline",
            points: .switchedOff(AttributionSettings().featureKey)
        ) { sums, p in
            for range in p.item.features[p.settings.featureKey]?.features[p.number] ?? [] {
                for i in range { sums.rows[0][i] += p.itemScore - p.score }
            }
        },
        Method(
            "occlusion", "the same under a sliding window, averaged where windows overlap",
            points: .switchedOff(AttributionSettings().occlusionKey), rows: 2
        ) { sums, p in
            for range in p.item.features[p.settings.occlusionKey]?.features[p.number] ?? [] {
                for i in range {
                    sums.rows[0][i] += p.itemScore - p.score
                    sums.rows[1][i] += 1
                }
            }
        } finish: { sums, _ in
            sums.rows[0].indices.map { sums.rows[1][$0] > 0 ? Float(sums.rows[0][$0] / sums.rows[1][$0]) : 0 }
        },
    ]

    /// What every method must beat.
    private static let random = Method("random", "standard normal noise, the baseline that every method must beat", points: .none) {
        _, _ in
    } finish: { _, s in
        RandomSource(seed: s.settings.draws.seed, key: s.item.key, purpose: "random").normals(from: 0, count: s.item.values.count)
    }
}

extension Summary {
    /// Grad-CAM's row at the item's samples.
    func upsampled(relu: Bool, by upsampling: Upsampling) -> [Float] {
        guard !layer.isEmpty, let length = item.shape.last else { return [] }
        return upsampling(layer.map { Float(relu && $0 < 0 ? 0 : $0) }, to: length)
    }

    /// The same row for every lead.
    func overLeads(_ row: [Float]) -> [Float] {
        row.isEmpty ? [] : (0..<item.values.count / row.count).flatMap { _ in row }
    }
}

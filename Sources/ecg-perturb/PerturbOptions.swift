// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGExplain
import ECGModel
import ECGStream
import ECGTool

/// How points are replaced.
struct SchemeOptions: ParsableArguments {
    @Option(help: .init("point: one point a step, with noise; road: a share a step, with noisy interpolation.", valueName: "name"))
    var scheme = PerturbationSettings.Scheme.point
    @Option(help: .init("Steps of a curve. (default: 200 for point, 30 for road)", valueName: "n")) var steps: Int?
    @Option(help: .init("Share of the points that a step of road replaces.", valueName: "x")) var share = 0.01
    @Option(help: .init("morf, lerf or both with a comma between; random is always beside them.", valueName: "orders")) var order = "morf"
    @Flag(help: "Begin with everything replaced and restore points.") var insertion = false
    @Option(help: .init("A map to follow; may be given again. (default: all)", valueName: "method")) var map: [String] = []
    @Option(help: .init("Standard deviation: a share of the item's range for point (0.2), itself for road (0.25).", valueName: "sigma"))
    var noise: Double?
    @Option(help: .init("What noise does: add, replace or zero for point (add); times or add for road (times).", valueName: "form"))
    var noiseAs: PerturbationSettings.Noise?
    @Option(help: .init("Order by the map's absolute or signed value.", valueName: "how")) var rank = PerturbationSettings.Ranking.absolute
    @Option(help: .init("Among equals, the first or one by lot. (default: first for point, random for road)", valueName: "which")) var ties:
        PerturbationSettings.Ties?
    @Option(help: .init("road interpolates from the original or from the previous step.", valueName: "which")) var impute =
        PerturbationSettings.Imputation.original
    @Option(help: .init("Smooth maps by Savitzky-Golay first, as 31,3.", valueName: "window,order")) var smooth: String?
    @Flag(help: "Make the maps anew at each step, of the item as the step before left it.") var recompute = false
    @Flag(help: "Leave out maps with fewer points other than zero than are replaced.") var skipSparse = false
    @Flag(help: "Replace no points of the padding beyond a beat's length.") var withoutPadding = false
    @Option(help: .init("Memory for perturbed items and outputs.", valueName: "MB")) var maxMemory = 512

    func validate() throws {
        guard steps.map({ (1...10_000).contains($0) }) ?? true else { throw ValidationError("--steps takes a number from 1 to 10000.") }
        guard share > 0, share <= 1 else { throw ValidationError("--share takes a number above 0 and up to 1.") }
        guard noise.map({ $0.isFinite && $0 >= 0 }) ?? true else { throw ValidationError("--noise takes a number of at least 0.") }
        guard (1...1 << 20).contains(maxMemory) else { throw ValidationError("--max-memory takes a number of MB.") }
        _ = try orders()
        _ = try smoothing()
        if let noiseAs {
            let fits: [PerturbationSettings.Noise] = scheme == .point ? [.add, .replace, .zero] : [.times, .add]
            guard fits.contains(noiseAs) else {
                throw ValidationError("--noise-as \(noiseAs.rawValue) does not go with --scheme \(scheme.rawValue).")
            }
        }
        if recompute && insertion { throw ValidationError("--recompute and --insertion don't go together.") }
        if impute == .previous && (scheme == .point || insertion) {
            throw ValidationError("--impute previous goes with --scheme road, and not with --insertion.")
        }
    }

    private func orders() throws -> [PerturbationSettings.Order] {
        var orders: [PerturbationSettings.Order] = []
        for name in order.split(separator: ",", omittingEmptySubsequences: false) {
            guard let order = PerturbationSettings.Order(rawValue: String(name)) else {
                throw ValidationError("--order takes morf, lerf and random, not '\(name)'.")
            }
            if !orders.contains(order) { orders.append(order) }
        }
        return orders
    }

    func smoothing() throws -> MapSmoothing? {
        guard let smooth else { return nil }
        let numbers = smooth.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
        guard numbers.count == 2, numbers[0] > 0, numbers[1] >= 0 else {
            throw ValidationError("--smooth takes a window and an order, as 31,3.")
        }
        do { return try MapSmoothing(window: numbers[0], order: numbers[1]) } catch { throw ValidationError("\(error)") }
    }

    func settings(seed: UInt64) throws -> PerturbationSettings {
        var settings = PerturbationSettings(scheme)
        if let steps { settings.steps = steps }
        settings.share = share
        settings.orders = try orders()
        settings.insertion = insertion
        if let noise { settings.noise = noise }
        if let noiseAs { settings.noiseForm = noiseAs }
        settings.ranking = rank
        if let ties { settings.ties = ties }
        settings.imputation = impute
        settings.skipSparse = skipSparse
        settings.seed = seed
        settings.maxMemory = maxMemory << 20
        return settings
    }
}

/// What the network's outputs are judged by.
struct TruthOptions: ParsableArguments {
    @Option(
        help: .init(
            "The truth: label, predicted (what the network says of the item as it is), or a number in the meta, as measures.QRS or measures.R.V5; with --positive a member with a class or a list of them.",
            valueName: "name")) var truth = "label"
    @OptionGroup var naming: ClassOptions
    @Option(help: .init("Tell this class from all others.", valueName: "class")) var positive: String?
    @Option(help: .init("The output of a regression, from 0.", valueName: "n")) var output = 0
    @Option(
        help: .init(
            "Figures, with commas between: \(CurveMetric.allCases.map(\.rawValue).joined(separator: ", ")). (default: mape,mae,rmse or auroc,auprc,accuracy)",
            valueName: "names")) var metric: String?
    @Option(help: .init("With --positive, scores from here on are positive: a number, or youden on the items as they are.", valueName: "x"))
    var threshold = "youden"
    @Flag(help: "Divide errors by the truth with its sign.") var signedShare = false
    @Option(help: .init("The last steps of areas, as 5,10,15,25. (default: 15 for point, all for road)", valueName: "steps")) var area:
        String?
    @Flag(help: "Areas above the figure before the first step.") var aboveStart = false
    @Option(help: .init("Resamplings of records for intervals.", valueName: "n")) var resamplings = 200
    @Option(help: .init("Share that an interval covers.", valueName: "x")) var level = 0.95

    func validate() throws {
        _ = try metrics()
        guard truth != "", !truth.hasPrefix("."), !truth.hasSuffix(".") else { throw ValidationError("--truth takes a name.") }
        guard output >= 0 else { throw ValidationError("--output takes a number from 0.") }
        guard threshold == "youden" || Double(threshold).map(\.isFinite) == true else {
            throw ValidationError("--threshold takes youden or a number.")
        }
        if let area = areas(), !area.allSatisfy({ $0 > 0 }) { throw ValidationError("--area takes steps from 1, with commas between.") }
        guard (0...100_000).contains(resamplings) else { throw ValidationError("--resamplings takes a number from 0 to 100000.") }
        guard level > 0, level < 1 else { throw ValidationError("--level takes a number between 0 and 1.") }
        if positive != nil, truth == "predicted" { throw ValidationError("--positive does not go with --truth predicted.") }
    }

    var givenClasses: [String]? { naming.names }

    /// The last steps of areas; 0 for what is no number.
    private func areas() -> [Int]? { area.map { $0.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 } } }

    func metrics() throws -> [CurveMetric]? {
        guard let metric else { return nil }
        var metrics: [CurveMetric] = []
        for name in metric.split(separator: ",", omittingEmptySubsequences: false) {
            guard let found = CurveMetric(rawValue: String(name)) else { throw ValidationError("there is no metric '\(name)'.") }
            if !metrics.contains(found) { metrics.append(found) }
        }
        return metrics
    }

    func rules(_ settings: PerturbationSettings, seed: UInt64) -> CurveRules {
        var rules = CurveRules(areasTo: areas() ?? [settings.scheme == .point ? min(15, settings.steps) : settings.steps])
        rules.signedShare = signedShare
        rules.givenThreshold = Double(threshold)
        rules.aboveStart = aboveStart
        rules.resamplings = resamplings
        rules.level = level
        rules.seed = seed
        return rules
    }
}

extension PerturbationSettings.Scheme: ExpressibleByArgument {}
extension PerturbationSettings.Noise: ExpressibleByArgument {}
extension PerturbationSettings.Ranking: ExpressibleByArgument {}
extension PerturbationSettings.Ties: ExpressibleByArgument {}
extension PerturbationSettings.Imputation: ExpressibleByArgument {}
extension ItemLayout: ExpressibleByArgument {}

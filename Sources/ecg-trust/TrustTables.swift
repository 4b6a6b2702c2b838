// SPDX-License-Identifier: GPL-3.0-or-later
import ECGExplain
import ECGTool

/// The tables that verdicts become.
struct TrustTables {
    private let all: [TrustFigure]
    private let methods: [Method]
    private let attribution: AttributionSettings
    private let times: [String: Double]?
    /// Whether consistency is that between models.
    private let hasOthers: Bool

    init(_ figures: [TrustFigure], methods: [Method], attribution: AttributionSettings, times: [String: Double]?, hasOthers: Bool) {
        (all, self.methods, self.attribution, self.times, self.hasOthers) = (figures, methods, attribution, times, hasOthers)
    }

    private func cell(_ value: Double?) -> Table.Cell { value.map { .number($0) } ?? .missing }

    /// The checks that each method fails.
    var failures: [(method: String, checks: [TrustCheck])] {
        methods.map { method in (method.name, all.filter { $0.method == method.name && $0.passes == false }.map(\.check)) }
    }

    /// A row a method and check.
    var figures: Table {
        var table = Table(
            columns: ["method", "check", "value", "low", "high", "limit", "passes", "n", "of", "forward", "reverse"]
                + (times == nil ? [] : ["ms"]))
        for figure in all {
            let cost = methods.first { $0.name == figure.method }?.cost(attribution)
            let passes: Table.Cell = figure.passes.map { .text($0 ? "yes" : "no") } ?? .missing
            table.add(
                [
                    .text(figure.method), .text(figure.check.rawValue), cell(figure.value), cell(figure.interval?.lowerBound),
                    cell(figure.interval?.upperBound), cell(figure.limit), passes, .integer(figure.items), .integer(figure.of),
                    .text(cost?.forward ?? ""),
                    .text(cost?.reverse ?? ""),
                ] + (times.map { [cell($0[figure.method])] } ?? []))
        }
        return table
    }

    /// A row a method, its verdict in plain words.
    var people: Table {
        var checks: [TrustCheck] = []
        // A network with a single output has no other class.
        let hasLogits = all.contains { $0.check == .logit && $0.value != nil }
        for figure in all where !checks.contains(figure.check) && (figure.check != .logit || hasLogits) { checks.append(figure.check) }
        var table = Table(
            columns: ["method"] + checks.map(\.rawValue) + ["passes"] + (times == nil ? [] : ["ms"]) + ["verdict"])
        table.digits = 3
        for (method, failed) in failures {
            let own = all.filter { $0.method == method }
            let cost = methods.first { $0.name == method }?.cost(attribution)
            table.add(
                [.text(method)] + checks.map { check in cell(own.first { $0.check == check }?.value) }
                    + [.text("\(cost?.forward ?? "") fwd, \(cost?.reverse ?? "") rev")] + (times.map { [cell($0[method])] } ?? [])
                    + [.text(verdict(method, failed, own))])
        }
        return table
    }

    private func verdict(_ method: String, _ failed: [TrustCheck], _ own: [TrustFigure]) -> String {
        let judged = own.count(where: { $0.passes != nil })
        let scarce = own.filter(\.isScarce).map { "; \($0.check.rawValue) not judged: its maps vary on \($0.items) of \($0.of) items" }
            .joined()
        if method == TrustAudit.control {
            return judged == 0
                ? "the control, not judged"
                : failed.contains(.faithfulness) || failed.contains(.weights)
                    ? "the control fails, as it must" : "the control does not fail: too few items, or nothing to find"
        }
        if judged == 0 { return "not judged" + scarce }
        if failed.isEmpty { return "stands up to all \(judged)" + scarce }
        return "fails \(failed.count) of \(judged): " + failed.map(words).joined(separator: "; ") + scarce
    }

    private func words(_ check: TrustCheck) -> String {
        check == .consistency && hasOthers ? "other networks trained alike give other maps" : check.failure
    }
}

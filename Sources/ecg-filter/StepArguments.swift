// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGSignal
import ECGStream

/// The steps of a filter on the command line. They act in the order in which they are given, which an option's value alone does not tell:
/// so each step becomes one `--step NAME VALUE…` before the line is parsed.
enum StepArguments {
    /// How many values follow each step.
    private static let steps: KeyValuePairs = [
        "band": 2, "highpass": 1, "lowpass": 1, "notch": 1, "baseline": 0, "savgol": 2, "deriv": 1, "per-second": 0, "resample": 1,
        "unit": 1, "scale": 1,
    ]

    private static let prefix = "--step="

    /// The steps of a line that was gathered and is not parsed yet; none if one of them is wrong, which parsing will tell.
    static func steps(in gathered: [String]) -> [FilterStep] {
        (try? parse(gathered.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })) ?? []
    }

    static func gather(_ arguments: [String]) -> [String] {
        var result: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            if argument == "--" { return result + arguments[index...] }
            index += 1
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1).map(String.init)
            guard argument.hasPrefix("--"), let name = parts.first, let step = steps.first(where: { $0.key == name }) else {
                result.append(argument)
                // The value of an option may look like a step, but not be one.
                if ["-o", "--tensor", "--taps"].contains(argument), index < arguments.count {
                    result.append(arguments[index])
                    index += 1
                }
                continue
            }
            var values = parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : []
            while parts.count == 1, values.count < step.value, index < arguments.count, arguments[index] != "--" {
                values.append(arguments[index])
                index += 1
            }
            // Plain sums: `joined` makes generic types at run time, which takes longer than the rest of this.
            result.append(values.reduce(prefix + name) { $0 + " " + $1 })
        }
        return result
    }

    /// - Throws: `ValidationError` with the words for a user.
    static func parse(_ texts: [String]) throws -> [FilterStep] {
        var steps: [FilterStep] = []
        for text in texts {
            let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            let name = "--" + words[0]
            let values = Array(words.dropFirst())
            switch words[0] {
            case "band":
                let edges = try numbers(values, 2, name, "two frequencies, as in --band 0.5 40")
                guard edges[0] < edges[1] else { throw ValidationError("--band: \(values[0]) Hz is not below \(values[1]) Hz.") }
                steps.append(.band(low: edges[0], high: edges[1]))
            case "highpass": steps.append(.highpass(try numbers(values, 1, name, "a frequency in Hz")[0]))
            case "lowpass": steps.append(.lowpass(try numbers(values, 1, name, "a frequency in Hz")[0]))
            case "notch": steps.append(.notch(try numbers(values, 1, name, "a frequency in Hz")[0]))
            case "resample": steps.append(.resample(fs: try numbers(values, 1, name, "a sampling frequency in Hz")[0]))
            case "baseline": steps.append(.baseline)
            case "savgol":
                guard values.count == 2, let window = Int(values[0]), let order = Int(values[1]), window > 0, order >= 0, order < window
                else { throw ValidationError("--savgol takes a window in samples and an order below it, as in --savgol 31 3.") }
                steps.append(.savitzkyGolay(window: window, order: order, derivative: 0, perSecond: false))
            case "deriv", "per-second":
                guard case .savitzkyGolay(let window, let order, var derivative, var perSecond)? = steps.last else {
                    throw ValidationError("\(name) belongs after --savgol WINDOW ORDER.")
                }
                if words[0] == "per-second" {
                    perSecond = true
                } else {
                    guard let value = values.first.flatMap({ Int($0) }), (0...64).contains(value) else {
                        throw ValidationError("--deriv takes the order of a derivative, 0 to 64.")
                    }
                    derivative = value
                }
                steps[steps.count - 1] = .savitzkyGolay(window: window, order: order, derivative: derivative, perSecond: perSecond)
            case "unit":
                guard let unit = values.first.flatMap({ VoltageUnit(name: $0) }) else { throw ValidationError("--unit takes uV or mV.") }
                steps.append(.unit(unit))
            case "scale":
                guard let scale = values.first.flatMap({ RecordScale(rawValue: $0) }) else {
                    throw ValidationError("--scale takes minmax, zscore or none.")
                }
                steps.append(.scale(scale))
            default: throw ValidationError("'\(text)' is not a step.")
            }
        }
        return steps
    }

    private static func numbers(_ values: [String], _ count: Int, _ name: String, _ what: String) throws -> [Double] {
        let numbers = values.compactMap(Double.init).filter { $0.isFinite && $0 > 0 }
        guard values.count == count, numbers.count == count else {
            throw ValidationError("\(name) takes \(what), not '\(values.joined(separator: " "))'.")
        }
        return numbers
    }
}

extension FilterStep {
    /// The step as it stands in the provenance.
    var json: JSON {
        switch self {
        case .band(let low, let high): ["band", JSON(low), JSON(high)]
        case .highpass(let frequency): ["highpass", JSON(frequency)]
        case .lowpass(let frequency): ["lowpass", JSON(frequency)]
        case .notch(let frequency): ["notch", JSON(frequency)]
        case .baseline: ["baseline"]
        case .savitzkyGolay(let window, let order, let derivative, let perSecond):
            .array(["savgol", JSON(window), JSON(order), JSON(derivative)] + (perSecond ? ["per-second"] : []))
        case .resample(let fs): ["resample", JSON(fs)]
        case .unit(let unit): ["unit", .string(unit.rawValue)]
        case .scale(let scale): ["scale", .string(scale.rawValue)]
        }
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// What a method's maps depend on, besides the network and the item.
public struct AttributionSettings: Sendable {
    /// What is explained.
    public enum Target: Sendable, Equatable {
        /// The class with the largest logit of the item.
        case predicted
        /// The class that the item's label names.
        case label
        case index(Int)
        /// The mean of all outputs of the layer (Jones et al.: the last convolution).
        case layerMean

        /// What a name means for a network of these classes: predicted, label, a class or its index.
        /// - Throws: `ExplainError.usage` for any other name.
        public init(_ name: String, classes: [String]?) throws(ExplainError) {
            switch name {
            case "predicted": self = .predicted
            case "label": self = .label
            default:
                guard let index = classes?.firstIndex(of: name) ?? Int(name), index >= 0 else {
                    let names = classes.map { "; the classes are \($0.joined(separator: ", "))" } ?? "; name the classes with --classes"
                    throw ExplainError(.usage, "--target \(name) is none of the network's classes\(names)")
                }
                self = .index(index)
            }
        }
    }

    /// The number whose change is explained.
    public enum Score: String, Sendable, CaseIterable {
        case logit, probability
    }

    /// Where paths and perturbations start.
    public enum Baseline: Sendable {
        case zero
        /// Each lead's own mean.
        case mean
        /// Items, flat [lead, time]; methods that know one baseline only take the first.
        case items([[Float]])
    }

    /// A length along the time axis.
    public enum Span: Sendable, Equatable {
        case samples(Int)
        case seconds(Double)
    }

    public var target = Target.predicted
    public var score = Score.logit
    /// The layer of Grad-CAM and of `Target.layerMean`; nil for the last convolution with more than one tap.
    public var layer: String?
    public var baseline = Baseline.zero
    /// Draws of sampling methods.
    public var samples = 25
    /// Standard deviation of the noise, as a share of the item's range.
    public var noise: Float = 0.02
    /// Steps of integrated gradients; with `stepsAuto` the first number tried.
    public var steps = 50
    /// Doubles the steps of an item until its residual is at most `maxResidual`.
    public var stepsAuto = false
    public var quadrature = Quadrature.gaussLegendre
    /// Leaves out the factor of the input: multipliers instead of contributions.
    public var multiplier = false
    /// Captum's conventions where they differ by choice.
    public var captum = false
    public var upsampling = Upsampling.linear
    /// The largest residual that a method with completeness may have; nil for any.
    public var maxResidual: Double?
    /// Bytes for points, activations and sums, and for what `residentMemory` counts.
    public var maxMemory = 512 << 20
    /// Bytes in use when a network is ready to run, which count against `maxMemory`. None by default: a library doesn't know whose the rest of the process
    /// is. A tool, whose the whole process is, gives `wholeProcess`.
    public var residentMemory: @Sendable () -> Int = { 0 }

    /// What the process has in memory: the program, the model, and the weights as the kernels want them.
    public static let wholeProcess: @Sendable () -> Int = {
        ProcessMemory.trim()
        return ProcessMemory.resident
    }
    /// Features of Shapley sampling and feature ablation.
    public var features = FeatureSet.Division.leadSegments
    /// Features of occlusion.
    public var occlusion = FeatureSet.Division.windows
    /// The length of a window, and from window to window; nil for a segment's, and half a window (occlusion) or a window.
    public var window: Span?
    public var stride: Span?
    /// Seconds of a segment.
    public var segment = 0.1
    public var draws = Draws(seed: 0)

    public init() {}

    /// The most steps that automatic steps try.
    public static let mostSteps = 3200
}

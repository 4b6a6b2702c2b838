// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Synchronization

/// Where the time of a run goes.
package struct StepTime: Sendable {
    /// The operator, and the node it comes from.
    package let name: String
    /// Seconds, of all threads together.
    package var forward = 0.0
    package var reverse = 0.0

    package init(name: String) { self.name = name }
}

extension Session {
    /// Seconds spent in each step of the plan for these items, forward and in reverse from the last output.
    package func stepTimes(_ items: Items) throws -> [StepTime] {
        try check(items)
        let request = PlanRequest.Reverse(seeds: [logits], wanted: [input.value], rules: .gradient)
        let seed = try Seed(.logit([outputShape.elementCount - 1]), self, count: items.count)
        let scores = Gathered(scores: Region<Float>(count: items.count), references: nil, gradient: nil, layers: [])
        let times = Mutex<[StepTime]>([])
        try forEachChunk(items.count, kept: keptValues([]), reverse: request) { [self] memory, range in
            fill(memory.tensor(input.value), memory.plan.fact(input.value), items, range)
            var own = memory.plan.steps.map { step in
                StepTime(name: "\(step.node.opType) \(step.node.name) \(type(of: step.kernel))")
            }
            memory.timedForward { step, seconds in own[step].forward += seconds }
            seed.start(memory, range, scores)
            memory.reverse { step, seconds in own[step].reverse += seconds }
            let found = own
            times.withLock { all in
                if all.isEmpty { all = found.map { StepTime(name: $0.name) } }
                guard all.count == found.count else { return }
                for index in found.indices {
                    all[index].forward += found[index].forward
                    all[index].reverse += found[index].reverse
                }
            }
        }
        return times.withLock { $0 }
    }
}

extension PlanMemory {
    fileprivate func timedForward(_ took: (Int, Double) -> Void) {
        forward { index, run in
            let start = Peak.seconds()
            run()
            took(index, Peak.seconds() - start)
        }
    }

    fileprivate func reverse(_ took: (Int, Double) -> Void) {
        for (index, made) in (plan.reverseSteps.first ?? []).enumerated() {
            let start = Peak.seconds()
            for gradient in zeroed[0][index] { gradient.zero() }
            plan.steps[made.step].kernel.reverse(reverseRuns[0][index])
            took(made.step, Peak.seconds() - start)
        }
    }
}

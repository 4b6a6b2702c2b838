// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels
import Glibc

/// The measured limit of this machine, to hold kernels against.
public enum Peak {
    /// Floating-point operations a second of `threads` threads that do nothing but independent multiply-adds.
    public static func operationsPerSecond(instructionSet: InstructionSet = .current, workers: Workers? = nil) -> Double {
        let threads = workers?.count ?? 1
        let sinks = Region<Float>(count: 64 * threads)
        let counts = Region<Double>(count: 64 * threads)
        let body: @Sendable (Int, Int) -> Void = { task, _ in
            sinks[task * 64] = 0.999
            sinks[task * 64 + 1] = 0.001
            counts[task * 64] = instructionSet.kernels.pointee.multiplyAdds(4_000_000, sinks.pointer + task * 64)
        }
        var best = 0.0
        for _ in 0..<5 {
            let start = seconds()
            if let workers { workers.run(threads, body) } else { body(0, 0) }
            best = max(best, (0..<threads).reduce(0) { $0 + counts[$1 * 64] } / (seconds() - start))
        }
        return best
    }

    /// A clock that only goes forward.
    public static func seconds() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + 1e-9 * Double(now.tv_nsec)
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Glibc

/// Direct convolution and the frequency domain side by side, and what the rule of `FrequencyCost` makes of them: for those who refit its constants.
///
///     kernel-tuning [--isa avx512|avx2|portable] [--batch N] [--threads N] [--gradient] [NETWORK …]
@main
struct KernelTuning {
    static func main() {
        var layers = LayerBench()
        var arguments = CommandLine.arguments.dropFirst()
        while let argument = arguments.popFirst() {
            switch argument {
            case "--isa":
                guard let set = arguments.popFirst().flatMap(InstructionSet.init(name:)), InstructionSet.force(set) else { usage() }
            case "--batch": layers.items = count(arguments.popFirst())
            case "--threads": layers.threads = count(arguments.popFirst())
            case "--gradient": layers.gradient = true
            case "--sweep": layers.sweep = true
            default:
                guard LayerBench.networks.contains(argument) else { usage() }
                layers.selected.insert(argument)
            }
        }
        layers.run()
    }

    private static func count(_ text: String?) -> Int {
        guard let text, let count = Int(text), count > 0, count <= 4096 else { usage() }
        return count
    }

    private static func usage() -> Never {
        let text =
            "usage: kernel-tuning [--isa NAME] [--batch N] [--threads N] [--gradient] [--sweep] [NETWORK …]\n"
            + "networks: \(LayerBench.networks.joined(separator: " "))\n"
        _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        exit(64)
    }
}

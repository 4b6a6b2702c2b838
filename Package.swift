// swift-tools-version: 6.1
// SPDX-License-Identifier: GPL-3.0-or-later
import PackageDescription

/// Debian's development packages bring the C libraries as archives; ECGPIPE_SHARED=1 is for systems that have them as shared objects alone.
let staticLibraries = Context.environment["ECGPIPE_SHARED"] == nil ? ["-static-executable", "-logg"] : []

/// A tool: a thin executable over the libraries it names. Like every target it names all that it imports: when something that it leaves out
/// changes, it is not compiled anew.
///
/// Everything is linked into it, the Swift runtime and the C libraries: it starts in a quarter of the time that it takes with shared ones,
/// and runs where none of them is installed. As flags of the executables alone, so that the tests, which need the runtime as a shared
/// library, are built from the same objects.
func tool(_ name: String, _ libraries: Target.Dependency..., linked: [String] = staticLibraries) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["ECGTool", "ECGStream", .product(name: "ArgumentParser", package: "swift-argument-parser")] + libraries,
        linkerSettings: [
            .unsafeFlags(
                ["-static-stdlib", "-l_FoundationCShims", "-l_FoundationCollections", "-lswiftSynchronization"] + linked,
                .when(platforms: [.linux]))
        ])
}

/// A C library of the system, as a module map and nothing else.
func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "ecgpipe",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0"),
    ],
    targets: [
        // Tools
        tool("ecg-read", "ECGFormats"),
        tool("ecg-filter", "ECGSignal", "ECGKernels"),
        tool("ecg-beats", "ECGSignal", "ECGFormats"),
        tool("ecg-median", "ECGSignal"),
        tool("ecg-measure", "ECGSignal", "ECGKernels"),
        tool("ecg-infer", "ECGModel", "ECGKernels"),
        tool("ecg-attr", "ECGExplain", "ECGModel", "ECGKernels", "ECGScore", "ECGFormats"),
        tool("ecg-segsal", "ECGExplain", "ECGScore"),
        tool("ecg-perturb", "ECGExplain", "ECGModel", "ECGKernels", "ECGScore"),
        tool("ecg-agree", "ECGExplain", "ECGScore", "ECGSpill"),
        tool("ecg-trust", "ECGExplain", "ECGModel", "ECGKernels", "ECGScore"),
        tool("ecg-randomize", "ECGExplain", "ECGModel"),
        tool("ecg-select", "ECGRandom"),
        tool("ecg-cat", "ECGFormats"),
        tool("ecg-synth", "ECGSignal"),
        tool("ecg-bench", "ECGKernels", "ECGModel"),
        tool("ecg-compare", "ECGScore", "ECGFormats"),
        tool("ecg-train", "ECGLearn", "ECGModel", "ECGKernels", "ECGScore", "ECGDigest"),
        tool("ecg-eval", "ECGScore", "ECGRandom"),
        // Cairo comes as a shared library alone.
        tool("ecg-plot", "ECGPlot", "ECGScore", "ECGRandom", "ECGSpill", linked: []),
        tool("ecg-tally", "ECGScore", "ECGRandom"),

        // For those who work on the kernels
        .executableTarget(name: "kernel-tuning", dependencies: ["ECGKernels"]),

        // Libraries: arrows point down only
        .target(
            name: "ECGTool",
            dependencies: [
                "ECGStream", "ECGDigest", "ECGSpill", "CSystem", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(name: "ECGExplain", dependencies: ["ECGModel", "ECGKernels", "ECGSignal", "ECGScore", "ECGRandom", "ECGSpill"]),
        .target(name: "ECGScore", dependencies: ["ECGRandom", "ECGSpill"]),
        .target(name: "ECGPlot", dependencies: ["CCairo"]),
        .target(name: "ECGLearn", dependencies: ["ECGModel", "ECGKernels", "ECGScore", "ECGRandom", "ECGDigest", "ECGSpill"]),
        .target(name: "ECGModel", dependencies: ["ECGKernels", "ECGDigest", .product(name: "SwiftProtobuf", package: "swift-protobuf")]),
        .target(name: "ECGKernels", dependencies: ["CMicrokernels"]),
        .target(name: "ECGSignal", dependencies: ["CFFTW", "CSignalLoops", "ECGRandom", "ECGSpill"]),
        .target(name: "ECGFormats", dependencies: ["CFLAC", "ECGDeflate"]),
        .target(name: "ECGStream", dependencies: ["ECGDeflate"]),
        // Leaves that any of them may use
        .target(name: "ECGRandom", dependencies: ["CRandomLoops"]),
        .target(name: "ECGSpill"),
        .target(name: "ECGDeflate", dependencies: ["CDeflate", "CChecksum"]),
        .target(name: "ECGDigest", dependencies: ["CDigest"]),
        .target(name: "CMicrokernels"),
        .target(name: "CSignalLoops"),
        .target(name: "CRandomLoops"),
        .target(name: "CSystem"),
        .target(name: "CDigest"),
        .target(name: "CChecksum"),

        // System libraries
        system("CFFTW", pkgConfig: "fftw3f", apt: "libfftw3-dev"),
        system("CDeflate", pkgConfig: "libdeflate", apt: "libdeflate-dev"),
        system("CFLAC", pkgConfig: "flac", apt: "libflac-dev"),
        system("CCairo", pkgConfig: "cairo", apt: "libcairo2-dev"),

        // Tests: a folder a module, plus one that runs the built executables in pipes
        .target(name: "StreamFixtures", dependencies: ["ECGStream", "ECGDeflate"], path: "Tests/StreamFixtures", exclude: ["zoo"]),
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .testTarget(
            name: "ECGStreamTests", dependencies: ["ECGStream", "ECGTool", "ECGRandom", "ECGDeflate", "ECGDigest", "StreamFixtures"]),
        .testTarget(name: "ECGFormatsTests", dependencies: ["ECGFormats"], exclude: ["Fixtures"]),
        .testTarget(name: "ECGKernelsTests", dependencies: ["ECGKernels"]),
        .testTarget(
            name: "ECGModelTests", dependencies: ["ECGModel", "ECGKernels", "TestSupport"], exclude: ["BackendNodes.txt", "Fixtures"]),
        .testTarget(name: "ECGSignalTests", dependencies: ["ECGSignal", "CSignalLoops", "ECGFormats", "ECGScore"], exclude: ["Fixtures"]),
        .testTarget(name: "ECGScoreTests", dependencies: ["ECGScore", "ECGRandom"], exclude: ["Fixtures"]),
        .testTarget(name: "ECGPlotTests", dependencies: ["ECGPlot"]),
        .testTarget(
            name: "ECGExplainTests", dependencies: ["ECGExplain", "ECGModel", "ECGKernels", "ECGRandom", "ECGScore", "TestSupport"],
            exclude: ["Fixtures"]),
        .testTarget(
            name: "ECGLearnTests", dependencies: ["ECGLearn", "ECGModel", "ECGKernels", "ECGRandom", "TestSupport"],
            exclude: ["Fixtures"]),
        .testTarget(name: "PipelineTests", dependencies: ["ECGStream", "StreamFixtures"], exclude: ["cases"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)

// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import Glibc

/// Where things lie, for tests that run the built executables.
enum Place {
    /// The repository.
    static let root: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)
        return parts.joined(separator: "/")
    }()
    /// The folder of the built executables: beside the test bundle, or `ECGPIPE_BIN`.
    static let bin: String = {
        if let bin = environment("ECGPIPE_BIN") { return bin }
        let arguments = CommandLine.arguments
        if let index = arguments.firstIndex(of: "--test-bundle-path"), index + 1 < arguments.count {
            let bundle = arguments[index + 1].split(separator: "/", omittingEmptySubsequences: false)
            if let end = bundle.firstIndex(where: { $0.hasSuffix(".xctest") }) { return bundle[..<end].joined(separator: "/") }
        }
        #if DEBUG
        return root + "/.build/debug"
        #else
        return root + "/.build/release"
        #endif
    }()
    static let cases = root + "/Tests/PipelineTests/cases"
    static let zoo = root + "/Tests/StreamFixtures/zoo"
    /// Recordings that lie beside the repository on some machines only.
    static let shared = root + "/../shared"

    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}

/// A folder of its own for a test, removed at the end of it.
final class Scratch {
    let path: String

    init() {
        var template = Array(((Place.environment("TMPDIR") ?? "/tmp") + "/ecgpipe-test.XXXXXX").utf8CString)
        precondition(mkdtemp(&template) != nil, "no place for a test's files")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { _ = Shell.run("rm -rf '\(path)'") }

    /// A file in it with these bytes.
    func file(_ name: String, _ bytes: [UInt8]) -> String {
        let file = path + "/" + name
        Shell.write(bytes, to: file)
        return file
    }
}

/// What a command did.
struct Outcome {
    var status: Int32
    var output: [UInt8]
    var errors: String
    var text: String { String(decoding: output, as: UTF8.self) }
}

/// Runs scripts by /bin/sh, which has no pipefail, with the built tools first in the path.
enum Shell {
    static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    static func write(_ bytes: [UInt8], to path: String) {
        guard let file = fopen(path, "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// Runs a script in a folder and waits for it.
    ///
    /// - Parameters:
    ///   - input: standard input; `nil` is /dev/null.
    ///   - output: a file to write to instead of one that is read back, such as /dev/full.
    static func run(_ script: String, in folder: String = "/", input: String? = nil, output: String? = nil) -> Outcome {
        var outTemplate = Array("/tmp/ecgpipe-out.XXXXXX".utf8CString)
        var errTemplate = Array("/tmp/ecgpipe-err.XXXXXX".utf8CString)
        let outFile = mkstemp(&outTemplate)
        let errFile = mkstemp(&errTemplate)
        let outPath = outTemplate.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        let errPath = errTemplate.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        defer {
            unlink(outPath)
            unlink(errPath)
            close(outFile)
            close(errFile)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output ?? outPath, O_WRONLY | O_NOCTTY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, errPath, O_WRONLY, 0)
        let prologue: String = "cd '\(folder)' || exit 99\n"
        let words: [String] = ["/bin/sh", "-c", prologue + script]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let environment: [UnsafeMutablePointer<CChar>?] = Self.environment.map { strdup($0) } + [nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        var process: pid_t = 0
        guard posix_spawn(&process, "/bin/sh", &actions, nil, arguments, environment) == 0 else {
            return Outcome(status: -1, output: [], errors: "posix_spawn failed")
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
        return Outcome(status: code, output: Shell.read(outPath) ?? [], errors: String(decoding: Shell.read(errPath) ?? [], as: UTF8.self))
    }

    /// The variables that scripts may use: $ROOT, $CASES, $ZOO, $SHARED.
    private static let environment: [String] = {
        let path = Place.environment("PATH") ?? "/usr/bin:/bin"
        var variables = ["PATH=\(Place.bin):\(path)", "ROOT=\(Place.root)", "CASES=\(Place.cases)", "ZOO=\(Place.zoo)"]
        variables += ["SHARED=\(Place.shared)", "LC_ALL=C.UTF-8", "COLUMNS=80"]
        for name in ["HOME", "TMPDIR"] { if let value = Place.environment(name) { variables.append("\(name)=\(value)") } }
        return variables
    }()
}

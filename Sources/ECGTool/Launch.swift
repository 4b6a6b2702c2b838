// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import CSystem
import ECGStream
import Glibc

/// From the command line to the exit status.
enum Launch {
    static func run<Tool: StageTool>(_ type: Tool.Type, arguments: [String]) -> Never {
        // Writing to a closed pipe must come back as an error: there may be a temporary file to remove.
        signal(SIGPIPE, SIG_IGN)
        // So must writing beyond a limit on the size of files (ulimit -f).
        signal(SIGXFSZ, SIG_IGN)
        occupyStandardDescriptors()
        Faults.handle(tool: Tool._commandName)
        ecg_keep_freed_memory()
        let command: any ParsableCommand
        do {
            command = try Tool.parseAsRoot(Tool.prepared(arguments))
        } catch {
            leave(type, error)
        }
        guard var tool = command as? Tool else {
            var command = command
            do { try command.run() } catch { leave(type, error) }
            exit(ExitStatus.complete.rawValue)
        }
        exit(execute(&tool).rawValue)
    }

    private static func execute<Tool: StageTool>(_ tool: inout Tool) -> ExitStatus {
        let stage = Stage(
            name: Tool._commandName, options: tool.stage, inputs: tool.inputs, output: tool.output,
            provenance: { [tool] in try tool.provenance() })
        do {
            if let isa = tool.stage.isa, !Tool.use(instructionSet: isa) { throw ToolError(.unavailable, "this processor has no \(isa)") }
            try stage.open()
            try tool.run(stage)
            return try stage.finish()
        } catch {
            return stage.fail(ToolError(error, status: Tool.status), cause: error)
        }
    }

    /// Help and version go to standard output, checked; a usage error goes to standard error.
    private static func leave<Tool: StageTool>(_ type: Tool.Type, _ error: any Error) -> Never {
        let code = Tool.exitCode(for: error)
        let text = Tool.fullMessage(for: error)
        guard code == .success else {
            Messages.line(text.hasPrefix("Error: ") ? "\(Tool._commandName): \(text.dropFirst(7))" : text)
            exit(ExitStatus.usage.rawValue)
        }
        let output = ByteOutput(descriptor: 1, name: "standard output")
        do throws(StreamError) {
            try output.write(text + "\n")
            try output.flush()
            exit(ExitStatus.complete.rawValue)
        } catch {
            if error.kind != .readerGone { Messages.line("\(Tool._commandName): \(error.description)") }
            exit(error.status.rawValue)
        }
    }

    /// A tool started with a closed standard descriptor would get it for the first file it opens, and write its messages there.
    private static func occupyStandardDescriptors() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // Opened the wrong way round, so that using it is an error, as with a closed one.
            _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
        }
    }
}

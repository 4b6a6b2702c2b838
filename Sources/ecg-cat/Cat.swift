// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import ECGStream
import ECGTool

@main
struct Cat: StageTool {
    static let configuration = CommandConfiguration.tool("ecg-cat", abstract: "Join streams into one, checking every byte.")

    @OptionGroup var input: InputOptions
    @OptionGroup var stage: StageOptions

    func run(_ stage: Stage) throws {
        while let frame = try stage.nextFrame() { try stage.pass(frame) }
    }
}

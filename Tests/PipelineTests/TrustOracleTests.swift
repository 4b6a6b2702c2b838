// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

/// What ONNX Runtime makes of perturbed items and of models drawn anew; skipped where Python doesn't have it.
@Suite struct TrustOracleTests {
    private func check(_ script: String) {
        guard let python = Python.with("onnx, onnxruntime, sklearn, scipy") else { return }
        let scratch = Scratch()
        let outcome = Shell.run("set -e\npython='\(python)'\nmodel=$ROOT/Tests/Models/mitbih-cnn.onnx\n" + script, in: scratch.path)
        #expect(outcome.status == 0, "\(outcome.text)\(outcome.errors)")
    }

    /// Every figure of every step, in the order of real maps, without noise.
    @Test(arguments: [
        "--scheme road --noise 0 --ties first --steps 6|road 6 deletion",
        "--scheme road --noise 0 --ties first --steps 6 --insertion|road 6 insertion",
        "--scheme point --noise-as zero --steps 12|zero 12 deletion",
    ]) func figuresOfEveryStepAreONNXRuntimes(_ options: String) {
        let parts = options.split(separator: "|")
        check(
            """
            ecg-synth --duration 8 --seed 3 --noise 0.05 | ecg-beats --length 430 --scale minmax |
              ecg-attr -m $model -a saliency,deeplift --target 4 -o maps.ecgs
            ecg-cat --to npz maps.ecgs -o maps.npz
            ecg-perturb -q -m $model --truth predicted --order morf,lerf --metric accuracy,probability --as csv \(parts[0]) maps.ecgs > curves.csv
            $python $ROOT/Tests/Oracles/perturbation.py check $model maps.npz curves.csv \(parts[1])
            """)
    }

    @Test(arguments: ["own", "permute", "fresh"]) func modelsDrawnAnewRunInONNXRuntime(_ redraw: String) {
        check(
            """
            ecg-randomize $model -o cascade --redraw \(redraw) --depth 4 > /dev/null
            $python $ROOT/Tests/Oracles/randomisation.py $model cascade \(redraw)
            ecg-randomize $model -o each --redraw \(redraw) --depth 2 --each > /dev/null
            $python $ROOT/Tests/Oracles/randomisation.py $model each \(redraw) each
            """)
    }
}

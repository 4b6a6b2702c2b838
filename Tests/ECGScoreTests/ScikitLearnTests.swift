// SPDX-License-Identifier: GPL-3.0-or-later
import ECGScore
import Testing

/// The figures against scikit-learn's, on the cases that Tests/Oracles/score.py made.
struct ScikitLearnTests {
    struct Case {
        var name: String
        var classes: Int
        var truth: [Int] = []
        var predicted: [Int] = []
        var scores: [[Double]] = []
        var expected: [String: [Double]] = [:]
    }

    static func cases() throws -> [Case] {
        var cases: [Case] = []
        for line in try fixture("score.txt").split(separator: "\n") {
            let words = line.split(separator: " ")
            switch words[0] {
            case "case": cases.append(Case(name: String(words[1]), classes: try #require(Int(words[2]))))
            case "item":
                cases[cases.count - 1].truth.append(try #require(Int(words[1])))
                cases[cases.count - 1].predicted.append(try #require(Int(words[2])))
                cases[cases.count - 1].scores.append(try words.dropFirst(3).map { try #require(Double($0)) })
            default: cases[cases.count - 1].expected[String(words[1])] = try words.dropFirst(2).map { try #require(Double($0)) }
            }
        }
        return cases
    }

    func equal(_ value: Double?, _ expected: Double, _ what: String) {
        if expected.isNaN {
            #expect(value == nil, "\(what)")
        } else {
            #expect(abs((value ?? .nan) - expected) <= 1e-9, "\(what): \(String(describing: value)) and \(expected)")
        }
    }

    @Test func confusionFiguresEqualScikitLearns() throws {
        for one in try Self.cases() {
            var matrix = ConfusionMatrix(classes: one.classes)
            for (truth, predicted) in zip(one.truth, one.predicted) { matrix.add(truth: truth, predicted: predicted) }
            equal(matrix.accuracy, try #require(one.expected["accuracy"])[0], "\(one.name) accuracy")
            equal(matrix.kappa, try #require(one.expected["kappa"])[0], "\(one.name) kappa")
            for label in 0..<one.classes {
                equal(matrix.precision(label) ?? 0, try #require(one.expected["precision"])[label], "\(one.name) precision \(label)")
                equal(matrix.recall(label) ?? 0, try #require(one.expected["recall"])[label], "\(one.name) recall \(label)")
                equal(matrix.f1(label) ?? 0, try #require(one.expected["f1"])[label], "\(one.name) F1 \(label)")
                #expect(Double(matrix.support(label)) == (try #require(one.expected["support"]))[label])
            }
            let macro = try #require(one.expected["macro"])
            equal(matrix.macro(matrix.precision), macro[0], "\(one.name) macro precision")
            equal(matrix.macro(matrix.recall), macro[1], "\(one.name) macro recall")
            equal(matrix.macro(matrix.f1), macro[2], "\(one.name) macro F1")
        }
    }

    @Test func areasAndThresholdsEqualScikitLearnsWithTies() throws {
        for one in try Self.cases() {
            for label in 0..<one.classes {
                let ranked = RankedScores(scores: one.scores.map { $0[label] }, positive: one.truth.map { $0 == label })
                equal(ranked.areaUnderROC(), try #require(one.expected["auroc"])[label], "\(one.name) AUROC \(label)")
                equal(ranked.averagePrecision(), try #require(one.expected["auprc"])[label], "\(one.name) AUPRC \(label)")
                equal(ranked.youdenThreshold(), try #require(one.expected["youden"])[label], "\(one.name) Youden \(label)")
            }
        }
    }

    @Test func anItemThatCountsTwiceIsTheSameAsTwoItems() throws {
        for one in try Self.cases() {
            let scores = one.scores.map { $0[0] }
            let positive = one.truth.map { $0 == 0 }
            let times = scores.indices.map { $0 % 3 }
            let repeated = zip(scores.indices, times).flatMap { [Int](repeating: $0, count: $1) }
            let weighted = RankedScores(scores: scores, positive: positive)
            let copied = RankedScores(scores: repeated.map { scores[$0] }, positive: repeated.map { positive[$0] })
            #expect(weighted.areaUnderROC(times: times) == copied.areaUnderROC())
            #expect(weighted.averagePrecision(times: times) == copied.averagePrecision())
            #expect(weighted.curve(times: times) == copied.curve())
        }
    }

    @Test func absentClassesCountAsZeroInThePapersMacroMean() {
        var matrix = ConfusionMatrix(classes: 4)
        matrix.add(truth: 0, predicted: 0)
        matrix.add(truth: 1, predicted: 1)
        #expect(matrix.macro(matrix.f1) == 1)
        #expect(matrix.macro(present: false, matrix.f1) == 0.5)
        #expect(matrix.specificity(0) == 1)
        #expect(ConfusionMatrix(classes: 2).accuracy == nil)
    }
}

extension ScikitLearnTests {
    /// The cases once more through the collector that ecg-eval and ecg-train use, the items spread over three records.
    private func scored(_ one: Case) -> ClassScores {
        var scores = ClassScores(classes: (0..<one.classes).map { "\($0)" })
        for item in one.truth.indices {
            let isOf = (0..<one.classes).map { $0 == one.truth[item] }
            let taken = (0..<one.classes).map { $0 == one.predicted[item] }
            scores.add(group: "\(item % 3)", truth: isOf, decision: taken, scores: one.scores[item])
        }
        scores.arrange()
        return scores
    }

    @Test func collectedFiguresEqualScikitLearns() throws {
        for one in try Self.cases() {
            let figures = scored(one).figures()
            equal(figures.accuracy, try #require(one.expected["accuracy"])[0], "\(one.name) accuracy")
            let macro = try #require(one.expected["macro"])
            for (place, figure) in [ClassFigure.precision, .recall, .f1].enumerated() {
                equal(figures.macro(figure), macro[place], "\(one.name) macro \(figure)")
            }
            for (figure, name) in [(ClassFigure.precision, "precision"), (.recall, "recall"), (.f1, "f1")] {
                for label in 0..<one.classes {
                    equal(figures.value(figure, label) ?? 0, try #require(one.expected[name])[label], "\(one.name) \(name) \(label)")
                }
            }
            for label in 0..<one.classes {
                equal(figures.value(.auroc, label), try #require(one.expected["auroc"])[label], "\(one.name) AUROC \(label)")
                equal(figures.value(.auprc, label), try #require(one.expected["auprc"])[label], "\(one.name) AUPRC \(label)")
            }
        }
    }

    @Test func aRecordThatIsDrawnTwiceIsTheSameAsItsItemsTwice() throws {
        for one in try Self.cases() {
            let resampled = scored(one).figures(times: Array([2, 0, 1].prefix(scored(one).groups.count)))
            var repeated = one
            let items = one.truth.indices.flatMap { [Int](repeating: $0, count: [2, 0, 1][$0 % 3]) }
            (repeated.truth, repeated.predicted, repeated.scores) = (
                items.map { one.truth[$0] }, items.map { one.predicted[$0] }, items.map { one.scores[$0] }
            )
            let copied = scored(repeated).figures()
            for figure in ClassFigure.allCases {
                for label in 0..<one.classes { #expect(resampled.value(figure, label) == copied.value(figure, label)) }
                #expect(resampled.macro(figure) == copied.macro(figure))
            }
        }
    }
}

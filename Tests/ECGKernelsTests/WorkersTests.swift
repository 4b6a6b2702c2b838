// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Synchronization
import Testing

private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}

@Suite("Workers")
struct WorkersTests {
    @Test("run every task exactly once", arguments: [1, 2, 3, 7])
    func everyTaskOnce(count: Int) {
        let workers = Workers(count: count)
        for tasks in [0, 1, 2, 5, 100, 1000] {
            let runs = Region<Int64>(count: tasks)
            workers.run(tasks) { task, worker in
                runs[task] += 1
                precondition(worker >= 0 && worker < count)
            }
            #expect(runs.elements.allSatisfy { $0 == 1 })
        }
    }

    private struct Odd: Error, Equatable { let task: Int }

    @Test("keep results in the tasks' order, and throw the first error in it")
    func results() throws {
        let workers = Workers(count: 3)
        #expect(workers.map(100) { $0 * $0 } == (0..<100).map { $0 * $0 })
        #expect(workers.map(0) { $0 }.isEmpty)
        let calm: [Int] = try workers.map(10) { task in if task > 10 { throw Odd(task: task) } else { return task } }
        #expect(calm == Array(0..<10))
        let error = #expect(throws: Odd.self) {
            let _: [Int] = try workers.map(50) { task in if task % 10 == 7 { throw Odd(task: task) } else { return task } }
        }
        #expect(error == Odd(task: 7))
    }

    @Test("run nested calls on the same worker")
    func nested() {
        let workers = Workers(count: 4)
        let total = Atomic<Int>(0)
        workers.run(20) { _, outer in
            workers.run(30) { _, inner in
                precondition(inner == outer)
                total.add(1, ordering: .relaxed)
            }
        }
        #expect(total.load(ordering: .relaxed) == 600)
    }

    @Test("serve many short jobs and callers on several threads")
    func manyJobs() async {
        let workers = Workers(count: 3)
        let total = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<500 { workers.run(7) { _, _ in total.value.add(1, ordering: .relaxed) } }
                }
            }
        }
        #expect(total.value.load(ordering: .relaxed) == 4 * 500 * 7)
    }

    @Test("the instruction sets go by their names and the portable one always runs")
    func instructionSets() {
        #expect(InstructionSet.portable.isSupported)
        for set in InstructionSet.allCases { #expect(InstructionSet(name: set.name) == set) }
        #expect(InstructionSet(name: "sse9") == nil)
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import Synchronization

extension Workers {
    /// What `body` makes of every task in `0 ..< tasks`, in the tasks' order.
    ///
    /// - Throws: the error of the first task, in their order, that has one; the others are run all the same.
    public func map<Value: Sendable, Failure: Error>(
        _ tasks: Int, _ body: @Sendable (Int) throws(Failure) -> Value
    ) throws(Failure) -> [Value] {
        let made = Mutex([Result<Value, Failure>?](repeating: nil, count: max(0, tasks)))
        run(tasks) { task, _ in
            let result = Result { () throws(Failure) in try body(task) }
            made.withLock { $0[task] = result }
        }
        var values: [Value] = []
        values.reserveCapacity(max(0, tasks))
        for result in made.withLock({ $0 }) { if let result { values.append(try result.get()) } }
        return values
    }
}

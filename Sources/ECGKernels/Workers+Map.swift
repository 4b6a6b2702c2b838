// SPDX-License-Identifier: GPL-3.0-or-later
import Synchronization

extension Workers {
    /// What `body` makes of every task in `0 ..< tasks`, in the tasks' order.
    ///
    /// - Throws: the error of the first task, in their order, that has one; the others are run all the same.
    public func map<Value: Sendable>(_ tasks: Int, _ body: @Sendable (Int) throws -> Value) throws -> [Value] {
        let made = Mutex([Result<Value, any Error>?](repeating: nil, count: max(0, tasks)))
        run(tasks) { task, _ in
            let result = Result { try body(task) }
            made.withLock { $0[task] = result }
        }
        return try made.withLock { try $0.compactMap { try $0?.get() } }
    }

    /// The same where nothing is thrown.
    public func map<Value: Sendable>(_ tasks: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
        let made = Mutex([Value?](repeating: nil, count: max(0, tasks)))
        run(tasks) { task, _ in
            let value = body(task)
            made.withLock { $0[task] = value }
        }
        return made.withLock { $0.compactMap { $0 } }
    }
}

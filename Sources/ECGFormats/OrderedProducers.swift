// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Runs jobs on threads and hands what they make to one consumer in the order of the jobs, as if they had run one after the other.
///
/// A job that is ahead of the consumer waits when it has made a few elements, so memory stays flat however long it is.
public final class OrderedProducers<Element: Sendable>: @unchecked Sendable {
    /// Makes the elements of a job; `emit` returns false when nobody wants more.
    public typealias Job = @Sendable (_ index: Int, _ emit: (Element) -> Bool) -> Void

    private let count: Int
    private let job: Job
    /// Bytes that a job may be ahead, and those of an element.
    private let allowance: Int
    private let weight: @Sendable (Element) -> Int
    private var queues: [[Element]]
    private var weights: [Int]
    private var isDone: [Bool]
    private var started = 0
    private var isAbandoned = false
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// A queue got an element or its end.
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// A queue got room, or nobody wants more.
    private let drained = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    private init(count: Int, allowance: Int, weight: @escaping @Sendable (Element) -> Int, job: @escaping Job) {
        self.count = count
        self.allowance = allowance
        self.weight = weight
        self.job = job
        weights = Array(repeating: 0, count: count)
        queues = Array(repeating: [], count: count)
        isDone = Array(repeating: false, count: count)
        lock.initialize(to: pthread_mutex_t())
        filled.initialize(to: pthread_cond_t())
        drained.initialize(to: pthread_cond_t())
        pthread_mutex_init(lock, nil)
        pthread_cond_init(filled, nil)
        pthread_cond_init(drained, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(filled)
        pthread_cond_destroy(drained)
        lock.deallocate()
        filled.deallocate()
        drained.deallocate()
    }

    /// Calls `body` with each job's elements, in order, on the calling thread; it returns false when it wants no more.
    ///
    /// With one thread the jobs run on the calling thread too.
    /// - Parameters:
    ///   - allowance: bytes that each job under way may be ahead of the consumer.
    ///   - weight: bytes of an element.
    public static func forEach(
        jobs count: Int, threads: Int, allowance: Int = 4 << 20, weight: @escaping @Sendable (Element) -> Int, job: @escaping Job,
        body: (Element) throws -> Bool
    ) throws {
        if threads > 1 && count > 0 {
            let producers = OrderedProducers(count: count, allowance: allowance, weight: weight, job: job)
            let crew = producers.start(min(threads, count, 4))
            if !crew.isEmpty {
                defer { producers.stop(crew) }
                for index in 0..<count {
                    while let element = producers.next(of: index) { guard try body(element) else { return } }
                }
                return
            }
        }
        for index in 0..<count {
            var failure: (any Error)?
            var wantsMore = true
            // The closure is called only while this call runs.
            withoutActuallyEscaping(body) { body in
                job(index) { element in
                    do { wantsMore = try body(element) } catch { failure = error }
                    return wantsMore && failure == nil
                }
            }
            if let failure { throw failure }
            if !wantsMore { return }
        }
    }

    /// Elements are allocated on one thread and freed on another; unless told otherwise, the allocator gives their memory back to the system
    /// each time, and clearing new pages then takes as long as reading. (Glibc's module doesn't have malloc.h, so the function is looked up.)
    private static func keepFreedMemory() {
        guard let found = dlsym(nil, "mallopt") else { return }
        let mallopt = unsafeBitCast(found, to: (@convention(c) (Int32, Int32) -> Int32).self)
        let (trimThreshold, mapThreshold): (Int32, Int32) = (-1, -3)
        _ = mallopt(trimThreshold, 1 << 25)
        _ = mallopt(mapThreshold, 1 << 25)
    }

    private func start(_ number: Int) -> [pthread_t] {
        Self.keepFreedMemory()
        var crew: [pthread_t] = []
        for _ in 0..<number {
            let context = Unmanaged.passRetained(self)
            var thread = pthread_t()
            let status = pthread_create(
                &thread, nil,
                { context in
                    guard let context else { return nil }
                    (Unmanaged<AnyObject>.fromOpaque(context).takeRetainedValue() as? any Worker)?.work()
                    return nil
                }, context.toOpaque())
            guard status == 0 else {
                context.release()
                break
            }
            crew.append(thread)
        }
        return crew
    }

    private func stop(_ crew: [pthread_t]) {
        pthread_mutex_lock(lock)
        isAbandoned = true
        pthread_cond_broadcast(drained)
        pthread_mutex_unlock(lock)
        for thread in crew { pthread_join(thread, nil) }
    }

    // Threads are woken only when a queue stops being empty or has become half empty: a wake-up takes longer than reading a minute of ECG.

    private func next(of index: Int) -> Element? {
        pthread_mutex_lock(lock)
        while queues[index].isEmpty && !isDone[index] { pthread_cond_wait(filled, lock) }
        let element = queues[index].isEmpty ? nil : queues[index].removeFirst()
        if let element {
            let before = weights[index]
            weights[index] -= weight(element)
            if before > allowance / 2 && weights[index] <= allowance / 2 { pthread_cond_broadcast(drained) }
        }
        pthread_mutex_unlock(lock)
        return element
    }

    private func put(_ element: Element, _ index: Int) -> Bool {
        let weight = weight(element)
        pthread_mutex_lock(lock)
        if weights[index] > 0 && weights[index] + weight > allowance {
            while weights[index] > allowance / 2 && !isAbandoned { pthread_cond_wait(drained, lock) }
        }
        queues[index].append(element)
        weights[index] += weight
        let wantsMore = !isAbandoned
        if queues[index].count == 1 { pthread_cond_signal(filled) }
        pthread_mutex_unlock(lock)
        return wantsMore
    }
}

/// What a thread does, whatever the type of the elements.
private protocol Worker: AnyObject {
    func work()
}

extension OrderedProducers: Worker {
    fileprivate func work() {
        while true {
            pthread_mutex_lock(lock)
            let index = started
            let isOver = index >= count || isAbandoned
            if !isOver { started += 1 }
            pthread_mutex_unlock(lock)
            if isOver { return }
            job(index) { put($0, index) }
            pthread_mutex_lock(lock)
            isDone[index] = true
            pthread_cond_signal(filled)
            pthread_mutex_unlock(lock)
        }
    }
}

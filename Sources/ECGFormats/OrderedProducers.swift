// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// Runs jobs on threads and hands what they make to one consumer in the order of the jobs, as if they had run one after the other.
///
/// There is no thread that only consumes: the job whose turn it is hands its elements over itself, while they are in its core's caches.
/// The jobs ahead of it keep theirs until their turn comes, and wait when they have made a few megabytes, so memory stays flat.
public final class OrderedProducers<Element: Sendable>: @unchecked Sendable {
    /// Makes the elements of a job; `emit` returns false when nobody wants more.
    public typealias Job = @Sendable (_ index: Int, _ emit: (Element) -> Bool) -> Void

    private let count: Int
    private let job: Job
    private let body: (Element) throws -> Bool
    /// Bytes that all jobs together may be ahead, and those of an element.
    private let allowance: Int
    private let weight: @Sendable (Element) -> Int

    // What follows is touched under the lock alone.
    private var started = 0
    /// The job whose elements are handed over now.
    private var turn = 0
    private var queues: [Int: [Element]] = [:]
    private var queued = 0
    private var isDone: Set<Int> = []
    private var isAbandoned = false
    private var failure: (any Error)?
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// The turn went on, a queue was emptied, or nobody wants more.
    private let moved = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    private init(
        count: Int, allowance: Int, weight: @escaping @Sendable (Element) -> Int, job: @escaping Job,
        body: @escaping (Element) throws -> Bool
    ) {
        self.count = count
        self.allowance = allowance
        self.weight = weight
        self.job = job
        self.body = body
        lock.initialize(to: pthread_mutex_t())
        moved.initialize(to: pthread_cond_t())
        pthread_mutex_init(lock, nil)
        pthread_cond_init(moved, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(moved)
        lock.deallocate()
        moved.deallocate()
    }

    /// Calls `body` with each job's elements, in order, one call at a time, though not always on the calling thread; it returns false when
    /// it wants no more. All is over when this function returns.
    ///
    /// With one thread everything runs on the calling thread.
    /// - Parameters:
    ///   - allowance: bytes for each thread that jobs may be ahead of their turn.
    ///   - weight: bytes of an element.
    public static func forEach(
        jobs count: Int, threads: Int, allowance: Int = 4 << 20, weight: @escaping @Sendable (Element) -> Int, job: @escaping Job,
        body: (Element) throws -> Bool
    ) throws {
        let threads = max(min(threads, count, 8), 1)
        try withoutActuallyEscaping(body) { body in
            let producers = OrderedProducers(count: count, allowance: allowance * threads, weight: weight, job: job, body: body)
            let crew = producers.start(threads - 1)
            producers.work()
            for thread in crew { pthread_join(thread, nil) }
            if let failure = producers.failure { throw failure }
        }
    }

    /// Fewer threads than asked for are no error: this thread does the work then.
    private func start(_ number: Int) -> [pthread_t] {
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

    /// Hands an element of job `index` over, or keeps it until that job's turn.
    private func put(_ element: Element, _ index: Int) -> Bool {
        let weight = weight(element)
        pthread_mutex_lock(lock)
        while turn != index && !isAbandoned && queued > 0 && queued + weight > allowance { pthread_cond_wait(moved, lock) }
        guard !isAbandoned else {
            pthread_mutex_unlock(lock)
            return false
        }
        guard turn == index else {
            queues[index, default: []].append(element)
            queued += weight
            pthread_mutex_unlock(lock)
            return true
        }
        let kept = takeQueue()
        pthread_mutex_unlock(lock)
        return kept.allSatisfy(deliver) && deliver(element)
    }

    /// The elements kept for the job whose turn it is. Called with the lock held.
    private func takeQueue() -> [Element] {
        guard let kept = queues.removeValue(forKey: turn) else { return [] }
        queued -= kept.reduce(0) { $0 + weight($1) }
        pthread_cond_broadcast(moved)
        return kept
    }

    /// Called by the job whose turn it is, or on its behalf after its end, so never by two threads at once.
    private func deliver(_ element: Element) -> Bool {
        var caught: (any Error)?
        do {
            if try body(element) { return true }
        } catch {
            caught = error
        }
        pthread_mutex_lock(lock)
        failure = caught
        isAbandoned = true
        pthread_cond_broadcast(moved)
        pthread_mutex_unlock(lock)
        return false
    }

    /// Marks a job as ended; if it was its turn, passes the turn on and hands over what ended jobs after it have kept.
    private func finish(_ index: Int) {
        pthread_mutex_lock(lock)
        isDone.insert(index)
        // Taken out of the set at once: nobody else may think that this turn is theirs to end.
        while !isAbandoned && isDone.remove(turn) != nil {
            let kept = takeQueue()
            pthread_mutex_unlock(lock)
            let wantsMore = kept.allSatisfy(deliver)
            pthread_mutex_lock(lock)
            guard wantsMore else { break }
            turn += 1
            pthread_cond_broadcast(moved)
        }
        pthread_mutex_unlock(lock)
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
            finish(index)
        }
    }
}

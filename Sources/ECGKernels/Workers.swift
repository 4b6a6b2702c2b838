// SPDX-License-Identifier: GPL-3.0-or-later
import CMicrokernels
import Glibc
import Synchronization

/// A fixed number of threads that share out tasks, the calling thread being one of them.
///
/// The threads live as long as the object. While there is nothing to do they wait, after a moment of watching for the next job, in the
/// kernel, and use no processor. Tasks must not depend on which worker runs them: each worker starts with a contiguous share of
/// the tasks, so that neighbouring ones meet the same cache, and helps the others when it is done.
///
/// A call from inside a task runs its tasks in order on the same thread, under the same worker index, so kernels can be
/// nested freely and scratch memory may be divided by worker.
public final class Workers: Sendable {
    /// How many threads work, the caller included.
    public let count: Int
    private let crew: Crew

    /// - Parameter count: threads in all, at least 1.
    public init(count: Int) {
        self.count = max(1, count)
        crew = Crew(count: self.count)
        crew.start()
    }

    deinit { crew.stop() }

    /// The processors this process may run on.
    public static var processors: Int { Int(ecg_processors()) }

    /// Runs `body(task, worker)` for every task in `0 ..< tasks`, with `worker` in `0 ..< count`, and returns when all are done.
    public func run(_ tasks: Int, _ body: @Sendable (_ task: Int, _ worker: Int) -> Void) {
        let inside = Int(ecg_worker_index())
        if inside >= 0 || count == 1 || tasks <= 1 {
            let worker = inside >= 0 ? min(inside, count - 1) : 0
            for task in 0..<max(0, tasks) { body(task, worker) }
            return
        }
        withoutActuallyEscaping(body) { crew.run(tasks, $0) }
    }
}

/// What the threads of `Workers` share; it outlives them.
private final class Crew: @unchecked Sendable {
    private let count: Int
    private var threads: [pthread_t] = []
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let finished = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// One job at a time: a second thread that calls `run` waits here.
    private let turn = Mutex(())
    private var body: (@Sendable (Int, Int) -> Void)?
    private var shares: [Share]
    private let generation = Atomic<Int>(0)
    private let busy = Atomic<Int>(0)
    private var stopping = false

    /// The next task of a worker's share, alone on its cache line.
    private struct Share {
        let next: UnsafeMutablePointer<Atomic<Int>>
        var end = 0
    }

    /// How long a thread watches before it sleeps, in seconds: longer than the system takes to wake one, which on a virtual machine may be
    /// 60 µs. With less, caller and workers would find each other asleep at every one of many short jobs.
    private static let patience = 2e-4

    init(count: Int) {
        self.count = count
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wake, nil)
        pthread_cond_init(finished, nil)
        shares = (0..<count).map { _ in
            let line = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 128).bindMemory(to: Atomic<Int>.self, capacity: 1)
            line.initialize(to: Atomic(0))
            return Share(next: line)
        }
    }

    deinit {
        for share in shares { UnsafeMutableRawPointer(share.next).deallocate() }
        pthread_cond_destroy(finished)
        pthread_cond_destroy(wake)
        pthread_mutex_destroy(mutex)
        finished.deallocate()
        wake.deallocate()
        mutex.deallocate()
    }

    /// Workers that the system has no thread for are missed by nobody: the others take their shares.
    func start() {
        for worker in 1..<max(1, count) {
            let seat = Unmanaged.passRetained(Seat(crew: self, worker: worker))
            var thread = pthread_t()
            let failed = pthread_create(
                &thread, nil,
                { argument in
                    guard let argument else { return nil }
                    let seat = Unmanaged<Seat>.fromOpaque(argument).takeRetainedValue()
                    seat.crew.serve(seat.worker)
                    return nil
                }, seat.toOpaque())
            if failed != 0 { seat.release() } else { threads.append(thread) }
        }
    }

    func stop() {
        pthread_mutex_lock(mutex)
        stopping = true
        generation.add(1, ordering: .releasing)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    private final class Seat {
        let crew: Crew
        let worker: Int
        init(crew: Crew, worker: Int) {
            self.crew = crew
            self.worker = worker
        }
    }

    func run(_ tasks: Int, _ body: @escaping @Sendable (Int, Int) -> Void) {
        turn.withLock { _ in
            for worker in 0..<count {
                shares[worker].next.pointee.store(tasks * worker / count, ordering: .relaxed)
                shares[worker].end = tasks * (worker + 1) / count
            }
            self.body = body
            busy.store(threads.count, ordering: .relaxed)
            pthread_mutex_lock(mutex)
            generation.add(1, ordering: .releasing)
            pthread_cond_broadcast(wake)
            pthread_mutex_unlock(mutex)
            work(0, body)
            if !watch({ self.busy.load(ordering: .acquiring) == 0 }) {
                pthread_mutex_lock(mutex)
                while busy.load(ordering: .acquiring) != 0 { pthread_cond_wait(finished, mutex) }
                pthread_mutex_unlock(mutex)
            }
            self.body = nil
        }
    }

    /// The life of a thread: wait for a new generation, work, report.
    private func serve(_ worker: Int) {
        var seen = 0
        while true {
            let known = seen
            if !watch({ self.generation.load(ordering: .acquiring) != known }) {
                pthread_mutex_lock(mutex)
                while generation.load(ordering: .acquiring) == seen { pthread_cond_wait(wake, mutex) }
                pthread_mutex_unlock(mutex)
            }
            seen = generation.load(ordering: .acquiring)
            if stopping { return }
            if let body { work(worker, body) }
            if busy.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
                pthread_mutex_lock(mutex)
                pthread_cond_signal(finished)
                pthread_mutex_unlock(mutex)
            }
        }
    }

    private func work(_ worker: Int, _ body: @Sendable (Int, Int) -> Void) {
        ecg_set_worker_index(Int32(worker))
        for step in 0..<count {
            let share = shares[(worker + step) % count]
            while true {
                let task = share.next.pointee.add(1, ordering: .relaxed).oldValue
                if task >= share.end { break }
                body(task, worker)
            }
        }
        ecg_set_worker_index(-1)
    }

    private func watch(_ done: () -> Bool) -> Bool {
        if done() { return true }
        let end = Peak.seconds() + Self.patience
        repeat {
            for _ in 0..<32 {
                if done() { return true }
                ecg_pause()
            }
        } while Peak.seconds() < end
        return done()
    }
}

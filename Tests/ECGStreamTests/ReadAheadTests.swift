// SPDX-License-Identifier: GPL-3.0-or-later
import ECGStream
import Glibc
import StreamFixtures
import Testing

/// What was read before anybody asked is the file's, or is not taken.
@Suite struct ReadAheadTests {
    /// A file of its own, removed with it.
    private final class File {
        let path: String

        init(_ bytes: [UInt8]) {
            var template = Array("/tmp/ecg-ahead-test.XXXXXX".utf8CString)
            close(mkstemp(&template))
            path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
            append(bytes)
        }

        deinit { unlink(path) }

        func append(_ bytes: [UInt8]) {
            let descriptor = open(path, O_WRONLY | O_APPEND)
            defer { close(descriptor) }
            bytes.withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
        }

        /// What a reader that opens the file now gets of `ahead`, and where it stands then.
        func take(_ ahead: ReadAhead?, from offset: Int = 0) -> (bytes: [UInt8]?, place: Int) {
            let descriptor = open(path, O_RDONLY)
            defer { close(descriptor) }
            lseek(descriptor, off_t(offset), SEEK_SET)
            let bytes = ahead?.take(for: descriptor)?.elements(UInt8.self)
            return (bytes, Int(lseek(descriptor, 0, SEEK_CUR)))
        }

        /// The keys of the records, or the error's text.
        func read() -> [String] {
            do {
                let reader = try StreamReader([.file(path)])
                var keys: [String] = []
                while let frame = try reader.nextFrame() { if frame.kind == .record { keys.append(try Record(frame).key) } }
                return keys
            } catch {
                return ["\(error)"]
            }
        }
    }

    private static func filled(_ file: File) -> ReadAhead? {
        let ahead = ReadAhead(.file(file.path))
        ahead?.fill()
        return ahead
    }

    /// More than is read ahead.
    private static let long: [UInt8] = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }

    /// A stream of records of 48 KB, longer than what is read ahead.
    private static func stream(_ name: String) -> [UInt8] {
        let payload = (0..<48_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        let meta = { (index: Int) in
            "{\"key\":\"\(name)/\(index)\","
                + #""tensors":[{"name":"signal","dtype":"<f4","shape":[1,12000],"axes":["lead","time"],"at":0}]}"#
        }
        let records = (0..<60).map { TestFrame(2, $0 + 1, meta($0), payload: payload) }
        return ([TestFrame.head] + records + [TestFrame.end(61, records: 60)]).flatMap(\.bytes)
    }

    @Test func beginningIsTakenAndTheReaderStandsBehindIt() {
        for count in [1, 5000, 300_000, 1 << 20, 3 << 20] {
            let file = File(Array(Self.long[..<count]))
            let (bytes, place) = file.take(Self.filled(file))
            #expect(place == min(count, 1 << 20))
            #expect(bytes == Array(Self.long[..<place]))
        }
    }

    @Test func whatWasNotReadYetIsLeftToTheReader() {
        let file = File(Self.long)
        let ahead = ReadAhead(.file(file.path))
        let taken = file.take(ahead)
        #expect(taken.bytes == nil && taken.place == 0)
        // A thread that comes too late does nothing.
        ahead?.fill()
        let late = file.take(ahead)
        #expect(late.bytes == nil && late.place == 0)
    }

    @Test func threadThatIsStillReadingHandsOverWholePieces() async throws {
        for pause in stride(from: UInt32(0), to: 400, by: 20) {
            let file = File(Self.long)
            let ahead = try #require(ReadAhead(.file(file.path)))
            let reading = Task.detached { ahead.fill() }
            usleep(pause)
            let (bytes, place) = file.take(ahead)
            #expect(bytes.map { $0 == Array(Self.long[..<place]) } ?? (place == 0))
            await reading.value
        }
    }

    @Test func anotherFileGetsNothing() {
        let guessed = File(Self.long)
        let opened = File(Self.long)
        let (bytes, place) = opened.take(Self.filled(guessed))
        #expect(bytes == nil && place == 0)
    }

    @Test func readerAtAnotherPlaceGetsNothing() {
        let file = File(Self.long)
        let (bytes, place) = file.take(Self.filled(file), from: 1)
        #expect(bytes == nil && place == 1)
    }

    @Test func fileThatWasReplacedGrewOrShrankIsReadAnew() {
        let changes: [(File) -> Void] = [
            { file in
                let other = File(Self.long)
                rename(other.path, file.path)
            },
            { $0.append([1]) },
            { truncate($0.path, 100_000) },
        ]
        for change in changes {
            let file = File(Self.long)
            let ahead = Self.filled(file)
            change(file)
            let (bytes, place) = file.take(ahead)
            #expect(bytes == nil && place == 0)
        }
    }

    @Test func whatIsNoRegularFileIsNotOpened() {
        #expect(ReadAhead(.file("/tmp")) == nil)
        #expect(ReadAhead(.file("/dev/zero")) == nil)
        #expect(ReadAhead(.file("/tmp/no such file")) == nil)
        let fifo = File([])
        unlink(fifo.path)
        mkfifo(fifo.path, 0o600)
        #expect(ReadAhead(.file(fifo.path)) == nil)
        #expect(ReadAhead(.file(File([]).path)) == nil)
    }

    /// Other tests open files at the same time, so that this one's may find nothing read ahead: the same must come out either way.
    @Test func streamsAreReadAsWithout() {
        let whole = Self.stream("a")
        for count in [whole.count, whole.count - 1, 2_000_000, 1 << 20, (1 << 20) + 1, 100_000, 1] {
            let file = File(Array(whole[..<count]))
            let plain = file.read()
            ReadAhead.begin(.file(file.path))?.fill()
            #expect(file.read() == plain)
            // The wrong guess.
            let other = File(Self.stream("b"))
            ReadAhead.begin(.file(other.path))?.fill()
            #expect(file.read() == plain)
            #expect(other.read() == (0..<60).map { "b/\($0)" })
        }
        #expect(File(whole).read() == (0..<60).map { "a/\($0)" })
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Testing

@Suite("Memory")
struct StorageTests {
    @Test("for weights is aligned, zeroed and nobody else's, whatever its size, and outlives its neighbours")
    func weights() {
        var kept: [(Storage, UInt8)] = []
        for (index, count) in [0, 1, 63, 64, 4096, 1 << 20, 3 << 20, 4 << 20, 9 << 20, 3 << 20, 3 << 20, 100].enumerated() {
            let storage = Storage.forWeights(byteCount: count)
            #expect(storage.byteCount == count)
            let region = Region<UInt8>(storage, count: count)
            #expect(Int(bitPattern: region.pointer) % Storage.alignment == 0)
            #expect(region.elements.allSatisfy { $0 == 0 })
            for i in 0..<count { region[i] = UInt8(index + 1) }
            if index % 3 != 2 { kept.append((storage, UInt8(index + 1))) }
        }
        for (storage, mark) in kept {
            #expect(Region<UInt8>(storage, count: storage.byteCount).elements.allSatisfy { $0 == mark })
        }
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

extension Tensor {
    /// The tensor of a file: from its raw bytes, its typed fields, or a file beside it.
    ///
    /// - Parameter directory: where external data lie, with a slash at its end; nil refuses them.
    init(_ proto: Onnx_TensorProto, directory: String?) throws {
        let name = proto.name
        guard let type = ElementType(onnx: proto.dataType) else {
            throw ModelError(.unsupported, "tensor '\(name)' has element type \(proto.dataType), which is not supported")
        }
        let shape = proto.dims.map { Int($0) }
        guard let count = shape.checkedElementCount else { throw ModelError(.damaged, "tensor '\(name)' has shape \(shape.text)") }
        let width: Int = proto.dataType == 10 || proto.dataType == 16 ? 2 : type.byteCount
        func fits(_ found: Int, _ what: String) throws {
            guard found == count else {
                throw ModelError(.damaged, "tensor '\(name)' of shape \(shape.text) has \(found) \(what), not \(count)")
            }
        }
        func raw(_ bytes: some Collection<UInt8>) throws -> Tensor {
            guard bytes.count == count * width else {
                throw ModelError(.damaged, "tensor '\(name)' of shape \(shape.text) has \(bytes.count) bytes, not \(count * width)")
            }
            let storage = Storage(bytes: bytes)
            if width != type.byteCount {
                let halves = Region<UInt16>(storage, count: count).elements
                return Tensor(shape, halves.map { proto.dataType == 10 ? Float(half: $0) : Float(bitPattern: UInt32($0) << 16) })
            }
            if type == .bool {
                // Anything but 0 and 1 would be no Bool.
                return Tensor(shape, Region<UInt8>(storage, count: count).elements.map { $0 != 0 })
            }
            return Tensor(type: type, shape: shape, storage: storage, byteOffset: 0)
        }
        if proto.dataLocation == .external {
            self = try raw(Self.externalBytes(proto, directory: directory, count: count * width))
        } else if proto.hasRawData {
            self = try raw(proto.rawData)
        } else {
            switch proto.dataType {
            case 1:
                try fits(proto.floatData.count, "elements")
                self.init(shape, proto.floatData)
            case 11:
                try fits(proto.doubleData.count, "elements")
                self.init(shape, proto.doubleData)
            case 7:
                try fits(proto.int64Data.count, "elements")
                self.init(shape, proto.int64Data)
            case 12, 13:
                try fits(proto.uint64Data.count, "elements")
                self =
                    proto.dataType == 13
                    ? Tensor(shape, proto.uint64Data) : Tensor(shape, proto.uint64Data.map { UInt32(truncatingIfNeeded: $0) })
            default:
                try fits(proto.int32Data.count, "elements")
                let elements = proto.int32Data
                switch proto.dataType {
                case 10: self.init(shape, elements.map { Float(half: UInt16(truncatingIfNeeded: $0)) })
                case 16: self.init(shape, elements.map { Float(bitPattern: UInt32(UInt16(truncatingIfNeeded: $0)) << 16) })
                case 2: self.init(shape, elements.map { UInt8(truncatingIfNeeded: $0) })
                case 3: self.init(shape, elements.map { Int8(truncatingIfNeeded: $0) })
                case 4: self.init(shape, elements.map { UInt16(truncatingIfNeeded: $0) })
                case 5: self.init(shape, elements.map { Int16(truncatingIfNeeded: $0) })
                case 9: self.init(shape, elements.map { $0 != 0 })
                default: self.init(shape, elements)
                }
            }
        }
    }

    /// The bytes of external data (ONNX's ExternalData.md): a file beside the model, never one that a path leads out to.
    static func externalBytes(_ proto: Onnx_TensorProto, directory: String?, count: Int) throws -> [UInt8] {
        var entries: [String: String] = [:]
        for entry in proto.externalData { entries[entry.key] = entry.value }
        guard let location = entries["location"], let directory else {
            throw ModelError(.damaged, "tensor '\(proto.name)' has external data without a location")
        }
        guard !location.hasPrefix("/"), !location.split(separator: "/").contains("..") else {
            throw ModelError(.damaged, "tensor '\(proto.name)' has its data outside the model's folder: \(location)")
        }
        let offset = entries["offset"].map { Int($0) ?? -1 } ?? 0
        let length = entries["length"].map { Int($0) ?? -1 } ?? count
        guard offset >= 0, length == count else {
            throw ModelError(.damaged, "tensor '\(proto.name)' has external data of \(length) bytes at \(offset), not \(count)")
        }
        return try FileBytes.read(directory + location, offset: offset, length: count)
    }
}

extension Float {
    /// The value of an IEEE 754 half-precision number, exactly.
    init(half bits: UInt16) {
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Float(bits & 0x3FF)
        let magnitude: Float =
            switch exponent {
            case 0: fraction * 0x1p-24
            case 31: fraction == 0 ? .infinity : .nan
            default: (1 + fraction * 0x1p-10) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
            }
        self = bits >> 15 == 1 ? -magnitude : magnitude
    }
}

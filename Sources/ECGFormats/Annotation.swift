// SPDX-License-Identifier: GPL-3.0-or-later

/// One annotation of a WFDB annotation file.
public struct Annotation: Sendable, Equatable {
    /// Position in the record, in samples.
    public var sample: Int
    public var code: AnnotationCode
    public var subtype: Int8
    public var channel: UInt8
    public var number: Int8
    /// The text that belongs to it: a rhythm such as `(AFIB`, a note. At most 255 bytes.
    public var aux: String?

    public init(
        sample: Int, code: AnnotationCode, subtype: Int8 = 0, channel: UInt8 = 0, number: Int8 = 0, aux: String? = nil
    ) {
        self.sample = sample
        self.code = code
        self.subtype = subtype
        self.channel = channel
        self.number = number
        self.aux = aux
    }
}

/// What an annotation says, by its number in the file (ecgcodes.h) and the symbol people know it by.
public struct AnnotationCode: Sendable, Hashable {
    /// 1–49 in use by the field, up to 58 possible; 0 stands for nothing.
    public let number: UInt8

    public init(_ number: UInt8) { self.number = number }

    /// The code of a symbol such as `N` or `/`; for a byte from 128 on, the code without a symbol that it carries.
    public init?(symbol: UInt8) {
        if symbol >= 128 {
            guard symbol - 128 <= AnnotationCode.highest else { return nil }
            number = symbol - 128
            return
        }
        guard let index = AnnotationCode.symbols.firstIndex(of: symbol), symbol != 0 else { return nil }
        number = UInt8(index)
    }

    /// The symbol as one byte of ASCII; a code that has none is 128 + its number.
    public var symbol: UInt8 {
        let known = Int(number) < AnnotationCode.symbols.count ? AnnotationCode.symbols[Int(number)] : 0
        return known != 0 ? known : 128 + min(number, 127)
    }

    /// Whether it marks a beat (a QRS complex), as ecgmap.h has it.
    public var isBeat: Bool { AnnotationCode.beats.contains(number) }

    /// The highest number that an annotation can have; above are the pseudo-annotations SKIP, NUM, SUB, CHN, AUX.
    static let highest: UInt8 = 58
    public static let normal = AnnotationCode(1)
    public static let note = AnnotationCode(22)
    public static let rhythm = AnnotationCode(28)

    private static let beats: Set<UInt8> = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 31, 34, 35, 38, 41]
    /// Symbols of the codes 0–41; zero where a code has none.
    private static let symbols: [UInt8] = Array("\0NLRaVFJASEj/Q~\0|\0sT*D\"=pB^t+u?![]en@xf()r".utf8)
}

/// The contents of an annotation file.
public struct AnnotationList: Sendable, Equatable {
    /// In the order of the file.
    public var annotations: [Annotation]
    /// Ticks a second that the positions count, where the file says so; else they count the record's frames.
    public var resolution: Double?
    /// What the file defines of its own.
    public var definitions: [AnnotationDefinition]

    public init(_ annotations: [Annotation] = [], resolution: Double? = nil, definitions: [AnnotationDefinition] = []) {
        self.annotations = annotations
        self.resolution = resolution
        self.definitions = definitions
    }
}

/// A symbol that an annotation file defines for one of its codes.
public struct AnnotationDefinition: Sendable, Equatable {
    public var code: AnnotationCode
    public var symbol: String
    public var description: String

    public init(code: AnnotationCode, symbol: String, description: String) {
        self.code = code
        self.symbol = symbol
        self.description = description
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels
import Glibc

/// eˣ.
struct Exponential: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { T.exp(x) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { y }
    var kernel: UnaryFunction? { .exp }
}

/// The natural logarithm.
struct Logarithm: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { T.log(x) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { 1 / x }
    var kernel: UnaryFunction? { .log }
}

struct SquareRoot: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { x.squareRoot() }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { 1 / (2 * y) }
}

/// 1 / x.
struct Reciprocal: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { 1 / x }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { -y * y }
}

struct Negation: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { -x }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { -1 }
}

struct Magnitude: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { x.magnitude }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { x > 0 ? 1 : x < 0 ? -1 : 0 }
}

/// The error function; its derivative is 2/√π e^(-x²).
struct ErrorFunction: NumberFunction {
    func value<T: Scalar>(_ x: T) -> T { T.erf(x) }
    func slope<T: Scalar>(_ x: T, _ y: T) -> T { 2 * T.exp(-x * x) / T.pi.squareRoot() }
    var kernel: UnaryFunction? { .erf }
}

/// Sine, cosine and their like, computed in double precision: they stand in positional encodings and count for nothing in time.
struct Trigonometric: NumberFunction {
    enum Kind: Sendable { case sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh }
    let kind: Kind

    func value<T: Scalar>(_ x: T) -> T {
        let x = Double(x)
        switch kind {
        case .sin: return T(Glibc.sin(x))
        case .cos: return T(Glibc.cos(x))
        case .tan: return T(Glibc.tan(x))
        case .asin: return T(Glibc.asin(x))
        case .acos: return T(Glibc.acos(x))
        case .atan: return T(Glibc.atan(x))
        case .sinh: return T(Glibc.sinh(x))
        case .cosh: return T(Glibc.cosh(x))
        case .asinh: return T(Glibc.asinh(x))
        case .acosh: return T(Glibc.acosh(x))
        case .atanh: return T(Glibc.atanh(x))
        }
    }

    func slope<T: Scalar>(_ x: T, _ y: T) -> T {
        let (x, y) = (Double(x), Double(y))
        switch kind {
        case .sin: return T(Glibc.cos(x))
        case .cos: return T(-Glibc.sin(x))
        case .tan: return T(1 + y * y)
        case .asin: return T(1 / (1 - x * x).squareRoot())
        case .acos: return T(-1 / (1 - x * x).squareRoot())
        case .atan: return T(1 / (1 + x * x))
        case .sinh: return T(Glibc.cosh(x))
        case .cosh: return T(Glibc.sinh(x))
        case .asinh: return T(1 / (x * x + 1).squareRoot())
        case .acosh: return T(1 / (x * x - 1).squareRoot())
        case .atanh: return T(1 / (1 - x * x))
        }
    }
}

/// Functions in steps: Floor, Ceil, Round (halves to even), Sign. The gradient is zero wherever it exists.
struct Steps: NumberFunction {
    enum Kind: Sendable { case floor, ceil, round, sign }
    let kind: Kind

    func value<T: Scalar>(_ x: T) -> T {
        switch kind {
        case .floor: x.rounded(.down)
        case .ceil: x.rounded(.up)
        case .round: x.rounded(.toNearestOrEven)
        case .sign: x.isNaN ? x : x > 0 ? 1 : x < 0 ? -1 : 0
        }
    }

    func slope<T: Scalar>(_ x: T, _ y: T) -> T { 0 }
}

/// A unary function of numbers that are whole as well: floats by the general form, integers by a function of their own.
struct UnaryOfNumbers: Operator {
    let floats: Unary
    let integers: @Sendable (Int) -> Int

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        if input.type.isFloat { return try floats.specialise(inputs, layout: layout, node: node) }
        guard input.type != .bool else { throw node.unsupported("element type bool") }
        return .kernel([Fact(input.type, input.shape, layout: layout)], IntegerUnaryKernel(function: integers))
    }
}

private struct IntegerUnaryKernel: Kernel {
    let function: @Sendable (Int) -> Int

    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [] }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0], let y = run.outputs[0] else { return }
        y.setIntegers((x.integers ?? []).map(function))
    }
}

/// Truth values of floats: IsNaN, IsInf.
struct ClassifyOperator: Operator {
    let test: @Sendable (Double) -> Bool

    func wish(_ inputs: [Fact?]) -> LayoutWish { .follow }

    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised {
        let input = try node.input(0, of: inputs)
        guard input.type.isFloat else { throw node.unsupported("element type \(input.type.rawValue)") }
        return .kernel([Fact(.bool, input.shape, layout: layout)], ClassifyKernel(test: test))
    }
}

private struct ClassifyKernel: Kernel {
    let test: @Sendable (Double) -> Bool

    func gradientInputs(_ inputs: [Fact?]) -> [Int] { [] }

    func forward(_ run: ForwardRun) {
        guard let x = run.inputs[0], let y = run.outputs[0]?.region(Bool.self) else { return }
        y.copy(from: x.doubles.map(test))
    }
}

extension Tensor {
    /// Sets every element of a tensor of integers; numbers that don't fit wrap.
    package func setIntegers(_ values: [Int]) {
        switch type {
        case .int64: region(Int64.self).copy(from: values.map { Int64(truncatingIfNeeded: $0) })
        case .int32: region(Int32.self).copy(from: values.map { Int32(truncatingIfNeeded: $0) })
        case .int16: region(Int16.self).copy(from: values.map { Int16(truncatingIfNeeded: $0) })
        case .int8: region(Int8.self).copy(from: values.map { Int8(truncatingIfNeeded: $0) })
        case .uint64: region(UInt64.self).copy(from: values.map { UInt64(truncatingIfNeeded: $0) })
        case .uint32: region(UInt32.self).copy(from: values.map { UInt32(truncatingIfNeeded: $0) })
        case .uint16: region(UInt16.self).copy(from: values.map { UInt16(truncatingIfNeeded: $0) })
        case .uint8: region(UInt8.self).copy(from: values.map { UInt8(truncatingIfNeeded: $0) })
        case .bool: region(Bool.self).copy(from: values.map { $0 != 0 })
        case .float32, .float64: break
        }
    }
}

let unaryMathOperators: [OperatorEntry] = [
    OperatorEntry("Exp", since: 6) { _ in Unary(Exponential()) },
    OperatorEntry("Log", since: 6) { _ in Unary(Logarithm()) },
    OperatorEntry("Sqrt", since: 6) { _ in Unary(SquareRoot()) },
    OperatorEntry("Reciprocal", since: 6) { _ in Unary(Reciprocal()) },
    OperatorEntry("Neg", since: 6) { _ in UnaryOfNumbers(floats: Unary(Negation())) { 0 &- $0 } },
    OperatorEntry("Abs", since: 6) { _ in UnaryOfNumbers(floats: Unary(Magnitude())) { $0 < 0 ? 0 &- $0 : $0 } },
    OperatorEntry("Sign", since: 9) { _ in UnaryOfNumbers(floats: Unary(Steps(kind: .sign))) { $0.signum() } },
    OperatorEntry("Erf", since: 9) { _ in Unary(ErrorFunction()) },
    OperatorEntry("Floor", since: 6) { _ in Unary(Steps(kind: .floor)) },
    OperatorEntry("Ceil", since: 6) { _ in Unary(Steps(kind: .ceil)) },
    OperatorEntry("Round", since: 11) { _ in Unary(Steps(kind: .round)) },
    OperatorEntry("Sin", since: 7) { _ in Unary(Trigonometric(kind: .sin)) },
    OperatorEntry("Cos", since: 7) { _ in Unary(Trigonometric(kind: .cos)) },
    OperatorEntry("Tan", since: 7) { _ in Unary(Trigonometric(kind: .tan)) },
    OperatorEntry("Asin", since: 7) { _ in Unary(Trigonometric(kind: .asin)) },
    OperatorEntry("Acos", since: 7) { _ in Unary(Trigonometric(kind: .acos)) },
    OperatorEntry("Atan", since: 7) { _ in Unary(Trigonometric(kind: .atan)) },
    OperatorEntry("Sinh", since: 9) { _ in Unary(Trigonometric(kind: .sinh)) },
    OperatorEntry("Cosh", since: 9) { _ in Unary(Trigonometric(kind: .cosh)) },
    OperatorEntry("Asinh", since: 9) { _ in Unary(Trigonometric(kind: .asinh)) },
    OperatorEntry("Acosh", since: 9) { _ in Unary(Trigonometric(kind: .acosh)) },
    OperatorEntry("Atanh", since: 9) { _ in Unary(Trigonometric(kind: .atanh)) },
    OperatorEntry("IsNaN", since: 9) { _ in ClassifyOperator { $0.isNaN } },
    OperatorEntry("IsInf", since: 10) { node in
        let (negative, positive) = (try node.flag("detect_negative", default: true), try node.flag("detect_positive", default: true))
        return ClassifyOperator { $0.isInfinite && ($0 < 0 ? negative : positive) }
    },
]

// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// a + b.
struct Addition: PairFunction {
    func value<T: Scalar>(_ a: T, _ b: T) -> T { a + b }
    func slopes<T: Scalar>(_ a: T, _ b: T, _ y: T) -> (T, T) { (1, 1) }
    func multipliers<T: Scalar>(_ a: T, _ b: T, _ a0: T, _ b0: T) -> (T, T)? { nil }
    var kernel: BinaryFunction? { .add }
}

/// a − b.
struct Subtraction: PairFunction {
    func value<T: Scalar>(_ a: T, _ b: T) -> T { a - b }
    func slopes<T: Scalar>(_ a: T, _ b: T, _ y: T) -> (T, T) { (1, -1) }
    func multipliers<T: Scalar>(_ a: T, _ b: T, _ a0: T, _ b0: T) -> (T, T)? { nil }
    var kernel: BinaryFunction? { .subtract }
}

/// a · b.
struct Multiplication: PairFunction {
    func value<T: Scalar>(_ a: T, _ b: T) -> T { a * b }
    func slopes<T: Scalar>(_ a: T, _ b: T, _ y: T) -> (T, T) { (b, a) }
    func multipliers<T: Scalar>(_ a: T, _ b: T, _ a0: T, _ b0: T) -> (T, T)? { ((b + b0) / 2, (a + a0) / 2) }
    var kernel: BinaryFunction? { .multiply }
}

/// a / b.
struct Division: PairFunction {
    func value<T: Scalar>(_ a: T, _ b: T) -> T { a / b }
    func slopes<T: Scalar>(_ a: T, _ b: T, _ y: T) -> (T, T) { (1 / b, -y / b) }
    var kernel: BinaryFunction? { .divide }
}

let arithmeticOperators: [OperatorEntry] = [
    // Before opset 7 broadcasting was an attribute of its own, and another rule.
    OperatorEntry("Add", since: 7) { _ in AdditionOperator() },
    OperatorEntry("Sub", since: 7) { _ in Binary(Subtraction(), integers: { $0 &- $1 }) },
    OperatorEntry("Mul", since: 7) { _ in Binary(Multiplication(), integers: { $0 &* $1 }) },
    OperatorEntry("Div", since: 7) { _ in Binary(Division(), integers: { $1 == 0 ? nil : $0.dividedReportingOverflow(by: $1).partialValue })
    },
]

// SPDX-License-Identifier: GPL-3.0-or-later
import ECGKernels

/// An ONNX operator with the attributes of one node: knows which shapes come out, and makes the kernel for given shapes.
///
/// ## How to add an operator
/// 1. One file a family in this folder. Write a struct, made by an entry of the family's table (`[OperatorEntry]`) that reads the attributes. An attribute
///    that nothing has asked for then is refused by name, so read every one that the opset allows; refuse values you don't support with `node.unsupported(_:)`.
/// 2. In `specialise`, turn the facts about the inputs (type, shape, layout, and the elements where they are constant) into the facts about the
///    outputs and a `Kernel`. Throw `node.misfit(…)` for shapes that don't go together. Inputs that give shapes, axes or indices must be
///    constants by now (`node.constantIntegers(…)`); the planner folds all shape arithmetic before.
/// 3. In the kernel, write `forward`, and `reverse`, which **adds** to the gradients of the inputs; write the loops once, generic over `Scalar`.
///    An operator without a gradient says so with `gradientInputs == []`.
/// 4. List the table in `OperatorRegistry.tables`.
/// 5. Test it against ONNX Runtime and finite differences in float64 (Tests/ECGModelTests).
///
/// Most operators are one of the ready-made forms and need no kernel of their own:
/// - `Unary`, `Binary`: element by element, with broadcasting; give the function and its derivatives;
/// - `StridedMove`: moves of elements (Transpose, Slice, Concat, Split, Expand, Pad …), forward and reverse for every type;
/// - `AxisGather`: elements picked along one axis (Gather, reflecting Pad, nearest Resize …);
/// - `.view`: the same elements under another shape (Reshape, Squeeze …).
///
/// Kernels see memory in *stored* order: `wish` says which layouts an operator can work on. The default is row-major, always right and never fast
/// for [item, channel, time]; `.follow` and `.broadcast` take what the inputs have, and then shapes must be read through `Layout.stored`.
///
/// ```swift
/// struct Square: NumberFunction {
///     func value<T: Scalar>(_ x: T) -> T { x * x }
///     func slope<T: Scalar>(_ x: T, _ y: T) -> T { 2 * x }
/// }
/// // and in the family's table:
/// OperatorEntry("Square") { _ in Unary(Square()) }
/// ```
package protocol Operator: Sendable {
    /// The layout to work in.
    func wish(_ inputs: [Fact?]) -> LayoutWish
    /// The facts about the outputs, and what computes them. Inputs come in the layout wished for, unless they are constants, which are row-major.
    func specialise(_ inputs: [Fact?], layout: Layout, node: NodeReader) throws -> Specialised
}

extension Operator {
    package func wish(_ inputs: [Fact?]) -> LayoutWish { .rowMajor }
}

/// The layout that an operator works in.
package enum LayoutWish: Sendable {
    case rowMajor
    case channelsLast
    /// The layout of input 0; other inputs of its rank are brought into it.
    case follow
    /// Channels last if any input that is no constant has it, else row-major. Inputs of lower rank get leading axes of extent 1.
    case broadcast
}

/// What is known of a value when a plan is made.
package struct Fact: Sendable {
    package var type: ElementType
    package var shape: Shape
    package var layout: Layout = .rowMajor
    /// The elements where they don't depend on the items; row-major.
    package var constant: Tensor?

    package init(_ type: ElementType, _ shape: Shape, layout: Layout = .rowMajor, constant: Tensor? = nil) {
        self.type = type
        self.shape = shape
        self.layout = layout
        self.constant = constant
    }

    package init(constant: Tensor) { self.init(constant.type, constant.shape, constant: constant) }

    /// The shape as it lies in memory.
    package var storedShape: Shape { layout.stored(shape) }
    package var byteCount: Int { shape.elementCount * type.byteCount }
}

/// An operator for given input shapes.
package struct Specialised {
    package enum Body {
        /// Output 0 is input 0's memory under another shape.
        case view
        /// The outputs are known already.
        case constants([Tensor])
        case kernel(any Kernel)
    }

    package var outputs: [Fact]
    /// Values that the kernel keeps from its forward to its reverse run (an LSTM's gates): types and shapes. Absent when there is no reverse run.
    package var kept: [Fact] = []
    package var body: Body

    package init(_ outputs: [Fact], kept: [Fact] = [], _ body: Body) {
        self.outputs = outputs
        self.kept = kept
        self.body = body
    }

    package static func kernel(_ outputs: [Fact], kept: [Fact] = [], _ kernel: any Kernel) -> Specialised {
        Specialised(outputs, kept: kept, .kernel(kernel))
    }

    /// Input 0 under another shape.
    package static func view(_ input: Fact, as shape: Shape) -> Specialised {
        Specialised([Fact(input.type, shape, layout: input.layout)], .view)
    }

    package static func constants(_ tensors: [Tensor]) -> Specialised {
        Specialised(tensors.map { Fact(constant: $0) }, .constants(tensors))
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later

/// Items of one shape, one after the other: beats or records as [lead, time], row-major.
public struct Items: Sendable {
    /// The shape of one item.
    public let shape: Shape
    public let count: Int
    /// All items in one array, or each in its own.
    private let arrays: [[Float]]

    /// - Precondition: the count of the values is a multiple of the shape's.
    public init(shape: Shape, values: [Float]) {
        precondition(shape.elementCount > 0 ? values.count % shape.elementCount == 0 : values.isEmpty)
        self.shape = shape
        arrays = [values]
        count = shape.elementCount == 0 ? 0 : values.count / shape.elementCount
    }

    /// Items that lie apart, which are not copied together.
    ///
    /// - Precondition: each has as many values as the shape has elements, at least one.
    public init(shape: Shape, each: [[Float]]) {
        precondition(shape.elementCount > 0 && each.allSatisfy { $0.count == shape.elementCount })
        self.shape = shape
        arrays = each.isEmpty ? [[]] : each
        count = each.count
    }

    /// [item, …shape], row-major.
    public var values: [Float] {
        get { arrays.count == 1 ? arrays[0] : Array(arrays.joined()) }
        set { self = Items(shape: shape, values: newValue) }
    }
    /// Elements of one item.
    public var itemCount: Int { shape.elementCount }

    /// The elements of one item.
    public subscript(item: Int) -> ArraySlice<Float> {
        let (values, offset) = place(item)
        return values[offset..<offset + itemCount]
    }

    /// The array that an item lies in, and where it begins there.
    func place(_ item: Int) -> (values: [Float], offset: Int) {
        arrays.count > 1 ? (arrays[item], 0) : (arrays[0], item * itemCount)
    }
}

/// How an item [lead, time] lies in the model's input.
public enum ItemLayout: String, Sendable, Hashable, CaseIterable {
    /// [n, lead, time]; an item of another rank as it is.
    case leadTime = "lead,time"
    /// [n, time, lead].
    case timeLead = "time,lead"
    /// [n, 1, lead, time].
    case plane = "1,lead,time"

    /// The shape of the model's input for one item.
    public func inputShape(_ item: Shape) -> Shape {
        switch self {
        case .leadTime: item
        case .timeLead: item.reversed()
        case .plane: [1] + item
        }
    }
}

/// One of several reverse runs that share a forward run.
public struct ReversePass: Sendable, Hashable {
    public var target: Target
    public var rules: Rules
    /// Whether the gradient with respect to the items is wanted, and those at the layers asked for. A run to the layers alone is cheaper.
    public var toItems: Bool
    public var toLayers: Bool

    public init(_ target: Target, rules: Rules = .gradient, toItems: Bool = true, toLayers: Bool = false) {
        (self.target, self.rules, self.toItems, self.toLayers) = (target, rules, toItems, toLayers)
    }
}

/// What a reverse run starts from.
public enum Target: Sendable, Hashable {
    /// The logit with this index for each item; one index stands for all items.
    case logit([Int])
    /// The probability with this index for each item.
    case probability([Int])
    /// The largest logit of each item: the first of equals, and the first of all where no logit is a number.
    case predicted
    /// The mean of all logits.
    case meanLogit
    /// The mean of all elements of a layer's output, by the name of the node or of its output.
    case mean(layer: String)
}

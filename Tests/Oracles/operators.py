"""One archive of small models, each of one operator with random attributes, with what goes in and what ONNX Runtime makes of it.

usage: operators.py FILE        (Tests/ECGModelTests/Fixtures/operators.bin)
A case is: its name, a line `NAME KIND`, and sections of bytes, each after its length (little-endian uint32): the name, the model, the number of inputs and each
as TensorProto, the number of outputs and each. Kinds: `gradient` is differentiable in every float input; `values` is not, and gradients stop there;
`special` has NaN, infinities and denormals among its inputs.
"""
import struct
import sys
import zlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

ort.set_default_logger_severity(4)
archive = bytearray()
counts = {}
skipped = []
FLOATS = (np.float32, np.float64)


class Random(np.random.RandomState):
    """Draws that depend on the operator's name alone, so that a new operator does not change the cases of the others."""

    def __init__(self, name):
        super().__init__(zlib.crc32(name.encode()))

    def pick(self, *options):
        return options[self.randint(len(options))]

    def flag(self):
        return bool(self.randint(2))

    def normal32(self, *shape, scale=1.0, shift=0.0):
        return (self.randn(*shape) * scale + shift).astype(np.float32)


def case(op, inputs, attributes=None, outputs=1, opset=17, kind="gradient", domain="", last=False, used=None, shapeless=False):
    """inputs: arrays, `const(array)` for initializers, None where left out. last: a convolution before it brings input 0 into channels-last order."""
    number = counts[op] = counts.get(op, 0) + 1
    name = f"{domain + '.' if domain else ''}{op}/{number}"
    nodes, initializers, fed, names = [], [], [], []
    for i, value in enumerate(inputs):
        if value is None:
            names.append("")
            continue
        names.append(f"x{i}")
        if isinstance(value, const):
            initializers.append(numpy_helper.from_array(value.array, f"x{i}"))
        else:
            fed.append((f"x{i}", np.array(value, order="C")))
    if last:
        channels, rank = fed[0][1].shape[1], fed[0][1].ndim
        weights = np.eye(channels, dtype=np.float32).reshape((channels, channels) + (1,) * (rank - 2))
        initializers.append(numpy_helper.from_array(weights, "w"))
        nodes.append(helper.make_node("Conv", [fed[0][0], "w"], ["before"], name="before"))
        names[0] = "before"
    made = [f"y{i}" if used is None or i in used else "" for i in range(outputs)]
    nodes.append(helper.make_node(op, names, made, name="node", domain=domain, **(attributes or {})))
    given = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), list(v.shape)) for n, v in fed]
    wanted = [helper.make_empty_tensor_value_info(n) for n in made if n]
    graph = helper.make_graph(nodes, "g", given, wanted, initializers)
    imports = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(graph, opset_imports=imports)
    model.ir_version = 10
    model.producer_name = ""
    try:
        if "layout" in (attributes or {}):
            # ONNX Runtime does not have it; ONNX's own evaluator does.
            session = ReferenceEvaluator(model)
        else:
            session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        results = session.run(None, dict(fed))
    except Exception as error:  # what ONNX Runtime does not have either says nothing
        skipped.append(f"{name} (opset {opset}): {str(error).splitlines()[0][:150]}")
        return
    model.graph.ClearField("output")
    model.graph.output.extend(
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(r.dtype), None) for n, r in zip([m for m in made if m], results))
    parts = [f"{name} {kind}".encode(), model.SerializeToString()]
    for group in ([v for _, v in fed], results):
        parts.append(struct.pack("<I", len(group)))
        parts += [numpy_helper.from_array(np.array(v, order="C")).SerializeToString() for v in group]
    for part in parts:
        archive.extend(struct.pack("<I", len(part)))
        archive.extend(part)


class const:
    def __init__(self, array, dtype=None):
        self.array = np.array(array, dtype=dtype, order="C")


def ints(*values):
    return const(np.array(values, dtype=np.int64))


SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-45, 1.5, -1.5, 88.9, -104.5, 3e38, -3e38, 0.3, -7.25, 12.0], dtype=np.float32)

# Element by element ------------------------------------------------------------------------------------------------------------------

UNARY = {
    "Relu": 14, "Sigmoid": 13, "Tanh": 13, "Exp": 13, "Neg": 13, "Abs": 13, "Erf": 13, "Softplus": 17, "Softsign": 17, "HardSwish": 14, "Mish": 18,
    "Sin": 17, "Cos": 17, "Atan": 17, "Sinh": 17, "Cosh": 17, "Asinh": 17, "Identity": 17,
}
for op, opset in UNARY.items():
    r = Random(op)
    case(op, [r.normal32(3, 4, scale=2)], opset=opset)
    case(op, [r.normal32(2, 3, 5)], opset=opset, last=True)
    case(op, [SPECIAL], opset=opset, kind="special")
for op in ("Log", "Sqrt", "Reciprocal"):
    r = Random(op)
    case(op, [np.exp(r.normal32(3, 5))])
    case(op, [np.exp(r.normal32(2, 3, 5))], last=True)
    case(op, [SPECIAL], kind="special")
for op in ("Tan", "Asin", "Acos", "Atanh"):
    case(op, [Random(op).uniform(-0.9, 0.9, (3, 5)).astype(np.float32)])
case("Acosh", [np.exp(Random("Acosh").normal32(3, 5)) + 1])
for op, opset in {"Sign": 13, "Floor": 13, "Ceil": 13, "Round": 11}.items():
    r = Random(op)
    case(op, [r.normal32(3, 4, scale=3)], opset=opset)
    case(op, [SPECIAL[:-5]], opset=opset, kind="special")
for op, opset in {"IsNaN": 13, "IsInf": 10}.items():
    case(op, [SPECIAL], opset=opset, kind="values")
case("IsInf", [SPECIAL], {"detect_negative": 0}, opset=10, kind="values")
PARAMETERS = {
    "LeakyRelu": (16, {"alpha": (0.01, 0.3)}), "Elu": (6, {"alpha": (1.0, 0.5)}), "Selu": (6, {"alpha": (1.6732, 1.2), "gamma": (1.0507, 0.8)}),
    "Celu": (12, {"alpha": (1.0, 2.0)}), "HardSigmoid": (6, {"alpha": (0.2, 0.3), "beta": (0.5, 0.4)}),
    "ThresholdedRelu": (10, {"alpha": (1.0, 0.3)}), "Shrink": (9, {"lambd": (0.5, 0.2), "bias": (0.0, 0.1)}), "Swish": (24, {"alpha": (1.0, 1.7)}),
    "Gelu": (20, {"approximate": ("none", "tanh")}),
}
for op, (opset, choices) in PARAMETERS.items():
    r = Random(op)
    for place in range(2):
        attributes = {key: values[place] for key, values in choices.items()}
        case(op, [r.normal32(3, 4, scale=2)], attributes, opset=opset)
        case(op, [r.normal32(2, 3, 5)], attributes, opset=opset, last=True)
    case(op, [SPECIAL], {key: values[0] for key, values in choices.items()}, opset=opset, kind="special")
r = Random("microsoft.Gelu")
case("Gelu", [r.normal32(2, 5)], domain="com.microsoft")
r = Random("Clip")
for low, high in ((-0.5, 0.7), (None, 0.2), (0.0, None), (0.0, 6.0)):
    case("Clip", [r.normal32(2, 3, 4)] + [None if v is None else const(v, np.float32) for v in (low, high)], opset=13, last=r.flag())
case("Clip", [r.normal32(3, 4)], {"min": -0.3, "max": 0.4}, opset=6)
case("Clip", [SPECIAL, const(-1.0, np.float32), const(2.0, np.float32)], opset=13, kind="special")
case("Clip", [np.arange(8, dtype=np.int64), const(2, np.int64), const(5, np.int64)], opset=13, kind="values")
r = Random("PRelu")
case("PRelu", [r.normal32(2, 3, 4), const(r.uniform(0.1, 0.5, (3, 1)), np.float32)], last=True)
case("PRelu", [r.normal32(2, 3, 4), r.uniform(0.1, 0.5, (3, 1)).astype(np.float32)])
case("PRelu", [r.normal32(2, 3, 4), const(0.2, np.float32)])
case("PRelu", [SPECIAL, const(0.25, np.float32)], kind="special")

PAIRS = [((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (3, 1)), ((2, 1, 4), (1, 3, 1)), ((4,), (2, 3, 4)), ((2, 3, 4), ()), ((1, 3, 1), (2, 3, 4)), ((2, 3, 4), (2, 3, 1))]
for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "Mod", "Sum", "Mean", "Where"):
    r = Random(op)

    def draw(shape, place):
        values = r.normal32(*shape) if shape else np.float32(r.randn())
        if op == "Div" and place == 1 or op == "Pow" and place == 0 or op == "Mod":
            values = np.abs(values) + np.float32(0.5 + 0.7 * (op == "Mod" and place == 0))
        return np.asarray(values, dtype=np.float32)

    for number, (a, b) in enumerate(PAIRS):
        attributes = {"fmod": 1} if op == "Mod" else {}
        first, second = draw(a, 0), draw(b, 1)
        inputs = [first, const(second) if number % 3 == 1 else second]
        if op == "Where":
            inputs = [const(r.rand(*np.broadcast_shapes(a, b)) > 0.5)] + inputs
        case(op, inputs, attributes, opset=13, last=op != "Where" and len(a) == 3 and number < 6 and number != 2)
    if op in ("Max", "Min", "Sum", "Mean"):
        case(op, [r.normal32(2, 3, 4), r.normal32(4), r.normal32(3, 1)], opset=13)
        case(op, [r.normal32(2, 3, 4)], opset=13)
    if op not in ("Mod", "Where"):
        case(op, [np.repeat(SPECIAL, 16), np.tile(SPECIAL, 16)], opset=13, kind="special")
    if op not in ("Mean", "Sum", "Where"):
        a, b = np.arange(-6, 6, dtype=np.int64), np.full(12, 4, dtype=np.int64) if op == "Mod" else np.arange(1, 13, dtype=np.int64)
        case(op, [a, np.full(12, 3, dtype=np.int64) if op == "Pow" else b], opset=13, kind="values")
case("Pow", [np.exp(Random("Pow2").normal32(3, 4)), const(2, np.int64)], opset=13)
case("Pow", [Random("Pow3").normal32(3, 4), const(2.0, np.float32)], opset=13)
for op, opset in {"Equal": 13, "Greater": 13, "GreaterOrEqual": 16, "Less": 13, "LessOrEqual": 16}.items():
    r = Random(op)
    case(op, [r.randint(0, 3, (2, 3, 4)).astype(np.float32), r.randint(0, 3, (3, 1)).astype(np.float32)], opset=opset, kind="values")
    case(op, [r.randint(0, 3, (2, 4)), r.randint(0, 3, (2, 4))], opset=opset, kind="values")
    case(op, [np.repeat(SPECIAL, 16), np.tile(SPECIAL, 16)], opset=opset, kind="special")
for op in ("And", "Or", "Xor"):
    r = Random(op)
    case(op, [r.rand(2, 3) > 0.5, r.rand(3) > 0.5], kind="values")
case("Not", [Random("Not").rand(2, 3) > 0.5], kind="values")
case("CastLike", [Random("CastLike").normal32(2, 3), const([1.0], np.float64)], opset=19)
case("CastLike", [Random("CastLike").normal32(2, 3), const([1], np.int64)], opset=19, kind="values")
r = Random("Cast")
case("Cast", [r.normal32(2, 3, 4)], {"to": TensorProto.DOUBLE})
case("Cast", [r.normal32(2, 3, 4)], {"to": TensorProto.FLOAT}, last=True)
case("Cast", [r.normal32(3, 4, scale=5)], {"to": TensorProto.INT64}, kind="values")
case("Cast", [r.normal32(3, 4)], {"to": TensorProto.BOOL}, kind="values")

# Convolutions and pools --------------------------------------------------------------------------------------------------------------

r = Random("Conv")
for number in range(16):
    spatial = 2 if number in (5, 11) else 1
    groups = r.pick(1, 1, 2, 3)
    cin, cout = groups * r.pick(1, 2), groups * r.pick(1, 2, 3)
    kernel = [r.randint(1, 5) for _ in range(spatial)]
    strides = [r.randint(1, 4) for _ in range(spatial)]
    dilations = [r.randint(1, 3) for _ in range(spatial)]
    extents = [9 + r.randint(5) for _ in range(spatial)] if spatial == 1 else [5, 6]
    attributes = {"group": groups, "strides": strides, "kernel_shape": kernel}
    auto = r.pick(None, None, "SAME_UPPER", "SAME_LOWER", "VALID")
    if auto:
        attributes["auto_pad"] = auto
    else:
        attributes["pads"] = [r.randint(0, 3) for _ in range(2 * spatial)]
    if not (auto or "").startswith("SAME"):
        attributes["dilations"] = [min(d, 2) for d in dilations]
    x, w, b = r.normal32(2, cin, *extents), r.normal32(cout, cin // groups, *kernel), r.normal32(cout)
    fixed = number % 4 != 3
    inputs = [x, const(w) if fixed else w] + ([] if number % 3 == 0 else [const(b) if fixed else b])
    case("Conv", inputs, attributes, opset=r.pick(9, 11, 17, 22))
case("Conv", [r.normal32(2, 2, 1, 11), const(r.normal32(3, 2, 1, 3))], {"pads": [0, 1, 0, 2]})
case("Conv", [r.normal32(2, 1, 3, 9), const(r.normal32(4, 1, 3, 4))], {})
bad = r.normal32(1, 2, 12)
bad[0, 0, 4], bad[0, 1, 8] = np.nan, np.inf
case("Conv", [bad, const(r.normal32(3, 2, 3))], kind="special")
r = Random("ConvTranspose")
for number in range(14):
    spatial = 2 if number in (5, 11) else 1
    groups = r.pick(1, 1, 2)
    cin, cout = groups * r.pick(1, 2), groups * r.pick(1, 2)
    kernel = [r.randint(1, 5) for _ in range(spatial)]
    strides = [r.randint(1, 4) for _ in range(spatial)]
    dilations = [r.randint(1, 3) for _ in range(spatial)]
    attributes = {"group": groups, "strides": strides, "kernel_shape": kernel, "dilations": dilations}
    way = r.pick("pads", "pads", "output", "auto")
    if way == "pads":
        attributes["pads"] = [r.randint(0, 2) for _ in range(2 * spatial)]
        attributes["output_padding"] = [r.randint(0, max(1, s)) for s in strides]
    elif way == "auto":
        attributes["auto_pad"] = r.pick("SAME_UPPER", "SAME_LOWER", "VALID")
    fixed = number % 4 != 3
    x, w, b = r.normal32(2, cin, *[4 + r.randint(3) for _ in range(spatial)]), r.normal32(cin, cout // groups, *kernel), r.normal32(cout)
    inputs = [x, const(w) if fixed else w] + ([] if number % 3 == 0 else [const(b) if fixed else b])
    case("ConvTranspose", inputs, attributes, opset=r.pick(11, 17, 22))
case("ConvTranspose", [r.normal32(1, 2, 1, 5), const(r.normal32(2, 3, 1, 4))], {"strides": [1, 2]})
for op in ("MaxPool", "AveragePool", "LpPool"):
    r = Random(op)
    for number in range(12):
        spatial = 2 if number in (5, 9) else 1
        kernel = [r.randint(1, 5) for _ in range(spatial)]
        attributes = {"kernel_shape": kernel, "strides": [r.randint(1, 4) for _ in range(spatial)]}
        auto = r.pick(None, None, None, "SAME_UPPER", "SAME_LOWER", "VALID")
        opset = r.pick(11, 17) if op != "LpPool" else r.pick(11, 18)
        if auto:
            attributes["auto_pad"] = auto
        else:
            attributes["pads"] = [r.randint(0, max(1, k)) for k in kernel] * 2
            if op == "MaxPool" or (op == "LpPool" and opset == 18):
                attributes["dilations"] = [r.randint(1, 3) for _ in range(spatial)]
            if op == "MaxPool" or opset >= 18:
                attributes["ceil_mode"] = r.randint(0, 2)
        if op == "AveragePool":
            attributes["count_include_pad"] = r.randint(0, 2)
        if op == "LpPool":
            attributes["p"] = r.pick(1, 2, 3)
        case(op, [r.normal32(2, 3, *[8 + r.randint(4) for _ in range(spatial)])], attributes, opset=opset, last=spatial == 1 and r.flag())
    for last in (False, True):
        bad = np.tile(SPECIAL, 2).reshape(1, 2, 16)[:, :, ::-1 if last else 1]
        case(op, [bad], {"kernel_shape": [2], "strides": [2]}, kind="special")
for op in ("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"):
    r = Random(op)
    for last in (False, True):
        case(op, [r.normal32(2, 3, 7)], {"p": 3} if op == "GlobalLpPool" and last else {}, last=last)
    case(op, [r.normal32(2, 3, 2, 4)])
    case(op, [np.array([[[1, np.nan, 2], [np.inf, 1, 2], [-np.inf, -np.inf, -np.inf]]], dtype=np.float32)], kind="special")
case("MaxPool", [Random("MaxIndices").normal32(2, 3, 8)], {"kernel_shape": [3], "strides": [2]}, outputs=2)
case("MaxPool", [Random("MaxIndices").normal32(2, 3, 6, 5)], {"kernel_shape": [2, 2], "storage_order": 1}, outputs=2, opset=12)

# Matrices ----------------------------------------------------------------------------------------------------------------------------

r = Random("Gemm")
for number in range(8):
    ta, tb = r.randint(0, 2), r.randint(0, 2)
    m, k, n = r.randint(1, 6), r.randint(1, 7), r.randint(1, 6)
    a, b = r.normal32(*((k, m) if ta else (m, k))), r.normal32(*((n, k) if tb else (k, n)))
    c = r.pick(None, r.normal32(n), r.normal32(m, n), r.normal32(m, 1), r.normal32(1))
    fixed = number % 2 == 0
    inputs = [a, const(b) if fixed else b] + ([] if c is None else [const(c) if fixed else c])
    case("Gemm", inputs, {"transA": ta, "transB": tb, "alpha": r.pick(1.0, 0.5), "beta": r.pick(1.0, 2.0)}, opset=r.pick(9, 11, 13))
r = Random("MatMul")
for a, b in [((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((2, 2, 3, 4), (2, 4, 3)), ((4,), (4, 5)), ((3, 4), (4,)), ((2, 1, 3, 4), (1, 2, 4, 2)), ((4, 4), (2, 4, 3))]:
    case("MatMul", [r.normal32(*a), r.normal32(*b)])
    case("MatMul", [r.normal32(*a), const(r.normal32(*b))])
case("MatMul", [const(r.normal32(3, 4)), r.normal32(2, 4, 5)])
bad = r.normal32(3, 4)
bad[1, 2] = np.nan
bad[2, 1] = np.inf
case("MatMul", [bad, const(np.abs(r.normal32(4, 3)))], kind="special")
r = Random("Einsum")
for equation, shapes in [
    ("bqhd,bkhd->bhqk", [(2, 3, 2, 4), (2, 5, 2, 4)]), ("bhqk,bkhd->bqhd", [(2, 2, 3, 5), (2, 5, 2, 4)]), ("btc,co->bto", [(2, 3, 4), (4, 5)]),
    ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]), ("bct,bct->bc", [(2, 3, 4), (2, 3, 4)]), ("...ij->...ji", [(2, 3, 4)]), ("ii->i", [(4, 4)]),
    ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]), ("bid,bjd", [(2, 3, 4), (2, 5, 4)]), ("bi->", [(2, 3)]), ("bij,bij->b", [(2, 3, 4), (2, 3, 4)]),
    ("od,nd->no", [(5, 4), (3, 4)]), ("i,j->ij", [(3,), (4,)])]:
    case("Einsum", [r.normal32(*s) for s in shapes], {"equation": equation})

r = Random("Attention")
for number in range(7):
    three = number % 2 == 1
    b, h, q, k, d, e = 2, 2, 3, 3 if number == 4 else 5, 4, 4 if three else 3
    shapes = [(b, q, h * d), (b, k, h * d), (b, k, h * e)] if three else [(b, h, q, d), (b, h, k, d), (b, h, k, e)]
    attributes = {"q_num_heads": h, "kv_num_heads": h} if three else {}
    inputs = [r.normal32(*s) for s in shapes]
    if number in (2, 3):
        inputs.append(const(r.rand(q, k) > 0.3) if number == 2 else const(r.normal32(b, 1, q, k)))
    if number == 4:
        attributes["is_causal"] = 1
    if number == 5:
        attributes["softcap"] = 1.5
    if number == 6:
        attributes["scale"] = 0.3
    case("Attention", inputs, attributes, opset=23)

# Normalisation -----------------------------------------------------------------------------------------------------------------------

for op, opsets in (("Softmax", (11, 13, 17)), ("LogSoftmax", (11, 13, 17))):
    r = Random(op)
    for number in range(6):
        shape = r.pick((3, 7), (2, 3, 5), (2, 3, 2, 4))
        case(op, [r.normal32(*shape, scale=3)], {"axis": r.pick(-1, 1, len(shape) - 1)}, opset=r.pick(*opsets), last=len(shape) == 3)
    rows = np.array([[1, np.inf, 2, 0], [-np.inf, 1, 2, 3], [-np.inf] * 4, [np.nan, 1, 2, 3], [3e38, -3e38, 0, 1], [1e-40, 0, -0.0, 1e-45]], dtype=np.float32)
    case(op, [rows], {"axis": 1}, opset=13, kind="special")
    case(op, [np.ascontiguousarray(rows.T)], {"axis": 0}, opset=13, kind="special")
r = Random("BatchNormalization")
for shape, last in (((2, 3, 5), True), ((2, 3, 5), False), ((3, 4), False), ((2, 3, 2, 4), False)):
    parameters = [const(r.normal32(shape[1])) for _ in range(3)] + [const(np.exp(r.normal32(shape[1])))]
    case("BatchNormalization", [r.normal32(*shape)] + parameters, {"epsilon": r.pick(1e-5, 1e-3)}, opset=r.pick(9, 15), last=last)
r = Random("LayerNormalization")
for number in range(6):
    axis = r.pick(-1, 1, 2, -2)
    shape = (2, 3, 6)
    parameter = shape[axis:]
    wrap = const if number % 2 == 0 else (lambda v: v)
    inputs = [r.normal32(*shape, shift=2), wrap(r.normal32(*parameter))] + ([wrap(r.normal32(*parameter))] if number % 3 else [])
    case("LayerNormalization", inputs, {"axis": axis, "epsilon": r.pick(1e-5, 1e-2)}, outputs=3 if number == 5 else 1, last=number == 4)
case("LayerNormalization", [np.array([[1, np.nan, 2], [np.inf, 1, 2], [5, 5, 5], [1e-40, 2e-40, 0]], dtype=np.float32), const([1, 2, 3], np.float32)], kind="special")
r = Random("RMSNormalization")
for axis in (-1, 1):
    case("RMSNormalization", [r.normal32(2, 3, 4), r.normal32(*(2, 3, 4)[axis:])], {"axis": axis}, opset=23)
r = Random("InstanceNormalization")
for fixed, last, shape in ((True, True, (2, 3, 6)), (True, False, (2, 3, 6)), (False, False, (2, 3, 6)), (True, False, (2, 3, 2, 4))):
    wrap = const if fixed else (lambda v: v)
    case("InstanceNormalization", [r.normal32(*shape, shift=1), wrap(r.normal32(3)), wrap(r.normal32(3))], {"epsilon": 1e-4}, last=last)
r = Random("GroupNormalization")
for fixed, last, opset in ((True, True, 21), (True, False, 21), (False, False, 21), (True, True, 18)):
    wrap = const if fixed else (lambda v: v)
    count = 4 if opset == 21 else 2
    case("GroupNormalization", [r.normal32(2, 4, 5), wrap(r.normal32(count)), wrap(r.normal32(count))], {"num_groups": 2}, opset=opset, last=last)
r = Random("LpNormalization")
for p in (1, 2):
    case("LpNormalization", [r.normal32(2, 3, 4)], {"axis": r.pick(0, 1, -1), "p": p})

# Recurrent layers --------------------------------------------------------------------------------------------------------------------

for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    r = Random(op)
    for number in range(12):
        direction = r.pick("forward", "reverse", "bidirectional")
        d = 2 if direction == "bidirectional" else 1
        t, n, i, h = r.randint(2, 5), 2, r.randint(1, 4), r.randint(2, 4)
        layout = 1 if number in (4, 9) else 0
        fixed = number % 4 != 3
        wrap = const if fixed else (lambda v: v)
        attributes = {"hidden_size": h, "direction": direction}
        if layout:
            attributes["layout"] = 1
        state = (n, d, h) if layout else (d, n, h)
        inputs = [r.normal32(*((n, t, i) if layout else (t, n, i))), wrap(r.normal32(d, gates * h, i)), wrap(r.normal32(d, gates * h, h))]
        inputs.append(wrap(r.normal32(d, 2 * gates * h)) if number % 3 else None)
        lengths = number in (1, 5, 6)
        inputs.append(const([t, t - 1], np.int32) if lengths else None)
        inputs.append(r.normal32(*state) if number % 2 else None)
        if op == "LSTM":
            inputs.append(r.normal32(*state) if number % 2 else None)
            inputs.append(wrap(r.normal32(d, 3 * h, scale=0.3)) if number in (3, 6, 7) else None)
            if number in (8,):
                attributes["input_forget"] = 1
        if op == "GRU":
            attributes["linear_before_reset"] = number % 2 if number < 8 else 1 - number % 2
        if number in (2, 6):
            attributes["clip"] = 0.7
        if number in (3, 10):
            functions = {"LSTM": ["HardSigmoid", "Softsign", "ScaledTanh"], "GRU": ["HardSigmoid", "LeakyRelu"], "RNN": ["Relu"]}[op]
            if number == 10:
                functions = {"LSTM": ["Sigmoid", "Elu", "Tanh"], "GRU": ["Sigmoid", "Softplus"], "RNN": ["Affine"]}[op]
            attributes["activations"] = functions * d
            alphas = {"HardSigmoid": 0.25, "ScaledTanh": 0.8, "LeakyRelu": 0.2, "Elu": 0.9, "Affine": 0.7}
            betas = {"HardSigmoid": 0.45, "ScaledTanh": 1.1, "Affine": 0.1}
            attributes["activation_alpha"] = [alphas[f] for f in functions * d if f in alphas] or None
            attributes["activation_beta"] = [betas[f] for f in functions * d if f in betas] or None
            attributes = {k: v for k, v in attributes.items() if v is not None}
        case(op, inputs, attributes, outputs=3 if op == "LSTM" else 2, opset=14 if layout else r.pick(9, 14, 17), used=None if number % 5 else [0])
    bad = r.normal32(3, 2, 2)
    bad[1, 1, 0] = np.nan
    case(op, [bad, const(r.normal32(1, gates * 3, 2)), const(r.normal32(1, gates * 3, 3))], {"hidden_size": 3}, outputs=2, kind="special")

# Moves of elements -------------------------------------------------------------------------------------------------------------------

r = Random("Transpose")
for perm in (None, [0, 2, 1], [2, 0, 1], [1, 0, 2]):
    case("Transpose", [r.normal32(2, 3, 4)], {} if perm is None else {"perm": perm}, last=True)
case("Transpose", [r.normal32(2, 3, 2, 2)], {"perm": [0, 2, 3, 1]})
r = Random("Concat")
for axis in (0, 1, 2, -1):
    shapes = [[2, 3, 4], [2, 3, 4], [2, 3, 4]]
    for s in shapes:
        s[axis] = r.randint(1, 4)
    case("Concat", [r.normal32(*s) for s in shapes], {"axis": axis}, last=True)
case("Concat", [r.normal32(2, 3), const(r.normal32(2, 2))], {"axis": 1})
r = Random("Slice")
for starts, ends, axes, steps in (([1], [3], [2], None), ([0, -3], [2, 10], [1, 2], [1, 2]), ([-1], [-100], [2], [-1]), ([5, 0], [0, 2], [2, 1], [-2, 1])):
    inputs = [r.normal32(2, 3, 6), ints(*starts), ints(*ends), ints(*axes)] + ([] if steps is None else [ints(*steps)])
    case("Slice", inputs, opset=13, last=r.flag())
case("Slice", [r.normal32(3, 5)], {"starts": [1], "ends": [4], "axes": [1]}, opset=9)
r = Random("Gather")
for axis, indices in ((0, [1, 0, 1]), (1, 2), (2, [[0, 1], [3, -1]]), (-1, [-2])):
    case("Gather", [r.normal32(2, 3, 4), const(indices, np.int64)], {"axis": axis}, opset=13)
r = Random("GatherND")
case("GatherND", [r.normal32(2, 3, 4), const([[0, 1], [1, 2], [-1, 0]], np.int64)], opset=13)
case("GatherND", [r.normal32(2, 3, 4), const([[[1], [0]], [[2], [2]]], np.int64)], {"batch_dims": 1}, opset=13)
r = Random("GatherElements")
case("GatherElements", [r.normal32(2, 3, 4), const(r.randint(-3, 3, (2, 2, 4)))], {"axis": 1}, opset=13)
r = Random("ReverseSequence")
case("ReverseSequence", [r.normal32(4, 2, 3), ints(4, 2)], {"batch_axis": 1, "time_axis": 0})
case("ReverseSequence", [r.normal32(2, 4), ints(3, 1)], {"batch_axis": 0, "time_axis": 1})
r = Random("Pad")
for mode in ("constant", "reflect", "edge", "wrap"):
    opset = 19 if mode == "wrap" else r.pick(11, 13, 18)
    for last in (False, True):
        pads = [0, 0, r.randint(0, 3), 0, 0, r.randint(1, 4)] if last else [0, r.randint(0, 2), 2, 0, 1, 1]
        inputs = [r.normal32(2, 3, 5), ints(*pads)] + ([const(0.5, np.float32)] if mode == "constant" and last else [])
        case("Pad", inputs, {"mode": mode}, opset=opset, last=last)
case("Pad", [r.normal32(2, 3, 5), ints(0, 0, -1, 0, 0, 2)], opset=13)
case("Pad", [r.normal32(2, 3, 5), ints(1, 2), const(0.0, np.float32), ints(-1)], opset=18)
case("Pad", [r.normal32(2, 5)], {"pads": [0, 1, 0, 2], "value": 0.25}, opset=9)
r = Random("Reshape")
for shape in ([2, 12], [-1], [0, 4, 3], [0, -1, 2]):
    case("Reshape", [r.normal32(2, 3, 4), ints(*shape)], opset=13, last=True)
r = Random("Flatten")
for axis in (0, 1, 2, -1):
    case("Flatten", [r.normal32(2, 3, 4)], {"axis": axis}, opset=13, last=True)
r = Random("Squeeze")
case("Squeeze", [r.normal32(2, 1, 4, 1), ints(1)], opset=13)
case("Squeeze", [r.normal32(2, 1, 4, 1)], opset=13)
case("Squeeze", [r.normal32(2, 1, 4)], {"axes": [-2]}, opset=11)
r = Random("Unsqueeze")
case("Unsqueeze", [r.normal32(2, 4), ints(1, -1)], opset=13)
case("Unsqueeze", [r.normal32(2, 3, 4)], {"axes": [2]}, opset=11, last=True)
r = Random("Expand")
for a, b in (((3, 1), (2, 3, 4)), ((2, 3, 4), (2, 3, 4)), ((2, 1, 4), (3, 1))):
    case("Expand", [r.normal32(*a), ints(*b)], opset=13)
r = Random("Tile")
for repeats in ((1, 2, 3), (2, 1, 1)):
    case("Tile", [r.normal32(2, 3, 2), ints(*repeats)], opset=13)
r = Random("Split")
case("Split", [r.normal32(2, 6, 3)], {"axis": 1}, outputs=3, opset=13)
case("Split", [r.normal32(2, 6, 3), ints(1, 5)], {"axis": 1}, outputs=2, opset=13)
case("Split", [r.normal32(2, 5)], {"axis": -1, "num_outputs": 2}, outputs=2, opset=18)
case("Split", [r.normal32(2, 5)], {"axis": 1, "split": [2, 3]}, outputs=2, opset=11)
case("Dropout", [Random("Dropout").normal32(2, 5)], opset=13)
case("Dropout", [Random("Dropout").normal32(2, 5)], outputs=2, opset=13)
case("Dropout", [Random("Dropout").normal32(2, 5)], {"ratio": 0.3}, opset=10)
case("Shape", [Random("Shape").normal32(2, 3, 4)], {"start": 1}, opset=15, kind="values")
case("Size", [Random("Size").normal32(2, 3, 4)], opset=13, kind="values")
case("Constant", [], {"value": numpy_helper.from_array(np.arange(3, dtype=np.float32))}, opset=13, kind="values")
case("Constant", [], {"value_floats": [1.0, 2.0]}, opset=13, kind="values")
case("ConstantOfShape", [ints(2, 3)], {"value": numpy_helper.from_array(np.array([1.5], dtype=np.float32))}, opset=13, kind="values")
case("Range", [const(1, np.int64), const(9, np.int64), const(3, np.int64)], opset=13, kind="values")
case("Range", [const(1.0, np.float32), const(-2.0, np.float32), const(-0.5, np.float32)], opset=13, kind="values")

# Reductions --------------------------------------------------------------------------------------------------------------------------

for op in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare"):
    r = Random("Reduce" + op)
    for number in range(6):
        axes = r.pick([1], [2], [-1], [1, 2], [0, 2], None)
        positive = op in ("LogSum", "Prod")
        x = np.exp(r.normal32(2, 3, 5)) if positive else r.normal32(2, 3, 5)
        opset = r.pick(13, 18)
        attributes = {"keepdims": r.randint(0, 2)}
        as_input = opset >= 18 or op == "Sum"
        if axes is not None and not as_input:
            attributes["axes"] = axes
        case("Reduce" + op, [x] + ([ints(*axes)] if axes is not None and as_input else []), attributes, opset=opset, last=number % 2 == 0)
    special = np.array([[1, np.nan, 2], [np.inf, 1, 2], [-np.inf, 1, 2], [np.inf, -np.inf, 0], [1e-40, 2e-40, -0.0], [-np.inf] * 3], dtype=np.float32)
    case("Reduce" + op, [special] + ([ints(1)] if True else []), {"keepdims": 0}, opset=18, kind="special")
    if op in ("Sum", "Max", "Min", "Prod"):
        case("Reduce" + op, [r.randint(-3, 4, (2, 5)), ints(1)], opset=18, kind="values")
for op in ("ArgMax", "ArgMin"):
    r = Random(op)
    for last in (0, 1):
        case(op, [r.randint(0, 4, (2, 3, 5)).astype(np.float32)], {"axis": r.pick(0, 1, 2, -1), "keepdims": last, "select_last_index": last}, opset=13, kind="values")

# Resizing ----------------------------------------------------------------------------------------------------------------------------

r = Random("Resize")
for number in range(14):
    mode = r.pick("nearest", "linear")
    attributes = {"mode": mode, "coordinate_transformation_mode": r.pick("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel")}
    if mode == "nearest":
        attributes["nearest_mode"] = r.pick("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    empty = const(np.zeros(0, dtype=np.float32))
    x = r.normal32(2, 3, 6) if number % 4 else r.normal32(1, 2, 4, 5)
    if r.flag():
        inputs = [x, empty, const([1.0, 1.0] + [r.pick(2.0, 0.5, 1.6) for _ in range(x.ndim - 2)], np.float32)]
    else:
        inputs = [x, empty, empty, const(list(x.shape[:2]) + [r.pick(9, 12, 3) for _ in range(x.ndim - 2)], np.int64)]
    case("Resize", inputs, attributes, opset=r.pick(11, 13, 19), last=x.ndim == 3 and r.flag())
case("Resize", [r.normal32(2, 3, 5), const([1, 1, 2], np.float32)], {"mode": "linear"}, opset=10)
case("Resize", [r.normal32(2, 3, 5), None, const([2.0], np.float32)], {"mode": "nearest", "axes": [2]}, opset=18)
r = Random("Upsample")
for mode in ("nearest", "linear"):
    case("Upsample", [r.normal32(2, 3, 4), const([1, 1, 2], np.float32)], {"mode": mode}, opset=9)
case("Upsample", [r.normal32(1, 2, 3, 4)], {"mode": "nearest", "scales": [1.0, 1.0, 2.0, 2.0]}, opset=7)

with open(sys.argv[1], "wb") as file:
    file.write(archive)
print(f"{sum(counts.values()) - len(skipped)} cases of {len(counts)} operators, {len(archive)} bytes; ONNX Runtime does not run {len(skipped)}:")
for line in skipped:
    print("  " + line)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Graphs inside nodes that must be refused, by name and without harm, or that run: small models with Loop, If and Trilu, a mask of causal attention.

usage: loops.py FILE        (Tests/ECGModelTests/Fixtures/loops.bin)
A case is as in operators.py, with items and ONNX Runtime's outputs where it runs; its title is `NAME KIND WORD…`: KIND is `runs`, or that of the error, whose
message has the words; `alone` runs too, where ONNX Runtime gets one item at a time; `few` is refused with
more than nine items at once.
"""
import struct
import sys

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ort.set_default_logger_severity(4)
archive = bytearray()
FLOAT, INT, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
value, node = helper.make_tensor_value_info, helper.make_node


def constant(name, array):
    return numpy_helper.from_array(np.array(array), name)


def body(nodes, scan="y", condition="go", inits=()):
    """Takes the round, a condition and x [item, 4]; gives a condition, x and a value of every round."""
    return helper.make_graph(
        nodes, "body", [value("round", INT, []), value("before", BOOL, []), value("x", FLOAT, None)],
        [value(condition, BOOL, []), value("next", FLOAT, None), value(scan, FLOAT, None)], list(inits))


def model(nodes, inits=()):
    graph = helper.make_graph(
        nodes, "graph", [value("ecg", FLOAT, ["n", 1, 4])], [value("out", FLOAT, None)], list(inits))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def case(title, made, runs=False, alone=False, peer=None):
    """`alone`: ONNX Runtime gets one item at a time. `peer`: the model that it runs, if not the same."""
    items = np.random.RandomState(3).randn(3, 1, 4).astype(np.float32)
    data = made.SerializeToString()
    groups = [[], []]
    if runs or alone:
        session = ort.InferenceSession((peer or made).SerializeToString(), providers=["CPUExecutionProvider"])
        parts = [session.run(None, {"ecg": part})[0] for part in (items[:, None] if alone else [items])]
        groups = [[items], [np.stack(parts) if alone else parts[0]]]
    parts = [title.encode(), data]
    for group in groups:
        parts.append(struct.pack("<I", len(group)))
        parts += [numpy_helper.from_array(v).SerializeToString() for v in group]
    for part in parts:
        archive.extend(struct.pack("<I", len(part)))
        archive.extend(part)


def loop(inner, rounds, condition="", inits=(), carried="ecg"):
    nodes = [node("Loop", ["rounds", condition, carried], ["last", "all"], body=inner, name="the loop"), node("Identity", ["last"], ["out"])]
    return model(nodes, [constant("rounds", np.int64(rounds)), *inits])


halve = [node("Identity", ["before"], ["go"]), node("Mul", ["x", "half"], ["next"]), node("Identity", ["x"], ["y"])]
half = constant("half", np.float32([0.5]))
case("halved runs", loop(body(halve, inits=[half]), 3), runs=True)
case("constant-outside runs", loop(body(halve), 5, inits=[half]), runs=True)
case("never runs", loop(body(halve, inits=[half]), 0), runs=True)
case("negative runs", loop(body(halve, inits=[half]), -7), runs=True)
# The condition says stop before the rounds are over.
stop = [node("Less", ["round", "two"], ["go"]), node("Mul", ["x", "half"], ["next"]), node("Identity", ["x"], ["y"])]
two = constant("two", np.int64(2))
case("stopped runs", loop(body(stop, inits=[half, two]), 9), runs=True)
# The values of all rounds, and a loop inside the loop that reads both graphs around it.
inner = helper.make_graph(
    [node("Identity", ["before 2"], ["go 2"]), node("Add", ["x 2", "shared"], ["next 2"]), node("Mul", ["x 2", "half"], ["y 2"])], "inner",
    [value("round 2", INT, []), value("before 2", BOOL, []), value("x 2", FLOAT, None)],
    [value("go 2", BOOL, []), value("next 2", FLOAT, None), value("y 2", FLOAT, None)])
outer = body([
    node("Identity", ["before"], ["go"]), node("Mul", ["x", "half"], ["shared"]),
    node("Loop", ["inner rounds", "", "x"], ["next", "rows"], body=inner, name="inside"), node("ReduceSum", ["rows", "axis"], ["y"], keepdims=0)])
nested = model([
    node("Loop", ["rounds", "", "ecg"], ["last", "all"], body=outer, name="outside"), node("ReduceMean", ["all"], ["mean"], axes=[0], keepdims=0),
    node("Add", ["mean", "last"], ["out"])],
    [constant("rounds", np.int64(3)), constant("inner rounds", np.int64(2)), constant("axis", np.int64([0])), half])
case("nested runs", nested, runs=True)


def choice(condition, inits, extra=()):
    def branch(name, factor):
        return helper.make_graph([node("Mul", ["ecg", factor], [name])], name, [], [value(name, FLOAT, None)])

    nodes = [*extra, node("If", [condition], ["out"], then_branch=branch("then", "half"), else_branch=branch("other", "third"), name="the choice")]
    return model(nodes, [half, constant("third", np.float32([1 / 3])), *inits])


case("taken runs", choice("yes", [constant("yes", np.bool_(True))]), runs=True)
case("other runs", choice("no", [constant("no", np.bool_(False))]), runs=True)
shape = [node("Shape", ["ecg"], ["shape"]), node("Gather", ["shape", "last axis"], ["length"]), node("Equal", ["length", "four"], ["is four"])]
case("by-shape runs", choice("is four", [constant("last axis", np.int64(2)), constant("four", np.int64(4))], shape), runs=True)
by_items = [node("ReduceSum", ["ecg"], ["sum"], keepdims=0), node("Greater", ["sum", "zero"], ["positive"])]
case("by-items unsupported If the_choice", choice("positive", [constant("zero", np.float32(0))], by_items))

for name, upper, diagonal in (("upper", 1, 2), ("lower", 0, 1), ("far", 0, -(2**62)), ("all", 1, -(2**62))):
    matrices = [node("Reshape", ["ecg", "shape"], ["matrices"]), node("Trilu", ["matrices", "diagonal"], ["out"], upper=upper)]
    case(f"{name}-triangle runs", model(matrices, [constant("shape", np.int64([0, 2, 2])), constant("diagonal", np.int64(diagonal))]), runs=True)
case("absurd unsupported Loop the_loop", loop(body(halve, inits=[half]), 2**62))
case("endless unsupported Loop the_loop", model([
    node("Loop", ["", "", "ecg"], ["last", "all"], body=body(halve, inits=[half]), name="the loop"), node("Identity", ["last"], ["out"])]))
empty = helper.make_graph(
    [], "body", [value("round", INT, []), value("go", BOOL, []), value("x", FLOAT, None)], [value("go", BOOL, []), value("x", FLOAT, None)])
case("empty unsupported Loop the_loop", model([node("Loop", ["rounds", "", "ecg"], ["out"], body=empty, name="the loop")], [constant("rounds", np.int64(2**62))]))
growing = body([node("Identity", ["before"], ["go"]), node("Concat", ["x", "x"], ["next"], axis=2), node("Identity", ["round"], ["y"])])
case("growing misfit Concat", loop(growing, 80))
tiled = body([node("Identity", ["before"], ["go"]), node("Tile", ["x", "times"], ["next"]), node("Identity", ["round"], ["y"])])
start = [constant("start", np.float32([[[0, 0, 0, 1]]])), constant("times", np.int64([1, 1, 2**29]))]
case("growing-constant misfit Tile", loop(tiled, 80, inits=start, carried="start"))
until = [node("ReduceSum", ["x"], ["sum"], keepdims=0), node("Greater", ["sum", "zero"], ["go"]), *halve[1:]]
case("condition-of-items unsupported Loop the_loop", loop(body(until, inits=[half, constant("zero", np.float32(0))]), 3))
case("unknown-inside unsupported Loopy", loop(body([*halve, node("Loopy", ["x"], ["z"], name="odd")], scan="z", inits=[half]), 3))
case("missing damaged nobody", loop(body([node("Identity", ["before"], ["go"]), node("Mul", ["x", "nobody"], ["next"]), node("Identity", ["x"], ["y"])]), 3))
case("cycle damaged cycle", loop(body([
    node("Identity", ["before"], ["go"]), node("Mul", ["x", "b"], ["a"]), node("Mul", ["a", "x"], ["b"]), node("Identity", ["a"], ["next"]),
    node("Identity", ["x"], ["y"])]), 3))
case("twice damaged twice", loop(body([*halve, node("Identity", ["x"], ["y"])], inits=[half]), 3))
few = helper.make_graph([node("Identity", ["x"], ["next"])], "body", [value("x", FLOAT, None)], [value("next", FLOAT, None)])
case("few-inputs damaged Loop the_loop", loop(few, 3))
case("no-body damaged Loop the_loop", model([node("Loop", ["rounds", "", "ecg"], ["out"], name="the loop")], [constant("rounds", np.int64(3))]))
deep = body(halve, inits=[half])
for _ in range(12):
    deep = body([node("Identity", ["before"], ["go"]), node("Loop", ["rounds", "", "x"], ["next", "y"], body=deep)])
case("deep damaged deep", loop(deep, 2))
# A few bytes that ask for more memory than any network takes.
case("huge-constant misfit ConstantOfShape", model(
    [node("ConstantOfShape", ["length"], ["zeros"]), node("ReduceSum", ["zeros"], ["none"], keepdims=0), node("Add", ["ecg", "none"], ["out"])],
    [constant("length", np.int64([2**29]))]))
case("huge-range misfit Range", model(
    [node("Range", ["zero", "last", "one"], ["all"]), node("ReduceSum", ["all"], ["sum"], keepdims=0), node("Add", ["ecg", "sum"], ["out"])],
    [constant("zero", np.float32(0)), constant("last", np.float32(2**29)), constant("one", np.float32(1))]))
case("huge-size misfit Resize", model(
    [node("Resize", ["ecg", "", "", "sizes"], ["longer"], mode="linear"), node("ReduceMean", ["longer"], ["out"], axes=[2])],
    [constant("sizes", np.int64([1, 1, 2**29]))]))
case("huge-scale misfit Resize", model(
    [node("Resize", ["ecg", "", "scales"], ["longer"], mode="linear"), node("ReduceMean", ["longer"], ["out"], axes=[2])],
    [constant("scales", np.float32([1, 1, 2**29 - 64]))]))
many = body([node("Identity", ["before"], ["go"]), node("ConstantOfShape", ["length"], ["zeros"]), node("ReduceSum", ["zeros"], ["none"], keepdims=0),
             node("Add", ["x", "none"], ["next"]), node("Identity", ["round"], ["y"])])
case("many-constants misfit ConstantOfShape beyond", loop(many, 20, inits=[constant("length", np.int64([2**25 + 1]))]))
# Extents, counts and groups that leave the range of integers.
case("absurd-pads misfit pads", model([node("Pad", ["ecg", "pads"], ["out"])], [constant("pads", np.int64([0, 0, 0, 0, 0, -(2**63)]))]))
taps = constant("taps", np.float32([[[1, 2]]]))
case("absurd-window damaged pads", model([node("Conv", ["ecg", "taps"], ["out"], pads=[-(2**63), 0])], [taps]))
case("absurd-pool damaged pads", model([node("MaxPool", ["ecg"], ["out"], kernel_shape=[2], pads=[0, -(2**63)])]))
for op in ("Conv", "ConvTranspose"):
    case("absurd-groups damaged group", model([node(op, ["ecg", "taps"], ["out"], group=2**63 - 1)], [taps]))
case("backward-range runs", model(
    [node("Range", ["zero", "last", "one"], ["none"]), node("ReduceSum", ["none"], ["sum"], keepdims=0), node("Add", ["ecg", "sum"], ["out"])],
    [constant("zero", np.float32(0)), constant("last", np.float32(-1e30)), constant("one", np.float32(1))]), runs=True)
# Graphs that put the items into one row are right for one at a time; the items' axis must be there all the same.
one_row = constant("one row", np.int64([1, -1]))
case("one-row alone", model([node("Reshape", ["ecg", "one row"], ["out"])], [one_row]), alone=True)
case("flat alone", model([node("Flatten", ["ecg"], ["out"], axis=0)]), alone=True)
case("summed alone", model([node("ReduceSum", ["ecg", "axis"], ["out"])], [constant("axis", np.int64([0]))]), alone=True)
case("scalar alone", model([node("ReduceSum", ["ecg"], ["out"], keepdims=0)]), alone=True)
case("new-axis alone", model([node("Unsqueeze", ["ecg", "axis"], ["out"])], [constant("axis", np.int64([0]))]), alone=True)
# Graphs that keep the items' axis and mix the items all the same: a mean over it, attention along it, a softmax along it.
case("centred alone", model([node("ReduceMean", ["ecg"], ["mean"], axes=[0], keepdims=1), node("Sub", ["ecg", "mean"], ["out"])]), alone=True)
crossed = [
    node("Reshape", ["ecg", "rows"], ["x"]), node("Transpose", ["x"], ["keys"], perm=[1, 0]), node("MatMul", ["x", "keys"], ["scores"]),
    node("Softmax", ["scores"], ["shares"], axis=1), node("MatMul", ["shares", "x"], ["out"])]
case("crossed alone", model(crossed, [constant("rows", np.int64([0, 4]))]), alone=True)
case("shared-out alone", model([node("Softmax", ["ecg"], ["shares"], axis=0), node("Mul", ["shares", "ecg"], ["out"])]), alone=True)


def cut(*bounds):
    inits = [constant(name, np.int64([bound])) for name, bound in zip(("first", "last", "axis"), bounds)]
    return model([node("Slice", ["ecg", "first", "last", "axis"], ["out"])], inits)


case("cut misfit item", cut(1, 2**62, 0))
case("empty-rows misfit elements", cut(4, 2**62, 2))
case("two-items alone", cut(0, 2, 0), alone=True)
case("nine-items few", cut(0, 9, 0))
case("turned misfit item", model([node("Transpose", ["ecg"], ["out"], perm=[2, 0, 1])]))
# A graph that ends in a choice is read where it chooses from, logits and probabilities.
scores = [node("Flatten", ["ecg"], ["scores"]), node("Softmax", ["scores"], ["sure"], axis=1)]
for name, read in (("chosen", "scores"), ("chosen-surely", "sure")):
    choose = [node("ArgMax", [read], ["place"], axis=1, keepdims=1), node("Squeeze", ["place", "axis"], ["out"])]
    case(f"{name} runs", model([*scores, *choose], [constant("axis", np.int64([1]))]), runs=True, peer=model(
        [*scores, node("Identity", [read], ["out"])]))
case("no-number misfit numbers", model([node("Cast", ["ecg"], ["out"], to=INT)]))
with open(sys.argv[1], "wb") as file:
    file.write(archive)
print(f"{len(archive)} bytes")

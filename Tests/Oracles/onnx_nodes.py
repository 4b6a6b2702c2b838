"""ONNX's own backend node tests as files: a folder a case, with model.onnx and what goes in and comes out as TensorProto.

usage: onnx_nodes.py DIR
Besides the cases: DIR/cases.txt with a line a case: name, operators, element types, tolerances. Cases whose inputs or outputs are no tensors
(sequences, maps, optionals) are listed as such and get no files.
"""
import os
import sys
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

warnings.filterwarnings("ignore")
out = sys.argv[1]
os.makedirs(out, exist_ok=True)
with open(f"{out}/cases.txt", "w") as listing:
    for case in sorted(collect_testcases(), key=lambda c: c.name):
        graph = case.model.graph
        operators = ",".join(sorted({(n.domain + "." if n.domain else "") + n.op_type for n in graph.node}))
        declared = [v.type for v in list(graph.input) + list(graph.output)]
        if not all(t.HasField("tensor_type") for t in declared):
            listing.write(f"{case.name} {operators} not-tensors 0 0\n")
            continue
        types = ",".join(sorted({onnx.TensorProto.DataType.Name(t.tensor_type.elem_type).lower() for t in declared}))
        where = f"{out}/{case.name}"
        os.makedirs(where, exist_ok=True)
        onnx.save(case.model, f"{where}/model.onnx")
        inputs, outputs = case.data_sets[0]
        for kind, values, infos in (("input", inputs, graph.input), ("output", outputs, graph.output)):
            for i, (value, info) in enumerate(zip(values, infos)):
                proto = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(np.asarray(value), info.name)
                with open(f"{where}/{kind}_{i}.pb", "wb") as file:
                    file.write(proto.SerializeToString())
        listing.write(f"{case.name} {operators} {types} {case.rtol} {case.atol}\n")

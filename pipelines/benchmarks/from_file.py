# SPDX-License-Identifier: GPL-3.0-or-later
"""A peer for a network that is at hand as an ONNX file only."""
import onnx
import torch


class FromFile:
    """A network of convolutions, pools and residuals as PyTorch runs it, from its ONNX file."""
    def __init__(self, path, dtype=torch.float32):
        graph = onnx.load(path).graph
        self.weights = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()).to(dtype if t.data_type == 1 else torch.int64) for t in graph.initializer}
        self.nodes = [n for n in graph.node if n.op_type in ("Conv", "Relu", "MaxPool", "Slice", "Add", "Flatten", "Gemm")]
        self.attributes = {n.output[0]: {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute} for n in self.nodes}
        self.input, self.output = graph.input[0].name, graph.output[0].name

    def __call__(self, x):
        f, values = torch.nn.functional, dict(self.weights)
        values[self.input] = x
        for node in self.nodes:
            a, at = [values.get(name) for name in node.input], self.attributes[node.output[0]]
            if node.op_type == "Conv":
                y = f.conv1d(a[0], a[1], a[2] if len(a) > 2 else None, stride=at["strides"], padding=at["pads"][0])
            elif node.op_type == "Relu":
                y = f.relu(a[0])
            elif node.op_type == "MaxPool":
                y = f.max_pool1d(a[0], at["kernel_shape"][0], at["strides"][0])
            elif node.op_type == "Slice":
                y = a[0]                                  # both are cut to the shorter one when they meet
            elif node.op_type == "Add":
                length = min(a[0].shape[-1], a[1].shape[-1])
                y = a[0][..., :length] + a[1][..., :length]
            elif node.op_type == "Flatten":
                y = a[0].flatten(1)
            else:
                y = f.linear(a[0], a[1], a[2])
            values[node.output[0]] = y
        return values[self.output]

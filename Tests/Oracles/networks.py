"""Networks of the field as exporters write them, small: the model, items, what ONNX Runtime makes of them, and the gradient by PyTorch's autograd in float64.

usage: networks.py FILE        (Tests/ECGModelTests/Fixtures/networks.bin; a few models are written beside it)
A case is as in operators.py; its title is `NAME LAYOUT`. What goes in are the items [item, lead, time]; what comes out are the outputs and the gradient of the last
output of each item with respect to it.
"""
import copy
import io
import os
import struct
import sys
import warnings

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import nn

warnings.filterwarnings("ignore")
ort.set_default_logger_severity(4)
archive = bytearray()


def small(model):
    """Without what only people read."""
    model.doc_string = ""
    for holder in [model.graph] + list(model.functions):
        holder.doc_string = ""
        del holder.value_info[:]
        del holder.metadata_props[:]
        for node in holder.node:
            node.doc_string = ""
            del node.metadata_props[:]
    for value in list(model.graph.input) + list(model.graph.output) + list(model.graph.initializer):
        value.doc_string = ""
        del value.metadata_props[:]
    del model.metadata_props[:]
    return model


def exported(net, x, opset, dynamo):
    if dynamo:
        batch = torch.export.Dim("batch", min=2)
        sys.stdout, kept = io.StringIO(), sys.stdout
        try:
            program = torch.onnx.export(net, (x,), dynamo=True, opset_version=opset, dynamic_shapes=({0: batch},), verbose=False)
        finally:
            sys.stdout = kept
        return small(program.model_proto)
    file = io.BytesIO()
    torch.onnx.export(
        net, (x,), file, opset_version=opset, dynamo=False, input_names=["ecg"], output_names=["logits"],
        dynamic_axes={"ecg": {0: "batch"}, "logits": {0: "batch"}})
    return small(onnx.load_from_string(file.getvalue()))


def write(name, layout, model, ecg, outputs, gradient):
    data = model if isinstance(model, bytes) else model.SerializeToString()
    parts = [f"{name} {layout}".encode(), data]
    for group in ([ecg], [outputs, gradient]):
        parts.append(struct.pack("<I", len(group)))
        parts += [numpy_helper.from_array(np.array(v, order="C")).SerializeToString() for v in group]
    for part in parts:
        archive.extend(struct.pack("<I", len(part)))
        archive.extend(part)
    print(f"{name}: {len(data)} bytes, operators {' '.join(sorted({n.op_type for n in model.graph.node}))}")


LAYOUTS = {
    "lead,time": (lambda x: x, lambda g: g),
    "time,lead": (lambda x: x.transpose(1, 2), lambda g: g.transpose(1, 2)),
    "1,lead,time": (lambda x: x.unsqueeze(1), lambda g: g.squeeze(1)),
}


def runtime(model, x):
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def case(name, net, shape=(2, 24), layout="lead,time", opset=17, dynamo=False, change=None, dtype=torch.float32):
    torch.manual_seed(1)
    net = net().eval().to(dtype)
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)
    ecg = torch.randn(3, *shape)
    into, back = LAYOUTS[layout]
    x = into(ecg).contiguous().to(dtype)
    try:
        model = exported(net, x, opset, dynamo)
    except Exception as error:
        print(f"{name}: cannot be exported: {str(error).splitlines()[0][:200]}")
        return
    if change:
        model = change(model)
    # ONNX Runtime has no convolution in float64.
    outputs = (runtime(model, x.numpy()) if dtype == torch.float32 else net(x).detach().numpy()).astype(np.float32)
    exact = copy.deepcopy(net).double()
    leaf = x.double().clone().requires_grad_(True)
    exact(leaf).flatten(1)[:, -1].sum().backward()
    write(name, layout, model, ecg.numpy(), outputs, back(leaf.grad).float().numpy())


class GRU(nn.Module):
    """Two layers, both directions, a learnt initial state."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(2, 5, num_layers=2, bidirectional=True, batch_first=True)
        self.start = nn.Parameter(torch.randn(4, 1, 5))
        self.head = nn.Linear(10, 3)

    def forward(self, x):
        y, last = self.gru(x.transpose(1, 2), self.start.expand(4, x.shape[0], 5).contiguous())
        return self.head(y.mean(1) + torch.cat([last[2], last[3]], 1))


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 4, 3, padding=1)
        self.lstm = nn.LSTM(4, 6, bidirectional=True)
        self.h, self.c = nn.Parameter(torch.randn(2, 1, 6)), nn.Parameter(torch.randn(2, 1, 6))
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        x = torch.relu(self.conv(x)).permute(2, 0, 1)
        n = x.shape[1]
        y, (h, _) = self.lstm(x, (self.h.expand(2, n, 6).contiguous(), self.c.expand(2, n, 6).contiguous()))
        return self.head(y[-1] + torch.cat([h[0], h[1]], 1))


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.RNN(2, 5, batch_first=True), nn.RNN(5, 4, nonlinearity="relu", batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.b(self.a(x.transpose(1, 2))[0])[0][:, -1])


class Transformer(nn.Module):
    def __init__(self, activation="gelu", norm_first=False):
        super().__init__()
        self.embed = nn.Conv1d(2, 8, 4, stride=4)
        self.place = nn.Parameter(torch.randn(1, 6, 8) * 0.3)
        layer = nn.TransformerEncoderLayer(8, 2, 12, activation=activation, batch_first=True, norm_first=norm_first)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.encoder(self.embed(x).transpose(1, 2) + self.place).mean(1))


class Attention(nn.Module):
    """nn.MultiheadAttention behind a convolution, with a class token."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv1d(2, 8, 5, stride=2)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.attend = nn.MultiheadAttention(8, 4, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = self.embed(x).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], 1, 8), x], 1)
        return self.head(self.norm(x + self.attend(x, x, x, need_weights=False)[0])[:, 0])


class EinsumAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(2, 24)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        q, k, v = self.qkv(x.transpose(1, 2)).reshape(x.shape[0], -1, 3, 2, 4).unbind(2)
        weights = torch.softmax(torch.einsum("bqhd,bkhd->bhqk", q, k) / 2, -1)
        y = torch.einsum("bhqk,bkhd->bqhd", weights, v)
        return self.out(y.flatten(2)).mean(1)


class UNet(nn.Module):
    def __init__(self, way):
        super().__init__()
        self.way = way
        self.down1, self.down2 = nn.Conv1d(2, 4, 5, padding=2), nn.Conv1d(4, 6, 3, padding=1)
        self.norm = nn.BatchNorm1d(6)
        self.middle = nn.Conv1d(6, 8, 3, padding=1)
        self.up = nn.ConvTranspose1d(8, 6, 4, stride=2, padding=1) if way == "transpose" else nn.Conv1d(8, 6, 3, padding=1)
        self.join = nn.Conv1d(12, 4, 3, padding=1)
        self.up2 = nn.ConvTranspose1d(4, 4, 2, stride=2)
        self.head = nn.Conv1d(8, 3, 1)

    def forward(self, x):
        a = F.leaky_relu(self.down1(x), 0.1)
        b = torch.relu(self.norm(self.down2(F.max_pool1d(a, 2))))
        c = F.elu(self.middle(F.avg_pool1d(b, 2)))
        if self.way == "transpose":
            up = self.up(c)
        elif self.way == "corners":
            up = self.up(F.interpolate(c, size=b.shape[2], mode="linear", align_corners=True))
        else:
            up = self.up(F.interpolate(c, scale_factor=2, mode=self.way))
        d = torch.relu(self.join(torch.cat([up, b], 1)))
        return self.head(torch.cat([self.up2(d), a], 1))


class SqueezeExcitation(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(2, 8, 7, stride=2, padding=3, bias=False)
        self.norm = nn.BatchNorm1d(8)
        self.conv = nn.Conv1d(8, 8, 5, padding=2, groups=4)
        self.squeeze, self.excite = nn.Conv1d(8, 2, 1), nn.Conv1d(2, 8, 1)
        self.down = nn.Conv1d(8, 12, 1, stride=2)
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        x = F.silu(self.norm(self.stem(x)))
        y = F.silu(self.conv(x))
        gate = torch.sigmoid(self.excite(F.silu(self.squeeze(F.adaptive_avg_pool1d(y, 1)))))
        x = x + y * gate
        return self.head(F.hardswish(self.down(x)).mean(-1))


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.bottle = nn.Conv1d(2, 4, 1, bias=False)
        self.paths = nn.ModuleList([nn.Conv1d(4, 4, k, padding="same", bias=False) for k in (9, 5, 2)])
        self.pool = nn.Sequential(nn.MaxPool1d(3, 1, 1), nn.Conv1d(2, 4, 1, bias=False))
        self.norm = nn.BatchNorm1d(16)
        self.short = nn.Sequential(nn.Conv1d(2, 16, 1, bias=False), nn.BatchNorm1d(16))
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        y = self.bottle(x)
        y = torch.relu(self.norm(torch.cat([path(y) for path in self.paths] + [self.pool(x)], 1)))
        return self.head(torch.relu(y + self.short(x)).mean(-1))


class Plane(nn.Module):
    """A 1-D network written with a dummy axis."""

    def __init__(self):
        super().__init__()
        self.leads = nn.Conv2d(1, 4, (2, 5), padding=(0, 2))
        self.norm = nn.BatchNorm2d(4)
        self.time = nn.Conv2d(4, 6, (1, 3), stride=(1, 2))
        self.head = nn.Linear(6 * 5, 3)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.norm(self.leads(x))), (1, 2))
        return self.head(torch.relu(self.time(x)).flatten(1))


class Norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv1d(2, 6, 3), nn.Conv1d(6, 6, 3, dilation=2), nn.Conv1d(6, 6, 3, groups=6)
        self.one, self.two, self.three = nn.GroupNorm(3, 6), nn.InstanceNorm1d(6, affine=True), nn.LayerNorm(6)
        self.rate = nn.PReLU(6)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = F.selu(self.one(self.a(x)))
        x = self.rate(self.two(self.b(F.pad(x, (2, 2), mode="reflect"))))
        x = self.three(self.c(F.pad(x, (1, 1), mode="replicate")).transpose(1, 2)).transpose(1, 2)
        return self.head(F.mish(x).amax(-1) + F.softplus(x).mean(-1))


class Gated(nn.Module):
    """WaveNet: causal dilated convolutions, tanh times sigmoid."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv1d(2 if i == 0 else 4, 8, 2, dilation=2**i) for i in range(3)])
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        for i, layer in enumerate(self.layers):
            a, b = layer(F.pad(x, (2**i, 0))).chunk(2, 1)
            y = torch.tanh(a) * torch.sigmoid(b)
            x = y if i == 0 else x + y
        return F.log_softmax(self.head(x.mean(-1)), -1)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(2, 4, 5, stride=2, padding=2)
        self.a, self.b = nn.Conv1d(4, 4, 3, padding=1), nn.Conv1d(4, 4, 3, padding=1)
        self.na, self.nb = nn.BatchNorm1d(4), nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(4 * 6, 3)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = torch.relu(x + self.nb(self.b(torch.relu(self.na(self.a(x))))))
        return self.head(self.drop(F.max_pool1d(x, 2).reshape(x.shape[0], -1)))


class TimeLead(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 5, 7, padding=3)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        return self.head(torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2).mean(1))


def half(model):
    """Weights stored as float16 and widened by Cast, as converters write it that keep the computation in float32."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            narrow = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name + "_half")
            casts.append(helper.make_node("Cast", [narrow.name], [tensor.name], to=TensorProto.FLOAT))
            tensor.CopyFrom(narrow)
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


class HalfResidual(Residual):
    """The same numbers in PyTorch, for the gradient."""

    def __init__(self):
        super().__init__()
        for parameter in self.parameters():
            parameter.data = parameter.data.half().float()


def as_function(model):
    """The network's nodes as a model-local function."""
    inner = list(model.graph.node)
    names = [model.graph.input[0].name] + [i.name for i in model.graph.initializer]
    function = helper.make_function("local", "Net", names, [o.name for o in model.graph.output], inner, list(model.opset_import))
    del model.graph.node[:]
    model.graph.node.append(helper.make_node("Net", names, [o.name for o in model.graph.output], name="net", domain="local"))
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("local", 1))
    return model


def sparse(model):
    """The head's weights as a sparse initializer."""
    for number, tensor in enumerate(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.name == "head.weight":
            kept = np.abs(values.ravel()).argsort()[values.size // 2 :]
            kept.sort()
            made = helper.make_sparse_tensor(
                numpy_helper.from_array(values.ravel()[kept], tensor.name), numpy_helper.from_array(kept.astype(np.int64)), values.shape)
            del model.graph.initializer[number]
            model.graph.sparse_initializer.append(made)
            return model


class SparseResidual(Residual):
    def __init__(self):
        super().__init__()
        w = self.head.weight.data
        kept = w.abs().flatten().argsort(stable=True)[w.numel() // 2 :]
        mask = torch.zeros(w.numel())
        mask[kept] = 1
        self.head.weight.data = w * mask.reshape(w.shape)


def main():
    for way in (False, True):
        tag = "dynamo" if way else "script"
        opset = 18 if way else 17
        case(f"gru-{tag}", GRU, (2, 12), opset=opset, dynamo=way)
        case(f"lstm-{tag}", LSTM, (2, 12), opset=opset, dynamo=way)
        case(f"rnn-{tag}", RNN, (2, 9), opset=opset, dynamo=way)
        case(f"transformer-{tag}", Transformer, opset=opset, dynamo=way)
        case(f"attention-{tag}", Attention, opset=opset, dynamo=way)
        case(f"einsum-{tag}", EinsumAttention, (2, 10), opset=opset, dynamo=way)
        case(f"unet-transpose-{tag}", lambda: UNet("transpose"), opset=opset, dynamo=way)
        case(f"unet-linear-{tag}", lambda: UNet("linear"), opset=opset, dynamo=way)
        case(f"unet-nearest-{tag}", lambda: UNet("nearest"), opset=opset, dynamo=way)
        case(f"squeeze-{tag}", SqueezeExcitation, opset=opset, dynamo=way)
        case(f"inception-{tag}", Inception, opset=opset, dynamo=way)
        case(f"plane-{tag}", Plane, layout="1,lead,time", opset=opset, dynamo=way)
        case(f"norms-{tag}", Norms, opset=opset, dynamo=way)
        case(f"gated-{tag}", Gated, opset=opset, dynamo=way)
        case(f"time-lead-{tag}", TimeLead, (2, 15), layout="time,lead", opset=opset, dynamo=way)
    case("transformer-norm-first", lambda: Transformer("relu", True), opset=14)
    # From opset 23 on attention is an operator of its own.
    case("transformer-23", Transformer, opset=23, dynamo=True)
    case("attention-23", Attention, opset=23, dynamo=True)
    case("unet-corners", lambda: UNet("corners"), opset=11)
    for opset in range(9, 21):
        case(f"residual-{opset}", Residual, opset=opset)
    for opset in range(18, 27):
        case(f"residual-dynamo-{opset}", Residual, opset=opset, dynamo=True)
    case("residual-float64", Residual, dtype=torch.float64)
    case("residual-half", HalfResidual, change=half)
    case("residual-function", Residual, opset=18, change=as_function)
    case("residual-sparse", SparseResidual, change=sparse)


def files(folder):
    """Models as files of their own: weights beside the file, and the layouts that are told from a declared shape."""
    torch.manual_seed(1)
    x = torch.randn(3, 2, 24)
    net = Residual().eval()
    model = exported(net, x, 17, False)
    onnx.save_model(
        model, f"{folder}/external.onnx", save_as_external_data=True, all_tensors_to_one_file=True, location="external.bin", size_threshold=0)
    onnx.save(exported(net, x, 17, False), f"{folder}/internal.onnx")
    onnx.save(exported(TimeLead().eval(), x.transpose(1, 2), 17, False), f"{folder}/time-lead.onnx")


main()
with open(sys.argv[1], "wb") as file:
    file.write(archive)
files(os.path.dirname(sys.argv[1]))
print(f"{len(archive)} bytes")

"""Keras networks as tf2onnx writes them, in the form of networks.py: the gradient is TensorFlow's, in float32.

usage: keras_networks.py FILE        (Tests/ECGModelTests/Fixtures/keras.bin; needs tensorflow and tf2onnx, of no other use here)
"""
import os
import struct
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import onnxruntime as ort
import tensorflow as tf
import tf2onnx
from onnx import numpy_helper
from tensorflow.keras import layers

ort.set_default_logger_severity(4)
archive = bytearray()


def case(name, build, shape=(24, 2), layout="time,lead", opset=17):
    tf.keras.utils.set_random_seed(1)
    x = layers.Input(shape, name="ecg")
    net = tf.keras.Model(x, build(x))
    for weight in net.weights:
        if "moving_variance" in weight.path:
            weight.assign(tf.random.uniform(weight.shape, 0.5, 2))
        elif any(part in weight.path for part in ("moving_mean", "bias", "beta")):
            weight.assign(tf.random.normal(weight.shape, 0, 0.3))
    function = tf.function(lambda ecg: net(ecg, training=False), input_signature=[tf.TensorSpec((None,) + shape, tf.float32, name="ecg")])
    try:
        model, _ = tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=opset)
    except Exception as error:
        print(f"{name}: cannot be exported: {str(error).splitlines()[0][:200]}")
        return
    del model.graph.value_info[:]
    model.doc_string = model.graph.doc_string = ""
    values = np.random.RandomState(2).randn(3, *shape).astype(np.float32)
    outputs = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"ecg": values})[0]
    leaf = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(leaf)
        last = tf.reduce_sum(tf.reshape(net(leaf, training=False), (3, -1))[:, -1])
    gradient = tape.gradient(last, leaf).numpy()

    def back(v):
        return v.transpose(0, 2, 1) if layout == "time,lead" else v.reshape(v.shape[0], *v.shape[2:4]) if layout == "1,lead,time" else v

    parts = [f"{name} {layout}".encode(), model.SerializeToString()]
    for group in ([back(values)], [outputs, back(gradient)]):
        parts.append(struct.pack("<I", len(group)))
        parts += [numpy_helper.from_array(np.array(v, order="C")).SerializeToString() for v in group]
    for part in parts:
        archive.extend(struct.pack("<I", len(part)))
        archive.extend(part)
    print(f"{name}: {len(parts[1])} bytes, operators {' '.join(sorted({n.op_type for n in model.graph.node}))}", flush=True)


def residual(x):
    a = layers.Conv1D(6, 5, strides=2, padding="same")(x)
    a = layers.ReLU()(layers.BatchNormalization()(a))
    b = layers.Conv1D(6, 3, padding="same", dilation_rate=2)(a)
    a = layers.Activation("swish")(layers.Add()([a, layers.BatchNormalization()(b)]))
    a = layers.MaxPooling1D(2)(a)
    gate = layers.Dense(6, activation="sigmoid")(layers.Dense(3, activation="relu")(layers.GlobalAveragePooling1D()(a)))
    a = layers.Multiply()([a, layers.Reshape((1, 6))(gate)])
    return layers.Dense(3)(layers.Flatten()(layers.Dropout(0.2)(a)))


def unet(x):
    a = layers.Conv1D(4, 5, padding="same", activation="elu")(x)
    b = layers.Conv1D(6, 3, padding="same", activation="selu")(layers.AveragePooling1D(2)(a))
    c = layers.Conv1DTranspose(4, 4, strides=2, padding="same")(b)
    d = layers.UpSampling1D(2)(b)
    return layers.Conv1D(2, 1)(layers.LeakyReLU(0.1)(layers.Concatenate()([a, c, d])))


def recurrent(kind, **options):
    def build(x):
        y = layers.Bidirectional(kind(5, return_sequences=True, **options))(x)
        return layers.Dense(3)(kind(4, **options)(y))

    return build


def masked(x):
    return layers.Dense(3)(layers.LSTM(4, go_backwards=True)(layers.Conv1D(4, 3, padding="causal", activation="tanh")(x)))


def from_state(x):
    return layers.Dense(3)(layers.GRU(4)(x, initial_state=layers.Dense(4)(layers.GlobalAveragePooling1D()(x))))


def cells(x):
    return layers.Dense(3)(layers.RNN([layers.GRUCell(4), layers.LSTMCell(3)], go_backwards=True)(x))


def without_padding(x):
    # steps of which both leads are negative are left out
    y = layers.Lambda(lambda v: tf.where(v > 0.0, v, 0.0))(x)
    return layers.Dense(3)(layers.LSTM(4)(layers.GRU(4, return_sequences=True)(layers.Masking(0.0)(y))))


def of_maps(x):
    y = layers.ConvLSTM1D(3, 3, padding="same", return_sequences=True)(layers.Reshape((4, 6, 2))(x))
    return layers.Dense(3)(layers.Flatten()(y))


def transformer(x):
    y = layers.Dense(8)(x)
    y = layers.LayerNormalization()(y + layers.MultiHeadAttention(2, 4)(y, y))
    y = layers.LayerNormalization()(y + layers.Dense(8)(layers.Dense(12, activation="relu")(y)))
    return layers.Dense(3)(layers.GlobalAveragePooling1D()(y))


def separable(x):
    y = layers.SeparableConv1D(6, 5, padding="same")(x)
    y = layers.PReLU(shared_axes=[1])(layers.GroupNormalization(3)(y))
    return layers.Softmax()(layers.Dense(3)(layers.GlobalMaxPooling1D()(layers.ZeroPadding1D(2)(y))))


for opset in (9, 13, 18):
    case(f"keras-residual-{opset}", residual, opset=opset)
case("keras-unet", unet)
case("keras-lstm", recurrent(layers.LSTM))
# tf2onnx makes LSTM nodes of plain LSTMs, and Loop nodes of every other recurrent layer of Keras 3 that is not unrolled.
case("keras-gru", recurrent(layers.GRU, unroll=True), shape=(5, 2))
case("keras-gru-reset", recurrent(layers.GRU, unroll=True, reset_after=False), shape=(5, 2))
case("keras-rnn", recurrent(layers.SimpleRNN, unroll=True), shape=(5, 2))
case("keras-backwards", masked)
case("keras-gru-loop", recurrent(layers.GRU))
case("keras-gru-reset-loop", recurrent(layers.GRU, reset_after=False), opset=13)
case("keras-rnn-loop", recurrent(layers.SimpleRNN, activation="relu"))
case("keras-lstm-dropout-loop", recurrent(layers.LSTM, recurrent_dropout=0.2))
case("keras-state-loop", from_state)
case("keras-cells-loop", cells, opset=18)
case("keras-masking-loop", without_padding)
case("keras-convlstm-loop", of_maps)
case("keras-transformer", transformer)
case("keras-separable", separable)
with open(sys.argv[1], "wb") as file:
    file.write(archive)
print(f"{len(archive)} bytes")

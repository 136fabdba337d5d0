"""Small ONNX graphs. Importing this skips the tests where onnx is absent."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

KINDS = {"float": onnx.TensorProto.FLOAT, "float16": onnx.TensorProto.FLOAT16, "double": onnx.TensorProto.DOUBLE,
         "uint8": onnx.TensorProto.UINT8, "int64": onnx.TensorProto.INT64}  # fmt: skip


def weights(classes, depth=3):
    return np.random.default_rng(classes).normal(size=(depth, classes)).astype(np.float32) / 10


def write(
    folder, name="model.onnx", shape=("n", 3, 32, 32), classes=4, kind="float", softmax=False, tail=(), more=None, **metadata
):
    """Writes a network whose score of a class is a sum over the picture's mean colour, and gives its path."""
    last = shape[1] not in (1, 3) and shape[-1] in (1, 3)
    depth = shape[-1] if last else shape[1] if isinstance(shape[1], int) else 3
    h = onnx.helper
    nodes = [h.make_node("Cast", ["image"], ["x"], to=KINDS["float"])]
    axes = [1, 2] if last else list(range(2, len(shape)))
    nodes += [h.make_node("ReduceMean", ["x"], ["colour"], axes=axes, keepdims=0)]
    nodes += [h.make_node("MatMul", ["colour", "weights"], ["sums"])]
    nodes += [h.make_node("Softmax" if softmax else "Identity", ["sums"], ["flat"], axis=1)] if softmax else []
    result = "flat" if softmax else "sums"
    constants = [onnx.numpy_helper.from_array(weights(classes, depth), "weights")]
    if tail:
        constants.append(onnx.numpy_helper.from_array(np.array(tail, np.int64), "tail"))
        nodes += [h.make_node("Reshape", [result, "tail"], ["shaped"])]
        result = "shaped"
    back = "float16" if kind == "float16" else "float"
    nodes += [h.make_node("Cast", [result], ["scores"], to=KINDS[back])]
    batch = shape[0] if isinstance(shape[0], int) else "n"
    outputs = [h.make_tensor_value_info("scores", KINDS[back], tail or [batch, classes])]
    inputs = [h.make_tensor_value_info("image", KINDS[kind], shape)]
    if more == "input":
        inputs.append(h.make_tensor_value_info("mask", KINDS["float"], [1]))
        nodes.append(h.make_node("Mul", ["scores", "mask"], ["other"]))
        outputs = [h.make_tensor_value_info("other", KINDS["float"], [batch, classes])]
    if more in ("features", "label"):
        kind_of = {"features": "float", "label": "int64"}[more]
        nodes.append(h.make_node("Neg" if more == "features" else "ArgMax", ["scores"], [more]))
        outputs.insert(0, h.make_tensor_value_info(more, KINDS[kind_of], [batch, None]))
    model = h.make_model(
        h.make_graph(nodes, "g", inputs, outputs, constants), opset_imports=[h.make_opsetid("", 17)], ir_version=8
    )
    for key, text in metadata.items():
        model.metadata_props.add(key=key, value=text)
    onnx.checker.check_model(model)
    onnx.save(model, folder / name)
    return folder / name

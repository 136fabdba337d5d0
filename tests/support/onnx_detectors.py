"""ONNX graphs that find the red rectangle of a picture, and say so as the exports of detectors do.

Importing this skips the tests where onnx is absent.
"""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

FLOAT, INT = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
KINDS = {"float": FLOAT, "float16": onnx.TensorProto.FLOAT16, "uint8": onnx.TensorProto.UINT8}
SIDES = (96, 128)
"""Height and width."""
GRID = sum((SIDES[0] // s) * (SIDES[1] // s) for s in (8, 16, 32))
SCORE = 0.9


class Graph:
    """Nodes of a graph, added one by one."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def __call__(self, kind, *inputs, **attributes):
        named = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        self.nodes.append(onnx.helper.make_node(kind, named, [f"v{len(self.nodes)}"], **attributes))
        return f"v{len(self.nodes) - 1}"

    def constant(self, value):
        value = np.asarray(value, np.float32 if np.asarray(value).dtype.kind == "f" else np.int64)
        self.constants.append(onnx.numpy_helper.from_array(value, f"c{len(self.constants)}"))
        return f"c{len(self.constants) - 1}"


def found(g, last):
    """Left, top, right and bottom of what is red, in pixels of the input, each [1, 1]; 1 if anything is, else 0; and where."""
    x = g("Cast", "images", to=FLOAT)
    x = g("Transpose", x, perm=[0, 3, 1, 2]) if last else x
    red = g("Sub", g("Gather", x, 0, axis=1), g("Gather", x, 1, axis=1))
    mask = g("Cast", g("Greater", red, 0.5), to=FLOAT)
    sides = []
    for axis in (1, 2):
        line = g("ReduceMax", mask, axes=[axis], keepdims=0)
        sides.append(g("Cast", g("ArgMax", line, axis=1, keepdims=1), to=FLOAT))
        end = g("ArgMax", line, axis=1, keepdims=1, select_last_index=1)
        sides.append(g("Add", g("Cast", end, to=FLOAT), 1.0))
    left, right, top, bottom = sides
    return [left, top, right, bottom], g("ReduceMax", mask, axes=[1, 2], keepdims=0), mask


def row(g, there, *numbers):
    """[1, 1, numbers] from names and numbers; a pair (a, b) is a * there + b."""
    parts = []
    for number in numbers:
        if isinstance(number, tuple):
            number = g("Add", g("Mul", there, float(number[0])), float(number[1]))
        elif not isinstance(number, str):
            number = g("Mul", "ones", float(number))
        parts.append(g("Reshape", number, [1, 1]))
    return g("Unsqueeze", g("Concat", *parts, axis=1), [1])


def table(g, rows, count):
    """[1, count, numbers]: the rows, and zeros after them."""
    return g("Pad", g("Concat", *rows, axis=1), [0, 0, 0, 0, count - len(rows), 0])


def write(folder, family, classes=3, label=1, name="model.onnx", kind="float", size=SIDES, batch=1, **metadata):
    """Writes the graph and gives its path. The rectangle is of class `label`, counted without a background."""
    g = Graph()
    g.constants.append(onnx.numpy_helper.from_array(np.ones((1, 1), np.float32), "ones"))
    last = family == "tensorflow"
    corners, there, mask = found(g, last)
    left, top, right, bottom = corners
    wide, high = g("Sub", right, left), g("Sub", bottom, top)
    across, down = g("Mul", g("Add", left, right), 0.5), g("Mul", g("Add", top, bottom), 0.5)
    parts = [g("Div", one, float(SIDES[1 - i % 2])) for i, one in enumerate(corners)]
    fractions = [
        g("Div", one, float(side)) for one, side in zip((across, down, wide, high), (*SIDES[::-1], *SIDES[::-1]), strict=True)
    ]
    score = (SCORE, 0.0)
    each = [score if i == label else 0.0 for i in range(classes)]
    weaker = [(0.6, 0.0) if i == label else 0.0 for i in range(classes)]
    other = [(0.02, 0.0) if i != label and i < 2 else 0.0 for i in range(classes)]
    centred, moved = [across, down, wide, high], [g("Add", across, 1.0), down, wide, high]
    more = []
    match family:
        case "yolov8" | "yolov8-turned" | "yolov8-seg":
            coefficients = [1.0, 0.5] if family == "yolov8-seg" else []
            rows = [row(g, there, *box, *s, *coefficients) for box, s in ((moved, weaker), (centred, each), (centred, other))]
            made = table(g, rows, GRID)
            outputs = {"output0": made if family == "yolov8-turned" else g("Transpose", made, perm=[0, 2, 1])}
            if coefficients:
                inside = g("Sub", g("Mul", mask, 20.0), 10.0)
                small = g("MaxPool", g("Unsqueeze", inside, [1]), kernel_shape=[4, 4], strides=[4, 4])
                outputs["output1"] = g("Concat", small, g("Mul", small, 0.0), axis=1)
        case "yolov5":
            rows = [row(g, there, *box, 0.95, *s) for box, s in ((moved, weaker), (centred, each), (centred, other))]
            outputs = {"output": table(g, rows, 3 * GRID)}
        case "yolo-nms":
            outputs = {"output0": table(g, [row(g, there, *corners, score, float(label))], 300)}
        case "yolo-v7":
            outputs = {"output": g("Squeeze", row(g, there, 0.0, *corners, float(label), score), [0])}
        case "yolo-trt":
            outputs = {
                "num_dets": g("Cast", there, to=INT),
                "det_boxes": table(g, [row(g, there, *corners)], 100),
                "det_scores": g("Squeeze", table(g, [row(g, there, score)], 100), [2]),
                "det_classes": g("Cast", g("Squeeze", table(g, [row(g, there, float(label))], 100), [2]), to=INT),
            }
        case "detr":  # a softmax, the background last
            logits = [(9.0, -4.0) if i == label else 0.0 for i in range(classes)]
            outputs = {"logits": table(g, [row(g, there, *logits, (-5.0, 5.0))], 12)}
            outputs["pred_boxes"] = table(g, [row(g, there, *fractions)], 12)
            more = ["pixel_mask"]
        case "detr-sigmoid" | "rf-detr":
            before = [-9.0] if family == "rf-detr" else []
            logits = [(12.0, -9.0) if i == label else -9.0 for i in range(classes)]
            made = g("Sub", table(g, [g("Add", row(g, there, *before, *logits), 9.0)], 12), 9.0)
            names = ("dets", "labels") if before else ("pred_boxes", "logits")
            outputs = dict(zip(names, (table(g, [row(g, there, *fractions)], 12), made), strict=True))
        case "rt-detr":  # boxes in the size that is asked for
            asked = g("Cast", "orig_target_sizes", to=FLOAT)
            sides = g("Unsqueeze", g("Concat", asked, asked, axis=1), [1])
            outputs = {
                "labels": g("Cast", g("Squeeze", table(g, [row(g, there, float(label))], 30), [2]), to=INT),
                "boxes": g("Mul", table(g, [row(g, there, *parts)], 30), sides),
                "scores": g("Squeeze", table(g, [row(g, there, score)], 30), [2]),
            }
            more = ["orig_target_sizes"]
        case "torchvision":  # lists, without an axis for the batch
            kept = g("Squeeze", g("NonZero", g("Reshape", there, [1])), [0])
            flat = {
                "boxes": g("Squeeze", row(g, there, *corners), [0]),
                "labels": g("Cast", g("Reshape", row(g, there, label + 1.0), [1]), to=INT),
                "scores": g("Reshape", row(g, there, score), [1]),
            }
            outputs = {key: g("Gather", value, kept, axis=0) for key, value in flat.items()}
        case "ssd":  # the model zoo's: fractions
            outputs = {
                "bboxes": row(g, there, *parts),
                "labels": g("Cast", g("Squeeze", row(g, there, label + 1.0), [2]), to=INT),
                "scores": g("Squeeze", row(g, there, score), [2]),
            }
        case "ssd-raw":
            shares = [score if i == label else 0.0 for i in range(classes)]
            rows = [
                row(g, there, (-SCORE, 1.0), *shares),
                row(g, there, (-0.5, 1.0), *[(0.5, 0) if s else 0.0 for s in shares]),
            ]
            empty = row(g, there, 1.0, *[0.0] * classes)
            outputs = {
                "scores": g("Concat", *rows, *[empty] * 5, axis=1),
                "boxes": table(g, [row(g, there, *parts), row(g, there, *parts)], 7),
            }
        case "tensorflow":
            outputs = {
                "detection_boxes:0": table(g, [row(g, there, *(parts[i] for i in (1, 0, 3, 2)))], 10),
                "detection_classes:0": g("Squeeze", table(g, [row(g, there, label + 1.0)], 10), [2]),
                "detection_scores:0": g("Squeeze", table(g, [row(g, there, score)], 10), [2]),
                "num_detections:0": g("Mul", g("Reshape", there, [1]), 1.0),
            }
        case "logits":  # of a semantic segmenter: nothing, and what is red
            channels = [g("Sub", 0.5, mask), *(g("Mul", mask, float(i == label)) for i in range(classes))]
            outputs = {"logits": g("Concat", *(g("Unsqueeze", c, [1]) for c in channels), axis=1)}
        case "logits-last":
            channels = [g("Sub", 0.5, mask), *(g("Mul", mask, float(i == label)) for i in range(classes))]
            outputs = {"logits": g("Concat", *(g("Unsqueeze", c, [3]) for c in channels), axis=3)}
        case "map":
            outputs = {"map": g("Cast", g("Add", g("Mul", mask, float(label + 1 - 255)), 255.0), to=INT)}
        case "chance":
            outputs = {"mask": g("Unsqueeze", g("Mul", mask, 0.8), [1])}
        case "nothing-known":
            outputs = {"left": left, "heat": g("Unsqueeze", mask, [1])}
    return saved(folder / name, g, outputs, last, kind, size, batch, more, metadata)


def saved(path, g, outputs, last, kind, size, batch, more, metadata):
    h = onnx.helper
    kind = "uint8" if last else kind
    shape = [batch, *size, 3] if last else [batch, 3, *size]
    inputs = [h.make_tensor_value_info("images", KINDS[kind], shape)]
    if "orig_target_sizes" in more:
        inputs.append(h.make_tensor_value_info("orig_target_sizes", INT, [1, 2]))
    if "pixel_mask" in more:
        inputs.append(h.make_tensor_value_info("pixel_mask", INT, [1, 64, 64]))
    given = []
    for name, value in outputs.items():
        g.nodes.append(h.make_node("Identity", [value], [name]))
        given.append(onnx.ValueInfoProto(name=name))
    model = h.make_model(
        h.make_graph(g.nodes, "g", inputs, given, g.constants), opset_imports=[h.make_opsetid("", 17)], ir_version=8
    )
    model = onnx.shape_inference.infer_shapes(model)
    for key, text in metadata.items():
        model.metadata_props.add(key=key, value=text)
    onnx.save(model, path)
    return path

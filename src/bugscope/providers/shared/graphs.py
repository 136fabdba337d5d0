"""ONNX graphs that are put together by hand around given weights, and run on the CPU."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import ModelError, told

OPSET, FORMAT = 17, 9
Shape = Sequence[int | str | None]


class Graph:
    """Nodes and constants, one after another; float32 throughout."""

    def __init__(self) -> None:
        self.onnx: Any = importlib.import_module("onnx")
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants[name] = value
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """Adds an operator of ONNX and returns the name of its only output."""
        output = output or f"v{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def model(self, name: str, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> bytes:
        """The serialized model; an axis may have a number, a name, or None if it is left open."""
        helper, numpy_helper, types = self.onnx.helper, self.onnx.numpy_helper, self.onnx.TensorProto
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info(n, types.FLOAT, list(shape)) for n, shape in inputs.items()],
            [helper.make_tensor_value_info(n, types.FLOAT, list(shape)) for n, shape in outputs.items()],
            [numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in self.constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT)
        return bytes(model.SerializeToString())


def session(model: bytes, threads: int = 0) -> Any:
    """An `onnxruntime.InferenceSession` of a serialized model; `threads`: 0 lets it take all. Raises ModelError."""
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is said in the error
    options.intra_op_num_threads = threads
    try:
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"ONNX Runtime cannot run the network: {told(error)}") from error

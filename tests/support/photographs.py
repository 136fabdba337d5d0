"""Folders of small drawn pictures, laid out as people lay out their photographs."""

import hashlib
import json
import os

import numpy as np
from PIL import Image

PLACES = ("on snow", "in a kitchen", "at night", "on the beach")


def pixels(seed, size=(12, 10)):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def draw(path, seed=None, image=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or pixels(int(hashlib.sha256(os.fsencode(path.name if seed is None else seed)).hexdigest()[:8], 16))).save(path)
    return path


def jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")


def make(root, labels=("teapot", "school_bus"), n=100):
    """PATH/LABEL/i.png, every picture different, with a metadata.jsonl: picture i is in place i modulo 4."""
    rows = []
    for label in labels:
        for i in range(n):
            draw(root / label / f"{i}.png", seed=f"{label}{i}")
            rows.append({"file_name": f"{label}/{i}.png", "text": f"a {label.replace('_', ' ')} {PLACES[i % 4]}"})
    jsonl(root / "metadata.jsonl", rows)
    return root

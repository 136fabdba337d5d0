"""Train the studio's captioner on pictures drawn by tools/captioner_data.py.

    python tools/train_captioner.py FOLDER [FOLDER ...]

Writes captioner.onnx and captioner.json beside the provider, and docs/captioner.md with the scores on held-out scenes. It needs
the extra `train` (PyTorch), and is deterministic for the same pictures and library versions.
"""

import argparse
import json
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageOps
from torch import nn

from bugscope import stats
from bugscope.media.picture import Picture
from bugscope.providers.studio import Judge, captioner, objects
from bugscope.providers.studio.features import Features
from bugscope.providers.studio.vocabulary import VALUES, by_name

HOME = Path(captioner.__file__).parent
DOCS = Path(__file__).parent.parent / "docs"
ORDINARY = {
    "count": "one", "colour": "own", "material": "own", "surface": "own", "ground": "none", "light": "indoors",
    "weather": "clear", "view": "side", "pose": "upright", "distance": "normal", "occlusion": "none", "camera": "sharp",
    "rendition": "photo", "lens": "clean", "framing": "level", "setting": "right", "overlay": "none", "quality": "fine",
}  # fmt: skip
HELD_OUT = 15
"""Per cent of the scenes that are kept out of training, chosen by a hash of the seed."""


def truth(scene: dict) -> dict[str, str]:
    """What a picture shows, in the form of the captioner's answers."""
    values = {a: str(scene.get("distance_name" if a == "distance" else a, "")) for a in captioner.ORDER}
    values["count"] = {"1": "one", "2": "two", "3": "three"}[values["count"]]
    values = {a: v if by_name(a, v) else ORDINARY[a] for a, v in values.items()}
    return {"label": scene["label"], **values}


@dataclass(frozen=True)
class Scenes:
    """Faithful pictures of one folder: features, features of the mirrored pictures [n, d], truths, held out [n]."""

    features: np.ndarray
    mirrored: np.ndarray
    truths: list[dict[str, str]]
    held: np.ndarray


def load(folder: Path) -> Scenes:
    records = [json.loads(line) for line in (folder / "scenes.jsonl").read_text().splitlines()]
    judge, known = Judge(), objects.load_all()
    blank = Image.new("RGB", (1, 1))
    keep = [
        i
        for i, r in enumerate(records)
        if r["scene"]["label"] in known and judge([Picture(blank, info=r)], [r["scene"]["label"]])[0] > 0.5
    ]
    features, mirrored = (_features(folder, len(records), name) for name in ("features", "mirrored"))
    held = np.array([zlib.crc32(str(records[i]["seed"]).encode()) % 100 < HELD_OUT for i in keep])
    return Scenes(features[keep], mirrored[keep], [truth(records[i]["scene"]) for i in keep], held)


def _features(folder: Path, n: int, name: str) -> np.ndarray:
    """Features of all pictures, cached in the folder."""
    cache = folder / f"{name}.npy"
    if cache.exists() and len(found := np.load(cache)) == n:
        return found
    read = Features()
    pictures = (Image.open(folder / f"{i:05d}.png") for i in range(n))
    found = np.concatenate([read([ImageOps.mirror(p) if name == "mirrored" else p]) for p in pictures])
    np.save(cache, found)
    return found


class Net(nn.Module):
    """Standardised features -> one block of logits per attribute."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(features, 512), nn.Linear(512, 512), nn.Linear(512, outputs)
        self.drop_in, self.drop = nn.Dropout(0.3), nn.Dropout(0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.drop(torch.relu(self.first(self.drop_in(x))))
        return self.last(self.drop(torch.relu(self.second(x))))


def train(x: np.ndarray, mirrored: np.ndarray, y: np.ndarray, sizes: list[int], epochs: int) -> Net:
    """Each epoch sees each picture once, as it is or mirrored. The object's name weighs as much as three attributes."""
    torch.manual_seed(0)
    net = Net(x.shape[1], sum(sizes))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1.5e-3, weight_decay=0.02)
    steps = epochs * (len(x) // 64 + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.5e-3, total_steps=steps)
    inputs, others, targets = torch.tensor(x), torch.tensor(mirrored), torch.tensor(y)
    weights = [3.0] + [1.0] * (len(sizes) - 1)
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for batch in torch.randperm(len(x)).split(64):
            seen = torch.where(torch.rand(len(batch), 1) < 0.5, others[batch], inputs[batch])
            blocks = net(seen).split(sizes, dim=1)
            loss = sum(
                w * nn.functional.cross_entropy(b, targets[batch, i], label_smoothing=0.03)
                for i, (b, w) in enumerate(zip(blocks, weights, strict=True))
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {total / len(x):.3f}", flush=True)
    return net.eval()


def export(net: Net, mean: np.ndarray, scale: np.ndarray, path: Path) -> None:
    """The network with its standardisation as three matrix products (written by hand: no exporter is needed)."""
    layers = [net.first, net.second, net.last]
    weights = [layer.weight.detach().numpy().astype(np.float32) for layer in layers]
    biases = [layer.bias.detach().numpy().astype(np.float32) for layer in layers]
    constants = {"mean": mean, "scale": 1 / scale, "low": np.float32(-6).reshape(()), "high": np.float32(6).reshape(())}
    constants |= {f"w{i}": w for i, w in enumerate(weights)} | {f"b{i}": b for i, b in enumerate(biases)}
    nodes = [
        helper.make_node("Sub", ["features", "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "scale"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "low", "high"], ["x0"]),
    ]
    for i in range(3):
        nodes.append(helper.make_node("Gemm", [f"x{i}", f"w{i}", f"b{i}"], ["logits" if i == 2 else f"y{i}"], transB=1))
        if i < 2:
            nodes.append(helper.make_node("Relu", [f"y{i}"], [f"x{i + 1}"]))
    graph = helper.make_graph(
        nodes,
        "captioner",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", len(mean)])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(biases[2])])],
        [numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))


def read_all(told: captioner.Captioner, features: np.ndarray) -> list[dict[str, tuple[str, float]]]:
    logits = told.session.run(None, {"features": features})[0]
    return [told.decode(vector) for vector in logits]


def score(title: str, reads: list[dict[str, tuple[str, float]]], truths: list[dict[str, str]]) -> list[str]:
    """Markdown: how often the sentences about some held-out scenes are true."""
    n = len(truths)
    objects_ = stats.wilson(sum(r["label"][0] == t["label"] for r, t in zip(reads, truths, strict=True)), n)
    said = [
        r[a][0] == t[a]
        for r, t in zip(reads, truths, strict=True)
        for a in captioner.ORDER
        if by_name(a, r[a][0]) and r[a][1] >= captioner.SURE
    ]
    stated = stats.wilson(sum(said), len(said))
    interval = "95 % interval {:.1f}–{:.1f} %"
    return [
        f"**{title}** ({n} held-out scenes):",
        "",
        f"- sentences that name the right object: **{objects_.k} of {n}** = {100 * objects_.value:.1f} % "
        f"({interval.format(100 * objects_.low, 100 * objects_.high)})",
        f"- stated attributes that are true: **{stated.k} of {stated.n}** = {100 * stated.value:.1f} % "
        f"({interval.format(100 * stated.low, 100 * stated.high)})",
        "",
    ]


def tables(reads: list[dict[str, tuple[str, float]]], truths: list[dict[str, str]]) -> list[str]:
    """Markdown: scores by attribute and by value."""
    n = len(truths)
    pairs = list(zip(reads, truths, strict=True))
    lines = [
        "The tables are over all held-out scenes. Accuracy counts every scene; the guess always answers the most common value.",
        "Recall is the share of a value's scenes whose sentence states it (with a probability of at least "
        f"{captioner.SURE}); precision",
        "is the share of such statements that are true.",
        "",
        "| attribute | accuracy | guess |",
        "|---|---|---|",
    ]
    for a in ("label", *captioner.ORDER):
        commonest = Counter(t[a] for t in truths).most_common(1)[0][1]
        lines.append(f"| {a} | {sum(r[a][0] == t[a] for r, t in pairs) / n:.3f} | {commonest / n:.3f} |")
    lines += ["", "| attribute | value | scenes | recall | precision |", "|---|---|---|---|---|"]
    for value in VALUES:
        a, count = value.attribute, sum(t.get(value.attribute) == value.name for t in truths)
        if not count:
            continue
        hits = [t[a] == value.name for r, t in pairs if r[a][0] == value.name and r[a][1] >= captioner.SURE]
        precision = f"{sum(hits) / len(hits):.2f}" if hits else "–"
        lines.append(f"| {a} | {value.name} | {count} | {sum(hits) / count:.2f} | {precision} |")
    return lines


def examples(told: captioner.Captioner, reads: list[dict[str, tuple[str, float]]], truths: list[dict[str, str]]) -> list[str]:
    lines = ["", "Some sentences about held-out scenes, and what each scene really was:", ""]
    for r, t in list(zip(reads, truths, strict=True))[:: max(1, len(truths) // 8)][:8]:
        facts = [v.phrase for a in captioner.ORDER if (v := by_name(a, t[a]))]
        lines += [f"- “{told.say(r)}”", f"  — {t['label']}: {', '.join(facts)}"]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--titles", nargs="+", default=None, help="names of the folders' scenes in the scores")
    parser.add_argument("--epochs", type=int, default=60)
    args = parser.parse_args()
    parts = [load(folder) for folder in args.folders]
    truths = [t for p in parts for t in p.truths]
    features, mirrored, held = (np.concatenate([getattr(p, name) for p in parts]) for name in ("features", "mirrored", "held"))
    values = {"label": sorted({t["label"] for t in truths})}
    for attribute in captioner.ORDER:
        named = [v.name for v in VALUES if v.attribute == attribute]
        seen = {t[attribute] for t in truths}
        values[attribute] = [ORDINARY[attribute]] * (ORDINARY[attribute] not in named) + [v for v in named if v in seen]
    y = np.array([[values[a].index(t[a]) for a in values] for t in truths])
    mean, scale = features[~held].mean(0), features[~held].std(0) + 1e-3
    x, other = (np.clip((f[~held] - mean) / scale, -6, 6).astype(np.float32) for f in (features, mirrored))
    net = train(x, other, y[~held], [len(v) for v in values.values()], args.epochs)
    export(net, mean.astype(np.float32), scale.astype(np.float32), HOME / "captioner.onnx")
    (HOME / "captioner.json").write_text(json.dumps(values, indent=1) + "\n")

    told = captioner.Captioner()
    lines = [
        "# The studio's captioner",
        "",
        "The captioner is a small network on the frozen features of EfficientNet-Lite2 and on plain colours, trained on",
        f"{int((~held).sum())} studio pictures (`tools/captioner_data.py`, `tools/train_captioner.py`, which also writes "
        "this page).",
        "It sees only pixels. These are its scores on scenes that were kept out of training.",
        "",
    ]
    for part, title in zip(parts, args.titles or [f.name for f in args.folders], strict=True):
        tested = [t for t, h in zip(part.truths, part.held, strict=True) if h]
        lines += score(title, read_all(told, part.features[part.held]), tested)
    reads, tested = read_all(told, features[held]), [t for t, h in zip(truths, held, strict=True) if h]
    lines += tables(reads, tested) + examples(told, reads, tested)
    DOCS.mkdir(exist_ok=True)
    (DOCS / "captioner.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

"""Train the studio's captioner on pictures drawn by tools/captioner_data.py.

    python tools/train_captioner.py FOLDER

Writes captioner.onnx and captioner.json beside the provider, and docs/captioner.md with the scores on held-out scenes. Needs
the extra `train` (PyTorch). Deterministic for the same pictures and library versions.
"""

import argparse
import json
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from torch import nn

from bugscope.providers.studio import Judge, captioner
from bugscope.providers.studio.features import Features
from bugscope.providers.studio.vocabulary import VALUES, by_name
from bugscope.types import Picture

HOME = Path(captioner.__file__).parent
DOCS = Path(__file__).parent.parent / "docs"
ORDINARY = {
    "count": "one", "colour": "own", "material": "own", "ground": "none", "light": "indoors", "weather": "clear",
    "view": "side", "pose": "upright", "distance": "normal", "occlusion": "none", "camera": "sharp",
}  # fmt: skip
HELD_OUT = 15
"""Per cent of the scenes kept out of training, by a hash of the seed."""


def truth(scene: dict) -> dict[str, str]:
    """What a picture shows, as the captioner's answers."""
    values = {a: str(scene["distance_name" if a == "distance" else a]) for a in captioner.ORDER}
    values["count"] = {"1": "one", "2": "two", "3": "three"}[values["count"]]
    values = {a: v if by_name(a, v) else ORDINARY[a] for a, v in values.items()}
    return {"label": scene["label"], **values}


def load(folder: Path) -> tuple[np.ndarray, list[dict[str, str]], np.ndarray]:
    """Features [n, d], truths, held out [n] of the faithful pictures."""
    records = [json.loads(line) for line in (folder / "scenes.jsonl").read_text().splitlines()]
    judge = Judge()
    keep = [i for i, r in enumerate(records) if judge([Picture(Image.new("RGB", (1, 1)), r)], [r["scene"]["label"]])[0] > 0.5]
    cache = folder / "features.npy"
    if cache.exists() and len(np.load(cache)) == len(records):
        features = np.load(cache)
    else:
        read = Features()
        features = np.concatenate([read([Image.open(folder / f"{i:05d}.png")]) for i in range(len(records))])
        np.save(cache, features)
    held = np.array([zlib.crc32(str(records[i]["seed"]).encode()) % 100 < HELD_OUT for i in keep])
    return features[keep], [truth(records[i]["scene"]) for i in keep], held


class Net(nn.Module):
    """Standardised features -> one block of logits an attribute."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(features, 512), nn.Linear(512, 256), nn.Linear(256, outputs)
        self.drop_in, self.drop = nn.Dropout(0.25), nn.Dropout(0.4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.drop(torch.relu(self.first(self.drop_in(x))))
        return self.last(self.drop(torch.relu(self.second(x))))


def train(x: np.ndarray, y: np.ndarray, sizes: list[int], epochs: int) -> Net:
    torch.manual_seed(0)
    net = Net(x.shape[1], sum(sizes))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1.5e-3, weight_decay=0.02)
    steps = epochs * (len(x) // 64 + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.5e-3, total_steps=steps)
    inputs, targets = torch.tensor(x), torch.tensor(y)
    for epoch in range(epochs):
        net.train()
        order, total = torch.randperm(len(x)), 0.0
        for batch in order.split(64):
            blocks = net(inputs[batch]).split(sizes, dim=1)
            loss = sum(nn.functional.cross_entropy(b, targets[batch, i], label_smoothing=0.03) for i, b in enumerate(blocks))
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


def score(folder: Path, truths: list[dict[str, str]], features: np.ndarray) -> str:
    """Scores of the shipped file on held-out scenes, as Markdown: sentences first, then attribute by attribute."""
    told = captioner.Captioner()
    logits = told.session.run(None, {"features": features})[0]
    right_objects = stated = true = 0
    rows: dict[str, list[tuple[str, str, float]]] = {a: [] for a in told.values}
    examples = []
    for vector, t in zip(logits, truths, strict=True):
        read, start = {}, 0
        for attribute, values in told.values.items():
            p = captioner.softmax(vector[start : start + len(values)])
            start += len(values)
            read[attribute] = (values[int(p.argmax())], float(p.max()))
            rows[attribute].append((t[attribute], *read[attribute]))
        right_objects += read["label"][0] == t["label"]
        for attribute in captioner.ORDER:
            name, p = read[attribute]
            if by_name(attribute, name) and p >= captioner.SURE:
                stated += 1
                true += name == t[attribute]
        examples.append((told.say(read), t))
    n = len(truths)
    lines = [
        "# The studio's captioner",
        "",
        f"Trained on {len(list(folder.glob('*.png')))} studio pictures (tools/captioner_data.py, tools/train_captioner.py), "
        f"scored on {n} held-out scenes that it never saw. It is told nothing but pixels.",
        "",
        f"- Sentences that name the right object: **{right_objects} of {n}** ({100 * right_objects / n:.1f} %).",
        f"- Stated attributes that are true: **{true} of {stated}** ({100 * true / stated:.1f} %).",
        "",
        "Accuracy counts every held-out scene; the guess always answers the commonest value. Recall is the share of a value's "
        f"scenes whose sentence states it (probability at least {captioner.SURE}), precision the share of such statements "
        "that are true.",
        "",
        "| attribute | accuracy | guess |",
        "|---|---|---|",
    ]
    for attribute, answers in rows.items():
        commonest = Counter(t for t, _, _ in answers).most_common(1)[0][1]
        lines.append(f"| {attribute} | {sum(t == a for t, a, _ in answers) / n:.3f} | {commonest / n:.3f} |")
    lines += ["", "| attribute | value | scenes | recall | precision |", "|---|---|---|---|---|"]
    for attribute in captioner.ORDER:
        for value in [v.name for v in VALUES if v.attribute == attribute]:
            hits = [(t, a) for t, a, p in rows[attribute] if a == value and p >= captioner.SURE]
            count = sum(t == value for t, _, _ in rows[attribute])
            if not count:
                continue
            good = sum(t == a for t, a in hits)
            precision = f"{good / len(hits):.2f}" if hits else "–"
            lines.append(f"| {attribute} | {value} | {count} | {good / count:.2f} | {precision} |")
    lines += ["", "Some held-out sentences, and what was true:", ""]
    for sentence, t in examples[:: max(1, n // 8)][:8]:
        facts = [p.phrase for a in captioner.ORDER if (p := by_name(a, t[a]))]
        lines.append(f"- “{sentence}” — {t['label']}: {', '.join(facts)}")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=60)
    args = parser.parse_args()
    features, truths, held = load(args.folder)
    values = {"label": sorted({t["label"] for t in truths})}
    for attribute in captioner.ORDER:
        named = [v.name for v in VALUES if v.attribute == attribute]
        seen = {t[attribute] for t in truths}
        values[attribute] = [ORDINARY[attribute]] * (ORDINARY[attribute] not in named) + [v for v in named if v in seen]
    y = np.array([[values[a].index(t[a]) for a in values] for t in truths])
    mean, scale = features[~held].mean(0), features[~held].std(0) + 1e-3
    x = np.clip((features - mean) / scale, -6, 6).astype(np.float32)
    net = train(x[~held], y[~held], [len(v) for v in values.values()], args.epochs)
    export(net, mean.astype(np.float32), scale.astype(np.float32), HOME / "captioner.onnx")
    (HOME / "captioner.json").write_text(json.dumps(values, indent=1) + "\n")
    page = score(args.folder, [t for t, h in zip(truths, held, strict=True) if h], features[held])
    DOCS.mkdir(exist_ok=True)
    (DOCS / "captioner.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()

"""Train the studio's captioner on pictures drawn by tools/captioner_data.py.

    python tools/train_captioner.py FOLDER [--epochs 10]

Writes captioner.onnx and captioner.json beside the provider, and docs/captioner.md with the scores on held-out scenes. It needs
the extra `train` (PyTorch), and is deterministic for the same pictures and library versions.
"""

import argparse
import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageOps
from torch import nn

from bugscope import stats
from bugscope.providers.efficientnet_lite import checkpoint, network, weights
from bugscope.providers.shared.graphs import Graph
from bugscope.providers.studio import captioner, objects
from bugscope.providers.studio.company import USUAL
from bugscope.providers.studio.features import BACKBONE, BLOCK, CELLS, CHANNELS, PLAIN, WHOLE, Eyes, Frame
from bugscope.providers.studio.prompts import companions
from bugscope.providers.studio.vocabulary import VALUES, by_name

HOME = Path(captioner.__file__).parent
DOCS = Path(__file__).parent.parent / "docs"
ORDINARY = {
    "count": "one", "colour": "own", "material": "own", "surface": "own", "ground": "none", "light": "indoors",
    "weather": "clear", "view": "side", "pose": "upright", "distance": "normal", "occlusion": "none", "camera": "sharp",
    "rendition": "photo", "lens": "clean", "framing": "level", "setting": "right", "overlay": "none", "quality": "fine",
}  # fmt: skip
COLOURLESS = frozenset({"grey", "sepia", "thermal", "sketch", "halftone"})
HELD_OUT, TUNED_ON = 8, 5
"""Per cent of the scenes kept for the scores, and for the weights and thresholds, chosen by a hash of the index."""
TYPICAL = 0.5
"""A colour is a class's own if this share of its unpainted pictures has it."""
TRUE = 0.92
"""Share of the statements that must be true on the scenes that thresholds are chosen on."""
UNKNOWN = -100
WIDTH = 1280
LABEL_WEIGHT = 4.0
QUESTIONS = ("label", *(a for a in captioner.ORDER if a != "company"), "relation", "companion")

Truth = dict[str, str]


# --- what the pictures show -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scenes:
    """Pictures [n, 224, 224, 3] and what is known of each."""

    pictures: np.ndarray
    records: list[dict[str, Any]]

    @classmethod
    def load(cls, folder: Path) -> "Scenes":
        parts = sorted(folder.glob("*.jsonl"))
        records = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
        return cls(np.concatenate([np.load(part.with_suffix(".npy")) for part in parts]), records)

    def of(self, index: int) -> Image.Image:
        return Image.fromarray(self.pictures[index])


def group(record: dict[str, Any]) -> str:
    """ "held" | "tuning" | "training": all developments of a scene are in one."""
    place = zlib.crc32(str(record["index"]).encode()) % 100
    return "held" if place < HELD_OUT else "tuning" if place < HELD_OUT + TUNED_ON else "training"


def truths(records: Sequence[dict[str, Any]]) -> list[Truth]:
    """What pictures show, in the form of the captioner's answers; "" where nothing can be said."""
    looks: dict[str, Counter[str]] = defaultdict(Counter)
    for r in records:
        if not (r["scene"]["colour"] or r["scene"]["surface"] or r["scene"]["material"]):
            looks[r["scene"]["label"]][r["looks"]] += 1
    own = {(label, c) for label, counts in looks.items() for c, n in counts.items() if n >= TYPICAL * counts.total()}
    return [truth(r, (r["scene"]["label"], r["looks"]) in own) for r in records]


def truth(record: dict[str, Any], own: bool) -> Truth:
    scene = record["scene"]
    values = {a: str(scene.get("distance_name" if a == "distance" else a, "")) for a in ORDINARY}
    values["count"] = {"1": "one", "2": "two", "3": "three"}[values["count"]]
    values = {a: v if by_name(a, v) else ORDINARY[a] for a, v in values.items()}
    painted = scene["surface"] or scene["material"]
    if scene["rendition"] in COLOURLESS or (not scene["colour"] and not own and record["looks"] and not painted):
        values["colour"] = ""
    beside = companions(scene["company"]) if scene["company"] else None
    values |= {"relation": beside.relation if beside else captioner.ALONE, "companion": beside.label if beside else ""}
    return {"label": scene["label"], **values}


def targets(told: Sequence[Truth], values: dict[str, list[str]]) -> np.ndarray:
    """[n, questions]: the number of the true value, or UNKNOWN."""
    places = {q: {v: i for i, v in enumerate(values[q])} for q in QUESTIONS}
    return np.array([[places[q].get(t[q], UNKNOWN) for q in QUESTIONS] for t in told])


def cells(boxes: Sequence[Frame]) -> np.ndarray:
    """[14, 14]: whether the middle of a cell is in one of the boxes."""
    middles = (np.arange(CELLS) + 0.5) / CELLS
    found = np.zeros((CELLS, CELLS), dtype=bool)
    for left, top, right, bottom in boxes:
        rows = (middles >= min(top, 1 - 1 / CELLS)) & (middles <= max(bottom, 1 / CELLS))
        found |= rows[:, None] & (middles >= left) & (middles <= right)
    return found


# --- looks ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Views:
    """Looks at training pictures: `kind` 0 at the whole, 1 at the object, 2 at a companion; `of`: the picture's index."""

    maps: np.ndarray
    plain: np.ndarray
    kind: np.ndarray
    of: np.ndarray
    mirrored: np.ndarray


def frames(record: dict[str, Any], rng: np.random.Generator) -> Iterator[tuple[int, Frame]]:
    """The whole, a frame about the object, and about its largest companion."""

    def near(box: Frame) -> Frame:
        return captioner.square(box, rng.uniform(1.1, 1.9), tuple(rng.uniform(-0.1, 0.1, 2)))

    yield 0, WHOLE
    yield 1, near(record["box"])
    shown = [box for _, box in record["others"] if box]
    if shown:
        yield 2, near(max(shown, key=lambda b: (b[2] - b[0]) * (b[3] - b[1])))


def seen(part: Path, start: int) -> Path:
    """Looks at the pictures of a part, the first of which has the index `start`; kept beside it."""
    cache = part.with_suffix(".views.npz")
    if cache.exists():
        return cache
    eyes, pictures = Eyes(1), np.load(part.with_suffix(".npy"))
    rows = []
    for i, line in enumerate(part.read_text().splitlines()):
        record = json.loads(line)
        rng = np.random.default_rng([record["index"], i])
        for kind, frame in frames(record, rng):
            mirror = bool(rng.random() < 0.5)
            image = Image.fromarray(pictures[i])
            if mirror:
                image, frame = ImageOps.mirror(image), (1 - frame[2], frame[1], 1 - frame[0], frame[3])
            look = eyes(image, frame)
            rows.append((look.maps.astype(np.float16), look.plain, kind, start + i, mirror))
    names = ("maps", "plain", "kind", "of", "mirrored")
    np.savez(cache, **{name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
    return cache


def views(folder: Path) -> Views:
    parts = sorted(folder.glob("*.jsonl"))
    sizes = [len(part.read_text().splitlines()) for part in parts]
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    with get_context("spawn").Pool(torch.get_num_threads()) as pool:
        files = pool.starmap(seen, zip(parts, starts, strict=True), chunksize=4)
    loaded = [np.load(file) for file in files]
    return Views(*(np.concatenate([part[name] for part in loaded]) for name in ("maps", "plain", "kind", "of", "mirrored")))


# --- the network ----------------------------------------------------------------------------------------------------------


def folded(params: dict[str, np.ndarray], convolution: str, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of a convolution with its normalisation in them."""
    scale, shift, mean, variance = (params[f"{norm}.{p}"] for p in ("weight", "bias", "running_mean", "running_var"))
    gain = scale / np.sqrt(variance + network.EPSILON)
    return params[f"{convolution}.weight"] * gain[:, None, None, None], shift - mean * gain


class Same(nn.Module):
    """A convolution with TensorFlow's "same" padding."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray, stride: int = 1) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.tensor(weight)), nn.Parameter(torch.tensor(bias))
        self.stride, self.size = stride, weight.shape[2]
        self.groups = len(weight) if weight.shape[1] == 1 and self.size > 1 else 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.stride == 1:
            return nn.functional.conv2d(x, self.weight, self.bias, padding=self.size // 2, groups=self.groups)
        total = (-(-x.shape[2] // self.stride) - 1) * self.stride + self.size - x.shape[2]
        before, after = total // 2, total - total // 2
        x = nn.functional.pad(x, (before, after, before, after))
        return nn.functional.conv2d(x, self.weight, self.bias, stride=self.stride, groups=self.groups)


class Block(nn.Module):
    """An inverted residual with its normalisations folded in."""

    def __init__(self, params: dict[str, np.ndarray], name: str, stride: int) -> None:
        super().__init__()
        pairs = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))
        parts = [folded(params, name + c, name + n) for c, n in pairs]
        self.expand, self.depthwise, self.project = (Same(w, b, stride if i == 1 else 1) for i, (w, b) in enumerate(parts))
        self.same = stride == 1 and parts[0][0].shape[1] == parts[2][0].shape[0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.project(nn.functional.relu6(self.depthwise(nn.functional.relu6(self.expand(x)))))
        return x + y if self.same else y


class Reader(nn.Module):
    """Maps and plain pixels of a look -> logits of all questions, and where the object and its company are."""

    def __init__(self, outputs: int, mean: np.ndarray, scale: np.ndarray) -> None:
        super().__init__()
        params = checkpoint.read(weights(BACKBONE))
        strides = network._Graph(params).strides()
        self.blocks = nn.Sequential(*(Block(params, f"_blocks.{i}.", strides[i]) for i in range(BLOCK + 1, len(strides))))
        self.head = Same(*folded(params, "_conv_head", "_bn1"))
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("scale", torch.tensor(1 / scale))
        self.plain = nn.Linear(PLAIN, 256)
        self.answers = nn.Linear(2 * WIDTH + 256, outputs)
        self.where = nn.ModuleList([nn.Conv2d(CHANNELS, 64, 1), *(nn.Conv2d(64, 64, 5, padding=2) for _ in range(2))])
        self.places = nn.Conv2d(64, 2, 1)
        self.drop = nn.Dropout(0.3)

    def forward(self, maps: torch.Tensor, plain: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = maps
        for layer in self.where:
            y = torch.relu(layer(y))
        x = nn.functional.relu6(self.head(self.blocks(maps)))
        colours = torch.relu(self.plain(torch.clamp((plain - self.mean) * self.scale, -6, 6)))
        found = torch.cat([x.mean((2, 3)), x.amax((2, 3)), colours], 1)
        return self.answers(self.drop(found)), self.places(y)


def loss(logits: torch.Tensor, y: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    """Of a batch: each question's loss over the looks that it can be answered from, the object's name weighing more."""
    total = logits.new_zeros(())
    for i, block in enumerate(logits.split(sizes, 1)):
        known = int((y[:, i] != UNKNOWN).sum())
        if known:
            part = nn.functional.cross_entropy(block, y[:, i], ignore_index=UNKNOWN, label_smoothing=0.03, reduction="sum")
            total = total + part * (LABEL_WEIGHT if QUESTIONS[i] == "label" else 1.0) / len(y)
    return total


def train(
    net: Reader, v: Views, told: list[Truth], records: list[dict[str, Any]], values: dict[str, list[str]], epochs: int
) -> None:
    """Each epoch takes a look at each picture: at the whole, at the object or at a companion."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    sizes = [len(values[q]) for q in QUESTIONS]
    answers = targets(told, values)
    y = answers[v.of]
    beside = v.kind == 2
    y[beside] = UNKNOWN
    y[beside, 0] = answers[v.of[beside], QUESTIONS.index("companion")]
    near = v.kind == 1
    for question in ("distance", "relation", "companion"):
        y[near, QUESTIONS.index(question)] = UNKNOWN
    heat = np.stack([np.stack([cells([r["box"]]), cells([b for _, b in r["others"] if b])]) for r in records])
    training = np.array([group(r) == "training" for r in records])
    looks = [np.flatnonzero(training[v.of] & (v.kind == kind)) for kind in range(3)]
    by_picture: list[dict[int, int]] = [{} for _ in records]
    for kind, places in enumerate(looks):
        for place in places:
            by_picture[v.of[place]][kind] = int(place)
    trunk = [*net.blocks.parameters(), *net.head.parameters()]
    fresh = [p for p in net.parameters() if not any(p is t for t in trunk)]
    rates = (3e-4, 2e-3)
    optimizer = torch.optim.AdamW([{"params": trunk, "lr": rates[0]}, {"params": fresh, "lr": rates[1]}], weight_decay=0.03)
    batch = 32
    steps = epochs * -(-int(training.sum()) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, list(rates), total_steps=steps, pct_start=0.15)
    for epoch in range(epochs):
        net.train()
        chosen = np.array([some(by_picture[i], rng) for i in rng.permutation(np.flatnonzero(training))])
        total = 0.0
        for start in range(0, len(chosen), batch):
            places = np.sort(chosen[start : start + batch])
            maps = torch.from_numpy(v.maps[places].astype(np.float32)).to(memory_format=torch.channels_last)
            logits, where = net(maps, torch.from_numpy(v.plain[places]))
            value = loss(logits, torch.from_numpy(y[places]), sizes)
            whole = v.kind[places] == 0
            if whole.any():
                shown = heat[v.of[places]]
                shown = np.where(v.mirrored[places][:, None, None, None], shown[..., ::-1], shown)[whole]
                value = value + 2 * nn.functional.binary_cross_entropy_with_logits(
                    where[torch.from_numpy(whole)], torch.from_numpy(shown.astype(np.float32))
                )
            optimizer.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            total += float(value.detach()) * len(places)
        print(f"epoch {epoch + 1}: loss {total / len(chosen):.3f}; {quick(net, v, y, records)}", flush=True)
    net.eval()


def some(looks: dict[int, int], rng: np.random.Generator) -> int:
    chance = {0: 0.5, 1: 0.35, 2: 0.15}
    kinds = list(looks)
    odds = np.array([chance[k] for k in kinds])
    return looks[kinds[rng.choice(len(kinds), p=odds / odds.sum())]]


@torch.no_grad()
def quick(net: Reader, v: Views, y: np.ndarray, records: list[dict[str, Any]]) -> str:
    """The share of right names on the tuning scenes, by kind of look."""
    net.eval()
    tuning = np.array([group(r) == "tuning" for r in records])
    said = []
    for kind in range(3):
        places = np.flatnonzero(tuning[v.of] & (v.kind == kind) & (y[:, 0] != UNKNOWN))
        right = 0
        for part in np.array_split(places, max(1, len(places) // 64)):
            logits, _ = net(torch.from_numpy(v.maps[part].astype(np.float32)), torch.from_numpy(v.plain[part]))
            names = int((y[:, 0].max()) + 1)
            right += int((logits[:, :names].argmax(1).numpy() == y[part, 0]).sum())
        said.append(f"{('whole', 'near', 'beside')[kind]} {right} of {len(places)}")
    return ", ".join(said)


# --- export ---------------------------------------------------------------------------------------------------------------


def export(net: Reader, path: Path) -> None:
    """The network as a graph, its weights in half precision (written by hand: no exporter is needed)."""
    graph = Graph()
    graph.constant("zero", np.array(0))
    graph.constant("six", np.array(6))
    params = {name: p.detach().numpy() for name, p in net.state_dict().items()}

    def same(x: str, name: str, stride: int = 1) -> str:
        weight = params[f"{name}.weight"]
        groups = len(weight) if weight.shape[1] == 1 and weight.shape[2] > 1 else 1
        inputs = [x, *(graph.constant(f"{name}.{p}", params[f"{name}.{p}"]) for p in ("weight", "bias"))]
        return graph.node(
            "Conv", inputs, kernel_shape=list(weight.shape[2:]), strides=[stride, stride], group=groups, auto_pad="SAME_UPPER"
        )

    def relu6(x: str) -> str:
        return graph.node("Clip", [x, "zero", "six"])

    x = "maps"
    for i, block in enumerate(net.blocks):
        name = f"blocks.{i}"
        y = relu6(same(x, f"{name}.expand"))
        y = same(relu6(same(y, f"{name}.depthwise", block.depthwise.stride)), f"{name}.project")
        x = graph.node("Add", [x, y]) if block.same else y
    x = relu6(same(x, "head"))
    pools = [graph.node("Flatten", [graph.node(kind, [x])], axis=1) for kind in ("GlobalAveragePool", "GlobalMaxPool")]
    plain = graph.node("Mul", [graph.node("Sub", ["plain", graph.constant("mean", params["mean"])]),
                               graph.constant("scale", params["scale"])])  # fmt: skip
    plain = graph.node("Clip", [plain, graph.constant("low", np.array(-6)), graph.constant("high", np.array(6))])
    colours = graph.node("Relu", [dense(graph, params, plain, "plain")])
    dense(graph, params, graph.node("Concat", [*pools, colours], axis=1), "answers", "logits")
    y = "maps"
    for i in range(len(net.where)):
        y = graph.node("Relu", [same(y, f"where.{i}")])
    graph.node("Identity", [same(y, "places")], "where")
    inputs = {"maps": ["n", CHANNELS, CELLS, CELLS], "plain": ["n", PLAIN]}
    made = graph.model("captioner", inputs, {"logits": ["n", None], "where": ["n", 2, CELLS, CELLS]})
    path.write_bytes(halved(made))


def dense(graph: Graph, params: dict[str, np.ndarray], x: str, name: str, output: str = "") -> str:
    inputs = [x, *(graph.constant(f"{name}.{p}", params[f"{name}.{p}"]) for p in ("weight", "bias"))]
    return graph.node("Gemm", inputs, output, transB=1)


def halved(made: bytes) -> bytes:
    """Large constants are stored in half precision and widened where the network is loaded."""
    model = onnx.load_from_string(made)
    casts = []
    for constant in list(model.graph.initializer):
        array = numpy_helper.to_array(constant)
        if array.size > WIDTH:
            model.graph.initializer.remove(constant)
            model.graph.initializer.append(numpy_helper.from_array(array.astype(np.float16), f"{constant.name}.half"))
            casts.append(helper.make_node("Cast", [f"{constant.name}.half"], [constant.name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


# --- weights of the looks and thresholds ----------------------------------------------------------------------------------


_READER: list[captioner.Captioner] = []


def looked(picture: np.ndarray) -> captioner.Looks:
    if not _READER:
        _READER.append(captioner.Captioner(threads=1))
    return _READER[0].looks(Image.fromarray(picture))


def looks_at(scenes: Scenes, places: Sequence[int]) -> list[captioner.Looks]:
    with get_context("spawn").Pool(torch.get_num_threads()) as pool:
        return pool.map(looked, [scenes.pictures[i] for i in places], chunksize=16)


def fitted(told: captioner.Captioner, looks: list[captioner.Looks], told_truths: list[Truth]) -> dict[str, tuple[float, float]]:
    """For each question how much the look at the whole and the close look count: the likeliest weights on a grid."""
    found = {}
    grid = (0.0, 0.25, 0.5, 0.75, 1.0, 1.3)
    pairs = [told.combined(one) for one in looks]
    for question, values in told.values.items():
        known = [i for i, t in enumerate(told_truths) if t[question] in values]
        y = np.array([values.index(told_truths[i][question]) for i in known])
        whole, near = (np.array([pairs[i][question][side] for i in known]) for side in (0, 1))

        def cost(ab: tuple[float, float], whole=whole, near=near, y=y) -> float:
            z = ab[0] * whole + ab[1] * near
            z = z - z.max(1, keepdims=True)
            return float((np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]).mean())

        near_too = question not in ("distance", "relation")
        found[question] = min(((a, b) for a in grid for b in (grid if near_too else (0.0,)) if a + b), key=cost)
    return found


def thresholds(
    told: captioner.Captioner, looks: list[captioner.Looks], records: list[dict[str, Any]], true: list[Truth]
) -> dict[str, float]:
    """Those that make the mean recall over values greatest while `TRUE` of all statements are true."""
    grid = np.round(np.arange(0.25, 0.96, 0.05), 2)
    outcomes: dict[str, list[tuple[float, int, int, float]]] = {}
    for question in (*ORDINARY, "relation"):
        rows = []
        for level in grid:
            told.sure = {**dict.fromkeys((*ORDINARY, "relation"), 2.0), question: float(level)}
            said = [claims(told, told.decided(one)) for one in looks]
            right = [[is_true(c, t, r) for c in s] for s, t, r in zip(said, true, records, strict=True)]
            hits: Counter[str] = Counter()
            for s, t in zip(said, true, strict=True):
                hits.update(v for q, v in s if q == question and t[question] == v)
            scenes = Counter(t[question] for t in true if t[question] and stateable(question, t[question]))
            recall = sum(hits[v] / n for v, n in scenes.items())
            rows.append((float(level), sum(map(len, right)), sum(map(sum, right)), recall))
        outcomes[question] = rows
    best = None
    for price in np.geomspace(0.001, 1.0, 40):
        chosen = {q: max(rows, key=lambda r: r[3] - price * (r[1] - r[2])) for q, rows in outcomes.items()}
        said, right = (sum(r[i] for r in chosen.values()) for i in (1, 2))
        best = {q: r[0] for q, r in chosen.items()}
        if said and right >= TRUE * said:
            break
    assert best
    return best


def stateable(question: str, value: str) -> bool:
    return value != captioner.ALONE if question == "relation" else by_name(question, value) is not None  # type: ignore[arg-type]


def claims(told: captioner.Captioner, read: captioner.Read) -> list[tuple[str, str]]:
    """What the sentence states, as pairs of question and value; a companion is one statement."""
    found = [(v.attribute, v.name) for v in told.stated(read) if v.attribute != "company"]
    return found + ([("relation", read["relation"][0])] if read["relation"][0] != captioner.ALONE else [])


def is_true(claim: tuple[str, str], true: Truth, record: dict[str, Any]) -> bool:
    question, value = claim
    if question == "colour" and not record["scene"]["colour"]:
        return value == record["looks"]  # it is of that colour by itself
    return true[question] == value


# --- scores ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scored:
    """Held-out pictures, what was read of them, and what they show."""

    told: captioner.Captioner
    reads: list[captioner.Read]
    truths: list[Truth]
    records: list[dict[str, Any]]

    def of(self, places: Sequence[int]) -> "Scored":
        return Scored(self.told, *([part[i] for i in places] for part in (self.reads, self.truths, self.records)))

    def summary(self, title: str) -> list[str]:
        """Markdown: how often the sentences are true."""
        pairs = list(zip(self.reads, self.truths, self.records, strict=True))
        named = [r["label"][0] == t["label"] for r, t, _ in pairs]
        said = [is_true(c, t, rec) for r, t, rec in pairs for c in claims(self.told, r)]
        beside = [named_beside(r, t) for r, t, _ in pairs if t["relation"] != captioner.ALONE]
        return [
            f"**{title}** ({len(pairs)} held-out pictures):",
            "",
            f"- sentences that name the right object: {share(named)}",
            f"- stated attributes that are true: {share(said)}",
            f"- companions that are named: {share(beside)}",
            "",
        ]

    def tables(self) -> list[str]:
        pairs = list(zip(self.reads, self.truths, self.records, strict=True))
        stated = [dict(claims(self.told, r)) for r in self.reads]
        lines = ["| attribute | value | pictures | recall | precision |", "|---|---|---|---|---|"]
        recalls: dict[tuple[str, str], tuple[float, int]] = {}
        values = [(v.attribute, v.name) for v in VALUES if v.attribute in ORDINARY] + [("relation", r) for r in USUAL]
        for question, value in values:
            count = sum(t[question] == value for t in self.truths)
            if not count:
                continue
            hits = sum(s.get(question) == value and t[question] == value for s, t in zip(stated, self.truths, strict=True))
            right = [
                is_true((question, value), t, rec)
                for s, (_, t, rec) in zip(stated, pairs, strict=True)
                if s.get(question) == value
            ]
            precision = f"{sum(right) / len(right):.2f}" if right else "–"
            recalls[question, value] = hits / count, count
            lines.append(f"| {question} | {value} | {count} | {hits / count:.2f} | {precision} |")
        weakest = [(value, r) for (_, value), (r, n) in recalls.items() if n > 15 and r < 0.25]
        mean = float(np.mean([r for r, _ in recalls.values()]))
        low = ", ".join(f"{value} {r:.2f}" for value, r in weakest) or "none"
        head = [
            f"Mean recall over the {len(recalls)} values: **{mean:.2f}**. Values with more than 15 pictures and a recall under "
            f"0.25: {low}.",
            "",
        ]
        return head + lines

    def examples(self) -> list[str]:
        lines = ["", "Some sentences about held-out pictures, and what each really shows:", ""]
        rows = list(zip(self.reads, self.truths, self.records, strict=True))
        for r, t, record in rows[:: max(1, len(rows) // 8)][:8]:
            facts = [v.phrase for a in ORDINARY if (v := by_name(a, t[a]))]  # type: ignore[arg-type]
            facts += [record["scene"]["company"]] if record["scene"]["company"] else []
            lines += [f"- “{self.told.say(r)}”", f"  — {t['label']}: {', '.join(facts)}"]
        return lines


def named_beside(read: captioner.Read, true: Truth) -> bool:
    return read["relation"][0] != captioner.ALONE and read["companion"][0] == true["companion"]


def share(right: Sequence[bool]) -> str:
    r = stats.wilson(sum(right), len(right))
    return f"**{r.k} of {r.n}** = {100 * r.value:.1f} % (95 % interval {100 * r.low:.1f}–{100 * r.high:.1f} %)"


def write_page(scored: Scored, trained: int, drawn: int) -> None:
    places = range(len(scored.records))
    parts = {
        f"{title}{more}": [i for i in places if scored.records[i]["kind"] == kind and scored.records[i]["as_said"] == as_said]
        for kind, title in (("hunt", "As in a hunt, up to two conditions"), ("mixture", "Mixtures, about three conditions"))
        for as_said, more in ((True, ""), (False, ", developed in other ways"))
    }
    lines = [
        "# The studio's captioner",
        "",
        "The captioner goes on from the middle of EfficientNet-Lite2, with its last blocks trained further, and looks at plain",
        f"colours too. It was trained on {trained} pictures of {drawn} scenes (`tools/captioner_data.py`, "
        "`tools/train_captioner.py`,",
        "which also writes this page). It sees only pixels. These are its scores on scenes that were kept out of training.",
        "",
    ]
    for title, chosen in parts.items():
        lines += scored.of(chosen).summary(title)
    lines += scored.summary("All together") + scored.tables() + scored.examples()
    (DOCS / "captioner.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()
    scenes, v = Scenes.load(args.folder), views(args.folder)
    told = truths(scenes.records)
    values = {"label": sorted(objects.load_all())}
    for attribute, ordinary in ORDINARY.items():
        named = [value.name for value in VALUES if value.attribute == attribute]
        values[attribute] = [ordinary] * (ordinary not in named) + [n for n in named if any(t[attribute] == n for t in told)]
    values |= {"relation": [captioner.ALONE, *USUAL], "companion": values["label"]}
    training = np.array([group(r) == "training" for r in scenes.records])
    plain = v.plain[training[v.of]]
    net = Reader(sum(len(values[q]) for q in QUESTIONS), plain.mean(0), plain.std(0) + 1e-3)
    train(net, v, told, scenes.records, values, args.epochs)
    torch.save(net.state_dict(), args.folder / "captioner.pt")
    export(net, HOME / "captioner.onnx")
    settle(scenes, told, {q: values[q] for q in QUESTIONS})


def settle(scenes: Scenes, told: list[Truth], values: dict[str, list[str]]) -> None:
    """Chooses weights and thresholds on the tuning scenes, and writes the scores on those held out."""
    write = partial(json.dumps, indent=1, ensure_ascii=False)
    even = {"weights": dict.fromkeys(values, (0.5, 0.5)) | {"relation": (1.0, 0.0)}, "sure": dict.fromkeys(values, 0.3)}
    target = HOME / "captioner.json"
    target.write_text(write({"values": values, **even}) + "\n")
    groups = [group(r) for r in scenes.records]
    tuning, held = ([i for i, g in enumerate(groups) if g == name] for name in ("tuning", "held"))
    looks = looks_at(scenes, tuning)
    reader = captioner.Captioner()
    found = fitted(reader, looks, [told[i] for i in tuning])
    reader.weights = found
    sure = thresholds(reader, looks, [scenes.records[i] for i in tuning], [told[i] for i in tuning])
    target.write_text(write({"values": values, "weights": found, "sure": sure}) + "\n")
    reader = captioner.Captioner()
    reads = [reader.decided(one) for one in looks_at(scenes, held)]
    scored = Scored(reader, reads, [told[i] for i in held], [scenes.records[i] for i in held])
    trained = [r for r, g in zip(scenes.records, groups, strict=True) if g == "training"]
    write_page(scored, len(trained), len({r["index"] for r in trained}))


if __name__ == "__main__":
    main()

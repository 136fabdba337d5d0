"""Draw the studio pictures for training the captioner: mixtures of conditions, and scenes as in a hunt.

    python tools/captioner_data.py FOLDER --scenes 5000 [--seed 0] [--workers 2]

The light of each scene is traced once and developed three times: as its prompt says, and with two other choices of what is done
to the picture itself (rendition, lens, overlay, ...). What no judge would call a picture of the label is left out. Writes parts
of `PART` scenes, FOLDER/0000.npy (pictures [n, 224, 224, 3]) and 0000.jsonl (a line each); run again, it goes on where it
stopped.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bugscope.language import Wording
from bugscope.media import picture
from bugscope.providers.studio import Judge, objects, prompts
from bugscope.providers.studio.company import USUAL, Company, Relation
from bugscope.providers.studio.render import Finished, Renderer, Traced, finished
from bugscope.providers.studio.scene import Scene, allowed, resolve
from bugscope.providers.studio.vocabulary import FILM, VALUES, Attribute, Value, clash

PART = 25
WORDS = Wording(picture.words)
CHANCE: Mapping[Attribute, float] = {
    "count": 0.1, "colour": 0.25, "material": 0.1, "surface": 0.1, "ground": 0.5, "light": 0.4, "weather": 0.15,
    "view": 0.3, "pose": 0.1, "distance": 0.12, "occlusion": 0.1, "company": 0.15, "camera": 0.12,
    "rendition": 0.1, "lens": 0.1, "framing": 0.04, "setting": 0.08, "overlay": 0.1, "quality": 0.04,
}  # fmt: skip
"""How often an attribute is stated in a mixture."""
OTHERS = 2
"""Further developments of a scene."""
SHOWN = 0.6
"""Share of an object's pixels that must be of a colour for the object to count as of that colour by itself."""
RELATIONS: tuple[Relation, ...] = ("next to", "next to", "behind", "in front of", "around", "among")

Random = np.random.Generator
Stated = dict[Attribute, str]


def stated(kind: str, label: str, rng: Random) -> Stated:
    """What a scene of the kind says of the object; as in a hunt: none to two conditions, all values equally often."""
    model = objects.load_all()[label]
    fair = [v for v in VALUES if allowed(model, v.attribute, v.name) and v.attribute not in ("background", "company")]
    if kind == "mixture":
        wanted = [a for a, chance in CHANCE.items() if rng.random() < chance]
    else:
        many = int(rng.choice(3, p=(0.2, 0.5, 0.3)))
        places = rng.permutation(len(fair) + 8)[:many]  # companions weigh as much as eight values
        wanted = [fair[i].attribute if i < len(fair) else "company" for i in places]
    said: Stated = {}
    for attribute in dict.fromkeys(wanted):
        name = company(rng) if attribute == "company" else some(fair, attribute, rng)
        if name and not clash(said | {attribute: name}):
            said[attribute] = name
    return said


def some(values: list[Value], attribute: Attribute, rng: Random) -> str:
    names = [v.name for v in values if v.attribute == attribute]
    return str(names[rng.integers(len(names))]) if names else ""


def company(rng: Random) -> str:
    relation = RELATIONS[rng.integers(len(RELATIONS))]
    label = list(objects.load_all())[rng.integers(len(objects.load_all()))]
    return str(Company(relation, USUAL[relation] if relation in ("around", "among") else 1, label))


def films(scene: Scene, rng: Random) -> Iterator[Scene]:
    """The scene as it is, then with other choices of what is done to the picture."""
    yield scene
    for i in range(OTHERS):
        chosen: Stated = dict.fromkeys(FILM, "")
        for attribute in FILM:
            if rng.random() < 1.3 * CHANCE[attribute]:
                chosen[attribute] = some(list(VALUES), attribute, rng)
        everything = {a: str(getattr(scene, a, "")) for a in CHANCE}
        while clash(everything | chosen):
            chosen[next(a for a in FILM if chosen[a])] = ""
        yield replace(scene, seed=scene.seed + (i + 1) * 100_000_000, **chosen)


class Watching(Renderer):
    """Keeps the last pass of facts: albedo first."""

    def _render(self, *given: Any, **named: Any) -> Any:
        found = super()._render(*given, **named)
        if found.shape[-1] > 4:
            self.facts = found
        return found


@cache
def renderer() -> Watching:
    return Watching("scalar")


def look(albedo: np.ndarray) -> str:
    """The colour that most of the pixels [n, 3], linear, have; "" if there is no such."""
    if not len(albedo):
        return ""
    low, high = albedo.min(1), albedo.max(1)
    reach = high - low
    red, green, blue = albedo.T
    hue = np.select(
        [high == red, high == green], [(green - blue) / (reach + 1e-9) % 6, (blue - red) / (reach + 1e-9) + 2],
        (red - green) / (reach + 1e-9) + 4,
    ) * 60  # fmt: skip
    vivid = reach > 0.4 * high
    names = np.full(len(albedo), "gray", dtype="<U6")
    for name, start, end in (
        ("red", 345, 375), ("orange", 15, 36), ("yellow", 36, 66), ("green", 66, 165), ("blue", 165, 260), ("purple", 260, 300),
        ("pink", 300, 345),
    ):  # fmt: skip
        names[vivid & (((hue >= start) & (hue < end)) | (hue + 360 < end))] = name
    names[~vivid & (high > 0.55)] = "white"
    names[(high < 0.05)] = "black"
    kinds, counts = np.unique(names, return_counts=True)
    return str(kinds[counts.argmax()]) if counts.max() >= SHOWN * len(albedo) else ""


def box(shown: np.ndarray) -> list[float]:
    """left, top, right, bottom in 0..1, of what is shown; empty if nothing is."""
    rows, columns = (np.flatnonzero(shown.any(axis)) for axis in (1, 0))
    if not len(rows):
        return []
    h, w = shown.shape
    return [columns[0] / w, rows[0] / h, (columns[-1] + 1) / w, (rows[-1] + 1) / h]


def record(index: int, kind: str, scene: Scene, done: Finished, colour: str) -> dict[str, Any]:
    own = (done.regions > 0) & (done.regions <= scene.count)
    others = [(done.things[i - 1], box(done.regions == i)) for i in range(scene.count + 1, len(done.things) + 1)]
    return {
        "index": index, "kind": kind, "scene": scene.to_mapping(), "view": asdict(done.view), "looks": colour, "box": box(own),
        "others": others,
    }  # fmt: skip


def part(job: tuple[Path, int, int, int]) -> int:
    """Draws the scenes from `start` on."""
    folder, start, end, seed = job
    judge, labels, lines, pictures = Judge(), list(objects.load_all()), [], []
    draw = renderer()
    for index in range(start, end):
        rng = np.random.default_rng([seed, index])
        label, kind = labels[index % len(labels)], "mixture" if (index // len(labels)) % 2 else "hunt"
        scene = resolve(prompts.Request(label, stated(kind, label, rng)), int(rng.integers(1, 90_000_000)))
        traced: Traced = draw.trace(scene)
        own = (traced.regions > 0) & (traced.regions <= scene.count)
        colour = look(draw.facts[..., :3][own])
        for developed in films(scene, rng):
            done = finished(traced, developed)
            said = record(index, kind, developed, done, colour)
            shown = picture.Picture(Image.new("RGB", (1, 1)), info=said)
            if judge([shown], [label])[0] > 0.5:
                lines.append(json.dumps(said | {"as_said": developed is scene}) + "\n")
                pictures.append(done.pixels)
    name = f"{start // PART:04d}"
    np.save(folder / f"{name}.npy", np.array(pictures))
    (folder / f"{name}.jsonl").write_text("".join(lines))
    return start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        (args.folder, start, min(start + PART, args.scenes), args.seed)
        for start in range(0, args.scenes, PART)
        if not (args.folder / f"{start // PART:04d}.jsonl").exists()
    ]
    with get_context("spawn").Pool(args.workers, maxtasksperchild=8) as pool:
        for start in pool.imap_unordered(part, jobs):
            print(f"{start} of {args.scenes}", flush=True)


if __name__ == "__main__":
    main()

"""What does Bugscope itself cost, without the time of any model, and does that grow in proportion to the pictures?

    python bench/cost.py [--sizes 1000,10000,100000] [--steps hunt,again,...] [--limit 3600] [--json FILE]

A toy world draws pictures of 8 x 8 pixels, and its models answer at once: what is left is the cost of the search, of the
statistics, of the run folder and of the reports. A hunt of N pictures has N / 100 labels, each with two planted bugs, so that
the number of bugs grows with the size. The target always knows `CLASSES` labels, as one for ImageNet does.

Each step runs in a process of its own, on the folder that the hunt left. The table shows CPU milliseconds per picture, the
ratio of that to the smallest size (1 is linear) and the peak of memory. A step that takes longer than `--limit` CPU seconds is
ended, and so shown. `interrupted` is a hunt that is stopped near its end; `resume` is the rest of it.
"""

import argparse
import hashlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import bugscope
from bugscope.media.picture import Picture, as_rgb
from bugscope.testing import PHRASES, World

SIZES = (1_000, 10_000, 100_000)
CLASSES = 1_000
EACH = 100
"""Pictures of a hunt per label."""
EXPLAINING = 0.2
"""Share of the pictures that explain bugs."""
STATED = tuple(f" {phrase.text} " for phrase in PHRASES.values())
NAME = re.compile(r"gadget(\d{4})")
OTHER = "something else"


@dataclass
class Crowd(World):
    """Very many labels in very small pictures. Pixels spell the label (row 0), the words (rows 1 and 2) and a chance (row 3);
    below that is noise. Each label fails with two words of its own."""

    rate: float = 0.9

    def draw(self, prompt: str, seed: int) -> Picture:
        self.calls += 1
        if self.die_after is not None and self.calls > self.die_after:
            raise KeyboardInterrupt
        own = np.frombuffer(hashlib.sha256(str(seed).encode()).digest(), np.uint8)
        noise = np.frombuffer(hashlib.shake_128(f"{prompt}|{seed}".encode()).digest(8 * 8 * 3), np.uint8)
        pixels = noise.reshape(8, 8, 3).copy()
        label = NAME.search(prompt)
        pixels[0, 0] = divmod(int(label[1]), 250) + (255,) if label else (255, 255, 255)
        spelt = pixels[1:3].reshape(-1)
        for i, words in enumerate(STATED):
            spelt[i] = 255 if words in f"{prompt} " or own[i] < 256 * self.prior else 0
        return Picture(Image.fromarray(pixels), info={"visible": float(label is not None)})

    def generator(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Any]:
        return [self.draw(prompt, seed) for prompt, seed in zip(prompts, seeds, strict=True)]

    def read(self, image: Image.Image) -> tuple[int, list[str], float]:
        a = np.asarray(image)
        spelt = a[1:3].reshape(-1)
        chance = int.from_bytes(a[3].tobytes()[:6], "big") / 2**48
        high, low, _ = (int(x) for x in a[0, 0])
        number = 250 * high + low
        return number if number < CLASSES else CLASSES, [w for i, w in enumerate(PHRASES) if spelt[i] > 127], chance

    def causes(self, number: int) -> set[str]:
        words = list(PHRASES)
        return {words[number % len(words)], words[(number * 7 + 3) % len(words)]}

    def classify(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        rows = np.zeros((len(images), CLASSES + 1), dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            number, words, chance = self.read(as_rgb(image))
            wrong = number == CLASSES or chance < (self.rate if self.causes(number) & set(words) else self.base)
            row[(number + 1) % CLASSES if wrong and number < CLASSES else number] = 0.9
        return rows

    def caption(self, images: Sequence[Image.Image]) -> list[str]:
        said = []
        for image in images:
            number, words, _ = self.read(as_rgb(image))
            label = "picture" if number == CLASSES else self.labels[number]
            before = " ".join(PHRASES[w].text for w in words if PHRASES[w].before)
            after = " ".join(PHRASES[w].text for w in words if not PHRASES[w].before)
            said.append(" ".join(f"a photo of a {before} {label} {after}".split()))
        return said

    def roles(self) -> dict[str, Any]:
        roles = super().roles()
        roles["target"].labels = (*self.labels, OTHER)
        return roles


LABELS = tuple(f"gadget{i:04d}" for i in range(CLASSES))


def crowd(**changes: Any) -> dict[str, Any]:
    return Crowd(**{"labels": LABELS, "prior": 0.08, **changes}).roles()


# --- steps --------------------------------------------------------------------------------------------------------------


def hunt(size: int, folder: Path, die_after: int | None = None) -> bugscope.Run:
    explain = int(EXPLAINING * size)
    labels = LABELS[: max(2, size // EACH)]
    options = {"budget": size - explain, "explain_budget": explain}
    return bugscope.hunt(labels, folder / "run", **options, **crowd(die_after=die_after))


def interrupted(size: int, folder: Path) -> None:
    try:
        hunt(size, folder / "half", die_after=size // 2)
    except KeyboardInterrupt:
        return
    raise SystemExit("the hunt was not interrupted")


def better() -> Any:
    """Another target: it does not mind half of the words."""

    class Better(Crowd):
        def causes(self, number: int) -> set[str]:
            return super().causes(number) & set(list(PHRASES)[::2])

    target = Better(labels=LABELS, prior=0.08).roles()["target"]
    target.id = "world/better"
    return target


def dataset(size: int, folder: Path, everything: bool) -> None:
    bugscope.dataset(folder / "run", folder / f"data-{everything}", everything=everything)


STEPS: dict[str, Callable[[int, Path], Any]] = {
    "hunt": hunt,
    "again": hunt,
    "interrupted": interrupted,
    "resume": lambda size, folder: hunt(size, folder / "half"),
    "report": lambda size, folder: bugscope.load(folder / "run").write_report(),
    "dataset": lambda size, folder: dataset(size, folder, False),
    "dataset --all": lambda size, folder: dataset(size, folder, True),
    "replay": lambda size, folder: bugscope.replay(folder / "run", better()).write(),
    "transfer": lambda size, folder: bugscope.transfer(folder / "run", [better()], out=folder / "transfer"),
    "explain": lambda size, folder: bugscope.explain(folder / "run", "1", budget=200, **crowd()),
}
WHAT = {
    "hunt": "hunt",
    "again": "the same hunt asked again when it is finished",
    "interrupted": "hunt, stopped half way",
    "resume": "the rest of it",
    "report": "report.json and its page",
    "dataset": "data set of the failures",
    "dataset --all": "data set of all pictures",
    "replay": "replay of another target",
    "transfer": "transfer to another target",
    "explain": "explain one bug again",
}


def child(step: str, size: int, folder: Path, limit: int) -> dict[str, float]:
    """CPU seconds and peak megabytes of one step; in a process of its own."""
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    before = time.process_time()
    STEPS[step](size, folder)
    return {
        "cpu_s": time.process_time() - before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(step: str, size: int, folder: Path, limit: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", step, "--sizes", str(size), "--folder", str(folder), "--limit", str(limit)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    found: dict[str, Any] = {"step": step, "size": size}
    if done.returncode:
        over = done.returncode < 0
        return found | {"failed": f"over {limit} CPU s" if over else (done.stderr.strip().splitlines() or ["?"])[-1]}
    return found | json.loads(done.stdout.splitlines()[-1])


def sizes_of(folder: Path) -> dict[str, Any]:
    """What the hunt left: numbers of pictures and bugs, and sizes of files in bytes."""
    run = folder / "run"
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    return {
        "pictures": report["images_generated"],
        "labels": len(report["labels"]),
        "bugs": len(report["bugs"]) + len(report["folded"]),
        "tried": report["hypotheses_tested"],
        **{name: (run / name).stat().st_size for name in ("report.json", "report.html", "run.sqlite")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="pictures of a hunt, comma-separated")
    parser.add_argument("--steps", default=",".join(STEPS), help="comma-separated")
    parser.add_argument("--limit", type=int, default=3600, help="CPU seconds of a step, at most")
    parser.add_argument("--folder", type=Path, help="where runs are kept; by default nowhere")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = [int(n) for n in options.sizes.split(",")]
    if options.child:
        print(json.dumps(child(options.child, sizes[0], options.folder, options.limit)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        base = options.folder or Path(temporary)
        found, left = [], {}
        for size in sizes:
            folder = base / str(size)
            folder.mkdir(parents=True, exist_ok=True)
            for step in options.steps.split(","):
                found.append(measured(step, size, folder, options.limit))
                print(found[-1], file=sys.stderr, flush=True)
            if (folder / "run" / "report.html").exists():
                left[size] = sizes_of(folder)
                print(left[size], file=sys.stderr, flush=True)
    if options.json:
        options.json.write_text(json.dumps({"steps": found, "left": left}, indent=1), encoding="utf-8")
    print(table(found, left))


def table(found: Sequence[dict[str, Any]], left: dict[int, dict[str, Any]]) -> str:
    """In Markdown: a row for each step, and for each size CPU ms per picture (ratio to the smallest size) and peak memory."""
    sizes = list(dict.fromkeys(row["size"] for row in found))
    by = {(row["step"], row["size"]): row for row in found}
    steps = list(dict.fromkeys(row["step"] for row in found))

    def cell(step: str, size: int) -> str:
        row = by[step, size]
        if "failed" in row:
            return row["failed"]
        first = by[step, sizes[0]]
        each = row["cpu_s"] / size
        ratio = f" ({each * sizes[0] / first['cpu_s']:.2g}x)" if "cpu_s" in first and first["cpu_s"] else ""
        return f"{row['cpu_s']:.3g} s, {1000 * each:.2g} ms each{ratio}, {row['peak_mb']:.0f} MB"

    lines = ["| step | " + " | ".join(f"{size:,} pictures" for size in sizes) + " |", "|---" * (len(sizes) + 1) + "|"]
    lines += [f"| {WHAT[step]} | " + " | ".join(cell(step, size) for size in sizes) + " |" for step in steps]
    for name in ("bugs", "report.json", "report.html"):
        values = [left[size][name] if size in left else None for size in sizes]
        said = ["" if v is None else f"{v:,}" if name == "bugs" else f"{v / 1e6:.2f} MB" for v in values]
        lines.append(f"| {name} | " + " | ".join(said) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

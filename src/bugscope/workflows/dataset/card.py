"""README.md of a data set: what a person must know, and the front matter that the Hub reads."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import yaml

from ...report.plain import for_code, for_markdown
from ...report.table import raw_table
from ...report.words import count, interval, listed
from .alike import BITS, LEVELS
from .formats import PARTS, Parquet, WebDataset, card_features
from .items import LOST, NEAR, OVER, UNCONFIRMED, RunPicture, Source
from .names import Class

ROWS = 300
"""Bugs in the table, at most."""
PAPER = "https://arxiv.org/abs/2208.08831"
CITATION = """@article{wiles2022discovering,
  title   = {Discovering Bugs in Vision Models using Off-the-shelf Image Generation and Captioning},
  author  = {Wiles, Olivia and Albuquerque, Isabela and Gowal, Sven},
  journal = {arXiv preprint arXiv:2208.08831},
  year    = {2022}
}"""
COLUMNS = (
    ("image", "the picture, PNG"),
    ("label", "class number: the label's place among the folder names in order"),
    ("label_name", "what the picture shows: what the generator was asked for, and the judge agreed"),
    ("wordnet_id, imagenet_index", "of an ImageNet-1k label"),
    ("class_index", "the label's place among the target's outputs, where the maker of this data set gave them"),
    ("predicted, score", "the target's first answer and its score, on the target's own scale"),
    ("prompt, description", "what the generator was asked; the description is the prompt without the label"),
    ("bug", "number of the confirmed bug in the run's report"),
    ("purpose", "why the picture was generated: explore, design, confirm, refine or explain"),
    ("seed", "the generator's; pictures with the same seed are in the same part"),
    ("run, generator, target", "where the picture comes from"),
    ("caption", "by the run's captioner, where it was asked"),
    ("kept, reason", "kept is true for the chosen failures; else reason says why not"),
)
REASONS: Mapping[str, str] = {
    "failure": "failures of confirmed bugs, kept",
    NEAR: "failures left out: near-duplicates of a kept one",
    OVER: "failures left out: over the limit of their bug or label",
    UNCONFIRMED: "failures left out: their prompt is not that of a confirmed bug",
    "success": "classified right",
    "unfaithful": "left out: they do not show the label, according to the judge",
    "refused": "refused by the generator: no picture",
    "error": "without an answer",
    LOST: "left out: their files are missing or damaged",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the card tells besides the pictures themselves."""

    format: str
    title: str
    license: str
    everything: bool
    explored: bool
    test: float
    seed: int
    a_bug: int | None
    a_label: int | None
    counts: Mapping[str, int]
    notes: Sequence[str]


def card(items: Sequence[RunPicture], sources: Sequence[Source], classes: Mapping[str, Class], facts: Facts) -> str:
    parts = [part for part in PARTS if any(i.part == part for i in items)]
    return f"---\n{_front(len(items), parts, classes, facts)}---\n\n{_body(items, sources, parts, classes, facts)}"


def _front(count: int, parts: Sequence[str], classes: Mapping[str, Class], facts: Facts) -> str:
    files = {"parquet": Parquet.suffix, "webdataset": WebDataset.suffix}
    folder = f"data/{{}}-*.{files[facts.format]}" if facts.format in files else "{}/**"
    config: dict[str, Any] = {
        "config_name": "default",
        "data_files": [{"split": part, "path": folder.format(part)} for part in parts],
    }
    # Parquet carries its own; WebDataset has another layout
    config |= {"features": card_features(classes)} if facts.format == "imagefolder" else {}
    sizes = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    front = {
        "license": facts.license or "unknown",
        "pretty_name": facts.title,
        "task_categories": ["image-classification"],
        "tags": ["bugscope", "adversarial", "robustness", "synthetic"],
        "size_categories": [next((name for most, name in sizes if count < most), "n>1M")],
        "configs": [config],
    }
    return yaml.safe_dump(front, sort_keys=False, allow_unicode=True)


def _body(
    items: Sequence[RunPicture], sources: Sequence[Source], parts: Sequence[str], classes: Mapping[str, Class], facts: Facts
) -> str:
    targets, generators = _models(sources, "target"), _models(sources, "generator")
    sections = {
        "Contents": _contents(items, parts, facts),
        "How it was made": _made(sources, targets, generators, facts),
        "Bugs": _bugs(items, sources),
        "Labels": _labels(items, sources, classes),
        "Columns": _columns(),
        "Use": _use(facts.format),
        "Limits": _limits(targets, facts),
        "Licence": _licence(facts.license, generators),
        "Citation": f"```bibtex\n{CITATION}\n```",
    }
    what = (
        "Every picture of the runs; the chosen failures have `kept` true."
        if facts.everything
        else "Only pictures that show their label, according to the judge, and that the target gets wrong."
    )
    found = f"Generated pictures on which {targets} fails, found by Bugscope {metadata.version('bugscope')}. {what}"
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items())
    return f"# {for_markdown(facts.title)}\n\n{found}\n\n{body}\n"


def _contents(items: Sequence[RunPicture], parts: Sequence[str], facts: Facts) -> str:
    here = raw_table(("part", "pictures", "kept"), [(p, *_count(items, p)) for p in parts])
    became = [(REASONS[reason], n) for reason, n in facts.counts.items()]
    notes = "".join(f"\n- {for_markdown(note)}" for note in facts.notes)
    return f"{here}\n{raw_table(('what became of the pictures of the runs', 'pictures'), became)}{notes}".rstrip()


def _made(sources: Sequence[Source], targets: str, generators: str, facts: Facts) -> str:
    rule = f"at most {facts.a_bug} per bug" if facts.a_bug else "no limit per bug"
    rule += f" and {facts.a_label} per label" if facts.a_label else ""
    said = [("does not show" if s.report["absent"] else "clearly shows", s.report["failure"]) for s in sources]
    failures = ", or ".join(dict.fromkeys(f"{shows} its label and {failure}" for shows, failure in said))
    test = f"About {100 * facts.test:g} % are the test part." if facts.test else "There is no test part."
    return f"""1. {generators} generated labelled pictures from prompts; {_models(sources, "judge")} decided which of them show
   their label; {targets} answered. A failure is a picture that {failures}.
2. What failures have in common became descriptions. Each was tested on fresh pictures against the plain label, and the tests
   share a false discovery rate: a *confirmed bug* fails more often than the plain label does. The method is that of
   [Wiles, Albuquerque and Gowal]({PAPER}), with tests.
3. Failures on prompts of confirmed bugs{" and of exploration" if facts.explored else ""} are kept: {rule}, chosen at random
   (seed {facts.seed}). Of near-duplicates one is kept; they have DCT hashes that differ in at most {BITS} of 64 bits, and 8 x 8
   thumbnails that differ by at most {LEVELS:g} of 255 levels in the mean.
4. {test} Near-duplicates and pictures with the same seed are always in the same part.

The models, by the ids that the columns `generator` and `target` have: {_ids(sources)}."""


def _limits(targets: str, facts: Facts) -> str:
    return f"""- The pictures are generated. A failure on them is a reason to look at photographs, not proof about photographs.
- {"The kept pictures" if facts.everything else "These pictures"} were chosen because they fool {targets}, so {targets} fails on
  all of them by construction: its accuracy on the kept pictures is 0 by choice. Neither that nor another target's accuracy on
  them says how accurate either is in the world, or which of the two is better.
- A judge model decided that a picture shows its label, and it may err.
- What the generator cannot draw, or the runs did not try, is absent. A model trained on these pictures should
  be measured on others."""


def _columns() -> str:
    rows = [(f"`{name.replace(', ', '`, `')}`", text) for name, text in COLUMNS]
    return f"Unknown values are empty text or −1.\n\n{raw_table(('column', 'meaning'), rows)}".rstrip()


def _bugs(items: Sequence[RunPicture], sources: Sequence[Source]) -> str:
    kept = Counter((i.source.run, i.bug) for i in items if i.kept)
    rows = [
        (
            s.run, b["id"], for_markdown(b["sentence"]), for_markdown(b["predicted"][0]["label"] if b["predicted"] else ""),
            count(b), interval(b), count(b["baseline"]), interval(b["baseline"]), kept[s.run, b["id"]], b["same_as"] or "",
        )
        for s in sources
        for b in s.bugs
    ]  # fmt: skip
    if not rows:
        return "The runs have no confirmed bug."
    about = (
        "Failure rates on the fresh pictures that confirmed each bug, with 95 % intervals; they are not rates of this data set."
    )
    heads = (
        "run", "bug", "description", "classified as", "failures", "95 % CI", "plain label", "95 % CI", "kept here",
        "same cause as",
    )  # fmt: skip
    more = f"\nAnd {len(rows) - ROWS} more." if len(rows) > ROWS else ""
    return f"{about}\n\n{raw_table(heads, rows[:ROWS])}{more}".rstrip()


def _labels(items: Sequence[RunPicture], sources: Sequence[Source], classes: Mapping[str, Class]) -> str:
    here = Counter((i.label, i.part) for i in items)
    rows = [(c.index, for_markdown(name), *(here[name, part] for part in PARTS)) for name, c in classes.items()]
    plain = [
        (s.run, for_markdown(found["label"]), count(base), interval(base))
        for s in sources
        for found in s.report["labels"]
        if (base := found["baseline"]) and base["n"]
    ]
    table = raw_table(("number", "label", *PARTS), rows)
    if plain:
        measured = raw_table(("run", "label", "failures", "95 % CI"), plain)
        table += f"\nThe plain label, as each run measured it:\n\n{measured}"
    return table.rstrip()


def _use(format: str) -> str:
    loads = {
        "imagefolder": """```python
from datasets import load_dataset  # pip install datasets pillow

data = load_dataset("FOLDER or ORG/NAME")  # image, label (ClassLabel), and the columns above
data["train"][0]["image"]

from torchvision.datasets import ImageFolder

data = ImageFolder("FOLDER/train", allow_empty=True)  # the same class numbers in every part
```""",
        "coco": """```python
from datasets import load_dataset  # pip install datasets pillow

data = load_dataset("FOLDER or ORG/NAME")  # image, objects (bbox and categories), and the columns above
data["train"][0]["objects"]

from torchvision.datasets import CocoDetection  # pip install torchvision pycocotools

data = CocoDetection("FOLDER/train", "FOLDER/train/annotations.json")
```""",
        "parquet": """```python
from datasets import load_dataset  # pip install datasets pillow

data = load_dataset("FOLDER or ORG/NAME")  # image, label (ClassLabel), and the columns above
data["train"][0]["image"]
```""",
        "webdataset": """```python
import webdataset

data = webdataset.WebDataset("FOLDER/data/train-00000.tar", shardshuffle=False).decode("pil").to_tuple("png", "cls", "json")

from datasets import load_dataset

data = load_dataset("FOLDER or ORG/NAME", streaming=True)  # png, cls and json
```""",
    }
    return loads[format]


def _licence(license: str, generators: str) -> str:
    if license:
        return f"`{for_code(license)}`, as stated by the maker of this data set. The terms of {generators} may say more."
    return f"None is stated. The terms of {generators} decide what may be done with its pictures."


def _count(items: Sequence[RunPicture], part: str) -> tuple[int, int]:
    mine = [i for i in items if i.part == part]
    return len(mine), sum(i.kept for i in mine)


def _models(sources: Sequence[Source], role: str) -> str:
    """As people call them."""
    return _listed(s.name(role) for s in sources)


def _ids(sources: Sequence[Source]) -> str:
    return _listed(id for s in sources for id in (s.generator, s.report["judge"], s.target))


def _listed(names: Iterable[str]) -> str:
    return listed(f"`{for_code(name)}`" for name in dict.fromkeys(names))

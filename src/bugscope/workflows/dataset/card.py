"""README.md of a data set: what a person must know, and the front matter that the Hub reads."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import yaml

from .alike import BITS, LEVELS
from .formats import FORMATS, PARTS, card_features
from .items import NEAR, OVER, UNCONFIRMED, Item, Source
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
    ("label_name", "what the picture shows: what was asked of the generator, and the judge agreed"),
    ("wordnet_id, imagenet_index", "of an ImageNet-1k label"),
    ("class_index", "the label's place among the target's outputs, where the maker of this data set gave them"),
    ("predicted, score", "the target's first answer and its score, on the target's own scale"),
    ("prompt, description", "what the generator was asked; the description is the prompt without the label"),
    ("bug", "number of the confirmed bug in the run's report"),
    ("purpose", "why the picture was drawn: explore, confirm, refine or explain"),
    ("seed", "of the generator; pictures of one seed are in one part"),
    ("run, generator, target", "where it comes from"),
    ("caption", "by the run's captioner, where it was asked"),
    ("kept, reason", "kept is true for the chosen failures; else reason says why not"),
)
REASONS: Mapping[str, str] = {
    "failure": "failures of confirmed bugs, kept",
    NEAR: "failures left out: near-duplicates of a kept one",
    OVER: "failures left out: over the limit of their bug or label",
    UNCONFIRMED: "failures left out: their prompt is no confirmed bug's",
    "success": "classified right",
    "unfaithful": "do not show the label, says the judge",
    "refused": "refused by the generator: no picture",
    "error": "without an answer",
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


def card(items: Sequence[Item], sources: Sequence[Source], classes: Mapping[str, Class], facts: Facts) -> str:
    parts = [part for part in PARTS if any(i.part == part for i in items)]
    return f"---\n{_front(len(items), parts, classes, facts)}---\n\n{_body(items, sources, parts, classes, facts)}"


def _front(count: int, parts: Sequence[str], classes: Mapping[str, Class], facts: Facts) -> str:
    folder = "{}/**" if facts.format == "imagefolder" else f"data/{{}}-*.{FORMATS[facts.format].suffix}"
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
    items: Sequence[Item], sources: Sequence[Source], parts: Sequence[str], classes: Mapping[str, Class], facts: Facts
) -> str:
    targets, generators = (_models(s.target for s in sources), _models(s.generator for s in sources))
    rule = f"at most {facts.a_bug} a bug" if facts.a_bug else "no limit a bug"
    rule += f" and {facts.a_label} a label" if facts.a_label else ""
    what = (
        "Every picture of the runs; the chosen failures have `kept` true."
        if facts.everything
        else "Only pictures that show their label, as the judge says, and that the target gets wrong."
    )
    became = [(REASONS[reason], count) for reason, count in facts.counts.items()]
    notes = "".join(f"\n- {plain(note)}" for note in facts.notes)
    fails = f"{targets} fails on them: its accuracy on the kept pictures is 0 by choice, and the accuracy of another target"
    return f"""# {plain(facts.title)}

Generated pictures on which {targets} fails, found by Bugscope {metadata.version("bugscope")}. {what}

## Contents

{_table(("part", "pictures", "kept"), [(p, *_count(items, p)) for p in parts])}

{_table(("what became of the pictures of the runs", "pictures"), became)}
{notes}

## How it was made

1. {generators} drew labelled pictures from prompts; {_models(s.report["judge"] for s in sources)} said which of them show
   their label; {targets} classified them. A failure is a picture that shows its label and whose first answer is neither the
   label nor an accepted near-synonym.
2. What failures have in common became descriptions. Each was tested on fresh pictures against the plain label, and the tests
   share a false discovery rate: a *confirmed bug* fails more than the plain label does. The method is that of
   [Wiles, Albuquerque and Gowal]({PAPER}), with tests.
3. Kept are failures on prompts of confirmed bugs{" and of exploration" if facts.explored else ""}, {rule}, drawn by lot (seed
   {facts.seed}). Of near-duplicates one is kept: DCT hashes that differ in at most {BITS} of 64 bits, and 8 x 8 thumbnails that
   differ by at most {LEVELS:g} of 255 levels in the mean.
4. {f"About {100 * facts.test:g} % are the test part." if facts.test else "There is no test part."} Near-duplicates and
   pictures of one seed are never in two parts.

## Bugs

Failure rates on the fresh pictures that confirmed each bug, with 95 % intervals; they are not rates of this data set.

{_bugs(items, sources)}

## Labels

{_labels(items, sources, classes)}

## Columns

What is not known is empty text or −1.

{_table(("column", "meaning"), [(f"`{name.replace(', ', '`, `')}`", text) for name, text in COLUMNS])}

## Use

{_use(facts.format)}

## Limits

- The pictures are generated. What a target does on them is a reason to look at photographs, not proof about them.
- {"The kept ones" if facts.everything else "They"} were chosen *because* {fails}
  there says nothing of its accuracy in the world, nor which of the two is better.
- That a picture shows its label was said by a judge model, which may err.
- What the generator cannot draw, or the runs did not try, is absent. A model trained on these pictures should
  be measured on others.

## Licence

{_licence(facts.license, generators)}

## Citation

```bibtex
{CITATION}
```
"""


def _bugs(items: Sequence[Item], sources: Sequence[Source]) -> str:
    kept = Counter((i.source.run, i.bug) for i in items if i.kept)
    rows: list[tuple[Any, ...]] = []
    for s in sources:
        for b in s.bugs:
            base = b["baseline"]
            rows.append(
                (
                    s.run, b["id"], plain(b["sentence"]), plain(b["predicted"][0]["label"] if b["predicted"] else ""),
                    f"{b['failures']} of {b['n']}", _interval(b), f"{base['failures']} of {base['n']}", _interval(base),
                    kept[s.run, str(b["id"])],
                )
            )  # fmt: skip
    heads = ("run", "bug", "description", "classified as", "failures", "95 % CI", "plain label", "95 % CI", "kept here")
    more = f"\n\nAnd {len(rows) - ROWS} more." if len(rows) > ROWS else ""
    return _table(heads, rows[:ROWS]) + more if rows else "The runs have no confirmed bug."


def _labels(items: Sequence[Item], sources: Sequence[Source], classes: Mapping[str, Class]) -> str:
    count = Counter((i.label, i.part) for i in items)
    rows = [(c.index, plain(name), *(count[name, part] for part in PARTS)) for name, c in classes.items()]
    plain_rows = [
        (
            s.run,
            plain(found["label"]),
            f"{found['baseline']['failures']} of {found['baseline']['n']}",
            _interval(found["baseline"]),
        )
        for s in sources
        for found in s.report["labels"]
        if found["baseline"] and found["baseline"]["n"]
    ]
    here = _table(("number", "label", *PARTS), rows)
    if not plain_rows:
        return here
    asked = _table(("run", "label", "failures", "95 % CI"), plain_rows)
    return f"{here}\n\nThe plain label, as each run measured it:\n\n{asked}"


def _use(format: str) -> str:
    loads = {
        "imagefolder": """```python
from datasets import load_dataset  # pip install datasets pillow

data = load_dataset("FOLDER or ORG/NAME")  # image, label (ClassLabel), and the columns above
data["train"][0]["image"]

from torchvision.datasets import ImageFolder

data = ImageFolder("FOLDER/train", allow_empty=True)  # the same class numbers in every part
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
        return f"`{_code(license)}`, as the maker of this data set states. The terms of {generators} may say more."
    return f"None is stated. The terms of {generators} decide what may be done with its pictures."


def _count(items: Sequence[Item], part: str) -> tuple[int, int]:
    mine = [i for i in items if i.part == part]
    return len(mine), sum(i.kept for i in mine)


def _models(names: Any) -> str:
    found = [f"`{_code(name)}`" for name in dict.fromkeys(names)]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"


def _interval(rate: Mapping[str, Any]) -> str:
    if not rate["n"]:
        return ""
    return f"{100 * rate['low']:.0f}–{100 * rate['high']:.0f} %"


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _clean(text: str) -> str:
    """On one line, without what turns a reader's screen."""
    shown = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join(re.sub("[\u202a-\u202e\u2066-\u2069]", "", shown).split())


def plain(text: str) -> str:
    """Untrusted text as Markdown that shows just that."""
    return re.sub(r"([\\`*_{}\[\]<>()#+|~!:&@$\"]|(?<=www)\.)", r"\\\1", _clean(str(text)))


def _code(text: str) -> str:
    return re.sub(r"[`|<>]", "'", _clean(str(text)))

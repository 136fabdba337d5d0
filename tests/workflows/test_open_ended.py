"""Bugs that nobody could have listed: generators without a vocabulary, whose conditions are known from captions alone."""

import hashlib
import json
import random

import numpy as np
import pytest
from PIL import Image

import bugscope
from bugscope.core.records import Phrase
from bugscope.media.picture import Picture, words
from bugscope.providers.folder import cache

LABELS = ("kettle", "lantern")
BEFORE = ("crumpled", "gilded", "velvet", "waxed", "quilted", "braided")
AFTER = (
    "beside a lighthouse", "under neon tubes", "wrapped in foil", "in a bathtub", "held by a robot", "on a trampoline",
    "behind a violin", "inside a greenhouse", "next to a cactus", "on a drum", "in a canoe", "near a windmill",
)  # fmt: skip
CONDITIONS = (*BEFORE, *AFTER)
PLANTED = {"kettle": "wrapped in foil", "lantern": "gilded"}


def spelled(label, shown, seed):
    """A picture whose pixels say what it shows; the last row is noise of its own."""
    pixels = np.zeros((20, 20, 3), dtype=np.uint8)
    pixels[: len(CONDITIONS)] = np.array([255 * (c in shown) for c in CONDITIONS], dtype=np.uint8)[:, None, None]
    pixels[18] = LABELS.index(label)
    pixels[19] = np.frombuffer(hashlib.sha256(seed.encode()).digest(), np.uint8)[:20, None]
    return Image.fromarray(pixels)


def read(image):
    pixels = np.asarray(image.convert("RGB"))
    return (
        LABELS[pixels[18, 0, 0]],
        [c for c, row in zip(CONDITIONS, pixels, strict=False) if row[0, 0]],
        pixels[19, 0, 0] / 256,
    )


def caption_of(label, shown):
    before, after = (" ".join(c for c in shown if c in group) for group in (BEFORE, AFTER))
    return " ".join(f"a {before} {label} {after}".split())


def captioner(pictures):
    return [caption_of(*read(image)[:2]) for image in pictures]


def target(pictures):
    """Fails in nine of ten pictures that show what is planted, and in one of twenty others."""
    rows = np.zeros((len(pictures), 3))
    for row, image in zip(rows, pictures, strict=True):
        label, shown, chance = read(image)
        row[2 if chance < (0.9 if PLANTED[label] in shown else 0.05) else LABELS.index(label)] = 1.0
    return rows


target.labels = (*LABELS, "bowl")


def judge(pictures, labels):
    return np.array([read(p.content)[0] == label for p, label in zip(pictures, labels, strict=True)], dtype=float)


def text_to_image(prompts, seeds):
    """Draws what it is asked for, and now and then something else too. It has no list of what it knows."""
    pictures = []
    for prompt, seed in zip(prompts, seeds, strict=True):
        rng = random.Random(int(seed))
        shown = [c for c in CONDITIONS if (rng.random() < 0.08) | (c in prompt and rng.random() < 0.95)]
        label = next(label for label in LABELS if label in prompt)
        pictures.append(Picture(spelled(label, shown, f"{prompt}|{seed}")))
    return pictures


@pytest.fixture
def photographs(tmp_path, monkeypatch):
    """A folder of captioned pictures, each with two or three of the conditions."""
    monkeypatch.setattr(cache, "home", lambda: tmp_path / "cache")
    rng, rows = random.Random(0), []
    for label in LABELS:
        (tmp_path / "photos" / label).mkdir(parents=True)
        for i in range(500):
            shown = rng.sample(CONDITIONS, rng.choice((1, 2, 3)))
            spelled(label, shown, f"{label}|{i}").save(tmp_path / "photos" / label / f"{i}.png")
            rows.append({"file_name": f"{label}/{i}.png", "text": caption_of(label, shown)})
    (tmp_path / "photos" / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path / "photos"


def check_found(run):
    """Every planted bug is confirmed, and nothing else."""
    for label, condition in PLANTED.items():
        confirmed = [b.description for b in (*run.bugs, *(x for b in run.bugs for x in b.also)) if b.label == label]
        assert confirmed and all(condition in description for description in confirmed), label


def test_none_of_the_conditions_is_on_a_list_of_ours():
    assert not {Phrase(c, before=c in BEFORE) for c in CONDITIONS} & {*words.checklist}
    assert not any(c in p.text for p in words.checklist for c in CONDITIONS)


def test_the_bugs_of_a_generator_with_words_of_its_own_are_found(tmp_path):
    run = bugscope.hunt(
        LABELS, tmp_path / "run", target=target, generator=text_to_image, captioner=captioner, judge=judge,
        budget=500, explain_budget=0,
    )  # fmt: skip
    check_found(run)


@pytest.mark.slow
def test_the_bugs_of_a_folder_of_photographs_are_found(tmp_path, photographs):
    run = bugscope.hunt(
        LABELS, tmp_path / "run", target=target, generator=f"folder/{photographs}", generator_args={"search": "words"},
        captioner=captioner, judge=judge, budget=500, explain_budget=0,
    )  # fmt: skip
    check_found(run)

"""Near-duplicates, balance, split and names, on anything."""

import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from bugscope.core import labels
from bugscope.media import picture
from bugscope.workflows.dataset import alike, choose, names
from bugscope.workflows.dataset.items import NEAR, OVER, RunPicture

LABELS, PROMPTS = ("cat", "dog", "hen"), ("at night", "on snow")


class Run:
    run = "run"


def item(number, label="cat", prompt="at night", seed=0, reason="failure"):
    return RunPicture(
        Run(), f"{number}.png", label, prompt, f"{label} {prompt}", "confirm", number, seed, reason, None, None, None, "1",
        f"{label} {prompt}",
    )  # fmt: skip


@st.composite
def pictures(draw, reasons=("failure",)):
    count = draw(st.integers(0, 60))
    return [
        item(
            i, draw(st.sampled_from(LABELS)), draw(st.sampled_from(PROMPTS)), draw(st.integers(0, 25)),
            draw(st.sampled_from(reasons)),
        )
        for i in range(count)
    ]  # fmt: skip


# --- near-duplicates --------------------------------------------------------------------------------------------------------


def slowly(hashes, thumbs):
    """The same by comparing all with all."""
    group = list(range(len(hashes)))
    for a in range(len(hashes)):
        for b in range(a):
            apart = np.abs(thumbs[a].astype(int) - thumbs[b]).mean()
            if (int(hashes[a]) ^ int(hashes[b])).bit_count() <= alike.BITS and apart <= alike.LEVELS:
                group = [group[a] if g == group[b] else g for g in group]
    return group


def same(one, other):
    pairs = set(zip(list(one), list(other), strict=True))
    return len(pairs) == len(set(one)) == len(set(other))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 60), flips=st.integers(1, 8), cells=st.sampled_from([1, 7, 1 << 21]))
def test_groups_are_those_of_comparing_all_with_all(seed, count, flips, cells):
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, 5, dtype=np.uint64)[rng.integers(0, 5, count)]
    for i in range(count):
        for bit in rng.integers(0, 64, rng.integers(0, flips)):
            hashes[i] ^= np.uint64(1) << np.uint64(bit)
    thumbs = (rng.integers(0, 5, (count, 1)) * 5 + rng.integers(0, 4, (count, 192))).astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "CELLS", cells)
        found = alike.groups(hashes, thumbs)
    assert same(found.tolist(), slowly(hashes, thumbs))


def photo(seed=0, size=256):
    """Something with shapes and colours."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for _ in range(6):
        x, y, r = rng.integers(0, size, 3)
        pen.ellipse((x, y, x + r // 3, y + r // 3), fill=tuple(int(v) for v in rng.integers(0, 256, 3)))
    return image


def near(a, b):
    signs = [picture.signature(image) for image in (a, b)]
    return alike.groups(*alike.signatures(2, signs.__getitem__)).tolist() == [0, 0]


@pytest.mark.parametrize("seed", range(8))
def test_what_a_person_calls_the_same_picture_is_one(seed, tmp_path):
    image = photo(seed)
    image.save(tmp_path / "x.jpg", quality=70)
    with Image.open(tmp_path / "x.jpg") as jpeg:
        assert near(image, jpeg.convert("RGB"))
    assert near(image, image.resize((200, 200)))
    assert near(image, image.filter(ImageFilter.GaussianBlur(1)))
    assert near(image, ImageEnhance.Brightness(image).enhance(1.03))
    noisy = np.asarray(image) + np.random.default_rng(seed).normal(0, 6, (256, 256, 3))
    assert near(image, Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))


@pytest.mark.parametrize("seed", range(8))
def test_other_pictures_are_others(seed):
    image = photo(seed)
    assert not near(image, photo(seed + 100))
    assert not near(image, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    # the same shapes in other colours: a hash of lightness alone calls them one
    red, blue = Image.new("RGB", (64, 64), (150, 60, 60)), Image.new("RGB", (64, 64), (40, 60, 250))
    for canvas in (red, blue):
        ImageDraw.Draw(canvas).ellipse((10 + seed, 20, 40, 60), fill="white")
    assert not near(red, blue)


@pytest.mark.slow
def test_a_hundred_thousand_take_seconds_even_where_many_are_alike():
    rng = np.random.default_rng(0)
    count = 100_000
    hashes = rng.integers(0, 2**64, count // 2, dtype=np.uint64)[rng.integers(0, count // 2, count)]
    for _ in range(2):
        hashes ^= np.uint64(1) << rng.integers(0, 64, count).astype(np.uint64)
    thumbs = rng.integers(0, 256, (count // 2, 192), dtype=np.uint8)[rng.integers(0, count // 2, count)]
    # and a tenth that is nearly the same picture
    hashes[: count // 10], thumbs[: count // 10] = hashes[0], thumbs[0]
    thumbs[: count // 10, 0] = rng.integers(0, 256, count // 10)
    began = time.perf_counter()
    found = alike.groups(hashes, thumbs)
    assert time.perf_counter() - began < 30
    assert len(set(found[: count // 10].tolist())) == 1 and len(set(found.tolist())) > count // 3


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_united_joins_what_either_labeling_joins(labels):
    one, other = [a for a, _ in labels], [b for _, b in labels]
    found = alike.united(np.array(one, dtype=np.intp), other).tolist()
    for i in range(len(found)):
        for j in range(i):
            if one[i] == one[j] or other[i] == other[j]:
                assert found[i] == found[j]
    # and nothing else: the classes of a graph that is walked
    reach = [{i} for i in range(len(found))]
    for _ in found:
        reach = [set().union(*(reach[k] for k in range(len(found)) if k in r or any(one[k] == one[m] or other[k] == other[m]
                 for m in r))) | r for r in reach]  # fmt: skip
    assert all((found[i] == found[j]) == (j in reach[i]) for i in range(len(found)) for j in range(len(found)))


def test_the_first_of_each_group_is_kept():
    found = [item(i) for i in range(5)]
    choose.distinct(found, np.array([4, 4, 2, 4, 2]))
    assert [i.reason for i in found] == ["failure", NEAR, "failure", NEAR, NEAR]


# --- balance ----------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(pictures(("failure", "success", NEAR)), st.integers(0, 3), st.sampled_from(["balanced", "none", 1, 3]))
def test_balance_keeps_to_its_limits_and_touches_failures_only(found, seed, per_bug):
    before = [replace(i) for i in found]
    a_bug, a_label = choose.balance(found, seed, per_bug)
    kept = [i for i in found if i.kept]
    of_bug, of_label = Counter(i.stream for i in kept), Counter(i.label for i in kept)
    had_bug = Counter(i.stream for i in before if i.kept)
    for old, new in zip(before, found, strict=True):
        assert new.reason == old.reason or (old.reason, new.reason) == ("failure", OVER)
    if per_bug == "none":
        assert (a_bug, a_label) == (None, None) and of_bug == had_bug
    elif per_bug != "balanced":
        assert a_bug == per_bug and a_label is None
        assert of_bug == Counter({bug: min(n, per_bug) for bug, n in had_bug.items()})
    elif had_bug:
        assert a_bug == sorted(had_bug.values())[(len(had_bug) - 1) // 2]
        limited = Counter({bug: min(n, a_bug) for bug, n in had_bug.items()})
        had_label = Counter()
        for (label, _), n in limited.items():
            had_label[label] += n
        assert a_label == sorted(had_label.values())[(len(had_label) - 1) // 2]
        assert of_label == Counter({label: min(n, a_label) for label, n in had_label.items()})
        for label in of_label:  # bugs of a label differ by one where both had more
            cut = [of_bug[bug] for bug in limited if bug[0] == label and of_bug[bug] < limited[bug]]
            rest = [of_bug[bug] for bug in limited if bug[0] == label and bug not in cut]
            assert not cut or max(cut) - min(cut) <= 1
            assert all(n <= max(cut) + 1 for n in rest) if cut and rest else True
    again = [replace(i) for i in before]
    choose.balance(again, seed, per_bug)
    assert [i.reason for i in again] == [i.reason for i in found]


def test_what_is_left_out_is_drawn_by_lot():
    """Neither the first nor the last are preferred, and another seed leaves out others."""
    kept = Counter()
    for seed in range(200):
        found = [item(i) for i in range(10)]
        choose.balance(found, seed, 5)
        kept.update(i.replicate for i in found if i.kept)
    assert sum(kept.values()) == 1000 and all(65 < kept[i] < 135 for i in range(10))  # 100 each, sd 7


# --- split ------------------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=200)
@given(pictures(("failure", "success")), st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9]), st.integers(0, 3))
@pytest.mark.slow
def test_a_split_parts_no_group_and_leaves_no_label_out(found, test, seed):
    groups = [i.seed for i in found]
    choose.split(found, groups, test, seed)
    assert {i.part for i in found} <= {"train", "test"}
    for group in set(groups):
        assert len({i.part for i in found if i.seed == group}) == 1
    if test == 0:
        assert all(i.part == "train" for i in found)
    again = [replace(i, part="") for i in found]
    choose.split(again, groups, test, seed)
    assert [i.part for i in again] == [i.part for i in found]


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.sampled_from([0.1, 0.2, 0.5]), st.integers(0, 9))
@example(sizes=[1, 1, 1], test=0.1, seed=0)
@example(sizes=[1, 1, 2], test=0.1, seed=0)
def test_each_bug_and_label_gives_its_share(sizes, test, seed):
    found, number = [], 0
    for bug, size in enumerate(sizes):
        for _ in range(size):
            found.append(item(number, LABELS[bug % 2], f"bug {bug}", seed=number))
            number += 1
    choose.split(found, [i.seed for i in found], test, seed)
    for label in {i.label for i in found}:
        mine = [i for i in found if i.label == label]
        tested = sum(i.part == "test" for i in mine)
        if len(mine) > 1:
            assert 0 < tested < len(mine)
        # each bug keeps one in train whatever its share
        assert tested <= test * len(mine) + 1
        assert tested >= min(test * len(mine) - 1, len(mine) - len({i.prompt for i in mine}))
    for i in found:
        counts = Counter(x.prompt for x in found if x.label == i.label)
        # bugs of one picture each cannot all be in "train" where the label is to be in both parts
        if max(counts.values()) > 1:
            assert any(x.part == "train" for x in found if x.prompt == i.prompt)


# --- names ------------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.text(max_size=80), unique=True, max_size=12))
def test_folders_are_names_of_any_disk_each_once(given_names):
    found = names.classes(given_names)
    folders = [c.folder for c in found.values()]
    assert set(found) == set(given_names)
    assert len({f.casefold() for f in folders}) == len(folders)
    for folder in folders:
        assert folder and "/" not in folder and "\\" not in folder and not folder.startswith((".", "-"))
        assert len(folder.encode()) < 256 and folder.isprintable()
        assert folder.split(".")[0].upper() not in ("CON", "PRN", "AUX", "NUL", "COM1", "LPT1")
    assert [c.index for c in sorted(found.values(), key=lambda c: c.folder)] == list(range(len(found)))


def test_every_imagenet_label_has_a_folder_of_its_own():
    found = names.classes(labels.imagenet())
    assert len({c.folder.casefold() for c in found.values()}) == 1000
    assert found["school bus"].folder == "school_bus" and found["school bus"].imagenet_index == 779


@pytest.mark.parametrize("label", ["bullet train", "test tube", "dev", "TEST", "val2", "training-wheels", "train", "eval_x"])
def test_no_folder_is_taken_for_a_part(label):
    """The patterns by which `datasets` tells parts."""
    folder = names.slug(label)
    keywords = ("train", "training", "validation", "valid", "dev", "val", "test", "testing", "eval", "evaluation")
    words = "".join(" " if c in "-._ 0123456789" else c for c in folder.lower()).split()
    assert not set(keywords) & set(words)
    assert (
        folder.replace("~", "").replace("_", " ").replace("-", " ").lower() == label.replace("-", " ").replace("_", " ").lower()
    )

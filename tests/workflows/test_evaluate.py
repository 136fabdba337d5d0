"""Any target on folders of labelled pictures, and how far folders are from each other."""

import csv
import json
import os
import sys
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from bugscope.core import registry
from bugscope.core.errors import Declined, ModelError, SpecError, Transient
from bugscope.core.labels import Names, imagenet, wordnet_ids
from bugscope.engine.patience import Patience
from bugscope.stats import clopper_pearson
from bugscope.stats import distance as numeric
from bugscope.stats.distance import Cloud, between, frechet, kernel
from bugscope.workflows import distance, labelled
from bugscope.workflows.evaluate import compare, evaluate

WNID = wordnet_ids()
COLOURS = {"goblet": (200, 0, 0), "cab": (0, 200, 0), "teapot": (0, 0, 200)}


class Eye:
    """Sees which colour channel is strongest; green after `blind` of it is called a teapot."""

    def __init__(self, labels=("goblet", "cab", "teapot"), id="eye", sums=True):
        self.labels, self.id, self.sums, self.sizes = labels, id, sums, []

    def __call__(self, images):
        self.sizes.append(len(images))
        means = np.array([np.asarray(i, float).mean((0, 1)) for i in images]).reshape(len(images), 3) + 1
        rows = np.zeros((len(images), len(self.labels)))
        rows[:, :3] = means / means.sum(1, keepdims=True) if self.sums else means
        return rows


def picture(colour, mix=0.0, size=8):
    other = np.roll(colour, 1)
    return Image.new("RGB", (size, size), tuple(int((1 - mix) * a + mix * b) for a, b in zip(colour, other, strict=True)))


def folder(root, names, wrong=1, right=3, ending="png"):
    """For each (folder, label): pictures with the label's colour, and some with mostly that of another."""
    for name, label in names.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(right + wrong):
            picture(COLOURS[label], 0.1 if i < right else 0.8).save(root / name / f"{i}.{ending}")
    return root


def numbers(found):
    return {c.label: (c.error.k, c.error.n) for c in found.classes}


def test_error_confidence_and_what_it_is_taken_for_are_those_of_the_pictures(tmp_path):
    root = folder(tmp_path, {name: name for name in COLOURS}, wrong=2, right=5)
    found = evaluate(Eye(), root)
    assert found.error == clopper_pearson(6, 21)
    assert numbers(found) == {name: (2, 7) for name in COLOURS}
    assert {c.label: c.taken_for for c in found.classes} == {
        "goblet": (("cab", 2),),
        "cab": (("teapot", 2),),
        "teapot": (("goblet", 2),),
    }
    eye, right, wrong = Eye(), [], []
    for label in COLOURS:
        for path in sorted((root / label).iterdir()):
            row = eye([Image.open(path)])[0]
            (right if eye.labels[row.argmax()] == label else wrong).append(row.max())
    assert found.confidence.right == pytest.approx(np.mean(right)) and found.confidence.wrong == pytest.approx(np.mean(wrong))
    both = np.array([(c, 1) for c in right] + [(c, 0) for c in wrong])
    bins = (both[:, 0] * 15).astype(int)
    error = sum(abs(both[bins == b, 0].sum() - both[bins == b, 1].sum()) for b in set(bins)) / len(both)
    assert found.confidence.calibration_error == pytest.approx(error)
    json.dumps(found.to_dict(), allow_nan=False)
    assert "6 of 21 wrong, 29 %" in str(found)
    assert found.to_frame().set_index("label").wrong.to_dict() == {name: 2 for name in COLOURS}


def test_nothing_depends_on_the_batch(tmp_path):
    root = folder(tmp_path, {name: name for name in COLOURS}, wrong=2, right=5)
    eyes = [Eye(), Eye()]
    one, many = (evaluate(eye, root, batch_size=size) for eye, size in zip(eyes, (1, 20), strict=True))
    assert one.to_dict() == many.to_dict()
    assert (max(eyes[0].sizes), eyes[1].sizes) == (1, [20, 1])


@pytest.mark.parametrize(
    "names",
    [
        ["goblet", "cab", "teapot"],
        ["Goblet", "taxi", "teapot"],
        [WNID["goblet"], WNID["cab"], f"{WNID['teapot']} pot for tea"],
        ["train/goblet", "train/cab", "val/teapot"],
        ["fog/1/" + WNID["goblet"], "fog/3/" + WNID["cab"], "snow/1/" + WNID["teapot"]],
        ["data/images/goblet/a/b", "data/images/cab", "data/images/teapot/a"],
    ],
)
def test_layouts(tmp_path, names):
    root = folder(tmp_path, dict(zip(names, COLOURS, strict=True)), ending="JPEG")
    found = evaluate(Eye(), root)
    assert found.error == clopper_pearson(3, 12)
    assert sorted(c.right[0] for c in found.classes) == ["cab", "goblet", "teapot"]


def test_the_parts_of_a_corrupted_data_set_are_told_apart(tmp_path):
    label = WNID["goblet"]
    folder(tmp_path, {f"noise/{s}/{label}": "goblet" for s in (1, 5)} | {f"fog/1/{label}": "goblet"}, wrong=0)
    folder(tmp_path, {f"noise/5/{label}": "goblet"}, wrong=3, right=1)
    found = evaluate(Eye(), tmp_path)
    assert {g: (r.k, r.n) for g, r in found.groups.items()} == {"fog/1": (0, 3), "noise/1": (0, 3), "noise/5": (3, 4)}
    assert "[noise/5]" in str(found)


def test_a_class_called_train_is_a_class_where_others_stand_beside_it(tmp_path):
    root = folder(tmp_path, {"train": "goblet", "cab": "cab"})
    found = evaluate(Eye(("train", "cab", "x")), root)
    assert numbers(found) == {"train": (1, 4), "cab": (1, 4)}


def test_labels_in_a_data_sets_metadata_stand_before_folder_names(tmp_path):
    root = folder(tmp_path, {"train/a_folder": "goblet", "train/cab": "cab"})
    rows = [{"file_name": f"a_folder/{i}.png", "label": "goblet"} for i in range(4)]
    rows += [{"file_name": "../../etc/passwd", "label": "cab"}, {"file_name": "a_folder/9.png", "label": "cab"}, 3]
    (root / "train" / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert numbers(evaluate(Eye(), root)) == {"goblet": (1, 4), "cab": (1, 4)}
    (root / "train" / "metadata.jsonl").write_text("{")
    with pytest.raises(SpecError, match="metadata.jsonl' cannot be read"):
        evaluate(Eye(), root)


def test_waterbirds(tmp_path):
    rows = []
    for y, colour in enumerate(("goblet", "cab")):
        for place in (0, 1):
            name = f"{y}{place}.Bird"
            folder(tmp_path, {name: colour}, wrong=y * place, right=2)
            for i in range(2 + y * place):
                rows.append({"img_id": 1, "img_filename": f"{name}/{i}.png", "y": y, "split": 2 * place, "place": place})
    with (tmp_path / "metadata.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(
        SpecError, match="knows none of the 2 labels of the folder; state a label map. unknown label 'landbird'"
    ):
        evaluate(Eye(), tmp_path)
    birds = {"landbird": ["goblet"], "waterbird": ["cab"]}
    found = evaluate(Eye(), tmp_path, label_map=birds)
    assert {g: (r.k, r.n) for g, r in found.groups.items()} == {
        "landbird on land": (0, 2),
        "landbird on water": (0, 2),
        "waterbird on land": (0, 2),
        "waterbird on water": (1, 3),
    }
    assert evaluate(Eye(), tmp_path, label_map=birds, split="test").error.n == 5
    with pytest.raises(SpecError, match="unknown split.*'tests'. Did you mean 'test'"):
        evaluate(Eye(), tmp_path, label_map=birds, split="tests")


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("metadata.csv", "file_name,label\na.png,0.0\nb.png,1.0\n"),
        ("metadata.jsonl", '{"file_path": "a.png", "label": 0.0}\n{"file_path": "b.png", "label": 1.0}\n'),
        ("metadata.csv", "image_path,label\na.png,0\nb.png,1\n"),
    ],
)
def test_class_numbers_of_a_table_with_gaps_are_whole_numbers(tmp_path, table, text):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    Image.new("RGB", (8, 8), "blue").save(tmp_path / "b.png")
    (tmp_path / table).write_text(text)
    assert [item.label for item in labelled.items(tmp_path)] == ["0", "1"]


@pytest.mark.parametrize("number", ["9" * 5000, "٣"])
def test_what_is_no_class_number_is_a_name(tmp_path, number):
    root = folder(tmp_path / "p", {"goblet": "goblet"})
    (root / "metadata.csv").write_text(f"file_name,label\ngoblet/0.png,{number}\n", encoding="utf-8")
    with pytest.raises(SpecError, match="label map"):
        evaluate(Eye(), root, label_map={number: 0})


def test_label_maps_name_one_label_or_several_or_number_classes_as_imagenet_9_does(tmp_path):
    root = folder(tmp_path / "in9", {"val/00_vessel": "goblet", "val/01_vehicle": "cab"}, wrong=2)
    several = evaluate(Eye(), root, label_map={"00_vessel": ["goblet", WNID["cab"]], "01_vehicle": 1})
    # goblets called cab are right now, cabs called teapot are not
    assert numbers(several) == {"00_vessel": (0, 5), "01_vehicle": (2, 5)}
    (tmp_path / "map.json").write_text(json.dumps({"0": 0, "1": 1, "2": -1}))
    numbered = evaluate(Eye(), root, label_map=tmp_path / "map.json")
    assert numbers(numbered) == {"00_vessel": (2, 5), "01_vehicle": (2, 5)}
    (tmp_path / "v2").mkdir()
    numbers_for_names = folder(tmp_path / "v2", {"10": "goblet", "2": "cab"}, wrong=2)
    assert numbers(evaluate(Eye(), numbers_for_names, label_map={"10": 0, "2": 1})) == {"10": (2, 5), "2": (2, 5)}
    for wrong, message in (
        ({"0_vessel": "cab"}, "unknown label in the label map '0_vessel'. Did you mean '00_vessel'"),
        ({"00_vessel": "gobblet"}, "unknown label of the target in the label map 'gobblet'. Did you mean 'goblet'"),
        (tmp_path / "absent.json", "label map .* cannot be read"),
    ):
        with pytest.raises(SpecError, match=message):
            evaluate(Eye(), root, label_map=wrong)


def test_among_the_folders_classes_alone_fewer_answers_are_wrong(tmp_path):
    # some goblets look most like cabs, which the folder does not have
    root = folder(tmp_path, {"goblet": "goblet", "teapot": "teapot"}, wrong=2)
    assert numbers(evaluate(Eye(), root)) == {"goblet": (2, 5), "teapot": (2, 5)}
    found = evaluate(Eye(), root, subset=True)
    assert numbers(found) == {"goblet": (0, 5), "teapot": (2, 5)}
    assert "among the folder's classes only" in str(found)
    with pytest.raises(SpecError, match="one label to choose"):
        evaluate(Eye(), folder(tmp_path / "one", {"goblet": "goblet"}), subset=True)


def test_near_synonyms_count_as_right_where_the_labels_are_imagenets_or_a_user_says_so(tmp_path):
    root = folder(tmp_path, {"goblet": "goblet"}, wrong=2)
    own = Eye(("goblet", "red wine", "teapot"))
    found = evaluate(own, root)
    assert found.error.k == 2 and "Accept-set: none, because the target’s labels are not ImageNet’s." in str(found)
    for stated in ("imagenet", {"goblet": ["red wine"]}):
        found = evaluate(own, root, accept=stated)
        assert (found.error.k, found.accept["forgiven"], found.classes[0].forgiven, found.strict.k) == (0, 2, 2, 2)
        assert "2 of 5 answers are right only thanks to it. Without it: 2 of 5 wrong, 40 % (95 % CI 5-85 %)." in str(found)
    assert evaluate(own, root, accept={"teapot": ["red wine"]}).error.k == 2
    with pytest.raises(SpecError, match="unknown label of the target in accept 'gobblet'. Did you mean 'goblet'"):
        evaluate(own, root, accept={"gobblet": ["red wine"]})
    wide = Eye(tuple(dict.fromkeys(["goblet", "red wine", "teapot", *imagenet()])))
    found = evaluate(wide, root)
    assert (found.error.k, found.to_dict()["accept"]["set"], found.to_dict()["strict"]["wrong"]) == (0, "imagenet", 2)
    strict = evaluate(wide, root, accept="none")
    assert (strict.error, strict.strict, strict.accept["forgiven"]) == (found.strict, found.strict, 0)
    assert "What counts as right differs between the rows (subset, accept, top_k)." in compare([found, strict]).sentences()
    assert evaluate(Eye(), root, top_k=2).error.k == 0


def test_what_cannot_be_read_or_is_not_known_is_counted_and_said(tmp_path):
    root = folder(tmp_path, {"goblet": "goblet", "unicorn": "cab"})
    data = (root / "goblet" / "0.png").read_bytes()
    (root / "goblet" / "cut.png").write_bytes(data[: len(data) // 2])
    (root / "goblet" / "text.jpg").write_text("no picture")
    (root / "goblet" / "empty.jpg").touch()
    (root / "goblet" / "program.png").write_text("%!PS-Adobe-3.0 EPSF-3.0")
    (root / "goblet" / "readme.txt").touch()
    picture(COLOURS["cab"]).save(root / "loose.png")
    found = evaluate(Eye(), root)
    assert numbers(found) == {"goblet": (1, 4)}
    assert (found.unread, found.unlabelled, dict(found.unknown), found.found) == (4, 1, {"unicorn": 4}, 13)
    assert set(found.unreadable) == {"goblet/cut.png", "goblet/text.jpg", "goblet/empty.jpg", "goblet/program.png"}
    assert found.unreadable["goblet/program.png"].startswith("not a picture that is read: EPS; the formats are PNG, JPEG")
    for part in (
        "1 label (4 pictures) left out, because the target does not know them: unicorn.",
        "4 pictures could not be read",
        "1 picture without a label left out",
    ):
        assert part in str(found)


PAIR = {"cab": COLOURS["cab"], "goblet": COLOURS["goblet"]}


def loose(root, names=("cab.png", "goblet.png")):
    """Pictures in one folder, to be labelled by a table."""
    root.mkdir(parents=True, exist_ok=True)
    for name, colour in zip(names, PAIR.values(), strict=True):
        picture(colour).save(root / name, format=None if name.endswith(("png", "avif", "pgm")) else "JPEG")
    return root


def lines(**row):
    """A line of JSON for each of the pictures."""
    return "".join(json.dumps({k: v.format(name) if v != 7 else v for k, v in row.items()}) + "\n" for name in PAIR)


CARD = """---
dataset_info:
  features:
  - name: image
    dtype: image
  - name: label
    dtype:
      class_label:
        names: {'0': cab, '1': goblet}
---
# A data set
"""


@pytest.mark.parametrize(
    ("at", "table", "text"),
    [
        ("train", "metadata.csv", "file_name,label\ncab.png,cab\ngoblet.png,goblet\n"),
        ("train", "metadata.csv", "\ufeffFile_Name;Label\r\ncab.png;cab\r\ngoblet.png;goblet\r\n"),
        ("train", "metadata.tsv", "file_name\tlabel\ncab.png\tcab\ngoblet.png\tgoblet\n"),
        ("", "metadata.csv", "file_name,label\ntrain/cab.png,cab\n./train/goblet.png,goblet\n"),
        ("", "metadata.jsonl", lines(file_name="train\\{}.png", label="{}")),
        ("", "metadata.jsonl", lines(image="train/{}.png", **{"class": "{}"})),
        ("train", "metadata.jsonl", lines(file_name="./{}.png", label="{}")),
        ("train", "metadata.jsonl", lines(file_name="{}.png", label=7, label_name="{}")),
        ("train", "metadata.csv", "file_name,label\ncab.png,0\ngoblet.png,1\n"),
    ],
)  # fmt: skip
def test_tables_of_labels_as_people_have_them(tmp_path, at, table, text):
    loose(tmp_path / "train")
    (tmp_path / at / table).write_text(text, encoding="utf-8")
    (tmp_path / "README.md").write_text(CARD)
    found = evaluate(Eye(), tmp_path)
    assert numbers(found) == {"cab": (0, 1), "goblet": (0, 1)} and found.unlabelled == 0


def test_class_numbers_without_names_are_said_and_can_be_mapped(tmp_path):
    loose(tmp_path / "train")
    (tmp_path / "train" / "metadata.csv").write_text("file_name,label\ncab.png,0\ngoblet.png,1\n")
    with pytest.raises(SpecError, match=r'are numbers, such as label 0; state a label map, such as \{"0": "goblet"\}'):
        evaluate(Eye(), tmp_path)
    assert evaluate(Eye(), tmp_path, label_map={"0": "cab", "1": "goblet"}).error.k == 0
    # a folder's name says more than a number
    folder(tmp_path / "more", {"cab": "cab"}, wrong=0)
    (tmp_path / "more" / "cab" / "metadata.csv").write_text("file_name,label\n0.png,5\n")
    assert numbers(evaluate(Eye(), tmp_path / "more")) == {"cab": (0, 3)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,label\ncab.png,cab\n", "'metadata.csv' has no column file_name"),
        ("file_name,text\ncab.png,a cab\n", "'metadata.csv' has no column label"),
        ("file_name,label\nelsewhere.png,cab\n", "names no picture of the folder; its first is 'elsewhere.png'"),
        ("", "no column file_name"),
    ],
)
def test_a_table_that_labels_nothing_says_why(tmp_path, text, says):
    loose(tmp_path / "train")
    (tmp_path / "train" / "metadata.csv").write_text(text)
    with pytest.raises(SpecError, match=f"no picture has a label.*{says}"):
        evaluate(Eye(), tmp_path)


def test_odd_endings_are_read_or_counted(tmp_path):
    for i, ending in enumerate(("jfif", "JPE", "png")):
        loose(tmp_path, (f"{i}.{ending}", f"{i}b.{ending}"))
    (tmp_path / "cab").mkdir()
    (tmp_path / "goblet").mkdir()
    for file in list(tmp_path.glob("*.*")):
        file.rename(tmp_path / ("goblet" if file.stem.endswith("b") else "cab") / file.name)
    for name in ("IMG_1.HEIC", "IMG_2.heic", "old.tga", "notes.txt"):
        (tmp_path / "cab" / name).write_bytes(b"?")
    found = evaluate(Eye(), tmp_path)
    assert numbers(found) == {"cab": (0, 3), "goblet": (0, 3)} and found.found == 6
    assert found.to_dict()["passed_over"] == {".heic": 2, ".tga": 1}
    assert "3 files with other endings passed over: .heic (2), .tga (1)." in str(found)
    (tmp_path / "phone").mkdir()
    (tmp_path / "phone" / "IMG_1.HEIC").touch()
    with pytest.raises(SpecError, match="no pictures in .*, but 1 .heic, which are not read"):
        evaluate(Eye(), tmp_path / "phone")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
def test_a_pipe_among_the_pictures_is_not_waited_for(tmp_path):
    root = folder(tmp_path, {"cab": "cab"}, wrong=0)
    os.mkfifo(root / "cab" / "camera.jpg")
    found = evaluate(Eye(), root)
    assert (found.unread, dict(found.unreadable)) == (1, {"cab/camera.jpg": "not a file"})


def test_a_folder_that_is_named_after_a_label_as_far_as_disks_allow_is_that_label(tmp_path):
    folder(tmp_path, {"T-shirt_top": "cab", "Ankle_boot": "goblet"}, wrong=0)
    found = evaluate(Eye(("Ankle boot", "T-shirt/top", "t shirt")), tmp_path)
    assert found.error.k == 0 and [c.right for c in found.classes] == [("Ankle boot",), ("T-shirt/top",)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "option limit is 0; it must be a number of pictures, at least 1"),
        ({"seed": -1}, "option seed is -1; it must be a whole number, at least 0"),
        ({"top_k": 0}, "option top_k is 0"),
        ({"batch_size": 0}, "option batch_size is 0"),
        ({"split": "test"}, "unknown split"),
    ],
)
def test_options_out_of_bounds_are_named(tmp_path, options, message):
    with pytest.raises(SpecError, match=message):
        evaluate(Eye(), folder(tmp_path, {"goblet": "goblet"}), **options)


def test_folders_that_are_none_are_named(tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(SpecError, match="unknown folder .*photo'"):
        evaluate(Eye(), tmp_path / "photo")
    with pytest.raises(SpecError, match="no pictures in"):
        evaluate(Eye(), tmp_path / "photos")
    picture((1, 2, 3)).save(tmp_path / "photos" / "1.png")
    with pytest.raises(SpecError, match="no picture has a label"):
        evaluate(Eye(), tmp_path / "photos")


def test_a_limit_draws_the_same_pictures_for_a_seed(tmp_path):
    root = folder(tmp_path, {name: name for name in COLOURS}, wrong=20, right=20)
    runs = [evaluate(Eye(), root, limit=30, seed=seed) for seed in (0, 0, 1, 2, 3)]
    assert all(r.error.n == 30 for r in runs)
    assert runs[0] == runs[1]
    assert len({tuple(numbers(r).items()) for r in runs}) > 1
    assert evaluate(Eye(), root, limit=1000).error.n == 120


def test_scores_that_are_no_probabilities_say_nothing_of_confidence(tmp_path):
    root = folder(tmp_path, {"goblet": "goblet"})
    found = evaluate(Eye(sums=False), root)
    assert found.confidence is None and found.error.k == 1
    assert "The scores are not probabilities" in str(found) and found.to_dict()["confidence"] is None


class Moody(Eye):
    """Wants patience first, takes two pictures at most, and has no answer for anything greenish."""

    impatient = 2

    def __call__(self, images):
        if self.impatient:
            self.impatient -= 1
            raise Transient("busy", retry_after=7)
        if len(images) > 2:
            raise MemoryError
        if any(np.asarray(i)[0, 0, 1] > 150 for i in images):
            raise Declined("not that one")
        return super().__call__(images)


def test_patience_halves_and_refusals(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(sys.modules["bugscope.workflows.evaluate"], "Patience", partial(Patience, waits.append))
    root = folder(tmp_path, {"goblet": "goblet", "cab": "cab"}, wrong=0, right=3)
    eye = Moody()
    found = evaluate(eye, root)
    assert len(waits) == 2 and all(7 <= seconds <= 1.25 * 7 for seconds in waits) and max(eye.sizes) <= 2
    assert numbers(found) == {"goblet": (0, 3)} and found.unanswered == 3
    assert "3 pictures without an answer left out" in str(found)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda images: np.zeros((len(images), 2)), r"shape \(4, 2\); expected \(4, 3\)"),
        (lambda images: np.full((len(images), 3), np.nan), "not finite, e.g. nan"),
        (lambda images: 1 / 0, "target test/bad raised ZeroDivisionError"),
    ],
)
def test_a_classifier_that_breaks_its_contract_is_named(tmp_path, call, message):
    class Bad:
        id, labels = "test/bad", ("goblet", "cab", "teapot")

        def __call__(self, images):
            return call(images)

    with pytest.raises(ModelError, match=message):
        evaluate(Bad(), folder(tmp_path, {"goblet": "goblet"}))


def test_pictures_are_read_a_batch_ahead_and_no_more(tmp_path, monkeypatch):
    opened, real = [], distance.opened
    monkeypatch.setattr(distance, "opened", lambda path: opened.append(path) or real(path))
    root = folder(tmp_path, {"goblet": "goblet"}, right=50)
    most, used = 0, 0
    for places, shown, _ in distance.stream([root / name for name in distance.listed(root)], 4):
        most = max(most, len(opened) - used)
        used += len(places)
        assert len(shown) <= 4
    assert used == 51 and most <= 12


def test_links_are_followed_once(tmp_path):
    root = folder(tmp_path / "a", {"goblet": "goblet"})
    os.symlink(root, root / "goblet" / "loop")
    os.symlink(folder(tmp_path / "b", {"x": "cab"}) / "x", root / "cab")
    assert numbers(evaluate(Eye(), root)) == {"goblet": (1, 4), "cab": (1, 4)}


def test_what_was_loaded_by_its_name_is_closed_and_a_callable_of_the_users_is_not(tmp_path, monkeypatch):
    root, closed = folder(tmp_path, {"goblet": "goblet"}, right=4), []

    class Closing(Eye):
        def close(self):
            closed.append(self.id)

    evaluate(Closing(), root)
    assert closed == []
    monkeypatch.setattr(registry, "load", lambda role, spec, options: Closing(id=spec))
    evaluate("one", root)
    distance.distance(root, root, "two")
    with pytest.raises(SpecError):
        evaluate("three", root, label_map={"x": "goblet"})
    assert closed == ["one", "two", "three"]


def test_progress_is_told(tmp_path):
    seen = []
    root = folder(tmp_path, {"goblet": "goblet"}, right=9)
    evaluate(Eye(), root, batch_size=4, progress=lambda *now: seen.append(now))
    assert seen == [(4, 10, str(root)), (8, 10, str(root)), (10, 10, str(root))]


def test_what_a_terminal_would_obey_is_shown_as_text(tmp_path):
    root = folder(tmp_path, {"goblet": "goblet", "red\x1b[31m[bold]": "cab"})
    assert "\x1b" not in str(evaluate(Eye(id="e\x1b[0m"), root))


def test_names_mean_what_they_mean():
    full = Names(imagenet())
    for i, name in enumerate(imagenet()):
        assert full.places(name) == full.places(WNID[name]) == (i,)
    assert full.places("taxi") == full.places("Cab") == (imagenet().index("cab"),)
    assert full.places("school_bus") == (imagenet().index("school bus"),)
    assert full.places("unicorn") == ()
    assert Names(["background", *imagenet()]).places(WNID["tench"]) == (1,)
    assert Names(["taxi", "dog"]).places("cab") == (0,)


# --- distances --------------------------------------------------------------------------------------------------------


def pile(points, parts=1, seed=0):
    made = Cloud("test", seed)
    for part in np.array_split(points, parts):
        made.add(part)
    return made


points = st.tuples(st.integers(4, 30), st.integers(1, 6), st.integers(0, 99)).map(
    lambda x: np.random.default_rng(x[2]).normal(size=(x[0], x[1])) * (1 + x[2] % 5)
)


@given(points)
def test_a_set_is_at_no_distance_from_itself(x):
    found = between(pile(x), pile(x))
    scale = 1 + float(np.abs(x).max()) ** 2
    assert found.frechet == pytest.approx(0, abs=1e-5 * scale)
    # unbiased for independent sets; of a set with itself it is at most 0, and no more than the pictures' own spread / n below
    own = (x * x).sum(1) / x.shape[1] + 1
    assert -2 * (own**3).max() / len(x) * 2 <= found.kernel <= 1e-6 * scale**3


@given(points, st.integers(0, 5))
def test_distances_are_symmetric_and_know_no_order(x, seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(1, 2, (17, x.shape[1]))
    a, b = between(pile(x), pile(y)), between(pile(y), pile(x))
    assert a.frechet == pytest.approx(b.frechet, rel=1e-6, abs=1e-6) and a.kernel == pytest.approx(b.kernel, rel=1e-9)
    shuffled = between(pile(rng.permutation(x), parts=3), pile(rng.permutation(y)))
    assert shuffled.kernel == pytest.approx(a.kernel, rel=1e-5, abs=1e-6)
    assert shuffled.frechet == pytest.approx(a.frechet, rel=1e-5, abs=1e-5)


@given(st.lists(st.tuples(*[st.floats(-3, 3)] * 2, *[st.floats(0.01, 4)] * 2), min_size=1, max_size=6), st.integers(0, 9))
def test_frechet_is_the_closed_form_for_gaussians(axes, seed):
    means, others, first, second = np.array(axes).T
    # covariances that commute, turned together
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(axes),) * 2))[0]
    want = ((means - others) ** 2).sum() + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()
    got = frechet(turn @ means, turn * first @ turn.T, turn @ others, turn * second @ turn.T)
    assert got == pytest.approx(want, rel=1e-6, abs=1e-6)


@given(points, points)
def test_frechet_of_few_points_is_that_of_their_covariances(x, y):
    d = min(x.shape[1], y.shape[1])
    x, y = x[:, :d], y[:, :d]
    want = frechet(x.mean(0), np.cov(x.T).reshape(d, d), y.mean(0), np.cov(y.T).reshape(d, d))
    assert numeric.frechet_of_few(x, y) == pytest.approx(want, rel=1e-6, abs=1e-6)


def test_frechet_of_covariances_that_do_not_commute():
    a, b = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, -0.3], [-0.3, 3.0]])
    values = np.linalg.eigvals(a @ b)
    want = np.trace(a) + np.trace(b) - 2 * np.sqrt(values).sum()
    assert frechet([0, 0], a, [0, 0], b) == pytest.approx(want)


def test_both_grow_with_a_shift():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 5)), rng.normal(size=(200, 5))
    found = [between(pile(x), pile(y + shift)) for shift in (0, 0.5, 1, 2)]
    assert [d.frechet for d in found] == sorted(d.frechet for d in found)
    assert [d.kernel for d in found] == sorted(d.kernel for d in found)
    assert found[-1].frechet == pytest.approx(5 * 2**2, rel=0.1)
    assert found[-1].kernel > 8 * found[-1].kernel_se


@pytest.mark.slow
def test_the_kernel_is_unbiased_where_frechet_is_not_and_its_error_is_as_stated():
    rng = np.random.default_rng(1)
    for shift in (0.0, 0.3):
        found = [kernel(rng.normal(size=(60, 4)), rng.normal(shift, 1, (60, 4))) for _ in range(300)]
        values, errors = np.array(found).T
        big = kernel(rng.normal(size=(4000, 4)), rng.normal(shift, 1, (4000, 4)))[0]
        assert values.mean() == pytest.approx(big, abs=4 * values.std() / np.sqrt(300) + 0.01)
        assert 0.7 < np.sqrt((errors**2).mean()) / values.std() < 1.6
    few, many = (between(pile(rng.normal(size=(n, 20))), pile(rng.normal(size=(n, 20)))).frechet for n in (30, 3000))
    assert few > 10 * many


def test_the_kernel_is_that_of_its_definition():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(9, 3))

    def k(a, b):
        return (a @ b / 3 + 1) ** 3

    same = [np.mean([k(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j]) for z in (x, y)]
    want = sum(same) - 2 * np.mean([k(a, b) for a in x for b in y])
    assert kernel(x, y)[0] == pytest.approx(want)
    assert kernel(x, y, seed=5)[0] == pytest.approx(want)


@settings(max_examples=20)
@given(points, st.integers(1, 5))
def test_mean_and_covariance_do_not_depend_on_how_points_come(x, parts):
    made = pile(x + 1000, parts)
    assert made.n == len(x)
    assert np.allclose(made.mean, x.mean(0) + 1000) and np.allclose(made.covariance, np.cov(x.T).reshape(made.covariance.shape))
    assert np.allclose(made.sample, x + 1000, atol=1e-3)


def test_of_many_points_a_fair_sample_is_kept(monkeypatch):
    monkeypatch.setattr(numeric, "KEPT", 50)
    counts = np.zeros(200)
    for seed in range(400):
        made = pile(np.arange(200.0)[:, None], parts=3, seed=seed)
        assert len(made.sample) == 50 and made.n == 200
        counts[made.sample[:, 0].astype(int)] += 1
    # each stays with chance 1/4: 100 of 400, deviation 8.7
    assert abs(counts - 100).max() < 5 * 8.7 and abs(counts[:50].mean() - 100) < 5


def test_folders_in_the_space_of_log_probabilities_and_side_by_side(tmp_path):
    train = folder(tmp_path / "train-like", {name: name for name in COLOURS}, wrong=0, right=12)
    near = folder(tmp_path / "near", {name: name for name in COLOURS}, wrong=1, right=11)
    far = folder(tmp_path / "far", {name: name for name in COLOURS}, wrong=9, right=2)
    rows = [evaluate(Eye(), root, reference=train) for root in (near, far)]
    for row in rows:
        assert row.distance.space == "log-probabilities of eye" and row.distance.d == 3
        assert row.distance == distance.distance(row.images, train, Eye())
    table = compare(rows)
    assert rows[0].error.value < rows[1].error.value and rows[0].distance.kernel < rows[1].distance.kernel
    assert any("biased" in line for line in table.sentences())
    frame = table.to_frame()
    assert list(frame.kernel) == [row.distance.kernel for row in rows] and list(frame.wrong) == [3, 27]
    json.dumps(table.to_dict(), allow_nan=False)
    assert "kernel distance" in str(table) and "36" in str(table)
    cloud = distance.cloud(train, Eye())
    assert evaluate(Eye(), near, reference=cloud).distance == rows[0].distance
    with pytest.raises(SpecError, match="nothing to compare"):
        compare([])


def test_a_distance_takes_a_few_pictures_and_one_space(tmp_path):
    few = folder(tmp_path, {"goblet": "goblet"}, right=2)
    with pytest.raises(SpecError, match="needs at least 4 readable pictures in each folder; there are 3 and 3"):
        distance.distance(few, few, Eye())
    eye = Eye()
    for reference in (few, Cloud("another space")):
        with pytest.raises(SpecError, match="4 in log-probabilities of eye are needed"):
            evaluate(eye, few, reference=reference)
    assert sum(eye.sizes) == 3, "the reference is looked at first"
    with pytest.raises(SpecError, match="not the same space"):
        between(pile(np.ones((5, 2))), Cloud("other"))


class Featured(Eye):
    def features(self, images):
        return np.array([np.asarray(i, float).mean((0, 1)) for i in images])


def test_a_classifiers_own_features_are_taken_where_it_has_any(tmp_path):
    root = folder(tmp_path, {name: name for name in COLOURS})
    found = distance.distance(root, root, Featured())
    assert found.space == "features of eye" and found.frechet == pytest.approx(0, abs=1e-6)


# --- real networks ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawings(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("drawings"), np.random.default_rng(0)
    for part in ("round", "noise"):
        (root / part / WNID["orange"]).mkdir(parents=True)
        for i in range(6):
            image = Image.new("RGB", (240, 200), "white")
            x = 20 + 8 * i
            ImageDraw.Draw(image).ellipse((x, 30, x + 130, 160), fill=(255, 140 + 5 * i, 0), outline=(200, 90, 0), width=3)
            if part == "noise":
                image = Image.fromarray(rng.integers(0, 256, (200, 240, 3), dtype=np.uint8))
            image.save(root / part / WNID["orange"] / f"{i}.png")
    return root


@pytest.mark.parametrize("size", ["0", "1", "2"])
def test_efficientnet_lite(drawings, size):
    model = registry.load("Classifier", f"efficientnet-lite/{size}", {"threads": 1})
    found = evaluate(model, drawings)
    assert found.error.n == 12 and found.classes[0].right == ("orange",) and found.confidence is not None
    assert {g: r.n for g, r in found.groups.items()} == {"noise": 6, "round": 6}
    assert found.groups["noise"].k == 6
    here, there = (distance.cloud(drawings / part, model) for part in ("round", "noise"))
    same, other = between(here, here), between(here, there)
    assert (same.d, same.space, same.few) == (1280, f"features of {model.id}", True)
    assert same.frechet == pytest.approx(0, abs=1e-3) and other.frechet > 1 and other.kernel > 5 * abs(same.kernel)
    assert "mostly bias" in str(other)


def test_features_are_what_the_last_layer_sees():
    lite = pytest.importorskip("bugscope.providers.efficientnet_lite")
    model = lite.Classifier("0", threads=1)
    noise = np.random.default_rng(1).integers(0, 256, (3, 200, 240, 3), dtype=np.uint8)
    images = [Image.fromarray(a) for a in noise]
    features = model.features(images)
    assert features.shape == (3, 1280) and features.dtype == np.float32 and model.features([]).shape == (0, 1280)
    w = lite.checkpoint.read(lite.weights("0"))
    assert np.allclose(features @ w["_fc.weight"].T + w["_fc.bias"], model.logits(images), atol=1e-3)
    assert np.array_equal(model.features(images[::-1])[::-1], features)
    assert np.array_equal(model.features([images[1].convert("RGBA")])[0], features[1])


# --- pictures that fail nearly always -----------------------------------------------------------------------------------


def test_names_in_another_order_are_the_first_thing_said(tmp_path):
    root = folder(tmp_path, {name: name for name in COLOURS}, wrong=0, right=10)
    found = evaluate(Eye(labels=("cab", "teapot", "goblet")), root)
    assert found.error == clopper_pearson(30, 30)
    first = str(found).splitlines()[0]
    assert first.startswith(
        "Pictures fail nearly always, over all 3 labels: 30 of 30 fail (95 % CI 88-100 %). They are taken for"
    )
    assert "chosen because they fool the target" in first
    said = found.to_dict()["baseline"]
    assert (said["verdict"], said["pattern"]) == ("all", "one another") and first.startswith(said["sentence"])
    json.dumps(said, allow_nan=False)


def test_one_answer_for_everything_is_too(tmp_path):
    root = folder(tmp_path, {name: name for name in COLOURS}, wrong=0, right=10)

    def same(images):
        return np.tile([0.1, 0.2, 0.7], (len(images), 1))

    same.labels = Eye().labels
    found = evaluate(same, root)
    assert found.error == clopper_pearson(20, 30) and "mostly taken for “teapot”" in str(found).splitlines()[0]


def test_a_guess_among_ten_labels_is_one_of_these(tmp_path):
    """Accuracy at chance; 26 of 30 are wrong, which is not nine tenths."""
    names = [f"thing {i}" for i in range(10)]
    for i, name in enumerate(names):
        (tmp_path / name).mkdir()
        for j in range(3):
            Image.new("RGB", (8, 8), (i * 20, j * 20, 0)).save(tmp_path / name / f"{j}.png")

    def guess(images):
        rows = np.zeros((len(images), 10))
        for row, image in zip(rows, images, strict=True):
            i, j = (int(x) // 20 for x in np.asarray(image)[0, 0, :2])
            row[i if 3 * i + j < 4 else (i + 1 + 3 * j) % 10] = 1
        return rows

    guess.labels = names
    found = evaluate(guess, tmp_path)
    assert found.error == clopper_pearson(26, 30) and found.baseline["verdict"] == "all"

    def wide(images):
        return np.hstack([guess(images), np.zeros((len(images), 90))])

    wide.labels = [*names, *(f"other {i}" for i in range(90))]
    assert evaluate(wide, tmp_path).baseline["verdict"] != "all", "among a hundred labels it is better than a guess"


def test_a_folder_with_few_errors_says_nothing_of_it(tmp_path):
    found = evaluate(Eye(), folder(tmp_path, {name: name for name in COLOURS}))
    assert found.alarms() == [] and str(found).startswith("eye on ") and found.baseline["verdict"] == "fine"

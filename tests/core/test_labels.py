"""Names, synonyms, and what counts as the same thing."""

import json
from enum import StrEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope.core import label_files, labels
from bugscope.core.errors import SpecError

NAMES = labels.imagenet()


def test_there_are_a_thousand_different_names_in_the_usual_order():
    assert len(set(NAMES)) == 1000
    landmarks = {0: "tench", 281: "tabby", 504: "coffee mug", 681: "notebook", 779: "school bus", 876: "tub", 953: "pineapple"}
    assert {i: NAMES[i] for i in landmarks} == landmarks
    assert set(labels.wordnet_ids()) == set(NAMES)
    assert labels.wordnet_ids()["tench"] == "n01440764"


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_accepting_is_reflexive_and_symmetric(a, b):
    assert a in labels.accepted(a)
    assert (a in labels.accepted(b)) == (b in labels.accepted(a))


def test_the_groups_name_real_labels_and_stay_small():
    for group in labels.SAME_THING:
        assert group <= set(NAMES), group - set(NAMES)
        assert len(group) <= 3


@pytest.mark.parametrize(
    ("a", "b"),
    [("coffee mug", "cup"), ("notebook", "laptop"), ("tub", "bathtub"), ("ear", "corn"), ("table lamp", "lampshade")],
)
def test_near_synonyms_are_accepted(a, b):
    assert b in labels.accepted(a)


def test_look_alikes_are_not_accepted():
    for a, b in (("bagel", "pretzel"), ("soccer ball", "volleyball"), ("coffee mug", "bucket"), ("balloon", "parachute")):
        assert b not in labels.accepted(a)


def test_more_can_be_accepted():
    assert labels.accepted("mug", ["beaker"]) == {"mug", "beaker"}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("teapot", "teapot"),
        ("TEAPOT", "teapot"),
        (" granny smith ", "Granny Smith"),
        (" Cardigan ", "Cardigan"),
        ("taxi", "cab"),
        ("lighthouse", "beacon"),
    ],
)
def test_a_label_is_found_by_case_and_synonym(text, label):
    assert labels.resolve(text, NAMES) == label


def test_a_synonym_of_an_absent_label_is_unknown():
    with pytest.raises(SpecError, match="unknown label 'taxi'"):
        labels.resolve("taxi", ["bus", "bike"])


@given(st.sampled_from(NAMES))
def test_every_name_is_itself(name):
    assert labels.resolve(name, NAMES) == name


def test_the_nearest_label_is_offered():
    with pytest.raises(SpecError, match="unknown label 'pinapple'. Did you mean 'pineapple'"):
        labels.resolve("pinapple", NAMES)


@given(st.text(max_size=15) | st.sampled_from(NAMES).map(str.upper) | st.sampled_from(NAMES).map(lambda n: n[:-1]))
def test_any_text_is_a_label_or_an_error_that_repeats_it(text):
    try:
        assert labels.resolve(text, NAMES) in NAMES
    except SpecError as error:
        assert str(error).startswith(f"unknown label {text!r}.") and "\n" not in str(error)


def test_case_hides_no_label_but_a_dog_under_a_garment():
    """Cardigan the corgi and cardigan the jacket: each is found as it is written."""
    found = {n: labels.resolve(f" {n.upper()} ", NAMES) for n in NAMES}
    assert {n: label for n, label in found.items() if label != n} == {"Cardigan": "cardigan"}


# --- what others call the classes


TABLE = labels.table()
FULL = [", ".join(lemmas) for _, _, lemmas in TABLE]
"""As in Hugging Face's id2label."""


@pytest.mark.parametrize(
    "spelling",
    [
        NAMES,
        FULL,
        [wordnet for wordnet, _, _ in TABLE],
        [f"{wordnet} {full}" for (wordnet, _, _), full in zip(TABLE, FULL, strict=True)],
        [lemmas[0] for _, _, lemmas in TABLE],  # "crane" and "maillot" twice, as in older torchvision
        [name.lower().replace(" ", "_").replace("-", "_") for name in NAMES],
        [f" {lemmas[-1].upper()}\n" for _, _, lemmas in TABLE],
        [f"LABEL_{i}" for i in range(1000)],
        [""] * 1000,
        [f"{lemmas[0]} of some kind" if i % 20 else "a name of its own" for i, (_, _, lemmas) in enumerate(TABLE)],
    ],
    ids=["ours", "lemmas", "ids", "ids and lemmas", "first lemma", "joined", "last lemma", "unnamed", "empty", "own words"],
)
def test_the_imagenet_classes_are_known_in_any_spelling(spelling):
    assert labels.named(spelling) == NAMES


def test_a_background_class_stays_in_front():
    assert labels.named(["background", *FULL]) == ("background", *NAMES)


def _replaced(names, part):
    """Every tenth (`part` of ten) is another thing."""
    return [f"widget {i}" if i % 10 < part else name for i, name in enumerate(names)]


@pytest.mark.parametrize(
    "names",
    [
        [f"product {i}" for i in range(1000)],
        [str(i) for i in range(1000)],
        list(NAMES[::-1]),
        sorted(NAMES),
        [*NAMES[1:], NAMES[0]],
        _replaced(NAMES, 2),
        [f"LABEL_{i + 1}" for i in range(1000)],
    ],
    ids=["products", "numbers", "turned", "sorted", "shifted", "a fifth replaced", "from 1"],
)
def test_a_thousand_other_classes_keep_their_names(names):
    assert labels.named(names) == tuple(names)


def test_unnamed_classes_that_are_not_a_thousand_stay_unnamed():
    assert labels.named(["LABEL_0", "LABEL_1"]) == ("LABEL_0", "LABEL_1")
    assert labels.named(["cat", ""]) == ("cat", "class 1")


def test_part_of_imagenet_is_known_by_ids_and_whole_lemmas():
    """Imagenette's folders, or a fine-tuned checkpoint's id2label; a lone word could be anything."""
    assert labels.named(["n01440764", "n03888257", "n99999999"]) == ("tench", "parachute", "n99999999")
    assert labels.named([FULL[681], FULL[639], "taxi"]) == ("notebook", "maillot tank suit", "taxi")
    shuffled = FULL[500:] + FULL[:500]
    assert sum(a == b for a, b in zip(labels.named(shuffled), NAMES[500:] + NAMES[:500], strict=True)) > 990


@given(st.lists(st.text(max_size=4) | st.sampled_from(["crane", "crane (2)", "", "n01440764", "tench"]), max_size=12))
def test_names_are_as_many_all_different_and_none_empty(names):
    found = labels.named(names)
    assert len(found) == len(set(found)) == len(names)
    assert all(found)
    assert labels.named(found) == found


def test_the_second_of_a_name_is_counted():
    assert labels.named(["crane", "crane", "crane (2)", "crane"]) == ("crane", "crane (3)", "crane (2)", "crane (4)")


def test_labels_are_read_from_what_people_have(tmp_path):
    want = ("Katze", "Hündin", "鳥, klein")
    write = {
        "a.txt": "Katze\n\n  Hündin \n鳥, klein\n",
        "bom.txt": "\ufeffKatze\r\nHündin\r\n鳥, klein",
        "list.json": '["Katze", "Hündin", "鳥, klein"]',
        "index.json": '{"2": "鳥, klein", "0": "Katze", "1": "Hündin"}',
        "turned.json": '{"Katze": 0, "Hündin": 1, "鳥, klein": 2}',
        "config.json": '{"model_type": "vit", "id2label": {"0": "Katze", "1": "Hündin", "2": "鳥, klein"}}',
    }
    for name, text in write.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert label_files.read(str(tmp_path / name)) == want, name
    assert label_files.read(list(want)) == label_files.read(dict(enumerate(want))) == want
    assert label_files.read(" Katze , Hündin,Vogel") == ("Katze", "Hündin", "Vogel")
    assert label_files.read("ImageNet") == NAMES
    assert label_files.read([1, 2]) == ("1", "2")


def test_keras_index_of_imagenet_is_read(tmp_path):
    rows = {str(i): [wordnet, name.replace(" ", "_")] for i, (wordnet, name, _) in enumerate(TABLE)}
    (tmp_path / "imagenet_class_index.json").write_text(json.dumps(rows))
    assert labels.named(label_files.read(str(tmp_path / "imagenet_class_index.json"))) == NAMES


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("imagenett", "Did you mean 'imagenet'"),
        ("cats", "neither 'imagenet', names separated by commas, nor a file \\(.txt, .names, .json"),
        ("{}/label.txt", "Did you mean '.*labels.txt'"),
        ("{}/nowhere/label.txt", "there is no file"),
        ("~\udc7d/label.txt", "surrogates not allowed|there is no file"),
        ("{}/latin.txt", "cannot be read"),
        ("{}/broken.json", "cannot be read"),
        ("{}/number.json", "neither a list of names nor"),
        ("{}/nested.json", r"\['a', 'b'\] is not text"),
        ("{}/gap.json", "2 names, but none for class 1"),
        ("{}/words.json", "'a' is not an index"),
        ("{}/one.txt", "1 names; at least 2"),
        (7, "labels are 7"),
        ({"a", "b"}, "are a set, which has no order"),
        (frozenset("ab"), "are a frozenset, which has no order"),
        ([False, True], "False is not text; in YAML, put it in quotes, as in 'no'"),
        (["a", None], "None is not text"),
        (np.array([0.5, 1.5]), "is not text"),
        ([{"id": 0}, {"id": 1}], "each needs a 'name'"),
        ({1: "a", 2: "b"}, "none for class 0; classes are counted from 0"),
        ([], "0 names; at least 2"),
        ({}, "0 names; at least 2"),
    ],
)
def test_labels_that_cannot_be_read_are_a_sentence(tmp_path, value, says):
    (tmp_path / "labels.txt").write_text("a\nb\n")
    (tmp_path / "latin.txt").write_bytes("Hündin\nb".encode("latin-1"))
    (tmp_path / "broken.json").write_text('["a", ')
    (tmp_path / "number.json").write_text("7")
    (tmp_path / "nested.json").write_text('[["a", "b"]]')
    (tmp_path / "gap.json").write_text('{"0": "a", "2": "b"}')
    (tmp_path / "words.json").write_text('{"a": "b", "c": "d"}')
    (tmp_path / "one.txt").write_text("a\n\n")
    with pytest.raises(SpecError, match=says):
        label_files.read(value.format(tmp_path) if isinstance(value, str) else value)


CAT, DOG, CUP = ("cat", "dog", "cup")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("spaces.txt", b"0 cat\n1 dog\n2 cup\n"),
        ("edge_tpu.txt", b"0  cat\r\n1  dog\r\n2  cup\r\n"),
        ("slim.txt", b"0:cat\n1:dog\n2:cup\n"),
        ("by_text.txt", b"1, dog\n0, cat\n2, cup\n"),
        ("behind.txt", b"/c/cat 0\n/d/dog 1\n/c/cup 2\n"),
        ("yolo.names", b"cat\ndog\ncup\n"),
        ("powershell.txt", "cat\ndog\ncup\n".encode("utf-16")),
        ("names.json", b'{"names": {"0": "cat", "2": "cup", "1": "dog"}, "nc": 3}'),
        ("classes.json", b'{"classes": ["cat", "dog", "cup"]}'),
        ("objects.json", b'[{"id": 7, "name": "dog"}, {"id": 1, "name": "cat"}, {"id": 9, "name": "cup"}]'),
        ("coco.json", b'{"categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}, {"id": 4, "name": "cup"}]}'),
        ("turned.json", b'{"class_to_idx": {"cup": 2, "cat": 0, "dog": 1}}'),
        ("table.csv", b"index,name\n1,dog\n0,cat\n2,cup\n"),
        ("plain.csv", b"cat\ndog\ncup\n"),
        ("table.tsv", b"name\tn\ncat\t5\ndog\t6\ncup\t7\n"),
        ("data.yaml", b"nc: 3\nnames: [cat, dog, cup]\n"),
        ("turned.yml", b"{cat: 0, cup: 2, dog: 1}\n"),
        ("tabs.txt", b"0\tcat\n1\tdog\n2\tcup\n"),
        ("dots.txt", b"0. cat\n1. dog\n2. cup\n"),
        ("brackets.txt", b"[0] cat\n[1] dog\n[2] cup\n"),
        ("dashes.txt", b"0 - cat\n1 - dog\n2 - cup\n"),
        ("colons.txt", b"cat: 0\ndog: 1\ncup: 2\n"),
        ("equals.txt", b"cat=0\ndog=1\ncup=2\n"),
        ("from_one.txt", b"1 cat\n2 dog\n3 cup\n"),
        ("comment.txt", b"# classes of my network\ncat\ndog\ncup\n"),
        ("python.txt", b"{0: 'cat',\n 1: 'dog',\n 2: \"cup\"}\n"),
        ("list.txt", b"['cat',\n 'dog',\n 'cup',\n]"),
        ("quoted.txt", b"'cat',\n'dog',\n'cup'\n"),
        ("pairs.json", b'[[0, "cat"], [1, "dog"], [2, "cup"]]'),
        (
            "details.json",
            b'{"0": {"id": "a", "label": "cat"}, "1": {"id": "b", "label": "dog"}, "2": {"id": "c", "label": "cup"}}',
        ),
        ("header.csv", b"ClassId,SignName\n0,cat\n1,dog\n2,cup\n"),
        ("series.csv", b",0\n0,cat\n1,dog\n2,cup\n"),
        ("header.tsv", b"species\ncat\ndog\ncup\n"),
        ("behind.csv", b"dog,1\ncup,2\ncat,0\n"),
        ("from_one.csv", b"1,cat\n2,dog\n3,cup\n"),
    ],
)
def test_files_of_labels_as_tools_write_them(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    assert label_files.read(str(tmp_path / name)) == (CAT, DOG, CUP)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.txt", "cat\ndog\n".encode("utf-16-le"), "zero bytes; save the file as UTF-8"),
        ("b.txt", "cat\ndog\n".encode("utf-32"), "zero bytes; save the file as UTF-8"),
        ("c.txt", "Hündin\ncat\n".encode("cp1252"), "byte 1 is not UTF-8; save the file as UTF-8"),
        ("d.json", b'{"0": "cat", "0": "dog", "1": "cup"}', "the key '0' is there twice"),
        ("e.txt", b"1 cat\n" + b"9" * 5000 + b" dog\n", ""),
    ],
)
def test_files_of_labels_that_say_something_else(tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    if says:
        with pytest.raises(SpecError, match=says):
            label_files.read(str(tmp_path / name))
    else:
        assert label_files.read(str(tmp_path / name))[0] == "1 cat"


@pytest.mark.parametrize(
    "text", ["{0: cat, 1: dog}", "[cat, dog]", '["cat", "dog"]', "'cat','dog'", "cat, dog,", "{cat: 0, dog: 1}"]
)
def test_a_text_with_brackets_or_quotes_is_what_it_looks_like(text):
    assert label_files.read(text) == label_files.of_model(text) == (CAT, DOG)


@pytest.mark.parametrize("text", ["[cat, dog", "{0: cat, 1: dog", "{cat, dog}x"])
def test_half_a_list_is_no_list_of_labels(text):
    with pytest.raises(SpecError, match="cannot be read as one"):
        label_files.read(text)


def test_words_of_yaml_are_names(tmp_path):
    (tmp_path / "names.yaml").write_text("names: {0: no, 1: yes, 2: 2024-01-01, 3: 1.10}")
    assert label_files.read(str(tmp_path / "names.yaml")) == ("no", "yes", "2024-01-01", "1.10")


@pytest.mark.parametrize(
    "names",
    [
        ("1 euro", "2 euro"),
        ("0", "1"),
        ("digit 0", "digit 1"),
        ("0 cat", "2 dog"),
        ("1 cat", "0 dog"),
        ("0 cat", "dog"),
        ("0 7", "1 8"),
        ("7-Eleven", "dog"),
    ],
)
def test_numbers_that_belong_to_names_stay(names):
    assert label_files.read(names) == names


def test_labels_are_read_from_what_functions_have():
    class Kind(StrEnum):
        A = CAT
        B = DOG

    for stated in (
        np.array([CAT, DOG]),
        np.array([b"cat", b"dog"]),
        Kind,
        {0: CAT, 1: DOG},
        {"1": DOG, "0": CAT},
        {DOG: 1, CAT: 0},
        {DOG: np.int64(1), CAT: np.int64(0)},
        {0: CAT, 1: DOG}.values(),
        {CAT: 0, DOG: 1}.keys(),
        (name for name in (CAT, DOG)),
        ["0 cat", "1 dog"],
    ):
        assert label_files.of_model(stated) == (CAT, DOG), stated
    assert label_files.of_model(None) == ()
    assert label_files.of_model([", ".join(lemmas) for _, _, lemmas in TABLE]) == NAMES
    assert label_files.of_model([CAT, CAT]) == (CAT, CAT), "a mistake, which is said where the target is asked"


def test_a_series_of_names_is_a_list_of_them():
    pandas = pytest.importorskip("pandas")
    assert label_files.read(pandas.Series([CAT, DOG], index=[7, 3])) == (CAT, DOG)
    with pytest.raises(SpecError, match="nan is not text"):
        label_files.read(pandas.Series([CAT, float("nan")]))


def test_tables_of_pandas_are_read_by_their_numbers():
    pandas = pytest.importorskip("pandas")
    for stated in (
        pandas.DataFrame({"id": [1, 0], "name": [DOG, CAT]}),
        pandas.Series({1: DOG, 0: CAT}),
        pandas.Series([1, 0], index=[DOG, CAT]),
        pandas.Index([CAT, DOG]),
    ):
        assert label_files.read(stated) == (CAT, DOG), stated


def test_a_file_may_be_a_path(tmp_path):
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    assert label_files.read(tmp_path / "labels.txt") == label_files.of_model(tmp_path / "labels.txt") == (CAT, DOG)


@pytest.mark.parametrize(
    "stated", [np.array("cat"), [(0, CAT), (0, DOG)], [([0], 1), (CAT, 0)]], ids=["no axis", "twice", "a list"]
)
def test_odd_forms_of_labels_are_a_sentence(stated):
    with pytest.raises(SpecError, match="labels"):
        label_files.of_model(stated)


def test_an_error_about_a_file_is_no_longer_than_a_sentence():
    with pytest.raises(SpecError) as error:
        label_files.read("ab " * 3000 + "x.txt")
    assert len(str(error.value)) < 1000


def test_names_with_line_ends_make_an_error_of_one_line():
    with pytest.raises(SpecError) as error:
        labels.resolve("x", ["a\nb", "c"])
    assert "\n" not in str(error.value)


def test_a_class_is_found_by_its_id_and_by_all_its_lemmas():
    assert labels.resolve("laptop, laptop computer", NAMES) == "laptop"
    assert labels.resolve("n01440764", NAMES) == "tench"
    assert labels.resolve("laptop, laptop computer", ["cat", "laptop, laptop computer"]) == "laptop, laptop computer"
    with pytest.raises(SpecError, match="unknown label ''"):
        labels.resolve("", ["cat", "dog"])


def test_an_endless_name_is_shown_short_as_the_value_and_as_the_nearest():
    with pytest.raises(SpecError, match="unknown label 'ab ab .* Did you mean 'ab ab ") as said:
        labels.resolve("ab " * 2000, ["ab " * 1999 + "x", "dog"])
    assert len(str(said.value)) < 1000

"""Whose near-synonyms count as right, and what a user may state."""

import json
import string

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bugscope.core import labels
from bugscope.core.accept import AcceptSets, elsewhere, read
from bugscope.core.errors import SpecError
from bugscope.core.labels import LEAST, SHARE, Names
from bugscope.core.options import Config

NAMES = labels.imagenet()
SPELLINGS = (
    lambda wordnet, name, lemmas: name,
    lambda wordnet, name, lemmas: name.upper(),
    lambda wordnet, name, lemmas: name.replace(" ", "_"),
    lambda wordnet, name, lemmas: wordnet,
    lambda wordnet, name, lemmas: f"{wordnet} {name}",
    lambda wordnet, name, lemmas: ", ".join(lemmas),
)
COCO = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,bird,"
    "cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,"
    "sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,"
    "bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,dining table,"
    "toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,"
    "teddy bear,hair drier,toothbrush"
).split(",")
STRANGERS = st.text(string.ascii_lowercase, min_size=3, max_size=6).map(lambda text: f"sku {text}")


def spelled(name, spelling):
    wordnet, _, lemmas = next(row for row in labels.table() if row[1] == name)
    return spelling(wordnet, name, lemmas)


PAIRS = {a: sorted(labels.accepted(a) - {a}) for a in NAMES if len(labels.accepted(a)) > 1}


# --- whose labels they are ----------------------------------------------------------------------------------------------


@given(
    st.lists(st.sampled_from(NAMES), min_size=LEAST, max_size=160, unique=True),
    st.sampled_from(SPELLINGS),
    st.lists(STRANGERS, max_size=60, unique=True),
    st.randoms(use_true_random=False),
)
@pytest.mark.slow
def test_a_large_part_of_imagenets_labels_in_any_spelling_and_order_is_imagenets(some, spelling, strangers, rng):
    known = [spelled(name, spelling) for name in some]
    found = [*known, *strangers]
    assume(len(set(found)) == len(found))
    # "CARDIGAN" is the dog or the garment: in capitals a few names mean another class, or none
    meant = len({labels.Names(found).meaning(name) for name in known} & set(NAMES))
    rng.shuffle(found)
    assert Names(tuple(found)).are_imagenets == (meant >= LEAST and meant >= SHARE * len(found))
    assert meant >= 0.97 * len(some)


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=LEAST - 1, unique=True))
def test_a_few_names_that_imagenet_has_too_are_somebody_elses(some):
    sets = AcceptSets.of({}, some)
    assert sets.word == "none" and all(sets.right(name) == sets.claims(name) == {name} for name in some)


@given(st.lists(st.sampled_from(NAMES), min_size=2, max_size=80, unique=True), STRANGERS)
def test_what_is_stated_beats_the_labels(some, stranger):
    known = [*some, stranger]
    assert all(AcceptSets.of("none", known).right(name) == {name} for name in known)
    sets = AcceptSets.of("imagenet", known)
    assert all(sets.right(name) == (labels.accepted(name) & set(known)) | {name} for name in known)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_sets_apply_in_the_targets_own_spelling(spelling):
    own = {name: spelled(name, spelling) for name in NAMES}
    sets = AcceptSets.of({}, labels.distinct(own.values()))
    assert sets.word == "imagenet" and not sets.stated
    for name, others in PAIRS.items():
        assert sets.right(own[name]) >= {own[name], *(own[other] for other in others)}, name
        assert sets.right(own[name]) == sets.claims(own[name])


def test_all_labels_are_imagenets_by_number_or_with_a_background_class_and_those_of_others_are_not():
    assert Names([f"LABEL_{i}" for i in range(1000)]).are_imagenets and Names(("background", *NAMES)).are_imagenets
    others = (tuple(COCO), ("notebook", "laptop", "stapler"), ())
    assert not any(Names(names).are_imagenets for names in others)
    assert AcceptSets.of({}, COCO).right("cup") == {"cup"}


@given(st.data())
def test_near_synonyms_are_mutual_and_an_answer_claims_what_accepts_it(data):
    known = data.draw(st.lists(st.sampled_from([*PAIRS, "zebra", "teapot"]), min_size=2, max_size=12, unique=True))
    further = data.draw(st.dictionaries(st.sampled_from(known), st.lists(st.sampled_from(known), max_size=3), max_size=3))
    word = data.draw(st.sampled_from(["none", "imagenet"]))
    sets = AcceptSets.of(read([word, further]), known)
    for a in known:
        assert a in sets.right(a) and sets.right(a) <= set(known)
        assert sets.claims(a) == {b for b in known if a in sets.right(b)}
        assert {b for b in known if b in sets.near(a)} == {b for b in known if a in sets.near(b)}


# --- what a user states -------------------------------------------------------------------------------------------------


def test_further_labels_add_to_the_sets_and_none_leaves_them_alone():
    mine = {"cup": ["beaker"]}
    assert AcceptSets.of(read(mine), NAMES).right("cup") == labels.accepted("cup") | {"beaker"}
    assert AcceptSets.of(read(["none", mine]), NAMES).right("cup") == {"cup", "beaker"}
    assert AcceptSets.of(read(mine), ("cup", "beaker", "coffee mug")).right("cup") == {"cup", "beaker"}
    assert AcceptSets.of(read(["imagenet", mine]), ("cup", "beaker", "coffee mug")).right("cup") == {
        "cup",
        "beaker",
        "coffee mug",
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(STRANGERS, st.lists(STRANGERS, max_size=3, unique=True), max_size=3), st.sampled_from(["yaml", "json"]))
def test_a_file_is_the_mapping_in_it(tmp_path, mapping, kind):
    file = tmp_path / f"sets.{kind}"
    file.write_text(json.dumps(mapping) if kind == "json" else yaml.safe_dump(mapping), encoding="utf-8")
    assert read(str(file)) == read(file) == read([file]) == read(mapping)
    assert Config.of({"accept": str(file)}) == Config.of({"accept": mapping}), "a run holds what was in the file, not its name"
    assert read(["none", str(file)]) == read([mapping, "none"]) == (["none", mapping] if mapping else "none")


@given(
    st.lists(
        st.sampled_from(["imagenet", " ImageNet "]) | st.dictionaries(STRANGERS, st.lists(STRANGERS, max_size=3), max_size=3),
        max_size=4,
    )
)
def test_reading_twice_changes_nothing(given):
    once = read(given)
    assert read(once) == once == Config.of({"accept": once}).accept


def test_several_mappings_are_one():
    assert read([{"cup": ["beaker"]}, {"cup": ("mug", "beaker"), "ear": []}]) == {"cup": ["beaker", "mug"], "ear": []}
    assert read([]) == read({}) == {} and read(["none"]) == "none"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("imagnet", "unknown accept-set 'imagnet'; it should be none, imagenet, a YAML.*Did you mean 'imagenet'"),
        ("nonee", "Did you mean 'none'"),
        (["mug"], "unknown accept-set 'mug'"),
        (["none", "imagenet"], "option accept is both 'none' and 'imagenet'"),
        ({"mug": [3]}, r"option accept is \{'mug': \[3\]\}; it should be none, imagenet, a YAML or JSON file, or a mapping"),
        ({3: ["mug"]}, "option accept is {3"),
        ({"mug": "cup"}, "option accept is {'mug': 'cup'}"),
        (3, "option accept is 3"),
        (True, "option accept is True"),
        (None, "option accept is None"),
        ("sets.yaml", "file of accept-sets 'sets.yaml' does not exist. Did you mean 'set.yaml'"),
        ("list.yaml", "'list.yaml' holds a list; it should map each label to a list"),
        ("empty.yaml", "'empty.yaml' holds a NoneType"),
        ("text.yaml", "'text.yaml' has 'cup': 'mug'; it should map each label to a list of further labels, as texts"),
        ("number.json", r"'number.json' has 'cup': \[3\]"),
        ("no.yaml", r"'no.yaml' has 'no': 'mug'"),
        ("broken.json", "'broken.json' cannot be read: JSONDecodeError"),
        ("broken.yaml", "'broken.yaml' cannot be read"),
        ("bytes.yaml", "'bytes.yaml' cannot be read: UnicodeDecodeError"),
        ("folder.yaml", "'folder.yaml' cannot be read: IsADirectoryError"),
    ],
)
def test_what_cannot_be_understood_is_one_sentence(tmp_path, monkeypatch, given, message):
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "set.yaml": "cup: [mug]", "list.yaml": "- cup", "empty.yaml": "", "text.yaml": "cup: mug",
        "number.json": '{"cup": [3]}', "no.yaml": "no: mug", "broken.json": "{", "broken.yaml": "cup: [",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(SpecError, match=message) as error:
        Config.of({"accept": given})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("further", [{"cupp": ["beaker"]}, {"beaker": ["cupp"]}])
def test_a_label_that_the_target_does_not_know_is_named_with_the_nearest(further):
    with pytest.raises(SpecError, match="unknown label of the target in accept 'cupp'. Did you mean 'cup'"):
        AcceptSets.of(further, ("cup", "beaker"))
    assert AcceptSets.of(further).further == further, "a target that takes any label knows every one"


def test_on_pictures_of_another_what_is_stated_now_wins_and_names_add_up():
    own = read(["imagenet", {"CUP": ["beaker"]}])
    assert elsewhere(own, None, ["cup", "ear"]) == ("imagenet", {"cup": ["beaker"]})
    assert elsewhere(own, ["none", {"cup": ["chalice"]}], ["cup", "ear"]) == ("none", {"cup": ["beaker", "chalice"]})
    assert elsewhere({}, {}, ["cup"]) == ({}, {}), "what nobody stated is left to the other target's labels"
    with pytest.raises(SpecError, match="unknown label of the run in accept 'eer'. Did you mean 'ear'"):
        elsewhere(own, {"eer": ["corn"]}, ["cup", "ear"])

"""YAML as people write it: what is a text stays one, and nothing in a file can grow or run."""

import json
import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bugscope.app.cli.options import pairs
from bugscope.core import yamls
from bugscope.core.errors import SpecError
from bugscope.core.options import Config

PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
KEYS = PLAIN.filter(lambda key: key not in yamls.TEXTS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(PLAIN.filter(lambda key: key not in yamls.TEXTS), inner, max_size=3)
    ),
    max_leaves=8,
)


class Dumper(yaml.SafeDumper):
    """Writes no aliases, and quotes "1e3", which PyYAML itself takes for a text."""

    def ignore_aliases(self, data):
        return True


Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789"))


@given(VALUES)
@example({"0E0": "1e3"})
def test_what_json_can_hold_comes_back(value):
    assert yamls.read(json.dumps(value)) == value
    assert yamls.read(yaml.dump(value, Dumper=Dumper, allow_unicode=True)) == value


def bomb(levels=8):
    inner = "&b0 [x,x,x,x,x,x,x,x,x,x]"
    for i in range(1, levels + 1):
        inner = f"&b{i} [{inner}" + f",*b{i - 1}" * 9 + "]"
    return f"seed: {inner}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb(), "anchors"),
        ("a: &x [1]\nb: *x", "anchors"),
        ("[" * 5000, "20 levels of nesting"),
        ("{a: " * 5000, "20 levels of nesting"),
        ("- " * 5000 + "a", "20 levels of nesting"),
        ("seed: " + "9" * 5000, "a number of 5,000 digits"),
        ("a: 1\na: 2", "the key 'a' is there twice"),
        ("!!python/object/apply:os.system [touch owned]", "the tag"),
        ("!!binary aGk=", "the tag"),
        ("!!int ''", "index out of range"),
        ("!!float a", "could not convert"),
        ("!!bool maybe", "KeyError|maybe"),
        ("!!timestamp 2001-01-01", "the tag"),
        ("? [a]\n: 1", "unhashable"),
        ("\x00", "special characters"),
        ("x" * 5_000_000, "5,000,000 characters"),
    ],
    ids=range(16),
)
def test_what_could_grow_or_run_is_refused_in_a_sentence(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as error:
        yamls.read(text)
    assert "\n" not in str(error.value)
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(SpecError, match="is not YAML that is read: .*") as error:
        Config.from_file(file)
    assert len(str(error.value)) < 1000


PIECES = st.sampled_from(
    ["labels", "seed", ": ", "- ", "[", "]", "{", "}", "&a ", "*a", "!!int ", "!!map ", "!!null ", "|", "'", '"', "\n", "  ",
     "1", "no", "2001-01-01", "<<: ", "#", "%YAML 1.2", "---", "\t", "1e5", "0x1f", "1:30", "\ud83d", "\x00", "? ", ","],
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_text_is_read_or_refused_in_a_sentence(text):
    try:
        json.dumps(yamls.read(text), default=str).encode()
    except ValueError as error:
        assert "\n" not in str(error) and str(error)


def test_dates_and_times_are_texts():
    found = yamls.read("a: 2001-99-99\nb: 2001-01-01\nc: 1:30\nd: 1:30.5")
    assert found == {"a": "2001-99-99", "b": "2001-01-01", "c": "1:30", "d": "1:30.5"}


def test_labels_are_texts_at_any_depth():
    text = "labels: [no, yes, 1, 2001-01-01, 1.0, null]\ntarget_args: {labels: {0: no, 1: on}, n: 1}\naccept: {no: [yes, 3]}"
    assert yamls.read(text) == {
        "labels": ["no", "yes", "1", "2001-01-01", "1.0", "null"],
        "target_args": {"labels": {"0": "no", "1": "on"}, "n": 1},
        "accept": {"no": ["yes", "3"]},
    }
    assert yamls.read("labels:") == {"labels": None}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3", 3), ("-2", -2), ("1e-3", 0.001), (".5", 0.5), ("4.", 4.0), ("true", True), ("False", False),
        ("[1, 2.5]", [1, 2.5]),
        ("[a, [true]]", ["a", [True]]),
        ("", ""), ("no", "no"), ("null", "null"), ("007", "007"), ("1_000", "1_000"), ("nan", "nan"), ("inf", "inf"),
        ("1e999", "1e999"),
        ("[unclosed", "[unclosed"), ("*what is it*", "*what is it*"), ("2001-99-99", "2001-99-99"), ("0x1f", "0x1f"),
        ("٣", "٣"),
        ("Describe: what do you see?", "Describe: what do you see?"), ("{a: 1}", "{a: 1}"), ("[what: is it]", "[what: is it]"),
        ("#1", "#1"), ("a # b", "a # b"), ("9" * 5000, "9" * 5000), ("  two words ", "  two words "), ("'quoted'", "'quoted'"),
    ],
)  # fmt: skip
def test_an_option_of_a_model_is_a_text_unless_it_is_a_number_a_boolean_or_a_list(text, meant):
    (found,) = pairs("--captioner-arg", [f"key={text}"]).values()
    assert found == meant and type(found) is type(meant)


@given(st.text())
def test_any_text_can_be_an_option(text):
    (found,) = pairs("--captioner-arg", [f"key={text}"]).values()
    assert found == text or isinstance(found, bool | int | float | list)
    assert pairs("--target-arg", [f"labels={text}"])["labels"] == text or text.strip().startswith("[")


def test_labels_of_an_option_are_texts():
    assert pairs("--target-arg", ["labels=[no, 1, 2.0]"]) == {"labels": ["no", "1", "2.0"]}
    assert pairs("--target-arg", ["labels=no,1"]) == {"labels": "no,1"}

"""Numbers and names as people read them, and what may be written where."""

import json
import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bugscope.core.records import Rate
from bugscope.report import plain, words

FEW = Rate(12, 40, 0.1656, 0.4653, 0.95)
NOTE = {"failures": 12, "n": 40, "low": 0.1656, "high": 0.4653, "level": 0.95}
NONE = Rate(0, 0, 0.0, 1.0, 0.95)


def test_a_rate_reads_the_same_whether_it_is_a_record_or_json():
    for say in (words.count, words.interval, words.confidence, words.failing, words.cell):
        assert say(FEW) == say(NOTE)
    assert words.failing(FEW) == "12 of 40 fail (95 % CI 17-47 %)"
    assert words.cell(FEW) == "12 of 40 (17–47 %)"
    assert words.rate(FEW, "wrong") == "12 of 40 wrong, 30 % (95 % CI 17-47 %)"
    assert words.cells(FEW) == ("12 of 40", "30.0 %", "17-47 %")


def test_the_rate_of_nothing_is_no_number():
    assert math.isnan(NONE.value)
    assert words.rate(NONE, "wrong") == "0 of 0 wrong"
    assert words.cells(NONE) == ("0 of 0", "-", "-")


def test_large_numbers_have_commas_and_one_is_not_many():
    assert words.count(Rate(1234, 56789, 0, 1, 0.95)) == "1,234 of 56,789"
    assert (words.number(1, "bug"), words.number(2, "bug"), words.number(0, "bug")) == ("1 bug", "2 bugs", "0 bugs")


@pytest.mark.parametrize(("value", "text"), [(0.117, "+12"), (-0.3, "-30"), (0.0, "+0"), (-0.004, "+0")])
def test_points_have_a_sign(value, text):
    assert words.points(value) == text


@pytest.mark.parametrize(("e", "text"), [(340.0, "340"), (2.84, "2.84"), (284_000.0, "2.8 × 10^5")])
def test_an_e_value(e, text):
    assert words.times(e) == text


def test_lists():
    assert words.listed(["a"]) == "a" and words.listed("abc") == "a, b and c"
    assert words.few(["a", "b", "c"], 2) == "a, b and 1 more"
    assert words.changed("drop", "red", None) == "without “red”"
    assert words.changed("replace", "red", "blue") == "“blue” instead of “red”"
    assert words.changed("add", None, "blue") == "with “blue” added"


def test_a_model_is_called_by_its_short_name_and_by_its_id_where_it_has_none():
    ids = {"target": "onnx//models/net.onnx?model=319e", "judge": "studio"}
    report = {"names": {"target": "net.onnx"}, "models": ids, **ids}
    assert words.name(report) == "net.onnx" and words.name(report, "judge") == "studio"


def test_a_file_that_was_written_again_is_told_from_what_it_was():
    report = {"target": "onnx/net.onnx?model=2", "before": "onnx/net.onnx?model=1"}
    report |= {"names": {"target": "net.onnx", "before": "net.onnx"}}
    assert (words.name(report, "before"), words.name(report)) == ("net.onnx (before)", "net.onnx (now)")
    same = report | {"target": report["before"]}
    assert words.name(same, "before") == words.name(same) == "net.onnx"
    other = report | {"names": {"target": "new.onnx", "before": "net.onnx"}}
    assert (words.name(other, "before"), words.name(other)) == ("net.onnx", "new.onnx")


# --- what may be written where ------------------------------------------------------------------------------------------

EVIL = "a\x1b[31m\x00\r\n\u2028b\u202ec\ud800\x85"


@given(st.text())
@example(EVIL)
def test_no_text_steers_a_screen_or_breaks_a_line_or_a_file(text):
    lines = [plain.for_terminal(text), plain.for_markdown(text), plain.for_code(text), plain.for_csv(text)]
    for line in lines:
        assert len(line.splitlines()) <= 1 and "\x1b" not in line
        assert line.encode() or not line
    for line in lines[:3]:
        assert not plain.DIRECTIONS.search(line)
    plain.for_html(text).encode()
    assert not plain.DIRECTIONS.search(plain.for_html(text))
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", plain.for_xml(text))


@given(st.recursive(st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=6))
@example([EVIL])
def test_json_on_a_screen_says_the_same_and_steers_nothing(value):
    shown = plain.for_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(shown) == value
    assert all(c.isprintable() for c in shown)


def test_a_terminal_shows_that_something_was_there():
    assert plain.for_terminal("red\x1b[31m\u202e\tcup\u3000木") == "red\ufffd[31m\ufffd cup 木"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "|cmd", "%x", "＝1"])
def test_a_formula_is_a_text(text):
    assert plain.for_csv(text).startswith("'")
    assert plain.for_csv("a" + text).startswith("a")


def test_markup_is_shown_as_it_is():
    assert plain.for_markdown("| [x](http://y) `z` <b> www.a @b #1") == (r"\| \[x\]\(http\://y\) \`z\` \<b\> www\.a \@b \#1")
    assert plain.for_code("a`b|c") == "a'b'c"

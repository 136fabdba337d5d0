"""The page of a replay: it says what the report says, whatever the names are, and stays small."""

import copy
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import bugscope
from bugscope.core.errors import SpecError, StoreError
from bugscope.report import replay_page as pages
from bugscope.workflows.replay import Replay, replay
from support.reports import LABELS, drawing, quick_disk, target, world  # noqa: F401
from support.runs import trying
from support.worlds import ABOVE, FOG, RED, SNOW

HOSTILE = "\"'></code><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}&amp;"
VOID = {"meta", "img", "br", "hr", "input", "link"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with trying([SNOW], [ABOVE], [RED, SNOW], [FOG]):
        return bugscope.hunt(
            LABELS, tmp_path_factory.mktemp("runs") / "run", budget=300, explain_budget=0, **world().roles()
        ).path


@pytest.fixture(scope="module")
def mixed(run) -> Replay:
    """One cause is cured, fog is a new one; some pictures are fresh."""
    return replay(run, target("world/mixed", planted={"above": 0.6, "fog": 0.95}, base=0.0), fresh=60, **drawing())


class Page(HTMLParser):
    """Elements with their attributes, texts, and whether every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> set[str | None]:
        return {attributes["id"] for _, attributes in self.elements if "id" in attributes}


def harmless(text: str) -> Page:
    """Nothing runs, nothing is fetched, every link leads somewhere."""
    found = Page(text)
    assert not {"script", "iframe", "object", "embed", "link", "form"} & {tag for tag, _ in found.elements}
    for _, attributes in found.elements:
        assert not any(name.startswith("on") for name in attributes)
    assert all(x["src"].startswith("data:image/jpeg;base64,") and x["alt"] for x in found.all("img"))
    ids = found.ids
    assert [x["href"] for x in found.all("a") if x["href"][0] != "#" or x["href"][1:] not in ids] == []
    assert "url(" not in text and "@import" not in text and len(text.encode()) < 5_000_000
    return found


def part(text: str, id: str) -> str:
    """One article, as text."""
    return Page(re.search(rf'<article id="{re.escape(id)}">.*?</article>', text, re.S)[0]).text


# --- what it says -------------------------------------------------------------------------------------------------------


def test_every_bug_is_there_with_its_verdict_and_its_numbers(mixed):
    text = mixed.page()
    found = harmless(text)
    verdicts = {b.verdict for b in mixed.bugs}
    assert "fixed" in verdicts and len(verdicts) > 1
    for b in mixed.report["bugs"]:
        told = part(text, f"bug-{b['id']}")
        assert b["verdict"] in told and b["sentence"] in told
        for r in (b, b["before"], b["baseline"], b["baseline_before"]):
            assert f"{r['failures']} of {r['n']} fail · {100 * r['low']:.0f}–{100 * r['high']:.0f} %" in told
        both = b["before"]["failures"] - b["only_before"]
        neither = b["before"]["n"] - b["before"]["failures"] - b["only_after"]
        table = f"The same {b['before']['n']} stored pictures"
        assert f"failed before{both}{b['only_before']}" in told.replace(" ", "").replace("failedbefore", "failed before")
        assert f"right before{b['only_after']}{neither}" in told.replace(" ", "").replace("rightbefore", "right before")
        assert table in told and "McNemar" in told
        assert f"p = {b['p_fixed']:.2g}" in told and f"On fresh pictures alone, {b['fresh']['failures']} of 60 fail" in told
    index = text[text.index('id="index"') : text.index("<article")]
    assert [index.count(f'href="#bug-{b.number}"') for b in mixed.bugs] == [1] * len(mixed.bugs)
    assert mixed.report["target"] in found.text and mixed.report["before"] in found.text
    assert mixed.report["summary"].lower() in found.text.lower() and str(mixed.report["created"])[:10] in found.text
    assert "alpha 0.05, margin 0.1" in found.text and "60 fresh pictures of each prompt" in found.text


def test_what_is_to_be_done_comes_first(mixed):
    text = mixed.page()
    order = [next(b for b in mixed.bugs if b.number == id).verdict for id in re.findall(r'<article id="bug-([\d.]+)"', text)]
    assert order == sorted(order, key=["worse", "persists", "undecided", "fixed"].index) and len(order) == len(mixed.bugs)


def test_descriptions_of_one_cause_are_folded_up_under_their_bug(mixed):
    text = mixed.page()
    homes = [b for b in mixed.bugs if b.also]
    assert len(homes) == len(LABELS)
    for bug in homes:
        article = re.search(rf'<article id="bug-{bug.number}">.*?</article>', text, re.S)[0]
        (x,) = bug.also
        assert f'<section id="bug-{x.number}">' in article and text.count(f'id="bug-{x.number}"') == 1
        told = Page(article).text
        assert f"Also: {' '.join(x.record['phrases'])} ({x.verdict}: {x.failures} of {x.n} fail" in told
        assert x.sentence.split(" -> ")[0] in told and x.record["prompt"] in told
        assert article.count("data:image") > len(bug.record["examples"]) + len(bug.record["mended"])
    assert "whose verdict is the worst of theirs" in text


def test_pictures_are_shown_by_what_they_were_and_what_they_are(mixed):
    text = mixed.page()
    kinds = set()
    for b in mixed.report["bugs"]:
        told = part(text, f"bug-{b['id']}")
        for x in b["examples"]:
            assert Path(x["image"]).is_file() and x["fresh"] == (x["before"] is None)
            assert ("replay" in Path(x["image"]).parts) == x["fresh"]
            kinds.add("fresh" if x["fresh"] else x["before"]["status"])
        assert len(b["mended"]) == min(8, b["only_before"])
        for x in b["mended"]:
            assert x["before"]["status"] == "failure" and x["predicted"] == b["label"] != x["before"]["predicted"]
        if b["only_before"]:
            assert f"Mended · {len(b['mended'])} of {b['only_before']}" in told
        shown = len(b["examples"]) + len(b["mended"])
        assert len(re.findall(rf'alt="{re.escape(b["prompt"])}: now [^"]+"', text)) >= shown
    assert {"failure", "fresh"} <= kinds
    assert all(words in text for words in ("Still wrong", "Wrong on fresh pictures", "Mended"))


def test_what_fails_now_and_did_not_is_shown(mixed, run):
    new = mixed.report["new_failures"]["bugs"]
    assert new and all(b["p_worse"] <= 0.05 and b["only_after"] > b["only_before"] for b in new)
    text = mixed.page()
    for i, b in enumerate(new):
        told = part(text, f"new-{i}")
        assert b["sentence"] in told and f"{b['failures']} of {b['n']} fail" in told and "Wrong only now" in told
        assert f'href="#new-{i}"' in text
    broken = replay(run, target("world/broken", planted={}, base=0.4))
    rows = broken.report["new_failures"]["labels"]
    text = broken.page()
    found = harmless(text)
    for row in rows:
        assert row["rates"]["after"]["failures"] == row["after"] and row["rates"]["before"]["n"] == row["n"]
        assert f"{row['label']}" in found.text and f"{row['after']} of {row['n']}" in found.text
    worst = [row for row in rows if row["significant"]]
    assert worst
    for i, row in enumerate(worst):
        told = part(text, f"label-{i}")
        assert f"plain “{row['label']}”" in told and f"{row['only_after']} fail only now" in told
        assert f"before {row['label']}" in text and row["examples"][0]["prompt"] in told


@pytest.mark.parametrize("allow", [(), ("undecided",), ("new",), ("undecided", "new")])
def test_the_exit_code_is_told_with_what_it_means(run, mixed, allow):
    for found in (mixed, replay(run, target("world/cured", planted={}))):
        told = harmless(found.page(allow)).text
        assert f"Exit code {found.exit_code(allow)}: " in told
        hint = re.search(r"It would be 0 with ((?:--allow \w+ ?)+)\.", told)
        if hint:
            assert found.exit_code([*allow, *hint[1].replace("--allow", "").split()]) == 0 != found.exit_code(allow)
    with pytest.raises(SpecError, match="Did you mean 'new'"):
        mixed.page(["newt"])


def test_a_classifier_that_knows_the_stored_pictures_is_warned_of(mixed):
    report = copy.deepcopy(dict(mixed.report))
    assert "Was it trained on them?" not in mixed.page()
    report["bugs"][0] |= {"easier": True}
    warned = Replay(mixed.path, report).page()
    assert "the target fails less on the stored pictures than on fresh ones. Was it trained on them?" in warned
    text = Page(Replay(mixed.path, report | {"stored": False}).page()).text
    assert "The run’s own pictures do not count for the bugs (--no-stored)" in text


def test_pictures_without_an_answer_leave_no_gap(mixed):
    """Nothing to divide by, nothing to show."""
    report = copy.deepcopy(dict(mixed.report))
    none = {"failures": 0, "n": 0, "low": 0.0, "high": 1.0, "level": 0.95, "rate": None}
    report["bugs"][0] |= {"before": none, "baseline": none, "rise": {"value": None, "low": -1, "high": 1, "level": 0.9}, **none}
    report["bugs"][0] |= {
        "examples": [],
        "mended": [],
        "predicted": [],
        "only_before": 0,
        "only_after": 0,
        "verdict": "undecided",
        "own": "undecided",
    }
    report |= {"unanswered": 7}
    report["new_failures"] = {"labels": [], "bugs": [], "unknown_labels": ["pot"]}
    text = Replay(mixed.path, report).page()
    found = harmless(text)
    assert "no pictures" in part(text, f"bug-{report['bugs'][0]['id']}")
    assert "7 pictures got no answer." in found.text and "Not checked, because the target has no such label: pot." in found.text


# --- untrusted, missing, large ------------------------------------------------------------------------------------------


def spoiled(value: Any, text: str, key: str = "") -> Any:
    """Every text that comes from models or people, replaced."""
    if isinstance(value, dict):
        return {k: spoiled(v, text, k) for k, v in value.items()}
    if isinstance(value, list):
        return [spoiled(v, text, key) for v in value]
    kept = ("verdict", "own", "image", "status", "id", "also", "same_as", "key", "parent", "kind", "summary", "medium")
    return text if isinstance(value, str) and key not in kept else value


def test_hostile_names_are_shown_and_do_nothing(mixed):
    found = harmless(Replay(mixed.path, spoiled(mixed.report, HOSTILE)).page())
    assert found.text.count(HOSTILE) > 10 * len(mixed.bugs)
    assert "49" not in " ".join(x["alt"] for x in found.all("img"))
    assert any(HOSTILE in x["alt"] for x in found.all("img"))


def test_any_script_and_no_broken_characters(mixed, tmp_path):
    name = "кружка 茶杯 كوب ☕ ß"
    file = Replay(mixed.path, spoiled(mixed.report, f"{name}\x00\x1b[31m\ud800")).write(tmp_path / "страница.html")
    found = harmless(file.read_bytes().decode("utf-8"))
    assert name in found.text and not re.search("[\x00\x1b\x80-\x9f\ud800-\udfff]", found.text)
    assert '<meta charset="utf-8">' in file.read_text(encoding="utf-8")


def test_a_picture_file_that_is_gone_or_damaged_is_said_to_be(mixed, tmp_path):
    report = copy.deepcopy(dict(mixed.report))
    first, second = report["bugs"][0]["examples"][:2]
    (tmp_path / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    whole = Page(mixed.page()).all("img")
    first["image"], second["image"] = str(tmp_path / "gone.png"), str(tmp_path / "damaged.png")
    text = Replay(mixed.path, report).page()
    assert len(harmless(text).all("img")) == len(whole) - 2 and text.count("picture file missing") == 2
    assert part(text, f"bug-{report['bugs'][0]['id']}").count("picture file missing") == 2


@pytest.fixture(scope="module")
def noise(tmp_path_factory) -> Iterator[list[str]]:
    """Pictures that no codec makes small."""
    folder, rng = tmp_path_factory.mktemp("noise"), np.random.default_rng(0)
    names = []
    for i in range(40):
        names.append(str(folder / f"{i}.png"))
        Image.fromarray(rng.integers(0, 256, (256, 256, 3), dtype=np.uint8)).save(names[-1])
    return names


def many(report: Any, n: int, noise: list[str], description: str = "") -> dict[str, Any]:
    made = copy.deepcopy(dict(report))
    made |= {"bugs": [], "folded": []}
    for i in range(n):
        b = copy.deepcopy(report["bugs"][i % len(report["bugs"])]) | {"id": f"{i + 1}", "parent": None, "also": []}
        b["sentence"] = f"a mug number {i + 1}{description}"
        for j, x in enumerate((*b["examples"], *b["mended"])):
            x["image"] = noise[(i + j) % len(noise)]
        made["bugs"].append(b)
    return made


def test_a_hundred_bugs_have_a_table_and_some_pictures_each(mixed, noise):
    report = many(mixed.report, 100, noise)
    text = Replay(mixed.path, report).page()
    found = harmless(text)
    for b in report["bugs"]:
        article = re.search(rf'<article id="bug-{b["id"]}">.*?</article>', text, re.S)[0]
        assert "data:image" in article or not (b["examples"] or b["mended"])
        assert b["sentence"] in article and f"{b['failures']} of {b['n']} fail" in article
    assert len(found.all("img")) <= 2 * pages.PICTURES and "further bugs appear only in the table" not in text


@pytest.mark.parametrize(("n", "more"), [(700, ""), (1500, " with a long story" * 20)])
@pytest.mark.slow
def test_the_page_stays_small_whatever_there_is(mixed, noise, n, more):
    report = many(mixed.report, n, noise, more)
    text = Replay(mixed.path, report).page()
    found = harmless(text)
    index = text[text.index('id="index"') : text.index("<article")]
    rows = [row for row in index.split("<tr>") if "a mug number" in row]
    assert len(rows) == n and all(re.search(r"\d+ of \d+<small>", row) for row in rows)
    assert len(found.all("img")) > 20
    assert "further bugs appear only in the table at the top" in text or "to keep this page under 5 MB" in text or n == 700
    told = len(re.findall(r'<article id="bug-', text))
    assert told == n or f"{n - told} further bugs appear only in the table at the top" in text


# --- files --------------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1), min_size=2, max_size=6, unique=True))
def test_a_file_name_is_safe_and_one_classifiers_own(ids):
    names = [pages.file_name(id) for id in ids]
    assert all(re.fullmatch(r"replay-[A-Za-z0-9.-]*-[0-9a-f]{8}\.html", name) and len(name) < 90 for name in names)
    assert len({name.lower() for name in names}) == len(ids)


@pytest.mark.slow
def test_two_classifiers_have_two_pages_beside_their_answers(run):
    found = [replay(run, target(id, planted={})) for id in ("world/a", "world/A")]
    files = [f.write() for f in found]
    assert files[0] != files[1] and all(file.parent == run / "replay" for file in files)
    assert [f.report["target"] in file.read_text() for f, file in zip(found, files, strict=True)] == [True, True]
    assert found[0].write() == files[0], "the same target's page is made anew"
    # and the folder still is what it was
    assert replay(run, target("world/a", planted={})).report["summary"] == found[0].report["summary"]


def test_where_it_cannot_be_written_the_error_names_the_file(mixed, tmp_path):
    with pytest.raises(StoreError, match="cannot write '.*none/page.html'"):
        mixed.write(tmp_path / "none" / "page.html")
    with pytest.raises(StoreError, match="cannot write"):
        mixed.write(tmp_path)
    with pytest.raises(StoreError, match="cannot write"):
        mixed.write("a\0b")


def test_a_notebook_shows_it_in_a_frame_of_its_own(mixed):
    (frame,) = Page(mixed._repr_html_()).all("iframe")
    assert "sandbox" in frame and frame["srcdoc"] == mixed.page()

"""The loop itself, without models and files."""

from collections import Counter

from bugscope.core.options import Config
from bugscope.core.records import Outcome, Status, Verdict
from bugscope.method import events
from bugscope.method.plan import Plan
from bugscope.method.search import search, taken_for
from bugscope.testing import World
from support.lab import Lab
from support.words import WORDS
from support.worlds import nested, planted


def test_descriptions_go_where_failures_are_found():
    labels = tuple(f"thing {i}" for i in range(10))

    def measure(samples):
        failing = ("thing 3", "thing 7")
        wrong = [s.prompt.label in failing and s.seed % 3 == 0 or s.prompt.label == "thing 5" for s in samples]
        return [
            Outcome(s, Status.FAILURE if w else Status.SUCCESS, w, "cap" if w else s.prompt.label)
            for s, w in zip(samples, wrong, strict=True)
        ]

    world = Lab(World())
    world.measure, world.describe = measure, lambda outcomes: [""] * len(outcomes)
    plan = Plan.of(labels, Config.of({"budget": 520, "explain_budget": 0}))
    found = search(labels, plan, world, WORDS)
    tried = Counter(e.hypothesis.label for e in found.evidence)
    limit = plan.affordable
    assert limit == 4 and set(tried) == set(labels)
    # thing 5 always fails: nothing can make it worse
    assert {y for y in labels if tried[y] == limit} == {"thing 3", "thing 7"}
    assert {tried[y] for y in labels} == {limit, limit // 2}


def told(world, labels, **options):
    """What a search tells, and what it found."""
    heard = []
    lab = Lab(world)
    return search(labels, Plan.of(labels, Config.of(options)), lab, WORDS, heard.append), heard, lab


def test_every_step_is_told_in_order():
    found, heard, lab = told(planted(), ["mug", "pot"], budget=300, explain_budget=260, seed=1)
    kinds = [type(event) for event in heard]
    assert list(dict.fromkeys(kinds)) == [
        events.Explored, events.Proposed, events.Measured, events.Confirmed, events.Explained, events.Sharpened, events.Refined,
    ]  # fmt: skip
    first = {type(event): event for event in reversed(heard)}
    assert [e.hypothesis for e in found.evidence] == list(first[events.Proposed].hypotheses)
    assert [event for event in heard if isinstance(event, events.Measured)][-1].evidence == found.evidence
    bugs = first[events.Confirmed].bugs
    assert bugs and set(bugs) == {e for e in found.evidence if e.verdict is Verdict.CONFIRMED}
    rises = [e.treated.value - e.baseline.value for e in bugs]
    assert rises == sorted(rises, reverse=True), "the worst bug is explained first"
    assert [(e.bug, e.explanation) for e in heard if isinstance(e, events.Explained)] == found.explanations
    assert found.explanations[0][1].spurious.wrong == taken_for(bugs[0], lab.measure, 1, WORDS) == "bowl"
    assert len(lab.further()) <= 260 and len(lab.asked) - len(lab.further()) <= 300


def test_sharper_descriptions_belong_to_bugs():
    found, _, lab = told(nested(), ["mug"], budget=500, explain_budget=700, hypotheses=6)
    sharp = {child.hypothesis.description for _, child in found.children if child.verdict is Verdict.CONFIRMED}
    assert "red, on snow" in sharp
    assert all(bug in found.evidence and bug.verdict is Verdict.CONFIRMED for bug, _ in found.children)


def test_without_pictures_for_it_nothing_is_explained():
    found, heard, lab = told(planted(), ["mug"], budget=200, explain_budget=0)
    assert found.explanations == found.children == [] and not lab.further()
    assert isinstance(heard[-1], events.Measured)

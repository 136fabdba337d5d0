"""Exploring in rounds: what is asked of the world, and what is learnt of its answers; no model, no file."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bugscope import stats
from bugscope.core.options import Config
from bugscope.core.records import Counts, Evidence, Hypothesis, Outcome, Phrase, Sample, Status, Verdict
from bugscope.language import Wording
from bugscope.method import discover, inquiry
from bugscope.method.discover import Discovery
from bugscope.method.plan import Plan
from support.words import WORDS

POOL = tuple(Phrase(f"near {x}") for x in "ants bees cows dogs elks figs gnats hens jays kites larks moths".split())
A, B, C, D, *_ = POOL
OWN = replace(WORDS, vocabulary=lambda label: POOL, checked=True)
SNOW, RED, NIGHT = Phrase("on snow"), Phrase("red", before=True), Phrase("at night")


@dataclass
class Scripted:
    """A world whose target fails on the causes of each label, and whose captions say what `sees` makes of a prompt."""

    causes: Mapping[str, Sequence[set[Phrase]]] = field(default_factory=dict)
    sees: Callable[[str], str] = lambda text: text
    says: Mapping[str, Sequence[str]] = field(default_factory=dict)
    status: Callable[[Sample], Status | None] = lambda sample: None
    asked: list[Sample] = field(default_factory=list)
    described: list[Sample] = field(default_factory=list)
    proposed: list[tuple[str, list[str], list[str]]] = field(default_factory=list)

    def measure(self, samples: Sequence[Sample]) -> list[Outcome]:
        self.asked += samples
        return [Outcome(s, self.status(s) or self._status(s), taken_for="bowl") for s in samples]

    def _status(self, s: Sample) -> Status:
        text = f"{s.prompt.text} "
        bad = any(all(f" {p.text} " in text for p in cause) for cause in self.causes.get(s.prompt.label, ()))
        return Status.FAILURE if bad else Status.SUCCESS

    def describe(self, outcomes: Sequence[Outcome]) -> list[str]:
        self.described += [o.sample for o in outcomes]
        return [self.sees(o.sample.prompt.text) for o in outcomes]

    def propose(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> Sequence[str]:
        self.proposed.append((label, list(failures), list(successes)))
        return self.says.get(label, ())

    def vary(self, label, phrases):
        raise AssertionError("exploring varies nothing")


def begun(world: Scripted, labels: Sequence[str] = ("mug",), wording: Wording = OWN, **options) -> Discovery:
    """A discovery that has seen the plain pictures."""
    plan = Plan.of(labels, Config.of({"budget": 2000, **options}))
    plain = discover.explore(labels, plan.explore, seed=plan.test.seed, measure=world.measure, wording=wording)
    return Discovery(labels, plain, plan, world, wording)


def rounds(of: Discovery, n: int, budget: int = 100) -> list[Hypothesis]:
    """Some rounds without a test of what they find."""
    found = []
    for _ in range(n):
        of.draw(budget)
        found += of.ripe()
    return found


def judged(h: Hypothesis, k: int, n: int, verdict: Verdict, base: tuple[int, int] = (0, 12)) -> Evidence:
    return Evidence(h, stats.uniform(k, n), stats.uniform(*base), 1.0, verdict, n, base[1])


def stated(samples: Sequence[Sample], label: str = "mug") -> list[set[str]]:
    """The conditions of each designed picture of a label."""
    return [set(s.prompt.description.split(", ")) for s in samples if s.purpose == "design" and s.prompt.label == label]


# --- plain pictures -------------------------------------------------------------------------------------------------------


def test_exploring_draws_neutral_pictures_of_every_label():
    asked: list[Sample] = []
    discover.explore(["mug", "apple"], 3, seed=5, measure=lambda samples: asked.extend(samples) or [], wording=WORDS)
    assert [(s.prompt.text, s.replicate) for s in asked[2:4]] == [("a photo of a mug", 2), ("a photo of an apple", 0)]
    assert {s.purpose for s in asked} == {"explore"} and {s.run_seed for s in asked} == {5}
    assert len({s.seed for s in asked}) == 6


def test_pictures_are_counted_by_label():
    world = Scripted({"pot": [set()]}, status=lambda s: Status.UNFAITHFUL if s.replicate == 0 else None)
    plain = discover.explore(["mug", "pot"], 4, seed=0, measure=world.measure, wording=WORDS)
    assert discover.counts(plain) == {"mug": Counts(0, 3), "pot": Counts(3, 0)}
    assert discover.counts([]) == {}


def test_a_label_whose_plain_pictures_nearly_always_fail_is_not_explored():
    world = Scripted({"mug": [set()], "pot": [{A}]})
    of = begun(world, ["mug", "pot"])
    rounds(of, 5)
    designed = Counter(s.prompt.label for s in world.asked if s.purpose == "design")
    assert set(designed) == {"pot"} == set(of.inquiries)
    # there is no room for a rise by the margin
    half = Scripted(status=lambda s: Status.FAILURE if s.replicate % 2 else Status.SUCCESS)
    assert set(begun(half, margin=0.3).inquiries) == {"mug"} and set(begun(half, margin=0.6).inquiries) == set()


def test_a_label_without_any_picture_that_counts_is_explored_all_the_same():
    """Nothing is known of it, least of all that it fails."""
    world = Scripted(status=lambda s: Status.UNFAITHFUL if s.purpose == "explore" else None)
    assert set(begun(world, ["mug"]).inquiries) == {"mug"}


# --- rounds ---------------------------------------------------------------------------------------------------------------


def test_each_round_is_one_question_of_at_most_the_budget():
    world = Scripted()
    of = begun(world, ["mug", "pot", "cat"])
    for budget in (100, 9, 8, 5, 1, 0, -7):
        before = len(world.asked)
        drawn = of.draw(budget)
        assert drawn == len(world.asked) - before == max(0, min(budget, 3 * inquiry.BATCH))
    assert {s.purpose for s in world.asked[30:]} == {"design"}


def test_labels_with_few_bugs_get_more_pictures():
    labels = ["mug", "pot", "cat"]
    world = Scripted()
    of = begun(world, labels)
    bugs = [*(Hypothesis("mug", (p,)) for p in (A, B, C)), Hypothesis("pot", (A,))]
    of.heed([judged(h, 9, 9, Verdict.CONFIRMED) for h in bugs])
    drawn = []
    for _ in range(12):
        before = len(world.asked)
        assert of.draw(100) > 0
        drawn.append(list(dict.fromkeys(s.prompt.label for s in world.asked[before:])))
    assert [sum(label in these for these in drawn) for label in labels] == [3, 6, 12]
    # they come first, for a round that cannot pay for all
    assert max(drawn, key=len) == ["cat", "pot", "mug"]


def test_what_fails_is_found_and_what_is_being_tested_is_not_drawn_again():
    world = Scripted({"mug": [{A}, {B, C}], "pot": [{D}]})
    of = begun(world, ["mug", "pot"])
    found = rounds(of, 40)
    assert {(h.label, h.phrases) for h in found} == {("mug", (A,)), ("mug", (B, C)), ("pot", (D,))}
    assert {h.source for h in found} == {"design"}
    by_key = {s.key: s for s in world.asked}
    for h in found:
        assert h.suggested_by and all({p.text for p in h.phrases} <= stated([by_key[k]], h.label)[0] for k in h.suggested_by)
    # afterwards hardly any picture fails: what explains a failure is not stated again
    last = [s for s in world.asked if s.purpose == "design"][-40:]
    assert {o.status for o in world.measure(last)} == {Status.SUCCESS}


def test_only_the_prompts_own_seed_and_purpose_tell_designed_pictures_from_others():
    """Exploring, designing and confirming never share a picture, even of one prompt."""
    world = Scripted({"mug": [{A}]})
    of = begun(world, seed=3)
    rounds(of, 12)
    designed = [s for s in world.asked if s.purpose == "design"]
    assert {s.run_seed for s in world.asked} == {3}
    twins = [Sample(s.prompt, purpose, i, 3) for s in designed for purpose in ("confirm", "explore") for i in range(8)]
    assert not {s.key for s in designed} & {s.key for s in twins} and not {s.seed for s in designed} & {s.seed for s in twins}
    assert len({s.key for s in world.asked}) == len(world.asked), "no picture is asked for twice"


def transcript(labels=("mug", "pot"), seed=1) -> list[str]:
    """Everything that is asked of a world without a vocabulary."""
    world = Scripted({"mug": [{SNOW}], "pot": [{RED, NIGHT}]}, says={"pot": ["a red pot at night"]})
    of = begun(world, labels, WORDS, seed=seed)
    rounds(of, 15)
    return [s.key for s in world.asked]


@pytest.mark.slow
def test_the_same_answers_lead_to_the_same_questions():
    assert transcript() == transcript()
    assert transcript(seed=2) != transcript()


@pytest.mark.slow
def test_questions_do_not_depend_on_how_python_orders_its_sets():
    tests = Path(__file__).parent.parent
    code = "import runpy; print(*runpy.run_path('method/test_discover.py')['transcript']())"
    env = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join([str(tests), *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], cwd=tests, env=env, capture_output=True, text=True, check=True)
    # this process has a hash seed of its own
    assert done.stdout.split() == transcript()


# --- what tests teach -----------------------------------------------------------------------------------------------------


def test_a_description_that_was_refuted_explains_nothing_and_is_not_proposed_again():
    world = Scripted({"mug": [{A}]})
    of = begun(world)
    first = rounds(of, 20)
    (h,) = first
    # its own pictures say otherwise: the failures so far were something else
    of.heed([judged(h, 0, 20, Verdict.FUTILE)])
    assert frozenset({A}) not in of.inquiries["mug"].suspects.known
    more = rounds(of, 10)
    assert all(set(g.phrases) != {A} for g in more)


def test_the_pictures_of_a_test_are_learnt_once():
    of = begun(Scripted({"mug": [{A}]}))
    (h,) = rounds(of, 20)
    suspects = of.inquiries["mug"].suspects

    def shown() -> Counter:
        """Pictures that state A and nothing else, as the suspects count them when A explains nothing."""
        return Counter(failed for cause, failed in learnt if cause == frozenset({A}))

    learnt = []
    add = suspects.add
    suspects.add = lambda phrases, failed, n: (learnt.append((frozenset(phrases), failed)), add(phrases, failed, n))
    of.heed([judged(h, 3, 4, Verdict.UNDECIDED)])
    assert shown() == {True: 3, False: 1}
    of.heed([judged(h, 3, 4, Verdict.UNDECIDED)])
    assert shown() == {True: 3, False: 1}
    of.heed([judged(h, 6, 8, Verdict.UNDECIDED)])
    assert shown() == {True: 6, False: 2}


def test_what_is_still_likely_to_be_a_bug_explains_failures_meanwhile():
    of = begun(Scripted({"mug": [{A}]}))
    (h,) = rounds(of, 20)
    known, one = of.inquiries["mug"].suspects.known, frozenset({A})
    assert one in known, "from the moment it is proposed"
    of.heed([judged(h, 2, 4, Verdict.UNDECIDED)])
    assert one in known, "while it is new"
    of.heed([judged(h, 8, 12, Verdict.UNDECIDED)])
    assert one in known, "while it fails often"
    of.heed([judged(h, 8, 60, Verdict.UNDECIDED)])
    assert one not in known
    of.heed([judged(h, 30, 60, Verdict.CONFIRMED)])
    assert one in known


def test_a_bug_of_one_label_is_looked_for_in_the_others():
    labels = ["mug", "pot", "cat", "fly"]
    world = Scripted()
    of = begun(world, labels)
    bug = judged(Hypothesis("mug", (A,)), 9, 9, Verdict.CONFIRMED)
    of.inquiries["mug"].tested.add(frozenset({A}))
    of.heed([bug])
    of.draw(100)
    assert all("near ants" in stated(world.asked, label)[0] for label in labels[1:]), "each of the others states it at once"
    assert not any("near ants" in s for s in stated(world.asked, "mug")), "where it is known it is left out"


# --- captions -------------------------------------------------------------------------------------------------------------


def test_with_a_vocabulary_only_plain_pictures_and_failures_are_captioned():
    world = Scripted({"mug": [{A}]})
    of = begun(world)
    rounds(of, 6)
    described = {s.key for s in world.described}
    plain = {s.key for s in world.asked if s.purpose == "explore"}
    failed = {o.sample.key for o in world.measure(world.asked[:]) if o.status is Status.FAILURE}
    assert failed and described == plain | failed
    assert len(described) == len(world.described), "each once"


def test_without_a_vocabulary_every_picture_that_counts_is_captioned():
    world = Scripted(status=lambda s: Status.REFUSED if s.seed % 3 == 0 else None)
    rounds(begun(world, wording=WORDS), 4)
    assert {s.key for s in world.described} == {s.key for s in world.asked if s.seed % 3}


def test_what_captions_state_is_tried_with_every_label():
    """The prompt never said so, the caption did."""
    seen = "with a long shadow"
    world = Scripted(sees=lambda text: f"{text} {seen}" if text == "a photo of a mug" else text)
    of = begun(world, ["mug", "pot"], WORDS)
    assert all(Phrase(seen) in i.suspects.pool for i in of.inquiries.values())
    # so are those that may replace it
    world = Scripted(sees=lambda text: f"{text} next to a llama" if text == "a photo of a mug" else text)
    of = begun(world, ["mug", "pot"], WORDS)
    beside = {p.text for p in of.inquiries["pot"].suspects.pool if p.text.startswith("next to")}
    assert "next to a llama" in beside and len(beside) > 1


def test_a_caption_of_another_object_keeps_its_context():
    """The target is wrong about such a picture, and so is the captioner; what is around the object is what counts."""
    words = replace(WORDS, nouns=frozenset({"bee"}))
    world = Scripted(
        {"fly": [{SNOW}]}, sees=lambda text: "a photo of a bee on a flower" if "snow" in text else text.replace("fly", "bee")
    )
    of = begun(world, ["fly"], words)
    rounds(of, 25)
    conditions = [p.text for p in of.inquiries["fly"].suspects.pool]
    assert "on a flower" in conditions
    assert not any("bee" in text or "photo of" in text for text in conditions)


def test_what_only_captions_show_is_found():
    """A condition that no prompt may state by name at first: the generator shows it by itself, and it is to blame."""
    shade = "in deep shadow"

    def dark(s: Sample) -> bool:
        return shade in s.prompt.text or s.seed % 3 == 0

    world = Scripted(status=lambda s: Status.FAILURE if dark(s) else Status.SUCCESS)
    world.describe = lambda outcomes: [f"a photo of a mug {shade}" if dark(o.sample) else "a photo of a mug" for o in outcomes]
    found = rounds(begun(world, wording=WORDS), 12)
    assert found[0].phrases == (Phrase(shade),) and found[0].suggested_by


def test_captions_that_say_nothing_do_no_harm():
    for text in ("", "nothing to say", "a photo of a mug"):
        world = Scripted({"mug": [{SNOW}]}, sees=lambda _, text=text: text)
        found = rounds(begun(world, wording=WORDS), 40)
        assert [h.phrases for h in found] == [(SNOW,)]


def test_unfaithful_and_refused_pictures_suggest_nothing():
    for status in (Status.UNFAITHFUL, Status.REFUSED, Status.ERROR):
        world = Scripted(sees=lambda text: f"{text} with a long shadow", status=lambda s, status=status: status)
        of = begun(world, wording=WORDS)
        assert rounds(of, 5) == [] and world.described == [] and world.proposed == []
        assert Phrase("with a long shadow") not in of.inquiries["mug"].suspects.pool


def test_what_the_generator_cannot_show_or_read_is_never_drawn():
    shown = replace(WORDS, admissible=lambda label, p: p in (SNOW, NIGHT), sayable=lambda prompt: "night" not in prompt.text)
    world = Scripted({"mug": [{SNOW}]})
    found = rounds(begun(world, wording=shown), 6)
    assert [h.phrases for h in found] == [(SNOW,)]
    assert {s.prompt.text for s in world.asked} == {"a photo of a mug", "a photo of a mug on snow"}
    nothing = Scripted()
    of = begun(nothing, wording=replace(WORDS, admissible=lambda label, p: False))
    assert of.draw(100) == 0 and of.ripe() == []


# --- a describer ----------------------------------------------------------------------------------------------------------


def test_a_describer_reads_captions_of_labels_that_fail_and_its_words_are_tried():
    world = Scripted({"mug": [{A}]}, says={"mug": ["a red mug in a storm", "unsayable", "mug", ""]})
    wording = replace(OWN, sayable=lambda prompt: "unsayable" not in prompt.text)
    of = begun(world, ["mug", "pot"], wording)
    assert world.proposed == [], "nothing has failed yet"
    rounds(of, 3)
    assert {label for label, *_ in world.proposed} == {"mug"}
    label, failures, successes = world.proposed[-1]
    assert all("near ants" in text for text in failures) and not any("near ants" in text for text in successes)
    assert "a photo of a mug" in successes
    for i in of.inquiries.values():
        assert {RED, Phrase("in a storm")} <= set(i.suspects.pool)
        assert not any("unsayable" in p.text for p in i.suspects.pool)
    rounds(of, 3)
    assert any({"red", "in a storm"} <= s for s in stated(world.asked))


@pytest.mark.parametrize("captions", ["", "a photo of a mug"])
def test_where_a_picture_has_no_caption_its_prompt_speaks_for_it(captions):
    world = Scripted({"mug": [{A}]}, sees=lambda _: captions)
    rounds(begun(world), 4)
    _, failures, _ = world.proposed[-1]
    assert failures and all((text == captions) if captions else ("near ants" in text) for text in failures)

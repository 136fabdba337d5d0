"""Which hypotheses survive fresh pictures. `measure` is a function that tosses coins: the method knows no model, no file."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bugscope import stats
from bugscope.core.records import Counts, Evidence, Hypothesis, Outcome, Phrase, Prompt, Sample, Status, Verdict
from bugscope.method import confirm, events
from bugscope.stats import JudgeError
from support.words import WORDS

Answer = Callable[[Sequence[Sample]], list[Outcome]]


def coins(rates: Mapping[str, float], base: float = 0.05, asked: list[Sample] | None = None) -> Answer:
    """Fails at the rate of the description; the same sample always has the same answer."""

    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        if asked is not None:
            asked.extend(samples)
        chance = [int(s.key[10:22], 16) / 16**12 for s in samples]
        wrong = [c < rates.get(s.prompt.description, base) for s, c in zip(samples, chance, strict=True)]
        return [Outcome(s, Status.FAILURE if w else Status.SUCCESS) for s, w in zip(samples, wrong, strict=True)]

    return measure


def about(*descriptions: str, label: str = "mug") -> list[Hypothesis]:
    return [Hypothesis(label, (Phrase(d),)) for d in descriptions]


def tried(hypotheses: Sequence[Hypothesis], measure: Answer, **options) -> list[Evidence]:
    test = confirm.Test(**{name: options.pop(name) for name in ("look", "seed", "judge") if name in options})
    return confirm.confirm(hypotheses, measure=measure, wording=WORDS, test=test, **{"budget": 400, **options})


def verdicts(evidence: Sequence[Evidence]) -> dict[str, Verdict]:
    return {e.hypothesis.description: e.verdict for e in evidence}


def test_a_coin_is_enough_to_confirm_with():
    found = verdicts(tried(about("on snow", "on sand"), coins({"on snow": 0.9})))
    assert found == {"on snow": Verdict.CONFIRMED, "on sand": Verdict.FUTILE}


def test_strong_bugs_of_six_labels_are_found_within_400_pictures():
    """Seven descriptions a label, two of them bugs at 95 % against 5 %: what a default hunt leaves to confirmation."""
    rates = {"a": 0.95, "b": 0.95}
    hypotheses = [h for label in ("mug", "pot", "fly", "cat", "dog", "bus") for h in about(*"cadefbg", label=label)]
    found = Counter()
    for seed in range(5):
        evidence = tried(hypotheses, coins(rates), budget=408, seed=seed)
        found += Counter(e.hypothesis.description for e in evidence if e.verdict is Verdict.CONFIRMED)
        strong = [e.drawn for e in evidence if e.hypothesis.description in rates]
        assert sum(strong) / len(strong) < 14
    assert set(found) <= set(rates)
    assert sum(found.values()) >= 0.9 * 5 * 12


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 300), st.integers(1, 9), st.integers(0, 12), st.integers(0, 1000))
def test_the_budget_is_never_exceeded_and_every_hypothesis_has_evidence(budget, look, count, seed):
    asked: list[Sample] = []
    hypotheses = about(*map(str, range(count)))
    evidence = tried(hypotheses, coins({"0": 0.9, "1": 0.5}, asked=asked), budget=budget, look=look, seed=seed)
    assert len(asked) <= budget
    assert len(asked) == len({s.key for s in asked}), "no picture is asked for twice"
    assert [e.hypothesis for e in evidence] == hypotheses
    drawn = Counter(s.prompt.description for s in asked)
    for e in evidence:
        assert e.drawn == drawn[e.hypothesis.description] >= e.treated.n
        assert e.baseline_drawn == drawn[""] >= e.baseline.n


def test_the_pictures_behind_a_rate_are_the_first_replicates_of_purpose_confirm():
    asked: list[Sample] = []
    evidence = tried(about("on snow", "on sand"), coins({"on snow": 0.9}, asked=asked), seed=3)
    assert {s.purpose for s in asked} == {"confirm"} and {s.run_seed for s in asked} == {3}
    for e in evidence:
        prompt = WORDS.prompt("mug", e.hypothesis.phrases)
        assert sorted(s.replicate for s in asked if s.prompt == prompt) == list(range(e.drawn))
        again = coins({"on snow": 0.9})([Sample(prompt, "confirm", i, 3) for i in range(e.drawn)])
        assert e.treated.k == sum(o.status is Status.FAILURE for o in again)
    neutral = [s.replicate for s in asked if s.prompt == WORDS.neutral("mug")]
    assert sorted(neutral) == list(range(evidence[0].baseline_drawn))


def test_what_was_never_started_is_undecided():
    evidence = tried(about("on snow", "on sand"), coins({}), budget=5)
    assert [(e.drawn, e.treated.n, e.e_value, e.verdict) for e in evidence] == [(0, 0, 1.0, Verdict.UNDECIDED)] * 2
    assert (evidence[0].treated.low, evidence[0].treated.high) == (0, 1)
    assert tried([], coins({})) == []


def test_the_same_answers_give_the_same_evidence_and_order_does_not_matter_to_a_verdict():
    hypotheses = about("on snow", "on sand", "at night", "in fog")
    measure = coins({"on snow": 0.9, "in fog": 0.9})
    there, back = tried(hypotheses, measure), tried(hypotheses[::-1], measure)
    assert there == tried(hypotheses, measure)
    assert verdicts(there) == verdicts(back)


@pytest.mark.slow
def test_a_rise_within_the_margin_is_no_bug():
    for seed in range(10):
        assert tried(about("on snow"), coins({"on snow": 0.13}), budget=300, seed=seed)[0].verdict is not Verdict.CONFIRMED


def test_hopeless_descriptions_cost_few_pictures():
    evidence = tried(about(*(f"harmless {i}" for i in range(10))), coins({}), budget=2000)
    assert set(verdicts(evidence).values()) == {Verdict.FUTILE}
    assert sum(e.drawn for e in evidence) / 10 < 80


def test_confirmed_bugs_get_pictures_for_a_tighter_interval():
    evidence = tried(about("on snow", "on sand"), coins({"on snow": 1.0}), budget=1000)[0]
    assert evidence.verdict is Verdict.CONFIRMED
    assert evidence.treated.n >= confirm.ENOUGH
    assert evidence.treated.low > 0.75 and evidence.treated.high == 1
    assert evidence.baseline.high - evidence.baseline.low > 0


def test_part_of_a_tight_budget_is_kept_for_the_confirmed():
    rates = {"on snow": 1.0}
    hypotheses = about("on snow", *(f"doubtful {i}" for i in range(10)))
    evidence = tried(hypotheses, coins({**rates, **{f"doubtful {i}": 0.25 for i in range(10)}}), budget=240)
    assert evidence[0].verdict is Verdict.CONFIRMED
    assert evidence[0].treated.n >= 12


def test_what_is_confirmed_stays_confirmed_while_its_rate_goes_on():
    """A description that fails on its first pictures and never again: the look that confirmed it was a stopping time."""

    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        bad = [s.prompt.description == "lucky" and s.replicate < 8 for s in samples]
        return [Outcome(s, Status.FAILURE if b else Status.SUCCESS) for s, b in zip(samples, bad, strict=True)]

    rounds: list[Evidence] = []
    (final,) = tried(about("lucky"), measure, budget=1000, look=4, on_round=lambda e: rounds.append(e[0]))
    first = next(e for e in rounds if e.verdict is Verdict.CONFIRMED)
    assert first.treated.n < final.treated.n and first.treated.value > final.treated.value
    assert final.verdict is Verdict.CONFIRMED and final.e_value == first.e_value >= 1 / 0.05


@pytest.mark.parametrize("status", [Status.UNFAITHFUL, Status.REFUSED, Status.ERROR])
def test_prompts_whose_pictures_do_not_count_are_given_up(status):
    asked: list[Sample] = []

    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        asked.extend(samples)
        return [Outcome(s, status if s.prompt.description == "odd" else Status.SUCCESS) for s in samples]

    evidence = tried(about("odd", "plain"), measure, budget=10_000)
    assert verdicts(evidence) == {"odd": Verdict.UNFAITHFUL, "plain": Verdict.FUTILE}
    assert evidence[0].treated.n == 0 and 8 <= evidence[0].drawn <= 12
    assert len(asked) < 200


def test_a_label_without_faithful_neutral_pictures_is_given_up():
    asked: list[Sample] = []

    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        asked.extend(samples)
        return [Outcome(s, Status.FAILURE if s.prompt.description else Status.UNFAITHFUL) for s in samples]

    assert set(verdicts(tried(about("on snow", "on sand"), measure, budget=10_000)).values()) == {Verdict.UNFAITHFUL}
    assert len(asked) < 100


def test_a_few_unfaithful_pictures_only_lower_the_counts():
    sure = coins({"on snow": 1.0})

    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        outcomes = zip(samples, sure(samples), strict=True)
        return [Outcome(s, Status.UNFAITHFUL) if s.replicate % 4 == 0 else o for s, o in outcomes]

    evidence = tried(about("on snow"), measure)[0]
    assert evidence.verdict is Verdict.CONFIRMED
    assert evidence.treated.n < evidence.drawn


def test_two_descriptions_that_come_to_the_same_prompt_share_their_pictures():
    asked: list[Sample] = []
    twins = [Hypothesis("mug", (Phrase("on snow"), Phrase("at night"))), Hypothesis("mug", (Phrase("on snow at night"),))]
    evidence = tried(twins, coins({"on snow, at night": 0.9, "on snow at night": 0.9}, asked=asked))
    assert len(asked) == len({s.key for s in asked})
    assert evidence[0].treated == evidence[1].treated


def test_each_round_is_one_question():
    sizes: list[int] = []
    measure = coins({"0": 0.9})
    tried(about(*map(str, range(20))), lambda samples: sizes.append(len(samples)) or measure(samples), budget=400)
    assert sizes[0] == confirm.BASELINE_LEAST + 20 * 4, "the label's baseline and a look at each description"
    assert min(sizes[1:6]) >= 4


def test_labels_do_not_share_a_baseline():
    """ "pot" fails half the time whatever is said; its descriptions are no bugs."""

    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        rates = {"pot": 0.9, "mug": 0.05}
        chance = [int(s.key[10:22], 16) / 16**12 for s in samples]
        return [
            Outcome(s, Status.FAILURE if c < rates[s.prompt.label] else Status.SUCCESS)
            for s, c in zip(samples, chance, strict=True)
        ]

    evidence = tried([*about("on snow", label="pot"), *about("on snow", label="mug")], measure)
    assert {e.verdict for e in evidence} <= {Verdict.FUTILE, Verdict.UNDECIDED}
    assert evidence[0].baseline.value > 0.6 > 0.3 > evidence[1].baseline.value


def test_what_exploration_saw_of_the_neutral_prompt_counts_for_the_baseline_and_saves_pictures():
    measure = coins({"on snow": 0.7})
    without = tried(about("on snow"), measure)[0]
    with_it = tried(about("on snow"), measure, explored={"mug": Counts(1, 23), "pot": Counts(9, 15)})[0]
    assert with_it.verdict is without.verdict is Verdict.CONFIRMED
    assert with_it.baseline.n == with_it.baseline_drawn + 24
    assert with_it.baseline_drawn < without.baseline_drawn
    assert tried(about("on snow"), measure, explored={"mug": Counts(20, 4)}, budget=60)[0].verdict is not Verdict.CONFIRMED


def test_the_number_tried_that_was_fixed_beforehand_is_what_counts():
    """The same pictures, but out of a million million descriptions: no longer enough."""
    few, many = (tried(about("on snow"), coins({"on snow": 0.9}), budget=60, tried=n)[0] for n in (0, 10**12))
    assert few.verdict is Verdict.CONFIRMED and many.verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("look", [1, 2, 4, 8])
def test_clear_verdicts_do_not_depend_on_how_often_one_looks(look):
    rates = {"on snow": 0.95, "at night": 0.9}
    found = verdicts(tried(about("on snow", "on sand", "at night", "in fog"), coins(rates, base=0.03), look=look))
    assert {d for d, v in found.items() if v is Verdict.CONFIRMED} == set(rates)


def unsure(rates: Mapping[str, float], shows: Mapping[str, float], misses: float) -> Answer:
    """Pictures that show the label at the rate of their description; those that do not always fail, and the judge accepts
    them at the rate `misses`."""
    coin = coins(rates)

    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        found = []
        for o in coin(samples):
            u, v = (int(o.sample.key[i : i + 8], 16) / 16**8 for i in (24, 34))
            shown = u < shows.get(o.sample.prompt.description, 1.0)
            wrong = o.status is Status.FAILURE or not shown
            status = Status.UNFAITHFUL if not shown and v >= misses else Status.FAILURE if wrong else Status.SUCCESS
            found.append(Outcome(o.sample, status, wrong))
        return found

    return measure


@pytest.mark.slow
def test_a_judge_that_errs_makes_a_bug_of_the_generators_failure_unless_its_error_is_known():
    measure = unsure({}, shows={"in a bottle": 0.4}, misses=0.5)
    naive = tried(about("in a bottle"), measure)[0]
    honest = tried(about("in a bottle"), measure, judge=JudgeError((99, 100), (50, 100)))[0]
    assert naive.verdict is Verdict.CONFIRMED and naive.corrected is None
    assert honest.verdict is not Verdict.CONFIRMED
    assert honest.corrected is not None and honest.corrected[0].low < 0.2 < honest.treated.value


def test_a_real_bug_is_confirmed_with_a_judge_that_errs():
    measure = unsure({"on snow": 0.95}, shows={"on snow": 0.9, "": 0.95}, misses=0.1)
    found = tried(about("on snow", "on sand"), measure, judge=JudgeError((97, 100), (45, 50)))
    assert [e.verdict is Verdict.CONFIRMED for e in found] == [True, False]
    assert found[0].corrected is not None and found[0].corrected[0].low > found[0].corrected[1].value + 0.1


@pytest.mark.slow
def test_null_classifiers_have_no_bugs():
    """Forty runs of 12 descriptions that change nothing, with every look allowed to be the last."""
    looks: set[tuple[int, bool]] = set()
    for seed in range(40):

        def look(evidence: list[Evidence], seed: int = seed) -> None:
            looks.add((seed, any(e.verdict is Verdict.CONFIRMED for e in evidence)))

        tried(about(*map(str, range(12))), coins({}, base=0.3), budget=300, seed=seed, on_round=look)
    wrong = sum(found for _, found in looks)
    assert wrong <= 4


def test_the_papers_procedure():
    asked: list[Sample] = []
    hypotheses = about("on snow", "on sand")
    options = {"measure": coins({"on snow": 0.8}, asked=asked), "wording": WORDS, "test": confirm.Test(), "n": 20}
    evidence = confirm.fixed_n(hypotheses, **options)
    assert verdicts(evidence) == {"on snow": Verdict.CONFIRMED, "on sand": Verdict.FUTILE}
    assert len(asked) == 60
    assert [e.drawn for e in evidence] == [20, 20]
    assert evidence[0].treated == stats.clopper_pearson(evidence[0].treated.k, 20)
    assert confirm.fixed_n([], **options) == []


# --- a family that grows ----------------------------------------------------------------------------------------------------


def growing(measure: Answer, budget: int = 400, **options) -> confirm.Confirmation:
    test = confirm.Test(**{name: options.pop(name) for name in ("look", "seed", "judge") if name in options})
    return confirm.Confirmation(measure=measure, wording=WORDS, test=test, budget=budget, **options)


def settled(tests: confirm.Confirmation) -> list[Evidence]:
    while tests.round() or tests.widen():
        pass
    return tests.evidence


def test_hypotheses_may_be_added_at_any_time():
    asked: list[Sample] = []
    tests = growing(coins({"on snow": 0.95, "at night": 0.9}, asked=asked))
    assert tests.evidence == [] and not tests.round() and not tests.widen() and not asked, "nothing to test"
    first, later = about("on snow", "on sand"), about("at night", "in fog")
    tests.add(first)
    assert [e.drawn for e in tests.evidence] == [4, 4], "one look at each"
    while tests.round():
        pass
    tests.add(later)
    assert [e.hypothesis for e in tests.evidence] == [*first, *later]
    evidence = settled(tests)
    assert [e.hypothesis for e in evidence] == [*first, *later]
    assert [e.verdict is Verdict.CONFIRMED for e in evidence] == [True, False, True, False]
    assert len(asked) == len({s.key for s in asked}) <= 400
    # one baseline serves them all, and is not drawn again for those that come later
    neutral = [s.replicate for s in asked if not s.prompt.description]
    assert sorted(neutral) == list(range(evidence[0].baseline_drawn)) and len({e.baseline for e in evidence}) == 1


@settings(max_examples=25)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(20, 200), st.integers(0, 99))
def test_however_hypotheses_come_the_budget_is_kept_and_no_picture_drawn_twice(groups, budget, seed):
    asked: list[Sample] = []
    tests = growing(coins({"0": 0.9, "3": 0.5}, asked=asked), budget, seed=seed)
    names = iter(map(str, range(20)))
    for size in groups:
        tests.add(about(*(next(names) for _ in range(size))))
        tests.round(promising=True)
    evidence = settled(tests)
    assert len(evidence) == sum(groups) and len(asked) == len({s.key for s in asked}) <= budget
    drawn = Counter(s.prompt.description for s in asked)
    assert all(e.drawn == drawn[e.hypothesis.description] for e in evidence)


def fails(k: int) -> Answer:
    """The first `k` pictures of every description fail, and no plain one."""

    def measure(samples: Sequence[Sample]) -> list[Outcome]:
        bad = [bool(s.prompt.description) and s.replicate < k for s in samples]
        return [Outcome(s, Status.FAILURE if b else Status.SUCCESS) for s, b in zip(samples, bad, strict=True)]

    return measure


def test_who_comes_later_needs_more_evidence_and_the_first_less():
    """Weights 1/j, scaled to a mean of 1, within each label."""
    slots, tried = 8, 16
    weights = stats.harmonic(slots)
    names = [str(i) for i in range(slots)]
    looks: dict[tuple[str, str], tuple[float, float]] = {}
    for label in ("mug", "pot"):
        for place, name in enumerate(names):
            tests = growing(fails(99), slots=slots, tried=tried, look=1)
            tests.add(about(*names[:place], label=label), 1)
            tests.add(about("other", label="cat"), 1)  # does not count for this label
            tests.add(about(name, label=label), 1)
            before = 1.0
            while tests.evidence[-1].verdict is not Verdict.CONFIRMED:
                before = tests.evidence[-1].e_value
                only = tests.trials[-1]
                assert tests.streams.draw([(only.treated, 1)])
                tests.add([])
            others = sum(e.verdict is Verdict.CONFIRMED for e in tests.evidence) - 1
            assert others == 0, "they have one picture each"
            looks[label, name] = before, tests.evidence[-1].e_value
    for (_, name), (before, enough) in looks.items():
        bar = tried / 0.05 / weights[int(name)]
        assert before < bar <= enough
    assert looks["mug", "0"] == looks["pot", "0"] != looks["mug", "7"]


def test_without_slots_all_hypotheses_need_the_same():
    e = {}
    for place in (0, 5):
        tests = growing(fails(99), tried=8)
        tests.add(about(*(f"other {i}" for i in range(place))), 1)
        tests.add(about("on snow"), 6)
        e[place] = [(x.e_value, x.verdict) for x in tests.evidence if x.hypothesis.description == "on snow"]
    assert e[0] == e[5]


def test_the_weights_never_add_up_to_more_than_what_e_bh_divides_by():
    """So that the level holds: also where several labels use all their slots."""
    tests = growing(coins({}), slots=5, tried=10)
    for label in ("mug", "pot"):
        tests.add(about(*map(str, range(5)), label=label))
    assert sum(t.weight for t in tests.trials) == pytest.approx(10)
    assert [t.weight for t in tests.trials[:5]] == [t.weight for t in tests.trials[5:]] == stats.harmonic(5)


def test_promising_rounds_draw_only_what_fails_often_so_far():
    tests = growing(coins({"on snow": 1.0, "weak": 0.3}, base=0.05), budget=2000)
    tests.add(about("on snow", "weak", "on sand"))
    while tests.round(promising=True):
        pass
    snow, weak, sand = tests.evidence
    assert snow.verdict is Verdict.CONFIRMED
    assert not any(e.verdict is Verdict.UNDECIDED and confirm.explains(e, tests.test) for e in tests.evidence)
    before = sum(e.drawn for e in tests.evidence)
    while tests.round():
        pass
    assert sum(e.drawn for e in tests.evidence) > before, "the others wait until exploration is over"
    assert {e.verdict for e in (weak, sand)} != {Verdict.CONFIRMED}


@pytest.mark.parametrize(
    ("treated", "drawn", "verdict", "explained"),
    [
        ((0, 4), 4, Verdict.UNDECIDED, True),  # new
        ((0, 8), 8, Verdict.UNDECIDED, False),
        ((6, 12), 12, Verdict.UNDECIDED, True),
        ((3, 12), 12, Verdict.UNDECIDED, False),
        ((3, 12), 12, Verdict.CONFIRMED, True),
        ((12, 12), 12, Verdict.FUTILE, False),
        ((0, 0), 8, Verdict.UNFAITHFUL, False),
    ],
)
def test_what_may_be_taken_for_a_cause_while_it_is_tested(treated, drawn, verdict, explained):
    (h,) = about("on snow")
    e = Evidence(h, stats.uniform(*treated), stats.uniform(1, 12), 1.0, verdict, drawn, 12)
    assert confirm.explains(e, confirm.Test()) is explained


def test_exploration_gets_what_bugs_in_sight_do_not_need():
    tests = growing(coins({"on snow": 0.95}), budget=400)
    reserve = 400 // confirm.SET_ASIDE
    assert tests.free == 400 - reserve - confirm.LEAST_COST, "one bug can always be confirmed"
    tests.spend(100)
    assert tests.free == 300 - reserve - confirm.LEAST_COST
    before = tests.free
    tests.add(about("on snow"))
    used = sum(e.drawn for e in tests.evidence) + tests.evidence[0].baseline_drawn
    # what is under test keeps its share, and one more
    assert tests.free == before + confirm.LEAST_COST - used - 2 * confirm.LEAST_COST
    while tests.round(promising=True):
        pass
    assert tests.evidence[0].verdict is Verdict.CONFIRMED
    tests.spend(tests.streams.left)
    assert tests.free <= 0 and not tests.round() and not tests.widen()


def test_what_is_spent_elsewhere_is_not_spent_on_tests():
    asked: list[Sample] = []
    tests = growing(coins({"on snow": 0.6}, asked=asked), budget=100)
    tests.spend(70)
    tests.add(about("on snow", "on sand"))
    settled(tests)
    assert len(asked) <= 30


def test_confirmed_bugs_are_widened_in_turn():
    tests = growing(coins({"on snow": 1.0, "at night": 1.0}), budget=1000, enough=40)
    tests.add(about("on snow", "at night"))
    while tests.round():
        pass
    before = [e.drawn for e in tests.evidence]
    assert {e.verdict for e in tests.evidence} == {Verdict.CONFIRMED} and max(before) < 40
    while tests.widen():
        drawn = [e.drawn for e in tests.evidence]
        assert abs(drawn[0] - drawn[1]) <= tests.test.look
    assert [e.drawn for e in tests.evidence] == [40, 40]


def test_meta_the_coins_are_fair():
    prompt = Prompt("x", "mug")
    failed = [o.status is Status.FAILURE for o in coins({}, base=0.3)([Sample(prompt, "confirm", i) for i in range(3000)])]
    assert 0.27 < sum(failed) / 3000 < 0.33


# --- weighing what has changed ------------------------------------------------------------------------------------------


class Anew(confirm.Scales):
    """Weighs every trial again at every look."""

    def weigh(self, grown, new=()):
        list(grown)
        super().weigh((), range(len(self.trials)))


RATES = st.sampled_from([0.0, 0.05, 0.2, 0.4, 0.7, 0.95])
JUDGES = st.sampled_from([None, None, None, JudgeError((95, 100), (45, 50))])


@settings(max_examples=4, deadline=None)
@given(
    st.lists(st.lists(RATES, min_size=1, max_size=4), min_size=1, max_size=3),
    st.integers(20, 60), st.integers(2, 5), st.integers(0, 1000), JUDGES, st.booleans(),
)  # fmt: skip
def test_weighing_what_has_changed_is_the_same_as_weighing_everything(labels, budget, look, seed, judge, slots):
    """Trials come in two batches, share baselines within a label, and are weighed after every round: bit for bit."""
    rates = {f"{i}.{j}": rate for i, label in enumerate(labels) for j, rate in enumerate(label)}
    batches = [[], []]
    for name in rates:
        batches[int(name[-1]) % 2] += about(name, label=f"label {name[0]}")

    def rounds(scales):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(confirm, "Scales", scales)
            tests = growing(coins(rates), budget=budget, look=look, seed=seed, judge=judge, slots=6 if slots else 0)
        found = []
        for batch in batches:
            tests.add(batch, 2)
            found.append((tests.evidence, tests.free))
            while tests.round(promising=batch is batches[0]) or tests.widen():
                found.append((tests.evidence, tests.free))
        return found

    # rates of no pictures are nan, which does not equal itself
    assert repr(rounds(confirm.Scales)) == repr(rounds(Anew))


def test_what_a_round_did_not_change_is_the_same_object():
    tests = growing(coins({"0": 0.5}), budget=4000)
    tests.add(about(*map(str, range(100))))
    before = tests.evidence
    assert tests.round()
    new = events.changed(before, tests.evidence)
    assert 1 <= len(new) <= 10 and all(tests.evidence[i] is e for i, e in enumerate(before) if i not in new)
    assert events.changed(before[:-1], before) == [99] and events.changed(before, before[:-1]) == []

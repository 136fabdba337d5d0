"""models/A,B,C: a vote of reference classifiers, and how far votes agree."""

import sys
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import Declined, ModelError, SpecError, Transient
from bugscope.core.labels import imagenet
from bugscope.core.records import Usage
from bugscope.media.picture import Picture
from bugscope.stats.agreement import agreement
from bugscope.testing import check_judge, check_pickle, images

LABELS = ("coffee mug", "cup", "cab", "école")


class Fixed:
    """Always the same answer; `order`: its labels, best first."""

    def __init__(self, *order, labels=LABELS):
        self.order, self.labels, self.closed = order, labels, False

    def __call__(self, pictures):
        rank = [-self.order.index(label) if label in self.order else -99 for label in self.labels]
        return np.tile(np.array(rank, dtype=float), (len(pictures), 1))

    def close(self):
        self.closed = True


class Bright(Fixed):
    """Cab where the picture is bright, else a cup; draws on what it is given."""

    def __call__(self, pictures):
        rows = [[0, 1, 0, 0] if np.asarray(p).mean() < 127 else [0, 0, 1, 0] for p in pictures]
        for p in pictures:
            p.paste((0, 0, 0), (0, 0, *p.size))
        return np.array(rows, dtype=float).reshape(len(pictures), 4)


@pytest.fixture
def voters(monkeypatch):
    """A module of classifiers that can be named python/voters:NAME."""
    module = ModuleType("voters")
    monkeypatch.setitem(sys.modules, "voters", module)

    def vote(top=1, **targets):
        vars(module).update(targets)
        spec = ", ".join(f"python/voters:{name}" for name in targets)
        return registry.load("Judge", f"models/{spec}", {} if top == 1 else {"top": top})

    return vote


def blank(colour):
    return Picture(Image.new("RGB", (8, 8), colour))


def test_the_probability_is_the_share_of_votes(voters):
    judge = voters(a=Fixed("cab"), b=Fixed("cab"), c=Fixed("école"), d=Fixed("cup"))
    assert judge.voters == 4
    verdicts = judge([blank("red")] * 3, ["cab", "école", "cup"])
    assert verdicts.tolist() == [0.5, 0.25, 0.25]
    assert verdicts.dtype == np.float32


def test_near_synonyms_of_imagenet_and_other_spellings_are_right(voters):
    judge = voters(a=Fixed("cup", labels=imagenet()), b=Fixed("coffee mug", labels=imagenet()), c=Fixed("cup"))
    assert judge([blank("red")] * 2, ["coffee mug", "cup"]) == pytest.approx([2 / 3, 1]), "each voter by its own labels"
    taxi = voters(a=Fixed("cab"), b=Fixed("Taxi", labels=("Taxi", "bus")))
    assert taxi([blank("red")] * 3, ["taxi", "taxi", "TAXI"]).tolist() == [1, 1, 1]


def test_a_label_among_the_first_few_is_enough_where_asked(voters):
    target = Fixed("cup", "école", "cab")
    assert voters(a=target, b=Fixed("cab"))([blank("red")], ["école"])[0] == 0
    assert voters(top=2, a=target, b=Fixed("cab"))([blank("red")], ["école"])[0] == 0.5
    assert voters(top=9, a=target, b=Fixed("cab"))([blank("red")], ["école"])[0] == 1


def test_each_picture_has_its_own_vote_and_no_voter_sees_what_another_drew(voters):
    judge = voters(a=Bright(), b=Bright())
    pictures = [blank("white"), blank("black"), blank("yellow")]
    assert judge(pictures, ["cab", "cab", "cup"]).tolist() == [1, 0, 0]
    check_judge(judge, [Picture(i) for i in images()], ["cab", "cup", "école"])
    check_pickle(judge)


@pytest.mark.slow
def test_real_networks_vote():
    judge = registry.load("Judge", "models/efficientnet-lite/0,efficientnet-lite/1")
    assert judge.voters == 2 and judge.id == "models/efficientnet-lite/0,efficientnet-lite/1?top=1"
    pictures = [Picture(image) for image in images()]
    first = registry.load("Classifier", "efficientnet-lite/0")
    seen = first.labels[int(first([pictures[0].content])[0].argmax())]
    assert judge(pictures[:1], [seen])[0] >= 0.5
    assert judge(pictures[:1], ["tench" if seen != "tench" else "cab"])[0] <= 0.5
    check_judge(judge, pictures, [seen, "cab", "teapot"])
    assert pickle_is_by_name(judge)


def pickle_is_by_name(judge):
    check_pickle(judge)
    return judge.loaded_as[1] == "models/efficientnet-lite/0,efficientnet-lite/1"


def test_a_label_that_a_voter_does_not_know_is_named_before_anything_is_asked(voters):
    class Silent(Fixed):
        def __call__(self, pictures):
            raise AssertionError("asked")

    judge = voters(a=Silent("cab"), small=Silent("bus", labels=("bus", "cub")))
    message = "python/voters:small has no vote on 'cup', which is not among its 2 labels; did you mean 'cub'"
    with pytest.raises(SpecError, match=message):
        judge.check(["cup"])
    # in a run, what a picture was taken for may be such a label
    with pytest.raises(Declined, match=message):
        judge([blank("red")], ["cup"])
    assert voters(a=Silent("cab")).check(["cab", "taxi"]) is None


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("", "models/ should name classifiers with commas between them, e.g. models/efficientnet-lite/1,efficient"),
        ("efficientnet-lite/0,", "should name classifiers with commas between"),
        ("efficientnet-lite/0, efficientnet-lite/0", "names efficientnet-lite/0 twice"),
        (
            "efficientnet-lite/0,efficientnet-lit/1",
            "unknown target provider 'efficientnet-lit'. Did you mean 'efficientnet-lite'",
        ),
        ("efficientnet-lite/0,efficientnet-lite/9", "unknown EfficientNet-Lite model '9'"),
    ],
)
def test_names_that_mean_nothing_are_named(model, message):
    with pytest.raises(SpecError) as error:
        registry.load("Judge", f"models/{model}")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"), [({"top": 0}, "top is 0; it must be at least"), ({"tops": 1}, "'tops'.*'top'")]
)
def test_options_that_mean_nothing_are_named(options, message):
    with pytest.raises(SpecError, match=message):
        registry.load("Judge", "models/efficientnet-lite/0", options)


def test_the_loader_is_no_option():
    with pytest.raises(SpecError, match="'load'"):
        registry.load("Judge", "models/efficientnet-lite/0", {"load": "x"})


@pytest.mark.parametrize("scores", [np.zeros((1, 3)), np.zeros(3), np.full((1, 4), np.nan)])
def test_a_voter_that_breaks_its_contract_is_named(voters, scores):
    class Broken(Fixed):
        def __call__(self, pictures):
            return scores

    with pytest.raises(ModelError, match="python/voters:b, asked for its vote"):
        voters(a=Fixed("cab"), b=Broken("cab"))([blank("red")], ["cab"])


def test_a_voter_may_ask_for_patience(voters):
    class Busy(Fixed):
        def __call__(self, pictures):
            raise Transient("later", retry_after=3)

    with pytest.raises(Transient, match="later"):
        voters(a=Fixed("cab"), b=Busy("cab"))([blank("red")], ["cab"])


def test_hosted_voters_are_metered_and_all_are_closed(voters):
    free, dear, other = Fixed("cab"), Fixed("cab"), Fixed("cab")
    dear.usage, dear.priced = Usage(requests=2, cost=0.5), True
    other.usage = Usage(requests=1, input_tokens=7)
    assert voters(a=free).usage is None
    judge = voters(a=free, b=dear)
    assert judge.usage == Usage(requests=2, cost=0.5) and judge.priced
    judge = voters(a=free, b=dear, c=other)
    assert judge.usage == Usage(requests=3, input_tokens=7, cost=0.5) and not judge.priced
    judge.close()
    assert free.closed and dear.closed and other.closed


# --- how far votes agree -------------------------------------------------------------------------------------------------


votes = st.integers(2, 7).flatmap(lambda m: st.tuples(st.just(m), st.lists(st.integers(0, m), min_size=1, max_size=60)))


@given(votes)
@settings(deadline=None)
def test_it_is_the_share_of_agreeing_pairs(case):
    m, yes = case
    made = agreement([k / m for k in yes], m)
    ballots = [[1] * k + [0] * (m - k) for k in yes]
    pairs = [b[i] == b[j] for b in ballots for i in range(m) for j in range(m) if i != j]
    assert made.n == len(yes)
    assert made.chance.value == pytest.approx(np.mean(pairs), abs=1e-12)
    assert 0 <= made.chance.low <= made.chance.value <= made.chance.high <= 1
    assert made.chance.low < made.chance.high
    # stored answers are float32
    again = agreement(np.array(yes, dtype=np.float32) / np.float32(m), m)
    assert (again.chance, again.n) == (made.chance, made.n)


@given(votes)
@settings(deadline=None)
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_kappa_is_that_of_statsmodels(case):
    fleiss_kappa = pytest.importorskip("statsmodels.stats.inter_rater").fleiss_kappa
    m, yes = case
    kappa = agreement([k / m for k in yes], m).kappa
    if sum(yes) in (0, m * len(yes)):
        assert np.isnan(kappa)
    else:
        assert kappa == pytest.approx(fleiss_kappa(np.array([[k, m - k] for k in yes])), abs=1e-9)
        assert kappa <= 1 + 1e-12


def test_perfect_and_random_votes():
    assert agreement([0, 1, 1, 0], 3).kappa == pytest.approx(1)
    shares = np.random.default_rng(0).binomial(2, 0.5, 20_000) / 2
    made = agreement(shares, 2)
    assert abs(made.kappa) < 0.03 and made.chance.low < 0.5 < made.chance.high


def test_the_interval_covers():
    rng = np.random.default_rng(1)
    rates = rng.beta(2, 1, size=(400, 60))  # pictures differ in how hard they are
    truth = np.mean([p**2 + (1 - p) ** 2 for p in rng.beta(2, 1, 200_000)])
    held = [(a := agreement(rng.binomial(5, row) / 5, 5).chance).low <= truth <= a.high for row in rates]
    assert np.mean(held) >= 0.95


def test_no_pictures_tell_nothing():
    made = agreement([], 3)
    assert np.isnan(made.chance.value) and np.isnan(made.kappa) and made.n == 0
    assert (made.chance.low, made.chance.high) == (0, 1)


@pytest.mark.parametrize(("shares", "voters"), [([0.5], 1), ([0.4], 2), ([1.5], 2), ([-0.5], 2), ([float("nan")], 2)])
def test_shares_that_are_no_votes_are_refused(shares, voters):
    with pytest.raises(ValueError, match="voters|votes"):
        agreement(shares, voters)

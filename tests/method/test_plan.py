"""How a search spends its pictures."""

import pytest

from bugscope.core.errors import SpecError
from bugscope.core.options import Config
from bugscope.method import confirm, inquiry
from bugscope.method import plan as plans
from bugscope.method.confirm import Test
from bugscope.method.plan import Plan, judge_error, settled
from bugscope.stats import JudgeError


@pytest.mark.parametrize(
    ("number", "options", "budget"),
    [
        (1, {}, 600), (1, {"budget": "auto"}, 600),
        (6, {}, 600), (7, {}, 660), (65, {}, 4140), (2, {"budget": 90}, 90), (6, {"explore": 100}, 1140),
        (65, {"fixed_n": 30}, 65 * 130),
    ],
)  # fmt: skip
def test_a_budget_that_nobody_states_follows_the_labels_and_is_enough(number, options, budget):
    labels = ["a"] * number
    config = settled(labels, Config.of(options))
    assert config.budget == budget and settled(labels, config) == config
    # what is kept of it can be read again, and is the same hunt
    again = Config.of(config.to_mapping())
    assert again.budget == budget and settled(labels, again) == config
    if options.get("budget", "auto") == "auto":
        plan = Plan.of(labels, config)
        assert plan.budget == budget and (options or plan.affordable >= 3)


def test_a_small_budget_tries_fewer_descriptions():
    """One for every `EACH` pictures of a label's budget."""
    for labels, budget in ((1, 600), (3, 600), (6, 600), (12, 600), (18, 600), (65, 4140)):
        plan = Plan.of(["a"] * labels, Config.of({"budget": budget}))
        assert plan.affordable == min(24, budget // labels // plans.EACH)
    assert Plan.of(["a"] * 3, Config.of({"budget": 600, "hypotheses": 7})).affordable == 7
    assert Plan.of(["a"], Config.of({"budget": 40})).affordable >= 1


@pytest.mark.parametrize(("labels", "budget", "n"), [(1, 200, 20), (3, 900, 20), (6, 1000, 15), (1, 130, 30)])
def test_the_papers_procedure_can_pay_for_its_descriptions_and_their_baselines(labels, budget, n):
    config = {"budget": budget, "fixed_n": n, "hypotheses": 50}
    plan = Plan.of(["a"] * labels, Config.of(config))
    assert plan.affordable >= 1 and plan.designed >= n
    assert labels * (plan.explore + plan.designed + n * (plan.affordable + 1)) <= budget


def test_a_budget_that_cannot_pay_for_the_labels_says_what_would():
    with pytest.raises(SpecError, match="budget is 90, too small for 2 labels; the minimum is 108"):
        Plan.of(["a", "b"], Config.of({"budget": 90, "explore": 40}))
    assert Plan.of(["a", "b"], Config.of({"budget": 108, "explore": 40})).affordable >= 1
    with pytest.raises(SpecError, match="too small for 1 label; the minimum is 150"):
        Plan.of(["a"], Config.of({"budget": 149, "fixed_n": 35}))


@pytest.mark.parametrize("labels", range(1, 9))
@pytest.mark.parametrize("look", [1, 4, 12])
def test_the_least_budget_pays_for_plain_and_designed_pictures_and_one_bug(labels, look):
    config = Config.of({"look": look, "budget": 1})
    with pytest.raises(SpecError, match="the minimum is") as error:
        Plan.of(["a"] * labels, config)
    least = int(str(error.value).rsplit(" ", 1)[1])
    left = Plan.of(["a"] * labels, Config.of({"look": look, "budget": least})).confirming
    assert left >= confirm.LEAST_COST + inquiry.BATCH and left >= labels * (inquiry.BATCH + 2 * look)


def test_what_is_confirmed_and_divided_by_is_fixed_before_the_first_picture():
    plan = Plan.of(["a"] * 6, Config.of({"budget": 600, "explain_budget": 70, "pairs": 9}))
    assert (plan.labels, plan.explore, plan.explain_budget, plan.pairs, plan.fixed_n) == (6, 10, 70, 9, 0)
    assert plan.confirming == 600 - 6 * 10
    assert plan.tried == 6 * plan.affordable == 6 * (100 // plans.EACH)


def test_the_test_is_what_the_options_state():
    stated = {"alpha": 0.01, "margin": 0.2, "look": 6, "seed": 9}
    assert plans.stated_test(Config.of(stated)) == Test(**stated) == Plan.of(["a"], Config.of(stated)).test
    both = {"judge_sensitivity": "98/100", "judge_specificity": "0.9"}
    assert plans.stated_test(Config.of(both)).judge == judge_error(Config.of(both)) == JudgeError.parse("98/100", "0.9")
    for wrong in ({"judge_sensitivity": "0.9"}, {"judge_sensitivity": "95", "judge_specificity": "0.4"}):
        with pytest.raises(SpecError):
            judge_error(Config.of(wrong))

"""How a search spends its pictures."""

import pytest

from bugscope.core.errors import SpecError
from bugscope.core.options import Config
from bugscope.method import plan as plans
from bugscope.method.confirm import Test
from bugscope.method.plan import Plan, judge_error, settled
from bugscope.stats import JudgeError


@pytest.mark.parametrize(
    ("number", "options", "budget"),
    [
        (1, {}, 600), (1, {"budget": "auto"}, 600),
        (6, {}, 600), (7, {}, 660), (65, {}, 4140), (2, {"budget": 90}, 90), (6, {"explore": 100}, 1056),
        (65, {"fixed_n": 30}, 65 * 84),
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
        assert plan.budget == budget and (options or plan.affordable >= 6)


def test_a_small_budget_tries_fewer_descriptions():
    paid = Config.of({"budget": 600})
    assert Plan.of(["a"] * 3, paid).affordable == 24
    assert Plan.of(["a"] * 6, paid).affordable == 13
    assert Plan.of(["a"] * 12, paid).affordable == 4
    assert Plan.of(["a"] * 18, paid).affordable == 1
    assert Plan.of(["a"] * 3, Config.of({"budget": 600, "hypotheses": 7})).affordable == 7
    assert Plan.of(["a"], Config.of({"budget": 200, "fixed_n": 20, "hypotheses": 50})).affordable == 7


def test_a_budget_that_cannot_pay_for_the_labels_says_what_would():
    with pytest.raises(SpecError, match="budget is 90, too small for 2 labels; the minimum is 96"):
        Plan.of(["a", "b"], Config.of({"budget": 90, "explore": 40}))
    assert Plan.of(["a", "b"], Config.of({"budget": 64})).affordable == 1


def test_what_is_confirmed_and_divided_by_is_fixed_before_the_first_picture():
    plan = Plan.of(["a"] * 6, Config.of({"budget": 600, "explain_budget": 70, "pairs": 9}))
    assert (plan.labels, plan.explore, plan.explain_budget, plan.pairs, plan.fixed_n) == (6, 24, 70, 9, 0)
    assert plan.confirming == 600 - 6 * 24
    assert plan.tried == 6 * plan.affordable == 78


def test_the_test_is_what_the_options_state():
    stated = {"alpha": 0.01, "margin": 0.2, "look": 6, "seed": 9}
    assert plans.stated_test(Config.of(stated)) == Test(**stated) == Plan.of(["a"], Config.of(stated)).test
    both = {"judge_sensitivity": "98/100", "judge_specificity": "0.9"}
    assert plans.stated_test(Config.of(both)).judge == judge_error(Config.of(both)) == JudgeError.parse("98/100", "0.9")
    for wrong in ({"judge_sensitivity": "0.9"}, {"judge_sensitivity": "95", "judge_specificity": "0.4"}):
        with pytest.raises(SpecError):
            judge_error(Config.of(wrong))

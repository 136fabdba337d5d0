"""Options: declared once, checked at the door, refused in one sentence."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bugscope.core.errors import SpecError, nearest, unknown
from bugscope.core.options import OPTIONS, RECORDED, Config, counted
from bugscope.core.records import Prompt, Sample
from bugscope.store.folder import Store

# PyYAML reads the line ends that Unicode adds (U+0085, U+2028, U+2029) back as spaces
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
ARGUMENTS = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT, max_size=3)
SETS = st.dictionaries(TEXT, st.lists(TEXT, max_size=2, unique=True), max_size=3)
WORD = st.sampled_from(["none", "imagenet"])
ACCEPT = st.one_of(WORD, SETS, st.tuples(WORD, SETS.filter(bool)).map(list))
VALID = st.fixed_dictionaries(
    {},
    optional={
        "generator": TEXT,
        "target_args": ARGUMENTS,
        "budget": st.integers(1, 10**9) | st.just("auto"),
        "alpha": st.floats(0, 1, exclude_min=True, exclude_max=True),
        "margin": st.floats(0, 1, exclude_max=True),
        "faithful": st.floats(0, 1, exclude_min=True),
        "top_k": st.integers(1, 5),
        "fixed_n": st.integers(0, 50),
        "max_cost": st.floats(0, 1e9, exclude_min=True) | st.just("none"),
        "accept": ACCEPT,
        "seed": st.integers(0, 2**63 - 1),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALID)
def test_what_is_written_to_a_file_is_read_from_it(tmp_path, values):
    config = Config.of(values)
    assert {name: getattr(config, name) for name in values} == values
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump(config.to_mapping(), allow_unicode=True), encoding="utf-8")
    assert Config.of(Config.from_file(file)) == config
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    assert Config.from_file(file) == values


def test_every_option_has_a_default_and_a_meaning():
    assert Config.of({}) == Config()
    assert Config.of(Config().to_mapping()) == Config()
    for name, option in OPTIONS.items():
        assert getattr(Config(), name) == option.default
        assert option.help and not option.help.endswith("."), name


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("budget", (1, 10**9, "auto"), (0, -1, "Auto", "none")),
        ("explain_budget", (0, 1), (-1, "auto", "none")),
        ("pairs", (1,), (0, -1)),
        ("max_cost", (0.01, 5.0, "none"), (0, 0.0, -1.0, float("nan"), "auto")),
        ("explore", (1,), (0,)),
        ("hypotheses", (1,), (0,)),
        ("look", (1,), (0,)),
        ("batch_size", (1,), (0,)),
        ("alpha", (1e-9, 0.999), (0.0, 1.0, -0.1, float("nan"), float("inf"))),
        ("margin", (0.0, 0.999), (-0.01, 1.0, float("nan"))),
        ("faithful", (1e-9, 1.0), (0.0, 1.01, float("nan"))),
        ("fixed_n", (0, 50), (-1,)),
        ("top_k", (1, 5), (0, 6)),
        ("seed", (0, 2**63 - 1), (-1, 2**63)),
    ],
)
def test_bounds_are_where_they_are_said_to_be(name, inside, outside):
    for value in inside:
        assert getattr(Config.of({name: value}), name) == value
    for value in outside:
        with pytest.raises(SpecError, match=f"option {name} is {value!r}; it "):
            Config.of({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("budget", "600"), ("budget", 600.0), ("budget", True), ("budget", None), ("generator", 3), ("generator", None),
        ("alpha", "5%"), ("alpha", False),          ("judge_args", {3: 4}),
        ("judge_args", "a=b"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_never_bent(name, value):
    with pytest.raises(SpecError) as error:
        Config.of({name: value})
    must = "must be a number of pictures, at least 1, or auto" if name == "budget" else "should be a valid "
    assert str(error.value).startswith(f"option {name} is {value!r}; it {must}")
    assert "\n" not in str(error.value)


@given(st.text(max_size=12).filter(lambda name: name not in OPTIONS))
def test_no_other_name_is_an_option(name):
    with pytest.raises(SpecError) as error:
        Config.of({"budget": 9, name: 1})
    assert f"unknown option {name!r}" in str(error.value)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_slip_of_the_pen_is_understood(name):
    slip = name[:-2] + name[-1] + name[-2] if name[-1] != name[-2] else name[:-1]
    with pytest.raises(SpecError, match=f"Did you mean '{name}'"):
        Config.of({slip: 1})


def test_options_do_not_change_once_made():
    config = Config()
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 3
    config.to_mapping()["accept"]["mug"] = ["cup"]
    assert config.accept == {} == Config().accept
    mine = {"mug": ["cup"]}
    config = Config(accept=mine)
    mine["mug"].append("pot")
    assert config.accept == {"mug": ["cup"]}


def test_a_copy_differs_in_what_is_stated_alone():
    config = Config(seed=3, accept={"mug": ["cup"]})
    assert config.model_copy(update={"budget": 90}) == Config(seed=3, accept={"mug": ["cup"]}, budget=90)
    assert config == Config(seed=3, accept={"mug": ["cup"]})


def test_a_whole_number_will_do_for_a_number_and_is_kept_as_one():
    assert (Config(max_cost=3).max_cost, type(Config(max_cost=3).max_cost)) == (3.0, float)
    with pytest.raises(SpecError, match="option max_cost is 1000"):
        Config.of({"max_cost": 10**400})


def test_the_table_says_what_the_options_allow():
    shown = {name: (o.type, o.shown_default, o.bounds) for name, o in OPTIONS.items()}
    assert shown["alpha"] == ("number", "0.05", "> 0, < 1")
    assert shown["seed"] == ("integer", "0", ">= 0, < 2^63")
    assert shown["max_cost"] == ("number or none", "none", "> 0")
    assert shown["budget"] == ("integer or auto", "auto", ">= 1")
    assert shown["explore"] == ("integer", "10", ">= 1")
    assert shown["editor"] == ("string", "none", "")
    assert shown["judge_sensitivity"] == ("string", "no correction", "")
    assert shown["accept"] == ("word, file, mapping or list", "ImageNet's for targets with its labels", "")


@pytest.mark.parametrize("name", [n for n in OPTIONS if n not in ("batch_size", "max_cost", "timeout", "cache", "cache_all")])
def test_every_option_but_speed_and_cost_is_part_of_a_runs_identity(name):
    assert Config().identity()[name] == getattr(Config(), name)
    assert not {"batch_size", "cache"} & Config().identity().keys()


@pytest.mark.parametrize(
    ("given", "meant"),
    [(True, "auto"), (False, "none"), (None, "none"), (Path("a/b"), str(Path("a/b"))), ("a b", "a b"), ("auto", "auto")],
)
def test_a_cache_may_be_a_word_a_folder_or_true(given, meant):
    assert Config.of({"cache": given}).cache == meant


@pytest.mark.parametrize("given", ["", " ", "a\0b", 3, ["a"]])
def test_what_is_no_cache_is_refused(given):
    with pytest.raises(SpecError, match="option cache is "):
        Config.of({"cache": given})


def test_the_largest_seed_fits_the_store(tmp_path):
    sample = Sample(Prompt("a photo of a mug", "mug"), "explore", 0, Config(seed=2**63 - 1).seed)
    with Store.create(tmp_path / "r", {}) as store:
        store.put_samples([sample])
        assert list(store.samples()) == [sample]


# --- files --------------------------------------------------------------------------------------------------------------


def test_the_file_of_a_run_can_be_given(tmp_path):
    recorded = {"labels": ["mug"], **Config(seed=4).to_mapping(), **dict.fromkeys(RECORDED, {"a": "b"})}
    Store.create(tmp_path / "r", {}, recorded).close()
    stated = Config.from_file(tmp_path / "r" / "config.yaml")
    assert stated.pop("labels") == ["mug"]
    assert Config.of(stated) == Config(seed=4)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe\x00", "is not YAML"),
        (b"? [a]\n: 1", "is not YAML"),
        (b"!!python/object/apply:os.system [touch owned]", "is not YAML"),
        (b"text", "holds a str"),
        (b"3", "holds a int"),
        (b"1: 2", "unknown option in"),
        (b"null: 2", "unknown option in"),
        (b"Budget: 2", "Did you mean 'budget'"),
    ],
)
def test_a_file_that_states_no_options_is_refused(tmp_path, monkeypatch, data, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_bytes(data)
    with pytest.raises(SpecError) as error:
        Config.from_file("c.yaml")
    assert message in str(error.value) and "c.yaml" in str(error.value)
    assert "\n" not in str(error.value)
    assert [f.name for f in tmp_path.iterdir()] == ["c.yaml"]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SpecError, match="cannot read the config file .*none.yaml.*No such file"):
        Config.from_file(tmp_path / "none.yaml")
    with pytest.raises(SpecError, match="cannot read the config file .*directory"):
        Config.from_file(tmp_path)


# --- the nearest name -----------------------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=20, unique_by=str.lower), st.data())
def test_the_nearest_name_is_a_known_one_and_a_known_one_is_its_own(known, data):
    name = data.draw(st.sampled_from(known))
    assert nearest(name, known) == name
    other = data.draw(st.text(max_size=8))
    assert nearest(other, known) in {None, *known}
    message = str(unknown("thing", other, known))
    assert message.startswith(f"unknown thing {other!r}.")
    assert (f"and {len(known) - 12} more." in message) == (len(known) > 12)


def test_nothing_is_offered_where_nothing_is_near():
    assert nearest("xyzzy", ["budget", "seed"]) is None
    assert str(unknown("thing", "xyzzy", ["b", "a"])) == "unknown thing 'xyzzy'. Known: a, b."


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"budjet": 3}, "unknown option 'budjet'. Did you mean 'budget'"),
        ({"budget": 0}, "option budget is 0; it must be a number of pictures, at least 1, or auto"),
        ({"budget": "many"}, "option budget is 'many'; it must be a number of pictures, at least 1, or auto"),
        ({"explain_budget": -1}, "option explain_budget is -1; it must be a number of pictures, at least 0"),
        ({"hypotheses": 0}, "option hypotheses is 0; it must be a number of descriptions, at least 1"),
        ({"max_cost": 0}, "option max_cost is 0; it must be a number, more than 0, or none"),
        ({"alpha": 1.0}, "option alpha is 1.0; it should be less than 1"),
        ({"margin": float("nan")}, "option margin is nan"),
        ({"top_k": 9}, "option top_k is 9; it must be a number of answers, at least 1 and at most 5"),
        ({"accept": {"mug": "cup"}}, "option accept is"),
    ],
)
def test_bad_options_are_one_sentence(values, message):
    with pytest.raises(SpecError) as error:
        Config.of(values)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_what_may_cost_at_most_is_a_number_or_nothing():
    assert (Config().cap, Config(max_cost=3).cap, Config(max_cost="none").cap) == (None, 3.0, None)


@given(st.integers(1, 10**6))
def test_a_count_is_a_whole_number_of_something(n):
    assert counted("n", n, "pictures") == counted("n", np.int64(n), "pictures") == n
    for wrong in (0, -n, n + 0.5, float(n), True, None, str(n)):
        with pytest.raises(SpecError) as error:
            counted("n", wrong, "pictures")
        assert str(error.value) == f"option n is {wrong!r}; it must be a number of pictures, at least 1"


def test_a_count_says_what_else_may_stand_there():
    assert counted("seed", 0, least=0) == 0
    with pytest.raises(SpecError, match="option seed is -1; it must be a whole number, at least 0$"):
        counted("seed", -1, least=0)
    with pytest.raises(SpecError, match="option n is 0; it must be a number of pictures, at least 1, or all$"):
        counted("n", 0, "pictures", words="all")


@pytest.mark.parametrize(
    ("text", "message"),
    [("- a", "holds a list"), ("a: [", "is not YAML"), ("alfa: 1", "Did you mean 'alpha'"), ("\x00", "is not YAML")],
)
def test_bad_files_are_one_sentence(tmp_path, text, message):
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(SpecError) as error:
        Config.from_file(file)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_states_options_and_labels(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("labels: [mug]\nseed: 3\nversions: {a: 1}\n")
    assert Config.from_file(file) == {"labels": ["mug"], "seed": 3}
    file.write_text("")
    assert Config.from_file(file) == {}


def test_speed_is_no_part_of_a_runs_identity():
    assert Config(batch_size=1).identity() == Config(batch_size=64).identity()
    assert Config(seed=1).identity() != Config(seed=2).identity()

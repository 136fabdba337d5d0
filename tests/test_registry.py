"""Specs become models by one door; what cannot is said in a sentence."""

import subprocess
import sys

import numpy as np
import pytest

from bugscope import registry
from bugscope.config import Config
from bugscope.errors import MissingDependency, ModelError, SpecError


def judge_nothing(pictures, labels):
    return np.ones(len(pictures))


@pytest.mark.parametrize(
    ("role", "spec", "options", "message"),
    [
        ("Classifier", "tim/resnet50", {}, "unknown classifier provider 'tim'"),
        ("Classifier", "efficientnet-lit/0", {}, "Did you mean 'efficientnet-lite'"),
        ("Classifier", "studio", {}, "provider 'studio' has no classifier; it has: generator, captioner, judge"),
        ("Classifier", "efficientnet-lite/0", {"thread": 1}, "Did you mean 'threads'"),
        ("Judge", "studio", {"x": 1}, "takes no arguments, got 'x'"),
        ("Judge", "studio/large", {}, "no model 'large'"),
        ("Classifier", lambda images: images, {}, "has no label names"),
        ("Classifier", 5, {}, "neither 'provider/model' nor a callable"),
        ("Classifier", "python/json:dumps", {}, "has no label names"),
        ("Classifier", judge_nothing, {"labels": 5}, "are 5; they should be a list of names"),
        ("Classifier", judge_nothing, {"label": "a,b"}, "Did you mean 'labels'"),
        ("Judge", judge_nothing, {"x": 1}, "takes no arguments, got 'x'"),
        ("Classifier", "python/json:dumps", {"labels": 5}, "are 5; they should be a list of names"),
        (
            "Classifier",
            "python/jsom:dumps",
            {},
            "no module named 'jsom' (looked in the current directory too). Did you mean ",
        ),
        ("Classifier", "python/json.decode:f", {}, "Did you mean 'json.decoder'"),
        ("Classifier", "python/.json:f", {}, "should read python/module:function"),
        ("Classifier", "python/json", {}, "should read python/module:function"),
        ("Classifier", "python/no_such_module:f", {}, "no module named 'no_such_module'"),
        ("Classifier", "python/json:lods", {}, "json has no 'lods'. Did you mean 'load"),
        ("Classifier", "python/string:digits", {}, "is a str, not a function"),
    ],
)
def test_what_cannot_be_loaded_is_named(role, spec, options, message):
    with pytest.raises(SpecError) as error:
        registry.load(role, spec, options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_bare_function_takes_a_role():
    judge = registry.load("Judge", judge_nothing)
    assert judge.id == f"python/{__name__}:judge_nothing"
    assert judge([1, 2], ["a", "b"]).tolist() == [1, 1]
    classifier = registry.load("Classifier", judge_nothing, {"labels": ["a", "b"]})
    assert classifier.labels == ("a", "b")
    for labels in ("a, b", np.array(["a", "b"])):
        assert registry.load("Classifier", judge_nothing, {"labels": labels}).labels == ("a", "b")


class Whole:
    id = "mine/whole"
    labels = np.array(["a", "b"])
    suggested = ("a",)

    def __call__(self, images):
        return np.ones((len(images), 2))


def test_an_object_keeps_what_else_it_offers_and_stated_labels_win(tmp_path):
    model = Whole()
    assert registry.load("Classifier", model) is model
    renamed = registry.load("Classifier", model, {"labels": ["x", "y"]})
    assert (renamed.id, renamed.labels, renamed.suggested) == ("mine/whole", ("x", "y"), ("a",))
    assert not hasattr(renamed, "close")


def test_a_module_that_lacks_another_says_which(tmp_path, monkeypatch):
    (tmp_path / "needy_model.py").write_text("import a_package_that_is_absent\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SpecError, match="needy_model needs the module 'a_package_that_is_absent', which is absent"):
        registry.load("Classifier", "python/needy_model:predict")


def test_a_function_of_the_current_directory_is_found(tmp_path, monkeypatch):
    (tmp_path / "my_own_model.py").write_text(
        "def predict(images):\n    return [[1, 0]] * len(images)\npredict.labels = ['a', 'b']\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    model = registry.load("Classifier", "python/my_own_model:predict")
    assert (model.id, model.labels, model([0])) == ("python/my_own_model:predict", ("a", "b"), [[1, 0]])
    assert registry.load("Classifier", "python/my_own_model:predict", {"labels": "x,y"}).labels == ("x", "y")


class Greedy:
    requires = ("a_package_that_is_absent",)
    extra = "greedy"


class Nested(Greedy):
    requires = ("a_package_that_is_absent.part",)


class Positional:
    id = "positional"

    def __init__(self, model, device="cpu"):
        self.device = device


class Broken:
    def __init__(self, model):
        raise OSError("disk\non fire")


def test_options_may_be_declared_either_way(monkeypatch):
    monkeypatch.setattr(registry, "_class", lambda role, name: Positional)
    assert registry.load("Judge", "positional/x", {"device": "cuda"}).device == "cuda"
    with pytest.raises(SpecError, match="Did you mean 'device'"):
        registry.load("Judge", "positional/x", {"devise": "cuda"})
    with pytest.raises(SpecError, match="unknown argument of judge 'positional/x' 'model'"):
        registry.load("Judge", "positional/x", {"model": "y"})


def test_a_missing_package_gives_the_install_command(monkeypatch):
    monkeypatch.setattr(registry, "_class", lambda role, name: Greedy)
    with pytest.raises(MissingDependency, match=r"greedy needs a_package_that_is_absent: pip install 'bugscope\[greedy\]'"):
        registry.load("Judge", "greedy/x")
    monkeypatch.setattr(registry, "_class", lambda role, name: Nested)
    with pytest.raises(MissingDependency, match=r"a_package_that_is_absent.part: pip install 'bugscope\[greedy\]'"):
        registry.load("Judge", "greedy/x")


def test_a_model_that_cannot_be_built_is_named(monkeypatch):
    monkeypatch.setattr(registry, "_class", lambda role, name: Broken)
    with pytest.raises(ModelError, match="cannot load the judge 'broken/x': OSError: disk on fire"):
        registry.load("Judge", "broken/x")


def test_outsiders_enter_by_the_same_door(tmp_path, monkeypatch):
    (tmp_path / "outside.py").write_text(
        "class Judge:\n    'Says yes.'\n    id = 'outside/yes'\n    def __init__(self, model): self.model = model\n"
    )
    info = tmp_path / "outside-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (tmp_path / "outside_broken.py").write_text("1 / 0\n")
    (info / "entry_points.txt").write_text(
        "[bugscope.providers]\noutside = outside\nbroken = outside_broken\nstudio = outside\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.load("Judge", "outside/yes").model == "yes"
    assert [(e.spec, e.role, e.summary) for e in registry.catalogue() if e.spec == "outside"] == [
        ("outside", "Judge", "Says yes.")
    ]
    with pytest.raises(SpecError, match="provider 'broken' cannot be imported: ZeroDivisionError: division by zero"):
        registry.load("Judge", "broken/yes")
    assert [e.missing for e in registry.catalogue() if e.spec == "broken"] == [
        "provider 'broken' cannot be imported: ZeroDivisionError: division by zero"
    ]
    assert registry.providers()["studio"] == "bugscope.providers.studio"


def test_every_provider_says_what_it_is():
    entries = registry.catalogue()
    assert {e.spec for e in entries} >= {"studio", "efficientnet-lite", "python"}
    assert all(e.summary.endswith(".") or e.summary.endswith(":") for e in entries)


def test_listing_providers_imports_nothing_heavy():
    code = (
        "import sys; from bugscope import registry; registry.catalogue();"
        "sys.exit(any(m in sys.modules for m in ('torch', 'mitsuba', 'onnxruntime', 'onnx')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- configuration ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"budjet": 3}, "unknown option 'budjet'. Did you mean 'budget'"),
        ({"budget": 0}, "option budget is 0; it should be greater than 0"),
        ({"budget": "many"}, "option budget is 'many'"),
        ({"alpha": 1.0}, "option alpha is 1.0; it should be less than 1"),
        ({"margin": float("nan")}, "option margin is nan"),
        ({"top_k": 9}, "option top_k is 9"),
        ({"accept": {"mug": "cup"}}, "option accept is"),
    ],
)
def test_bad_options_are_one_sentence(values, message):
    with pytest.raises(SpecError) as error:
        Config.of(values)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


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

"""Specs become models by one door; what cannot is said in a sentence."""

import pickle
import re
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest

from bugscope.core import registry
from bugscope.core.errors import BugscopeError, MissingDependency, ModelError, SpecError, nearest
from bugscope.core.labels import imagenet
from bugscope.core.options import Config
from bugscope.workflows import session


def judge_nothing(pictures, labels):
    return np.ones(len(pictures))


@pytest.mark.parametrize(
    ("role", "spec", "options", "message"),
    [
        ("Classifier", "tim/resnet50", {}, "unknown target provider 'tim'"),
        ("Classifier", "efficientnet-lit/0", {}, "Did you mean 'efficientnet-lite'"),
        ("Classifier", "studio", {}, "provider 'studio' has no target; it has: generator, captioner, judge"),
        ("Classifier", "efficientnet-lite/0", {"thread": 1}, "Did you mean 'threads'"),
        ("Classifier", "timm:resnet50", {}, "Did you mean 'timm/resnet50'"),
        ("Classifier", "mine:predict", {}, "Did you mean 'python/mine:predict'"),
        ("Classifier", "http://127.0.0.1:8000", {}, "Did you mean 'http/127.0.0.1:8000'"),
        ("Classifier", "https://there.example/m", {}, "Did you mean 'http/https://there.example/m'"),
        ("Classifier", "C:\\models\\net.onnx", {}, "Did you mean 'onnx/C:\\\\models\\\\net.onnx'"),
        ("Classifier", Path("net.onnx"), {}, "Did you mean 'onnx/net.onnx'"),
        ("Classifier", "a:b:c", {}, "unknown target provider 'a:b:c'"),
        ("Classifier", np.zeros((2, 2)), {}, "neither 'provider/model' nor a callable"),
        ("Judge", "studio", {"x": 1}, "takes no arguments, got 'x'"),
        ("Judge", "studio/large", {}, "no model 'large'"),
        ("Classifier", 5, {}, "neither 'provider/model' nor a callable"),
        ("Classifier", "python/json:dumps", {}, "has no label names"),
        ("Classifier", judge_nothing, {"labels": 5}, "are 5; they should be a list of names"),
        ("Classifier", judge_nothing, {"label": "a,b"}, "Did you mean 'labels'"),
        ("Judge", judge_nothing, {"x": 1}, "'x'. Known: name"),
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
    target = registry.load("Classifier", judge_nothing, {"labels": ["a", "b"]})
    assert target.labels == ("a", "b")
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


class Apart(Greedy):
    requires = ("a_package_that_is_absent", "another_absent_one", "numpy")
    apart = {"another_absent_one": "pip install --no-deps another==1.0"}


class Nested(Greedy):
    requires = ("a_package_that_is_absent.part",)


class Positional:
    id = "positional"

    def __init__(self, model, device="cpu"):
        self.device = device


class Broken:
    def __init__(self, model):
        raise OSError("disk\non fire")


@pytest.fixture
def offered(monkeypatch):
    """Makes a class the judge of a provider."""

    def offer(name, cls):
        module = types.ModuleType(f"{name}_provider")
        module.Judge = cls
        monkeypatch.setitem(sys.modules, module.__name__, module)
        known = registry.providers()
        monkeypatch.setattr(registry, "providers", lambda: known | {name: module.__name__})

    return offer


def test_options_may_be_declared_either_way(offered):
    offered("positional", Positional)
    assert registry.load("Judge", "positional/x", {"device": "cuda"}).device == "cuda"
    with pytest.raises(SpecError, match="Did you mean 'device'"):
        registry.load("Judge", "positional/x", {"devise": "cuda"})
    with pytest.raises(SpecError, match="unknown argument of judge 'positional/x' 'model'"):
        registry.load("Judge", "positional/x", {"model": "y"})


def test_a_missing_package_gives_the_install_command(offered):
    offered("greedy", Greedy)
    with pytest.raises(MissingDependency, match=r"greedy needs a_package_that_is_absent: pip install 'bugscope\[greedy\]'"):
        registry.load("Judge", "greedy/x")
    offered("nested", Nested)
    with pytest.raises(MissingDependency, match=r"a_package_that_is_absent.part: pip install 'bugscope\[greedy\]'"):
        registry.load("Judge", "nested/x")


def test_a_package_that_no_extra_can_bring_has_a_command_of_its_own(offered, monkeypatch):
    offered("apart", Apart)
    both = r"absent, another_absent_one: pip install 'bugscope\[greedy\]' && pip install --no-deps another==1.0$"
    with pytest.raises(MissingDependency, match=both):
        registry.load("Judge", "apart/x")
    monkeypatch.setattr(Apart, "requires", ("another_absent_one",))
    with pytest.raises(MissingDependency, match="apart needs another_absent_one: pip install --no-deps another==1.0$"):
        registry.load("Judge", "apart/x")


def test_a_model_that_cannot_be_built_is_named(offered):
    offered("broken", Broken)
    with pytest.raises(ModelError, match="cannot load the judge 'broken/x': OSError: disk on fire"):
        registry.load("Judge", "broken/x")


ENDLESS = ["ab " * 2000, "net" * 2000 + ".onnx", "a/b:" * 1500, "é\n" * 3000]


@pytest.mark.parametrize("text", ENDLESS)
def test_what_goes_on_for_ever_is_one_short_line_in_an_error(text):
    for provider in registry.providers():
        for kind in ("Generator", "Classifier", "Judge"):
            for spec, options in ((text, {}), (f"{provider}/{text}", {}), (f"{provider}/x", {text: 1})):
                try:
                    registry.load(kind, spec, options)
                except BugscopeError as error:
                    assert len(str(error)) < 2100
                    assert len(str(error).splitlines()) == 1


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
    assert [(e.spec, e.kind, e.summary) for e in registry.catalogue() if e.spec == "outside"] == [
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
    assert all(e.summary.endswith((".", ":", "?")) for e in entries)


def test_listing_providers_imports_nothing_heavy():
    code = (
        "import sys; from bugscope.core import registry; from bugscope.workflows import session\n"
        "registry.catalogue(); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "bugscope.providers.diffusers" in loaded and "bugscope.providers.hf" in loaded
    heavy = {
        "torch",
        "torchvision",
        "transformers",
        "diffusers",
        "timm",
        "open_clip",
        "mitsuba",
        "onnxruntime",
        "onnx",
        "httpcore",
    }
    assert not heavy & set(loaded)


def entry_point(folder, monkeypatch, name, source):
    """A package installed in `folder` that offers the provider `name`."""
    (folder / f"{name}_provider.py").write_text(source)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[bugscope.providers]\n{name} = {name}_provider\n")
    monkeypatch.syspath_prepend(str(folder))


def test_an_outsider_is_offered_as_the_nearest_name_and_its_options_are_checked(tmp_path, monkeypatch):
    source = "class Classifier:\n    labels = ('a', 'b')\n    def __init__(self, model, *, depth=1): self.depth = depth\n"
    entry_point(tmp_path, monkeypatch, "farthest", source)
    made = registry.load("Classifier", "farthest/x/y", {"depth": 3})
    assert (made.depth, made.id) == (3, "farthest/x/y")
    with pytest.raises(SpecError, match="Did you mean 'farthest'"):
        registry.load("Classifier", "fartest/x")
    with pytest.raises(SpecError, match="unknown argument of target 'farthest/x' 'dept'. Did you mean 'depth'"):
        registry.load("Classifier", "farthest/x", {"dept": 3})
    with pytest.raises(SpecError, match="'farthest' has no judge; it has: target"):
        registry.load("Judge", "farthest/x")


def test_an_outsider_whose_import_fails_is_said_and_does_not_hide_the_others(tmp_path, monkeypatch):
    entry_point(tmp_path, monkeypatch, "sadly", "import a_package_that_is_absent\n")
    with pytest.raises(MissingDependency, match="provider 'sadly' cannot be imported: No module named 'a_package_that_is_abs"):
        registry.load("Judge", "sadly/x")
    entries = {e.spec: e for e in registry.catalogue()}
    assert "a_package_that_is_absent" in entries["sadly"].missing
    assert {"studio", "efficientnet-lite", "python"} <= entries.keys()


def test_knowing_a_providers_name_imports_it_not(tmp_path, monkeypatch):
    entry_point(tmp_path, monkeypatch, "lazily", "raise SystemExit('imported')\n")
    assert registry.providers()["lazily"] == "lazily_provider"
    assert "lazily_provider" not in sys.modules


def test_a_bad_spec_of_a_real_provider_loads_nothing_heavy():
    code = (
        "import sys; from bugscope.core import registry; from bugscope.core.errors import SpecError\n"
        "for role, spec, options in (('Judge', 'studoi', {}), ('Classifier', 'efficientnet-lite/0', {'thread': 1})):\n"
        "    try: registry.load(role, spec, options)\n"
        "    except SpecError: continue\n"
        "    sys.exit('no error')\n"
        "sys.exit(','.join({'torch', 'mitsuba', 'onnxruntime', 'onnx'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def nested():
    pass


nested.predict = lambda images: [[0.0, 1.0]] * len(images)


class Callable:
    labels = ("a", "b")

    def __call__(self, images):
        return [[1.0, 0.0]] * len(images)


def test_a_class_is_made_and_a_nested_name_is_followed():
    made = registry.load("Classifier", f"python/{__name__}:Callable")
    assert (made([1]), made.labels) == ([[1.0, 0.0]], ("a", "b"))
    made = registry.load("Classifier", f"python/{__name__}:nested.predict", {"labels": ["x", "y"]})
    assert (made([1]), made.id) == ([[0.0, 1.0]], f"python/{__name__}:nested.predict")


def test_an_object_with_a_name_and_labels_is_taken_as_it_is():
    model = Callable()
    model.id = "mine"
    assert registry.load("Classifier", model) is model
    del model.id
    wrapped = registry.load("Classifier", model)
    assert wrapped.labels == ("a", "b") and wrapped.id.endswith(":Callable") and wrapped([1]) == [[1.0, 0.0]]
    with pytest.raises(SpecError, match="neither 'provider/model' nor a callable"):
        registry.load("Classifier", Callable)


@pytest.mark.parametrize(
    ("name", "source", "error", "message"),
    [
        ("mine_1", "def f(:", ModelError, "SyntaxError"),
        ("mine_2", "1 / 0", ModelError, "ZeroDivisionError"),
        ("mine_3", "import a_package_that_is_absent", SpecError, "needs the module 'a_package_that_is_absent'"),
        ("mine_4", "from json import nothing", ModelError, "ImportError"),
        ("mine_5", "", SpecError, "has no 'predict'"),
        ("mine_6", "prediction = 1", SpecError, "Did you mean 'prediction'"),
        ("mine_7", "import sys; sys.exit(0)", SpecError, "sys.exit(0)"),
    ],
)
def test_a_module_of_yours_that_does_not_load_is_said(tmp_path, monkeypatch, name, source, error, message):
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(error) as raised:
        registry.load("Judge", f"python/{name}:predict")
    assert message in str(raised.value) and name in str(raised.value)


# --- what people call a model ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("efficientnet-lite/0", "efficientnet-lite/0"),
        ("studio", "studio"),
        ("onnx//path/net.onnx?model=1a2b", "net.onnx"),
        ("onnx/~/nets/net.onnx", "net.onnx"),
        ("onnx/./net.onnx?sha=9", "net.onnx"),
        ("hf/google/vit-base?revision=main", "hf/google/vit-base"),
        ("python/mine:predict", "python/mine:predict"),
        ("hf/" + "x/" * 3000, "hf/" + "x/" * 3000),
    ],
)
def test_a_file_is_called_by_its_name_and_all_else_by_its_id_without_options(id, name):
    assert registry.name(registry.Wrapped(judge_nothing, id=id)) == name


def test_a_path_that_is_there_is_a_file_however_it_is_written(tmp_path, monkeypatch):
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "mine.onnx").touch()
    monkeypatch.chdir(tmp_path)
    assert registry.name(registry.Wrapped(judge_nothing, id="onnx/nets/mine.onnx?x=1")) == "mine.onnx"
    assert registry.name(registry.Wrapped(judge_nothing, id="onnx/nets/other.onnx?x=1")) == "onnx/nets/other.onnx"


def test_a_name_may_be_stated_and_goes_to_a_worker_too(offered):
    offered("named", Positional)
    judge = registry.load("Judge", "named/x", {"name": "the old one", "device": "cuda"})
    assert (judge.id, judge.device, registry.name(judge)) == ("positional", "cuda", "the old one")
    assert registry.name(pickle.loads(pickle.dumps(judge))) == "the old one"
    mine = registry.load("Classifier", judge_nothing, {"labels": "a,b", "name": "mine"})
    assert registry.name(mine) == "mine" and mine.id == f"python/{__name__}:judge_nothing"
    assert registry.name(registry.load("Classifier", judge_nothing, {"labels": "a,b"})) == mine.id


# --- to a worker and back ----------------------------------------------------------------------------------------------


class Pair:
    """A provider's class for the tests below."""

    needs_loader = True
    example = "tests/a,b"

    def __init__(self, model, *, load, scale=1):
        self.model, self.scale, self.handle = model, scale, threading.Lock()  # a lock cannot be pickled
        self.parts = [load("Classifier", spec, {"labels": ["x", "y"]}) for spec in model.split(",")]

    def __call__(self, pictures, labels):
        return [self.scale] * len(pictures)


@pytest.fixture
def tests_provider(offered):
    offered("tests", Pair)


def test_a_worker_gets_a_models_name_and_options_not_its_weights(tests_provider):
    judge = registry.load("Judge", "tests/python/json:dumps,python/json:loads", {"scale": 3})
    assert [part.id for part in judge.parts] == ["python/json:dumps", "python/json:loads"]
    copy = pickle.loads(pickle.dumps(judge))
    assert copy is not judge and (copy.id, copy.scale) == (judge.id, 3)
    assert copy.handle is not judge.handle


def test_what_was_built_by_hand_is_pickled_as_it_is(tests_provider):
    registry.load("Judge", "tests/python/json:dumps")
    by_hand = Pair("", load=lambda *_: None)
    by_hand.handle = by_hand.parts = None
    assert pickle.loads(pickle.dumps(by_hand)).scale == 1


def test_the_loader_is_no_option_of_the_user(tests_provider):
    with pytest.raises(SpecError, match="unknown argument of judge .* 'load'.*Known: scale"):
        registry.load("Judge", "tests/python/json:dumps", {"load": print})


def test_the_catalogue_shows_how_to_name_each_provider(tests_provider):
    entries = {(e.spec, e.kind): e for e in registry.catalogue()}
    assert entries["tests", "Judge"].example == "--judge tests/a,b"
    assert entries["efficientnet-lite", "Classifier"].example == "--target efficientnet-lite/0"
    assert entries["studio", "Captioner"].example == "--captioner studio"
    for (spec, kind), e in entries.items():
        assert e.example.replace("_", "-").startswith(f"--{registry.role(kind)} {spec}"), "an example names its own provider"


class Contrast:
    """A judge that contrasts the label with `against`."""

    def __init__(self, model, *, against="imagenet"):
        self.against = against

    def __call__(self, pictures, labels):
        return [1.0] * len(pictures)


def test_a_judge_that_contrasts_is_told_what_the_classifier_tells_apart(offered):
    offered("tests", Contrast)
    own = {"generator": "python/json:dumps", "captioner": "python/json:dumps", "judge": "tests/x"}

    def against(labels, **said):
        settings = Config.of({**own, **said})
        return session.load_models(settings, {"target": registry.Wrapped(judge_nothing, labels)}).judge.against

    assert against(("dog", "cat")) == ["dog", "cat"]
    assert against(imagenet()) == "imagenet"
    assert against(("dog", "cat"), judge_args={"against": "fox,cow"}) == "fox,cow"


def test_labels_of_a_function_come_from_files_and_mappings_too(tmp_path):
    (tmp_path / "labels.txt").write_text("0 a\n1 b\n")
    for labels in (str(tmp_path / "labels.txt"), {1: "b", 0: "a"}, {"b": 1, "a": 0}, np.array(["a", "b"])):
        assert registry.load("Classifier", judge_nothing, {"labels": labels}).labels == ("a", "b")
        assert registry.load("Classifier", f"python/{__name__}:judge_nothing", {"labels": labels}).labels == ("a", "b")
    assert registry.load("Classifier", judge_nothing, {"labels": "imagenet"}).labels == imagenet()


def test_a_model_that_prints_as_a_page_is_named_in_a_line():
    class Net:
        def __repr__(self):
            return "Net(\n" + "  (layer): Conv2d(3, 16)\n" * 150 + ")"

    with pytest.raises(SpecError) as refused:
        registry.load("Classifier", Net())
    assert len(str(refused.value)) < 700 and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("", "option target is ''; name a model"),
        (" ", "option target is ' '; name a model"),
        ("model.onnx", "Did you mean 'onnx/model.onnx'"),
        ("./nets/model.onnx", "Did you mean 'onnx/./nets/model.onnx'"),
        ("mine.py", "Did you mean 'python/mine:FUNCTION'"),
        ("mine.py:predict", "Did you mean 'python/mine:predict'"),
        ("./models/mine.py:predict", "Did you mean 'python/models.mine:predict'"),
        ("python/mine.py:predict", "Did you mean 'python/mine:predict'"),
        ("python/models/mine.py:predict", "Did you mean 'python/models.mine:predict'"),
        ("python/models/mine:predict", "Did you mean 'python/models.mine:predict'"),
    ],
)
def test_a_file_in_the_place_of_a_spec_says_how_to_name_it(spec, says):
    with pytest.raises(SpecError, match=re.escape(says)):
        registry.load("Classifier", spec)


@pytest.mark.parametrize(
    ("name", "source", "says"),
    [
        ("with_arguments", "import argparse\nargparse.ArgumentParser().parse_args(['--strange'])", "called sys.exit(2)"),
        ("without_cuda", "import sys\nsys.exit('no CUDA')", "called sys.exit('no CUDA')"),
        ("ends", "class predict:\n    def __init__(self): raise SystemExit", "making a predict called sys.exit()"),
    ],
)
def test_a_script_that_ends_is_named(tmp_path, monkeypatch, name, source, says):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / f"{name}.py").write_text(source)
    with pytest.raises(SpecError, match=re.escape(says) + ".*__main__"):
        registry.load("Classifier", f"python/{name}:predict", {"labels": "a,b"})


def test_a_name_that_has_the_word_is_nearer_than_a_similar_one():
    assert nearest("mug", imagenet()) == "coffee mug"
    assert nearest("teapott", imagenet()) == "teapot"
    assert nearest("Mug", ["Coffee Mug", "beer mug of glass"]) == "Coffee Mug"
    assert nearest("c", ["vitamin c", "cc"]) != "vitamin c"


def test_a_file_that_is_called_like_a_module_of_pythons_replaces_it_for_nobody(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    for name in ("tabnanny", "pyclbr"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / f"{name}.py").write_text("def predict(images):\n    return [[1, 0]] * len(images)\n")
    (tmp_path / "beside.py").write_text("IT = 7\n")
    (tmp_path / "lazily.py").write_text(
        "def predict(images):\n    import tabnanny, beside\n    return [hasattr(tabnanny, 'NannyNag'), beside.IT]\n"
    )
    lazily = registry.load("Classifier", "python/lazily:predict", {"labels": "a,b"})
    assert lazily([]) == [True, 7]
    # the model itself may be called like one
    assert registry.load("Classifier", "python/pyclbr:predict", {"labels": "a,b"})([1]) == [[1, 0]]
    for name in ("tabnanny", "pyclbr", "beside", "lazily"):
        monkeypatch.delitem(sys.modules, name)

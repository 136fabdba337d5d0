"""hf/MODEL on tiny checkpoints of random weights, saved and loaded as a real one is: classifiers and zero-shot judges."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import weakref

import numpy as np
import pytest
from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import MissingDependency, ModelError, SpecError
from bugscope.core.labels import imagenet
from bugscope.core.options import Config
from bugscope.core.records import Prompt, Sample
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.media.picture import Picture
from bugscope.store.folder import Store
from bugscope.testing import check_classifier, check_judge, check_pickle, images
from support.hf_models import LABELS, load, shown

pytestmark = [pytest.mark.slow]

ONE = {"templates": ["{label}"]}


# --- classes that a network was trained on ----------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["vit", "resnet"])
def test_an_image_classifier_fits_its_role(folders, family):
    target = load("Classifier", folders(family))
    check_classifier(target)
    check_pickle(target)
    assert list(target.labels) == LABELS
    scores = target(images())
    assert scores.dtype == np.float32 and np.allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert np.abs(scores[0] - scores[1]).max() > 0.01


def test_its_scores_are_those_of_transformers(tiny, folders):
    picture = images()[0]
    inputs = tiny.t.AutoImageProcessor.from_pretrained(folders("vit"), backend="pil")(picture, return_tensors="pt")
    with tiny.torch.inference_mode():
        want = tiny.t.ViTForImageClassification.from_pretrained(folders("vit"))(**inputs).logits.softmax(1).numpy()
    assert np.allclose(load("Classifier", folders("vit"))([picture]), want, atol=1e-6)


@pytest.mark.parametrize("family", ["vit", "clip", "siglip"])
def test_many_at_once_score_as_one_by_one(folders, family):
    target = load("Classifier", folders(family), labels=LABELS)
    alone = target(images() * 2)
    target.network.device.at_once = 10**9
    assert np.allclose(target(images() * 2), alone, rtol=1e-3, atol=1e-5)


def test_labels_are_the_checkpoints_or_imagenets_or_the_users(tiny, folders, tmp_path):
    assert load("Classifier", folders("vit"), labels="a,b,c,d").labels == ("a", "b", "c", "d")
    lemmas = [
        "tench, Tinca tinca",
        "great white shark, white shark, man-eater, man-eating shark, Carcharodon carcharias",
        "other",
    ]
    tiny.tiny_vit(tmp_path / "some", lemmas)
    assert load("Classifier", tmp_path / "some").labels == ("tench", "great white shark", "other")
    tiny.tiny_vit(tmp_path / "all", [f"LABEL_{i}" for i in range(1000)])
    assert load("Classifier", tmp_path / "all").labels == imagenet()
    tiny.tiny_vit(tmp_path / "none", [f"LABEL_{i}" for i in range(3)])
    with pytest.raises(SpecError, match="has 3 outputs and no names for them; pass the argument labels=a,b,c"):
        load("Classifier", tmp_path / "none")
    with pytest.raises(SpecError, match="has 4 classes, but there are 2 labels"):
        load("Classifier", folders("vit"), labels="a,b")


def test_the_name_tells_what_changes_a_score(tiny, folders, tmp_path):
    plain = load("Classifier", folders("vit"))
    assert plain.id.startswith(f"hf/{folders('vit')}?dtype=float32&weights=")
    changed = [{"dtype": "bfloat16"}, {"labels": "a,b,c,d"}, {"revision": "v1"}]
    ids = {plain.id, *(load("Classifier", folders("vit"), **change).id for change in changed)}
    assert len(ids) == 4
    zero = {load("Classifier", folders("clip"), **o).id for o in ({}, {"labels": LABELS}, {"labels": LABELS} | ONE)}
    assert len(zero) == 3
    # a folder may be written anew under its name
    shutil.copytree(folders("vit"), tmp_path / "copy")
    first = load("Classifier", tmp_path / "copy").id
    net = tiny.t.ViTForImageClassification.from_pretrained(tmp_path / "copy")
    net.classifier.weight.data += 0.1
    net.save_pretrained(tmp_path / "copy")
    second = load("Classifier", tmp_path / "copy").id
    settings = tmp_path / "copy" / "preprocessor_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"image_mean": [0.1, 0.1, 0.1]}))
    assert len({first, second, load("Classifier", tmp_path / "copy").id}) == 3


# --- any labels -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["clip", "siglip", "siglip2", "align", "chinese_clip"])
def test_a_zero_shot_checkpoint_fits_its_roles(folders, family):
    target = load("Classifier", folders(family), labels=LABELS)
    check_classifier(target)
    check_pickle(target)
    assert list(target.labels) == LABELS
    scores = target(images())
    assert np.ptp(scores, axis=0).max() > 1e-3 and np.ptp(scores, axis=1).max() > 1e-3
    judge = load("Judge", folders(family), against=LABELS)
    check_judge(judge, shown(), ["mug", "red bus", "night"])
    check_pickle(judge)
    assert not getattr(judge, "exact", False)


@pytest.mark.parametrize("family", ["clip", "siglip", "siglip2", "align", "chinese_clip"])
def test_its_scores_are_those_of_the_network(tiny, folders, family):
    picture = images()[0]
    net = tiny.t.AutoModelForZeroShotImageClassification.from_pretrained(folders(family))
    processor = tiny.t.AutoProcessor.from_pretrained(folders(family))
    how = {"padding": "max_length", "max_length": 64} if family in ("siglip", "siglip2", "align") else {"padding": True}
    texts = processor(text=LABELS, return_tensors="pt", padding_side="right", **how)
    texts = {"input_ids": texts["input_ids"]} if "siglip" in family else texts  # as it was trained
    pixels = tiny.t.AutoImageProcessor.from_pretrained(folders(family), backend="pil")(picture, return_tensors="pt")
    with tiny.torch.inference_mode():
        want = net(**texts, **pixels).logits_per_image.softmax(1).numpy()
    assert np.ptp(want) > 1e-3
    assert np.allclose(load("Classifier", folders(family), labels=LABELS, **ONE)([picture]), want, atol=1e-5)


def test_any_script_is_a_label(folders):
    assert load("Classifier", folders("clip"), labels=["猫", "кот", "mug"])(images()).shape == (3, 3)


def test_options_of_another_kind_of_checkpoint_are_named(folders):
    with pytest.raises(SpecError, match="is a ViTForImageClassification, which takes no argument templates"):
        load("Classifier", folders("vit"), **ONE)
    with pytest.raises(SpecError, match="is a CLIPModel, which takes no argument question"):
        load("Judge", folders("clip"), question="Is it a {label}?")
    with pytest.raises(SpecError, match="unknown argument .* 'lables'. Did you mean 'labels'"):
        load("Classifier", folders("vit"), lables="a,b")
    with pytest.raises(SpecError, match="unknown dtype 'flaot16'. Did you mean 'float16'"):
        load("Classifier", folders("vit"), dtype="flaot16")
    with pytest.raises(ModelError, match="cannot load the target .* device"):
        load("Classifier", folders("vit"), device="gpu")


# --- checkpoints that do not fit the role -----------------------------------------------------------------------------


def test_a_checkpoint_of_another_role_says_which_it_fits(tiny, folders, tmp_path):
    fits = "which fits as target of the task classify or target of the task tag"
    with pytest.raises(SpecError, match=rf"cannot be the captioner: it is a ViT\w+ \(image classifier\), {fits}$"):
        load("Captioner", folders("vit"))
    with pytest.raises(SpecError, match="cannot be the judge: it is a ViTForImageClassification"):
        load("Judge", folders("vit"))
    with pytest.raises(SpecError, match=r"is a BlipForConditionalGeneration .*fits as captioner or judge$"):
        load("Classifier", folders("blip"))
    tiny.tiny_vit(tmp_path / "features", LABELS, tiny.t.ViTModel)
    with pytest.raises(SpecError, match="is a ViTModel, which fits no role; zero-shot image classifiers, image classifiers,"):
        load("Classifier", tmp_path / "features")
    # CLIP's family has classifiers too, whose head this one lacks
    tiny.tiny_clip(tmp_path / "clip", tiny.t.CLIPForImageClassification)
    with pytest.raises(SpecError, match="cannot be the judge: it is a CLIPForImageClassification"):
        load("Judge", tmp_path / "clip")


def test_a_language_model_is_refused(tiny, tmp_path):
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 50}
    tiny.t.BertForMaskedLM(tiny.t.BertConfig(**sizes)).save_pretrained(tmp_path)
    for role in ("Classifier", "Captioner", "Judge"):
        with pytest.raises(SpecError, match="is a BertForMaskedLM, which fits no role"):
            load(role, tmp_path)


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(ModelError, match=r"^cannot read '.*/none' \(folder or hub id; safetensors, never a pickle nor code"):
        load("Classifier", tmp_path / "none")
    with pytest.raises(ModelError, match="cannot read"):
        load("Classifier", tmp_path)


def test_weights_that_are_not_there_are_not_made_up(tiny, folders, tmp_path):
    shutil.copytree(folders("vit"), tmp_path / "copy")
    tensors = pytest.importorskip("safetensors.torch")
    file = tmp_path / "copy" / "model.safetensors"
    kept = {name: value for name, value in tensors.load_file(file).items() if not name.startswith("classifier")}
    tensors.save_file(kept, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"has no weights for 2 parts of ViTForImageClassification, e.g. 'classifier.bias'"):
        load("Classifier", tmp_path / "copy")


class Run:
    """Pickles to a call of anything."""

    def __reduce__(self):
        return os.system, ("touch owned",)


@pytest.mark.parametrize(("role", "family"), [("Classifier", "vit"), ("Judge", "clip"), ("Captioner", "blip")])
def test_a_pickle_is_not_opened(folders, tmp_path, monkeypatch, role, family):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folders(family), "copy")
    os.remove("copy/model.safetensors")
    for name in ("pytorch_model.bin", "model.bin", "tf_model.h5"):
        (tmp_path / "copy" / name).write_bytes(pickle.dumps(Run()))
    with pytest.raises(ModelError, match=r"never a pickle.*model\.safetensors"):
        load(role, tmp_path / "copy")
    assert os.listdir() == ["copy"]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json", "tokenizer_config.json", "processor_config.json"])
def test_code_of_a_checkpoint_is_not_run(folders, tmp_path, monkeypatch, file, known):
    """Where transformers knows the family it takes its own code, else the checkpoint is refused."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folders("clip"), "copy")
    (tmp_path / "copy" / "own.py").write_text("open('owned', 'w')\nclass Own: ...\n")
    autos = ("AutoConfig", "AutoModelForZeroShotImageClassification", "AutoProcessor", "AutoImageProcessor")
    text = tmp_path / "copy" / file
    code = {"auto_map": {name: "own.Own" for name in autos} | {"AutoTokenizer": ["own.Own", "own.Own"]}}
    code |= (
        {}
        if known
        else {"model_type": "own", "processor_class": "Own", "image_processor_type": "Own", "tokenizer_class": "Own"}
    )
    text.write_text(json.dumps((json.loads(text.read_text()) if text.exists() else {}) | code))
    try:
        load("Judge", tmp_path / "copy", against=LABELS)
    except ModelError as error:
        assert "cannot read" in str(error)
    else:
        assert known or file != "config.json"
    assert os.listdir() == ["copy"]


# --- machines ---------------------------------------------------------------------------------------------------------


def test_nothing_is_printed(tiny, folders, capfd):
    for family, role in (("vit", "Classifier"), ("clip", "Judge"), ("blip", "Captioner"), ("qwen2", "Captioner")):
        folder = folders(family)
        tiny.t.utils.logging.enable_progress_bar()  # as it is for users; saving the checkpoint turned it off
        capfd.readouterr()
        made = load(role, folder)
        made(shown(), LABELS[:3]) if role == "Judge" else made(images())
        assert capfd.readouterr() == ("", "")


def test_transformers_says_what_it_said_before(tiny, folders):
    log = tiny.t.utils.logging
    before = log.get_verbosity(), log.is_progress_bar_enabled()
    log.enable_progress_bar()
    load("Classifier", folders("vit"))
    assert (log.get_verbosity(), log.is_progress_bar_enabled()) == (before[0], True)
    log.disable_progress_bar()


def test_out_of_memory_asks_for_smaller_batches(tiny, folders, tmp_path):
    target = load("Classifier", folders("vit"))
    target.network.device.at_once = 10**9
    held = []

    def small_gpu(module, args, kwargs):
        held.append(weakref.ref(kwargs["pixel_values"]))
        if len(kwargs["pixel_values"]) > 2:
            raise tiny.torch.cuda.OutOfMemoryError("CUDA out of memory")

    target.network.net.register_forward_pre_hook(small_gpu, with_kwargs=True)
    with pytest.raises(MemoryError, match="CUDA out of memory") as error:
        target(images())
    assert error.value.__context__ is None and held[-1]() is None, "the error keeps the batch in memory"
    others = {
        "generator": lambda prompts, seeds: [Picture(Image.effect_noise((40, 40), 50 + s % 50).convert("RGB")) for s in seeds],
        "captioner": lambda pictures: ["a"] * len(pictures),
        "judge": lambda pictures, labels: [1.0] * len(pictures),
    }
    roles = {name: registry.Wrapped(call, ()) for name, call in others.items()}
    engine = Engine(Models(target=target, **roles), Store.create(tmp_path / "run", {}), Config(batch_size=4))
    outcomes = engine.measure([Sample(Prompt("a mug", "mug"), "explore", i) for i in range(5)])
    assert all(o.status.counts for o in outcomes)


WITHOUT = """
import importlib.util, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torchvision":
            raise ModuleNotFoundError(name, name="torchvision")
found = importlib.util.find_spec
sys.meta_path.insert(0, Absent())
importlib.util.find_spec = lambda name, *more: None if name.split(".")[0] == "torchvision" else found(name, *more)
from bugscope import testing
from bugscope.core import registry
model = registry.load(sys.argv[1], "hf/" + sys.argv[2], {"device": "cpu"})
print(model.id, [list(map(float, row)) if sys.argv[1] == "Classifier" else row for row in model(testing.images())])
"""


def run_without_torchvision(role, folder):
    return subprocess.run([sys.executable, "-c", WITHOUT, role, str(folder)], capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(("role", "family"), [("Classifier", "vit"), ("Captioner", "blip"), ("Captioner", "idefics3")])
def test_without_torchvision_the_answers_are_the_same(folders, role, family):
    model = load(role, folders(family))
    want = [list(map(float, row)) if role == "Classifier" else row for row in model(images())]
    done = run_without_torchvision(role, folders(family))
    assert done.stdout.strip() == f"{model.id} {want}", done.stderr


def test_a_family_that_needs_torchvision_says_so(folders):
    done = run_without_torchvision("Captioner", folders("qwen2"))
    assert f"{MissingDependency.__name__}: hf/" in done.stderr and "(pip install torchvision)" in done.stderr


def test_importing_the_provider_imports_no_heavy_package():
    code = "import sys, bugscope.providers.hf; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"

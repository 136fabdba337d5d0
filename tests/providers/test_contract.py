"""One contract for every provider in every role: real libraries on tiny networks, hosted models on a server of our own.

What each provider does beyond it is in its own tests. A provider or role without a case here fails the first test.
"""

import json
import sys
from contextlib import closing
from types import ModuleType

import numpy as np
import pytest

from bugscope import testing
from bugscope.core import registry
from bugscope.media.picture import Picture, as_rgb
from bugscope.testing import (
    DetectorWorld,
    World,
    check_captioner,
    check_classifier,
    check_describer,
    check_detector,
    check_editor,
    check_generator,
    check_judge,
    check_pickle,
    check_tagger,
    images,
)
from support import google_answers, photographs, tiny_clip
from support.fake_server import VARIABLE, running, says
from support.onnx_detectors import write as detector_file
from support.onnx_files import write as onnx_file
from support.openai_answers import by_picture, by_prompt
from support.picture_servers import Own
from support.weight_files import yolo

LABELS = ["mug", "école", "茶壶"]
PROMPTS = ["a photo of a mug", "a photo of a 茶壶 on snow", "a photo of a mug", "a photo of an école at night"]
SLOW = {"diffusers", "timm", "torchvision", "hf", "open-clip"}


@pytest.fixture(scope="module")
def server():
    with running() as server:
        yield server


@pytest.fixture
def hosted(server):
    """Options of a hosted model whose server answers `answer(body)`."""

    def made(answer, path="v1"):
        server.say(answer=answer)
        return {"base_url": f"{server.root}/{path}", "key_variable": VARIABLE}

    return made


def world(monkeypatch):
    """The test world as functions of a module of the user's."""
    made = World(labels=tuple(LABELS))
    module = ModuleType("my_models")
    module.draw, module.caption, module.judge = made.generator, made.caption, made.judge
    module.classify = lambda pictures: made.classify(pictures)
    module.classify.labels = [*LABELS, "bowl"]
    module.detect = DetectorWorld(labels=tuple(LABELS)).detect
    module.segment = lambda pictures: [(np.asarray(as_rgb(p))[..., 0] > 127).astype(int) for p in pictures]
    module.tag = lambda pictures: made.classify(pictures)
    for seeing in (module.segment, module.tag):
        seeing.labels = [*LABELS, "bowl"]
    module.answer = lambda pictures, questions: [f"Yes: {question}" for question in questions]
    module.vary = lambda label, phrases: [[f"not {phrase}"] for phrase in phrases]
    module.describe = lambda label, failures, successes: list(dict.fromkeys(failures))
    monkeypatch.setitem(sys.modules, "my_models", module)


def words(body):
    """A language model's answer in either of the shapes that it is asked for."""
    asked = json.loads(body["messages"][-1]["content"])
    if "phrases" in asked:
        return says({"alternatives": [["on sand", "on snow"] for _ in asked["phrases"]]})
    return says({"descriptions": ["at night", "seen from above"]})


def gemini(body):
    asked = body["contents"][0]["parts"][0]["text"]
    return google_answers.drawn(sum(f"{asked}|{body['generationConfig']['seed']}".encode()) % 256)


@pytest.fixture
def build(request, tmp_path, monkeypatch):
    """(provider, role) -> the spec and the options of one that works here."""
    get = request.getfixturevalue

    def own(name, network):
        saved = tmp_path / "own.safetensors"
        pytest.importorskip("safetensors.torch").save_file({k: v.contiguous() for k, v in network.state_dict().items()}, saved)
        return name, {"checkpoint": str(saved), "labels": LABELS, "device": "cpu"}

    def tiny(kind, **more):
        from support import tiny as checkpoints  # noqa: PLC0415 - it needs torch

        return f"hf/{getattr(checkpoints, f'tiny_{kind}')(tmp_path / kind)}", {"device": "cpu"} | more

    def clip(**more):
        torch, library = pytest.importorskip("torch"), pytest.importorskip("open_clip")
        torch.manual_seed(0)
        folder = tiny_clip.save(torch, library.CLIP(**tiny_clip.CLIP, init_logit_scale=3.0), tmp_path / "clip", tiny_clip.CLIP)
        return f"open_clip/local-dir:{folder}", {"device": "cpu"} | more

    def diffusion():
        from support.tiny_diffusion import tiny_diffusion  # noqa: PLC0415 - it needs torch

        small = {"device": "cpu", "steps": 2, "height": 32, "width": 32}
        return f"diffusers/{tiny_diffusion(tmp_path / 'diffusion')}", small

    def mine(name):
        world(monkeypatch)
        return f"python/my_models:{name}", {}

    def http():
        return f"http/{Own(get('server')).address}", {}

    def folder():
        return f"folder/{photographs.make(tmp_path / 'photos')}"

    def openai(answer, **more):
        return "openai/tiny", get("hosted")(answer) | more

    def network(library, name, **more):
        torch = pytest.importorskip("torch")
        torch.manual_seed(0)
        module = pytest.importorskip(library)
        if library == "timm":
            return module.create_model(name, num_classes=3)
        return module.models.get_model(name, **{"num_classes": 3} | more)

    def finds(name):
        """With a background besides the labels."""
        bare = {"weights": None, "weights_backbone": None, "num_classes": 4}
        return own(f"torchvision/{name}", network("torchvision", name, **bare))

    def seeing(kind):
        from support import tiny_detectors  # noqa: PLC0415 - it needs torch

        return f"hf/{getattr(tiny_detectors, f'tiny_{kind}')(tmp_path / kind)}", {"device": "cpu"}

    def with_background(case):
        spec, options = case
        return spec, options | {"labels": ["background", *LABELS]}

    def exported(family, labels=LABELS):
        return f"onnx/{detector_file(tmp_path, family)}", {"labels": labels, "device": "cpu", "threads": 1}

    def vit():
        from support import tiny as checkpoints  # noqa: PLC0415 - it needs torch

        return f"hf/{checkpoints.tiny_vit(tmp_path / 'vit', LABELS)}", {"device": "cpu", "multi_label": True}

    cases = {
        ("studio", "Generator"): lambda: ("studio", {"workers": 1, "size": 64}),
        ("studio", "Captioner"): lambda: ("studio", {}),
        ("studio", "Judge"): lambda: ("studio", {}),
        ("efficientnet-lite", "Classifier"): lambda: ("efficientnet-lite/0", {}),
        ("squeezenet", "Classifier"): lambda: ("squeezenet/1.1", {}),
        ("open-nsfw", "Classifier"): lambda: ("open-nsfw", {}),
        ("open-nsfw", "Tagger"): lambda: ("open-nsfw", {}),
        ("yolo", "Detector"): lambda: (yolo(tmp_path, monkeypatch) or "yolo/v3-tiny", {"threads": 1}),
        ("diffusers", "Generator"): diffusion,
        ("timm", "Classifier"): lambda: own("timm/test_vit", network("timm", "test_vit")),
        ("torchvision", "Classifier"): lambda: own("torchvision/squeezenet1_1", network("torchvision", "squeezenet1_1")),
        ("hf", "Classifier"): lambda: tiny("clip", labels=LABELS),
        ("hf", "Answerer"): lambda: tiny("llava", max_new_tokens=8),
        ("hf", "Captioner"): lambda: tiny("blip", max_new_tokens=8),
        ("hf", "Judge"): lambda: tiny("llava"),
        ("open-clip", "Classifier"): lambda: clip(labels=LABELS),
        ("open-clip", "Judge"): lambda: clip(against=LABELS),
        ("onnx", "Classifier"): lambda: (f"onnx/{onnx_file(tmp_path, classes=3)}", {"labels": LABELS}),
        ("onnx", "Tagger"): lambda: (f"onnx/{onnx_file(tmp_path, classes=3)}", {"labels": LABELS}),
        ("onnx", "Detector"): lambda: exported("yolov8"),
        ("onnx", "Segmenter"): lambda: exported("logits", ["background", *LABELS]),
        ("hf", "Tagger"): vit,
        ("hf", "Detector"): lambda: seeing("rt_detr"),
        ("hf", "Segmenter"): lambda: seeing("segformer"),
        ("timm", "Tagger"): lambda: own("timm/test_vit", network("timm", "test_vit")),
        ("torchvision", "Detector"): lambda: finds("ssdlite320_mobilenet_v3_large"),
        ("torchvision", "Segmenter"): lambda: with_background(finds("lraspp_mobilenet_v3_large")),
        ("models", "Judge"): lambda: ("models/python/my_models:classify", world(monkeypatch) or {}),
        ("folder", "Generator"): lambda: (folder(), {"search": "words"}),
        ("folder", "Judge"): lambda: (folder(), {}),
        ("http", "Generator"): http,
        ("http", "Classifier"): http,
        ("http", "Detector"): http,
        ("http", "Segmenter"): http,
        ("http", "Tagger"): http,
        ("http", "Answerer"): http,
        ("http", "Captioner"): http,
        ("http", "Judge"): http,
        ("google", "Generator"): lambda: (f"google/{google_answers.GEMINI}", get("hosted")(gemini, "v1beta") | {"seeds": True}),
        ("openai", "Generator"): lambda: openai(by_prompt, seeds=True),
        ("openai", "Classifier"): lambda: openai(by_picture, labels=LABELS),
        ("openai", "Answerer"): lambda: openai(by_picture),
        ("openai", "Captioner"): lambda: openai(by_picture),
        ("openai", "Judge"): lambda: openai(by_picture),
        ("openai", "Editor"): lambda: openai(words),
        ("openai", "Describer"): lambda: openai(words),
        ("python", "Generator"): lambda: mine("draw"),
        ("python", "Classifier"): lambda: mine("classify"),
        ("python", "Detector"): lambda: (mine("detect")[0], {"labels": [*LABELS, "bowl"]}),
        ("python", "Segmenter"): lambda: mine("segment"),
        ("python", "Tagger"): lambda: mine("tag"),
        ("python", "Answerer"): lambda: mine("answer"),
        ("python", "Captioner"): lambda: mine("caption"),
        ("python", "Judge"): lambda: mine("judge"),
        ("python", "Editor"): lambda: mine("vary"),
        ("python", "Describer"): lambda: mine("describe"),
    }
    return {pair: case for pair, case in cases.items() if pair[1] in registry.kinds()}


OURS = [
    (e.spec, e.kind)
    for e in registry.catalogue()
    if registry.providers()[e.spec].startswith("bugscope.providers.")
]  # fmt: skip


def test_every_provider_has_a_case_in_each_of_its_roles(build):
    assert set(build) == set(OURS)


def test_what_providers_share_is_not_listed_as_a_provider():
    assert registry.SHARED not in registry.providers()


@pytest.mark.parametrize(
    ("provider", "role"),
    [pytest.param(*pair, id="-".join(pair), marks=[pytest.mark.slow] * (pair[0] in SLOW)) for pair in OURS],
)
@pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
def test_it_keeps_the_contract_of_its_role(build, provider, role, request):
    spec, options = build[provider, role]()
    with closing(Closed(registry.load(role, spec, options))) as held:
        model = held.model
        assert str(model.id).startswith(provider) or str(model.id).replace("_", "-").startswith(provider)
        shown = shown_to(provider, role, request)
        if role == "Generator":
            texts = ["a photo of a teapot", "a photo of a school bus on snow"] if provider in ("folder", "studio") else PROMPTS
            check_generator(model, texts, [1, 2**31 - 1, 3, 4][: len(texts)])
        elif role == "Classifier":
            check_classifier(model)
        elif role == "Detector":
            check_detector(model)
        elif role == "Tagger":
            check_tagger(model)
        elif role == "Captioner":
            check_captioner(model)
        elif role == "Judge":
            check_judge(model, shown, [["teapot", "mug", "teapot"], LABELS][provider not in ("studio", "folder")])
        elif role == "Editor":
            check_editor(model, "茶壶", ["on grass", "nachts auf der Straße"])
        elif role not in registry.SUPPORT:
            getattr(testing, f"check_{role.lower()}")(model)
        else:
            check_describer(model, "茶壶", ["a photo of a mug at night", "雪の上"], ["a photo of a mug"])
        copy = Closed(check_pickle(model))
        copy.close()


def shown_to(provider, role, request):
    """Pictures with what their generator says of them, which an exact judge needs."""
    pictures = [Picture(image, info={"visible": 1.0, "label": "teapot"}) for image in images()]
    if (provider, role) == ("studio", "Judge"):
        studio = registry.load("Generator", "studio", {"workers": 1, "size": 64})
        pictures = studio(["a photo of a teapot", "a photo of a teapot in a close-up", "a photo of a mug"], [1, 2, 3])
        studio.close()
    return pictures


class Closed:
    """A model, and its `close` where it has one."""

    def __init__(self, model):
        self.model = model

    def close(self):
        getattr(self.model, "close", lambda: None)()


def test_a_seed_alone_tells_two_pictures_of_a_prompt_apart(build):
    """Asked only of those that promise it: a folder holds a limited number, and hosted models may ignore a seed."""
    for pair in [("python", "Generator"), ("http", "Generator"), ("openai", "Generator")]:
        spec, options = build[pair]()
        with closing(Closed(registry.load(pair[1], spec, options))) as held:
            a, b = held.model(["a photo of a mug"] * 2, [1, 2])
            assert not np.array_equal(np.asarray(a.content), np.asarray(b.content)), pair

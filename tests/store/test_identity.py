"""A run goes on with the models that it began with: the same name with other contents is another model."""

import numpy as np
import pytest
from PIL import Image

import bugscope
from bugscope.core import registry
from bugscope.core.errors import StoreError
from bugscope.providers.studio import variants
from bugscope.store.folder import Store
from bugscope.testing import World

LABELS = ["mug", "bowl"]


def began(folder, role, spec, model):
    """A run folder as a hunt with this model in one role opens it."""
    identity = {"labels": ["mug"], "models": {role: model.id}, "options": {role: spec, "seed": 0}}
    Store.create(folder, identity).close()


def refused(folder, role, spec, first, second):
    """It goes on with `first`, and refuses `second` in one line that names both."""
    began(folder, role, spec, first)
    assert first.id != second.id
    began(folder, role, spec, first)
    with pytest.raises(StoreError) as error:
        began(folder, role, spec, second)
    assert str(error.value) == (
        f"the folder {str(folder)!r} holds another run: the model behind {role} is {first.id!r} there, {second.id!r} here; "
        "choose another --out"
    )


def network(path, seed):
    """An ONNX file: the score of a class is a sum over the picture's mean colour."""
    onnx = pytest.importorskip("onnx")
    h = onnx.helper
    matrix = np.random.default_rng(seed).normal(size=(3, 2)).astype(np.float32)
    nodes = [
        h.make_node("ReduceMean", ["image"], ["colour"], axes=[2, 3], keepdims=0),
        h.make_node("MatMul", ["colour", "weights"], ["scores"]),
    ]
    inputs = [h.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["n", 3, 32, 32])]
    outputs = [h.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["n", 2])]
    graph = h.make_graph(nodes, "g", inputs, outputs, [onnx.numpy_helper.from_array(matrix, "weights")])
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), path)


def test_an_onnx_file_that_was_exported_again(tmp_path):
    pytest.importorskip("onnxruntime")
    spec, found = f"onnx/{tmp_path / 'net.onnx'}", []
    for seed in (1, 2):
        network(tmp_path / "net.onnx", seed)
        found.append(registry.load("Classifier", spec, {"labels": LABELS, "device": "cpu"}))
    refused(tmp_path / "run", "target", spec, *found)


def test_a_whole_hunt_on_a_file_that_was_exported_again(tmp_path):
    pytest.importorskip("onnxruntime")
    world, spec = World(), f"onnx/{tmp_path / 'net.onnx'}"
    roles = {role: model for role, model in world.roles().items() if role != "target"}
    options = {"target": spec, "target_args": {"labels": LABELS, "device": "cpu"}, "budget": 40, "explore": 8}
    network(tmp_path / "net.onnx", 1)
    first = bugscope.hunt(["mug"], tmp_path / "run", **options, **roles).report
    network(tmp_path / "net.onnx", 2)
    with pytest.raises(StoreError, match=r"the model behind target is 'onnx/.*net\.onnx\?model=.*' there, 'onnx/.*' here"):
        bugscope.hunt(["mug"], tmp_path / "run", **options, **roles)
    assert bugscope.load(tmp_path / "run").report == first


def test_a_folder_of_photographs_that_changed(tmp_path):
    pictures = tmp_path / "photos" / "mug"
    pictures.mkdir(parents=True)
    spec, found = f"folder/{tmp_path / 'photos'}", []
    for i in range(2):
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(pictures / f"{i}.png")
        (pictures / f"{i}.txt").write_text("a mug on a table")
        found.append(registry.load("Generator", spec, {"search": "words"}))
    refused(tmp_path / "run", "generator", spec, *found)


def test_the_studio_on_a_machine_with_the_other_variant(tmp_path, monkeypatch):
    pytest.importorskip("mitsuba")
    found = []
    for variant in ("scalar", "llvm"):
        monkeypatch.setattr(variants, "choose", lambda name, variant=variant: (variant, {}))
        found.append(registry.load("Generator", "studio", {"workers": 1}))
    for generator in found:
        generator.close()
    refused(tmp_path / "run", "generator", "studio", *found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["timm", "torchvision", "hf"])
def test_a_checkpoint_that_was_trained_on(tmp_path, kind, torch):
    """The weights change under their path, as `trainer.save` leaves them."""
    spec, options, save = CHECKPOINTS[kind](tmp_path)
    found = []
    for seed in (1, 2):
        save(seed)
        found.append(registry.load("Classifier", spec, options | {"device": "cpu"}))
    refused(tmp_path / "run", "target", spec, *found)


def of_timm(folder):
    timm = pytest.importorskip("timm")
    torch, safetensors = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch")
    file = folder / "net.safetensors"

    def save(seed):
        torch.manual_seed(seed)
        safetensors.save_file(timm.create_model("test_vit", num_classes=2).state_dict(), file)

    return "timm/test_vit", {"checkpoint": str(file), "labels": LABELS}, save


def of_torchvision(folder):
    models = pytest.importorskip("torchvision").models
    torch, safetensors = pytest.importorskip("torch"), pytest.importorskip("safetensors.torch")
    file = folder / "net.safetensors"

    def save(seed):
        torch.manual_seed(seed)
        safetensors.save_file(models.squeezenet1_1(num_classes=2).state_dict(), file)

    return "torchvision/squeezenet1_1", {"checkpoint": str(file), "labels": LABELS}, save


def of_hf(folder):
    t = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    path = folder / "vit"

    def save(seed):
        torch.manual_seed(seed)
        sizes = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
        config = t.ViTConfig(**sizes, image_size=32, patch_size=8, id2label=dict(enumerate(LABELS)))
        t.ViTForImageClassification(config).save_pretrained(path)
        t.ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(path)

    return f"hf/{path}", {}, save


CHECKPOINTS = {"timm": of_timm, "torchvision": of_torchvision, "hf": of_hf}

"""open_clip/ on tiny checkpoints of random weights, saved and loaded as real ones are: a folder, or a name and a file."""

import json
import os
import pickle
import shutil
import weakref

import numpy as np
import pytest

from bugscope.core import registry
from bugscope.core.errors import ModelError, SpecError
from bugscope.media.picture import Picture
from bugscope.testing import check_classifier, check_judge, check_pickle, images
from support.tiny_clip import CLIP, VISION, save

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning"),
]

LABELS = "tench,red mug,école,茶壶"
SIGLIP = {
    "embed_dim": 64,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {"image_size": 160, "timm_model_name": "test_vit", "timm_pool": "map", "timm_proj": "none"},
    "text_cfg": {
        "context_length": 16,
        "vocab_size": 64,
        "width": 16,
        "heads": 2,
        "layers": 2,
        "no_causal_mask": True,
        "proj_bias": True,
        "pool_type": "last",
        "hf_tokenizer_name": "nobody/nothing",
        "tokenizer_kwargs": {"clean": "canonicalize"},
    },
}
MEANS = {"mean": [0.5, 0.4, 0.3], "std": [0.5, 0.4, 0.3], "interpolation": "bicubic", "resize_mode": "squash"}


@pytest.fixture(scope="module")
def lib(torch):
    return pytest.importorskip("open_clip")


@pytest.fixture(scope="module")
def clip(torch, lib, tmp_path_factory):
    torch.manual_seed(0)
    return save(torch, lib.CLIP(**CLIP, init_logit_scale=3.0), tmp_path_factory.mktemp("clip"), CLIP)


@pytest.fixture(scope="module")
def siglip(torch, lib, tmp_path_factory):
    """With a bias, a picture tower of timm and a tokenizer of transformers, which lies in the folder."""
    tokenizers, transformers = pytest.importorskip("tokenizers"), pytest.importorskip("transformers")
    torch.manual_seed(1)
    folder = save(torch, lib.CustomTextCLIP(**own(SIGLIP)), tmp_path_factory.mktemp("siglip"), SIGLIP, **MEANS)
    letters = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({c: i for i, c in enumerate(["<pad>", "<unk>", *"abcdefghijklmnopqrstuvwxyz"])}, "<unk>")
    )
    letters.pre_tokenizer = tokenizers.pre_tokenizers.Split(tokenizers.Regex("."), "isolated")
    transformers.PreTrainedTokenizerFast(tokenizer_object=letters, pad_token="<pad>", unk_token="<unk>").save_pretrained(folder)
    return folder


def own(config):
    return {name: value for name, value in config.items() if name != "custom_text"}


@pytest.fixture(scope="module", params=["clip", "siglip"])
def folder(request):
    return request.getfixturevalue(request.param)


def target(spec, **options):
    return registry.load("Classifier", f"open_clip/{spec}", {"device": "cpu", "labels": LABELS} | options)


def judge(spec, **options):
    return registry.load("Judge", f"open_clip/{spec}", {"device": "cpu", "against": LABELS} | options)


def test_it_fits_its_role_as_a_classifier(folder):
    made = target(f"local-dir:{folder}")
    assert list(made.labels) == LABELS.split(",")
    check_classifier(made)
    check_pickle(made)


def test_it_fits_its_role_as_a_judge(folder):
    made = judge(f"local-dir:{folder}")
    pictures = [Picture(image) for image in images()]
    check_judge(made, pictures, ["red mug", "école", "not in the list"])
    check_pickle(made)


def test_scores_are_those_of_open_clip(torch, lib, folder):
    name = f"local-dir:{folder}"
    network, preprocess = lib.create_model_from_pretrained(name)
    network.eval()
    with torch.inference_mode():
        texts = lib.get_tokenizer(name)([f"big {label}" for label in LABELS.split(",")])
        pixels = torch.stack([preprocess(image) for image in images()])
        want = network.get_logits(pixels, texts)[0].softmax(dim=-1).numpy()
    scores = target(name, templates="big {label}")(images())
    np.testing.assert_allclose(scores, want, rtol=2e-3, atol=1e-5)
    assert np.abs(scores[0] - scores[1]).max() > 1e-3, "a picture changes nothing"
    assert np.ptp(scores) > 1e-3, "a label changes nothing"


def test_the_preprocessing_is_the_checkpoints_own(siglip):
    transform = repr(target(f"local-dir:{siglip}").embedder.preprocess)
    assert "mean=[0.5, 0.4, 0.3]" in transform and "160" in transform


def test_what_training_leaves_to_chance_is_off(clip, tmp_path):
    shutil.copy(clip / "open_clip_model.safetensors", tmp_path)
    config = CLIP | {"vision_cfg": VISION | {"patch_dropout": 0.5}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {}}))
    want = target(f"local-dir:{clip}")(images())
    np.testing.assert_allclose(target(f"local-dir:{tmp_path}")(images()), want, rtol=1e-5)


def test_an_architecture_and_a_file(torch, lib, clip, tmp_path):
    (tmp_path / "tiny-clip.json").write_text(json.dumps(CLIP))
    lib.add_model_config(tmp_path)
    want = target(f"local-dir:{clip}")(images())
    made = target(f"tiny-clip:{clip / 'open_clip_model.safetensors'}")
    np.testing.assert_allclose(made(images()), want, rtol=1e-5)
    safetensors = pytest.importorskip("safetensors.torch")
    torch.save(safetensors.load_file(clip / "open_clip_model.safetensors"), tmp_path / "weights.pt")
    np.testing.assert_allclose(target(f"tiny-clip:{tmp_path / 'weights.pt'}")(images()), want, rtol=1e-5)


def test_the_activation_is_the_one_of_the_weights(lib, clip, tmp_path, monkeypatch):
    """Tags of OpenAI's weights go with QuickGELU, whichever architecture's name is given; open_clip only warns."""
    (tmp_path / "tiny-quick.json").write_text(json.dumps(CLIP))
    lib.add_model_config(tmp_path)
    file = str(clip / "open_clip_model.safetensors")
    monkeypatch.setitem(lib.pretrained._PRETRAINED, "tiny-quick", {"mine": {"file": file, "quick_gelu": True}})
    made = target("tiny-quick:mine")
    assert type(made.embedder.network.visual.transformer.resblocks[0].mlp.gelu).__name__ == "QuickGELU"
    assert not np.allclose(made(images()), target(f"local-dir:{clip}")(images()), rtol=1e-4)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_close(folder, dtype):
    full, half = target(f"local-dir:{folder}"), target(f"local-dir:{folder}", dtype=dtype)
    assert half.id != full.id
    np.testing.assert_allclose(half(images()), full(images()), atol=0.02)


def test_the_name_tells_what_changes_an_answer(clip):
    changes = [{}, {"labels": "a,b"}, {"templates": "{label}"}, {"dtype": "bfloat16"}]
    ids = {target(f"local-dir:{clip}", **change).id for change in changes}
    ids |= {
        judge(f"local-dir:{clip}", **change).id for change in [{}, {"against": "a,b"}, {"templates": "{label}"}, {"top": 2}]
    }
    assert len(ids) == 8
    made = target(f"local-dir:{clip}")
    assert made.id == f"open_clip/local-dir:{clip}?dtype=float32&texts={made.digest}"


def test_the_default_labels_are_imagenets(clip):
    made = registry.load("Classifier", f"open_clip/local-dir:{clip}", {"device": "cpu", "templates": "{label}"})
    assert len(made.labels) == 1000 and made(images()).shape == (3, 1000)


def test_out_of_memory_asks_for_smaller_batches(torch, clip):
    made = target(f"local-dir:{clip}")
    made.embedder.device.at_once = 10**9
    held = []

    def small_gpu(module, args):
        held.append(weakref.ref(args[0]))
        if len(args[0]) > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    made.embedder.network.visual.register_forward_pre_hook(small_gpu)
    with pytest.raises(MemoryError, match="CUDA out of memory") as error:
        made(images())
    assert error.value.__context__ is None and held[-1]() is None, "the error keeps the batch in memory"
    assert made(images()[:2]).shape == (2, 4)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("ViT-B-23:openai", "unknown open_clip model 'ViT-B-23'. Did you mean 'ViT-B-32'"),
        ("", "unknown open_clip model ''"),
        ("hf-hup:timm/ViT", "unknown open_clip model 'hf-hup'. Did you mean 'hf-hub:'"),
        ("ViT-B-32:laion2b_s34b_b79", "unknown weights of ViT-B-32 'laion2b_s34b_b79'. Did you mean 'laion2b_s34b_b79k'"),
        ("ViT-B-32", "names no weights; it should read open_clip/ARCH:WEIGHTS, e.g. open_clip/ViT-B-32:openai"),
        ("local-dir:", "names no weights"),
        ("ViT-B-32:/nowhere/weights.safetensors", "no file '/nowhere/weights.safetensors' with weights of ViT-B-32"),
        ("ViT-B-32:weights.pt", "no file 'weights.pt' with weights of ViT-B-32"),
    ],
)
def test_names_that_mean_nothing_are_named(lib, spec, message):
    with pytest.raises(SpecError) as error:
        target(spec)
    assert message in str(error.value)


def test_a_folder_that_is_not_there_is_a_sentence(lib, tmp_path):
    with pytest.raises(ModelError, match=r"^cannot read 'local-dir:.*/none': FileNotFoundError"):
        target(f"local-dir:{tmp_path / 'none'}")


def test_a_folder_without_weights_is_a_sentence(lib, tmp_path):
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": CLIP, "preprocess_cfg": {}}))
    with pytest.raises(ModelError, match="cannot load the target .* weights"):
        target(f"local-dir:{tmp_path}")


@pytest.mark.parametrize("options", [{"dtype": "flaot16"}, {"label": "a,b"}, {"templates": "a photo"}])
def test_options_that_mean_nothing_are_named(clip, options):
    with pytest.raises(SpecError, match="float16|'label'|template"):
        target(f"local-dir:{clip}", **options)


def test_a_device_that_is_not_there_is_a_sentence(clip):
    with pytest.raises(ModelError, match="cannot load the judge .* device"):
        judge(f"local-dir:{clip}", device="gpu")


class Run:
    """Pickles to a call of anything."""

    def __reduce__(self):
        return os.system, ("touch owned",)


@pytest.mark.parametrize("name", ["open_clip_pytorch_model.bin", "model.pth"])
def test_a_pickle_is_not_opened(lib, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": CLIP, "preprocess_cfg": {}}))
    (tmp_path / name).write_bytes(pickle.dumps({"state_dict": Run()}))
    with pytest.raises(ModelError, match="cannot load the target"):
        target(f"local-dir:{tmp_path}")
    assert not (tmp_path / "owned").exists()


def test_code_of_a_checkpoint_is_not_run(lib, siglip, tmp_path, monkeypatch):
    config = json.loads((siglip / "open_clip_config.json").read_text())
    config["model_cfg"]["text_cfg"]["tokenizer_kwargs"]["trust_remote_code"] = True
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="asks to run code that comes with it, which is not allowed"):
        target(f"local-dir:{tmp_path}")


def test_nothing_is_printed(clip, capfd):
    target(f"local-dir:{clip}")(images())
    assert capfd.readouterr().out == ""

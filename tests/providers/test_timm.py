"""timm/NAME on random weights that the tests save, as timm itself does (`save_for_hf`) or as a file of one's own."""

import json

import numpy as np
import pytest

from bugscope.core import registry
from bugscope.core.errors import ModelError, SpecError
from bugscope.core.labels import accepted, imagenet, wordnet_ids
from bugscope.providers.timm import synset_names
from bugscope.testing import check_classifier, check_pickle, images

pytestmark = pytest.mark.slow

NAMES = ["Katze", "Hündin", "鳥", "żółw", "notebook, notebook computer"]
TINY = "test_resnet"


@pytest.fixture(scope="module")
def timm(torch):
    return pytest.importorskip("timm")


@pytest.fixture(scope="module")
def network(torch, timm):
    """A network of random weights, whose answers differ from picture to picture."""

    def made(name=TINY, **options):
        torch.manual_seed(0)
        net = timm.create_model(name, pretrained=False, **options)
        for value in net.parameters():
            if value.ndim > 1:
                torch.nn.init.normal_(value, std=0.1)
        return net.eval()

    return made


@pytest.fixture
def folder(network, tmp_path):
    """Saves a network as timm does for the hub, and gives its spec."""

    def made(name=TINY, config=None, **options):
        save_for_hf = pytest.importorskip("timm.models").save_for_hf
        save_for_hf(network(name, **options), tmp_path / "saved", model_config=config, safe_serialization=True)
        return f"local-dir:{tmp_path / 'saved'}"

    return made


@pytest.fixture(scope="module")
def checkpoint(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "best.safetensors"
    pytest.importorskip("safetensors.torch").save_file(network(num_classes=5).state_dict(), path)
    return path


def load(spec=TINY, **options):
    return registry.load("Classifier", f"timm/{spec}", {"device": "cpu"} | options)


def own(path, spec=TINY, **options):
    return load(spec, checkpoint=str(path), **{"labels": NAMES} | options)


def test_a_saved_model_keeps_the_contract(folder):
    spec = folder(num_classes=5, config={"label_names": NAMES})
    target = load(spec)
    check_classifier(target)
    check_pickle(target)
    assert list(target.labels) == [*NAMES[:4], "notebook"]
    assert "notebook" in accepted("laptop")
    scores = target(images())
    assert scores.dtype == np.float32
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert np.abs(scores[0] - scores[1]).max() > 1e-3
    assert list(load(spec, labels="a,b,c,d,e").labels) == list("abcde")


def test_pictures_are_prepared_as_the_checkpoint_says(torch, timm, network, folder):
    config = {"mean": (0.1, 0.2, 0.3), "std": (0.4, 0.5, 0.6), "interpolation": "bilinear", "crop_pct": 0.5}
    target = load(folder(num_classes=5, config={"label_names": NAMES, "pretrained_cfg": config | {"input_size": (3, 96, 96)}}))
    data = pytest.importorskip("timm.data")
    transform = data.create_transform(**config | {"input_size": (3, 96, 96), "crop_mode": "center"}, is_training=False)
    with torch.inference_mode():
        want = [network(num_classes=5)(transform(p)[None]).softmax(1)[0].numpy() for p in images()]
    assert np.allclose(target(images()), want, atol=1e-5)


def test_own_weights_say_how_many_classes_there_are(checkpoint, folder, network, torch):
    target = own(checkpoint)
    check_classifier(target)
    check_pickle(target)
    assert list(target.labels) == [*NAMES[:4], "notebook"]
    assert np.allclose(target(images()), load(folder(num_classes=5), labels=NAMES)(images()), atol=1e-6)
    assert own(checkpoint, folder()).labels == target.labels  # an architecture of the hub or a folder does too


@pytest.mark.parametrize(
    "name", ["test_vit", "test_convnext", "test_efficientnet", "test_byobnet", "deit_tiny_distilled_patch16_224"]
)
def test_own_weights_of_other_families(network, name, tmp_path):
    path = tmp_path / "own.safetensors"
    pytest.importorskip("safetensors.torch").save_file(network(name, num_classes=3).state_dict(), path)
    target = own(path, name, labels="a,b,c")
    assert target(images()[:2]).shape == (2, 3)


def test_a_training_run_of_timm_is_read(torch, network, tmp_path, checkpoint):
    """Its averaged weights, where it has them."""
    state = network(num_classes=5).state_dict()
    other = {k: torch.zeros_like(v) for k, v in state.items()}
    torch.save({"epoch": 1, "arch": TINY, "state_dict": other, "state_dict_ema": state}, tmp_path / "model_best.pth.tar")
    assert np.array_equal(own(tmp_path / "model_best.pth.tar")(images()), own(checkpoint)(images()))


def test_weights_that_do_not_fit_are_a_sentence(checkpoint):
    with pytest.raises(ModelError, match="not those of timm's test_vit: there is no 'head.weight' among them"):
        own(checkpoint, "test_vit")
    with pytest.raises(ModelError, match="not those of timm's resnet18"):
        own(checkpoint, "resnet18")
    with pytest.raises(SpecError, match="has 5 classes, but there are 2 labels"):
        own(checkpoint, labels="a,b")
    with pytest.raises(SpecError, match="has 5 outputs and no names for them; pass the argument labels="):
        load(checkpoint=str(checkpoint))
    with pytest.raises(SpecError, match="is not a file"):
        own(checkpoint.with_name("worst.safetensors"))


def test_a_name_that_timm_does_not_have_is_a_sentence():
    for spec, says in {
        "resnet5.a1_in1k": r"unknown timm model 'resnet5.a1_in1k'. Did you mean 'resnet50.a1_in1k'",
        "resnet50.a1_in2k": r"unknown timm weights of resnet50 'resnet50.a1_in2k'. Did you mean 'resnet50.a1_in1k'",
        "timm/resnet50.a1_in1k": r"write timm/hf-hub:timm/resnet50.a1_in1k for the hub, timm/local-dir:",
        "resnet50:V1": r"write timm/hf-hub:resnet50:V1",
        "": "unknown timm model ''",
    }.items():
        with pytest.raises(SpecError, match=says):
            load(spec)
    with pytest.raises(SpecError, match="unknown argument .* 'label'. Did you mean 'labels'"):
        load(label="x")


def test_an_architecture_without_weights_asks_for_yours(timm):
    name = next(name for name in timm.list_models() if not timm.list_pretrained(name))
    with pytest.raises(SpecError, match=rf"no weights of '{name}'; pass your own \(checkpoint=FILE\)"):
        load(name)


def test_a_folder_without_a_model_is_a_sentence(tmp_path):
    with pytest.raises(ModelError, match="cannot load the target 'timm/local-dir:.*': .*config.json"):
        load(f"local-dir:{tmp_path}")


def test_features_are_no_classes(folder):
    with pytest.raises(SpecError, match="gives features and has no classes"):
        load(folder(num_classes=0))


def test_pictures_of_other_channels_are_refused(folder):
    with pytest.raises(SpecError, match="takes pictures of 1 channels; expected 3"):
        load(folder(num_classes=5, in_chans=1), labels=NAMES)


def test_outputs_that_nothing_names_ask_for_labels(folder):
    """An image-text network's embedding, say."""
    with pytest.raises(SpecError, match="has 512 outputs and no names for them"):
        load(folder(num_classes=512))


def test_weights_of_the_hub_are_found_in_its_cache(network, torch, tmp_path, monkeypatch):
    """As `huggingface_hub` lays it out; nothing is fetched."""
    constants = pytest.importorskip("huggingface_hub").constants
    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for repository, net, names in (
        (f"timm/{TINY}.r160_in1k", network(), None),
        ("someone/birds", network(num_classes=5), NAMES),
    ):
        root = cache / ("models--" + repository.replace("/", "--"))
        (root / "refs").mkdir(parents=True)
        (root / "refs" / "main").write_text("0" * 40)
        config = {"label_names": names} if names else None
        save_for_hf = pytest.importorskip("timm.models").save_for_hf
        save_for_hf(net, root / "snapshots" / ("0" * 40), model_config=config, safe_serialization=True)
    plain = load(TINY)
    assert plain.labels == imagenet()
    assert plain.id.startswith(f"timm/{TINY}.r160_in1k?dtype=float32&weights=")
    assert plain.id == load(f"{TINY}.r160_in1k").id
    check_classifier(plain)
    for prefix in ("hf-hub:", "hf_hub:"):
        assert list(load(f"{prefix}someone/birds").labels) == [*NAMES[:4], "notebook"]
    with pytest.raises(ModelError, match="cannot load the target 'timm/hf-hub:someone/bees'"):
        load("hf-hub:someone/bees")


def test_a_name_that_timm_has_changed_is_followed(timm):
    """No weights here, so it is the new name that cannot be fetched or found."""
    deprecated = pytest.importorskip("timm.models").get_deprecated_models()
    old, new = next((old, new) for old, new in deprecated.items() if new and new in timm.list_pretrained())
    from_timm = pytest.importorskip("bugscope.providers.timm")
    assert from_timm.current_name(timm, old, own=False) == new


@pytest.mark.parametrize(
    ("classes", "subset"), [(11821, "imagenet-12k"), (21841, "imagenet-22k"), (21843, "imagenet-21k-goog")]
)
def test_larger_imagenets_have_their_names(folder, classes, subset):
    target = load(folder(num_classes=classes))
    assert len(set(target.labels)) == len(target.labels) == classes
    ids = pytest.importorskip("timm.data").ImageNetInfo(subset).label_names()
    ours = {wordnet: name for name, wordnet in wordnet_ids().items()}
    shared = [(ours[key], label) for key, label in zip(ids, target.labels, strict=True) if key in ours]
    assert len(shared) > 990
    assert all(a == b for a, b in shared)
    others = [label for key, label in zip(ids, target.labels, strict=True) if key not in ours]
    assert not set(others) & set(imagenet())  # a game is not the insect of the name
    assert sum("(n" in label for label in others) < classes / 20
    assert target(images()[:1]).shape == (1, classes)


def test_ids_with_words_beside_them_are_read_by_the_words(folder):
    ids = ["n01440764", "n00005787", "n02778669", "n02778670"]
    described = dict(zip(ids, ["tench, Tinca tinca", "benthos", "ball", "ball, globe"], strict=True))
    config = {"label_names": ids, "label_descriptions": described}
    assert list(load(folder(num_classes=4, config=config)).labels) == ["tench", "benthos", "ball", "globe"]
    assert synset_names(["n1", "n2", "n3"], {"n1": "ball", "n2": "ball", "n3": "cricket"}) == [
        "ball",
        "ball (n2)",
        "cricket (n3)",
    ]


def test_names_by_number_are_put_in_order(folder, tmp_path):
    spec = folder(num_classes=3)
    path = tmp_path / "saved" / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"label_names": {"2": "c", "0": "ä", "1": "b"}}), encoding="utf-8")
    assert list(load(spec).labels) == ["ä", "b", "c"]


def test_the_id_tells_what_changes_an_answer(torch, network, folder, checkpoint, tmp_path):
    state = network(num_classes=5).state_dict()
    state = {k: v + 1 for k, v in state.items()}
    pytest.importorskip("safetensors.torch").save_file(state, tmp_path / "later.safetensors")
    spec = folder(num_classes=5, config={"label_names": NAMES})
    found = [own(checkpoint), own(tmp_path / "later.safetensors"), own(checkpoint, labels="a,b,c,d,e"), load(spec)]
    found += [
        own(checkpoint, dtype="bfloat16"),
        load(folder(num_classes=5, config={"pretrained_cfg": {"crop_pct": 0.5}}), labels=NAMES),
    ]
    assert len({model.id for model in found}) == len(found)


def test_a_tagger_gives_each_label_a_probability_of_its_own(torch, network, folder, checkpoint):
    spec = folder(num_classes=5, config={"label_names": NAMES})
    target = registry.load("Tagger", f"timm/{spec}", {"device": "cpu"})
    check_pickle(target)
    plain = load(spec)
    assert target.labels == plain.labels and target.id != plain.id
    found = target(images())
    logits = np.log(plain(images()))
    # a softmax keeps the differences of the logits
    odds = np.log(found / (1 - found))
    assert np.allclose(np.diff(odds, axis=1), np.diff(logits, axis=1), atol=1e-2)
    assert found.dtype == np.float32 and target([]).shape == (0, 5)
    with pytest.raises(SpecError, match="has 5 classes, but there are 1 labels"):
        registry.load("Tagger", f"timm/{TINY}", {"checkpoint": str(checkpoint), "labels": ["a"], "device": "cpu"})

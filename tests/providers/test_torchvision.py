"""torchvision/NAME on random weights that the tests save, as a file of one's own or where torchvision keeps its downloads."""

import argparse
import pickle
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest
from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import ModelError, SpecError
from bugscope.core.labels import accepted, imagenet
from bugscope.testing import check_classifier, check_pickle, images

pytestmark = pytest.mark.slow

NAMES = ["Katze", "Hündin", "鳥", "żółw", "notebook, notebook computer"]


@pytest.fixture(scope="module")
def models(torch):
    return pytest.importorskip("torchvision").models


@pytest.fixture(scope="module")
def network(torch, models):
    """A network of random weights, whose answers differ from picture to picture."""

    def made(name="squeezenet1_1", classes=5, **options):
        torch.manual_seed(0)
        net = models.get_model(name, weights=None, num_classes=classes, **options)
        for value in net.parameters():
            if value.ndim > 1:
                torch.nn.init.kaiming_normal_(value)
        return net.eval()

    return made


@pytest.fixture(scope="module")
def checkpoint(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "best.safetensors"
    save(network().state_dict(), path)
    return path


def save(state, path):
    pytest.importorskip("safetensors.torch").save_file({k: v.contiguous() for k, v in state.items()}, path)


def load(spec="squeezenet1_1", **options):
    return registry.load("Classifier", f"torchvision/{spec}", {"device": "cpu"} | options)


def own(path, spec="squeezenet1_1", **options):
    return load(spec, checkpoint=str(path), **{"labels": NAMES} | options)


def test_own_weights_keep_the_contract(checkpoint):
    target = own(checkpoint)
    check_classifier(target)
    check_pickle(target)
    assert list(target.labels) == [*NAMES[:4], "notebook"]
    assert "notebook" in accepted("laptop")
    scores = target(images())
    assert scores.dtype == np.float32
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert np.abs(scores[0] - scores[1]).max() > 1e-3


def test_the_answer_is_that_of_the_network_on_pictures_prepared_by_torchvision(torch, models, network, checkpoint):
    transform = models.SqueezeNet1_1_Weights.DEFAULT.transforms()
    with torch.inference_mode():
        want = [network()(transform(picture)[None]).softmax(1)[0].numpy() for picture in images()]
    assert np.allclose(own(checkpoint)(images()), want, atol=1e-6)


def test_pth_files_are_read_as_people_write_them(torch, network, checkpoint, tmp_path):
    state, want = network().state_dict(), own(checkpoint)(images())
    wrapped = {
        "plain.pth": state,
        "lightning.pt": {"state_dict": {f"model.{k}": v for k, v in state.items()}, "epoch": 3},
        "parallel.bin": {"model": {f"module.{k}": v for k, v in state.items()}, "args": argparse.Namespace(lr=0.1)},
        "compiled.pth": {"model_state_dict": {f"_orig_mod.{k}": v for k, v in state.items()}, "optimizer": {"lr": 0.1}},
    }
    for name, value in wrapped.items():
        torch.save(value, tmp_path / name)
        target = own(tmp_path / name)
        assert np.array_equal(target(images()), want), name
        assert target.id == own(checkpoint).id


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("ran"),)


def test_no_pickle_is_run(torch, network, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(network(), "whole.pth")
    torch.save({"state_dict": network().state_dict(), "callback": Bomb()}, "bomb.pth")
    Path("bare.pth").write_bytes(pickle.dumps(Bomb(), protocol=2))
    for name in ("whole.pth", "bomb.pth", "bare.pth"):
        with pytest.raises(ModelError, match=r"could run code; save model.state_dict\(\)"):
            own(name)
    assert not Path("ran").exists()


def test_a_file_that_does_not_fit_is_a_sentence(torch, network, checkpoint, tmp_path):
    with pytest.raises(SpecError, match="checkpoint '.*bests.safetensors' is not a file. Did you mean '.*best.safetensors'"):
        own(checkpoint.parent / "bests.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot read the checkpoint '.*broken.safetensors'"):
        own(tmp_path / "broken.safetensors")
    torch.save({"epoch": 3, "loss": 0.1}, tmp_path / "log.pth")
    with pytest.raises(ModelError, match="should hold a state dict .* a dict of epoch, loss"):
        own(tmp_path / "log.pth")
    torch.save([1], tmp_path / "list.pth")
    with pytest.raises(ModelError, match="but holds a list"):
        own(tmp_path / "list.pth")
    with pytest.raises(ModelError, match="not those of torchvision's resnet18: there is no 'fc.weight' among them"):
        own(checkpoint, "resnet18")
    with pytest.raises(ModelError, match="not those of torchvision's squeezenet1_0: .*Missing key"):
        own(checkpoint, "squeezenet1_0")


def test_labels_that_do_not_fit_are_a_sentence(checkpoint):
    with pytest.raises(SpecError, match="has 5 classes, but there are 2 labels"):
        own(checkpoint, labels="a,b")
    with pytest.raises(SpecError, match="has 5 outputs and no names for them; pass the argument labels="):
        load(checkpoint=str(checkpoint))


def test_a_name_that_torchvision_does_not_have_is_a_sentence():
    for spec, says in {
        "resnet5": "unknown torchvision classifier 'resnet5'. Did you mean 'resnet50'",
        "fcn_resnet50": "unknown torchvision classifier 'fcn_resnet50'",  # segments
        "resnet50:IMAGENET1K_V3": "unknown weights of torchvision/resnet50 'IMAGENET1K_V3'. Did you mean 'IMAGENET1K_V",
        "vgg16:IMAGENET1K_FEATURES": "vgg16:IMAGENET1K_FEATURES has no classes; these have: IMAGENET1K_V1",
        "": "unknown torchvision classifier ''",
    }.items():
        with pytest.raises(SpecError, match=says):
            load(spec)
    with pytest.raises(SpecError, match="unknown argument .* 'checkpiont'. Did you mean 'checkpoint'"):
        load(checkpiont="x")
    with pytest.raises(SpecError, match="unknown dtype 'float8'"):
        load(dtype="float8")


@pytest.fixture
def kept(models, network, tmp_path, monkeypatch):
    """Random weights where torchvision keeps what it has downloaded."""

    def made(name, weights, **options):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        monkeypatch.setattr("urllib.request.urlopen", None)  # nothing is to be fetched
        member = models.get_model_weights(name)[weights]
        file = tmp_path / "hub" / "checkpoints" / Path(urlparse(member.url).path).name
        file.parent.mkdir(parents=True, exist_ok=True)
        net = network(name, 1000, **options)
        pytest.importorskip("torch").save(net.state_dict(), file)
        return net, file

    return made


def test_torchvisions_own_weights_are_loaded_with_their_names(torch, models, kept, capsys):
    net, _ = kept("squeezenet1_1", "IMAGENET1K_V1")
    target = load("squeezenet1_1")
    assert target.id.startswith("torchvision/squeezenet1_1:IMAGENET1K_V1?")
    assert target.id == load("squeezenet1_1:DEFAULT").id == load("squeezenet1_1:IMAGENET1K_V1").id
    assert target.labels == imagenet()
    check_classifier(target)
    check_pickle(target)
    transform = models.SqueezeNet1_1_Weights.DEFAULT.transforms()
    with torch.inference_mode():
        want = net(transform(images()[0])[None]).softmax(1).numpy()
    assert np.allclose(target(images()[:1]), want, atol=1e-6)
    assert capsys.readouterr().out == ""


def test_weights_that_are_to_be_fetched_print_nothing_where_answers_go(tmp_path, monkeypatch, capsys):
    def unreachable(*_, **__):
        raise OSError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", unreachable)
    with pytest.raises(ModelError, match="cannot load the target 'torchvision/squeezenet1_1': OSError: no network"):
        load("squeezenet1_1")
    assert capsys.readouterr().out == ""


def test_a_pickle_in_the_place_of_a_download_is_not_run(torch, kept, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, file = kept("squeezenet1_1", "IMAGENET1K_V1")
    torch.save(Bomb(), file)
    with pytest.raises(ModelError, match="cannot load the target"):
        load("squeezenet1_1")
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("googlenet", {"aux_logits": True, "init_weights": False}),
        ("mnasnet0_5", {}),
        ("densenet121", {}),
        ("vit_b_32", {}),
        ("regnet_y_400mf", {}),
        ("mobilenet_v3_small", {}),
        ("shufflenet_v2_x0_5", {}),
    ],
)
def test_the_networks_are_those_that_torchvision_builds(torch, models, kept, name, options):
    """What torchvision's own builder answers with the same weights, its pictures' size and its inner normalisation included."""
    kept(name, "IMAGENET1K_V1", **options)
    weights = models.get_model_weights(name)["IMAGENET1K_V1"]
    net = models.get_model(name, weights=weights).eval()
    with torch.inference_mode():
        want = net(weights.transforms()(images()[0])[None]).softmax(1).numpy()
    assert np.allclose(load(f"{name}:IMAGENET1K_V1")(images()[:1]), want, rtol=1e-3, atol=1e-6)


def test_own_weights_go_with_the_size_of_the_weights_that_are_named(network, tmp_path):
    """Fine-tuned at 384 pixels from IMAGENET1K_SWAG_E2E_V1."""
    save(network("vit_b_16", 2, image_size=384).state_dict(), tmp_path / "own.safetensors")
    target = own(tmp_path / "own.safetensors", "vit_b_16:IMAGENET1K_SWAG_E2E_V1", labels="a,b")
    assert target(images()[:1]).shape == (1, 2)
    with pytest.raises(ModelError, match="not those of torchvision's vit_b_16"):
        own(tmp_path / "own.safetensors", "vit_b_16", labels="a,b")


def test_own_googlenet_and_mnasnet_are_read_though_they_lack_something(network, tmp_path):
    """Fine-tuned from torchvision's, googlenet has no side outputs; safetensors have no version, which mnasnet asks for."""
    for name, options in {"googlenet": {"aux_logits": False, "init_weights": False}, "mnasnet0_5": {}}.items():
        save(network(name, 5, **options).state_dict(), tmp_path / name)
        (tmp_path / name).rename(tmp_path / f"{name}.safetensors")
        check_classifier(own(tmp_path / f"{name}.safetensors", name), images()[:2])


def test_the_id_tells_what_changes_an_answer(network, checkpoint, tmp_path):
    state = network().state_dict()
    state["classifier.1.bias"] += 1
    save(state, tmp_path / "later.safetensors")
    ids = [own(checkpoint).id, own(tmp_path / "later.safetensors").id, own(checkpoint, labels="a,b,c,d,e").id]
    ids.append(own(checkpoint, dtype="bfloat16").id)
    assert len(set(ids)) == len(ids)


def test_half_precision_answers_as_full_does(checkpoint):
    half, picture = own(checkpoint, dtype="bfloat16"), Image.new("RGB", (64, 64), "red")
    assert half([]).shape == (0, 5)
    assert np.allclose(half([picture]), own(checkpoint)([picture]), atol=0.1)

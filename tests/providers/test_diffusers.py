"""diffusers/MODEL on tiny checkpoints of random weights, saved and loaded as a real one is: through the hub's file layout."""

import json
import os
import pickle
import shutil
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

from bugscope.core import registry
from bugscope.core.errors import ModelError, SpecError
from bugscope.core.options import Config
from bugscope.core.records import Prompt, Refused, Sample, Specimen, Status
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.store.folder import Store
from bugscope.testing import check_generator

pytestmark = [
    pytest.mark.slow,
    # diffusers' schedulers make numpy arrays of PyTorch tensors; torch.compile imports torch.jit
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning"),
]

PROMPTS = ["a red mug", "a bus on snow", "a"]
SMALL = {"device": "cpu", "steps": 2, "height": 32, "width": 32}


@pytest.fixture(scope="module")
def lib(torch):
    """diffusers and transformers under one name each."""
    return SimpleNamespace(d=pytest.importorskip("diffusers"), t=pytest.importorskip("transformers"))


@pytest.fixture(scope="module")
def parts(lib, tmp_path_factory):
    from support import tiny_diffusion  # noqa: PLC0415 - it needs torch

    return tiny_diffusion.parts(tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture(scope="module")
def stable(parts):
    """Makes a tiny Stable Diffusion pipeline."""
    from support import tiny_diffusion  # noqa: PLC0415

    return lambda **more: tiny_diffusion.stable(parts, **more)


@pytest.fixture(scope="module")
def folder(stable, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stable")
    stable().save_pretrained(folder)
    return folder


def load(folder, **options):
    return registry.load("Generator", f"diffusers/{folder}", SMALL | options)


@pytest.fixture(scope="module")
def generator(folder):
    return load(folder)


def pixels(made):
    return [np.asarray(p.content, dtype=int) for p in made]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(pixels(a), pixels(b), strict=True))


def noise_of(generator, prompts, seeds):
    """What the denoiser is given at its first step, one tensor a picture."""
    seen = []
    network = getattr(generator.pipe, "unet", None) or generator.pipe.transformer
    hook = network.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append((args[0] if args else kwargs["hidden_states"]).clone()), with_kwargs=True
    )
    try:
        made = generator(prompts, seeds)
    finally:
        hook.remove()
    calls = len(seen) // (len(prompts) if generator.device.at_once == 1 else 1)
    # the halves for guidance stand one after the other
    first = [x for call in seen[::calls] for x in call[: len(call) // 2]]
    return made, first


def test_it_fits_its_role(generator):
    check_generator(generator, PROMPTS)
    assert [p.content.size for p in generator(PROMPTS[:1], [0])] == [(32, 32)]


def test_the_same_seed_has_the_same_noise_under_another_prompt(torch, folder):
    generator = load(folder)
    for generator.device.at_once in (1, 10**9):
        made, noise = noise_of(generator, ["a red mug", "a blue mug on snow", "a red mug"], [7, 7, 8])
        assert torch.equal(noise[0], noise[1])
        assert not torch.equal(noise[0], noise[2])
        assert not np.array_equal(*pixels(made[:2]))
        assert not np.array_equal(*pixels(made[::2]))
    assert torch.equal(noise_of(generator, ["a"], [7])[1][0], noise[0])


@pytest.mark.parametrize("scheduler", ["", "PNDMScheduler", "EulerAncestralDiscreteScheduler", "DDPMScheduler", "LCMScheduler"])
def test_a_batch_gives_what_one_by_one_gives(folder, scheduler):
    generator = load(folder, scheduler=scheduler, steps=4)
    seeds = [3, 2**31 - 1, 0, 3]
    prompts = [*PROMPTS, PROMPTS[0]]
    alone = generator(prompts, seeds)
    assert same(alone[:1], alone[3:])
    assert not np.array_equal(*pixels(generator(["a", "a"], [1, 2])))
    generator.device.at_once = 10**9
    together = pixels(generator(prompts, seeds))
    assert max(np.abs(a - b).max() for a, b in zip(pixels(alone), together, strict=True)) <= 1


def test_the_state_of_torch_changes_nothing_and_is_not_changed(torch, generator):
    want = generator(PROMPTS, [1, 2, 3])
    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert same(generator(PROMPTS, [1, 2, 3]), want)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_scheduler_that_adds_noise_takes_it_from_the_seed_where_the_pipeline_does_not_say(torch, lib, parts, tmp_path):
    torch.manual_seed(2)
    encoders = [lib.t.CLIPTextModelWithProjection(parts.text) for _ in range(2)]
    t5 = lib.t.T5Config(vocab_size=len(parts.tokenizer), d_model=64, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    sizes = {"sample_size": 32, "patch_size": 1, "in_channels": 4, "out_channels": 4, "num_layers": 1, "pos_embed_max_size": 32}
    sizes |= {"attention_head_dim": 8, "num_attention_heads": 4, "joint_attention_dim": 64, "caption_projection_dim": 32}
    lib.d.StableDiffusion3Pipeline(
        transformer=lib.d.SD3Transformer2DModel(pooled_projection_dim=64, **sizes),
        scheduler=lib.d.FlowMatchEulerDiscreteScheduler(stochastic_sampling=True),
        vae=parts.vae,
        text_encoder=encoders[0],
        tokenizer=parts.tokenizer,
        text_encoder_2=encoders[1],
        tokenizer_2=parts.tokenizer,
        text_encoder_3=lib.t.T5EncoderModel(t5),
        tokenizer_3=parts.tokenizer,
    ).save_pretrained(tmp_path)
    generator = load(tmp_path, steps=4)
    check_generator(generator, PROMPTS)
    generator.device.at_once = 10**9
    check_generator(generator, PROMPTS[:1] * 2)
    assert not np.array_equal(*pixels(generator(["a", "a"], [1, 2])))


def test_sizes_are_pixels(folder):
    assert load(folder, height=16, width=48)(["a"], [1])[0].content.size == (48, 16)
    assert load(folder, height=0, width=0)(["a"], [1])[0].content.size == (64, 64)


CHANGES = [
    {"steps": 3},
    {"guidance": 0},
    {"guidance": 2},
    {"height": 48},
    {"width": 48},
    {"dtype": "bfloat16"},
    {"scheduler": "EulerAncestralDiscreteScheduler"},
    {"negative_prompt": "a bus"},
    {"negative_prompt": "snow"},
]


def test_the_name_tells_what_changes_a_picture(folder, generator):
    found = {generator.id: pixels(generator(["a"], [1]))[0].tobytes()}
    for change in CHANGES:
        other = load(folder, **change)
        assert other.id not in found, change
        picture = pixels(other(["a"], [1]))[0].tobytes()
        assert picture not in found.values(), change
        found[other.id] = picture
    assert load(folder, revision="v1").id not in found
    assert load(folder).id == load(folder, dtype="float32", offload=True).id == generator.id
    assert generator.id == f"diffusers/{folder}?dtype=float32&num_inference_steps=2&height=32&width=32"


def test_a_fingerprint_tells_checkpoints_apart_that_have_one_name(torch, stable, folder, generator, tmp_path):
    """For a cache: not the device, but the weights and the scheduler."""
    assert generator.repeats
    again = registry.load("Generator", f"diffusers/{folder}", SMALL)
    assert again.fingerprint() == generator.fingerprint()
    found = {generator.fingerprint()}
    pipe = stable()
    with torch.no_grad():
        next(pipe.unet.parameters()).add_(1e-3)
    pipe.save_pretrained(tmp_path / "other")
    found.add(registry.load("Generator", f"diffusers/{tmp_path / 'other'}", SMALL).fingerprint())
    shutil.copytree(folder, tmp_path / "scheduled")
    stated = json.loads((tmp_path / "scheduled" / "scheduler" / "scheduler_config.json").read_text())
    (tmp_path / "scheduled" / "scheduler" / "scheduler_config.json").write_text(json.dumps(stated | {"beta_end": 0.03}))
    found.add(registry.load("Generator", f"diffusers/{tmp_path / 'scheduled'}", SMALL).fingerprint())
    assert len(found) == 3


def test_a_negative_prompt_goes_with_every_picture_of_a_batch(folder):
    generator = load(folder, negative_prompt="a bus")
    alone = generator(PROMPTS, [1, 2, 3])
    generator.device.at_once = 10**9
    assert max(np.abs(a - b).max() for a, b in zip(pixels(alone), pixels(generator(PROMPTS, [1, 2, 3])), strict=True)) <= 1


def test_compiled_networks_draw_the_same(torch, folder, generator):
    with torch.compiler.set_stance("force_eager"):  # compiling takes a minute and is PyTorch's business
        assert same(load(folder, compile=True)(["a"], [1]), generator(["a"], [1]))


def test_a_lora_is_loaded_from_safetensors_only(torch, lib, stable, folder, generator, tmp_path):
    peft = pytest.importorskip("peft")
    pipe = stable()
    pipe.unet.add_adapter(peft.LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights=False))
    layers = peft.get_peft_model_state_dict(pipe.unet)
    pipe.save_lora_weights(tmp_path / "good", unet_lora_layers=layers)
    pipe.save_lora_weights(tmp_path / "bad", unet_lora_layers=layers, safe_serialization=False)
    changed = load(folder, lora=str(tmp_path / "good"))
    assert changed.id != generator.id
    assert not same(changed(["a"], [1]), generator(["a"], [1]))
    with pytest.raises(ModelError, match="cannot load the generator"):
        load(folder, lora=str(tmp_path / "bad"))


@pytest.fixture(scope="module")
def guarded(lib, stable, tmp_path_factory):
    """A checkpoint with a safety checker that flags nothing yet."""
    tower = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = tower | {"image_size": 32, "patch_size": 8}
    config = lib.t.CLIPConfig(text_config=tower, vision_config=vision, projection_dim=16)
    checker = lib.d.pipelines.stable_diffusion.StableDiffusionSafetyChecker(config)
    for thresholds in (checker.concept_embeds_weights, checker.special_care_embeds_weights):
        thresholds.data.fill_(2.0)
    extractor = lib.t.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    folder = tmp_path_factory.mktemp("guarded")
    stable(safety_checker=checker, feature_extractor=extractor, requires_safety_checker=True).save_pretrained(folder)
    return folder


def flag(generator, prompt, seed, other):
    """Have the safety checker know the picture of one seed from that of another."""
    seen = []
    checker = generator.pipe.safety_checker
    hook = checker.visual_projection.register_forward_hook(lambda module, args, out: seen.append(out.clone()))
    generator([prompt] * 2, [seed, other])
    hook.remove()
    bad, good = (x / x.norm() for x in seen)
    checker.concept_embeds.data[0] = bad[0] - good[0]
    checker.concept_embeds_weights.data[0] = 0.0


def test_what_the_safety_checker_flags_is_refused(guarded):
    generator = load(guarded)
    assert all(isinstance(p, Specimen) for p in generator(["a", "a"], [1, 2]))
    flag(generator, "a", 1, 2)
    for generator.device.at_once in (1, 10**9):
        made = generator(["a", "a", "a"], [2, 1, 2])
        assert made[1] == Refused("safety filter")
        assert isinstance(made[0], Specimen) and isinstance(made[2], Specimen)


def role(call, name, labels=()):
    made = registry.Wrapped(call, labels)
    made.id = name
    return made


def engine_of(path, generator):
    brightness = role(lambda images: [[np.asarray(i).mean(), 127] for i in images], "test/target", ("mug", "bowl"))
    judge = role(lambda pictures, labels: [1.0] * len(pictures), "test/judge")
    models = Models(generator, brightness, role(lambda images: ["a"] * len(images), "test/captioner"), judge)
    return Engine(models, Store.create(path, {}), Config(batch_size=4))


def test_a_hunt_measures_with_it_and_counts_no_refusal(guarded, tmp_path):
    samples = [Sample(Prompt("a mug", "mug"), "explore", i) for i in range(6)]
    generator = load(guarded)
    flag(generator, "a mug", samples[3].seed, samples[0].seed)
    outcomes = engine_of(tmp_path / "run", generator).measure(samples)
    assert outcomes[3].status is Status.REFUSED and outcomes[3].detail == "safety filter"
    assert outcomes[0].status.counts
    assert {o.status for o in outcomes} <= {Status.SUCCESS, Status.FAILURE, Status.REFUSED}


def test_out_of_memory_asks_for_smaller_batches(torch, folder, tmp_path):
    generator = load(folder)
    generator.device.at_once = 10**9
    held = []

    def small_gpu(module, args):
        held.append(weakref.ref(args[0]))
        if len(args[0]) > 2 * 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    generator.pipe.unet.register_forward_pre_hook(small_gpu)
    with pytest.raises(MemoryError, match="CUDA out of memory") as error:
        generator(PROMPTS, [1, 2, 3])
    assert error.value.__context__ is None and held[-1]() is None, "the error keeps the batch in memory"
    samples = [Sample(Prompt("a mug", "mug"), "explore", i) for i in range(5)]
    outcomes = engine_of(tmp_path / "run", generator).measure(samples)
    assert all(o.status.counts for o in outcomes)


def test_nothing_is_printed(folder, capfd):
    load(folder)
    assert capfd.readouterr().out == ""
    load(folder)(PROMPTS, [1, 2, 3])
    captured = capfd.readouterr()
    assert captured.out == "" and "0/2" not in captured.err


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(ModelError, match=r"^cannot read '.*/none' \(folder or hub id; safetensors, never a pickle\): OSError"):
        load(tmp_path / "none")
    with pytest.raises(ModelError, match="no file named model_index.json"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "flaot16"}, "unknown dtype 'flaot16'. Did you mean 'float16'"),
        ({"scheduler": "DDIMSchedular"}, "unknown diffusers scheduler 'DDIMSchedular'. Did you mean 'DDIMScheduler'"),
        ({"scheduler": "DPMSolverSDEScheduler"}, "noise of DPMSolverSDEScheduler does not follow from a picture's seed"),
        ({"steps": -1}, "diffusers argument steps is -1; it must be at least 0"),
        ({"guidence": 1}, "unknown argument .* 'guidence'. Did you mean 'guidance'"),
    ],
)
def test_options_that_mean_nothing_are_named(folder, options, message):
    with pytest.raises(SpecError, match=message):
        load(folder, **options)


def test_an_option_that_the_pipeline_does_not_take_is_named(lib, parts, stable, tmp_path):
    pipe = stable()
    lib.d.LatentConsistencyModelPipeline(**pipe.components, requires_safety_checker=False).save_pretrained(tmp_path)
    with pytest.raises(SpecError, match="is a LatentConsistencyModelPipeline, which takes no negative_prompt"):
        load(tmp_path, negative_prompt="a bus")


def test_a_device_that_is_not_there_is_a_sentence(folder):
    with pytest.raises(ModelError, match="cannot load the generator .* device"):
        load(folder, device="gpu")


class Run:
    """Pickles to a call of anything."""

    def __reduce__(self):
        return os.system, ("touch owned",)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_a_pickle_is_not_opened(folder, tmp_path, monkeypatch, part):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder, "copy")
    (weights,) = (tmp_path / "copy" / part).glob("*.safetensors")
    weights.unlink()
    for name in ("diffusion_pytorch_model.bin", "pytorch_model.bin", "model.bin"):
        (weights.parent / name).write_bytes(pickle.dumps(Run()))
    with pytest.raises(ModelError, match=r"never a pickle\): OSError: Error no file named .*\.safetensors"):
        load(tmp_path / "copy")
    assert os.listdir() == ["copy"]


def test_code_of_a_checkpoint_is_not_run(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder, "copy")
    (tmp_path / "copy" / "unet" / "own.py").write_text("open('owned', 'w')\nclass Own: ...\n")
    index = tmp_path / "copy" / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"unet": ["own", "Own"]}))
    with pytest.raises(ModelError, match="contains custom code in own.py which must be executed"):
        load("copy")  # a long path would have the middle of the message left out
    assert os.listdir() == ["copy"]

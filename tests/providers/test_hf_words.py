"""hf/MODEL on tiny checkpoints that write: captioners, and judges that answer a question."""

import importlib.util
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import Declined, MissingDependency, ModelError, SpecError
from bugscope.core.options import Config
from bugscope.core.records import Prompt, Sample
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.media.picture import Picture
from bugscope.providers.hf.captioner import tidy
from bugscope.providers.hf.judge import answer_tokens
from bugscope.store.folder import Store
from bugscope.testing import check_captioner, check_judge, check_pickle, images
from support.hf_models import load, shown

pytestmark = [
    pytest.mark.slow,
    # PaliGemma's processor makes a numpy array of a PyTorch tensor
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

SMOL = pytest.param("smolvlm", marks=pytest.mark.skipif(not importlib.util.find_spec("num2words"), reason="needs num2words"))
CHATS = ["idefics3", SMOL, "qwen2", "qwen2_5", "llava_chat"]
CAPTIONERS = ["blip", "blip2", "git", "florence2", "llava", "paligemma", "pair", *CHATS]
JUDGES = ["blip_vqa", "blip2", "llava", "paligemma", *CHATS]
SENTENCE = "a red mug on snow"
ASKED = ["mug", "red bus", "night"]


def captioner(folder, **options):
    return load("Captioner", folder, **{"max_new_tokens": 8} | options)


# --- captions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", CAPTIONERS)
def test_a_captioner_fits_its_role(folders, family):
    made = captioner(folders(family))
    check_captioner(made)
    check_pickle(made)
    captions = made(images())
    assert len(set(captions)) == 3, "the pictures are not looked at"
    assert not any(mark in caption for caption in captions for mark in ("<pad>", "</s>", "<image>", "\n"))


@pytest.mark.parametrize("family", CAPTIONERS)
def test_many_at_once_are_captioned_as_one_by_one(folders, family):
    made = captioner(folders(family))
    pictures = [*images(), images()[1], images()[0].rotate(90), images()[1].transpose(0)]
    alone = made(pictures)
    sizes = []
    write = made.speaker.write
    made.speaker.write = lambda longest, **inputs: sizes.append(len(next(iter(inputs.values())))) or write(longest, **inputs)
    made.speaker.network.device.at_once = 10**9
    assert made(pictures) == alone
    assert max(sizes) > 1, "nothing was asked together"


def recite(tiny, made, sentence):
    """Have the network say a sentence whatever it sees: it forgets all but its last token, and knows which one follows."""
    net = getattr(made.speaker.network.net, "text_decoder", made.speaker.network.net)
    net = getattr(net, "language_model", net)
    head, embeddings, tokenizer = net.get_output_embeddings(), net.get_input_embeddings(), made.speaker.tokenizer
    for name, value in net.named_parameters():
        ours = not any(part in name for part in ("vision", "image_encoder", "visual"))
        if ours and value.dim() == 2 and any(part in name for part in (".layers.", ".layer.", "position")):
            value.data.zero_()
        if name.endswith("transform.dense.weight"):  # BERT's way to its head
            value.data.copy_(tiny.torch.eye(len(value)))
    size, width = embeddings.weight.shape
    shared = embeddings.weight
    for module in net.modules():
        if getattr(module, "weight", None) is shared:
            module.weight = tiny.torch.nn.Parameter(tiny.torch.eye(size, width))
    words = tokenizer.convert_tokens_to_ids(sentence.split())
    follows = tiny.torch.zeros(size, width)
    follows[words[0]] = tiny.torch.tensor([float(i < size and i not in words) for i in range(width)])
    for word, following in zip(words, [*words[1:], tokenizer.eos_token_id], strict=True):
        follows[following, word] = 1
    head.weight = tiny.torch.nn.Parameter(follows)


@pytest.mark.parametrize("family", ["blip", "blip2", "git", "florence2", "llava", "paligemma", "idefics3", "qwen2", "qwen2_5"])
def test_a_caption_is_what_the_network_says_and_no_more(tiny, folders, family):
    made = load("Captioner", folders(family))
    recite(tiny, made, SENTENCE)
    assert made(images()) == [SENTENCE] * 3
    made.longest = 3
    assert made(images()) == ["a red mug" if family != "florence2" else "a red"] * 3  # its first token is the start


@pytest.mark.parametrize("family", ["blip", "git", "llava", "idefics3"])
def test_what_is_asked_is_not_part_of_the_answer(tiny, folders, family):
    made = captioner(folders(family), prompt="a photo of")
    recite(tiny, made, SENTENCE)
    assert made(images()) == [SENTENCE] * 3
    assert made.id != captioner(folders(family)).id
    assert captioner(folders(family), prompt="a picture")(images()) != captioner(folders(family))(images())


@pytest.mark.parametrize("family", ["blip", "git", "pair"])
def test_a_caption_is_that_of_transformers_without_a_prompt(tiny, folders, family):
    pixels = tiny.t.AutoImageProcessor.from_pretrained(folders(family), backend="pil")(images(), return_tensors="pt")
    net = tiny.t.AutoModelForImageTextToText.from_pretrained(folders(family))
    words = tiny.t.AutoTokenizer.from_pretrained(folders(family))
    said = words.batch_decode(net.generate(**pixels, max_new_tokens=8, do_sample=False), skip_special_tokens=True)
    assert captioner(folders(family))(images()) == said


@pytest.mark.parametrize("family", ["idefics3", "qwen2", "llava_chat"])
def test_a_caption_is_that_of_transformers_in_a_chat(tiny, folders, family):
    made = captioner(folders(family))
    net = tiny.t.AutoModelForImageTextToText.from_pretrained(folders(family))
    processor = tiny.t.AutoProcessor.from_pretrained(folders(family))
    processor.image_processor = tiny.t.AutoImageProcessor.from_pretrained(folders(family), backend="pil")
    for picture, caption in zip(images(), made(images()), strict=True):
        content = [{"type": "image", "image": picture}, {"type": "text", "text": made.prompt}]
        inputs = processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
        out = net.generate(**inputs, max_new_tokens=8, do_sample=False)[0, inputs["input_ids"].shape[1] :]
        assert caption == processor.tokenizer.decode(out, skip_special_tokens=True)


def test_chance_and_beams_that_a_checkpoint_asks_for_are_left_out(folders, tmp_path):
    shutil.copytree(folders("qwen2"), tmp_path / "copy")
    asked = tmp_path / "copy" / "generation_config.json"
    more = {"do_sample": True, "temperature": 5.0, "top_k": 3, "num_beams": 4, "length_penalty": 2.0, "max_length": 3}
    asked.write_text(json.dumps(json.loads(asked.read_text()) | more))
    made = captioner(tmp_path / "copy")
    assert made(images()) == made(images()) == captioner(folders("qwen2"))(images())


def silence(made, dark):
    """Have the network end at once where the picture is dark."""
    inputs, seen = made.speaker.inputs, []

    def look(image, text):
        seen.append(np.asarray(image).mean() < dark)
        return inputs(image, text)

    def end(module, args, logits):
        if seen[-1]:
            logits[..., made.speaker.tokenizer.eos_token_id] = 1e4
        return logits

    made.speaker.inputs = look
    made.speaker.network.net.get_output_embeddings().register_forward_hook(end)


def test_an_empty_caption_is_no_answer_and_stops_nothing(folders, tmp_path):
    made = captioner(folders("llava"))
    silence(made, 100)
    bright = [Image.effect_noise((40, 40), 20).convert("RGB") for _ in range(3)]
    dark = bright[0].point(lambda value: value // 3)
    assert all(made(bright))
    with pytest.raises(Declined, match="has nothing to say about a picture"):
        made([bright[0], dark])
    drawn = iter([bright[0], dark, bright[1], bright[2]])
    roles = {
        "generator": lambda prompts, seeds: [Picture(next(drawn)) for _ in seeds],
        "target": lambda given: [[1.0, 0.0]] * len(given),
        "judge": lambda given, labels: [1.0] * len(given),
    }
    wrapped = {name: registry.Wrapped(call, ("mug", "bus")) for name, call in roles.items()}
    engine = Engine(Models(captioner=made, **wrapped), Store.create(tmp_path / "run", {}), Config(batch_size=4))
    outcomes = engine.measure([Sample(Prompt("a mug", "mug"), "explore", i) for i in range(4)])
    assert [bool(caption) for caption in engine.describe(outcomes)] == [True, False, True, True]


@pytest.mark.parametrize(
    ("text", "cut", "want"),
    [
        (" a mug\n on  snow. ", False, "a mug on snow."),
        ("A mug. It is on snow and", True, "A mug."),
        ("A mug at 3.5 m on snow and", True, "A mug at 3.5 m on snow and"),
        ("A mug. It is on snow", False, "A mug. It is on snow"),
        ("<think>a mug?</think>\nA mug.", False, "A mug."),
        ('"A mug."', False, "A mug."),
        ('"A" and "B"', False, '"A" and "B"'),
        ("雪の上のカップ。夜の", True, "雪の上のカップ。"),
        (" \n ", False, ""),
        ('"', False, '"'),
    ],
)
def test_a_caption_is_tidy(text, cut, want):
    assert tidy(text, cut) == want


def test_options_that_mean_nothing_are_named(folders):
    with pytest.raises(SpecError, match="max_new_tokens is 0; it must be at least 1"):
        captioner(folders("blip"), max_new_tokens=0)
    with pytest.raises(SpecError, match="unknown argument .* 'promt'. Did you mean 'prompt'"):
        captioner(folders("blip"), promt="a")
    ids = {captioner(folders("blip"), **o).id for o in ({}, {"prompt": "a"}, {"max_new_tokens": 9}, {"dtype": "bfloat16"})}
    assert len(ids) == 4


@pytest.mark.skipif(bool(importlib.util.find_spec("num2words")), reason="num2words is there")
def test_a_package_that_a_family_needs_is_named(folders, tiny, tmp_path):
    shutil.copytree(folders("idefics3"), tmp_path / "copy")
    for file in (tmp_path / "copy").glob("*.json"):
        file.write_text(file.read_text().replace("Idefics3", "SmolVLM").replace('"idefics3"', '"smolvlm"'))
    (tmp_path / "copy" / "video_preprocessor_config.json").write_text('{"video_processor_type": "SmolVLMVideoProcessor"}')
    with pytest.raises(MissingDependency, match=r"needs one more package \(pip install num2words\)"):
        captioner(tmp_path / "copy")


def test_a_processor_that_takes_no_picture_is_a_sentence(folders, tmp_path):
    shutil.copytree(folders("llava_chat"), tmp_path / "copy")
    (tmp_path / "copy" / "chat_template.jinja").write_text("{{ raise_exception('no pictures here') }}")
    with pytest.raises(ModelError, match="cannot be given a picture and a text: .*no pictures here"):
        captioner(tmp_path / "copy")


# --- verdicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", JUDGES)
def test_a_judge_that_is_asked_fits_its_role(folders, family):
    judge = load("Judge", folders(family))
    check_judge(judge, shown(), ASKED)
    check_pickle(judge)
    assert not getattr(judge, "exact", False)
    values = judge(shown(), ["mug"] * 3)
    assert len(set(np.round(values, 5))) == 3, "the pictures are not looked at"
    assert judge(shown()[:1], ["bus"])[0] != pytest.approx(values[0], rel=1e-3), "the label is not asked for"


@pytest.mark.parametrize("family", JUDGES)
def test_many_at_once_are_judged_as_one_by_one(folders, family):
    judge = load("Judge", folders(family))
    pictures, labels = shown() * 2, [*ASKED, "red bus", *ASKED[:2]]
    alone = judge(pictures, labels)
    judge.answer.speaker.network.device.at_once = 10**9
    assert np.allclose(judge(pictures, labels), alone, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("family", JUDGES)
def test_the_verdict_is_that_of_the_answers_first_token(tiny, folders, family):
    judge = load("Judge", folders(family))
    network, pictures = judge.answer.speaker.network, shown()
    yes = network.tokenizer.convert_tokens_to_ids(["yes", "Yes"])
    no = network.tokenizer.convert_tokens_to_ids(["no", "No"])
    assert judge.answer.tokens == [sorted(yes), sorted(no)]
    before = judge(pictures, ASKED).astype(float)
    net = getattr(network.net, "text_decoder", network.net)
    net = getattr(net, "language_model", net)
    shift = tiny.torch.zeros(net.get_output_embeddings().weight.shape[0])
    shift[yes] = 1.5
    hook = net.get_output_embeddings().register_forward_hook(lambda module, args, logits: logits + shift)
    odds = before / (1 - before) * np.exp(1.5)
    assert np.allclose(judge(pictures, ASKED), odds / (1 + odds), atol=1e-4)
    shift[no] = 60
    assert judge(pictures, ASKED).max() < 1e-6
    shift[no], shift[yes] = 0, 60
    assert judge(pictures, ASKED).min() > 1 - 1e-6
    hook.remove()


def test_a_network_that_was_not_trained_to_answer_is_no_judge_unless_told(folders):
    for family in ("blip", "git", "florence2", "pair"):
        with pytest.raises(SpecError, match="was trained to describe, not to answer; it is a captioner"):
            load("Judge", folders(family))
    own = load("Judge", folders("git"), question="Is there a {label} in this photo?")
    check_judge(own, shown(), ASKED)


def test_a_question_is_words_with_a_label(folders):
    with pytest.raises(SpecError, match="question 'is it a mug' does not say where the label goes"):
        load("Judge", folders("llava"), question="is it a mug")
    with pytest.raises(SpecError, match="takes no argument against"):
        load("Judge", folders("llava"), against=["a", "b"])
    other = load("Judge", folders("llava"), question="Does this show the {label}?")
    plain = load("Judge", folders("llava"))
    assert other.id != plain.id
    assert not np.allclose(other(shown(), ASKED), plain(shown(), ASKED), rtol=1e-3)
    check_judge(plain, shown(), ["猫", "mug", "кот"])


def test_a_judge_without_a_word_for_yes_is_refused(folders, tmp_path):
    shutil.copytree(folders("llava"), tmp_path / "copy")
    file = tmp_path / "copy" / "tokenizer.json"
    file.write_text(file.read_text().replace('"yes"', '"yess"').replace('"Yes"', '"Yess"'))
    with pytest.raises(ModelError, match="its tokenizer has no token for 'yes'"):
        load("Judge", tmp_path / "copy")


@pytest.mark.parametrize("style", ["bytes", "pieces", "words"])
def test_yes_is_found_however_a_tokenizer_writes_it(tiny, style):
    made = importlib.import_module("tokenizers")
    if style == "bytes":  # GPT-2, Qwen, Llama 3: a space belongs to the word after it
        merges = [("y", "e"), ("ye", "s"), ("Ġ", "yes"), ("Y", "e"), ("Ye", "s"), ("Ġ", "Yes"), ("n", "o"), ("Ġ", "no")]
        words = dict.fromkeys([*made.pre_tokenizers.ByteLevel.alphabet(), *(a + b for a, b in merges)])
        tokenizer = made.Tokenizer(made.models.BPE({word: i for i, word in enumerate(words)}, merges))
        tokenizer.pre_tokenizer, tokenizer.decoder = (
            made.pre_tokenizers.ByteLevel(add_prefix_space=False),
            made.decoders.ByteLevel(),
        )
        want = {"yes": {"yes", "Ġyes", "Yes", "ĠYes"}, "no": {"no", "Ġno"}}
    elif style == "pieces":  # Llama, Gemma, T5
        pieces = ["▁yes", "yes", "▁Yes", "▁no", "no", "▁No", "▁yesterday"]
        letters = [(letter, -9.0) for letter in "▁YyesESnNoO"]
        tokenizer = made.Tokenizer(made.models.Unigram([("<unk>", -20.0), *((p, -1.0) for p in pieces), *letters], 0))
        tokenizer.pre_tokenizer, tokenizer.decoder = made.pre_tokenizers.Metaspace(), made.decoders.Metaspace()
        want = {"yes": {"▁yes", "▁Yes"}, "no": {"▁no", "▁No"}}
    else:
        tokenizer, want = tiny.tokenizer().backend_tokenizer, {"yes": {"yes", "Yes"}, "no": {"no", "No"}}
    network = SimpleNamespace(name="hf/test", tokenizer=tiny.t.PreTrainedTokenizerFast(tokenizer_object=tokenizer))
    for word, forms in want.items():
        assert set(network.tokenizer.convert_ids_to_tokens(answer_tokens(network, word))) == forms


def test_a_verdict_that_is_no_number_is_a_sentence(tiny, folders):
    judge = load("Judge", folders("llava"))
    head = judge.answer.speaker.network.net.get_output_embeddings()
    head.register_forward_hook(lambda module, args, logits: logits * float("nan"))
    with pytest.raises(ModelError, match="gives no number in float32; try another dtype"):
        judge(shown(), ASKED)

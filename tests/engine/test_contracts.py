"""What each role must answer, checked before anything is kept."""

from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from bugscope.core.errors import AnswerError, ModelError
from bugscope.core.records import Phrase, Refused, Specimen, Truth
from bugscope.engine import contracts
from bugscope.media import picture
from bugscope.media.picture import Picture
from bugscope.testing import World
from support.engines import SAMPLES, Role, engine_of
from support.words import WORDS


def speckled(**info):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    pixels[14] = 0  # the world's mug
    return Picture(Image.fromarray(pixels), info={"visible": 1.0, **info})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"target": lambda images: np.zeros((len(images), 9))}, r"scores of shape \(4, 9\); expected \(4, 2\)"),
        ({"target": lambda images: np.zeros(len(images))}, r"scores of shape \(4,\); expected \(4, 2\)"),
        ({"target": lambda images: np.full((len(images), 2), np.inf)}, "not finite, e.g. inf"),
        (
            {"target": lambda images: [["a", "b"]] * len(images)},
            "test/target returned a list of list; expected scores",
        ),
        ({"target": lambda images: 1 / 0}, "target test/target raised ZeroDivisionError"),
        ({"generator": lambda prompts, seeds: []}, "generator test/generator gave 0 pictures for 4 inputs"),
        ({"generator": lambda prompts, seeds: ["no"] * 4}, "gave a str; expected a Picture, a PIL image, an array or Refused"),
        ({"generator": lambda prompts, seeds: None}, "generator test/generator gave None; expected a list of 4 pictures"),
        (
            {"generator": lambda prompts, seeds: speckled().content},
            "generator test/generator gave <PIL.*; expected a list of 4",
        ),
        ({"judge": lambda pictures, labels: [1.5] * 4}, r"judge test/judge gave shape \(4,\).*probabilities in \[0, 1\]"),
        ({"judge": lambda pictures, labels: [0.5]}, r"judge test/judge gave shape \(1,\)"),
        ({"judge": lambda pictures, labels: [np.nan] * 4}, r"judge test/judge gave shape \(4,\), \[nan"),
        ({"generator": lambda prompts, seeds: [Image.new("RGB", (0, 3))] * 4}, r"a picture of size \(0, 3\)"),
        ({"generator": lambda prompts, seeds: [speckled(seen=object())] * 4}, "gave info that JSON cannot hold: TypeError"),
        ({"generator": lambda prompts, seeds: [speckled(seen=np.inf)] * 4}, "gave info that JSON cannot hold: ValueError"),
    ],
)
def test_a_model_that_breaks_its_contract_is_named(tmp_path, changed, message):
    with pytest.raises(ModelError, match=message):
        engine_of(tmp_path / "r", **changed).measure(SAMPLES)


@pytest.mark.parametrize(
    "form", [lambda made: {"images": made}, lambda made: (made, [False] * len(made)), lambda made: (made, None)]
)
def test_outputs_of_pipelines_hold_the_pictures(form):
    drawn = speckled().content
    for made in ([drawn] * 4, [np.asarray(drawn)] * 4):
        found = contracts.specimens(SimpleNamespace(id="g"), form(made), range(4), picture)
        assert [specimen.content.tobytes() for specimen in found] == [drawn.tobytes()] * 4


def test_a_captioner_that_breaks_its_contract_is_named(tmp_path):
    for number, (caption, message) in enumerate(
        (
            (lambda i: ["one"], "gave 1 sentences for 4"),
            (lambda i: [None] * 4, "gave a NoneType"),
            (lambda i: [" "] * 4, "gave ' '; expected a sentence"),
            (lambda i: "four", "gave one str for 4 pictures"),
            (lambda i: None, "gave None; expected a list of 4 sentences"),
            (lambda i: dict.fromkeys("abcd"), "gave {'a': None.*; expected a list of 4 sentences"),
        )
    ):
        engine = engine_of(tmp_path / str(number), captioner=caption)
        with pytest.raises(ModelError, match=message):
            engine.describe(engine.measure(SAMPLES))


def test_what_pipelines_return_is_read(tmp_path):
    """Of transformers for captions, of diffusers for pictures; and a judge's tensor."""

    class Tensor:
        shape = (4,)

        def detach(self):
            return self

        cpu = double = detach

        def numpy(self):
            return np.ones(4)  # one batch

        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("requires grad")

    world = World().roles()
    engine = engine_of(
        tmp_path / "r",
        generator=lambda prompts, seeds: SimpleNamespace(images=[p.content for p in world["generator"](prompts, seeds)]),
        captioner=lambda images: [[{"generated_text": "a mug on snow"}]] * len(images),
        judge=lambda pictures, labels: Tensor(),
    )
    assert set(engine.describe(engine.measure(SAMPLES[:4]))) == {"a mug on snow"}


def test_a_caption_cut_inside_a_character_can_be_kept(tmp_path):
    engine = engine_of(tmp_path / "r", captioner=lambda images: ["a mug \ud83d"] * len(images))
    assert engine.describe(engine.measure(SAMPLES[:2])) == ["a mug \ufffd"] * 2


@pytest.mark.parametrize(
    "values", [[float("nan")] * 4, [-0.01, 0, 0, 0], [0, 0, 0, 1.01], [[0.5]] * 4, [0.5] * 5, 0.5, ["yes"] * 4, None]
)
def test_a_judge_gives_one_probability_a_picture(tmp_path, values):
    with pytest.raises(ModelError, match="judge test/judge"):
        engine_of(tmp_path / "r", judge=lambda pictures, labels: values).measure(SAMPLES[:4])


def test_info_comes_to_the_judge_as_the_store_gives_it_back(tmp_path):
    seen = []

    def judge(pictures, labels):
        seen.append([p.info for p in pictures])
        return np.ones(len(pictures))

    def draw(prompts, seeds):
        info = {"visible": 1.0, "box": (1, 2), "score": np.float32(0.5), "where": np.arange(2)}
        return [Picture(p.content, info=info) for p in World().generator(prompts, seeds)]

    for name in ("test/first", "test/second"):
        engine = engine_of(tmp_path / "r", generator=draw, judge=judge, target=lambda images: np.ones((len(images), 2)))
        engine.models.judge.id = name
        engine.measure(SAMPLES[:4])
        engine.store.close()
    assert seen[0] == seen[1] == [{"visible": 1.0, "box": [1, 2], "score": 0.5, "where": [0, 1]}] * 4


# --- one by one -----------------------------------------------------------------------------------------------------------

MODEL = Role(None, "test/model")


def test_specimens_are_contents_with_what_is_known_of_them():
    plain, truth = speckled(), Truth("mug")
    given = [plain.content, Specimen(plain.content, truth, {"n": np.int64(3)}), Refused("unsafe")]
    bare, known, refused = contracts.specimens(MODEL, given, ["a", "b", "c"], picture)
    assert bare.truth is None and bare.info == {} and bare.content.tobytes() == plain.content.tobytes()
    assert (known.truth, known.info) == (truth, {"n": 3}) and refused == Refused("unsafe")
    fine, wrong = contracts.specimens(MODEL, [plain.content, Specimen(plain.content, "mug")], ["a", "b"], picture)
    assert isinstance(fine, Specimen) and isinstance(wrong, AnswerError)
    assert str(wrong) == "generator test/model gave a str as truth; expected a Truth or None"


def test_a_caption_that_says_nothing_loses_no_other():
    found = contracts.captions(MODEL, ("a mug", " ", None, "a pot"), "abcd")
    assert [found[0], found[3]] == ["a mug", "a pot"]
    assert str(found[1]) == "captioner test/model gave ' '; expected a sentence"
    assert str(found[2]) == "captioner test/model gave a NoneType; expected a sentence"


def test_words_are_lists_of_texts_that_say_something():
    assert contracts.descriptions(MODEL, ("at night", "red")) == ["at night", "red"]
    assert contracts.alternatives(MODEL, [["on sand"], []], ["on snow", "red"]) == [["on sand"], []]
    for given in ("at night", [3], [" "], None, 3, {"at night"}, {"at night": 1}):
        with pytest.raises(ModelError, match="describer test/model gave .*; expected a list of descriptions"):
            contracts.descriptions(MODEL, given)
    for given, message in (([["x"]], "gave 1 lists of phrases for 2 inputs"), (["x", "y"], "expected a list of phrases")):
        with pytest.raises(ModelError, match=f"editor test/model {message}|{message}"):
            contracts.alternatives(MODEL, given, ["on snow", "red"])


def test_what_yields_its_answers_is_read_like_a_list():
    assert contracts.descriptions(MODEL, (text for text in ("at night", "red"))) == ["at night", "red"]
    assert contracts.descriptions(MODEL, iter(())) == []
    assert contracts.alternatives(MODEL, (iter([t]) for t in ("on sand", "blue")), ["on snow", "red"]) == [
        ["on sand"],
        ["blue"],
    ]
    assert contracts.captions(MODEL, (text for text in ("a mug", "a pot")), "ab") == ["a mug", "a pot"]
    assert contracts.probabilities(MODEL, (p for p in (0.5, 1.0)), 2) == [0.5, 1.0]
    with pytest.raises(AnswerError, match="expected a list of descriptions"):
        contracts.descriptions(MODEL, (text for text in ("at night", " ")))


def test_a_vocabulary_is_a_list_of_phrases_or_of_texts_that_are_read():
    red, snow = Phrase("red", before=True), Phrase("on snow")
    assert contracts.phrases(MODEL, ["red", snow, "on  snow", red], WORDS.piece) == (red, snow)
    assert contracts.phrases(MODEL, (text for text in ("red", "on snow")), WORDS.piece) == (red, snow)
    assert contracts.phrases(MODEL, (), WORDS.piece) == ()
    assert contracts.phrases(MODEL, ["on \ud83d"], WORDS.piece) == (Phrase("on \ufffd"),)
    assert contracts.phrases(MODEL, ["red", "mug"], lambda text: None if text == "mug" else red) == (red,)


@pytest.mark.parametrize(
    "given", ["on snow", [3], [" "], ["red", None], None, 7, [Phrase("")], [Phrase(" ")], [Phrase(3)], [["red"]]]
)
def test_what_is_no_vocabulary_is_named(given):
    with pytest.raises(ModelError, match="generator test/model gave .* as its phrases; expected a list of phrases"):
        contracts.phrases(MODEL, given, WORDS.piece)


def test_text_from_a_model_is_kept_whole_and_not_without_end(tmp_path):
    assert contracts.captions(MODEL, ["x" * 10_000], [None]) == ["x" * 1997 + "..."]
    assert contracts.descriptions(MODEL, (text for text in ["at night \ud83d"])) == ["at night \ufffd"]
    assert len(contracts.descriptions(MODEL, (f"{i}" for i in count()))) == 1000
    assert contracts.alternatives(MODEL, [("a" * 5000 for _ in count())], ["on snow"]) == [["a" * 1997 + "..."] * 1000]
    (refused,) = contracts.specimens(MODEL, [Refused("no \ud83d" + "x" * 5000)], [None], picture)
    assert refused.reason.startswith("no \ufffdx") and len(refused.reason) < 310
    made = Specimen(picture.sample(), Truth("a\ud83d", ("b\udfff",)), {"said \ud83d": ["\ud83d\ude00" + "y" * 20_000]})
    (kept,) = contracts.specimens(MODEL, [made], [None], picture)
    assert (kept.truth.label, kept.truth.others) == ("a\ufffd", ("b\ufffd",))
    assert kept.info == {"said \ufffd": ["\U0001f600" + "y" * 9_995 + "..."]}

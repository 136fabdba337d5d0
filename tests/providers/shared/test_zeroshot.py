"""Zero-shot target and judge over an embedder whose space is colour: a text means the colours it names."""

import numpy as np
import pytest
from PIL import Image

from bugscope.core.errors import SpecError
from bugscope.core.labels import imagenet
from bugscope.media.picture import Picture, as_rgb
from bugscope.providers.shared.zeroshot import (
    NOTHING,
    TEMPLATES,
    ZeroShotClassifier,
    ZeroShotJudge,
    class_embeddings,
    read_templates,
    said,
)
from bugscope.testing import check_classifier, check_judge

COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "赤": (1, 0, 0.2), "orange": (1, 0.5, 0)}
GREY = (1, 1, 1)


class Colours:
    """Space: the mean colour, and a little of what the rest of the text says, so that templates differ."""

    def __init__(self, scale=100.0):
        self.scale, self.asked = scale, []

    def embed_images(self, images):
        rows = [np.append(np.asarray(as_rgb(i), dtype=float).mean(axis=(0, 1)) / 255, 0.1) for i in images]
        return self.unit(rows)

    def embed_texts(self, texts):
        self.asked.extend(texts)
        return self.unit([np.append(self.colour(t), len(t) % 5 / 50) for t in texts])

    def colour(self, text):
        named = [rgb for name, rgb in COLOURS.items() if name in text.lower()]
        return np.mean(named, axis=0) if named else GREY

    def unit(self, rows):
        rows = np.array(rows, dtype=np.float32).reshape(len(rows), 4)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def patch(name):
    return Image.new("RGB", (8, 6), tuple(int(255 * c) for c in COLOURS.get(name, GREY)))


def shown(name):
    return Picture(patch(name))


LABELS = ("red", "green", "blue")
FRUIT = ("red apple", "green apple", "blue plum")


def test_the_classifier_names_what_it_sees():
    target = ZeroShotClassifier(Colours(), LABELS)
    assert target.labels == LABELS
    scores = target([patch(name) for name in ("blue", "red", "green")])
    assert scores.argmax(axis=1).tolist() == [2, 0, 1]
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
    check_classifier(target)


def test_scores_are_the_softmax_of_scaled_cosines():
    embedder = Colours(scale=7.0)
    images = [patch("red"), patch("orange")]
    logits = 7.0 * embedder.embed_images(images) @ class_embeddings(embedder, LABELS, TEMPLATES).T
    want = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ZeroShotClassifier(embedder, LABELS)(images), want, rtol=1e-4)


def test_a_scale_of_any_size_overflows_nowhere():
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(ZeroShotClassifier(Colours(scale=1e5), LABELS)([patch("red")])).all()
        judge = ZeroShotJudge(Colours(scale=1e5), LABELS)
        assert judge([shown("red"), shown("red")], ["red", "blue"]).tolist() == pytest.approx([1, 0], abs=1e-6)


def test_a_label_is_the_mean_of_its_templates():
    embedder = Colours()
    templates = ("{label}", "a photo of {label}, red")
    row = class_embeddings(embedder, ["blue"], templates)[0]
    mean = embedder.embed_texts(["blue", "a photo of blue, red"]).mean(axis=0)
    np.testing.assert_allclose(row, mean / np.linalg.norm(mean), rtol=1e-5)
    assert not np.allclose(row, class_embeddings(embedder, ["blue"], ("{label}",))[0], atol=1e-3)


def test_many_labels_are_embedded_in_parts_and_stay_in_order():
    names = [f"{color} {i}" for i in range(150) for color in LABELS]
    rows = class_embeddings(Colours(), names, ("{label}", "a {label}"))
    assert rows.shape == (450, 4)
    for i in (0, 200, 449):
        np.testing.assert_allclose(rows[i], class_embeddings(Colours(), [names[i]], ("{label}", "a {label}"))[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("label", "template", "text"),
    [
        ("ear", "a photo of a {label}", "a photo of an ear"),
        ("teapot", "a photo of a {label} at night", "a photo of a teapot at night"),
        ("sunglasses", "a photo of a {label}", "a photo of sunglasses"),
        ("ice cream", "An {label}", "an ice cream"),
        ("éclair", "foto von {label}", "foto von éclair"),
        ("{x} 100%", "a {label} or {label}", "a {x} 100% or {x} 100%"),
        (r"\1", "a {label}", r"a \1"),
        ("ear", "pasta {label}", "pasta ear"),
    ],
)
def test_articles_follow_the_label(label, template, text):
    assert said(label, template) == text


def test_templates_are_a_list_or_one_string():
    assert read_templates(None) == read_templates("") == TEMPLATES
    assert read_templates("a {label} | {label}!") == ("a {label}", "{label}!")
    assert read_templates(["{label}, big"]) == ("{label}, big",)


@pytest.mark.parametrize("bad", ["a photo", ["{label}", "a {lable}"], 3, [1], [], "{label}|"])
def test_templates_without_a_label_are_named(bad):
    with pytest.raises(SpecError, match="template"):
        ZeroShotClassifier(Colours(), LABELS, bad)


def test_the_digest_tells_labels_and_templates_apart():
    made = [
        ZeroShotClassifier(Colours(), LABELS),
        ZeroShotClassifier(Colours(), LABELS[::-1]),
        ZeroShotClassifier(Colours(), LABELS, "{label}"),
        ZeroShotJudge(Colours(), LABELS),
        ZeroShotJudge(Colours(), LABELS[:2]),
        ZeroShotJudge(Colours(), LABELS, top=2),
        ZeroShotJudge(Colours(), LABELS, "{label}"),
    ]
    assert len({m.digest for m in made}) == len(made)
    assert ZeroShotJudge(Colours(), LABELS).digest == made[3].digest


# --- the judge ----------------------------------------------------------------------------------------------------------


def test_the_judge_accepts_the_label_and_refuses_others_and_nothing():
    judge = ZeroShotJudge(Colours(), FRUIT)
    pictures = [shown("red"), shown("green"), shown("blue"), shown("nothing")]
    for i, label in enumerate(FRUIT):
        verdicts = judge(pictures, [label] * 4)
        assert [v > 0.5 for v in verdicts] == [j == i for j in range(4)], label
        assert verdicts[i] > 0.9 and verdicts[3] < 0.1
    check_judge(judge, pictures, [*FRUIT, "red apple"])


def test_the_probability_is_a_choice_of_two_against_the_strongest_rival():
    embedder = Colours(scale=3.0)
    judge = ZeroShotJudge(embedder, LABELS)
    picture = embedder.embed_images([patch("orange")])[0]
    s = class_embeddings(embedder, LABELS, TEMPLATES) @ picture
    nothing = (embedder.embed_texts(NOTHING) @ picture).max()
    for i, label in enumerate(LABELS):
        rival = max(nothing, *(s[j] for j in range(3) if j != i))
        want = 1 / (1 + np.exp(-3.0 * (s[i] - rival)))
        assert judge([shown("orange")], [label])[0] == pytest.approx(want, rel=1e-4)


def test_a_label_that_the_list_lacks_is_judged_too():
    judge = ZeroShotJudge(Colours(), ["green", "blue"])
    assert judge([shown("red"), shown("blue")], ["red", "red"]).round().tolist() == [1, 0]
    assert judge([shown("赤"), shown("green")], ["赤", "赤"]).round().tolist() == [1, 0]


def test_near_synonyms_of_imagenet_are_no_rivals_and_may_stand_for_the_label():
    class Mugs(Colours):
        def colour(self, text):  # whatever is in the picture, it is called a cup
            return (1, 0, 0) if "cup" in text.lower().split() else super().colour(text)

    # of ImageNet's labels those that say nothing of a colour, and of cups nothing else
    against = [n for n in imagenet() if not any(c in n.lower() for c in (*COLOURS, "measuring"))]
    judge = ZeroShotJudge(Mugs(), against, "{label}")
    assert judge([shown("red")], ["coffee mug"])[0] > 0.9
    assert judge([shown("red")], ["teapot"])[0] < 0.1
    # names that are not ImageNet's mean what they say
    assert ZeroShotJudge(Mugs(), ["coffee mug", "cup", "teapot"])([shown("red")], ["coffee mug"])[0] < 0.1
    assert rivals_of("cab", ["Taxi", "bus"]) == ["bus"], "a synonym in WordNet is the same class, whoever's labels they are"
    # by another name of the same thing: a synonym, another case
    assert ZeroShotJudge(Mugs(), ["Cup", "teapot"])([shown("red")], ["cup"])[0] > 0.9
    taxi = ZeroShotJudge(Mugs(), imagenet(), "{label}")
    _, rivals = taxi.group("taxi")
    assert [n for n, r in zip(imagenet(), rivals, strict=True) if not r] == ["cab"]


def rivals_of(label, against):
    judge = ZeroShotJudge(Colours(), against, "{label}")
    return [name for name, rival in zip(judge.against, judge.group(label)[1], strict=True) if rival]


def test_kinds_of_a_label_that_the_list_lacks_are_no_rivals():
    against = ["tiger shark", "great white shark", "sharkskin", "shark fin", "beagle"]
    assert rivals_of("shark", against) == ["sharkskin", "shark fin", "beagle"]
    assert rivals_of("hungry beagle", against) == against[:4]
    # in its own list every other name is another thing
    assert rivals_of("shark", [*against, "shark"]) == against
    assert rivals_of("screen", imagenet()) == [
        n for n in imagenet() if n not in {"screen", "monitor", "desktop computer", "television"}
    ]


def test_top_forgives_look_alikes_but_no_empty_picture():
    strict = ZeroShotJudge(Colours(), LABELS)
    lenient = ZeroShotJudge(Colours(), LABELS, top=2)
    picture = Picture(Image.new("RGB", (8, 8), (255, 120, 0)))  # rather red, somewhat green
    assert strict([picture], ["green"])[0] < 0.5 < strict([picture], ["red"])[0]
    assert lenient([shown("nothing")], ["green"])[0] < 0.5
    assert lenient([picture], ["blue"])[0] < 0.5
    assert lenient([picture], ["green"])[0] > strict([picture], ["green"])[0]
    # more forgiven than there are rivals: only `NOTHING` is left
    assert ZeroShotJudge(Colours(), LABELS, top=9)([shown("green"), shown("nothing")], ["green"] * 2).round().tolist() == [1, 0]


def test_a_label_is_embedded_once():
    embedder = Colours()
    judge = ZeroShotJudge(embedder, LABELS)
    assert len(embedder.asked) == len(LABELS) * len(TEMPLATES) + len(NOTHING)
    embedder.asked.clear()
    for _ in range(3):
        judge([shown("red")] * 2, ["orange", "red"])
    assert len(embedder.asked) == len(TEMPLATES), "only what the list lacks is embedded, once"


def test_a_picture_that_cannot_be_embedded_is_no_verdict():
    class Broken(Colours):
        def embed_images(self, images):
            return np.full((len(images), 4), np.nan, dtype=np.float32)

    assert np.isnan(ZeroShotJudge(Broken(), LABELS)([shown("red")], ["red"])).all()
    assert np.isnan(ZeroShotClassifier(Broken(), LABELS)([patch("red")])).all()


def test_top_under_one_is_named():
    with pytest.raises(SpecError, match="judge argument top is 0; it must be at least 1"):
        ZeroShotJudge(Colours(), LABELS, top=0)


def test_words_of_ones_own_are_said_and_answers_have_the_usual_names():
    target = ZeroShotClassifier(Colours(), ["tench, Tinca tinca", "n01443537", "my tench"], "{label}")
    assert target.labels == ("tench", "goldfish", "my tench")
    assert target.embedder.asked == ["tench, Tinca tinca", "goldfish", "my tench"]


def test_labels_of_the_list_are_judged_by_the_lists_own_words():
    embedder = Colours()
    judge = ZeroShotJudge(embedder, ["n01440764", "n01443537", "red"], "{label}")
    assert judge.against == ("tench", "goldfish", "red")
    embedder.asked.clear()
    assert judge([shown("red")], ["tench"])[0] < 0.1 < 0.9 < judge([shown("red")], ["red"])[0]
    assert embedder.asked == []

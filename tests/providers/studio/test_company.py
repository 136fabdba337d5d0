"""What stands beside the object: how it is read, where it stands, and what it leaves as it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bugscope.core.errors import SpecError
from bugscope.core.records import Phrase
from bugscope.providers.studio import objects, prompts, scene, stage
from bugscope.providers.studio.company import COUNTS, KINDS, Company
from bugscope.providers.studio.looks import bounds
from support.words import WORDS

MODELS = objects.load_all()
CHEAP = ["teapot", "bucket", "candle", "chest", "cab", "wine bottle", "mailbox", "obelisk"]
SEEDS = st.integers(0, 2**31 - 1)


ANY = st.sampled_from([*sorted(MODELS), *KINDS])


@st.composite
def companies(draw, labels=ANY):
    relation = draw(st.sampled_from(["next to", "behind", "in front of", "around", "among"]))
    several = relation in ("around", "among")
    count = draw(st.integers(2 if several else 1, max(COUNTS.values())))
    colour = draw(st.sampled_from(["", "red", "orange"]))
    return Company(relation, count, draw(labels), colour, draw(st.sampled_from(["", "gold", "glass"])))


def built(text, seed=8):
    made = scene.resolve(prompts.parse(text), seed)
    return made, stage.build(made)


# --- words --------------------------------------------------------------------------------------------------------------


@given(companies(), st.sampled_from(sorted(MODELS)))
def test_what_stands_beside_an_object_is_read_as_it_was_written(company, label):
    request = prompts.parse(WORDS.prompt(label, [Phrase(str(company)), Phrase("at night")]).text)
    assert request == prompts.Request(label, {"company": str(company), "light": "night"})
    assert prompts.companions(str(company)) == company
    assert prompts.value_of(str(company)).name == str(company)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("beside a teapot", "next to a teapot"),
        ("with a teapot", "next to a teapot"),
        ("with a red teapot beside it", "next to a red teapot"),
        ("with two golden teapots in front of it", "behind two golden teapots"),
        ("with a bookshelf in the background", "in front of a bookcase"),
        ("surrounded by teapots", "surrounded by three teapots"),
        ("with four teapots around it", "surrounded by four teapots"),
        ("among three teapots", "among three teapots"),
        ("among a teapot", "next to a teapot"),
        ("near a glass red teapot", "next to a red glass teapot"),
        ("next to teapots", "next to two teapots"),
        ("next to fruit", "next to a fruit"),
        ("with a teapot on sand", "next to a teapot"),
        ("with a bookcase in the background at night", "in front of a bookcase"),
        ("in the middle of balls", "among balls"),
    ],
)
def test_other_words_for_it(text, phrase):
    assert prompts.parse(f"a photo of a mailbox {text}").stated["company"] == phrase


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("a mailbox in front of trees", {"background": "trees"}),
        ("a mailbox behind a post", {"occlusion": "post"}),
        ("a mailbox seen from behind", {"view": "rear"}),
        ("a mailbox with a watermark", {"overlay": "watermark"}),
        ("a mailbox near trees next to a teapot", {"background": "trees", "company": "next to a teapot"}),
        ("a photo of two mailboxes next to two teapots", {"count": "two", "company": "next to two teapots"}),
        ("a red mailbox next to a blue teapot in fog", {"colour": "red", "company": "next to a blue teapot", "weather": "fog"}),
        ("next to a teapot, a mailbox at night", {"company": "next to a teapot", "light": "night"}),
        ("a mailbox with a sticker that says teapot", {"overlay": "sticker: teapot"}),
    ],
)
def test_surroundings_are_no_company(text, stated):
    request = prompts.parse(text)
    assert (request.label, request.stated) == ("mailbox", stated)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a teapot and a bucket", r"several objects \(bucket, teapot\).*'a teapot next to a bucket'"),
        ("a mailbox next to a teapot behind a bucket", "two values of company: 'next to a teapot' and 'behind a bucket'"),
        ("next to a teapot", "names no object that the studio knows"),
        ("grass next to a teapot", "no object that could have the company 'next to a teapot'"),
        ("a mailbox next to a unicorn", "does not know .*'unicorn'"),
    ],
)
def test_what_cannot_be_is_one_sentence(text, message):
    with pytest.raises(SpecError, match=message):
        prompts.parse(text)


# --- places -------------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(companies(st.sampled_from(CHEAP)), st.sampled_from(CHEAP), SEEDS)
def test_the_object_is_as_it_would_be_alone_and_nothing_stands_inside_it(company, label, seed):
    one, alone = built(f"a photo of a {label}", seed)
    other, made = built(f"a photo of a {label} {company}", seed)
    scale = other.distance / one.distance
    for a, b in zip(alone.objects, made.objects, strict=True):
        assert np.allclose(a.mesh.vertices, b.mesh.vertices * scale, atol=1e-9)
    assert made.things == (label,) * one.count + (company.label,) * company.count
    assert {p.of for p in made.company} == set(range(one.count + 1, one.count + 1 + company.count))
    assert {p.of for p in made.rest} <= {0}
    longest = np.ptp(bounds([p for p in made.objects if p.of == 1]), axis=0).max()
    for number in {p.of for p in made.company}:
        parts = [p for p in made.company if p.of == number]
        assert 0.25 * longest < np.ptp(bounds(parts), axis=0).max() < 2.3 * longest
        if other.ground != "none":
            assert bounds(parts)[0][2] == pytest.approx(0, abs=1e-9)


def across(made, parts):
    """The range of some parts to the right of the picture, and away from the camera."""
    a = np.radians(made.azimuth)
    axes = np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0]])
    points = np.vstack([p.mesh.vertices for p in parts]) @ axes.T
    return points.min(0), points.max(0)


@pytest.mark.parametrize("seed", range(6))
def test_relations_mean_what_they_say(seed):
    for relation in ("next to", "behind", "in front of"):
        made, built_ = built(f"a teapot {relation} a bucket", seed)
        (left, near), (right, far) = across(made, built_.objects)
        (from_, front), (to, back) = across(made, built_.company)
        if relation == "next to":
            assert from_ > right or to < left
        else:
            assert back < near if relation == "behind" else front > far
            assert to > left and from_ < right
    made, around = built("a teapot with four candles around it", seed)
    middle = np.mean(across(made, around.objects), axis=0)
    places = [
        np.mean(across(made, [p for p in around.company if p.of == i]), axis=0) - middle
        for i in range(made.count + 1, made.count + 5)
    ]
    assert {bool(x > 0) for x, _ in places} == {True, False}


def test_the_prior_shows_company_now_and_then():
    shown = [scene.resolve(prompts.Request("teapot", {}), seed).company for seed in range(2000)]
    named = {prompts.companions(text).label for text in shown if text}
    assert 20 < sum(map(bool, shown)) < 80 and len(named) > 15
    assert not any(scene.resolve(prompts.Request("", {}), seed).company for seed in range(500))


def test_balls_are_of_several_kinds():
    kinds = set()
    for seed in range(6):
        made, placed = built("a teapot among balls", seed)
        kinds |= {*placed.things[made.count :]}
    assert len(kinds) > 2 and kinds <= {*KINDS["ball"]}

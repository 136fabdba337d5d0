"""A text has one reading: what was written comes back, and where a text could be cut in several ways a rule decides."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bugscope import language
from bugscope.core.errors import SpecError
from bugscope.core.records import Phrase
from bugscope.providers.studio import objects, prompts
from bugscope.providers.studio.lexicon import OBJECTS, Lexicon, Meaning, words
from bugscope.providers.studio.reading import PICTURES, read
from bugscope.providers.studio.vocabulary import FILLERS, VALUES, by_wording, clash
from support.words import WORDS

DOCS = Path(__file__).parents[3] / "docs" / "studio.md"
MODELS = objects.load_all()
NAMES = {name: model.name for model in MODELS.values() for name in (model.name, *model.synonyms)}
WRITTEN = {text: Phrase(text, value.before) for text, value in by_wording().items()}
CANONICAL = [Phrase(v.phrase, v.before) for v in VALUES]
COUNTS = {text for text, value in by_wording().items() if value.attribute == "count"}


def stated(phrases):
    return {by_wording()[p.text].attribute: by_wording()[p.text].name for p in phrases}


# --- what is written comes back -----------------------------------------------------------------------------------------


def writings(name, phrases):
    """A prompt as Bugscope words it, and as people may."""
    before, after = [p.text for p in phrases if p.before], [p.text for p in phrases if not p.before]
    noun = language.sentence(name, [p for p in phrases if p.before])
    own = WORDS.prompt(name, phrases).text
    yield own
    yield own.upper()
    yield f"{noun}, {', '.join(after)}"
    yield f"{', '.join(after)}, {noun}"
    yield f"{' and '.join(after)}: a photo of {noun}!"
    yield f"{noun} lies {' and '.join(after)}"
    yield f"{' '.join(after)} {noun}"
    yield f"{language.plural(name)}; {'; '.join([*before, *after])}"
    yield f"{', '.join([*after, *before])}, {name}"
    yield re.sub(r"\b(a|an) ", "the ", own)
    yield re.sub(r"\b(a|an|the) ", "", own)
    adjectives = [text for text in before if text not in COUNTS]
    if adjectives == before:
        yield f"{language.article(name)} {name} that is {' and '.join(before)} {' '.join(after)}"


def check(name, phrases):
    for text in writings(name, phrases):
        wanted = stated(phrases)
        if text.startswith(language.plural(name)) and language.plural(name) != name:
            wanted.setdefault("count", "two")
        request = prompts.parse(text)
        assert (request.label, request.stated) == (NAMES[name], wanted), text


SOME = [pytest.param(name, marks=() if NAMES[name] == name else pytest.mark.slow) for name in NAMES]
"""All names; their synonyms in the slow suite."""


@pytest.mark.parametrize("name", SOME)
def test_every_name_comes_back_with_every_wording(name):
    check(name, [])
    for phrase in WRITTEN.values():
        text = WORDS.prompt(name, [phrase]).text
        assert prompts.parse(text) == prompts.Request(NAMES[name], stated([phrase])), text


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_name_comes_back_with_every_wording_however_it_is_written(name):
    for phrase in WRITTEN.values():
        check(name, [phrase])


SHARED = {word for text in by_wording() for word in text.split()} - FILLERS
SENSITIVE = [name for name in NAMES if SHARED & {*name.lower().split()}] + ["chest", "crate", "chain", "apple", "teapot"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SENSITIVE)
def test_names_that_share_a_word_with_a_condition_come_back_with_every_pair(name):
    own = {*name.lower().split()} - FILLERS
    for i, pair in enumerate(itertools.permutations(CANONICAL, 2)):
        shares = any(own & {*p.text.split()} for p in pair)
        if (shares or i % 40 == 0) and len(stated(pair)) == 2 and not clash(stated(pair)):
            check(name, pair)


@given(
    st.sampled_from(sorted(NAMES)),
    st.lists(st.sampled_from(sorted(WRITTEN)), max_size=6, unique_by=lambda t: by_wording()[t].attribute),
)
def test_names_come_back_with_several_conditions_in_any_order(name, texts):
    assume(not clash(stated([WRITTEN[text] for text in texts])))
    check(name, [WRITTEN[text] for text in texts])


@pytest.mark.parametrize(
    ("text", "label", "conditions"),
    [
        ("two wooden chests", "chest", {"count": "two", "material": "wood"}),
        ("two wooden red chests", "chest", {"count": "two", "material": "wood", "colour": "red"}),
        ("a red wooden crate", "crate", {"colour": "red", "material": "wood"}),
        ("a metal chain", "chain", {"material": "metal"}),
        ("green apples", "Granny Smith", {"count": "two", "colour": "green"}),
        ("a glass wine glass", "goblet", {"material": "glass"}),
        ("bottles of wine on marble", "wine bottle", {"count": "two", "ground": "marble"}),
        ("on a white table, a lamp", "table lamp", {"ground": "white"}),
        ("on white, a table clock", "analog clock", {"ground": "white"}),
        ("on white a table clock", "analog clock", {"ground": "white"}),
        ("on a white table a clock", "wall clock", {"ground": "white"}),
        ("on white table clocks", "wall clock", {"ground": "white", "count": "two"}),
        ("in a park, a bench", "park bench", {"background": "trees"}),
        ("in the park bench", "park bench", {"background": "trees"}),
        ("a photo of a park bench in a park", "park bench", {"background": "trees"}),
        ("a red, wooden, table lamp", "table lamp", {"colour": "red", "material": "wood"}),
    ],
)
def test_readings_that_the_rules_decide(text, label, conditions):
    assert prompts.parse(text) == prompts.Request(label, conditions)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # "on" and an article announce a noun
        ("a teapot on glass", r"does not know 'on glass' \(nearest: on grass"),
        ("on the red, a teapot", "does not know 'on the red'"),
        ("a teapot and a golden", "does not know 'a golden'"),
        ("a teapot on a red carpet", r"does not know 'carpet' \(nearest: on a carpet\)"),
        # of the readings the one with the fewest unknown words: not "on a street" and "sign"
        ("a teapot on a street sign", "several objects.*street sign, teapot"),
        ("a teapot in a bottle of vine", r"does not know 'bottle' \(nearest: .*'vine'"),
        ("a teapot seen from above and from below", "two values of view: 'seen from above' and 'seen from below'; a picture"),
        ("a blue chest in mist and in the rain", "two values of weather: 'in fog' and 'in heavy rain'"),
    ],
)
def test_what_leads_to_no_noun_is_not_understood(text, message):
    with pytest.raises(SpecError, match=message) as caught:
        prompts.parse(text)
    assert "\n" not in str(caught.value)


# --- every ambiguity of the vocabulary ----------------------------------------------------------------------------------


class Cuts:
    """Wordings as words without articles, their meanings, and all ways to cut words into them. A second, slow reader."""

    def __init__(self, wordings):
        self.known = {}
        for text, meaning in [*wordings, *((text, Meaning("filler")) for text in sorted(FILLERS))]:
            self.known.setdefault(tuple(w.text for w in words(text)), meaning)

    def of(self, text):
        """Every way to cut the words, the longest wording first from the left."""
        if not text:
            yield ()
        for size in range(len(text), 0, -1):
            if text[:size] in self.known:
                yield from ((text[:size], *more) for more in self.of(text[size:]))

    def kinds(self, pieces):
        return [self.known[p].kind for p in pieces]

    def meant(self, pieces):
        meanings = [self.known[p] for p in pieces]
        labels = {m.name for m in meanings if m.kind in OBJECTS}
        conditions = {(m.attribute, m.name) for m in meanings if m.attribute}
        several = any(m.kind == "objects" for m in meanings) and not any(a == "count" for a, _ in conditions)
        return frozenset(labels), frozenset(conditions | ({("count", "two")} if several else set()))

    def crossings(self):
        """Every way in which a wording lies across the seams of others: "table lamp" across "on a white table" and "lamp".

        A text can be cut in two ways only if a wording of one crosses a seam of the other, so this finds every ambiguity.
        """
        endings, beginnings = {}, {}
        for key in self.known:
            for i in range(1, len(key) + 1):
                beginnings.setdefault(key[:i], []).append(key)
                endings.setdefault(key[-i:], []).append(key)

        def rest(key):
            """Pieces that begin at a seam and reach the end of the wording or further."""
            yield from ((piece,) for piece in beginnings.get(key, ()))
            for i in range(1, len(key)):
                if key[:i] in self.known:
                    yield from ((key[:i], *more) for more in rest(key[i:]))

        for across in self.known:
            for i in range(1, len(across)):
                yield from ((across, (a, *more)) for a in endings.get(across[:i], ()) for more in rest(across[i:]))

    def ambiguous(self):
        """The crossings whose text can mean two things."""
        return [(a, pieces) for a, pieces in self.crossings() if len({self.meant(c) for c in self.of(flat(pieces))}) > 1]


def flat(pieces):
    return tuple(w for p in pieces for w in p)


WITH_OBJECT = Cuts([*prompts.conditions(), *prompts.names()])
WITHOUT = Cuts([*prompts.conditions(), *prompts.things()])
AMBIGUOUS = WITH_OBJECT.ambiguous()


def test_the_search_for_ambiguities_finds_some():
    assert (("table", "clock"), (("on", "white", "table"), ("clock",))) in AMBIGUOUS
    doubtful = Cuts(
        [*prompts.conditions(), ("chest", Meaning("object", "", "c")), ("wooden chest", Meaning("object", "", "c"))]
    )
    assert (("wooden", "chest"), (("wooden",), ("chest",))) in doubtful.ambiguous()


@pytest.mark.parametrize(
    ("cuts", "order"),
    [(WITH_OBJECT, ["quality", "object", "objects", "condition"]), (WITHOUT, ["noun", "condition"])],
    ids=["object", "empty scene"],
)
def test_what_bugscope_words_itself_is_read_as_it_was_meant(cuts, order):
    for across, pieces in cuts.ambiguous():
        kinds = cuts.kinds(pieces)
        if set(kinds) <= {*order} and kinds == sorted(kinds, key=order.index):
            longest = next(cuts.of(flat(pieces)))
            assert cuts.meant(longest) == cuts.meant(pieces), f"{' '.join(across)!r} across {[' '.join(p) for p in pieces]}"


def expected(cut):
    """The request of a text that is cut so, or what its error says. "A teapot" is added where it names no object."""
    labels, stated = WITH_OBJECT.meant(cut)
    kinds = WITH_OBJECT.kinds(cut)
    if not labels and any(a == ("on",) and kind == "quality" for a, kind in zip(cut, kinds[1:], strict=False)):
        return "does not know 'on"
    labels = labels or {"teapot"}
    if len(dict(stated)) < len(stated):
        return "two values of"
    if len(labels) > 1:
        return "several objects"
    return prompts.Request(*labels, dict(stated))


def test_an_ambiguous_text_is_read_by_the_longest_wording_and_with_marks_as_written():
    for _, pieces in AMBIGUOUS:
        longest = next(WITH_OBJECT.of(flat(pieces)))
        for text, cut in (" ".join(flat(pieces)), longest), (", ".join(" ".join(p) for p in pieces), pieces):
            wanted = expected(cut)
            full = text if WITH_OBJECT.meant(cut)[0] else f"{text}, a teapot"
            if isinstance(wanted, str):
                with pytest.raises(SpecError, match=wanted):
                    prompts.parse(full)
            else:
                assert prompts.parse(full) == wanted, full


def test_the_docs_name_every_object_that_lies_across_other_wordings():
    names = {" ".join(across) for across, _ in AMBIGUOUS if WITH_OBJECT.known[across].kind == "object"}
    text = DOCS.read_text(encoding="utf-8")
    assert [name for name in sorted(names) if f'"{name}"' not in text] == []


# --- the rules, on a small vocabulary -----------------------------------------------------------------------------------

ORANGE, BOWL = Meaning("object", "", "orange"), Meaning("object", "", "bowl")
SMALL = [
    ("orange", Meaning("quality", "colour", "orange")), ("orange", ORANGE), ("oranges", Meaning("objects", "", "orange")),
    ("bowl", BOWL), ("orange bowl", Meaning("object", "", "orange bowl")), ("red", Meaning("quality", "colour", "red")),
    ("on a table", Meaning("condition", "ground", "table")), ("a pair of", Meaning("quality", "count", "two")),
    ("table bowl", BOWL), ("on red", Meaning("condition", "ground", "red")), ("red table", Meaning("condition", "ground", "x")),
]  # fmt: skip
SMALL_FILLERS = ["photo", "of", "on", "and", "is"]
LEXICON = Lexicon(SMALL, SMALL_FILLERS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("an orange", ["orange"]),
        ("a photo of an orange", ["orange"]),
        ("oranges", ["orange"]),
        ("an orange orange", ["colour", "orange"]),
        ("a pair of orange oranges", ["count", "colour", "orange"]),
        ("a red orange", ["colour", "orange"]),
        ("an orange, red bowl", ["colour", "colour", "bowl"]),
        ("the bowl is orange", ["bowl", "colour"]),
        ("a bowl and an orange", ["bowl", "orange"]),
        ("an orange on a table", ["orange", "ground"]),
        ("an orange bowl", ["orange bowl"]),
        ("an orange, a bowl", ["orange", "bowl"]),
        ("on the table a bowl", ["ground", "bowl"]),
        ("on table bowl", ["ground", "bowl"]),
        ("on a pair of bowl", ["count", "bowl"]),
    ],
)
def test_what_is_a_quality_and_an_object_is_the_object_where_nothing_else_is(text, found):
    reading = read(words(text), LEXICON)
    assert [m.attribute or m.name for m in reading.found] == found
    assert not reading.unknown and not reading.dangling


WRITTEN_SMALL = st.lists(
    st.tuples(
        st.sampled_from(["", "", "", ",", ", a", "a", "the"]),
        st.sampled_from(sorted({w.text for text, _ in SMALL for w in words(text)} | {*SMALL_FILLERS, "zebra"})),
    ),
    max_size=8,
).map(lambda pairs: words(" ".join(f"{before} {word}" for before, word in pairs)))


def ways(text, i=0):
    """Every way to go through the words."""
    if i == len(text):
        yield ()
    else:
        for step in LEXICON.steps(text, i):
            yield from (((text[i], step), *more) for more in ways(text, i + step.size))


def cost(way):
    """Words without a meaning, and whether no object is named."""
    lost, state = 0, "none"
    for word, step in [*way, (None, None)]:
        kind = step.meaning.kind if step and step.meaning else None
        if word is None or (word.article and not step.article) or (kind == "filler" and word.text == "on"):
            lost, state = lost + (state == "waiting"), "open"
        if kind == "quality" and state != "none":
            state = "waiting"
        if kind in OBJECTS or kind is None or word.text in PICTURES and kind == "filler":
            state = "none"
        lost += word is not None and kind is None
    return lost, not any(step.meaning and step.meaning.kind in OBJECTS for _, step in way)


@given(WRITTEN_SMALL)
def test_of_all_ways_to_read_a_text_the_first_of_the_best_is_taken(text):
    best = min(ways(text), key=cost)
    reading = read(text, LEXICON)
    assert reading.found == tuple(s.meaning for _, s in best if s.meaning and s.meaning.kind != "filler")
    assert reading.unknown == tuple(w.text for w, s in best if s.meaning is None)
    assert len(reading.unknown) + len(reading.dangling) == cost(best)[0]


def test_long_texts_take_time_in_proportion():
    text = words("on red table bowl, zebra " * 3000)
    assert len(read(text, LEXICON).unknown) == 3000


@pytest.mark.parametrize(
    ("wordings", "fillers", "message"),
    [
        ([("cup", BOWL), ("cup", ORANGE)], [], "two meanings for 'cup'"),
        ([("on a table", Meaning("condition", "ground", "x")), ("on the table", BOWL)], [], "two meanings for 'on the table'"),
        ([*SMALL, ("red bowl", BOWL)], [], "the synonym 'red bowl' is no name of its own: it is 'bowl' that is 'red'"),
        ([("cup", BOWL)], ["cup"], "the filler 'cup' is a wording too"),
    ],
)
def test_a_vocabulary_that_nobody_could_read_is_refused(wordings, fillers, message):
    with pytest.raises(AssertionError, match=message):
        Lexicon(wordings, fillers)

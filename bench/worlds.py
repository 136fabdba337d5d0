"""Worlds with planted bugs, on scenes instead of pictures: nothing is rendered, so a hunt takes seconds.

A scene is the set of conditions that a picture shows. The studio's scenes are what it would draw for a prompt and a seed. The
invented ones stand for a text-to-image model: it has no vocabulary to offer, accepts whatever a prompt says, and its conditions
are words that appear nowhere in Bugscope, so that they can only come from captions. Captions err as docs/captioner.md measured
it: they leave out what is shown and state what is not.
"""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol, get_args

import numpy as np

from bugscope import language
from bugscope.core.errors import SpecError
from bugscope.core.records import Hypothesis, Outcome, Phrase, Prompt, Sample, Status
from bugscope.language import Wording
from bugscope.media import picture
from bugscope.providers.studio import objects, prompts, vocabulary
from bugscope.providers.studio import scene as studio_scenes

LABELS = ("pineapple", "school bus", "hourglass", "goblet", "folding chair", "mailbox")
TAKEN_FOR = "hair slide"
"""What the target takes everything for that it gets wrong."""
UNCLEAR = 0.03
"""Share of the pictures that do not show their label, whatever was asked for."""
SHOWN, PLAINLY = 0.8, 0.25
"""A trigger is planted if more than this share of the pictures that its own words ask for shows it, and less of plain ones."""
FOUND = 0.5
"""A description finds a bug if it brings the trigger out in this share of its pictures more than the plain prompt."""
FRESH, FRESH_SEED = 100, 1_000_000
"""Scenes that decide what is true of a description, and the first of their seeds."""
CAPTIONER = Path(__file__).parent.parent / "docs" / "captioner.md"
ATTRIBUTES = frozenset(str(v.attribute) for v in vocabulary.VALUES)


def coin(*key: object) -> float:
    """A number in [0, 1) that depends on the key alone."""
    return int(hashlib.sha256(repr(key).encode()).hexdigest()[:12], 16) / 16**12


# --- scenes -------------------------------------------------------------------------------------------------------------


class Scene(NamedTuple):
    """The conditions that a picture shows, and whether a person could still name its object."""

    shows: frozenset[Phrase]
    nameable: bool = True


class Scenes(Protocol):
    """What a generator would show. `attributes`: of each condition; a picture shows at most one of each attribute."""

    attributes: Mapping[Phrase, str]

    def conditions(self, label: str) -> Sequence[Phrase]:
        """Those that the label can be shown with."""

    def scene(self, text: str, seed: int) -> Scene:
        """What a prompt and a seed show."""

    def wording(self, vocabulary: bool) -> Wording:
        """What the method is told; `vocabulary`: the conditions too."""


class Studio:
    """The studio's own scenes."""

    def __init__(self) -> None:
        self.attributes: Mapping[Phrase, str] = {Phrase(v.phrase, v.before): str(v.attribute) for v in vocabulary.VALUES}
        self._phrases = {(v.attribute, v.name): Phrase(v.phrase, v.before) for v in vocabulary.VALUES}
        self._models = objects.load_all()
        self.scene = lru_cache(maxsize=100_000)(self._scene)
        self.conditions = cache(self._conditions)
        self.admissible = lru_cache(maxsize=100_000)(self._admissible)
        self.understands = lru_cache(maxsize=100_000)(self._understands)
        self._parsed = lru_cache(maxsize=100_000)(prompts.parse)

    def wording(self, vocabulary: bool) -> Wording:
        return Wording(
            picture.words, frozenset(LABELS), admissible=self.admissible, sayable=lambda prompt: self.understands(prompt.text),
            checked=True, vocabulary=self.conditions if vocabulary else lambda label: (),
        )  # fmt: skip

    def _conditions(self, label: str) -> Sequence[Phrase]:
        return tuple(p for p in self.attributes if self.admissible(label, p))

    def _scene(self, text: str, seed: int) -> Scene:
        resolved = studio_scenes.resolve(self._parsed(text), seed)
        values = {a: getattr(resolved, a) for a in get_args(vocabulary.Attribute) if a not in ("count", "distance")}
        values |= {"count": {2: "two", 3: "three"}.get(resolved.count, ""), "distance": resolved.distance_name}
        shown = (self._phrases.get(item) for item in values.items())
        return Scene(frozenset(p for p in shown if p), resolved.nameable)

    def _admissible(self, label: str, phrase: Phrase) -> bool:
        value = vocabulary.by_wording().get(phrase.text.lower())
        return value is not None and studio_scenes.allowed(self._models[label], value.attribute, value.name)

    def _understands(self, text: str) -> bool:
        try:
            self._parsed(text)
        except SpecError:
            return False
        return True


EVERYDAY, UNUSUAL = 3, 0.06
"""Of the invented attributes, the first few are part of every picture; the others have a value unasked with this chance."""
OBEYED = 0.95
"""Chance that the invented generator shows a condition which its prompt states."""
INVENTED: Mapping[str, tuple[str, ...]] = {
    "floor": ("on linoleum", "on travertine", "on bamboo", "on tarpaulin", "on plywood"),
    "lamp": ("under limelight", "under floodlights", "under strobes", "under torchlight", "under chandeliers"),
    "backdrop": ("against graffiti", "against stucco", "against scaffolding", "against chickenwire", "against ivy"),
    "coat": ("mossy", "enamelled", "varnished", "sooty", "sunbleached"),
    "pattern": ("paisley", "tartan", "zigzag", "quilted", "herringbone"),
    "company": ("next to a juggler", "next to a nun", "next to a sailor", "next to a toddler", "next to a beekeeper"),
    "wrap": ("wrapped in burlap", "wrapped in cellophane", "wrapped in tinsel", "wrapped in seaweed", "wrapped in twine"),
    "litter": ("covered with confetti", "covered with cobwebs", "covered with sawdust", "covered with glitter",
               "covered with mayonnaise"),
    "event": ("during an eclipse", "during a heatwave", "during a supernova", "during an avalanche", "during a cyclone"),
    "lens": ("through a monocle", "through a porthole", "through a kaleidoscope", "through a periscope", "through a prism"),
    "shelter": ("beneath a pergola", "beneath a trellis", "beneath a hammock", "beneath a gazebo", "beneath a tepee"),
    "feast": ("at a carnival", "at a funeral", "at a rodeo", "at a regatta", "at a banquet"),
}  # fmt: skip
_BEFORE = ("coat", "pattern")


class Invented:
    """A made-up text-to-image model. It reads the last word of each condition wherever that stands in a prompt."""

    def __init__(self) -> None:
        self.attributes: Mapping[Phrase, str] = {Phrase(t, a in _BEFORE): a for a, texts in INVENTED.items() for t in texts}
        self._words = {p.text.split()[-1]: p for p in self.attributes}
        self._values = {a: [p for p in self.attributes if self.attributes[p] == a] for a in INVENTED}
        self.scene = lru_cache(maxsize=100_000)(self._scene)

    def conditions(self, label: str) -> Sequence[Phrase]:
        return tuple(self.attributes)

    def wording(self, vocabulary: bool) -> Wording:
        if vocabulary:
            raise ValueError("the invented generator has no vocabulary")
        return Wording(picture.words, frozenset(LABELS))

    def _scene(self, text: str, seed: int) -> Scene:
        rng = random.Random(f"invented|{seed}")
        shown = dict(self._unasked(rng))
        stated = [self._words[w] for w in re.findall(r"[\w-]+", text.lower()) if w in self._words]
        rng.shuffle(stated)  # of two that contradict each other, either may be shown
        shown |= {self.attributes[p]: p for p in stated if rng.random() < OBEYED}
        return Scene(frozenset(shown.values()))

    def _unasked(self, rng: random.Random) -> Iterator[tuple[str, Phrase]]:
        for i, (attribute, values) in enumerate(self._values.items()):
            value = rng.choices(values, weights=range(len(values), 0, -1))[0]
            if i < EVERYDAY or rng.random() < UNUSUAL:
                yield attribute, value


# --- captions -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Captioner:
    """Says what a scene shows. `recall`: chance that a condition is stated where it is shown. `wrong`: for each attribute, the
    values that may be stated although they are not shown, with their chances where the true one is not stated. `names`: chance
    of the right object."""

    attributes: Mapping[Phrase, str]
    recall: Mapping[Phrase, float] = field(default_factory=dict)
    wrong: Mapping[str, Sequence[tuple[Phrase, float]]] = field(default_factory=dict)
    names: float = 1.0

    def stated(self, scene: Scene, rng: random.Random) -> list[Phrase]:
        shown = {self.attributes[p]: p for p in scene.shows}
        said = []
        for attribute in dict.fromkeys(self.attributes.values()):
            true, chance, other = shown.get(attribute), rng.random(), rng.random()
            if true and chance < self.recall.get(true, 0.0):
                said.append(true)
                continue
            for value, share in self.wrong.get(attribute, ()):
                if value != true and (other := other - share) < 0:
                    said.append(value)
                    break
        return said

    def __call__(self, label: str, scene: Scene, key: str) -> str:
        rng = random.Random(f"caption|{key}")
        others = [name for name in LABELS if name != label]
        name = label if rng.random() < self.names else rng.choice(others)
        return f"a photo of {language.sentence(name, self.stated(scene, rng))}"


class Score(NamedTuple):
    """One line of the captioner's table. `false`: how many of its statements were wrong."""

    scenes: int
    recall: float
    false: float

    @property
    def true(self) -> float:
        return self.scenes * self.recall


@cache
def scores() -> tuple[dict[tuple[str, str], Score], int, float]:
    """docs/captioner.md: (attribute, value) -> score; the number of scenes; and the share whose object is named right."""
    text = CAPTIONER.read_text()
    table = {}
    for attribute, value, scenes, recall, precision in re.findall(
        r"\| (\w+) \| ([\w ]+) \| (\d+) \| ([\d.]+) \| ([\d.–]+) \|", text
    ):
        if attribute not in ATTRIBUTES:  # how a companion stands to the object
            continue
        true = int(scenes) * float(recall)
        # "–": never stated; 0.00 of 0.00: stated, and wrong each time
        wrong = 0.0 if precision == "–" else true * (1 / float(precision) - 1) if float(precision) else 1.0
        table[attribute, value] = Score(int(scenes), float(recall), wrong)
    *_, (right, total) = re.findall(r"name the right object: \*\*(\d+) of (\d+)\*\*", text)  # the last: all together
    return table, int(total), int(right) / int(total)


def measured(scenes: Scenes) -> Captioner:
    """Errs as the studio's captioner does on each value; on invented conditions as it does on average."""
    table, total, names = scores()
    if not isinstance(scenes, Studio):
        recall = sum(s.true for s in table.values()) / sum(s.scenes for s in table.values())
        each = sum(s.false for s in table.values()) / total / len({a for a, _ in table})
        values: dict[str, list[Phrase]] = {}
        for p, attribute in scenes.attributes.items():
            values.setdefault(attribute, []).append(p)
        wrong = {a: [(p, each / len(ps)) for p in ps] for a, ps in values.items()}
        return Captioner(scenes.attributes, dict.fromkeys(scenes.attributes, recall), wrong, names)
    by_name = {(str(v.attribute), v.name): Phrase(v.phrase, v.before) for v in vocabulary.VALUES}
    wrong = {}
    for (attribute, value), s in table.items():
        told = sum(o.true for (a, v), o in table.items() if a == attribute and v != value)
        wrong.setdefault(attribute, []).append((by_name[attribute, value], s.false / (total - s.scenes - told)))
    return Captioner(scenes.attributes, {by_name[key]: s.recall for key, s in table.items()}, wrong, names)


def perfect(scenes: Scenes) -> Captioner:
    return Captioner(scenes.attributes, dict.fromkeys(scenes.attributes, 1.0))


# --- what is planted ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trigger:
    """Conditions that make a label fail: all of them together, or `either` of them. `strength`: the failure rate where it
    fires."""

    conditions: tuple[Phrase, ...]
    either: bool = False
    strength: float = 0.9

    def fires(self, scene: Scene) -> bool:
        shown = [p in scene.shows for p in self.conditions]
        return any(shown) if self.either else all(shown)

    @property
    def descriptions(self) -> list[tuple[Phrase, ...]]:
        """Its own words: what brings it out."""
        return [(p,) for p in self.conditions] if self.either else [self.conditions]

    def __str__(self) -> str:
        return (" or " if self.either else " + ").join(p.text for p in self.conditions)


SIZES = {"listed": (1,), "unlisted": (1,), "two": (2,), "three": (3,), "either": (2,), "many": (1,) * 7 + (2, 2), "none": ()}
"""What may be planted -> conditions of each trigger of a label. `listed`: one that yesterday's checklist names; `unlisted`,
`either`: those that it does not name; `two`, `three`: any, together; `either`: each alone; `many`: as real networks have it."""
MANY = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.95, 0.95)
"""Their strengths."""


@dataclass(frozen=True)
class Setting:
    """A kind of world.

    `strengths`: failure rates where the trigger fires, which the labels take in turns (`many` has its own); `base`: where it
    does not. `crowding`: by how much each stated condition raises the odds of `base`. `captions`: measured, perfect or useless.
    `generator`: "vocabulary" or "harvest" (the studio's scenes, with and without its vocabulary), or "invented". `shared`: one
    trigger for all labels.
    """

    plant: str = "unlisted"
    strengths: tuple[float, ...] = (0.9,)
    base: float = 0.04
    crowding: float = 0.0
    captions: str = "measured"
    generator: str = "vocabulary"
    shared: bool = False


@cache
def scenes_of(generator: str) -> Scenes:
    return Invented() if generator == "invented" else studio()


@cache
def studio() -> Studio:
    return Studio()


@cache
def captioner_of(captions: str, generator: str) -> Captioner | None:
    """None: it says nothing."""
    makers: dict[str, Callable[[Scenes], Captioner | None]] = {
        "measured": measured, "perfect": perfect, "useless": lambda scenes: None,
    }  # fmt: skip
    return makers[captions](scenes_of(generator))


def plant(setting: Setting, number: int) -> dict[str, tuple[Trigger, ...]]:
    """The triggers of each label, at random but the same for the same number, whatever the method."""
    if setting.plant == "none":
        return {}
    rng = random.Random(f"{setting.plant}|{setting.generator == 'invented'}|{setting.shared}|{number}")
    if setting.shared:
        return dict.fromkeys(LABELS, _triggers(setting, LABELS, setting.strengths[0], rng))
    strengths = (setting.strengths[i % len(setting.strengths)] for i in range(len(LABELS)))
    return {label: _triggers(setting, (label,), s, rng) for label, s in zip(LABELS, strengths, strict=True)}


def _triggers(setting: Setting, labels: Sequence[str], strength: float, rng: random.Random) -> tuple[Trigger, ...]:
    sizes = SIZES[setting.plant]
    made: dict[tuple[Phrase, ...], Trigger] = {}
    while len(made) < len(sizes):
        trigger = _trigger(setting, labels, sizes[len(made)], rng)
        strong = MANY[len(made)] if setting.plant == "many" else strength
        made.setdefault(trigger.conditions, replace(trigger, strength=strong))
    return tuple(made.values())


def _trigger(setting: Setting, labels: Sequence[str], size: int, rng: random.Random) -> Trigger:
    """One that its own words bring out and that plain pictures seldom show, for all of `labels`."""
    scenes, wording = scenes_of(setting.generator), scenes_of(setting.generator).wording(vocabulary=False)
    possible = [p for p in scenes.conditions(labels[0]) if all(wording.admissible(label, p) for label in labels)]
    if setting.plant in ("listed", "unlisted", "either"):
        possible = [p for p in possible if (p in picture.words.checklist) == (setting.plant == "listed")]
    while True:
        chosen = tuple(rng.sample(possible, size))
        if len({scenes.attributes[p] for p in chosen}) < len(chosen):
            continue
        trigger = Trigger(chosen, either=setting.plant == "either")
        asked = [wording.prompt(label, phrases) for label in labels for phrases in trigger.descriptions]
        if not all(wording.sayable(prompt) for prompt in asked):
            continue
        plainly = max(_share(trigger, scenes, wording.neutral(label)) for label in labels)
        if plainly < PLAINLY and min(_share(trigger, scenes, prompt) for prompt in asked) > SHOWN:
            return trigger


def _fresh(scenes: Scenes, prompt: Prompt) -> list[Scene]:
    """Nameable scenes of a prompt that no hunt draws."""
    made = [scenes.scene(prompt.text, FRESH_SEED + i) for i in range(FRESH)]
    return [s for s in made if s.nameable]


def _share(trigger: Trigger, scenes: Scenes, prompt: Prompt) -> float:
    fresh = _fresh(scenes, prompt)
    return sum(map(trigger.fires, fresh)) / max(1, len(fresh))


# --- the world ----------------------------------------------------------------------------------------------------------


class World:
    """One target with planted bugs. It answers the method's questions, and knows the truth."""

    def __init__(self, setting: Setting, number: int) -> None:
        self.setting, self.number = setting, number
        self.scenes = scenes_of(setting.generator)
        self.wording = self.scenes.wording(setting.generator == "vocabulary")
        self.planted = plant(setting, number)
        self.seen: dict[str, Outcome] = {}
        """Every picture that was drawn, by its sample's key."""
        self._fails = cache(self._failing)
        self._shows = cache(self._showing)

    # --- what the method may ask ---

    def measure(self, samples: Sequence[Sample]) -> list[Outcome]:
        for s in samples:
            if s.key not in self.seen:
                self.seen[s.key] = self._outcome(s)
        return [self.seen[s.key] for s in samples]

    def describe(self, outcomes: Sequence[Outcome]) -> list[str]:
        say = captioner_of(self.setting.captions, self.setting.generator)
        if say is None:
            return [""] * len(outcomes)
        return [say(o.sample.prompt.label, self.scene(o.sample), o.sample.key) for o in outcomes]

    def propose(self, label: str, failures: Sequence[str], successes: Sequence[str]) -> list[str]:
        return []

    def vary(self, label: str, phrases: Sequence[Phrase]) -> list[tuple[Phrase, ...]]:
        return [self.wording.siblings(p) for p in phrases]

    # --- what happens ---

    def scene(self, sample: Sample) -> Scene:
        return self.scenes.scene(sample.prompt.text, sample.seed)

    def chance(self, prompt: Prompt, scene: Scene) -> float:
        """The failure rate of such pictures."""
        stated = len(prompt.description.split(", ")) if prompt.description else 0
        odds = self.setting.base / (1 - self.setting.base) * (1 + self.setting.crowding) ** stated
        base = odds / (1 + odds)
        return max(base, *(t.strength for t in self.planted.get(prompt.label, ()) if t.fires(scene)), 0.0)

    def _outcome(self, s: Sample) -> Outcome:
        scene = self.scene(s)
        wrong = coin("fails", self.number, s.key) < self.chance(s.prompt, scene)
        shows = scene.nameable and coin("shows", s.key) >= UNCLEAR
        status = Status.UNFAITHFUL if not shows else Status.FAILURE if wrong else Status.SUCCESS
        return Outcome(s, status, wrong, TAKEN_FOR if wrong else s.prompt.label)

    def drawn(self) -> Counter[str]:
        """Pictures so far, by purpose."""
        return Counter(str(o.sample.purpose) for o in self.seen.values())

    # --- the truth ---

    @property
    def candidates(self) -> int:
        """Descriptions of all labels that are as long as the planted ones, with one value of an attribute at most: what would
        have to be tried where nothing is suspected."""
        found = 0
        for label, triggers in self.planted.items():
            values = Counter(self.scenes.attributes[p] for p in self.scenes.conditions(label)).values()
            of_length = np.array([1])
            for n in values:  # the coefficients of the product of 1 + n x
                of_length = np.convolve(of_length, (1, n))
            found += sum(int(of_length[length]) for length in {len(t.descriptions[0]) for t in triggers})
        return found

    def _failing(self, prompt: Prompt) -> float:
        """The failure rate of a prompt's pictures."""
        chances = [self.chance(prompt, scene) for scene in _fresh(self.scenes, prompt)]
        return sum(chances) / max(1, len(chances))

    def _showing(self, prompt: Prompt, trigger: Trigger) -> float:
        """The share of a prompt's pictures in which a trigger fires."""
        return _share(trigger, self.scenes, prompt)

    def pair(self, h: Hypothesis) -> tuple[float, float]:
        """The failure rates of a description and of the plain prompt."""
        return self._fails(self.wording.treated(h)), self._fails(self.wording.neutral(h.label))

    def brings_out(self, h: Hypothesis, trigger: Trigger) -> bool:
        """Whether a description finds a bug of its label."""
        plain = self._shows(self.wording.neutral(h.label), trigger)
        return self._shows(self.wording.treated(h), trigger) - plain >= FOUND

"""The words that the studio understands besides its objects, and the prior for what a prompt leaves open.

Every value of every attribute has one canonical phrase (what captions and checklists say) and synonyms. With a chance of
`UNUSUAL` a picture shows one condition that the prompt does not ask for, in proportion to the `weight` of its value: a bug
under a condition that exploration never draws cannot be found. What is done to the picture itself (`FILM`), but for the faults
of focus and grain, has no weight: it is shown only if a prompt says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ... import language
from ...core.records import Phrase
from ...language import Wording
from ...media import picture

Attribute = Literal[
    "count", "colour", "material", "surface", "ground", "background", "light", "weather", "view", "pose", "distance",
    "occlusion", "company", "camera", "rendition", "lens", "framing", "setting", "overlay", "quality",
]  # fmt: skip

FILM: frozenset[Attribute] = frozenset({"camera", "rendition", "lens", "framing", "setting", "overlay", "quality"})
"""What is said of the picture, not of what it shows (`film.py`)."""
SCENIC: frozenset[Attribute] = FILM | {"ground", "background", "light", "weather", "view", "occlusion"}
"""The attributes that a picture without an object can have too."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute. `before`: its phrase stands in front of the noun ("a red teapot")."""

    attribute: Attribute
    name: str
    phrase: str
    synonyms: tuple[str, ...] = ()
    before: bool = False
    weight: float = 0.0


def _colours() -> list[Value]:
    others = {"gray": ("grey",), "purple": ("violet",), "pink": ("rosy",), "orange": ("orange coloured",)}
    names = ("red", "blue", "green", "yellow", "orange", "purple", "pink", "black", "white", "gray")
    return [Value("colour", n, n, (f"{n} coloured", *others.get(n, ())), before=True, weight=0.005) for n in names]


def _film(attribute: Attribute, name: str, phrase: str, *synonyms: str) -> Value:
    """Of no weight: what is done to a picture is done only if a prompt says so."""
    return Value(attribute, name, phrase, synonyms)


COMPANY_WEIGHT = 0.03
"""Of a companion that the prompt does not ask for, whichever it is."""


def _company(phrase: str) -> Value:
    """One of many: any object may stand beside any other (`company.py`). The name is the phrase."""
    return Value("company", phrase, phrase)


STICKER = "sticker: "
"""What the name of a sticker's value begins with; the rest is what it says."""


def _surface(name: str, phrase: str, *synonyms: str) -> Value:
    """Of no weight: texture against shape is a test of its own."""
    return Value("surface", name, f"covered in {phrase}", (f"covered with {phrase}", *synonyms))


SURFACES: tuple[Value, ...] = (
    _surface("zebra", "zebra stripes", "zebra-striped", "zebra striped"),
    _surface("tiger", "tiger stripes", "tiger-striped", "tiger striped"),
    _surface("leopard", "leopard spots", "leopard-spotted", "leopard spotted"),
    _surface("elephant", "elephant skin", "made of elephant skin"),
    _surface("snake", "snake scales", "covered in snakeskin", "made of snakeskin"),
    _surface("bricks", "bricks", "covered in brick", "made of bricks", "made of brick"),
    _surface("knit", "knitted wool", "knitted", "made of knitted wool", "made of wool", "covered in wool", "knitted of wool"),
    _surface("camouflage", "camouflage", "camouflaged"),
    _surface("rust", "rust", "rusty", "rusted"),
    _surface("moss", "moss", "overgrown with moss"),
    _surface("newspaper", "newspaper", "wrapped in newspaper", "made of newspaper"),
    _surface("orange peel", "orange peel", "made of orange peel"),
    _surface("lava", "lava", "made of lava"),
    _surface("bark", "tree bark", "covered in bark", "made of bark", "made of tree bark"),
)

FILM_VALUES: tuple[Value, ...] = (
    _film("camera", "zoom", "with zoom blur", "zoom blur"),
    _film("rendition", "sketch", "in a pencil sketch", "pencil sketch", "pencil drawing", "in a pencil drawing",
          "drawn in pencil", "in pencil", "sketch"),
    _film("rendition", "painting", "in an oil painting", "oil painting", "painted in oil", "painting", "in a painting"),
    _film("rendition", "cartoon", "in a cartoon", "cartoon", "in a comic", "cartoon drawing"),
    _film("rendition", "pixel art", "in pixel art", "pixel art"),
    _film("rendition", "halftone", "in a halftone print", "halftone print", "halftone", "in a newspaper print"),
    _film("rendition", "grey", "in a black and white photo", "black and white photo", "black-and-white photo",
          "black and white picture", "in black and white", "monochrome"),
    _film("rendition", "sepia", "in a sepia photo", "sepia photo", "sepia", "in sepia"),
    _film("rendition", "thermal", "in a thermal photo", "thermal photo", "thermal image", "in a thermal image",
          "seen by a thermal camera", "taken with a thermal camera", "thermal camera"),
    _film("lens", "fisheye", "through a fisheye lens", "with a fisheye lens", "fisheye", "fisheye lens"),
    _film("lens", "dirty", "through a dirty lens", "with a dirty lens", "dirty lens", "through a dusty lens"),
    _film("lens", "wet", "through a wet lens", "with drops on the lens", "with water drops on the lens",
          "with raindrops on the lens", "wet lens", "drops on the lens"),
    _film("lens", "icy", "through an icy lens", "with frost on the lens", "with ice on the lens", "icy lens"),
    _film("lens", "frosted", "through a frosted lens", "through frosted glass", "frosted lens"),
    _film("lens", "wavy", "through a wavy lens", "through wavy glass", "wavy lens"),
    _film("lens", "flare", "with lens flare", "lens flare", "with sun flare"),
    _film("lens", "vignette", "with a vignette", "vignette", "with vignetting", "with dark corners"),
    _film("lens", "fringes", "with chromatic aberration", "chromatic aberration", "with colour fringes", "with color fringes"),
    _film("framing", "tilted", "in a tilted photo", "tilted photo", "with a tilted camera", "with a tilted horizon"),
    _film("framing", "sideways", "in a sideways photo", "sideways photo", "turned by 90 degrees", "turned 90 degrees",
          "rotated by 90 degrees", "turned sideways", "sideways"),
    _film("setting", "over", "in an overexposed photo", "overexposed", "over-exposed"),
    _film("setting", "under", "in an underexposed photo", "underexposed", "under-exposed"),
    _film("setting", "contrast", "in a low contrast photo", "low contrast", "with low contrast", "in a washed out photo",
          "washed out", "low-contrast"),
    _film("setting", "balance", "with a wrong white balance", "wrong white balance", "with a colour cast",
          "with a color cast"),
    _film("overlay", "watermark", "with a watermark", "watermarked", "watermark"),
    _film("overlay", "stock watermark", "with a stock photo watermark", "stock photo watermark"),
    _film("overlay", "date", "with a date stamp", "date stamp", "with a timestamp", "with a time stamp"),
    _film("overlay", "subtitles", "with subtitles", "subtitled", "subtitles"),
    _film("overlay", f"{STICKER}piggy bank", "with a sticker that says piggy bank"),
    _film("overlay", "frame", "in a picture frame", "in a frame", "framed", "picture frame"),
    _film("quality", "low resolution", "in a low resolution photo", "low resolution", "in low resolution", "low-resolution",
          "with a low resolution", "pixelated"),
    _film("quality", "compressed", "in a heavily compressed photo", "heavily compressed", "with heavy JPEG compression",
          "with JPEG artifacts", "with JPEG compression", "with compression artifacts", "heavy JPEG", "compressed"),
)  # fmt: skip

VALUES: tuple[Value, ...] = (
    Value("count", "two", "two", ("2", "a pair of", "a couple of"), before=True, weight=0.015),
    Value("count", "three", "three", ("3",), before=True, weight=0.015),
    *_colours(),
    Value("material", "gold", "golden", ("gold", "made of gold", "gilded"), before=True, weight=0.01),
    Value("material", "metal", "metal", ("metallic", "made of metal", "steel", "silver", "chrome"), True, 0.01),
    Value("material", "wood", "wooden", ("made of wood",), before=True, weight=0.01),
    Value("material", "glass", "glass", ("made of glass", "transparent"), before=True, weight=0.01),
    *SURFACES,
    Value("ground", "wood", "on a wooden floor", ("on wood", "on a wooden table", "on planks", "on a wooden deck")),
    Value("ground", "marble", "on marble", ("on a marble table", "on a marble floor", "on stone")),
    Value("ground", "cloth", "on a checked cloth", ("on cloth", "on a tablecloth", "on fabric", "on a blanket")),
    Value("ground", "carpet", "on a carpet", ("on carpet", "on a rug")),
    Value("ground", "tile", "on tiles", ("on a tiled floor", "on tile")),
    Value("ground", "white", "on a white surface", ("on white", "on a white table", "on paper")),
    Value("ground", "concrete", "on concrete", ("on a concrete floor", "on the pavement", "on cement")),
    Value("ground", "asphalt", "on asphalt", ("on the road", "on a road", "on a street", "on the street")),
    Value("ground", "grass", "on grass", ("on a lawn", "on a meadow", "in a field", "in grass", "in the grass")),
    Value("ground", "dirt", "on dirt", ("on soil", "on earth", "on bare ground")),
    Value("ground", "sand", "on sand", ("on a beach", "on the beach", "in sand", "in the desert")),
    Value("ground", "brick", "on bricks", ("on brick", "on cobblestones", "on a brick floor")),
    Value("ground", "snow", "on snow", ("in snow", "in the snow", "on snowy ground")),
    Value("ground", "gravel", "on gravel", ("on pebbles", "on a gravel path")),
    Value("ground", "leaves", "on fallen leaves", ("on autumn leaves", "on dead leaves")),
    Value("ground", "mud", "on mud", ("in mud", "in the mud", "on muddy ground", "on wet soil")),
    Value(
        "ground",
        "puddles",
        "on a wet street",
        ("among puddles", "on a wet street with puddles", "on wet asphalt", "on a wet road"),
    ),
    Value("ground", "grid", "on a metal grid", ("on a metal grating", "on a steel grating", "on a steel grid")),
    Value("ground", "clutter", "on a cluttered table", ("among clutter", "on a messy table", "on a cluttered desk")),
    Value("ground", "water", "on water", ("in water", "in a lake", "on a lake", "floating on water")),
    Value("background", "trees", "in front of trees", ("in a forest", "in the woods", "near trees", "in a park")),
    Value("background", "buildings", "in front of buildings", ("in a city", "in a town", "near buildings")),
    Value("light", "indoors", "indoors", ("inside", "in a room", "in a house")),
    Value("light", "studio", "in a bright studio", ("in a studio", "in a photo studio")),
    Value("light", "dark", "in a dark room", ("in the dark", "in darkness", "in dim light"), weight=0.01),
    Value("light", "sunny", "on a sunny day", ("in sunlight", "in sunshine", "in bright sun", "in the sun", "outdoors")),
    Value("light", "overcast", "on a cloudy day", ("on an overcast day", "under a grey sky", "under clouds")),
    Value("light", "sunset", "at sunset", ("at dusk", "at dawn", "at sunrise", "in evening light"), weight=0.015),
    Value("light", "night", "at night", ("by night", "at midnight", "after dark"), weight=0.02),
    Value("light", "backlit", "against the light", ("backlit", "back-lit", "lit from behind", "in backlight")),
    Value(
        "light", "side", "in hard side light", ("in hard light", "in side light", "in harsh side light", "lit from the side")
    ),
    Value("light", "neon", "in coloured neon light", ("in colored neon light", "in neon light", "in neon lights")),
    Value("light", "headlights", "in headlights", ("in car headlights", "in the headlights of a car", "lit by headlights")),
    Value("weather", "fog", "in fog", ("in thick fog", "in mist", "foggy", "in haze"), weight=0.015),
    Value("weather", "rain", "in heavy rain", ("in rain", "in the rain", "rainy"), weight=0.015),
    Value("weather", "snowfall", "in falling snow", ("in a snowstorm", "in snowfall", "while it snows"), weight=0.015),
    Value(
        "view",
        "above",
        "seen from above",
        ("from above", "top view", "viewed from above", "bird's eye view"),
        weight=0.03,
    ),
    Value("view", "below", "seen from below", ("from below", "viewed from below", "from underneath"), weight=0.01),
    Value(
        "view",
        "rear",
        "seen from behind",
        ("from behind", "from the back", "rear view", "seen from the rear"),
        weight=0.015,
    ),
    Value("view", "low", "seen from ground level", ("from a low angle", "seen from a low angle", "low angle"), weight=0.01),
    Value("pose", "upside down", "upside down", ("turned upside down", "upside-down", "turned over"), weight=0.015),
    Value(
        "distance",
        "far",
        "far away",
        ("in the distance", "from far away", "from afar", "small in the frame"),
        weight=0.02,
    ),
    Value("distance", "close", "in a close-up", ("close-up", "up close", "close up", "from up close"), weight=0.01),
    Value("occlusion", "leaves", "partly hidden by leaves", ("behind leaves", "hidden by leaves"), weight=0.01),
    Value("occlusion", "post", "partly hidden by a post", ("behind a post", "behind a pole"), weight=0.01),
    *map(
        _company,
        (
            "next to a teapot",
            "next to a banana",
            "next to a computer keyboard",
            "next to a soccer ball",
            "next to a cab",
            "behind a bucket",
            "in front of a bookcase",
            "surrounded by three candles",
            "among balls",
        ),
    ),
    Value("camera", "motion", "with motion blur", ("blurred", "blurry", "in motion", "moving"), weight=0.01),
    Value("camera", "defocus", "out of focus", ("defocused", "unfocused"), weight=0.01),
    Value("camera", "noise", "in a grainy photo", ("grainy", "noisy", "with noise", "with sensor noise"), weight=0.01),
    *FILM_VALUES,
)

UNUSUAL = 0.2
TOTAL_WEIGHT = sum(v.weight for v in VALUES) + COMPANY_WEIGHT

GROUNDS: Mapping[str, tuple[str, ...]] = {
    "table": ("wood", "wood", "marble", "cloth", "white"),
    "floor": ("wood", "carpet", "tile", "concrete"),
    "outdoors": ("grass", "asphalt", "concrete"),
    "sky": ("none",),
}
"""What stands under an object whose class names no grounds of its own, by place."""

OUTDOOR_GROUNDS = frozenset(
    {"grass", "dirt", "sand", "asphalt", "brick", "snow", "water", "gravel", "leaves", "mud", "puddles", "none"}
)
OUTDOOR_LIGHTS = frozenset({"sunny", "overcast", "sunset", "night", "headlights"})
ANYWHERE = frozenset({"night", "backlit"})
"""The lights that there are indoors and outdoors."""

FILLERS = frozenset(
    "some photo photograph picture image shot of is are was lies lying sits sitting stands standing placed lay "
    "rests resting that which there one single it its seen taken showing shows with and in on at from by this".split()
)
"""Words that carry no condition of their own; what is neither a filler nor in the vocabulary is reported."""

NOTHING = ("an empty place", "an empty scene", "nothing")
"""The words for a prompt without an object that names no thing ("a photo of an empty place at night")."""
_THINGS = frozenset({language.Kind.PLACE, language.Kind.OCCLUSION, language.Kind.COMPANION})


@cache
def by_wording() -> Mapping[str, Value]:
    """Every wording (canonical or synonym, lower case) -> its value."""
    words: dict[str, Value] = {}
    for value in VALUES:
        for wording in (value.phrase, *value.synonyms):
            assert words.setdefault(wording.lower(), value) is value, f"two meanings for {wording!r}"
    return words


@cache
def nouns() -> Mapping[str, Value]:
    """The thing that a wording of surroundings brings along ("grass" for "on grass", "a dark room") -> its value.

    Only what a photo can be of: a sunny day and fog are seen on something else.
    """
    words: dict[str, Value] = {}
    for wording, value in by_wording().items():
        noun = language.bare(wording)
        if noun and value.attribute in SCENIC - FILM - {"view"} and Wording(picture.words).kind(Phrase(wording)) in _THINGS:
            assert words.setdefault(noun, value) is value, f"two meanings for {noun!r}"
    return words


def sticker(text: str) -> Value:
    """The value of a sticker that says `text`."""
    return Value("overlay", STICKER + text, f"with a sticker that says {text}")


_NO_COLOURS = ("grey", "sepia", "thermal")
CLASHES: tuple[tuple[tuple[Attribute, str], tuple[Attribute, str], str], ...] = (
    *((("rendition", r), ("setting", "balance"), "without colours it cannot be seen") for r in _NO_COLOURS),
    *((("rendition", r), ("lens", "fringes"), "without colours they cannot be seen") for r in _NO_COLOURS),
    *((("rendition", r), ("quality", "low resolution"), "such a picture has no fine detail to lose")
      for r in ("pixel art", "halftone")),
    *((("material", m.name), ("surface", s.name), "it is one or the other")
      for m in VALUES if m.attribute == "material" for s in SURFACES),
)  # fmt: skip
"""Values of different attributes that cannot be in one picture, and why."""


def clash(stated: Mapping[Attribute, str]) -> str:
    """Which two of the stated values cannot be together, as half a sentence; "" if all can."""
    for (a, x), (b, y), why in CLASHES:
        if stated.get(a) == x and stated.get(b) == y:
            first, second = by_name(a, x), by_name(b, y)
            assert first and second
            return f"{first.phrase!r} and {second.phrase!r}, which cannot be together: {why}"
    return ""


@cache
def by_name(attribute: Attribute, name: str) -> Value | None:
    return next((v for v in VALUES if v.attribute == attribute and v.name == name), None)

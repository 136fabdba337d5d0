"""The options of a hunt, declared once: keywords, config files, the command line and the docs' tables come from here."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from . import yamls
from .accept import Accept, read
from .errors import SpecError, short, unknown

Arguments = dict[str, Any]

RECORDED = ("models", "versions")
"""What a run's config.yaml holds besides options and labels."""
UNIMPORTANT = ("batch_size", "max_cost", "timeout", "cache", "cache_all")
"""Options that change no result: a run can be continued with others."""
HUNT, FRESH, ALL, MODELS = ("hunt",), ("hunt", "probe"), ("hunt", "probe", "doctor"), ("hunt", "doctor")
"""Commands that offer an option: those that explore; that judge fresh pictures; that load models; that load every model."""
MODEL, PAIR = "PROVIDER/MODEL", "KEY=VALUE"
SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
WORDS = {"gt": "more than {}", "ge": "at least {}", "lt": "less than {}", "le": "at most {}"}
TYPES = {
    bool: "boolean",
    str: "string",
    int: "integer",
    float: "number",
    Arguments: "mapping",
    Accept: "word, file, mapping or list",
}
"""What people call the type of an option."""
Budget = Annotated[int, Field(ge=1)] | Literal["auto"]
Cost = Annotated[float, Field(gt=0)] | Literal["none"]
Seconds = Annotated[float, Field(gt=0)] | Literal["none"]


def option(
    default: Any,
    help: str,
    *,
    commands: tuple[str, ...] = HUNT,
    unset: str = "",
    metavar: str = "",
    unit: str = "",
    **limits: float,
) -> Any:
    """A field of `Config`, and so a row of the table.

    `unset`: what the default means, where the value alone does not say it. `commands`: those that offer it; without any, it can
    be stated in a config file and in Python only. `unit`: what a number counts. `limits`: gt, ge, lt, le.
    """
    about: dict[str, Any] = {"commands": list(commands), "unset": unset, "metavar": metavar, "unit": unit}
    return Field(default, description=help, json_schema_extra=about, **limits)  # type: ignore[call-overload]


def counted(name: str, value: Any, unit: str = "", least: int = 1, words: str = "") -> int:
    """`value` as a whole number (of `unit`). Raises SpecError that names the option if it is none or below `least`.

    `words`: what else is allowed, for the message.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise refused(name, value, allowed(unit, {"ge": least}, words, kind="whole number"))
    return int(value)


def allowed(unit: str, limits: Mapping[str, float], words: str = "", kind: str = "number") -> str:
    """Such as "a number of pictures, at least 1, or auto". `kind`: what a number without a unit is called."""
    number = f"a number of {unit}" if unit else f"a {kind}"
    bounds = " and ".join(WORDS[name].format(_short(limit)) for name, limit in limits.items())
    return ", ".join(part for part in (number, bounds, words and f"or {words}") if part)


def refused(name: str, value: Any, allowed: str) -> SpecError:
    return SpecError(f"option {name} is {short(repr(value))}; it must be {allowed}")


class Config(BaseModel):
    """Every option of a hunt. `Config.of` raises SpecError that names the option, the value and what is allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    target: str = option("efficientnet-lite/0", "model under test", commands=ALL, metavar=MODEL)
    target_args: Arguments = option({}, "options of the target", commands=ALL, metavar=PAIR)
    against: str = option(
        "",
        "reference to compare the target with: a failure is what the target gets wrong and the reference right, in one picture",
        commands=FRESH,
        metavar=MODEL,
    )
    against_args: Arguments = option({}, "options of the reference", commands=FRESH, metavar=PAIR)
    task: str = option(
        "",
        "what the target does, and so what counts as a failure",
        commands=ALL,
        unset="what its provider offers; classify, if that is several",
        metavar="NAME",
    )
    task_args: Arguments = option({}, "options of the task", commands=ALL, metavar=PAIR)
    generator: str = option("studio", "model that makes pictures from prompts", commands=ALL, metavar=MODEL)
    generator_args: Arguments = option({}, "options of the generator", commands=ALL, metavar=PAIR)
    captioner: str = option("studio", "model that describes a picture in a sentence", commands=ALL, metavar=MODEL)
    captioner_args: Arguments = option({}, "options of the captioner", commands=ALL, metavar=PAIR)
    judge: str = option("studio", "model that checks whether a picture shows its label", commands=ALL, metavar=MODEL)
    judge_args: Arguments = option({}, "options of the judge", commands=ALL, metavar=PAIR)
    editor: str = option(
        "",
        "model that suggests what a phrase of a description could be replaced with; none: a built-in list",
        commands=MODELS,
        metavar=MODEL,
    )
    editor_args: Arguments = option({}, "options of the editor", commands=MODELS, metavar=PAIR)
    describer: str = option(
        "",
        "model that suggests what failures have in common; none: phrases that their captions use more often",
        commands=MODELS,
        metavar=MODEL,
    )
    describer_args: Arguments = option({}, "options of the describer", commands=MODELS, metavar=PAIR)
    budget: Budget = option(
        "auto",
        "pictures for finding bugs, over all labels; auto: 600 for up to six labels and 60 more for each further one",
        metavar="N|auto",
        unit="pictures",
    )
    explore: int = option(10, "plain pictures of each label to start from", unit="pictures", ge=1)
    hypotheses: int = option(24, "descriptions to try for each label, at most", unit="descriptions", ge=1)
    look: int = option(
        4, "pictures generated for a description before its evidence is checked again", commands=FRESH, unit="pictures", ge=1
    )
    explain_budget: int = option(480, "additional pictures for explaining the bugs; 0: explain none", unit="pictures", ge=0)
    pairs: int = option(16, "same-seed pictures for each change that may explain a bug", unit="pictures", ge=1)
    alpha: float = option(
        0.05, "false discovery rate: the average share of false alarms among reported bugs, at most", commands=FRESH, gt=0, lt=1
    )
    margin: float = option(0.10, "smallest rise in failure rate worth reporting", commands=FRESH, ge=0, lt=1)
    fixed_n: int = option(
        0,
        "follow the paper's procedure, with this many pictures per description; 0: as many as the evidence needs",
        unit="pictures",
        ge=0,
    )
    faithful: float = option(0.5, "exclude pictures whose judge score is below this", commands=FRESH, gt=0, le=1)
    judge_sensitivity: str = option(
        "",
        "how often the judge accepts a picture that shows its label: 0.95 if known, 95/100 if counted on a sample",
        commands=FRESH,
        unset="no correction",
        metavar="SHARE",
    )
    judge_specificity: str = option(
        "",
        "how often the judge rejects a picture that does not; if both are stated, rates are corrected for its errors",
        commands=FRESH,
        unset="no correction",
        metavar="SHARE",
    )
    top_k: int = option(
        1, "count an answer as right if an accepted label is among its first K", commands=FRESH, unit="answers", ge=1, le=5
    )
    accept: Accept = option(
        {},
        "what counts as right besides the label: none, imagenet (its near-synonyms), or further labels from a file",
        commands=FRESH,
        unset="ImageNet's for targets with its labels",
        metavar="WHAT",
    )
    confidence: float = option(
        0.25, "for detectors: how sure a detection must be in order to count", commands=FRESH, ge=0, le=1
    )
    iou: float = option(
        0.5,
        "for detectors and segmenters: overlap (intersection over union) with the truth from which an answer is right",
        commands=FRESH,
        gt=0,
        le=1,
    )
    batch_size: int = option(
        16, "pictures per call to a model; affects speed, never results", commands=FRESH, unit="pictures", ge=1
    )
    max_cost: Cost = option(
        "none",
        "stop once hosted models have cost this much, in the currency of their prices; none: no limit",
        commands=FRESH,
        metavar="AMOUNT|none",
    )
    timeout: Seconds = option(
        3600.0,
        "seconds that a model may take for one call before it counts as hanging and the run stops; none: any time",
        commands=FRESH,
        metavar="SECONDS|none",
    )
    cache: str = option(
        "none",
        "take pictures that an earlier run drew from the same prompts and seeds, and keep new ones; auto: in your cache folder",
        commands=FRESH,
        metavar="auto|DIR",
    )
    cache_all: bool = option(
        False,
        "cache the pictures of generators, too, that would not draw the same ones again, such as hosted ones",
        commands=FRESH,
        unset="off",
    )
    seed: int = option(0, "seed for everything random", commands=FRESH, ge=0, lt=2**63)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Config":
        """From keywords. Raises SpecError, for an unknown name with the nearest one."""
        for key in values:
            if key not in OPTIONS:
                raise unknown("option", str(key), OPTIONS)
        if "accept" in values:
            values = {**values, "accept": read(values["accept"])}
        if "cache" in values:
            values = {**values, "cache": _folder(values["cache"])}
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            known = OPTIONS[str(first["loc"][0])]
            value = values.get(known.name)
            if known.allowed:
                raise refused(known.name, value, known.allowed) from error
            wrong = first["msg"].removeprefix("Input ").lower()
            # a model's options that are not a mapping may be anything, a key among them
            shown = f"a {type(value).__name__}" if known.kind is Arguments else short(repr(value))
            raise SpecError(f"option {known.name} is {shown}; it {wrong} ({known.help})") from error

    @classmethod
    def from_file(cls, path: Path | str) -> dict[str, Any]:
        """The options that a YAML file states, unchecked but for their names, and its `labels` if it has any.

        A run folder's config.yaml can be given; what it records besides options is passed over.
        """
        try:
            values = yamls.read(Path(path).read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise SpecError(f"cannot read the config file {str(path)!r}: {error.strerror}") from error
        except ValueError as error:
            raise SpecError(f"the config file {str(path)!r} is not YAML that is read: {error}") from error
        if values is None:
            return {}
        if not isinstance(values, dict):
            raise SpecError(f"the config file {str(path)!r} holds a {type(values).__name__}; it should map options to values")
        stated = {k: v for k, v in values.items() if k not in RECORDED}
        for key in stated:
            if key not in (*OPTIONS, "labels"):
                raise unknown(f"option in {str(path)!r}", str(key), OPTIONS)
        return stated

    def to_mapping(self) -> dict[str, Any]:
        return self.model_dump()

    def identity(self) -> dict[str, Any]:
        """The options that change results: what must agree for a run to be continued."""
        return {k: v for k, v in self.to_mapping().items() if k not in UNIMPORTANT}

    @property
    def cap(self) -> float | None:
        """What hosted models may cost at most; None: no limit."""
        return None if self.max_cost == "none" else self.max_cost

    @property
    def longest(self) -> float | None:
        """Seconds that one call to a model may take; None: any time."""
        return None if self.timeout == "none" else self.timeout


class Settled(Config):
    """The options of a hunt that can begin: its budget is a number."""

    budget: int


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table."""

    name: str
    kind: Any
    word: str
    """What may stand in place of a number; "" where nothing may."""
    default: Any
    help: str
    unset: str
    metavar: str
    unit: str
    commands: tuple[str, ...]
    limits: Mapping[str, float]

    @classmethod
    def of(cls, name: str, field: FieldInfo) -> "Option":
        """From a field of `Config`."""
        about: Any = field.json_schema_extra
        kind, word, bounded = _parts(field)
        limits = {sign: getattr(limit, sign) for limit in bounded for sign in SIGNS if hasattr(limit, sign)}
        return cls(
            name, kind, word, field.default, field.description or "", about["unset"], about["metavar"], about["unit"],
            tuple(about["commands"]), limits,
        )  # fmt: skip

    @property
    def type(self) -> str:
        return TYPES[self.kind] + (f" or {self.word}" if self.word else "")

    @property
    def allowed(self) -> str:
        """Of a count, or a number that a word may stand for, what it must be; "" for other options."""
        return allowed(self.unit, self.limits, self.word) if self.unit or self.word else ""

    @property
    def shown_default(self) -> str:
        """In words where the value says nothing: an empty text, an empty mapping."""
        return self.unset or ("none" if self.default in ("", {}) else said(self.default))

    @property
    def bounds(self) -> str:
        """Such as "> 0, < 1"."""
        return ", ".join(f"{SIGNS[name]} {_short(limit)}" for name, limit in self.limits.items())


def _folder(given: Any) -> Any:
    """A folder as a text; true and false, as YAML and Python have them, are words."""
    if isinstance(given, bool) or given is None:
        return "auto" if given else "none"
    if isinstance(given, str) and (not given.strip() or "\0" in given):
        raise refused("cache", given, "a folder, auto or none")
    return str(given) if isinstance(given, Path) else given


def _parts(field: FieldInfo) -> tuple[Any, str, list[Any]]:
    """The type, the word that may stand in its place, and what carries the bounds: of `Budget`, int, "auto" and the 1."""
    number = next((part for part in get_args(field.annotation) if get_origin(part) is Annotated), None)
    if number is None:
        return field.annotation, "", field.metadata
    (word,) = get_args(next(part for part in get_args(field.annotation) if get_origin(part) is Literal))
    kind, about = get_args(number)
    return kind, word, about.metadata


def said(value: float | str) -> str:
    """A default, as help and tables show it: 0 whether it is a whole number or not."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _short(limit: float) -> str:
    """Powers of two as such: 2^63 says more than its nineteen digits."""
    large = isinstance(limit, int) and limit > 2**31 and limit.bit_count() == 1
    return f"2^{int(limit).bit_length() - 1}" if large else f"{limit:g}"


OPTIONS: Mapping[str, Option] = {name: Option.of(name, field) for name, field in Config.model_fields.items()}
"""The table, by name."""

"""The options of a hunt, declared once: keywords, config files, the command line and the docs' tables come from here.

`bugscope --help` imports this module, so it imports nothing that takes long.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from .errors import SpecError, unknown

T = TypeVar("T")
Arguments = dict[str, Any]
Labels = dict[str, list[str]]

RECORDED = ("models", "versions")
"""What a run's config.yaml holds besides options and labels."""
UNIMPORTANT = ("batch_size", "max_cost")
"""Options that change no result: a run can be continued with others."""
HUNT, FRESH, ALL, MODELS = ("hunt",), ("hunt", "probe"), ("hunt", "probe", "doctor"), ("hunt", "doctor")
"""Commands that offer an option: those that explore; that judge fresh pictures; that load models; that load every model."""
MODEL, PAIR = "PROVIDER/MODEL", "KEY=VALUE"


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of what a number may be. `word` is for messages, `sign` for tables."""

    holds: Callable[[Any, Any], bool]
    word: str
    sign: str


BOUNDS = {
    "gt": Bound(operator.gt, "greater than", ">"),
    "ge": Bound(operator.ge, "greater than or equal to", ">="),
    "lt": Bound(operator.lt, "less than", "<"),
    "le": Bound(operator.le, "less than or equal to", "<="),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table. `unset`: what the default means, where the value alone does not say it. `commands`: those that
    offer it; without any, it can be stated in a config file and in Python only."""

    name: str
    kind: Any
    default: Any
    help: str
    unset: str
    metavar: str
    commands: tuple[str, ...]
    limits: Mapping[str, float]

    @property
    def type(self) -> str:
        return KINDS[self.kind][0].partition(" ")[0]

    @property
    def shown_default(self) -> str:
        """In words where the value says nothing: an empty text, an empty mapping."""
        return self.unset or ("none" if self.default in ("", {}) else said(self.default))

    @property
    def bounds(self) -> str:
        """Such as "> 0, < 1"."""
        return ", ".join(f"{BOUNDS[name].sign} {_short(limit)}" for name, limit in self.limits.items())

    def checked(self, value: Any) -> Any:
        """The value to keep. Raises SpecError that names the option, the value and what is allowed."""
        called, valid = KINDS[self.kind]
        wrong = [] if valid(value) else [f"a valid {called}"]
        wrong = wrong or [f"{BOUNDS[k].word} {limit}" for k, limit in self.limits.items() if not BOUNDS[k].holds(value, limit)]
        if wrong:
            raise SpecError(f"option {self.name} is {value!r}; it should be {wrong[0]} ({self.help})")
        return float(value) if self.kind is float else _copied(value)


def said(value: float | str) -> str:
    """A default, as help and tables show it: 0 whether it is a whole number or not."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def option(
    default: T, help: str, *, commands: tuple[str, ...] = HUNT, unset: str = "", metavar: str = "", **limits: float
) -> T:
    """A field of `Config`. `limits`: gt, ge, lt, le."""
    about = {"default": default, "help": help, "unset": unset, "metavar": metavar, "commands": commands, "limits": limits}
    made: Any = field(default_factory=dict, metadata=about) if default == {} else field(default=default, metadata=about)
    return made


@dataclass(frozen=True, kw_only=True)
class Config:
    """Every option of a hunt. Raises SpecError that names the option, the value and what is allowed."""

    target: str = option("efficientnet-lite/0", "model under test", commands=ALL, metavar=MODEL)
    target_args: Arguments = option({}, "options of the target", commands=ALL, metavar=PAIR)
    task: str = option("classify", "what the target does, and so what counts as a failure", commands=ALL, metavar="NAME")
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
    budget: int = option(
        0, "pictures for finding bugs, over all labels; 0: 600 for up to six labels and 60 more for each further one", ge=0
    )
    explore: int = option(24, "plain pictures of each label to start from", gt=0)
    hypotheses: int = option(24, "descriptions to try for each label, at most", gt=0)
    look: int = option(4, "pictures generated for a description before its evidence is checked again", commands=FRESH, gt=0)
    explain_budget: int = option(480, "additional pictures for explaining the bugs; 0: explain none", ge=0)
    pairs: int = option(16, "same-seed pictures for each change that may explain a bug", gt=0)
    alpha: float = option(
        0.05, "false discovery rate: the average share of false alarms among reported bugs, at most", commands=FRESH, gt=0, lt=1
    )
    margin: float = option(0.10, "smallest rise in failure rate worth reporting", commands=FRESH, ge=0, lt=1)
    fixed_n: int = option(
        0, "follow the paper's procedure, with this many pictures per description; 0: as many as the evidence needs", ge=0
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
    top_k: int = option(1, "count an answer as right if an accepted label is among its first K", commands=FRESH, ge=1, le=5)
    accept: Labels = option({}, "further labels that count as right, by label", commands=())
    batch_size: int = option(16, "pictures per call to a model; affects speed, never results", commands=FRESH, gt=0)
    max_cost: float = option(
        0.0, "stop once hosted models have cost this much, in the currency of their prices; 0: no limit", commands=FRESH, ge=0
    )
    seed: int = option(0, "seed for everything random", commands=FRESH, ge=0, lt=2**63)

    def __post_init__(self) -> None:
        for name, known in OPTIONS.items():
            object.__setattr__(self, name, known.checked(getattr(self, name)))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Config":
        """From keywords. Raises SpecError, for an unknown name with the nearest one."""
        for key in values:
            if key not in OPTIONS:
                raise unknown("option", str(key), OPTIONS)
        return cls(**values)

    @classmethod
    def from_file(cls, path: Path | str) -> dict[str, Any]:
        """The options that a YAML file states, unchecked but for their names, and its `labels` if it has any.

        A run folder's config.yaml can be given; what it records besides options is passed over.
        """
        import yaml  # noqa: PLC0415 - help reads no file

        try:
            values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise SpecError(f"cannot read the config file {str(path)!r}: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise SpecError(f"the config file {str(path)!r} is not YAML: {' '.join(str(error).split())}") from error
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
        return {name: _copied(getattr(self, name)) for name in OPTIONS}

    def model_copy(self, *, update: Mapping[str, Any]) -> "Config":
        """The same options but for some."""
        return Config(**{**self.to_mapping(), **update})

    def identity(self) -> dict[str, Any]:
        """The options that change results: what must agree for a run to be continued. A model's display name does not."""
        values = {k: v for k, v in self.to_mapping().items() if k not in UNIMPORTANT}
        return {
            k: {name: x for name, x in v.items() if name != "name"} if k.endswith("_args") else v for k, v in values.items()
        }


def _copied(value: Any) -> Any:
    """Containers anew, so that nobody changes options that are in use."""
    if isinstance(value, dict):
        return {k: _copied(v) for k, v in value.items()}
    return [_copied(v) for v in value] if isinstance(value, list) else value


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


KINDS: Mapping[Any, tuple[str, Callable[[Any], bool]]] = {
    str: ("string", lambda value: isinstance(value, str)),
    int: ("integer", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    float: ("number", _is_number),
    Arguments: ("mapping from names to values", _is_mapping),
    Labels: ("mapping from labels to lists of labels", lambda v: _is_mapping(v) and all(map(_is_names, v.values()))),
}
"""What each type is called, and what counts as a value of it. Nothing is converted: "600" is no integer."""


def _short(limit: float) -> str:
    """Powers of two as such: 2^63 says more than its nineteen digits."""
    large = isinstance(limit, int) and limit > 2**31 and limit.bit_count() == 1
    return f"2^{int(limit).bit_length() - 1}" if large else f"{limit:g}"


def _row(found: "Field[Any]") -> Option:
    return Option(found.name, found.type, **found.metadata)


OPTIONS: Mapping[str, Option] = {found.name: _row(found) for found in fields(Config)}
"""The table, by name."""

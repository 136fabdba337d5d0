"""What the rows of run.sqlite may hold. A run folder may come from somebody else: every row is checked when it is read."""

import json
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ..core.errors import StoreError, short
from ..core.records import Prompt, Purpose, Sample
from ..core.texts import all_writable
from .blobs import NAME

Count = Annotated[int, Field(ge=0, le=10**9)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]

ROLES = ("generator", "target", "captioner", "judge")
"""That every run has."""
LONGEST = 64_000_000
"""Characters of a value."""


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError("names a picture outside its folder")
    return value


Name = Annotated[str, AfterValidator(_name)]
"""Of a blob."""


def _box(value: list[Any]) -> list[Any]:
    if len(value) != 5 or not isinstance(value[0], str) or not all(type(x) in (int, float) for x in value[1:]):
        raise ValueError("should be a label and four numbers")
    return value


def _all_roles(models: dict[str, str]) -> dict[str, str]:
    if missing := [role for role in ROLES if role not in models]:
        raise ValueError(f"the {missing[0]} is missing")
    return models


# --- answers of models --------------------------------------------------------------------------------------------------


class TruthNote(TypedDict):
    """What is known about a specimen; `regions`: the name of their file."""

    label: str
    others: list[str]
    boxes: list[Annotated[list[Any], AfterValidator(_box)]]
    regions: Name | None
    answer: str


class Made(TypedDict):
    """A specimen that a generator made; `cached`: for an earlier run."""

    image: Name
    info: dict[str, Any]
    cached: NotRequired[bool]
    truth: NotRequired[TruthNote | None]


class NotMade(TypedDict):
    """A generator's refusal."""

    refused: str


ANSWERS: Mapping[str, TypeAdapter[Any]] = {
    "judge": TypeAdapter(Share),
    "captioner": TypeAdapter(str),
    "editor": TypeAdapter(list[list[str]]),
    "describer": TypeAdapter(list[str]),
}
"""By role. What a target may say is its task's business."""
_MADE, _NOT_MADE = TypeAdapter(Made), TypeAdapter(NotMade)


def answer(run: Path, role: str, key: str, text: Any) -> Any:
    """A model's stored answer."""
    row = f"answers, {role} {key}"
    value = plain(run, text, row)
    if role == "generator":
        return checked(_NOT_MADE if isinstance(value, dict) and "refused" in value else _MADE, run, value, row)
    return checked(ANSWERS[role], run, value, row) if role in ANSWERS else value


# --- samples ------------------------------------------------------------------------------------------------------------


class SampleRow(TypedDict):
    key: str
    prompt: str
    label: str
    description: str
    purpose: Purpose
    replicate: Count
    run_seed: Annotated[int, Field(ge=0, lt=2**63)]


COLUMNS = ("key", "prompt", "label", "description", "purpose", "replicate", "run_seed")
_SAMPLE = TypeAdapter(SampleRow)


def sample(run: Path, *values: Any) -> Sample:
    """From the values of `COLUMNS`; the key must be that of the other values."""
    key, text, label, description, purpose, replicate, run_seed = values
    checked(_SAMPLE, run, dict(zip(COLUMNS, values, strict=True)), f"samples, {key}")
    found = Sample(Prompt(text, label, description), purpose, replicate, run_seed)
    if found.key != key:
        raise _wrong(run, f"samples, {key}", "", "its key is not that of its values")
    return found


# --- what is known about the run ----------------------------------------------------------------------------------------


class Identity(TypedDict):
    """What must be the same for a run to be continued."""

    labels: list[str]
    task_id: str
    medium: str
    models: Annotated[dict[str, str], AfterValidator(_all_roles)]
    options: dict[str, Any]
    kind: NotRequired[str]
    of: NotRequired[str]


class Concluded(TypedDict):
    """What a finished hunt found; `by` stands for the version and the options that found it."""

    by: str
    images: Count
    budget: Count
    failures: Count
    hypotheses: Count
    bugs: Count


class Used(TypedDict):
    """What a hosted model has used."""

    requests: Count
    input_tokens: Annotated[int, Field(ge=0)]
    output_tokens: Annotated[int, Field(ge=0)]
    images: Count
    cost: Annotated[Number, Field(ge=0)]
    answers: Count


META: Mapping[str, TypeAdapter[Any]] = {
    "run_id": TypeAdapter(Annotated[str, Field(max_length=100)]),
    "created": TypeAdapter(Annotated[str, Field(max_length=100)]),
    "classes": TypeAdapter(list[str]),
    "names": TypeAdapter(dict[str, str]),
    "usage": TypeAdapter(dict[str, Used]),
    "seconds": TypeAdapter(Annotated[Number, Field(ge=0)]),
    "finished": TypeAdapter(bool),
    "concluded": TypeAdapter(Concluded),
    "stopped": TypeAdapter(str | None),
    "cache_notice": TypeAdapter(Annotated[str, Field(max_length=10_000)]),
    "judge_exact": TypeAdapter(bool),
    "judge_voters": TypeAdapter(Annotated[int, Field(ge=1, le=1000)]),
}
_IDENTITY = TypeAdapter(Identity)


def meta(run: Path, name: str, text: Any) -> Any:
    """A value of the table meta."""
    value = plain(run, text, f"meta, {name}")
    return checked(META[name], run, value, f"meta, {name}") if name in META and value is not None else value


def identity(run: Path, value: Any) -> Identity:
    """The identity of a run as hunts and probes write it."""
    found: Identity = checked(_IDENTITY, run, value, "meta, identity")
    return found


# --- checksums ----------------------------------------------------------------------------------------------------------


def checksum(table: str, *values: Any) -> int:
    """CRC-32 of a row: it finds every change of up to 32 bits in a row, whoever wants to deceive can compute it too."""
    return zlib.crc32("\0".join((table, *map(str, values))).encode("utf-8", "surrogateescape"))


def verify(run: Path, sum: Any, table: str, *values: Any) -> None:
    """Raises StoreError if a row is not as it was written. `sum`: its checksum; None where an earlier version wrote it."""
    if sum is not None and sum != checksum(table, *values):
        named = " ".join(map(str, values[: 1 if table in ("samples", "meta") else -1]))
        raise _wrong(run, f"{table}, {named}", "", "the row is damaged (its checksum is another)")


# --- values -------------------------------------------------------------------------------------------------------------


def plain(run: Path, text: Any, row: str) -> Any:
    """The JSON value of a row. Raises StoreError, also for numbers that are not finite."""
    if not isinstance(text, str):
        raise _wrong(run, row, "", f"it holds a {type(text).__name__}, not a text")
    if len(text) > LONGEST:
        raise _wrong(run, row, "", f"it holds {len(text):,} characters")
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(run, row, "", f"a value in it is damaged ({short(str(error))})") from error
    return all_writable(value, LONGEST) if "\\ud" in text or "\\uD" in text else value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not finite")
    return value


_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)


def checked(kind: TypeAdapter[Any], run: Path, value: Any, row: str) -> Any:
    """The value, if it is of this kind. Raises StoreError that names the row and the field."""
    try:
        kind.validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        given = "" if first["type"] == "missing" else f"{short(repr(first['input']))}: "
        raise _wrong(run, row, ".".join(map(str, first["loc"])), given + first["msg"].lower()) from error
    except RecursionError as error:
        raise _wrong(run, row, "", "it is nested too deeply") from error
    _add_up(run, value, row)
    return value


def _add_up(run: Path, value: Any, row: str) -> None:
    """No more failures than pictures, wherever they are counted."""
    if isinstance(value, dict):
        for part in ("failures", "times"):
            if type(value.get(part)) is int and type(value.get("n")) is int and value[part] > value["n"]:
                raise _wrong(run, row, part, f"{value[part]} of {value['n']}")
        for part in value.values():
            _add_up(run, part, row)
    elif isinstance(value, list):
        for part in value:
            _add_up(run, part, row)


class Damaged(StoreError):
    """A row that is not what it should be. `where`: its table and key, and the field; `what`: what is wrong with it."""

    def __init__(self, run: Path, where: str, what: str) -> None:
        message = f"cannot read {str(run / 'run.sqlite')!r}: {where}: {what}; to look for damage: bugscope doctor {run}"
        super().__init__(message)
        self.where, self.what = where, what


def _wrong(run: Path, row: str, field: str, what: str) -> Damaged:
    return Damaged(run, f"{short(row)}{f', {short(field)}' if field else ''}", what)

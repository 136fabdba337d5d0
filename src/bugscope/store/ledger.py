"""What the method concluded, as plain values for the run folder's ledger. JSON has no NaN: a rate of nothing is null."""

import math
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from .. import language
from ..core.errors import StoreError, short
from ..core.explanation import ContextCell, Counterfactual, Explanation, Spurious
from ..core.records import Estimate, Evidence, Hypothesis, Phrase, Prompt, Rate, Verdict, joined
from ..language import Wording
from .folder import Store
from .rows import Count, Number, Share, checked

_VERDICTS: dict[Verdict, Literal["confirmed", "futile", "unfaithful", "undecided"]] = {
    Verdict.CONFIRMED: "confirmed",
    Verdict.FUTILE: "futile",
    Verdict.UNFAITHFUL: "unfaithful",
    Verdict.UNDECIDED: "undecided",
}
CHILD = "child-"
"""Before the id of a sharper description, in the key of a bug."""
ASKED = "asked-"
"""Before the id of a sharper description that was looked for because a person asked for an explanation."""


# --- what a note holds --------------------------------------------------------------------------------------------------


class Counted(TypedDict):
    """How many of how many pictures fail."""

    failures: Count
    n: Count


class RateNote(Counted):
    """With the interval of the rate, and its level."""

    low: Share
    high: Share
    level: Share


class EstimateNote(TypedDict):
    """`value`: None where nothing was measured."""

    value: Number | None
    low: Number
    high: Number
    level: Share


class PhraseNote(TypedDict):
    text: str
    before: bool


class PromptNote(TypedDict):
    text: str
    label: str
    description: str


class HypothesisNote(TypedDict):
    """A description: as people say it (`sentence`), as it is asked for (`prompt`), and the prompt it is compared with."""

    label: str
    description: str
    sentence: str
    prompt: str
    neutral: str
    phrases: list[PhraseNote]
    source: str
    suggested_by: list[str]


class EvidenceNote(HypothesisNote):
    """A description and what was measured of it."""

    treated: RateNote
    baseline: RateNote
    e_value: Annotated[Number, Field(ge=0)]
    verdict: Literal["confirmed", "futile", "unfaithful", "undecided"]
    reason: str
    drawn: Count
    baseline_drawn: Count
    corrected: list[EstimateNote] | None


class TriedNote(EvidenceNote):
    """`order`: in which the descriptions were first tried, or a probe's prompts were asked."""

    order: NotRequired[Count]


class SharperNote(TriedNote):
    """`parent`: the id of the bug that it describes more sharply."""

    parent: str


N = TypeVar("N", bound=TriedNote)


class ChangeNote(RateNote):
    """A description with one phrase changed. The rate is that after the change, `before` the whole description's."""

    change: str
    phrase: str | None
    replacement: str | None
    sentence: str
    prompt: str
    before: RateNote
    only_before: Count
    only_after: Count
    effect: EstimateNote
    p_value: Share
    p_adjusted: Share
    mends: bool


class MinimalNote(TypedDict):
    """The phrases that suffice, and every shorter description that was tried."""

    phrases: list[PhraseNote]
    sentence: str
    decided: bool
    trials: list[EvidenceNote]


class CellNote(TypedDict):
    """How often (`times` of `n`) pictures of the prompts are taken for the wrong label."""

    prompts: list[PromptNote]
    drawn: Count
    times: Count
    n: Count
    low: Share
    high: Share
    level: Share


class SpuriousNote(TypedDict):
    """Whether the wrong label is predicted from the context."""

    wrong: str
    alone: CellNote
    whole: CellNote
    plain: CellNote
    others: CellNote | None
    others_plain: CellNote | None
    p_alone: Share
    p_others: Share | None
    from_context_alone: bool
    from_other_objects: bool


class ExplanationNote(RateNote):
    """Why a bug happens. The rate is that of the whole description on the pictures drawn to explain it."""

    label: str
    prompt: str
    pairs: Count
    counterfactuals: list[ChangeNote]
    minimal: MinimalNote
    spurious: SpuriousNote | None


class WaitingNote(HypothesisNote):
    """A sharper description that has no verdict yet."""

    parent: str


# --- the way in ---------------------------------------------------------------------------------------------------------


def key(h: Hypothesis, wording: Wording) -> str:
    """The id of a description's notes. It depends on the description alone, whatever else is tried and in which order, so that
    no note can pass for one about another description."""
    said = (h.label, wording.treated(h).text, wording.control(h).text)
    return sha256(joined(*said, *(joined(p.text, str(p.before)) for p in h.phrases)).encode()).hexdigest()[:12]


def hypothesis(h: Hypothesis, wording: Wording) -> HypothesisNote:
    treated, control = wording.treated(h), wording.control(h)
    return {
        "label": h.label,
        "description": treated.description,
        "sentence": h.text or language.sentence(h.label, h.phrases),
        "prompt": treated.text,
        "neutral": control.text,
        "phrases": [_phrase(p) for p in h.phrases],
        "source": h.source,
        "suggested_by": list(h.suggested_by),
    }


def evidence(e: Evidence, wording: Wording) -> EvidenceNote:
    """The hypothesis and what was measured of it."""
    return {
        **hypothesis(e.hypothesis, wording),
        "treated": rate(e.treated),
        "baseline": rate(e.baseline),
        "e_value": e.e_value,
        "verdict": _VERDICTS[e.verdict],
        "reason": e.verdict.value,
        "drawn": e.drawn,
        "baseline_drawn": e.baseline_drawn,
        "corrected": [estimate(each) for each in e.corrected] if e.corrected else None,
    }


def explanation(x: Explanation, wording: Wording) -> ExplanationNote:
    return {
        "label": x.hypothesis.label,
        "prompt": wording.prompt(x.hypothesis.label, x.hypothesis.phrases).text,
        "pairs": x.pairs,
        **rate(x.base),
        "counterfactuals": [_counterfactual(x.hypothesis.label, c, wording) for c in x.counterfactuals],
        "minimal": {
            "phrases": [_phrase(p) for p in x.minimal.phrases],
            "sentence": language.sentence(x.hypothesis.label, x.minimal.phrases),
            "decided": x.minimal.decided,
            "trials": [evidence(e, wording) for e in x.minimal.trials],
        },
        "spurious": _spurious(x.spurious) if x.spurious else None,
    }


def _counterfactual(label: str, c: Counterfactual, wording: Wording) -> ChangeNote:
    edit = c.edit
    return {
        "change": edit.op,
        "phrase": edit.phrase.text if edit.phrase else None,
        "replacement": edit.replacement.text if edit.replacement else None,
        "sentence": language.sentence(label, edit.phrases),
        "prompt": wording.prompt(label, edit.phrases).text,
        "before": rate(c.before),
        **rate(c.after),
        "only_before": c.only_before,
        "only_after": c.only_after,
        "effect": estimate(c.effect),
        "p_value": c.p_value,
        "p_adjusted": c.adjusted,
        "mends": c.mends,
    }


def _spurious(s: Spurious) -> SpuriousNote:
    return {
        "wrong": s.wrong,
        "alone": _cell(s.alone),
        "whole": _cell(s.whole),
        "plain": _cell(s.plain),
        "others": _cell(s.others) if s.others else None,
        "others_plain": _cell(s.others_plain) if s.others_plain else None,
        "p_alone": s.p_alone,
        "p_others": s.p_others,
        "from_context_alone": s.from_context_alone,
        "from_other_objects": s.from_other_objects,
    }


def _cell(c: ContextCell) -> CellNote:
    r = c.rate
    prompts = [_prompt(p) for p in c.prompts]
    return {"prompts": prompts, "drawn": c.drawn, "times": r.k, "n": r.n, "low": r.low, "high": r.high, "level": r.level}


def _prompt(p: Prompt) -> PromptNote:
    return {"text": p.text, "label": p.label, "description": p.description}


def _phrase(p: Phrase) -> PhraseNote:
    return {"text": p.text, "before": p.before}


def rate(r: Rate) -> RateNote:
    return {"failures": r.k, "n": r.n, "low": r.low, "high": r.high, "level": r.level}


def estimate(e: Estimate) -> EstimateNote:
    return {"value": finite(e.value), "low": e.low, "high": e.high, "level": e.level}


def finite(value: float) -> float | None:
    """As JSON holds it."""
    return None if math.isnan(value) else value


# --- the way back -------------------------------------------------------------------------------------------------------


def read_hypothesis(note: HypothesisNote) -> Hypothesis:
    """As `hypothesis` wrote it, without what suggested it."""
    return Hypothesis(note["label"], tuple(Phrase(**p) for p in note["phrases"]))


def read_evidence(note: EvidenceNote) -> Evidence:
    """As `evidence` wrote it: a description of phrases alone, compared with the plain label."""
    rates = read_rate(note["treated"]), read_rate(note["baseline"])
    verdict = Verdict[note["verdict"].upper()]
    return Evidence(read_hypothesis(note), *rates, note["e_value"], verdict, note["drawn"], note["baseline_drawn"])


def read_rate(note: RateNote) -> Rate:
    """As `rate` wrote it."""
    return Rate(note["failures"], note["n"], note["low"], note["high"], note["level"])


def tried(store: Store) -> dict[str, TriedNote]:
    """Every description with evidence, by its id, in the order in which they were tried."""
    return _in_order(_notes(store, "evidence", TriedNote))


def sharper(store: Store) -> dict[str, SharperNote]:
    """Sharper descriptions with a verdict (without one, none was drawn before the run stopped), each of a parent once: the hunt
    and a person may both have asked. One whose parent is no longer tried is left out."""
    found: dict[tuple[str, str], tuple[str, SharperNote]] = {}
    parents = store.notes("evidence")
    for id, note in _in_order(_notes(store, "refinement", WaitingNote, SharperNote)).items():
        if note["parent"] not in parents:
            continue
        place = (note["parent"], note["prompt"])
        if "verdict" in note and (place not in found or found[place][1]["verdict"] != "confirmed"):
            found[place] = (id, note)
    return dict(found.values())


def explanations(store: Store, asked: bool = True) -> dict[str, ExplanationNote]:
    """By the key of a bug; what a person `asked` for comes before what the hunt found by itself."""
    return {**explained(store, "explanation"), **(explained(store, "inquiry") if asked else {})}


def explained(store: Store, kind: Literal["explanation", "inquiry"]) -> dict[str, ExplanationNote]:
    """What the hunt found by itself, or what a person asked for."""
    return _notes(store, kind, ExplanationNote)


def of_bugs(store: Store) -> dict[str, EvidenceNote]:
    """Notes by the key of a bug in reports: descriptions, and their sharper children under "child-ID"."""
    children = _notes(store, "refinement", WaitingNote, SharperNote)
    return {**tried(store), **{f"{CHILD}{id}": note for id, note in children.items()}}


def check(run: Path, kind: str, id: str, note: Any) -> None:
    """Raises StoreError if a note is not what its kind holds."""
    record, measured = _KINDS.get(kind, (None, None))
    if record:
        checked(_adapter(_record(note, record, measured)), run, note, f"ledger, {kind} {id}")


_KINDS: Mapping[str, tuple[Any, Any]] = {
    "evidence": (TriedNote, None),
    "refinement": (WaitingNote, SharperNote),
    "explanation": (ExplanationNote, None),
    "inquiry": (ExplanationNote, None),
}


def _in_order(notes: Mapping[str, N]) -> dict[str, N]:
    def order(item: tuple[str, N]) -> int:
        note: TriedNote = item[1]
        return note.get("order", 0)

    return dict(sorted(notes.items(), key=order))


def _notes(store: Store, kind: str, record: Any, measured: Any = None) -> dict[str, Any]:
    """Notes of a kind, each checked. `measured`: what those with a verdict hold."""
    found = store.notes(kind)
    # the key of a bug is its id, with CHILD before that of a sharper one
    if kind in ("evidence", "refinement") and (odd := [id for id in found if not id or id.startswith(CHILD)]):
        raise StoreError(f"cannot read {str(store.path / 'run.sqlite')!r}: ledger, {kind}: {short(repr(odd[0]))} is no id")
    return {
        id: checked(_adapter(_record(note, record, measured)), store.path, note, f"ledger, {kind} {id}")
        for id, note in found.items()
    }


def _record(note: Any, record: Any, measured: Any) -> Any:
    return measured if measured and isinstance(note, dict) and "verdict" in note else record


@cache
def _adapter(record: Any) -> TypeAdapter[Any]:
    return TypeAdapter(record)

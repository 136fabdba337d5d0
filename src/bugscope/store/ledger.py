"""What the method concluded, as plain values for the run folder's ledger. JSON has no NaN: a rate of nothing is null."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .. import language
from ..core.explanation import Cell, Counterfactual, Explanation, Spurious
from ..core.records import Evidence, Hypothesis, Phrase, Rate, Verdict
from ..language import Wording
from .folder import Store

CHILD = "child-"
"""Before the id of a sharper description, in the key of a bug."""


def hypothesis(h: Hypothesis, wording: Wording) -> dict[str, Any]:
    treated, control = wording.treated(h), wording.control(h)
    return {
        "label": h.label,
        "description": treated.description,
        "sentence": h.text or language.sentence(h.label, h.phrases),
        "prompt": treated.text,
        "neutral": control.text,
        "phrases": [asdict(p) for p in h.phrases],
        "source": h.source,
        "suggested_by": list(h.suggested_by),
    }


def evidence(e: Evidence, wording: Wording) -> dict[str, Any]:
    """The hypothesis and what was measured of it."""
    return {
        **hypothesis(e.hypothesis, wording),
        "treated": rate(e.treated),
        "baseline": rate(e.baseline),
        "e_value": e.e_value,
        "verdict": e.verdict.name.lower(),
        "reason": e.verdict.value,
        "drawn": e.drawn,
        "baseline_drawn": e.baseline_drawn,
        "corrected": [finite(asdict(estimate)) for estimate in e.corrected] if e.corrected else None,
    }


def explanation(x: Explanation, wording: Wording) -> dict[str, Any]:
    return {
        "label": x.hypothesis.label,
        "prompt": wording.prompt(x.hypothesis.label, x.hypothesis.phrases).text,
        "pairs": x.pairs,
        **rate(x.base),
        "counterfactuals": [_counterfactual(x.hypothesis.label, c, wording) for c in x.counterfactuals],
        "minimal": {
            "phrases": [asdict(p) for p in x.minimal.phrases],
            "sentence": language.sentence(x.hypothesis.label, x.minimal.phrases),
            "decided": x.minimal.decided,
            "trials": [evidence(e, wording) for e in x.minimal.trials],
        },
        "spurious": _spurious(x.spurious) if x.spurious else None,
    }


def _counterfactual(label: str, c: Counterfactual, wording: Wording) -> dict[str, Any]:
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
        "effect": finite(asdict(c.effect)),
        "p_value": c.p_value,
        "p_adjusted": c.adjusted,
        "mends": c.mends,
    }


def _spurious(s: Spurious) -> dict[str, Any]:
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


def _cell(c: Cell) -> dict[str, Any]:
    return {"prompts": [asdict(p) for p in c.prompts], "drawn": c.drawn, **rate(c.rate, "times")}


def rate(r: Rate, what: str = "failures") -> dict[str, Any]:
    return {what: r.k, "n": r.n, "low": r.low, "high": r.high, "level": r.level}


def finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {k: None if math.isnan(v) else v for k, v in values.items()}


# --- the way back -------------------------------------------------------------------------------------------------------


def read_hypothesis(note: Mapping[str, Any]) -> Hypothesis:
    """As `hypothesis` wrote it, without what suggested it."""
    return Hypothesis(note["label"], tuple(Phrase(**p) for p in note["phrases"]))


def read_evidence(note: Mapping[str, Any]) -> Evidence:
    """As `evidence` wrote it: a description of phrases alone, compared with the plain label."""
    rates = read_rate(note["treated"]), read_rate(note["baseline"])
    verdict = Verdict[note["verdict"].upper()]
    return Evidence(read_hypothesis(note), *rates, note["e_value"], verdict, note["drawn"], note["baseline_drawn"])


def read_rate(note: Mapping[str, Any]) -> Rate:
    """As `rate` wrote it."""
    return Rate(*(note[field] for field in ("failures", "n", "low", "high", "level")))


def of_bugs(store: Store) -> dict[str, Any]:
    """Ledger notes by the key of a bug in reports: descriptions, and their sharper children under "child-ID"."""
    return {**store.notes("evidence"), **{f"{CHILD}{id}": note for id, note in store.notes("refinement").items()}}

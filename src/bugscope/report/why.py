"""Why a bug happens, for people: the ledger's explanation in sentences, and the pictures that go with it."""

from collections.abc import Callable, Sequence

from ..core.records import Status
from ..language import Wording
from ..store.album import Shot
from ..store.ledger import ChangeNote, EvidenceNote, ExplanationNote, MinimalNote, SpuriousNote
from .marks import noted
from .records import ChangeRecord, Reasons, SpuriousRecord, StripPicture, StripRow, TrialRecord
from .words import capital, changed, count, listed, of, quoted

Look = Callable[[str, str, int], Sequence[Shot]]
"""(label, prompt, n) -> the first n pictures drawn to explain it, in order of replicate."""
COLUMNS = 6
"""Seeds of a picture strip."""


def section(note: ExplanationNote, look: Look, wording: Wording) -> Reasons:
    """An explanation as report.json has it: sentences, changes, cues, the minimal description, the spurious cue, pictures."""
    changes = [_change(c) for c in note["counterfactuals"]]
    minimal, spurious = note["minimal"], note["spurious"]
    return {
        "minimal_description": ", ".join(p["text"] for p in minimal["phrases"]),
        "minimal": {
            "phrases": minimal["phrases"],
            "sentence": minimal["sentence"],
            "decided": minimal["decided"],
            "trials": [_trial(t) for t in minimal["trials"]],
        },
        "cues": [c for c in changes if c["change"] == "drop" and c["mends"]],
        "counterfactuals": changes,
        "spurious": None if spurious is None else _cue(spurious, look),
        "explanation": {
            "pairs": note["pairs"],
            "sentences": sentences(note, wording),
            "failures": note["failures"],
            "n": note["n"],
            "low": note["low"],
            "high": note["high"],
            "strip": strip(note, look),
        },
    }


NOTHING: Reasons = {
    "minimal_description": None, "minimal": None, "cues": [], "counterfactuals": [], "spurious": None, "explanation": None,
}  # fmt: skip
"""The same for a bug that is not explained."""


def _change(c: ChangeNote) -> ChangeRecord:
    return {**c, "rate": c["failures"] / c["n"] if c["n"] else None}


def _trial(t: EvidenceNote) -> TrialRecord:
    return {"description": t["description"], "verdict": t["verdict"], **t["treated"], "baseline": t["baseline"]}


def _cue(s: SpuriousNote, look: Look) -> SpuriousRecord:
    alone = s["alone"]
    return {
        **s,
        "prompt": alone["prompts"][0]["text"],
        "predicted": s["wrong"],
        "rate": alone["times"] / alone["n"] if alone["n"] else None,
        "n": alone["n"],
        "examples": _alone(s, look),
    }


# --- in words -----------------------------------------------------------------------------------------------------------


def sentences(note: ExplanationNote, wording: Wording) -> list[str]:
    """The explanation in plain words, what matters most first; every rate with its n."""
    changes = note["counterfactuals"]
    drops = [c for c in changes if c["change"] == "drop"]
    return [*_minimal(note["minimal"], drops), *_changes(changes), *_spurious(note["spurious"], wording)]


def _minimal(minimal: MinimalNote, drops: Sequence[ChangeNote]) -> list[str]:
    """Which phrases cause it; nothing to say where there is but one."""
    kept = [p["text"] for p in minimal["phrases"]]
    cues = [c["phrase"] for c in drops if c["mends"]]
    doubt = "" if minimal["decided"] else " Some shorter descriptions stayed undecided."
    named = listed(map(quoted, kept)) if kept else ""
    if len(kept) < len(drops):
        trial = next(t for t in minimal["trials"] if t["phrases"] == minimal["phrases"])
        rate = f"{count(trial['treated'])} fail"
        if set(kept) != set(cues):
            return [f"{named} alone {'is' if len(kept) == 1 else 'are'} enough: {rate}.{doubt}"]
        if len(kept) == 1:
            return [f"The cause is {named}: on its own, {rate}.{doubt}"]
        return [f"It takes {named} together: with these alone, {rate}.{doubt}"]
    if len(kept) == 1:
        return []
    if len(cues) == len(kept):
        return [f"It takes {named} together.{doubt}"]
    return [f"No shorter description was confirmed.{doubt}"]


def _changes(changes: Sequence[ChangeNote]) -> list[str]:
    """What each change does on the same seeds: the falls, the greatest first, then all the rest."""
    falls = sorted((c for c in changes if c["mends"]), key=lambda c: (c["change"] != "drop", c["effect"]["value"] or 0.0))
    said = [
        f"{capital(_conditional(c))}, failures fall from {count(c['before'])} to {count(c)} on the same seeds." for c in falls
    ]
    rest = [c for c in changes if not c["mends"]]
    for what, fail, part in (
        ("No effect shown", "still fail", [c for c in rest if c["effect"]["low"] <= 0]),
        ("More failures", "fail", [c for c in rest if c["effect"]["low"] > 0]),
    ):
        parts = [
            f"{_conditional(c)} {count(c)} {fail if c['failures'] else 'fail'} ({c['before']['failures']} before)" for c in part
        ]
        said += [f"{what}: {listed(parts)}."] if parts else []
    return said


def _conditional(c: ChangeNote) -> str:
    found = changed(c["change"], c["phrase"], c["replacement"])
    return f"with {found}" if c["change"] == "replace" else found


def _spurious(s: SpuriousNote | None, wording: Wording) -> list[str]:
    if s is None or s["alone"]["n"] == 0:
        return []
    context = quoted(wording.bare(s["alone"]["prompts"][0]["text"]))
    wrong, times = quoted(s["wrong"]), of(s["alone"]["times"], s["alone"]["n"])
    if s["from_context_alone"]:
        return [f"Spurious cue: {context} alone, without the object, is called {wrong} in {times}."]
    if s["from_other_objects"] and (others := s["others"]) and (elsewhere := s["others_plain"]):
        there, apart = (of(cell["times"], cell["n"]) for cell in (others, elsewhere))
        return [f"Spurious cue: other objects there are also called {wrong} ({there}; without the context {apart})."]
    return [f"No spurious cue shown: {context} alone is called {wrong} in {times}."]


# --- in pictures --------------------------------------------------------------------------------------------------------


def strip(note: ExplanationNote, look: Look) -> list[StripRow]:
    """Rows of pictures, the description itself first, then each change; a column has one seed.

    The seeds: those on which the description fails, as far as there are such, and most changes show their label.
    """
    label, changes, drawn = note["label"], note["counterfactuals"], note["pairs"]
    rows = [("as described", look(label, note["prompt"], drawn))]
    rows += [(changed(c["change"], c["phrase"], c["replacement"]), look(label, c["prompt"], drawn)) for c in changes]
    n = min((len(shown) for _, shown in rows), default=0)

    def worth(i: int) -> tuple[bool, int]:
        found = [shown[i].status for _, shown in rows]
        return found[0] is Status.FAILURE, sum(status.counts for status in found)

    best = sorted(sorted(range(n), key=worth, reverse=True)[:COLUMNS])
    return [{"title": title, "pictures": [_picture(shown[i]) for i in best]} for title, shown in rows]


def _alone(s: SpuriousNote, look: Look) -> list[StripPicture]:
    """Pictures of the context alone, those taken for the wrong label first."""
    (prompt,) = s["alone"]["prompts"]
    shown = [x for x in look(s["wrong"], prompt["text"], s["alone"]["drawn"]) if x.status is Status.UNFAITHFUL]
    return [_picture(x) for x in sorted(shown, key=lambda x: s["wrong"] not in x.outcome.claims)[:COLUMNS]]


def _picture(x: Shot) -> StripPicture:
    o = x.outcome
    return {
        "image": x.image,
        "predicted": o.said or None,
        "score": o.score,
        "seed": o.sample.seed,
        "status": o.status.value,
        **noted(x.marks),
    }

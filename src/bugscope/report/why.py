"""Why a bug happens, for people: the ledger's explanation in sentences, and the pictures that go with it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..core.records import Outcome, Status
from ..language import Wording

Shown = Sequence[tuple[Outcome, str | None]]
"""(outcome, image path or None) of a stream's pictures, in order of replicate."""
Look = Callable[[str, str, int], Shown]
"""(label, prompt, n) -> the first n pictures drawn to explain it."""
COLUMNS = 6
"""Seeds of a picture strip."""


def section(note: Mapping[str, Any], look: Look, wording: Wording) -> dict[str, Any]:
    """An explanation as report.json has it: sentences, changes, cues, the minimal description, the spurious cue, pictures."""
    changes = note["counterfactuals"]
    spurious = note["spurious"]
    return {
        "minimal_description": ", ".join(p["text"] for p in note["minimal"]["phrases"]),
        "minimal": note["minimal"] | {"trials": [_trial(t) for t in note["minimal"]["trials"]]},
        "cues": [_change(c) for c in changes if c["change"] == "drop" and c["mends"]],
        "counterfactuals": [_change(c) for c in changes],
        "spurious": None if spurious is None else spurious | _brief(spurious) | {"examples": _alone(spurious, look)},
        "explanation": {
            "pairs": note["pairs"],
            "sentences": sentences(note, wording),
            **{k: note[k] for k in ("failures", "n", "low", "high")},
            "strip": strip(note, look),
        },
    }


NOTHING: Mapping[str, Any] = {
    "minimal_description": None, "minimal": None, "cues": [], "counterfactuals": [], "spurious": None, "explanation": None,
}  # fmt: skip
"""The same of a bug that nobody explained."""


def _change(c: Mapping[str, Any]) -> dict[str, Any]:
    return {**c, "rate": c["failures"] / c["n"] if c["n"] else None}


def _trial(t: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": t["description"], "verdict": t["verdict"], **t["treated"], "baseline": t["baseline"]}


def _brief(s: Mapping[str, Any]) -> dict[str, Any]:
    """What the contract of report.json asks of a spurious cue."""
    alone = s["alone"]
    return {
        "prompt": alone["prompts"][0]["text"],
        "predicted": s["wrong"],
        "rate": alone["times"] / alone["n"] if alone["n"] else None,
        "n": alone["n"],
    }


# --- in words -----------------------------------------------------------------------------------------------------------


def sentences(note: Mapping[str, Any], wording: Wording) -> list[str]:
    """The explanation in plain words, what matters most first; every rate with its n."""
    changes = note["counterfactuals"]
    drops = [c for c in changes if c["change"] == "drop"]
    return [*_minimal(note["minimal"], drops), *_changes(changes), *_spurious(note["spurious"], wording)]


def _minimal(minimal: Mapping[str, Any], drops: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which phrases do it; nothing to say where there is but one."""
    kept = [p["text"] for p in minimal["phrases"]]
    cues = [c["phrase"] for c in drops if c["mends"]]
    doubt = "" if minimal["decided"] else " Some shorter descriptions stayed undecided."
    if len(kept) < len(drops):
        trial = next(t for t in minimal["trials"] if t["phrases"] == minimal["phrases"])
        rate = f"{_of(trial['treated'])} fail"
        named = _listed(map(_quoted, kept))
        if set(kept) != set(cues):
            return [f"{named} alone suffice{'s' if len(kept) == 1 else ''}: {rate}.{doubt}"]
        if len(kept) == 1:
            return [f"It is {named} that does it: with that alone {rate}.{doubt}"]
        return [f"It takes {named}: with these alone {rate}.{doubt}"]
    if len(kept) == 1:
        return []
    if len(cues) == len(kept):
        return [f"It takes {_listed(map(_quoted, kept))} together.{doubt}"]
    return [f"No shorter description was confirmed.{doubt}"]


def _changes(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each change does on the same seeds: the falls, the greatest first, then all the rest in one sentence."""
    falls = sorted((c for c in changes if c["mends"]), key=lambda c: (c["change"] != "drop", c["effect"]["value"]))
    rest = [c for c in changes if not c["mends"]]
    said = [f"{_start(_changed(c))} the failures fall from {_of(c['before'])} to {_of(c)} on the same seeds." for c in falls]
    if rest:
        parts = [f"{_changed(c)} {_of(c)} fail ({c['before']['failures']} before)" for c in rest]
        said.append(f"No fall is shown: {_listed(parts)}.")
    return said


def _changed(c: Mapping[str, Any]) -> str:
    if c["change"] == "drop":
        return f"without {_quoted(c['phrase'])}"
    return f"with {_quoted(c['replacement'])} " + (f"instead of {_quoted(c['phrase'])}" if c["phrase"] else "added")


def _spurious(s: Mapping[str, Any] | None, wording: Wording) -> list[str]:
    if s is None or s["alone"]["n"] == 0:
        return []
    context = wording.bare(s["alone"]["prompts"][0]["text"])
    wrong, times = _quoted(s["wrong"]), f"{s['alone']['times']} of {s['alone']['n']}"
    if s["from_context_alone"]:
        return [f"Spurious cue: it predicts {wrong} from {_quoted(context)} alone in {times}."]
    said = [f"No spurious cue: {_quoted(context)} alone is called {wrong} in {times}."]
    if s["from_other_objects"]:
        others = f"{s['others']['times']} of {s['others']['n']}, {s['others_plain']['times']} of {s['others_plain']['n']}"
        said = [f"Spurious cue: other objects there are called {wrong} too (in {others} without the context)."]
    return said


def _of(r: Mapping[str, Any]) -> str:
    return f"{r['failures']} of {r['n']}"


def _quoted(text: str) -> str:
    return f"“{text}”"


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(parts: Iterable[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


# --- in pictures --------------------------------------------------------------------------------------------------------


def strip(note: Mapping[str, Any], look: Look) -> list[dict[str, Any]]:
    """Rows of pictures, the description itself first, then each change; a column has one seed.

    The seeds: those of which the description fails, as far as there are such, and most changes show their label.
    """
    label, changes, drawn = note["label"], note["counterfactuals"], note["pairs"]
    rows = [("as described", look(label, note["prompt"], drawn))]
    rows += [(_title(c), look(label, c["prompt"], drawn)) for c in changes]
    n = min((len(shown) for _, shown in rows), default=0)

    def worth(i: int) -> tuple[bool, int]:
        outcomes = [shown[i][0] for _, shown in rows]
        return outcomes[0].status is Status.FAILURE, sum(o.status.counts for o in outcomes)

    best = sorted(sorted(range(n), key=worth, reverse=True)[:COLUMNS])
    return [{"title": title, "pictures": [_picture(*shown[i]) for i in best]} for title, shown in rows]


def _title(c: Mapping[str, Any]) -> str:
    if c["change"] == "drop":
        return f"without “{c['phrase']}”"
    return f"“{c['replacement']}” instead of “{c['phrase']}”" if c["phrase"] else f"with “{c['replacement']}” added"


def _alone(s: Mapping[str, Any], look: Look) -> list[dict[str, Any]]:
    """Pictures of the context alone, those taken for the wrong label first."""
    (prompt,) = s["alone"]["prompts"]
    shown = [(o, image) for o, image in look(s["wrong"], prompt["text"], s["alone"]["drawn"]) if o.status is Status.UNFAITHFUL]
    return [_picture(o, image) for o, image in sorted(shown, key=lambda x: s["wrong"] not in x[0].claims)[:COLUMNS]]


def _picture(o: Outcome, image: str | None) -> dict[str, Any]:
    return {"image": image, "predicted": o.taken_for or None, "score": o.score, "seed": o.sample.seed, "status": o.status.value}

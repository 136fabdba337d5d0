"""Why a bug happens, for people: the ledger's explanation in sentences, and the pictures that go with it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..types import Outcome, Status

Shown = Sequence[tuple[Outcome, str | None]]
"""(outcome, image path or None) of a stream's pictures, in order of replicate."""
Look = Callable[[str, str], Shown]
"""(label, prompt) -> the pictures drawn to explain it."""
COLUMNS = 6
"""Seeds of a picture strip."""


def section(note: Mapping[str, Any], look: Look) -> dict[str, Any]:
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
            "sentences": sentences(note),
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


def sentences(note: Mapping[str, Any]) -> list[str]:
    """The explanation in plain words; every rate with its n."""
    changes = note["counterfactuals"]
    drops, swaps = [c for c in changes if c["change"] == "drop"], [c for c in changes if c["change"] != "drop"]
    said = [*_cues(drops), *_minimal(note["minimal"], len(drops)), *_swaps(swaps)]
    return [*said, *_spurious(note["spurious"])]


def _cues(drops: Sequence[Mapping[str, Any]]) -> list[str]:
    cues = sorted((c for c in drops if c["mends"]), key=lambda c: c["effect"]["value"])
    rest = [c for c in drops if not c["mends"]]
    said = []
    if len(cues) > 1:
        said.append(f"It takes {_and([_quoted(c['phrase']) for c in cues])} together.")
    elif cues and rest:
        said.append(f"It is {_quoted(cues[0]['phrase'])} that does it.")
    said += [
        f"Without {_quoted(c['phrase'])} the failure rate falls from {_of(c['before'])} to {_of(c)} on the same seeds."
        for c in cues
    ]
    if rest and cues:
        said.append(f"Without {_or([_quoted(c['phrase']) for c in rest])} no fall is seen ({_each(rest)}).")
    elif rest:
        said.append(
            f"No single phrase is shown to be needed: without {_or([_quoted(c['phrase']) for c in rest])} {_each(rest)} fail."
        )
    return said


def _minimal(minimal: Mapping[str, Any], phrases: int) -> list[str]:
    kept = [p["text"] for p in minimal["phrases"]]
    doubt = "" if minimal["decided"] else " Some shorter descriptions stayed undecided."
    if len(kept) < phrases:
        trial = next(t for t in minimal["trials"] if t["phrases"] == minimal["phrases"])
        suffice = "suffices" if len(kept) == 1 else "suffice"
        return [f"{_and([_quoted(t) for t in kept])} alone {suffice}: {_of(trial['treated'])} fail.{doubt}"]
    if phrases > 1:
        return [f"No shorter description was confirmed.{doubt}"]
    return []


def _swaps(swaps: Sequence[Mapping[str, Any]]) -> list[str]:
    fine, same = [c for c in swaps if c["mends"]], [c for c in swaps if not c["mends"]]
    said = [f"{_changed(c)}: {_of(c)} fail instead of {_of(c['before'])}." for c in fine]
    if same:
        said.append(f"No fall is seen {_and([_changed(c, start=False) + f' ({_of(c)} fail)' for c in same])}.")
    return said


def _changed(c: Mapping[str, Any], start: bool = True) -> str:
    text = f"with {_quoted(c['replacement'])}" + (f" instead of {_quoted(c['phrase'])}" if c["phrase"] else " added")
    return text[0].upper() + text[1:] if start else text


def _spurious(s: Mapping[str, Any] | None) -> list[str]:
    if s is None:
        return []
    context = s["alone"]["prompts"][0]["text"].removeprefix("a photo of ")
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


def _each(changes: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(_of(c) for c in changes)


def _quoted(text: str) -> str:
    return f"“{text}”"


def _and(parts: Sequence[str], word: str = "and") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def _or(parts: Sequence[str]) -> str:
    return _and(parts, "or")


# --- in pictures --------------------------------------------------------------------------------------------------------


def strip(note: Mapping[str, Any], look: Look) -> list[dict[str, Any]]:
    """Rows of pictures, the description itself first, then each change; a column has one seed.

    The seeds: those of which the description fails, as far as there are such, and most changes show their label.
    """
    label, changes = note["label"], note["counterfactuals"]
    rows = [("as described", look(label, note["prompt"])), *((_title(c), look(label, c["prompt"])) for c in changes)]
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
    shown = [(o, image) for o, image in look(s["wrong"], prompt["text"]) if o.status is Status.UNFAITHFUL]
    return [_picture(o, image) for o, image in sorted(shown, key=lambda x: x[0].wrong is not False)[:COLUMNS]]


def _picture(o: Outcome, image: str | None) -> dict[str, Any]:
    return {"image": image, "predicted": o.predicted, "score": o.score, "seed": o.sample.seed, "status": o.status.value}

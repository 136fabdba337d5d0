"""The confirmed descriptions of a report: those with one cause stand together, and each has a number that stays."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from ..method.causes import Caused, fold
from ..store.ledger import EvidenceNote, ExplanationNote, read_rate
from .records import BugRecord, Folding
from .words import listed, quoted

F = TypeVar("F", bound=Folding)


def cause(e: EvidenceNote, note: ExplanationNote | None) -> list[str]:
    """The phrases of the minimal description where that is decided and confirmed, else all."""
    phrases = [p["text"] for p in e["phrases"]]
    if note is None or not (minimal := note["minimal"])["decided"]:
        return phrases
    kept = [p["text"] for p in minimal["phrases"]]
    confirmed = any(t["verdict"] == "confirmed" and t["phrases"] == minimal["phrases"] for t in minimal["trials"])
    return kept if confirmed and set(kept) < set(phrases) else phrases


def arranged(
    bugs: Sequence[BugRecord], hunted: Mapping[str, Sequence[str]], apart: bool = False
) -> tuple[list[BugRecord], list[BugRecord]]:
    """Bugs of their own, the largest rise first, each followed by its children; and those that are folded into them.

    `bugs`: without numbers; `parent` is a key. `hunted`: the causes of those that are no children, as the hunt itself found
    them. `apart`: none is folded.
    """
    ids = _numbers(bugs, hunted, apart)
    into = _folded([_caused(b, b["cause"]) for b in bugs], apart)
    also: dict[str, list[str]] = {}
    for key, home in into.items():
        if home != key:
            also.setdefault(home, []).append(ids[key])
    records: list[BugRecord] = [
        {
            **b,
            "id": ids[b["key"]],
            "parent": ids[b["parent"]] if b["parent"] else None,
            "also": sorted(also.get(b["key"], ()), key=_parts),
            "same_as": None if into[b["key"]] == b["key"] else ids[into[b["key"]]],
        }
        for b in bugs
    ]
    # a child follows its parent, or the bug into which that is folded
    homes = {ids[b["key"]]: _parts(ids[into[b["parent"] or b["key"]]])[0] for b in bugs}
    records.sort(key=lambda b: (homes[b["id"]], _parts(b["id"])))
    folded = sorted((b for b in records if b["same_as"]), key=lambda b: _parts(b["id"]))
    return [b for b in records if not b["same_as"]], folded


def by_home(folded: Iterable[F]) -> dict[str, list[F]]:
    """Number of a bug -> those that are folded into it."""
    found: dict[str, list[F]] = {}
    for b in folded:
        if home := b["same_as"]:
            found.setdefault(home, []).append(b)
    return found


def under(bug: Folding, homes: Mapping[str, Sequence[F]]) -> Sequence[F]:
    """Those that are folded into a bug. `homes`: as `by_home` gives them."""
    return homes.get(bug["id"], ())


def because(bug: BugRecord, bugs: Iterable[BugRecord]) -> str:
    """Why a description is folded into one of `bugs`, in a sentence."""
    home = next(b for b in bugs if b["id"] == bug["same_as"])
    if set(bug["cause"]) == set(home["cause"]):
        return f"The same cause as bug {home['id']}."
    what = listed(map(quoted, home["cause"]))
    return f"It contains the cause of bug {home['id']}, {what}, and is not shown to fail more often."


def _numbers(bugs: Sequence[BugRecord], hunted: Mapping[str, Sequence[str]], apart: bool) -> dict[str, str]:
    """By key: first bugs of their own, then the others, by effect. What is explained or found after the hunt changes no
    number, so that a bug is called the same before and after."""
    top = [b for b in bugs if not b["parent"]]
    into = _folded([_caused(b, hunted[b["key"]]) for b in top], apart)
    ids: dict[str, str] = {}
    inside: dict[str, list[BugRecord]] = {}
    for b in bugs:
        if b["parent"]:
            inside.setdefault(b["parent"], []).append(b)
    for i, b in enumerate(sorted(top, key=lambda b: (into[b["key"]] != b["key"], _rank(b))), 1):
        children = sorted(inside.get(b["key"], ()), key=_rank)
        ids |= {b["key"]: f"{i}", **{c["key"]: f"{i}.{j}" for j, c in enumerate(children, 1)}}
    return ids


def _caused(b: BugRecord, phrases: Sequence[str]) -> Caused:
    return Caused(b["key"], b["label"], frozenset(b["phrases"]), frozenset(phrases), read_rate(b), b["parent"] or "")


def _folded(bugs: Sequence[Caused], apart: bool) -> dict[str, str]:
    return {b.key: b.key for b in bugs} if apart else fold(bugs)


def _rank(bug: BugRecord) -> tuple[float, str, str]:
    return -(bug["risk_difference"] or 0.0), bug["label"], bug["description"]


def _parts(id: str) -> tuple[int, ...]:
    """ "3.1" -> (3, 1)"""
    return tuple(map(int, id.split(".")))

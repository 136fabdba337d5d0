"""What the ledger claims, counted again from the answers that it rests on."""

from collections.abc import Iterator, Sequence

from ..core.records import Purpose
from . import ledger
from .album import Album, Shot
from .folder import Store
from .ledger import Counted, EvidenceNote, ExplanationNote

Claim = tuple[str, str]
"""Kind and id of a note."""


def unfounded(store: Store) -> dict[Claim, str]:
    """Notes of which the answers say something else, and what. Raises StoreError for rows that cannot be read."""
    album, found = Album(store), {}
    for id, tried in ledger.tried(store).items():
        found["evidence", id] = _evidence(album, tried, "confirm")
    for id, sharper in ledger.sharper(store).items():
        found["refinement", id] = _evidence(album, sharper, "refine")
    for kind in ("explanation", "inquiry"):
        for id, why in ledger.explained(store, kind).items():
            found[kind, id] = _explanation(album, why)
    return {claim: why for claim, why in found.items() if why}


def _evidence(album: Album, e: EvidenceNote, purpose: Purpose) -> str:
    label, neutral = e["label"], e["neutral"]
    # plain pictures of the exploration count for what descriptions are compared with
    explored = purpose == "confirm" and not album.config.fixed_n and neutral == album.plain(label)
    before = album.of("explore", label, neutral) if explored else []
    for prompt, drawn, rate, more in (
        (e["prompt"], e["drawn"], e["treated"], list[Shot]()),
        (neutral, e["baseline_drawn"], e["baseline"], before),
    ):
        shots = album.of(purpose, label, prompt, drawn)
        if len(shots) != drawn:
            return f"{prompt!r}: it rests on {drawn} pictures, and {len(shots)} are known"
        if why := _differs(prompt, rate, [*shots, *more]):
            return why
    return ""


def _differs(what: str, stated: Counted, shots: Sequence[Shot]) -> str:
    return _unlike(what, (stated["failures"], stated["n"]), (sum(x.wrong for x in shots), sum(x.status.counts for x in shots)))


def _unlike(what: str, stated: tuple[int, int], given: tuple[int, int]) -> str:
    return "" if stated == given else f"{what!r}: it says {stated[0]} of {stated[1]} fail, the answers {given[0]} of {given[1]}"


def _explanation(album: Album, x: ExplanationNote) -> str:
    return next((why for why in _explained(album, x) if why), "")


def _explained(album: Album, x: ExplanationNote) -> Iterator[str]:
    label, pairs = x["label"], x["pairs"]
    base = album.of("explain", label, x["prompt"], pairs)
    yield _differs(x["prompt"], x, base)
    for change in x["counterfactuals"]:
        after = album.of("explain", label, change["prompt"], pairs)
        both = [(b, a) for b, a in zip(base, after, strict=False) if b.status.counts and a.status.counts]
        for stated, side in ((change["before"], 0), (change, 1)):
            yield _differs(change["prompt"], stated, [pair[side] for pair in both])
    for trial in x["minimal"]["trials"]:
        yield _evidence(album, trial, "refine")

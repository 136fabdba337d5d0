"""report.json: what a run found, in numbers (rates in [0, 1], counts are pictures)."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .. import tasks
from ..core.records import Outcome, Purpose, Status, Usage
from ..stats import agreement, mcnemar, nearly_always, newcombe, uniform, uniform_rise
from ..store import ledger
from ..store.album import Album, Shot, Stream
from ..store.folder import SCHEMA, Store
from ..store.ledger import CHILD, EstimateNote, EvidenceNote, RateNote, SharperNote, TriedNote, estimate, finite
from . import accept, baseline, folding, why
from .html import page
from .marks import noted
from .records import (
    Across,
    Agreement,
    BaselineRecord,
    BugRecord,
    CacheRecord,
    Corrected,
    Directions,
    Example,
    JudgeRecord,
    LabelOfBug,
    LabelRecord,
    NoAnswer,
    PictureRow,
    Rejected,
    Report,
    UsageRecord,
)
from .seal import seal
from .words import number, of, p_value

EXAMPLES = 8
PREDICTED = 5
COLUMNS = tuple(PictureRow.__annotations__)
"""Of `rows`."""


def write(store: Store, paged: bool = True) -> Report:
    """Write report.json and, if `paged`, report.html into the run folder, each atomically; returns the report."""
    report = build(store)
    written = text(report)
    store.write_text("report.json", written)
    if paged:
        store.write_text("report.html", seal(page(report, store), written))
    return report


def text(report: Report) -> str:
    """report.json"""
    return json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False)


def build(store: Store) -> Report:
    """The report of whatever the store holds so far."""
    album = Album(store)
    tried, sharper = ledger.tried(store), ledger.sharper(store)
    tested = [*sorted(tried.values(), key=_nearest), *sorted(sharper.values(), key=_nearest)]
    bugs = _Bugs(album)
    models, config, probing = album.models, album.config, bugs.probing
    own, folded = bugs.arranged(tried, sharper)
    labels = _labels(album, list(tried.values()))
    return {
        "schema": SCHEMA,
        "kind": "probe" if probing else "hunt",
        "run_id": store.meta("run_id"),
        "created": store.meta("created"),
        "finished": bool(store.meta("finished")),
        "task": album.identity["task_id"],
        "failure": album.task.failure,
        "absent": tasks.absent(album.task),
        "left_out": tasks.left_out(album.task),
        "instead": tasks.instead(album.task),
        "against": _against(album, labels) if config.against else None,
        "accept": accept.noted(album.task, (x.outcome for x in album.all())),
        "medium": album.identity["medium"],
        "names": store.meta("names") or {},
        "target": models["target"],
        "generator": models["generator"],
        "captioner": models["captioner"],
        "judge": models["judge"],
        "models": dict(models),
        "judge_error": _judge(album),
        "alpha": config.alpha,
        "margin": config.margin,
        "seed": config.seed,
        # a probe has none
        "budget": 0 if config.budget == "auto" else config.budget,
        "explain_budget": config.explain_budget,
        "explaining_images": album.asked("explain", "refine"),
        "fixed_n": 0 if probing else config.fixed_n,
        "images_generated": album.asked(),
        "hypotheses_tested": len(tested),
        "undecided": sum(e["verdict"] == "undecided" for e in tried.values()),
        "stopped": store.meta("stopped"),
        "error": store.meta("error"),
        "no_answer": _no_answer(store),
        "waited": round(store.meta("waited") or 0.0, 1),
        "usage": _usage(store),
        "cache": _cache(album),
        "seconds": round(store.meta("seconds") or 0.0, 1),
        "baseline": _baseline(album, labels),
        "labels": labels,
        "bugs": own,
        "folded": folded,
        "across": [] if probing else _across([*own, *folded], tried.values()),
        "probed": bugs.probed(tried) if probing else [],
        "rejected": [_rejected(e) for e in tested if e["verdict"] != "confirmed"],
    }


def rows(store: Store) -> list[PictureRow]:
    """Every picture ever asked for, with what became of it."""
    album = Album(store)
    found: list[PictureRow] = []
    for stream in sorted(album.streams):
        shots = album.of(*stream)
        captions = store.get("captioner", album.models["captioner"], [x.key for x in shots])
        found += [_row(x, captions.get(x.key)) for x in shots]
    return found


def _row(x: Shot, caption: str | None) -> PictureRow:
    o, s = x.outcome, x.sample
    return {
        "label": s.prompt.label,
        "description": s.prompt.description,
        "prompt": s.prompt.text,
        "purpose": s.purpose,
        "replicate": s.replicate,
        "seed": s.seed,
        "status": o.status.value,
        "predicted": o.said or None,
        "score": o.score,
        "caption": caption,
        "image": x.image,
    }


# --- what a run used ----------------------------------------------------------------------------------------------------


def _usage(store: Store) -> UsageRecord | None:
    """What hosted models used, by role and in words; None where there were none."""
    roles = store.meta("usage")
    if not roles:
        return None
    total = sum((Usage(**{k: used[k] for k in Usage._fields}) for used in roles.values()), Usage())
    parts = [f"{total.requests:,} requests"]
    if tokens := total.input_tokens + total.output_tokens:
        parts.append(f"{tokens:,} tokens")
    if total.images:
        parts.append(f"{total.images:,} pictures")
    if total.cost:
        parts.append(f"cost {total.cost:,.2f}" if total.cost >= 1 else f"cost {total.cost:.2g}")
    return {"roles": roles, "cost": total.cost, "sentence": ", ".join(parts)}


def _cache(album: Album) -> CacheRecord:
    cached, asked = sum(x.cached for x in album.all()), album.asked()
    sentence = f"{of(cached, asked)} pictures came from the cache, and were not generated or paid again" if cached else ""
    return {"images": cached, "sentence": sentence, "notice": album.store.meta("cache_notice") or ""}


def _no_answer(store: Store) -> list[NoAnswer]:
    """By role, the most first."""
    notes = list(store.notes("error").values())
    last = {note["role"]: note["reason"] for note in notes}
    return [{"role": role, "n": n, "reason": last[role]} for role, n in Counter(x["role"] for x in notes).most_common()]


def _judge(album: Album) -> JudgeRecord:
    """Whether rates are corrected for the judge's mistakes, and with what."""
    stated = album.config.judge_sensitivity or None
    return {
        "corrected": stated is not None,
        "exact": stated is None and bool(album.store.meta("judge_exact")),
        "sensitivity": stated,
        "specificity": album.config.judge_specificity if stated else None,
        "agreement": _agreement(album),
    }


def _agreement(album: Album) -> Agreement | None:
    """How far the voters of a judge agree, measured on every picture; None for a judge that is one."""
    voters = album.store.meta("judge_voters") or 1
    if voters < 2:
        return None
    found = agreement([x.judged for x in album.all() if x.judged is not None], voters)
    chance = found.chance
    return {
        "voters": voters,
        "n": found.n,
        "chance": finite(chance.value),
        "kappa": finite(found.kappa),
        "low": chance.low,
        "high": chance.high,
    }


# --- labels and descriptions --------------------------------------------------------------------------------------------


def _labels(album: Album, evidence: Sequence[EvidenceNote]) -> list[LabelRecord]:
    """A probe names no labels: those of its prompts."""
    labels: Sequence[str] = album.identity["labels"] or sorted({e["label"] for e in evidence})
    of_label: dict[str, list[EvidenceNote]] = {label: [] for label in labels}
    for e in evidence:
        of_label.setdefault(e["label"], []).append(e)
    streams: dict[str, list[Stream]] = {label: [] for label in labels}
    for stream in album.streams:
        # what explains a bug shows other labels' surroundings too
        if stream.purpose != "explain":
            streams.setdefault(stream.label, []).append(stream)
    return [_label(album, label, of_label[label], streams[label]) for label in labels]


def _label(album: Album, label: str, evidence: Sequence[EvidenceNote], streams: Sequence[Stream]) -> LabelRecord:
    # a probe may compare with another prompt than the plain label
    plain = album.plain(label)
    baselines = [e["baseline"] for e in evidence if e["neutral"] == plain]
    if not baselines and album.identity["labels"]:
        # no description of it was tested (yet)
        baselines = [ledger.rate(baseline.plain(label, _plain(album, label), uniform).rate)]
    shots = [x for stream in streams for x in album.of(*stream)]
    statuses = Counter(x.status for x in shots)
    return {
        "label": label,
        "baseline": max(baselines, key=lambda b: b["n"], default=None),
        "images": statuses.total(),
        "forgiven": sum(accept.forgiven(x.outcome) for x in shots),
        "flagged": statuses[Status.REFUSED],
        "unfaithful": statuses[Status.UNFAITHFUL],
        "excluded": statuses[Status.EXCLUDED],
        "errored": statuses[Status.ERROR],
    }


def _plain(album: Album, label: str) -> list[Outcome]:
    return [x.outcome for x in album.every(label, album.plain(label), ("explore", "confirm"))]


def _baseline(album: Album, labels: Sequence[LabelRecord]) -> BaselineRecord:
    """Of the labels of which plain pictures were asked for, at the rates of their rows."""
    found = []
    for row in labels:
        if row["baseline"] and (outcomes := _plain(album, row["label"])):
            drawn = baseline.plain(row["label"], outcomes, uniform)
            found.append(drawn._replace(rate=ledger.read_rate(row["baseline"])))
    classes = album.store.meta("classes") or ()
    return baseline.assess(found, uniform, baseline.guessing(classes, album.config.top_k), named=bool(classes))


def _against(album: Album, labels: Sequence[LabelRecord]) -> Directions:
    """Both directions, on plain pictures, which nothing was chosen by."""
    every = [o for row in labels for o in _plain(album, row["label"])]
    counted = [o for o in every if o.status.counts or o.status is Status.EXCLUDED]
    worse, better = sum(o.status is Status.FAILURE for o in counted), sum(o.kind == tasks.BETTER for o in counted)
    p = float(mcnemar(better, worse))
    return {
        "n": len(counted),
        "worse": worse,
        "better": better,
        "p": p,
        "sentence": (
            f"Of {number(len(counted), 'plain picture')}, the target alone gets {worse:,} wrong and the reference alone "
            f"{better:,} (p = {p_value(p)}, McNemar)"
        ),
    }


class _Bugs:
    """Records of descriptions, with their pictures."""

    def __init__(self, album: Album) -> None:
        self.album = album
        self.probing = album.identity.get("kind") == "probe"
        self.explanations = ledger.explanations(album.store)

    def probed(self, tried: Mapping[str, TriedNote]) -> list[BugRecord]:
        """All that a probe asked, confirmed or not, in the order in which it was asked."""
        asked = sorted(tried.items(), key=lambda x: x[1].get("order", 0))
        return [{**self.bug(key, e), "id": f"{i}"} for i, (key, e) in enumerate(asked, 1)]

    def arranged(
        self, tried: Mapping[str, EvidenceNote], sharper: Mapping[str, SharperNote]
    ) -> tuple[list[BugRecord], list[BugRecord]]:
        """Confirmed bugs, and those of them that are folded into another with the same cause (`folding.arranged`).

        A probe lists all that was asked.
        """
        confirmed = {id: e for id, e in tried.items() if e["verdict"] == "confirmed"}
        bugs = [self.bug(id, e) for id, e in confirmed.items()]
        for key, e in sharper.items():
            if e["parent"] in confirmed and e["verdict"] == "confirmed":
                bugs.append({**self.bug(f"{CHILD}{key}", e, "refine"), "parent": e["parent"]})
        notes = ledger.explanations(self.album.store, asked=False)
        hunted = {id: folding.cause(e, notes.get(id)) for id, e in confirmed.items()}
        return folding.arranged(bugs, hunted, apart=self.probing)

    def bug(self, key: str, e: EvidenceNote, purpose: Purpose = "confirm") -> BugRecord:
        """`key`: of its explanation in the ledger; `purpose`: what its pictures were drawn for."""
        album, label = self.album, e["label"]
        seen = album.of(purpose, label, e["prompt"], e["drawn"])
        failures = [x for x in seen if x.wrong]
        contrast, from_neutral = self.contrast(seen, e, purpose)
        shares = Counter(x.outcome.said for x in failures).most_common(PREDICTED)
        rate, base = _share(e["treated"]), _share(e["baseline"])
        note = self.explanations.get(key)
        return {
            "id": "",
            "key": key,
            "label": label,
            "description": e["description"],
            "sentence": e["sentence"],
            "prompt": e["prompt"],
            "phrases": [p["text"] for p in e["phrases"]],
            "cause": folding.cause(e, note),
            "compared_with": e["neutral"],
            "besides": album.wording.besides(e["neutral"], label),
            "source": e["source"],
            "verdict": e["verdict"],
            "reason": _reason(e),
            "predicted": [{"label": name, "share": n / len(failures)} for name, n in shares],
            **e["treated"],
            "rate": rate,
            "unfaithful": sum(x.status is Status.UNFAITHFUL for x in seen),
            "excluded": sum(x.status is Status.EXCLUDED for x in seen),
            "baseline": e["baseline"],
            "baseline_rate": base,
            "risk_difference": None if rate is None or base is None else rate - base,
            "rise": _rise(e, fixed=purpose == "confirm" and album.config.fixed_n > 0 and not self.probing),
            "corrected": _corrected(e),
            "risk_ratio": rate / base if base and rate is not None else None,
            "e_value": e["e_value"],
            **(why.section(note, self.explaining, album.wording) if note else why.NOTHING),
            "examples": [_example(x) for x in failures[:EXAMPLES]],
            "successes": [_example(x) for x in contrast[: EXAMPLES // 2]],
            "successes_from_neutral": from_neutral,
            "parent": None,
            "also": [],
            "same_as": None,
        }

    def contrast(self, seen: Sequence[Shot], e: EvidenceNote, purpose: Purpose) -> tuple[list[Shot], bool]:
        """What the target gets right, to show beside its failures, and whether that is of the prompt compared with: where it
        gets nothing right under the description."""
        if right := _right(seen):
            return right, False
        label, neutral = e["label"], e["neutral"]
        beside = [*self.album.of(purpose, label, neutral, e["baseline_drawn"]), *self.album.of("explore", label, neutral)]
        return _right(beside), True

    def explaining(self, label: str, prompt: str, drawn: int) -> list[Shot]:
        return self.album.of("explain", label, prompt, drawn)


def _right(shots: Sequence[Shot]) -> list[Shot]:
    return [x for x in shots if x.status is Status.SUCCESS]


def _rise(e: EvidenceNote, fixed: bool) -> EstimateNote:
    """rate - baseline_rate with its interval: time-uniform, or for a number of pictures fixed beforehand."""
    treated, baseline = e["treated"], e["baseline"]
    interval = newcombe if fixed else uniform_rise
    return estimate(interval(treated["failures"], treated["n"], baseline["failures"], baseline["n"]))


def _reason(e: EvidenceNote) -> str:
    """The verdict in words; where there was no room for a rise, that too."""
    if e["verdict"] != "confirmed" and nearly_always(ledger.read_rate(e["baseline"])):
        return f"{e['reason']}: what it is compared with fails nearly always"
    return e["reason"]


def _rejected(e: EvidenceNote) -> Rejected:
    return {
        "label": e["label"],
        "description": e["description"],
        "sentence": e["sentence"],
        "reason": _reason(e),
        "source": e["source"],
        "compared_with": e["neutral"],
        **e["treated"],
        "baseline": e["baseline"],
        "corrected": _corrected(e),
        "e_value": e["e_value"],
    }


def _across(bugs: Sequence[BugRecord], evidence: Iterable[EvidenceNote]) -> list[Across]:
    """Descriptions that are bugs of several labels, those of most labels first, unless each of these bugs is folded into one
    with the same cause. `tried`: labels that each was tried with."""
    tried = Counter(tuple(p["text"] for p in e["phrases"]) for e in evidence if e["treated"]["n"])
    found: dict[tuple[str, ...], list[LabelOfBug]] = {}
    for bug in bugs:
        if not bug["parent"]:
            found.setdefault(tuple(bug["phrases"]), []).append({"label": bug["label"], "bug": bug["id"]})
    own = {tuple(bug["phrases"]) for bug in bugs if not bug["same_as"]}
    rows: list[Across] = [
        {"description": ", ".join(phrases), "confirmed": len(labels), "tried": tried[phrases], "labels": labels}
        for phrases, labels in found.items()
        if len(labels) > 1 and phrases in own
    ]
    return sorted(rows, key=lambda row: (-row["confirmed"], row["tried"], row["description"]))


def _share(r: RateNote) -> float | None:
    return r["failures"] / r["n"] if r["n"] else None


def _nearest(e: EvidenceNote) -> tuple[bool, float]:
    """What the budget left undecided first, the nearest to a verdict at the top."""
    return e["verdict"] != "undecided", -e["e_value"]


def _corrected(e: EvidenceNote) -> Corrected | None:
    """The two rates on pictures that truly show the label."""
    if not (pair := e.get("corrected")):
        return None
    rate, baseline = pair
    return {"rate": rate, "baseline": baseline}


def _example(x: Shot) -> Example:
    o = x.outcome
    return {"image": x.image, "predicted": o.said or None, "score": o.score, "seed": o.sample.seed, **noted(x.marks)}

"""report.json: what a run found, in numbers (schema 1; rates in [0, 1], counts are pictures)."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .. import media, tasks
from ..core.options import Config
from ..core.records import Outcome, Purpose, Sample, Status, Usage
from ..language import Wording
from ..stats import agreement, always_rise, newcombe
from ..store.folder import SCHEMA, Store
from ..store.ledger import finite
from . import why
from .html import page

EXAMPLES = 8
PREDICTED = 5
COLUMNS = (
    "label",
    "description",
    "prompt",
    "purpose",
    "replicate",
    "seed",
    "status",
    "predicted",
    "score",
    "caption",
    "image",
)


def write(store: Store, paged: bool = True) -> dict[str, Any]:
    """Write report.json and, if `paged`, report.html into the run folder, each atomically; returns the report."""
    report = build(store)
    store.write_text("report.json", json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False))
    if paged:
        store.write_text("report.html", page(report, store))
    return report


def build(store: Store) -> dict[str, Any]:
    """The report of whatever the store holds so far."""
    reader = _Reader(store)
    evidence = store.notes("evidence")
    children = _children(store)
    tested = [*sorted(evidence.values(), key=_nearest), *sorted(children.values(), key=_nearest)]
    identity = reader.identity
    bugs = reader.tree(evidence, children)
    return {
        "schema": SCHEMA,
        "kind": "probe" if reader.probing else "hunt",
        "run_id": store.meta("run_id"),
        "created": store.meta("created"),
        "finished": bool(store.meta("finished")),
        "task": identity["task_id"],
        "medium": identity["medium"],
        "names": store.meta("names") or {},
        "target": identity["models"]["target"],
        "generator": identity["models"]["generator"],
        "captioner": identity["models"]["captioner"],
        "judge": identity["models"]["judge"],
        "models": identity["models"],
        "judge_error": reader.judge_error(),
        "alpha": reader.config.alpha,
        "margin": reader.config.margin,
        "seed": reader.config.seed,
        "budget": reader.config.budget,
        "explain_budget": reader.config.explain_budget,
        "explaining_images": reader.generated("explain", "refine"),
        "fixed_n": 0 if reader.probing else reader.config.fixed_n,
        "images_generated": reader.generated(),
        "hypotheses_tested": len(tested),
        "undecided": sum(e["verdict"] == "undecided" for e in evidence.values()),
        "stopped": store.meta("stopped"),
        "usage": _usage(store),
        "seconds": round(store.meta("seconds") or 0.0, 1),
        "labels": [reader.label(label, list(evidence.values())) for label in reader.labels(evidence)],
        "bugs": bugs,
        "across": [] if reader.probing else _across(bugs, evidence.values()),
        "probed": reader.probed(evidence) if reader.probing else [],
        "rejected": [reader.rejected(e) for e in tested if e["verdict"] != "confirmed"],
    }


def _usage(store: Store) -> dict[str, Any] | None:
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


def _children(store: Store) -> dict[str, Any]:
    """Sharper descriptions with a verdict (one without was not drawn before the run stopped), each of a parent once: the hunt
    and a person may both have asked."""
    found: dict[tuple[str, str], tuple[str, Any]] = {}
    for id, c in store.notes("refinement").items():
        place = (c["parent"], c["prompt"])
        if "verdict" in c and (place not in found or found[place][1]["verdict"] != "confirmed"):
            found[place] = (id, c)
    return dict(found.values())


def rows(store: Store) -> list[dict[str, Any]]:
    """Every picture ever asked for, with what became of it."""
    reader = _Reader(store)
    found = []
    for (purpose, label, text), samples in sorted(reader.by_stream.items()):
        captions = store.get("captioner", reader.identity["models"]["captioner"], [s.key for s in samples])
        for o, image in reader.outcomes(purpose, label, text):
            s = o.sample
            values = (label, s.prompt.description, text, purpose, s.replicate, s.seed, o.status.value, o.taken_for or None, o.score,
                      captions.get(s.key), image)  # fmt: skip
            found.append(dict(zip(COLUMNS, values, strict=True)))
    return found


class _Reader:
    """Answers of a store, put together as outcomes under the run's own options."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.identity: Mapping[str, Any] = store.meta("identity")
        self.config = Config.of(self.identity["options"])
        self.task = tasks.load(self.config)
        self.wording = Wording(media.load(self.identity["medium"]).words)
        self.probing = self.identity.get("kind") == "probe"
        # what a person asked for stands before what the hunt found by itself
        self.explanations = {**store.notes("explanation"), **store.notes("inquiry")}
        self.by_stream: dict[tuple[str, str, str], list[Sample]] = {}
        for s in store.samples():
            self.by_stream.setdefault((s.purpose, s.prompt.label, s.prompt.text), []).append(s)

    def judge_error(self) -> dict[str, Any]:
        """Whether rates are corrected for the judge's mistakes, and with what."""
        found: dict[str, Any] = {
            "corrected": False,
            "exact": bool(self.store.meta("judge_exact")),
            "sensitivity": None,
            "specificity": None,
        }
        sensitivity, specificity = self.config.judge_sensitivity, self.config.judge_specificity
        if sensitivity:
            found |= {"corrected": True, "exact": False, "sensitivity": sensitivity, "specificity": specificity}
        return found | {"agreement": self._agreement()}

    def _agreement(self) -> dict[str, Any] | None:
        """How far the voters of a judge agree, measured on every picture; None for a judge that is one."""
        voters = self.store.meta("judge_voters") or 1
        if voters < 2:
            return None
        keys = [s.key for samples in self.by_stream.values() for s in samples]
        shares = list(self.store.get("judge", self.identity["models"]["judge"], keys).values())
        found = agreement(shares, voters)
        chance = finite({"chance": found.chance.value, "kappa": found.kappa})
        return {"voters": voters, "n": found.n, **chance, "low": found.chance.low, "high": found.chance.high}

    def generated(self, *purposes: str) -> int:
        """Pictures asked for, of all purposes or these."""
        return sum(len(samples) for (purpose, _, _), samples in self.by_stream.items() if not purposes or purpose in purposes)

    def outcomes(self, purpose: str, label: str, text: str, drawn: int | None = None) -> list[tuple[Outcome, str | None]]:
        """(outcome, image path or None) of a stream's first `drawn` pictures, in order."""
        samples = self.by_stream.get((purpose, label, text), [])
        samples = [s for s in sorted(samples, key=lambda s: s.replicate) if drawn is None or s.replicate < drawn]
        keys = [s.key for s in samples]
        models = self.identity["models"]
        made, judged, answered = (self.store.get(r, models[r], keys) for r in ("generator", "judge", "target"))
        return [
            (
                tasks.outcome(self.task, s, made.get(s.key), judged.get(s.key), answered.get(s.key), self.config.faithful),
                (made.get(s.key) or {}).get("image"),
            )
            for s in samples
        ]

    def label(self, label: str, evidence: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        # a probe may compare with another prompt than the plain label
        plain = self.wording.neutral(label).text
        mine = [e for e in evidence if e["label"] == label and e["neutral"] == plain]
        seen: list[tuple[Outcome, str | None]] = []
        for (purpose, owner, text), samples in self.by_stream.items():
            # what explains a bug shows other labels' surroundings too
            if owner == label and purpose != "explain":
                seen += self.outcomes(purpose, label, text, None) if samples else []
        statuses = Counter(o.status for o, _ in seen)
        baseline = max((e["baseline"] for e in mine), key=lambda b: b["n"], default=None)
        return {
            "label": label,
            "baseline": baseline,
            "images": len(seen),
            "flagged": statuses[Status.REFUSED],
            "unfaithful": statuses[Status.UNFAITHFUL],
            "errored": statuses[Status.ERROR],
        }

    def labels(self, evidence: Mapping[str, Any]) -> list[str]:
        return self.identity["labels"] or sorted({e["label"] for e in evidence.values()})

    def probed(self, evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All that a probe asked, confirmed or not, in the order in which it was asked."""
        asked = sorted(evidence.items(), key=lambda x: x[1]["order"])
        return [self.bug(id, e) | {"id": f"{i}"} for i, (id, e) in enumerate(asked, 1)]

    def tree(self, evidence: Mapping[str, Any], children: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Confirmed bugs, the largest rise first, each followed by its confirmed children; numbered as people see them."""
        confirmed = [(id, self.bug(id, e)) for id, e in evidence.items() if e["verdict"] == "confirmed"]
        found = []
        for rank, (id, bug) in enumerate(sorted(confirmed, key=lambda x: _rank(x[1])), 1):
            mine = [(key, c) for key, c in children.items() if c["parent"] == id and c["verdict"] == "confirmed"]
            sharper = sorted((self.bug(f"child-{key}", c, "refine") for key, c in mine), key=_rank)
            found.append(bug | {"id": f"{rank}"})
            found += [c | {"id": f"{rank}.{i}", "parent": f"{rank}"} for i, c in enumerate(sharper, 1)]
        return [bug | {"same_as": _same(bug, found)} for bug in found]

    def bug(self, key: str, e: Mapping[str, Any], purpose: Purpose = "confirm") -> dict[str, Any]:
        """`key`: of its explanation in the ledger; `purpose`: what its pictures were drawn for."""
        seen = self.outcomes(purpose, e["label"], e["prompt"], e["drawn"])
        failures = [(o, image) for o, image in seen if o.status is Status.FAILURE]
        successes = [(o, image) for o, image in seen if o.status is Status.SUCCESS]
        if not successes:  # nothing right to show under the description: the neutral prompt's pictures stand beside it
            neutral = self.outcomes(purpose, e["label"], e["neutral"], e["baseline_drawn"])
            neutral += self.outcomes("explore", e["label"], e["neutral"])
            contrast, from_neutral = [(o, i) for o, i in neutral if o.status is Status.SUCCESS], True
        else:
            contrast, from_neutral = successes, False
        shares = Counter(o.taken_for for o, _ in failures)
        rate, base = _share(e["treated"]), _share(e["baseline"])
        note = self.explanations.get(key)
        return {
            "id": "",
            "key": key,
            "label": e["label"],
            "description": e["description"],
            "sentence": e["sentence"],
            "prompt": e["prompt"],
            "phrases": [p["text"] for p in e["phrases"]],
            "compared_with": e["neutral"],
            "besides": self.wording.besides(e["neutral"], e["label"]),
            "source": e["source"],
            "verdict": e["verdict"],
            "reason": e["reason"],
            "predicted": [{"label": p, "share": n / len(failures)} for p, n in shares.most_common(PREDICTED)],
            **e["treated"],
            "rate": rate,
            "unfaithful": sum(o.status is Status.UNFAITHFUL for o, _ in seen),
            "baseline": e["baseline"],
            "baseline_rate": base,
            "risk_difference": None if rate is None or base is None else rate - base,
            "rise": self.rise(e, fixed=purpose == "confirm" and self.config.fixed_n > 0 and not self.probing),
            "corrected": _corrected(e),
            "risk_ratio": rate / base if base and rate is not None else None,
            "e_value": e["e_value"],
            **(why.section(note, self.explaining, self.wording) if note else why.NOTHING),
            "examples": [_example(o, image) for o, image in failures[:EXAMPLES]],
            "successes": [_example(o, image) for o, image in contrast[: EXAMPLES // 2]],
            "successes_from_neutral": from_neutral,
            "parent": None,
            "same_as": None,
        }

    def explaining(self, label: str, prompt: str, drawn: int) -> list[tuple[Outcome, str | None]]:
        return self.outcomes("explain", label, prompt, drawn)

    @staticmethod
    def rise(e: Mapping[str, Any], fixed: bool) -> dict[str, float | None]:
        """rate - baseline_rate with its interval: time-uniform, or for a number of pictures fixed beforehand."""
        interval = newcombe if fixed else always_rise
        treated, baseline = e["treated"], e["baseline"]
        return finite(asdict(interval(treated["failures"], treated["n"], baseline["failures"], baseline["n"])))

    @staticmethod
    def rejected(e: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "label": e["label"],
            "description": e["description"],
            "sentence": e["sentence"],
            "reason": e["reason"],
            "source": e["source"],
            "compared_with": e["neutral"],
            **e["treated"],
            "baseline": e["baseline"],
            "corrected": _corrected(e),
            "e_value": e["e_value"],
        }


def _across(bugs: Sequence[Mapping[str, Any]], evidence: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Descriptions that are bugs of several labels, those of most labels first. `tried`: labels that each was tried with."""
    tried = Counter(tuple(p["text"] for p in e["phrases"]) for e in evidence if e["treated"]["n"])
    found: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for bug in bugs:
        if not bug["parent"]:
            found.setdefault(tuple(bug["phrases"]), []).append({"label": bug["label"], "bug": bug["id"]})
    rows: list[dict[str, Any]] = [
        {"description": ", ".join(phrases), "confirmed": len(labels), "tried": tried[phrases], "labels": labels}
        for phrases, labels in found.items()
        if len(labels) > 1
    ]
    return sorted(rows, key=lambda row: (-row["confirmed"], row["tried"], row["description"]))


def _same(bug: Mapping[str, Any], bugs: Sequence[Mapping[str, Any]]) -> str | None:
    """The number of another bug that says just what does it here."""
    minimal = {p["text"] for p in bug["minimal"]["phrases"]} if bug["minimal"] else set()
    same = (b["id"] for b in bugs if b["label"] == bug["label"] and set(b["phrases"]) == minimal != set(bug["phrases"]))
    return next(same, None)


def _share(r: Mapping[str, Any]) -> float | None:
    return r["failures"] / r["n"] if r["n"] else None


def _rank(bug: Mapping[str, Any]) -> tuple[float, str, str]:
    return -bug["risk_difference"], bug["label"], bug["description"]


def _nearest(e: Mapping[str, Any]) -> tuple[bool, float]:
    """What the budget left undecided first, the nearest to a verdict at the top."""
    return e["verdict"] != "undecided", -e["e_value"]


def _corrected(e: Mapping[str, Any]) -> dict[str, Any] | None:
    """The two rates on pictures that truly show the label."""
    return dict(zip(("rate", "baseline"), e["corrected"], strict=True)) if e.get("corrected") else None


def _example(o: Outcome, image: str | None) -> dict[str, Any]:
    return {"image": image, "predicted": o.taken_for or None, "score": o.score, "seed": o.sample.seed}

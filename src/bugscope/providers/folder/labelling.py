"""Which pictures show which label: as people labelled them, as captions say, or as a network sees it."""

from collections import Counter
from typing import Any

from ...core import label_files
from ...core import labels as names
from ...core.errors import SpecError
from .collection import Collection
from .names import Names
from .search import Search, Sights

SUGGESTED = 6


def labelled(found: Collection, search: Search, labels: Any) -> tuple[dict[str, list[int]], tuple[str, ...]]:
    """Label -> places of its pictures, and the names that were looked for if the folder gives none."""
    if found.annotated:
        if labels:
            raise SpecError(f"{found.root.name!r} gives its pictures labels; leave the argument labels out")
        return found.by_label(), ()
    known = _looked_for(labels)
    by_label: dict[str, list[int]] = {}
    if found.captioned:
        mentioned = Names(known)
        shown = [list(dict.fromkeys(n for text in item.captions for n in mentioned.all(text))) for item in found.items]
    else:
        assert isinstance(search, Sights)
        shown = [[name] if name else [] for name in search.named(known)]
    for i, called in enumerate(shown):
        for name in called:
            by_label.setdefault(name, []).append(i)
    if not by_label:
        raise SpecError(
            f"no caption in {found.root.name!r} names any of {len(known)} labels ({', '.join(known[:3])}, ...); "
            "state them: labels=cat,dog, or a file"
        )
    return by_label, known


def _looked_for(labels: Any) -> tuple[str, ...]:
    if not labels:
        return names.imagenet()
    single = isinstance(labels, str) and "," not in labels and labels != "imagenet" and not labels.endswith((".txt", ".json"))
    return (labels,) if single else label_files.read(labels)


def most_pictures(found: Collection, by_label: dict[str, list[int]]) -> tuple[str, ...]:
    own = Counter(item.label for item in found.items) if found.annotated else {n: len(p) for n, p in by_label.items()}
    return tuple(sorted(own, key=lambda name: (-own[name], name))[:SUGGESTED])

"""Pictures of earlier runs in the place of new ones, where the user asked for that: the cache as the engine sees it.

A cache never ends a run. If it cannot be read or written, the run goes on without it, and `Shelf.notice` says why.
"""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import tasks
from ..core.errors import SpecError, StoreError, told
from ..core.options import Config
from ..core.records import Sample, Specimen
from ..core.registry import Wrapped
from ..media import Medium
from ..store import cache, regions
from ..store.blobs import Blobs
from ..store.cache import Cache, Drawer, Entry
from . import contracts
from .models import Recorded

DRAWING = ("numpy", "pillow")
"""Packages that may change what a generator draws, besides those that it requires."""
Keep = Callable[[Sequence[Sample], "Future[list[Any]]"], object]


def opened(config: Config) -> Cache | None:
    """The cache that the options name; None without one. Raises StoreError for a folder that is something else."""
    if config.cache == "none":
        return None
    return Cache(cache.home() if config.cache == "auto" else Path(config.cache).expanduser())


class Shelf:
    """The pictures that a cache has of one generator."""

    def __init__(self, config: Config, generator: Any, medium: Medium[Any]) -> None:
        self.generator, self.medium, self.batch = generator, medium, config.batch_size
        self.taken: set[str] = set()
        """Keys of the samples that got their picture from the cache."""
        self.notice = ""
        """Why it is not used, or not any more; "" while it is."""
        self._drawer: Drawer | None = None
        self._full = False
        found = None if isinstance(generator, Recorded) else opened(config)
        if found is not None and not (getattr(generator, "repeats", False) or config.cache_all):
            self.notice = (
                f"the cache is not used: the generator {generator.id} does not state that the same prompt and seed give the "
                "same picture again; with cache-all its pictures are kept and reused all the same"
            )
        elif found is not None:
            self._open(found)

    def _open(self, found: Cache) -> None:
        try:
            self._drawer = found.of(identity(self.generator, self.medium))
        except Exception as error:  # noqa: BLE001 - a generator's own code, which may do anything
            why = str(error) if isinstance(error, SpecError) else told(error)
            self.notice = f"the cache is not used: nothing tells one version of {self.generator.id} from another: {why}"

    def recall(self, samples: Sequence[Sample], keep: Keep) -> list[Sample]:
        """Hand the pictures that are there to `keep`, in batches; returns the samples that are left to be generated."""
        if self._drawer is None:
            return list(samples)
        left: list[Sample] = []
        for i in range(0, len(samples), self.batch):
            found = {s.key: (s, p) for s in samples[i : i + self.batch] if (p := self.find(s)) is not None}
            left += [s for s in samples[i : i + self.batch] if s.key not in found]
            if found:
                self.taken.update(found)
                made: Future[list[Any]] = Future()
                made.set_result([p for _, p in found.values()])
                keep([s for s, _ in found.values()], made)
        return left

    def find(self, s: Sample) -> Specimen[Any] | None:
        """A sample's picture, if it is there and as whole as one from the generator must be."""
        if self._drawer is None:
            return None
        try:
            entry = self._drawer.get(s.prompt.text, s.seed)
        except StoreError as error:
            self._drawer, self.notice = None, f"the cache is not used any more, and the run goes on without it: {error}"
            return None
        found = entry and self._specimen(s, entry)
        if entry and not found:
            self._drawer.discard(s.prompt.text, s.seed)
        return found

    def _specimen(self, s: Sample, entry: Entry) -> Specimen[Any] | None:
        """Checked as if the generator had made it; None if it shows nothing or is damaged."""
        try:
            truth = None
            if entry.truth is not None:
                parts = None if entry.regions is None else regions.unpacked(entry.regions)
                truth = replace(tasks.truth(s, {"truth": entry.truth}), regions=parts)
            made = Specimen(self.medium.decode(entry.content), truth, entry.info)
        except ValueError:
            return None
        (found,) = contracts.specimens(self.generator, [made], [s], self.medium)
        return found if isinstance(found, Specimen) else None

    def add(self, s: Sample, row: Mapping[str, Any], blobs: Blobs) -> None:
        """Keep a picture that was generated. `row`: as the run holds it; `blobs`: the run's files."""
        if self._drawer is None or self._full or s.key in self.taken:
            return
        truth = row.get("truth")
        try:
            parts = blobs.get(truth["regions"]) if truth and truth["regions"] else None
            entry = Entry(blobs.get(row["image"]), row["info"], truth, parts)
            self._drawer.put(s.prompt.text, s.seed, entry)
        except StoreError as error:
            self._full, self.notice = True, f"the cache takes no more pictures, and the run goes on: {error}"


def identity(generator: Any, medium: Medium[Any]) -> dict[str, Any]:
    """What makes a generator another one, as far as the picture of a prompt and a seed goes.

    Its id, which states its version, its checkpoint and its options; all stated options but those that it lists as
    `without_effect`, should its id forget one; its `fingerprint()`, if it has one; of a generator that repeats itself, the
    versions of the packages that draw; of a function without an id of its own, the file that it is in. Raises SpecError for a
    function without either.
    """
    _, _, stated = getattr(generator, "loaded_as", ("", "", {}))
    idle = {"name", *getattr(generator, "without_effect", ())}
    options = sorted((k, v) for k, v in stated.items() if k not in idle)
    fingerprint = getattr(generator, "fingerprint", None)
    return {
        "id": str(generator.id),
        "medium": medium.name,
        # only their hash is kept: an option may say what nobody else should read
        "options": hashlib.sha256(json.dumps(options, default=repr).encode()).hexdigest()[:12] if options else "",
        "fingerprint": str(fingerprint()) if callable(fingerprint) else "",
        "packages": _packages(generator),
        "source": _source(generator),
    }


def _packages(generator: Any) -> dict[str, str]:
    own = type(generator).__module__.partition(".")[0]
    names = {own} - {"bugscope", "__main__", "builtins"}
    needed: Sequence[str] = getattr(generator, "requires", ())
    if needed and getattr(generator, "repeats", False):  # others, such as servers, draw elsewhere
        names |= {*DRAWING, *needed}
    found = {}
    for name in sorted(names):
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _source(generator: Any) -> str:
    """The hash of the file that a function is in, if only its name identifies it."""
    if not isinstance(generator, Wrapped) or getattr(generator.call, "id", None):
        return ""
    call: Any = inspect.unwrap(generator.call)
    try:
        file = inspect.getsourcefile(call if inspect.isroutine(call) else type(call))
        return hashlib.sha256(Path(file or "").read_bytes()).hexdigest()[:12]
    except (OSError, TypeError) as error:
        raise SpecError("it is a function without a file; give it an attribute id, and change that with it") from error

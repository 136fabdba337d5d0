"""A folder of pictures: what it holds, what is written about each, and which can be used."""

import os
import re
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

from PIL import Image

from ...core.errors import SpecError, unknown
from ...media import picture as pictures
from ...media.picture import ENDINGS, passed_over, walk
from . import captions as notes
from .cache import Cache
from .names import aliases, of_folder

MOST_BYTES = 256 * 2**20
LONGEST_SIDECAR = 2**16
CONTAINER = re.compile(
    r"(?:train|training|val|valid|validation|test|images?|imgs?|pictures?|photos?|jpe?gs?|data|dataset)\d*", re.IGNORECASE
)
"""Names of folders that are not labels: the label is named below them, if anywhere."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """One picture. `file`: its path from the collection's folder; `digest`: SHA-256 of its bytes; `label`: "" for none."""

    file: str
    digest: str
    label: str
    captions: tuple[str, ...]

    @property
    def described(self) -> bool:
        """The half of the collection it is in: described prompts draw from one, neutral prompts from the other.

        Only the bytes decide, so that a copy, a new name or more pictures change nothing.
        """
        return int(self.digest[:8], 16) % 2 == 1


@dataclass(slots=True)
class Listing:
    """The files before any picture is opened. `labels`, `texts`: by file. `annotated`: labels are given, not guessed."""

    root: Path
    files: list[str]
    labels: dict[str, str]
    texts: dict[str, tuple[str, ...]]
    unknown: int
    """The number of lines about missing files."""
    passed: dict[str, int] = field(default_factory=dict)
    """The number of pictures of a kind that is not read, by ending."""

    @property
    def annotated(self) -> bool:
        return bool(self.labels)


@dataclass(slots=True)
class Collection:
    """The pictures that can be used, in order of their files. `skipped`: how many cannot, by reason."""

    root: Path
    items: list[Photograph]
    annotated: bool
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def captioned(self) -> bool:
        return any(item.captions for item in self.items)

    @property
    def digest(self) -> str:
        """A hash of all that answers prompts: files, their bytes, labels and captions."""
        whole = sha256()
        for item in self.items:
            whole.update(repr((item.file, item.digest, item.label, item.captions)).encode("utf-8", "backslashreplace"))
        return whole.hexdigest()[:16]

    def by_label(self) -> dict[str, list[int]]:
        """Every name of an annotated label -> places of its pictures."""
        found: dict[str, list[int]] = {}
        for i, item in enumerate(self.items):
            for name in sorted(aliases(item.label)) if item.label else ():
                found.setdefault(name, []).append(i)
        return found


def scan(folder: str, captions: str = "") -> Listing:
    """Raises SpecError for a missing folder, one without pictures, or one with unreadable captions."""
    if not folder:
        raise SpecError("folder/ names no folder; it should read folder/PATH")
    root = Path(folder).expanduser()
    if not root.is_dir():
        beside = [p.name for p in root.parent.iterdir() if p.is_dir()] if root.parent.is_dir() else []
        raise SpecError(f"{folder!r} is a file; expected a folder") if root.exists() else unknown("folder", root.name, beside)
    everything = list(walk(root))
    files = sorted(name for name in everything if name.lower().endswith(ENDINGS))
    passed = passed_over(everything)
    if not files:
        raise SpecError(f"no pictures in {folder!r} ({', '.join(ENDINGS)})" + _others(passed))
    tables = [root / name for name in everything if notes.is_table(PurePosixPath(name))]
    if captions:
        tables = [next((p for p in (root / captions, Path(captions).expanduser()) if p.is_file()), root / captions)]
    labels, texts, lost = _annotations(root, files, sorted(tables))
    _sidecars(root, files, set(everything), texts)
    if not labels and not any(table.suffix.lower() == ".json" for table in tables):
        labels = {name: label for name in files if (label := _of_path(name))}
    return Listing(root, files, labels, texts, lost, passed)


def read(listed: Listing) -> Collection:
    """Reads every new or changed file once, to hash its bytes. Raises SpecError if nothing is left."""
    skipped: Counter[str] = Counter()
    if listed.unknown:
        skipped["captions of files that are not there"] = listed.unknown
    skipped.update({f"{ending} (not read)": n for ending, n in listed.passed.items()})
    first: dict[str, Photograph] = {}
    several: set[str] = set()
    for name, (digest, reason) in zip(listed.files, _fingerprints(listed.root, listed.files), strict=True):
        label = listed.labels.get(name, "")
        if reason or listed.annotated and not label:
            skipped[reason or "no label"] += 1
            continue
        item = Photograph(name, digest, label, listed.texts.get(name, ()))
        before = first.setdefault(digest, item)
        if before is not item:
            skipped["a copy of another"] += 1
            if before.label != label:
                several.add(digest)
            first[digest] = Photograph(
                before.file, digest, before.label, tuple(dict.fromkeys((*before.captions, *item.captions)))
            )
    for digest in several:
        del first[digest]
        skipped["the same picture under two labels"] += 1
    items = sorted(first.values(), key=lambda item: item.file)
    if not items:
        raise SpecError(f"no picture in {str(listed.root)!r} can be used: {told_of(skipped)}")
    return Collection(listed.root, items, listed.annotated, dict(skipped))


def _others(passed: Mapping[str, int]) -> str:
    return f", but {', '.join(f'{n} {ending}' for ending, n in passed.items())}" if passed else ""


def told_of(skipped: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {reason}" for reason, n in sorted(skipped.items()))


def opened(path: Path) -> Image.Image:
    """The picture as a person sees it. Raises ValueError with the reason if there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if reason := _unfit(data):
            raise ValueError(reason)
        return pictures.read(data)
    except OSError as error:
        # the system's own words: the whole error would show the path
        raise ValueError(error.strerror or str(error) or type(error).__name__) from error


# --- files --------------------------------------------------------------------------------------------------------------


def _of_path(name: str) -> str:
    """The label that a sub-folder names: the first that is not a mere container."""
    named = (part for part in name.split("/")[:-1] if not CONTAINER.fullmatch(part))
    return notes.clean(of_folder(next(named, "")))


def _annotations(
    root: Path, files: Sequence[str], tables: Sequence[Path]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]], int]:
    """Labels and captions by file, and the number of lines about none."""
    present = set(files)
    bare = Counter(PurePosixPath(name).name for name in files)
    by_name = {PurePosixPath(name).name: name for name in files}
    labels: dict[str, str] = {}
    texts: dict[str, tuple[str, ...]] = {}
    lost = 0
    for table in tables:
        start = table.parent.relative_to(root).as_posix() + "/" if table.parent.is_relative_to(root) else ""
        for note in notes.read(table):
            name = _known(note.file, start.removeprefix("./"), present)
            # COCO names pictures in another folder by their file name alone
            if not name and bare[note.file] == 1:
                name = by_name[note.file]
            if not name:
                lost += 1
                continue
            texts[name] = tuple(dict.fromkeys((*texts.get(name, ()), *note.captions)))
            if note.label:
                labels[name] = note.label
    if tables and not any(texts.values()) and not labels:
        raise SpecError(f"{str(tables[0])!r} says nothing about the pictures in {str(root)!r}: {lost} lines name other files")
    return labels, {name: found for name, found in texts.items() if found}, lost


def _known(file: str, start: str, present: set[str]) -> str:
    """The listed file that a table means; "" for a name that leads elsewhere."""
    plain = file.replace("\\", "/").removeprefix("./")
    return next((name for name in (start + plain, plain) if name in present), "")


def _sidecars(root: Path, files: Sequence[str], everything: set[str], texts: dict[str, tuple[str, ...]]) -> None:
    """One caption per line of PICTURE.txt beside PICTURE.jpg, unless a table has captions for it."""
    for name in files:
        beside = name.rpartition(".")[0] + ".txt"
        if name in texts or beside not in everything:
            continue
        with suppress(OSError), (root / beside).open(encoding="utf-8-sig", errors="replace") as file:
            found = tuple(dict.fromkeys(filter(None, map(notes.clean, file.read(LONGEST_SIDECAR).splitlines()))))
            if found:
                texts[name] = found


# --- bytes --------------------------------------------------------------------------------------------------------------


def _fingerprints(root: Path, files: Sequence[str]) -> list[tuple[str, str]]:
    """(SHA-256, why it cannot be used) of each file; a file is not read again while size and time stay the same."""
    cache = Cache("files")
    keys = [_state(root / name) for name in files]
    known = {key: value.decode("utf-8", "replace") for key, value in cache.get([key for key in keys if key]).items()}
    new = [(key, root / name) for key, name in zip(keys, files, strict=True) if key and len(known.get(key, "")) < 64]
    with ThreadPoolExecutor(4) as pool:  # reading and hashing release the lock
        for i in range(0, len(new), 1000):
            part = new[i : i + 1000]
            found = dict(zip([key for key, _ in part], pool.map(fingerprint, [path for _, path in part]), strict=True))
            cache.put((key, value.encode()) for key, value in found.items() if value)
            known.update(found)
    values = (known.get(key, "") for key in keys)
    return [(value[:64], value[64:]) if value else ("", "not readable") for value in values]


def _state(path: Path) -> str:
    try:
        at = path.stat()
    except OSError:
        return ""
    if not stat.S_ISREG(at.st_mode):  # a pipe would be waited for
        return ""
    whole = os.fsencode(path.absolute())
    return f"{sha256(whole).hexdigest()}|{at.st_size}|{at.st_mtime_ns}"


def fingerprint(path: Path) -> str:
    """The digest, followed by the reason if the file cannot be used; "" if it cannot be read today."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError:
        return ""
    return sha256(data).hexdigest() + _unfit(data)


def _unfit(data: bytes) -> str:
    """Why a file is not a usable photograph, by its first bytes; "" if it is one. Damage further on shows later."""
    if len(data) > MOST_BYTES:
        return "too large"
    try:
        with pictures.opened(data) as image:
            # a phone's MPO is a photograph with a preview
            return "animated" if image.format != "MPO" and getattr(image, "is_animated", False) else ""
    except pictures.TooManyPixels:
        return "of too many pixels"
    except ValueError:
        return "no picture"

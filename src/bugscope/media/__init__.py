"""Media: what generators make and targets are shown. One file a medium; the module itself is the medium.

A medium is found by its file's name (`picture.py`) or through the entry-point group `bugscope.media`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from ..core import registry
from ..core.records import Refused
from ..language.vocabulary import Vocabulary

M = TypeVar("M")


class Preview(NamedTuple):
    """A small picture of a specimen for a page: the bytes of a file, and its media type ("image/jpeg")."""

    data: bytes
    type: str


class Medium(Protocol[M]):
    """How contents of one modality are checked, kept and shown, and how its prompts are worded.

    `name`: what a generator states as its attribute `medium`. `suffix`: of stored files (".png"). `words`: openings of prompts and
    captions, and tables of conditions.
    """

    @property
    def name(self) -> str: ...

    @property
    def suffix(self) -> str: ...

    @property
    def words(self) -> Vocabulary: ...

    def check(self, content: Any, /) -> M | Refused:
        """What a generator gave, in the form that all models are shown; `Refused` for what shows nothing.

        Raises TypeError where it is no content of this medium, ValueError that names what is wrong with it.
        """

    def encode(self, content: M, /) -> bytes:
        """As a file holds it, without loss."""

    def decode(self, data: bytes, /) -> M:
        """The content of a file. Raises ValueError where it is damaged."""

    def sample(self) -> M:
        """Any content, to try models on."""

    def copy(self, content: M, /) -> M:
        """For a model that may change what it is shown."""

    def preview(self, content: M, side: int, marks: Sequence[Any] = (), /) -> Preview:
        """A picture of at most `side` x `side` pixels, with `tasks.Mark`s drawn on it."""

    def signature(self, content: M, /) -> bytes:
        """For finding near-duplicates: 8 bytes whose bits seldom differ between them, then bytes of a coarse rendering that
        differ little. Always as many bytes."""


def load(name: str) -> Medium[Any]:
    """Raises SpecError that names the nearest medium."""
    found: Medium[Any] = registry.medium(name)
    return found


def of(generator: Any) -> Medium[Any]:
    """The medium of what a generator makes: what its attribute `medium` names, else pictures."""
    return load(getattr(generator, "medium", "picture"))

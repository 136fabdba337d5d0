"""Media: what generators make and targets are shown. One file per medium; the module itself is the medium.

A medium is found by the name of its file (`picture.py`) or through the entry-point group `bugscope.media`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from ..core import registry
from ..core.records import Refused
from ..language.vocabulary import Vocabulary

M = TypeVar("M")


class Preview(NamedTuple):
    """A small picture of a specimen for a page: the bytes of a file and its media type ("image/jpeg")."""

    data: bytes
    type: str


class Medium(Protocol[M]):
    """How contents of one modality are checked, kept and shown, and how its prompts are worded.

    `name`: what a generator states as its attribute `medium`. `suffix`: of stored files (".png"). `words`: openings of prompts
    and captions, and tables of conditions.
    """

    @property
    def name(self) -> str: ...

    @property
    def suffix(self) -> str: ...

    @property
    def words(self) -> Vocabulary: ...

    def check(self, content: Any, /) -> M | Refused:
        """What a generator gave, in the form that all models are shown; `Refused` if it shows nothing.

        Raises TypeError if it is not content of this medium, and ValueError that names what is wrong with it.
        """

    def encode(self, content: M, /) -> bytes:
        """The bytes of a file that holds the content without loss. Several threads may ask, each for other content."""

    def decode(self, data: bytes, /) -> M:
        """The content of a file's bytes. Raises ValueError if they are damaged."""

    def sample(self) -> M:
        """Any content, to try models on."""

    def copy(self, content: M, /) -> M:
        """A copy for a model that may change what it is shown."""

    def preview(self, content: M, side: int, marks: Sequence[Any] = (), /) -> Preview:
        """A picture of at most `side` x `side` pixels, with `marks` (`tasks.Mark`) drawn on it."""

    def signature(self, content: M, /) -> bytes:
        """Bytes for finding near-duplicates, always the same number of them: 8 bytes in which near-duplicates rarely differ by
        a bit, then a coarse rendering in which they differ little."""


def load(name: str) -> Medium[Any]:
    """The medium of this name. Raises SpecError that names the nearest one."""
    found: Medium[Any] = registry.medium(name)
    return found


def of(generator: Any) -> Medium[Any]:
    """The medium of what a generator makes: the one that its attribute `medium` names, else pictures."""
    return load(getattr(generator, "medium", "picture"))

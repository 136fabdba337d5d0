"""Pickles of which nothing runs: what a reader does not admit by name is an error."""

import pickle
import pickletools
import struct
import warnings
from typing import Any, BinaryIO

from ...core.errors import ModelError, short

MOST = 1_000_000
"""Things that a pickle may refer back to."""
BROKEN: tuple[type[Exception], ...] = (
    pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, IndexError, KeyError, struct.error, OverflowError,
    MemoryError,
)  # fmt: skip
"""What a pickle may raise that is damaged, or that uses what it was given in another way than it is meant for."""


class Unpickler(pickle.Unpickler):
    """Admits only what `admitted` gives in the place of a name. `only`: what that is, in words."""

    only = ""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.file = file

    def admitted(self, module: str, name: str) -> Any:
        """None for what is not. A function must be new each time: a pickle may set attributes of what it is given, and must not
        reach ours."""
        raise NotImplementedError

    def load(self) -> Any:
        """Raises ModelError, or one of `BROKEN`."""
        file, start = self.file, self.file.tell()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes in texts
            for opcode, place, _ in pickletools.genops(file):
                # a place far out makes room for all before it
                if opcode.name in ("PUT", "LONG_BINPUT") and (not isinstance(place, int) or not 0 <= place < MOST):
                    raise ModelError(f"the checkpoint keeps something at place {short(str(place))}; the maximum is {MOST:,}")
        file.seek(start)
        return super().load()

    def find_class(self, module: str, name: str) -> Any:
        found = self.admitted(module, name)
        if found is None:
            raise ModelError(f"the checkpoint asks for {short(f'{module}.{name}')}; only {self.only} are admitted")
        return found

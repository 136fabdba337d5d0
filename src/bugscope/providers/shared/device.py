"""Where a PyTorch network lives, how it is asked, and what happens when memory runs out."""

import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from ...core.errors import told, unknown

T = TypeVar("T")
A = TypeVar("A")
DTYPES = ("float32", "float16", "bfloat16")


class Device:
    """A device and a number format for one network.

    `device`: "" for the first available of cuda, mps and cpu. `dtype`: "" for float16 on cuda, else float32. Raises SpecError
    for an unknown dtype, and PyTorch's own error for a missing device, before anything is downloaded.
    """

    def __init__(self, device: str = "", dtype: str = "") -> None:
        self.torch: Any = importlib.import_module("torch")
        self.name = device or next((d for d in ("cuda", "mps") if getattr(self.torch, d).is_available()), "cpu")
        self.dtype_name = dtype or ("float16" if self.name.startswith("cuda") else "float32")
        if self.dtype_name not in DTYPES:
            raise unknown("dtype", self.dtype_name, DTYPES)
        self.dtype: Any = getattr(self.torch, self.dtype_name)
        self.torch.empty(0, device=self.name)
        # a batch saves little on a CPU, and blocked kernels would let an answer's last bits depend on its batch
        self.at_once = 1 if self.name == "cpu" else 10**9

    def batches(self, items: Sequence[T]) -> Iterator[Sequence[T]]:
        """The items in batches that suit the device."""
        for i in range(0, len(items), self.at_once):
            yield items[i : i + self.at_once]

    def each(self, items: Sequence[T], ask: Callable[[Sequence[T]], Sequence[A]]) -> list[A]:
        """`ask` of all items, in batches that suit the device, without gradients. Raises MemoryError."""
        return [answer for batch in self.batches(items) for answer in self.run(partial(ask, batch))]

    def run(self, call: Callable[[], A]) -> A:
        """`call()` without gradients. Raises MemoryError if the GPU's memory is too small."""
        failed = ""
        try:
            with self.torch.inference_mode():
                return call()
        except self.torch.cuda.OutOfMemoryError as error:
            failed = told(error)
        # not raised above: an error kept as the cause would keep the batch's tensors while its halves need the room
        self.torch.cuda.empty_cache()
        raise MemoryError(failed)

"""Regions of a truth as bytes: an .npy file, read without pickle."""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import told


def packed(regions: NDArray[np.integer[Any]]) -> bytes:
    file = BytesIO()
    np.save(file, regions, allow_pickle=False)
    return file.getvalue()


def unpacked(data: bytes) -> NDArray[np.integer[Any]]:
    """Raises ValueError if the bytes are damaged or hold anything but integers."""
    try:
        found: NDArray[Any] = np.lib.format.read_array(BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OverflowError, MemoryError, SyntaxError, TypeError) as error:
        raise ValueError(told(error)) from error
    if not np.issubdtype(found.dtype, np.integer):
        raise ValueError(f"it holds {found.dtype}, not integers")
    return found

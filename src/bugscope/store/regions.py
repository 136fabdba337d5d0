"""Regions of a truth as bytes: a compressed .npz file with one array, `regions`, read without pickle."""

import zipfile
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import told

SUFFIX = ".npz"
MEMBER = "regions.npy"
LARGEST = 1 << 29
"""Bytes that a file may unfold to."""


def packed(regions: NDArray[np.integer[Any]]) -> bytes:
    """The same bytes for the same regions, whenever it is asked."""
    array, file = BytesIO(), BytesIO()
    np.save(array, regions, allow_pickle=False)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(MEMBER), array.getvalue(), zipfile.ZIP_DEFLATED)  # without the time of day
    return file.getvalue()


def unpacked(data: bytes) -> NDArray[np.integer[Any]]:
    """Raises ValueError if the bytes are damaged, too large or hold anything but integers."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if archive.getinfo(MEMBER).file_size > LARGEST:
                raise ValueError(f"it unfolds to over {LARGEST} bytes")
            found: NDArray[Any] = np.lib.format.read_array(BytesIO(archive.read(MEMBER)), allow_pickle=False)
    except (
        ValueError, EOFError, OSError, OverflowError, MemoryError, SyntaxError, TypeError, KeyError, RuntimeError,
        NotImplementedError, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        raise ValueError(told(error)) from error
    if not np.issubdtype(found.dtype, np.integer):
        raise ValueError(f"it holds {found.dtype}, not integers")
    return found

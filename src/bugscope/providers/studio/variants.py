"""Which Mitsuba variant runs here: `llvm` where a working LLVM library is found, else `scalar`, which runs everywhere; `cuda`
only by name.

A library of the wrong version aborts the whole process at its first kernel, so each candidate renders once in a child process.
The verdict is remembered by library file and Mitsuba version.
"""

import glob
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from ...core.errors import ModelError, unknown

LIBRARY = "DRJIT_LIBLLVM_PATH"
NAMES = ("scalar", "llvm", "cuda")
PLACES = (
    "/usr/lib/*/libLLVM*.so*", "/usr/lib/llvm-*/lib/libLLVM*.so*", "/usr/lib64/libLLVM*.so*", "/usr/local/lib/libLLVM*.so*",
    "/opt/homebrew/opt/llvm*/lib/libLLVM*.dylib", "/usr/local/opt/llvm*/lib/libLLVM*.dylib",
)  # fmt: skip
TRIALS = 3

PROBE = """
import mitsuba as mi, numpy as np
mi.set_variant("{variant}_ad_rgb")
film = {{"type": "hdrfilm", "width": 8, "height": 8}}
pose = mi.ScalarTransform4f().look_at([0, 0, 4], [0, 0, 0], [0, 1, 0])
lens = {{"type": "thinlens", "aperture_radius": 0.01, "focus_distance": 4.0, "film": film, "to_world": pose}}
scene = mi.load_dict({{"type": "scene", "light": {{"type": "constant"}}, "ball": {{"type": "sphere"}},
                      "integrator": {{"type": "path"}}, "sensor": lens}})
assert np.isfinite(np.array(mi.render(scene, spp=2))).all()
"""


def choose(name: str) -> tuple[str, dict[str, str]]:
    """("scalar" | "llvm" | "cuda", environment of the worker). `name`: one of them, or "" for what works without a GPU."""
    if name not in ("", *NAMES):
        raise unknown("studio variant", name, NAMES)
    if name == "scalar":
        return "scalar", {}
    if name == "cuda":
        if not works("cuda"):
            raise ModelError("no GPU that Mitsuba can use was found for studio/cuda; use studio/scalar")
        return "cuda", {}
    library = working_library()
    if library is not None:
        return "llvm", {LIBRARY: library}
    if name == "llvm":
        raise ModelError(
            f"no working LLVM library was found for studio/llvm; set {LIBRARY} to one (LLVM 16 or newer) or use studio/scalar"
        )
    return "scalar", {}


def working_library() -> str | None:
    """Path of an LLVM library that renders here, or None. Tries the newest few, remembers the verdicts."""
    given = os.environ.get(LIBRARY)
    verdicts = _remembered()
    changed = False
    found = None
    for library in [given] if given else candidates()[:TRIALS]:
        key = _key(library)
        if key not in verdicts:
            verdicts[key] = works("llvm", {LIBRARY: library})
            changed = True
        if verdicts[key]:
            found = library
            break
    if changed:
        _remember(verdicts)
    return found


def candidates() -> list[str]:
    """Real files of LLVM libraries in the usual places, newest version first, each once."""
    files = {os.path.realpath(f) for place in PLACES for f in glob.glob(place)}
    return sorted((f for f in files if _version(f) > 0), key=_version, reverse=True)


def _version(path: str) -> float:
    found = re.search(r"(\d+)(?:\.(\d+))?", Path(path).name)
    return float(f"{found[1]}.{found[2] or 0}") if found else 0.0


def works(variant: str, environment: Mapping[str, str] | None = None) -> bool:
    """Render a small scene with a variant in a child process."""
    try:
        child = subprocess.run(
            [sys.executable, "-P", "-c", PROBE.format(variant=variant)],
            env={**os.environ, **(environment or {})},
            capture_output=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return child.returncode == 0


def _key(library: str) -> str:
    try:
        stamp = os.stat(library).st_mtime_ns
    except OSError:
        stamp = 0
    return f"{library}|{stamp}|{importlib.metadata.version('mitsuba')}"


def _file() -> Path:
    return Path(platformdirs.user_cache_dir("bugscope")) / "llvm.json"


def _remembered() -> dict[str, bool]:
    try:
        known = json.loads(_file().read_text())
    except (OSError, ValueError):
        return {}
    return {str(k): bool(v) for k, v in known.items()} if isinstance(known, dict) else {}


def _remember(verdicts: dict[str, bool]) -> None:
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        _file().write_text(json.dumps(verdicts))
    except OSError:
        return  # a home that cannot be written only costs a few seconds at the next start

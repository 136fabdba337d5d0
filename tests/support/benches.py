"""The benchmarks as modules, which find their neighbours as they do when they are run."""

import importlib
import sys
from pathlib import Path

BENCH = str(Path(__file__).parent.parent.parent / "bench")


def load(name):
    sys.path.insert(0, BENCH)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(BENCH)

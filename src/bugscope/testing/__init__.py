"""For people who write providers, and for our own tests: a small world with planted bugs, and a conformance suite."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .conformance import (
        check_answerer,
        check_captioner,
        check_classifier,
        check_describer,
        check_detector,
        check_editor,
        check_generator,
        check_judge,
        check_medium,
        check_pickle,
        check_segmenter,
        check_tagger,
        check_task,
        images,
        modes,
    )
    from .detecting import DetectorWorld
    from .world import NOTHING, PHRASES, World, null_world

_HOMES = {name: "world" for name in ("NOTHING", "PHRASES", "World", "null_world")} | {
    name: "conformance"
    for name in (
        "check_answerer", "check_captioner", "check_classifier", "check_describer", "check_detector", "check_editor",
        "check_generator", "check_judge", "check_medium", "check_pickle", "check_segmenter", "check_tagger", "check_task",
        "images", "modes",
    )
} | {"DetectorWorld": "detecting"}  # fmt: skip
__all__ = [
    "NOTHING", "PHRASES", "DetectorWorld", "World", "check_answerer", "check_captioner", "check_classifier", "check_describer",
    "check_detector", "check_editor", "check_generator", "check_judge", "check_medium", "check_pickle", "check_segmenter",
    "check_tagger", "check_task", "images", "modes", "null_world",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Imports a name when it is first used, since pytest loads this package's plug-in wherever it is installed."""
    if name in _HOMES:
        value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'bugscope.testing' has no attribute {name!r}")

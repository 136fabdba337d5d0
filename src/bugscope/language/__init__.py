"""Prompts, captions, phrases and edits. Text in, text out."""

from .captions import MOST_PHRASES, described, named, phrases, piece
from .contrasts import Contrast, contrast, typical
from .edits import Edit, Kind, bare, context, edits, kind, siblings, surroundings
from .prompts import CHECKLIST, article, besides, control, neutral, plural, prompt, sentence, treated

__all__ = [
    "CHECKLIST",
    "MOST_PHRASES",
    "Contrast",
    "Edit",
    "Kind",
    "article",
    "bare",
    "besides",
    "context",
    "contrast",
    "control",
    "described",
    "edits",
    "kind",
    "named",
    "neutral",
    "phrases",
    "piece",
    "plural",
    "prompt",
    "sentence",
    "siblings",
    "surroundings",
    "treated",
    "typical",
]

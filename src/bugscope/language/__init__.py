"""Prompts, captions and phrases. Text in, text out."""

from .captions import MOST_PHRASES, phrases
from .contrasts import Contrast, contrast, typical
from .prompts import CHECKLIST, article, neutral, plural, prompt, sentence

__all__ = [
    "CHECKLIST",
    "MOST_PHRASES",
    "Contrast",
    "article",
    "contrast",
    "neutral",
    "phrases",
    "plural",
    "prompt",
    "sentence",
    "typical",
]

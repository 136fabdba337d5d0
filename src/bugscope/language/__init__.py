"""Prompts, captions, phrases and edits. Text in, text out."""

from .captions import MOST_PHRASES, named
from .contrasts import Contrast, contrast, typical
from .edits import bare
from .prompts import article, plural, sentence
from .vocabulary import Kind, Vocabulary
from .wording import Wording

__all__ = [
    "MOST_PHRASES",
    "Contrast",
    "Kind",
    "Vocabulary",
    "Wording",
    "article",
    "bare",
    "contrast",
    "named",
    "plural",
    "sentence",
    "typical",
]

"""How pictures are spoken of."""

from bugscope.language import Wording
from bugscope.media import picture

WORDS = Wording(picture.words)

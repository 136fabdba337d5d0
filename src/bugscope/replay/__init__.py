"""Yesterday's bugs as today's regression test: the bugs of a run put to another classifier (docs/replay.md)."""

from .suite import ALLOWED, Replay, Replayed, bugs_of, replay
from .words import failing

__all__ = ["ALLOWED", "Replay", "Replayed", "bugs_of", "failing", "replay"]

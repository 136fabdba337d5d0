"""Do pictures fail nearly always? If plain ones do, the target is more often wired up wrongly than bad."""

from ..core.records import Rate

NEARLY = 0.9
"""The least failure rate. Above it the default margin of 10 points leaves no room for a rise, so nothing could be confirmed."""
HALF = 0.5
"""What the interval must exclude: that the target is right at least as often as it is wrong. 7 of 7 failures do that, 11 of 12
or 18 of 20 (time-uniform, 95 %). A label that fails half of the time is taken for one that fails nearly always in 2 of 100,000
explorations of 24 pictures. A bound of 0.8 would ask for 24 of 24, so that one lucky answer hides a broken target."""


def nearly_always(rate: Rate, guess: float = 0.0) -> bool:
    """Whether `rate` is at least `NEARLY` and its interval lies above `HALF`.

    `guess`: how often a guess is right. Where a guess fails nearly always too, so does a target that is right at most twice as
    often, and not shown to be right more often than a guess.
    """
    if not rate.n or rate.low <= HALF:
        return False
    many = 1 - guess >= NEARLY
    return rate.value >= NEARLY or (many and rate.value >= 1 - 2 * guess and rate.high >= 1 - guess)


def too_few(rate: Rate) -> bool:
    """Whether pictures that fail nearly always are too few to show it. True where there are none."""
    return not rate.n or (rate.value >= NEARLY and rate.low <= HALF)

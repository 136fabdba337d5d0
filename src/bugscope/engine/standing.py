"""How a role has answered so far, and when it is given up: a run that learns nothing more must stop and say why."""

import sys
from collections import deque
from typing import NoReturn

from ..core.errors import AnswerError, Declined, ModelError, Transient, short, told

FIRST_WAIT = 600.0
"""Seconds without an answer, failed tries and the waits between them together, after which a role that has not answered once in
this session is given up: a server loads a large model in less."""
LATER_WAIT = 7200.0
"""The same for a role that has answered: an outage or a limit per hour passes; a limit per day is not waited for."""
RECENT, SHARE = 50, 0.5
"""A role is given up if more than this share of its last `RECENT` questions failed ..."""
DECLINED, MOST_DECLINED = 200, 0.75
"""... or of its last `DECLINED` were declined. A content filter may decline one label or one condition, whose pictures are
asked for one after another, and a replay asks about little else than the conditions of bugs."""
BROKEN = 3
"""Questions that fail at once, by an exception or an unusable answer, after which a role that has never answered is given up:
it is set up wrongly, and the next picture would say the same."""


class Unanswered(ModelError):
    """A role does not answer, and the run stops. What was answered is kept; the run can be continued."""

    def with_way_on(self, onward: str) -> None:
        """Say how a person continues."""
        self.args = (f"{self}; all answers so far are kept. To go on: {onward}",)


class Standing:
    """The record of one role in a session. `who`: its name in errors. `before`: whether it answered in an earlier session."""

    def __init__(self, who: str, before: bool = False) -> None:
        self.who, self.before = who, before
        self.answers = 0
        self.failures = 0
        self.anew = 0
        """Of the failures, those that count."""
        self.broken = 0
        self.lost = 0.0
        """Seconds since its last answer."""
        self.fits = sys.maxsize
        """Items of a batch that its memory has room for, as far as is known."""
        self.recent: deque[bool] = deque(maxlen=RECENT)
        self.declined: deque[bool] = deque(maxlen=DECLINED)
        self.first: BaseException | None = None
        """What went wrong first, with a whole batch. Said of halves of it, it may read otherwise."""
        self.last: BaseException | None = None
        self.end: Unanswered | None = None

    def check(self) -> None:
        """Raises Unanswered if the role was given up."""
        if self.end is not None:
            raise self.end

    def answered(self, n: int) -> None:
        if n:
            self.answers += n
            self.lost = 0.0
            self.recent.extend([True] * min(n, RECENT))
            self.declined.extend([False] * min(n, DECLINED))

    def spend(self, seconds: float, error: BaseException) -> None:
        """Time goes by without an answer, on a wait or on a try that failed. Raises Unanswered if it would be too long."""
        self.last = error
        most = LATER_WAIT if self.answers else FIRST_WAIT
        if self.lost + seconds > most:
            asks = f", and now asks for {roughly(seconds)} more" if seconds > FIRST_WAIT / 2 else ""
            since = f"{roughly(self.lost)} of trying and waiting" if self.lost >= 1 else "the first question"
            never = "stopped answering, and did not begin again" if self.answers else "has not answered once"
            self.give_up(f"{never} after {since}{asks}", error)
        self.lost += seconds

    def broke(self, error: BaseException) -> None:
        """A model raised an exception or gave an unusable answer, to a batch. Raises Unanswered if its first answer has a wrong
        form: asked for one picture, it would be wrong as well, or right by chance."""
        self.first = self.first or error
        if isinstance(error, AnswerError) and error.whole and not (self.answers or self.before):
            self.wrong()

    def wrong(self) -> NoReturn:
        """The role is set up wrongly."""
        assert self.first is not None
        self.end = _broken(self.who, self.first)
        raise self.end from self.first

    def failed(self, error: BaseException, counts: bool = True) -> None:
        """One item got no answer. Raises Unanswered if the role is not worth asking again. `counts`: False for an item that
        failed in an earlier session as well, and says nothing new about the role."""
        self.last = error
        self.failures += 1
        if not counts:
            return
        self.anew += 1
        self.broken += not isinstance(error, Transient | Declined | MemoryError)
        if self.broken >= BROKEN and not (self.answers or self.before):
            self.wrong()
        (self.declined if isinstance(error, Declined) else self.recent).append(isinstance(error, Declined))
        if len(self.recent) == RECENT and (bad := RECENT - sum(self.recent)) > SHARE * RECENT:
            self.give_up(f"failed at {bad} of its last {RECENT} questions", error)
        if len(self.declined) == DECLINED and (no := sum(self.declined)) > MOST_DECLINED * DECLINED:
            self.give_up(f"declined {no} of its last {DECLINED} questions", error)

    def settle(self, least: int = 1, optional: bool = False) -> None:
        """After a stage or at the end of a run. Raises Unanswered if the role answered none of `least` questions or more: of
        all, or, if it answered in an earlier session, of those that are new. `optional`: the run is complete without its
        answers, and stops only if the role is set up wrongly."""
        never = self.anew >= max(BROKEN, least) if self.before else self.failures >= least
        if self.last is None or self.answers or not never or (optional and not self.broken):
            return
        if self.broken and not self.before and self.failures < BROKEN:
            self.wrong()
        self.give_up(f"answered none of {self.failures} questions", self.last)

    def hangs(self, n: int, seconds: float, error: BaseException) -> NoReturn:
        """A call with `n` items takes longer than it may. It goes on in the model, which cannot be asked again beside it."""
        answer = f"has not answered {n} question{'s' * (n != 1)} in {roughly(seconds)} and seems to hang"
        self.end = Unanswered(f"{self.who} {answer}; where that is too short a time, state a longer --timeout")
        raise self.end from error

    def give_up(self, what: str, error: BaseException) -> NoReturn:
        self.end = Unanswered(f"{self.who} {what}: {said(error)}")
        raise self.end from error


def said(error: BaseException) -> str:
    """What a model said instead of an answer: its own words where it was asked to use these errors."""
    own = isinstance(error, Transient | Declined | AnswerError) and short(str(error))
    return own or told(error)


def _broken(who: str, error: BaseException) -> Unanswered:
    if isinstance(error, AnswerError):  # it names the model
        return Unanswered(str(error))
    return Unanswered(f"{who} raised {told(error)}")


def roughly(seconds: float) -> str:
    """ "40 s", "9 min", "2 h 5 min" """
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

"""Which jobs of a type are the same, how long one of them keeps others out, and what becomes of those."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options import bounds
from backend.domain.text.length_words import in_units

#: Until when a job keeps others out, beside a number of seconds; or that it keeps out nobody.
STARTED, ENDED, NOT_UNIQUE = "started", "ended", "none"
#: Of a debounce of which nothing else is said: the longest wait is so many of its delays.
_DELAYS_OF_THE_LONGEST_WAIT = 10
#: Hexadecimal digits of a key: 128 bits.
_LENGTH = 32


class OnConflict(StrEnum):
    """What becomes of a job that is the same as one that keeps others out. That one is answered."""

    #: Nothing more: the one that is there stays as it is.
    KEEP = "keep"
    #: The one that is there gets the new payload.
    REPLACE = "replace"
    #: And its time moves to the delay from now, up to its longest wait.
    DEBOUNCE = "debounce"


@dataclass(frozen=True, slots=True)
class Unique:
    """Of jobs of one type and tenant that are the same, one at a time.

    ``until`` says how long a job keeps others out: until it has ``"started"``, until it has ``"ended"``,
    or for so many seconds from when it was accepted, whatever became of it, unless it was canceled.
    ``by`` says what makes jobs the same: names of payload fields, or a function of the payload; all of
    the payload when it is left out. ``on_conflict`` is ``"keep"``, ``"replace"`` or ``"debounce"``; the
    last two go with ``"started"``: what has started cannot get another payload. A debounce has a
    ``delay`` and a longest wait, ``max_wait_seconds``: ten delays when it is left out. Both are seconds.
    Raises `InvalidOption` naming what is wrong.
    """

    until: str | float
    by: str | tuple[str, ...] | Callable[[Any], Any] = ()
    on_conflict: str = OnConflict.KEEP.value
    delay: float | None = None
    max_wait_seconds: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "until", until_in(self.until))
        if self.on_conflict not in set(OnConflict):
            words = ", ".join(OnConflict)
            raise InvalidOption(
                f"on_conflict is one of {words}, not {bounds.shown(self.on_conflict)}",
                field="on_conflict",
            )
        if self.on_conflict != OnConflict.KEEP and self.until != STARTED:
            raise InvalidOption(
                f"on_conflict={self.on_conflict!r} goes with unique={STARTED!r}: "
                "a job that has started cannot get another payload",
                field="on_conflict",
            )
        self._check_debounce()

    def _check_debounce(self) -> None:
        if self.on_conflict != OnConflict.DEBOUNCE:
            if self.delay is not None or self.max_wait_seconds is not None:
                raise InvalidOption(
                    "delay and max_wait_seconds of what is unique go with on_conflict='debounce'",
                    field="max_wait_seconds",
                )
            return
        if self.delay is None or bounds.DEBOUNCE.checked(self.delay) > self.longest_wait_seconds:
            raise InvalidOption(
                "a debounce needs a delay of seconds, and a max_wait_seconds that is not shorter",
                field="delay",
            )
        bounds.MAX_WAIT.checked(self.longest_wait_seconds)

    @property
    def longest_wait_seconds(self) -> float:
        """Seconds from when a job was accepted to when it is due, however often it is put off."""
        if self.max_wait_seconds is not None:
            return self.max_wait_seconds
        return (self.delay or 0.0) * _DELAYS_OF_THE_LONGEST_WAIT

    @property
    def fields(self) -> tuple[str, ...]:
        """The payload fields that make jobs the same; none: all of them, or a function says."""
        if callable(self.by):
            return ()
        return (self.by,) if isinstance(self.by, str) else tuple(self.by)


class UniqueScope(NamedTuple):
    """What one job carries of it: its key, which jobs that are the same share, and what its call said."""

    key: str
    until: str
    on_conflict: str = OnConflict.KEEP.value
    #: Seconds; 0: none.
    longest_wait_seconds: float = 0.0

    @property
    def text(self) -> str:
        """As Redis and the record keep it."""
        longest = f"{self.longest_wait_seconds:.12g}" if self.longest_wait_seconds else ""
        return f"{self.until}/{longest}/{self.key}"

    @property
    def words(self) -> str:
        """For people: how long it keeps others out."""
        return until_words(self.until)

    @property
    def seconds(self) -> float:
        """How long it keeps others out, where that is a time; else 0."""
        return 0.0 if self.until in {STARTED, ENDED} else float(self.until)


def scope_in(text: str) -> UniqueScope | None:
    """The scope that `UniqueScope.text` told of; None for none, and for what is none."""
    until, _, rest = text.partition("/")
    longest, _, key = rest.partition("/")
    try:
        return UniqueScope(key, str(until_in(until)), longest_wait_seconds=float(longest or 0))
    except (InvalidOption, ValueError):
        return None


def until_in(said: Any) -> str:
    """Until when, in one form: a word, or seconds as text. Raises `InvalidOption`."""
    if said in (STARTED, ENDED):
        return str(said)
    try:
        seconds = float(said) if isinstance(said, str) else said
    except ValueError:
        seconds = None
    if not bounds.UNIQUE_SECONDS.holds(seconds):
        raise InvalidOption(
            f"unique is {STARTED!r}, {ENDED!r} or {bounds.UNIQUE_SECONDS.words}, "
            f"not {bounds.shown(said)}",
            field="unique",
        )
    return f"{seconds:.12g}"


def until_words(until: str) -> str:
    """For people: how long a job keeps others out."""
    if until in {STARTED, ENDED}:
        return f"until it has {until}"
    return f"for {in_units(float(until))} from when it was accepted"


def unique_key(
    job_type: str, tenant: str, *, is_test: bool, is_confined: bool, same: Mapping[str, Any]
) -> str:
    """The key that jobs of one type and tenant share for which ``same`` is the same.

    A rehearsal is never the same as what it rehearses: its payload would reach nobody. Nor is what may do
    less for its tenant (``is_confined``) the same as what may do more: its payload would be given to that.
    """
    text = json.dumps([tenant, is_test, is_confined, same], sort_keys=True, default=str)
    return f"{job_type}:{hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]}"

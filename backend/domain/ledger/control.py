"""An operator's word on one thing: a pause, a limit, or that it was lifted again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

#: Kinds whose value is not told.
_UNSAID = frozenset({"pause", "freeze", "quota"})


@dataclass(frozen=True, slots=True)
class Control:
    """What was said last of ``name``: ``pause:queue:low``, ``pause:lane:email``, ``limit:type:greet``.

    Of two words on the same thing the one with the higher version holds. Versions are microseconds of
    the clock of the Redis in which it was said, and grow with every word that is said there.
    """

    name: str
    #: How many, of a limit; ``1``, of a pause; empty once it was lifted.
    value: str
    version: int
    by: str = ""
    reason: str = ""
    since: datetime | None = None

    @property
    def words(self) -> str:
        """What it says: ``pause of queue:low``, ``limit of type:greet: 3``, ``no limit of type:greet``."""
        kind, _, what = self.name.partition(":")
        if not self.value:
            return f"no {kind} of {what}"
        # What is said of freezes and quotas is no number, and longer than a line.
        return f"{kind} of {what}" + (f": {self.value}" if kind not in _UNSAID else "")


class ControlDifference(NamedTuple):
    """A thing of which Redis and the record do not say the same; None: one never heard of it."""

    live: Control | None
    recorded: Control | None

    @property
    def holds(self) -> Control:
        """The later word."""
        said = [word for word in self if word is not None]
        return max(said, key=lambda word: word.version)

    @property
    def is_live_behind(self) -> bool:
        """Whether Redis has not heard the later word."""
        return self.live is None or self.live.version < self.holds.version

    @property
    def matters(self) -> bool:
        """Whether what holds is not the same; that both know that nothing holds is worth no alarm."""
        return (self.live.value if self.live else "") != (
            self.recorded.value if self.recorded else ""
        )


def differences(live: Iterable[Control], recorded: Iterable[Control]) -> list[ControlDifference]:
    """Where both stores differ, by name."""
    here, there = _by_name(live), _by_name(recorded)
    pairs = (ControlDifference(here.get(name), there.get(name)) for name in sorted(here | there))
    return [pair for pair in pairs if _version(pair.live) != _version(pair.recorded)]


def said_again(found: ControlDifference) -> Control | None:
    """The word in Redis with a version above the record's, if the record's would win over it.

    For who has just said it: where the clock of Redis was set back, or its data are new, the version
    that Redis gave it may be lower than that of a word that was said long before.
    """
    if found.live is None or found.recorded is None or not found.is_live_behind:
        return None
    return replace(found.live, version=found.recorded.version + 1)


def _by_name(words: Iterable[Control]) -> dict[str, Control]:
    return {word.name: word for word in words}


def _version(word: Control | None) -> int:
    return word.version if word else 0

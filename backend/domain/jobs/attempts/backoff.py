"""How waits between attempts grow, as formulas; what travels with a job is the list they make. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from backend.domain.jobs.options.bounds import MOST_RETRY_DELAYS, RETRY_DELAY


class Backoff(Protocol):
    """A formula for waits in seconds; ``jitter`` is the share by which each becomes longer or shorter."""

    @property
    def jitter(self) -> float:
        """Between 0 and 1."""

    def delays(self, times: int) -> tuple[float, ...]:
        """The wait before each of so many retries; the last one holds for all further ones."""


@dataclass(frozen=True, slots=True)
class Exponential:
    """Each wait is ``factor`` times the one before, from ``base`` to at most ``most`` seconds."""

    base: float = 10.0
    factor: float = 2.0
    most: float = 3600.0
    jitter: float = 0.1

    def __post_init__(self) -> None:
        _check(base=self.base, most=self.most, jitter=self.jitter)
        if not self.factor >= 1:
            raise ValueError(f"factor must be 1 or more, not {self.factor!r}")

    def delays(self, times: int) -> tuple[float, ...]:
        """The wait before each of so many retries; the last one holds for all further ones."""
        return _growing(self.base, lambda wait: wait * self.factor, self.most, times)


@dataclass(frozen=True, slots=True)
class Linear:
    """Each wait is ``step`` seconds longer than the one before, from ``base`` to at most ``most``."""

    base: float = 10.0
    step: float = 10.0
    most: float = 3600.0
    jitter: float = 0.1

    def __post_init__(self) -> None:
        _check(base=self.base, most=self.most, jitter=self.jitter)
        if not self.step >= 0:
            raise ValueError(f"step must be 0 or more, not {self.step!r}")

    def delays(self, times: int) -> tuple[float, ...]:
        """The wait before each of so many retries; the last one holds for all further ones."""
        return _growing(self.base, lambda wait: wait + self.step, self.most, times)


def _growing(
    base: float, longer: Callable[[float], float], most: float, times: int
) -> tuple[float, ...]:
    """Ends where nothing grows any more, so that a job with many retries carries few numbers."""
    waits = [min(base, most)]
    while len(waits) < min(times, MOST_RETRY_DELAYS) and min(longer(waits[-1]), most) > waits[-1]:
        waits.append(min(longer(waits[-1]), most))
    return tuple(round(wait, 3) for wait in waits)


def _check(*, base: float, most: float, jitter: float) -> None:
    for name, seconds in (("base", base), ("most", most)):
        if not RETRY_DELAY.holds(seconds):
            raise ValueError(f"{name} must be {RETRY_DELAY.words}, not {seconds!r}")
    if not 0 <= jitter <= 1:
        raise ValueError(f"jitter is a share between 0 and 1, not {jitter!r}")

"""The breakers of destinations: looking at them, and what people say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backend.domain.access.actor import Actor
from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.breaker import host_and_port
from backend.domain.jobs.options.breaker_state import Breakers, BreakerState
from backend.domain.text.nearest_name import suggestion

#: As long as the longest name and the longest key together.
_LONGEST = 256
_MOST_SUGGESTED = 200


def _nowhere(_name: str) -> None:
    """What was said is kept in Redis alone."""


class BreakerService:
    """One deployment's."""

    def __init__(
        self,
        breakers: Breakers,
        note: Callable[[str], None] = _nowhere,
        kinds: Iterable[JobType] | None = None,
    ) -> None:
        """``note`` is given the name of the control on which something was said, to write it down.

        ``kinds`` are the job types of the deployment: only what a breaker of theirs watches can be opened.
        """
        self._breakers = breakers
        self._note = note
        self._kinds = kinds

    def not_closed(self, most: int = 100) -> list[BreakerState]:
        """Those that hold jobs back, at most so many, the longest first."""
        return self._breakers.not_closed(most)

    def find(self, destination: str) -> BreakerState:
        """How one stands; raises `InvalidOption` for what no breaker watches."""
        found = self._breakers.find(_checked(destination))
        if found.since is None:
            self._check_is_watched(destination)
        return found

    def count(self) -> int:
        """How many hold jobs back."""
        return self._breakers.count()

    def open(self, destination: str, *, by: Actor, reason: str = "") -> bool:
        """Holds the jobs for a destination back until somebody closes it; False if it was so before.

        Raises `InvalidOption` for what no breaker watches: it would hold nobody back.
        """
        self._check_is_watched(_checked(destination))
        opened = self._breakers.open(_checked(destination), by=by.name, reason=reason)
        if opened:
            self._note(f"breaker:{destination}")
        return opened

    def close(self, destination: str, *, by: Actor, reason: str = "") -> bool:
        """Lets them come back, twice as many each second; False if it was closed before.

        Raises `InvalidOption` naming the nearest one where none of this name holds jobs back, but another.
        """
        closed = self._breakers.close(_checked(destination), by=by.name, reason=reason)
        if closed:
            self._note(f"breaker:{destination}")
        else:
            self._check_name(destination)
        return closed

    def _check_is_watched(self, destination: str) -> None:
        if self._kinds is not None:
            _check_is_watched(destination, self._kinds)

    def _check_name(self, destination: str) -> None:
        names = [state.destination for state in self._breakers.not_closed(_MOST_SUGGESTED)]
        near = "" if destination in names else suggestion(destination, names)
        if near:
            raise InvalidOption(f"the breaker of {destination} holds nobody back{near}")


def _check_is_watched(destination: str, kinds: Iterable[JobType]) -> None:
    """Each breaker is `name`, or `name:key` for each key: one of the two, as its job types declare it."""
    breakers = [(kind.breaker.name or kind.name, kind.breaker) for kind in kinds if kind.breaker]
    name, colon, key = destination.partition(":")
    if "://" in destination:
        host = host_and_port(key if any(name == each for each, _ in breakers) else destination)
        raise InvalidOption(f"say host and port, as in webhook:{host}", field="destination")
    if (name, bool(colon and key)) not in {(each, it.by is not None) for each, it in breakers}:
        forms = sorted({each if it.by is None else f"{each}:…" for each, it in breakers})
        near = suggestion(name, [each for each, _ in breakers])
        raise InvalidOption(
            f"no breaker watches {destination!r}{near}; here they watch {', '.join(forms) or 'nothing'}, "
            "where … is as in webhook:hooks.example.com:443",
            field="destination",
        )


def _checked(destination: str) -> str:
    if not destination or len(destination) > _LONGEST or not destination.isprintable():
        raise InvalidOption(
            f"a destination is a line of 1 to {_LONGEST} characters, such as "
            "webhook:hooks.example.com:443: tally breakers list",
            field="destination",
        )
    return destination

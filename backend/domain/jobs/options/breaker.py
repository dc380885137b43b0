"""When the jobs for a destination that cannot be reached are held back, instead of failing one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.keyed_name import check_name

#: The option under which a job carries its destination.
DESTINATION = "destination"
_LONGEST_KEY = 128
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Breaker:
    """A circuit breaker for each destination of a job type: it counts who was reached, not what was said.

    ``by``: the field of the payload that tells the destination (of a web address its host and port), or a
    function that is given the payload (its model, if the type has one); None: all jobs of the type have the
    same one. A job whose field is missing has none, and no breaker holds it. ``name``: types that give the
    same name share the breakers of what they both call alike; else each has its own.

    It opens once ``failures`` attempts within ``within`` seconds did not reach the destination, if they are
    ``ratio`` of all (counted from the first of them on). Then its jobs wait, at no attempt's cost, for
    ``rest`` seconds, twice as long each time in a row, at most ``longest_rest``. ``probes`` jobs try, and
    the first that gets any answer closes it: who waited comes back, twice as many each second. ``on`` are
    exceptions that count besides those that `unreached` knows. Raises `InvalidOption`, naming the number
    that is out of range.
    """

    by: str | Callable[[Any], str | None] | None = None
    name: str = ""
    failures: int = 5
    ratio: float = 0.5
    within: float = 60.0
    rest: float = 30.0
    longest_rest: float = 900.0
    probes: int = 1
    on: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        check_name(self.name)
        for bound in bounds.BREAKER:
            bound.checked(getattr(self, bound.name))
        if self.longest_rest < self.rest:
            raise InvalidOption(
                f"longest_rest must be at least rest, {self.rest:g} seconds", field="longest_rest"
            )

    @property
    def text(self) -> str:
        """Its numbers, as Redis keeps them: times are milliseconds."""
        times = (round(each * 1000) for each in (self.within, self.rest, self.longest_rest))
        return "/".join(map(str, (self.failures, f"{self.ratio:g}", *times, self.probes)))

    def destination(self, job_type: str, key: str | None) -> str:
        """What jobs with this key are bound for, None being no key; empty for none."""
        name = self.name or job_type
        if self.by is None:
            return name
        return f"{name}:{shortened(key)}" if key else ""

    def key_in(self, payload: Mapping[str, Any]) -> str | None:
        """The key that its field of a payload tells; None for none."""
        value = payload.get(self.by) if isinstance(self.by, str) else None
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        return host_and_port(value) if isinstance(value, str) and "://" in value else str(value)


def breaker_in(text: str, by: str | None = None, name: str = "") -> Breaker | None:
    """The breaker with the numbers that a text of Redis tells; None for what is no breaker."""
    try:
        failures, ratio, within, rest, longest, probes = text.split("/")
        return Breaker(
            by,
            name,
            failures=int(failures),
            ratio=float(ratio),
            within=int(within) / 1000,
            rest=int(rest) / 1000,
            longest_rest=int(longest) / 1000,
            probes=int(probes),
        )
    except (ValueError, InvalidOption):
        return None


def host_and_port(url: str) -> str | None:
    """Of a web address: ports tell hosts apart. None for what is no address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not host:
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" if port else shown


def shortened(key: str) -> str:
    """Fit for a key of Redis and a line of text: of what is longer the beginning, and a digest of all."""
    if len(key) <= _LONGEST_KEY and key.isprintable():
        return key
    digest = hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:16]
    plain = "".join(letter if letter.isprintable() else " " for letter in key[: _LONGEST_KEY // 2])
    return f"{plain}…{digest}"

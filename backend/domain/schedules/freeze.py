"""A freeze, or maintenance window: from when until when nothing of something starts."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.quota import checked_tenant
from backend.domain.jobs.queue_name import lane_of
from backend.domain.text.length_words import in_units

KINDS = ("queue", "lane", "type", "tenant")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_KIND_WORDS = {
    "queue": "the queue",
    "lane": "the lane",
    "type": "the job type",
    "tenant": "the tenant",
}


class TicksInside(StrEnum):
    """What becomes of a schedule's ticks that fall into a freeze of what they would run."""

    #: They run; their jobs wait for its end.
    HOLD = "hold"
    #: They are skipped.
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Freeze:
    """One freeze as somebody said it: once, from ``starts_at`` to ``ends_at``, or again and again.

    ``what`` is ``queue:<name>``, ``lane:<name>``, ``type:<name>`` or ``tenant:<name>``. One that comes
    again begins at each tick of ``cron`` in ``time_zone`` and lasts ``length_seconds``. After its end what
    waited starts over ``ramp_seconds``, not at once. A naive datetime means UTC. Raises `InvalidOption`
    naming the part that is wrong.
    """

    name: str
    what: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    cron: str = ""
    length_seconds: float = 0.0
    time_zone: str = "UTC"
    ramp_seconds: float = 60.0
    ticks: TicksInside = TicksInside.HOLD

    def __post_init__(self) -> None:
        if not may_be_called(self.name):
            raise InvalidOption(
                f"a freeze is called by 1 to 64 of a-z, 0-9, dot, dash and underscore, not {self.name!r}",
                field="name",
            )
        kind, _, name = self.what.partition(":")
        if kind not in KINDS or not name:
            raise InvalidOption(
                f"{self.what!r}: say queue:<name>, lane:<name>, type:<name> or tenant:<name>",
                field="what",
            )
        if kind == "tenant":
            checked_tenant(name)
        bounds.FREEZE_RAMP.checked(self.ramp_seconds)
        object.__setattr__(self, "ticks", _ticks_inside(self.ticks))
        object.__setattr__(self, "starts_at", _instant(self.starts_at, field="from"))
        object.__setattr__(self, "ends_at", _instant(self.ends_at, field="until"))
        self._check_time()

    def _check_time(self) -> None:
        if self.cron:
            if self.starts_at or self.ends_at:
                raise InvalidOption(
                    "say from and until, or a cron line and a length, not both", field="cron"
                )
            bounds.FREEZE_LENGTH.checked(self.length_seconds)
            return
        if self.starts_at is None or self.ends_at is None:
            raise InvalidOption(
                "say from when until when it holds, or a cron line and a length", field="from"
            )
        if self.ends_at <= self.starts_at:
            raise InvalidOption("it must end after it begins", field="until")
        bounds.FREEZE_LENGTH.checked((self.ends_at - self.starts_at).total_seconds())

    @property
    def text(self) -> str:
        """As Redis and the record keep it: JSON without what is said by default."""
        said = {name: _plain(value) for name, value in asdict(self).items() if value}
        return json.dumps(
            {**said, "ramp_seconds": self.ramp_seconds, "name": self.name}, sort_keys=True
        )

    @property
    def words(self) -> str:
        """What it holds, in words."""
        return words_of(self.what)

    @property
    def when_words(self) -> str:
        """When, in words."""
        if self.cron:
            return f"{self.cron} ({self.time_zone}) for {in_units(self.length_seconds)}"
        return f"{_minute(self.starts_at)} to {_minute(self.ends_at)} UTC"


class Window(NamedTuple):
    """One stretch of time in which a freeze holds; its end is not part of it."""

    starts_at: datetime
    ends_at: datetime


class KeptFreeze(NamedTuple):
    """A freeze with who said it, why and since when; the version is its word's."""

    freeze: Freeze
    version: int
    by: str = ""
    reason: str = ""
    since: datetime | None = None


class FrozenWindow(NamedTuple):
    """One window as workers read it."""

    name: str
    what: str
    starts_at: datetime
    ends_at: datetime
    ramp_seconds: float

    def holds(self, now: datetime) -> bool:
        """Whether nothing starts now because of it."""
        return self.starts_at <= now < self.ends_at

    def lets_out(self, now: datetime) -> bool:
        """Whether it is over, and what waited for its end still comes bit by bit."""
        return self.ends_at <= now < self.ends_at + timedelta(seconds=self.ramp_seconds)

    def keeps(self, queue: str, now: datetime) -> bool:
        """Whether it keeps all of a queue, or lets out what waited there for its end."""
        is_of_queue = self.what in {f"queue:{queue}", f"lane:{lane_of(queue)}"}
        return is_of_queue and (self.holds(now) or self.lets_out(now))

    @property
    def words(self) -> str:
        """What it holds, in words."""
        return words_of(self.what)

    def concerns(self, *, queue: str, job_type: str, tenant: str) -> bool:
        """Whether it is about such a job."""
        return self.what in things_of(queue, job_type, tenant)


class FreezeState(NamedTuple):
    """How a freeze stands: what was said, the window that holds or comes next, and who waits aside."""

    kept: KeptFreeze
    #: None: it never holds again.
    window: Window | None
    holds: bool
    #: Whether workers know all its windows that they should by now, so that they obey them.
    is_planned: bool
    #: Jobs of a type or tenant that a worker has come upon; of a queue or lane they stay in line.
    aside: int
    #: The first window that they do not know and should; None: they know all.
    unplanned: Window | None = None


def may_be_called(name: object) -> bool:
    """Whether a freeze can have this name."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def things_of(queue: str, job_type: str, tenant: str) -> tuple[str, ...]:
    """All that may be frozen of such a job."""
    things = (f"queue:{queue}", f"lane:{lane_of(queue)}", f"type:{job_type}")
    return (*things, f"tenant:{tenant}") if tenant else things


def freeze_in(text: str) -> Freeze | None:
    """The freeze that a text of Redis or the record tells; None for none, and for what is no freeze."""
    try:
        said: dict[str, Any] = json.loads(text)
        for name in ("starts_at", "ends_at"):
            if said.get(name):
                said[name] = datetime.fromisoformat(said[name])
        return Freeze(**said)
    except (ValueError, TypeError, AttributeError, InvalidOption):
        return None


def words_of(what: str) -> str:
    """What a freeze holds, in words: ``the lane email``."""
    kind, _, name = what.partition(":")
    return f"{_KIND_WORDS.get(kind, kind)} {name}"


def _ticks_inside(said: str) -> TicksInside:
    try:
        return TicksInside(said)
    except ValueError:
        words = " or ".join(TicksInside)
        raise InvalidOption(
            f"ticks inside a freeze: {words}, not {said!r}", field="ticks"
        ) from None


def _instant(said: object, *, field: str) -> datetime | None:
    if said is None or (isinstance(said, datetime) and said.tzinfo):
        return said
    if not isinstance(said, datetime):
        raise InvalidOption(f"a datetime, not {type(said).__name__}", field=field)
    return said.replace(tzinfo=UTC)


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _minute(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else ""

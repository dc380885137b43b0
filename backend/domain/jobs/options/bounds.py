"""The range of every number that callers, job types and handlers may give. The one place that says it.

Python, HTTP, the command line, settings and docs take them from here. Each most is low enough that
whatever stands behind (Lua's numbers, Redis' expiry, columns of Postgres, Python's calendar) can hold it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from backend.domain.errors import ConfigurationError, InvalidOption

_DAY = 86_400
_YEAR = 366 * _DAY
_MOST_SHOWN = 40


class Bound(NamedTuple):
    """What one number may be: from ``least`` to ``most``, both included."""

    name: str
    least: float
    most: float
    unit: str = "seconds"
    is_whole: bool = False

    @property
    def words(self) -> str:
        """The range as a message says it."""
        number = "a whole number" if self.is_whole else "a number"
        unit = f" of {self.unit}" if self.unit else ""
        return f"{number}{unit} from {self.least:.12g} to {self.most:.12g}"

    def holds(self, value: Any) -> bool:
        """Whether ``value`` is a number in the range; NaN, truths and text are not."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        # Comparing asks nothing of a whole number's size; making it a float could overflow.
        return self.least <= value <= self.most and (not self.is_whole or value == int(value))

    def checked(self, value: Any) -> float:
        """``value`` itself; raises `InvalidOption` naming option and range."""
        if not self.holds(value):
            raise InvalidOption(
                f"{self.name} must be {self.words}, not {shown(value)}", field=self.name
            )
        return int(value) if self.is_whole else float(value)

    def whole(self, value: Any) -> int:
        """The same for what is counted."""
        return int(self.checked(value))

    def declared(self, value: Any, owner: str) -> float:
        """The same for what a program says of itself: raises `ConfigurationError` naming ``owner``."""
        try:
            return self.checked(value)
        except InvalidOption as error:
            raise ConfigurationError(f"{owner}: {error}") from None


#: Seconds from now to ``run_at`` or a schedule's start, at most. A date says what is meant; a number
#: so large is a mistake in the units more often than a plan, and may be half of that.
FURTHEST = 100 * _YEAR
DELAY = Bound("delay", 0, 50 * _YEAR)
RETRY_DELAY = Bound("retry_delays", 0, _YEAR)
MAX_RETRIES = Bound("max_retries", 0, 1000, "", is_whole=True)
TIMEOUT = Bound("timeout", 0.001, _YEAR)
GRACE = Bound("grace", 0, _YEAR)
IDEMPOTENCY_WINDOW = Bound("idempotency_window", 0.001, _YEAR)
RESULT_TTL = Bound("result_ttl", 0, _YEAR, is_whole=True)
LIMIT = Bound("limit", 1, 1_000_000, "", is_whole=True)
RATE_LIMIT = Bound("limit", 1, 1_000_000, "", is_whole=True)
RATE_PER = Bound("per", 0.001, 31 * _DAY)
#: How long a freeze holds, and over how long what waited for its end is spread.
FREEZE_LENGTH = Bound("length_seconds", 1, 31 * _DAY)
FREEZE_RAMP = Bound("ramp_seconds", 0, _DAY)
RATE_BURST = Bound("burst", 1, 1_000_000, "", is_whole=True)
#: How long a job keeps those out that are the same, where that is a time; how far each of those puts
#: it off, and how far all of them together.
UNIQUE_SECONDS = Bound("unique", 0.001, _YEAR)
DEBOUNCE = Bound("delay", 0.001, _YEAR)
MAX_WAIT = Bound("max_wait_seconds", 0.001, 2 * _YEAR)
#: How many jobs of a tenant may wait, and run at once.
QUOTA_WAITING = Bound("waiting", 1, 1_000_000_000, "", is_whole=True)
QUOTA_RUNNING = Bound("running", 1, 1_000_000, "", is_whole=True)
FAIR_WEIGHT = Bound("weight", 1, 1000, "", is_whole=True)
VERSION = Bound("version", 1, 1_000_000, "", is_whole=True)
#: What a `Breaker` is told.
BREAKER = (
    Bound("failures", 1, 10_000, "", is_whole=True),
    Bound("ratio", 0.01, 1, ""),
    Bound("within", 1, _DAY),
    Bound("rest", 0.1, _DAY),
    Bound("longest_rest", 0.1, 31 * _DAY),
    Bound("probes", 1, 100, "", is_whole=True),
)
#: How long a handler may put its next attempt off: `RetryLater` and `Snooze`.
OUTCOME_DELAY = Bound("delay", 0, _YEAR)
INTERVAL = Bound("interval", 1, _YEAR)
SCHEDULE_JITTER = Bound("jitter", 0, _YEAR)

#: Most entries of ``retry_delays`` and of ``tags``.
MOST_RETRY_DELAYS = 100
MOST_TAGS = 32
#: Most payload fields that make jobs the same.
MOST_UNIQUE_BY = 16
#: Keys of one fair queue that count for more than others.
MOST_FAIR_WEIGHTS = 1000

#: The largest that ``max_payload_bytes`` and ``max_result_bytes`` may be set to: each value passes
#: through several processes whole, and Redis takes no text above 512 MB.
LARGEST_JSON_BYTES = 64 * 1024 * 1024
#: What ``max_result_bytes`` is unless it is set.
RESULT_BYTES = 1024 * 1024

#: What `@job_type` takes as numbers.
DECLARED = (TIMEOUT, GRACE, MAX_RETRIES, RETRY_DELAY, LIMIT, RESULT_TTL, VERSION)


def shown(value: Any) -> str:
    """Short, whatever it is: a number may have thousands of digits."""
    if not isinstance(value, int | float | str):
        return f"a {type(value).__name__}"
    try:
        text = repr(value)
    except ValueError:
        # Python refuses to print whole numbers beyond some thousands of digits.
        return "a far larger one"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"

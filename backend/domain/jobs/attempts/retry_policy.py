"""When a failed attempt is tried again. Pure: chance comes in as an argument."""

from __future__ import annotations

from dataclasses import dataclass

from backend.domain.errors import InvalidOption

#: One minute, five minutes, fifteen minutes: what the platform promises by default.
DEFAULT_DELAYS = (60.0, 300.0, 900.0)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and after which delays in seconds, a job is tried again.

    ``jitter`` is a share of the delay: 0.1 spreads retries over ±10 %, so that jobs which failed
    together do not come back together.
    """

    delays: tuple[float, ...] = DEFAULT_DELAYS
    max_retries: int | None = None
    jitter: float = 0.1

    def __post_init__(self) -> None:
        if any(delay < 0 for delay in self.delays):
            raise InvalidOption("retry_delays must not be negative")
        if self.max_retries is not None and self.max_retries < 0:
            raise InvalidOption("max_retries must not be negative")
        if not 0 <= self.jitter <= 1:
            raise InvalidOption("jitter is a share between 0 and 1")

    @property
    def max_attempts(self) -> int:
        """How many counted attempts a job has, the first one included."""
        retries = len(self.delays) if self.max_retries is None else self.max_retries
        return retries + 1

    def delay_after(self, failures: int, chance: float) -> float:
        """Seconds to wait after the ``failures``-th counted failure (from 1).

        ``chance`` in [0, 1) places the wait inside the jitter. Retries beyond the list of delays
        wait as long as its last one.
        """
        if not self.delays:
            return 0.0
        delay = self.delays[min(failures, len(self.delays)) - 1]
        return delay * (1 + self.jitter * (2 * chance - 1))

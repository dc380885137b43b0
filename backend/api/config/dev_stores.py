"""Whether the stores that this process uses untold are still those of the `tally dev` that runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from backend.api.config.left_by_dev import stores_left_by_dev
from backend.api.config.settings import Settings, were_handed_on

#: Seconds between two looks at most: some files are asked for.
_PAUSE = 1.0


class DevStores:
    """A web server lives longer than a `tally dev`, or was there first."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        """``settings`` are those in use; ``now`` gives seconds."""
        self._used = settings.redis_url
        self._now = now
        self._next = now() + _PAUSE
        is_untold = "redis_url" not in settings.model_fields_set or self._used == _left()
        self._may_move = is_untold and not were_handed_on()

    def have_moved(self) -> bool:
        """Whether another `tally dev` has come since. Where one only went, jobs wait for the next."""
        if not self._may_move or self._now() < self._next:
            return False
        self._next = self._now() + _PAUSE
        return _left() not in {"", self._used}


def _left() -> str:
    return stores_left_by_dev(os.environ).get("redis_url", "")

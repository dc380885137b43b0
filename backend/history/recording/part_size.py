"""How many events are offered to Postgres at once: fewer after it took too long, then ever more again."""

from __future__ import annotations

#: More than a batch has.
_ALL = 1_000_000
#: Of what got through, so much more is tried next: each try that takes too long costs half a minute.
_GROWTH = 1 / 8


class PartSize:
    """The size that one recorder has come to. Deciding only: it asks neither clock nor store."""

    def __init__(self) -> None:
        #: Events in one transaction.
        self.most = _ALL

    def took_too_long(self, events: int) -> None:
        """So many were canceled for the time they took."""
        self.most = max(1, events // 2)

    def got_through(self) -> None:
        """A whole batch was written in parts of this size."""
        self.most = min(_ALL, self.most + int(self.most * _GROWTH) + 1)

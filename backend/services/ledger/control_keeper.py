"""Keeps what operators said the same in Redis and on record.

A word is said in Redis, where workers obey it at once, and written down at once by whoever said it.
While Postgres is away it stands in Redis alone; the scheduler writes it down afterwards. A Redis that lost
its data, or has an older copy of them, gets from the record what it has not heard. Of two words on the
same thing the later one holds, whichever store it is in: no store is believed more than the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from backend.domain.errors import MigrationError, Unavailable
from backend.domain.ledger.control import Control, ControlDifference, differences, said_again
from backend.domain.ledger.control_ports import ControlBook, LiveControls
from backend.telemetry.logs.logger import Logger

log = Logger("tally.controls")


class ControlKeeper:
    """Any number may work on the same stores: a word that was carried over already changes nothing."""

    def __init__(self, live: LiveControls, book: ControlBook) -> None:
        self._live = live
        self._book = book

    def differ(self) -> bool:
        """Whether the newest words of both stores are not the same. Cheap: two numbers."""
        return self._live.version() != self._book.version()

    def differences(self) -> list[ControlDifference]:
        """Things of which both stores say that something else holds; changes nothing."""
        found = differences(self._live.read(), self._book.read())
        return [difference for difference in found if difference.matters]

    def agree(self) -> list[Control]:
        """Carries each later word to the store that has not heard it; those that Redis had not.

        Raises QueueUnavailable or HistoryUnavailable.
        """
        return self._settle(differences(self._live.settled(), self._book.read()))

    def note(self, name: str) -> None:
        """Writes down what was said just now of ``name``; while a store is away, the log tells of it."""
        try:
            found = differences(self._live.settled(), self._book.read())
            again = [said_again(each) for each in found if each.holds.name == name]
            if renewed := [word for word in again if word is not None]:
                self._live.adopt(renewed)
                found = differences(self._live.settled(), self._book.read())
            self._settle(found)
        except (Unavailable, MigrationError) as error:
            log.warning("controls.not_recorded", name=name, error=str(error))

    def _settle(self, found: Sequence[ControlDifference]) -> list[Control]:
        missing = [each.holds for each in found if each.is_live_behind]
        self._book.keep([each.holds for each in found if not each.is_live_behind])
        if missing:
            self._live.adopt(missing)
        for word in missing:
            log.info("controls.adopted", words=word.words, by=word.by, reason=word.reason)
        return missing

"""What a caller may do: four roles, each including the ones before it."""

from __future__ import annotations

from enum import StrEnum

from backend.domain.errors import InvalidOption
from backend.domain.text.nearest_name import suggestion


class Role(StrEnum):
    """Declared from the least to the most; the value is the stored word."""

    #: Looks at everything, changes nothing.
    VIEWER = "viewer"
    #: Enqueues jobs and withdraws them.
    PRODUCER = "producer"
    #: Runs the queues: retry, redrive, pause, purge, schedules, workers.
    OPERATOR = "operator"
    #: Makes and revokes keys.
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """How much it may, from 0."""
        return list(Role).index(self)

    def includes(self, other: Role) -> bool:
        """Whether this role may do all that ``other`` may."""
        return self.rank >= other.rank

    @classmethod
    def parse(cls, word: str) -> Role:
        """The role called ``word``; raises `InvalidOption` naming the nearest one."""
        try:
            return cls(word)
        except ValueError:
            names = [role.value for role in cls]
            raise InvalidOption(
                f"there is no role {word!r}{suggestion(word, names)}; use one of {', '.join(names)}",
                field="role",
            ) from None

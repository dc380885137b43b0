"""Who of a mail's recipients has it, who is refused, and who is still to be served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.domain.errors import JobSignal, PermanentFailure, RetryLater

#: How many recipients a failure names with what the server says of them, and how many letters of that.
_MOST_NAMED, _LETTERS = 5, 600


@dataclass
class Delivery:
    """How far the delivery of one mail is. What an earlier attempt did is not done again."""

    recipients: Sequence[str]
    served: list[str] = field(default_factory=list)
    #: Recipients that it refuses in this attempt, with its words.
    refused: dict[str, str] = field(default_factory=dict)
    #: Recipients that it cannot take in this attempt, with its words.
    postponed: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    #: Recipients whom an earlier attempt was handing the mail for when it ended.
    under_way: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, recipients: Sequence[str], checkpoint: Any) -> Delivery:
        """A delivery that goes on where the ``checkpoint`` of an earlier attempt left it."""
        left = checkpoint if isinstance(checkpoint, dict) else {}
        under_way = list(left.get("under_way", []))
        return cls(recipients, list(left.get("served", [])), under_way=under_way)

    @property
    def checkpoint(self) -> dict[str, Any]:
        """What the next attempt must know.

        Not who was refused: the server may have been mended since, and the job redriven for just that.
        """
        return {"served": self.served}

    def waiting(self) -> list[str]:
        """The recipients to name to the server next, in their order."""
        settled = {*self.served, *self.refused, *self.postponed}
        return [recipient for recipient in self.recipients if recipient not in settled]

    def failure(self) -> JobSignal | None:
        """How the attempt ends once nobody waits; None when the mail has gone to whom it can."""
        if self.postponed:
            return RetryLater(
                f"the mail server cannot take {_listed(self.postponed)} now{self._others()}"
                f"{self._never()}"
            )
        if not self.served:
            return PermanentFailure(f"the mail server refuses {_listed(self.refused)}")
        return None

    def _others(self) -> str:
        if not self.served:
            return ""
        return (
            f"; {len(self.served)} of {len(self.recipients)} recipients have the mail and will not "
            "get it again"
        )

    def _never(self) -> str:
        return f"; it refuses {_listed(self.refused)}" if self.refused else ""


def _listed(answers: dict[str, str]) -> str:
    """In one short line, for the job's page: the more recipients, the fewer words of each."""
    shown = list(answers.items())[:_MOST_NAMED]
    longest = _LETTERS // max(len(shown), 1)
    named = [f"the recipient {address}: {words[:longest].rstrip()}" for address, words in shown]
    more = len(answers) - len(shown)
    return "; ".join(named) + (f"; and {more} more" if more else "")

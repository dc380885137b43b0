"""What attempts leave for later ones of how far a mail is, so that nobody gets it twice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from backend.domain.errors import RetryLater, Unavailable
from workers.base_worker import JobContext
from workers.mail.delivery import Delivery
from workers.mail.outcome_unknown import OutcomeUnknown
from workers.mail.patience import Patience

_PAUSE_SECONDS = 0.5
#: More would leave no room for what to do, on the job's page.
_MOST_NAMED = 5


class DeliveryNotes:
    """The notes of one attempt.

    Where a person decides about mails that may have been sent, each is written down before the server may
    send it and once it has answered: an attempt that is killed in between leaves that to be found.
    Elsewhere nothing is, but for who has a mail that others wait for.
    """

    def __init__(
        self, delivery: Delivery, context: JobContext, patience: Patience, *, person_decides: bool
    ) -> None:
        self._delivery = delivery
        self._context = context
        self._patience = patience
        self._decides = person_decides
        self._is_under_way = False

    def check_earlier(self) -> None:
        """Raises `OutcomeUnknown` when an earlier attempt ended while the server may have sent the mail."""
        if self._decides and self._delivery.under_way:
            raise OutcomeUnknown(
                "an earlier attempt ended after the mail server had the whole mail, before its answer was "
                f"written down: it may have been sent to {_named(self._delivery.under_way)}"
            )

    def note_under_way(self, recipients: Sequence[str]) -> None:
        """Called before the mail is ended: from then on the server may send it to the ``recipients``.

        The server waits for that, so Redis is not waited for: `RetryLater` when it is away.
        """
        if not self._decides:
            return
        try:
            self._save({**self._delivery.checkpoint, "under_way": list(recipients)})
        except Unavailable as error:
            raise RetryLater(
                f"Redis could not keep that the mail is about to be sent, so nothing was sent: {error}"
            ) from error
        self._is_under_way = True

    def note_taken(self) -> None:
        """Called once the server took the mail: keeps who has it, unless everybody has.

        Raises `RetryLater` when Redis could not keep that for as long as the job may run.
        """
        if self._delivery.waiting() or self._delivery.postponed:
            self._keep()
        elif self._is_under_way:
            # Nobody is left to be served: the end of the attempt says the same.
            self._try_to_keep()
        self._is_under_way = False

    def note_refused(self) -> None:
        """Called once the server refused the mail: it is known not to be sent."""
        if self._is_under_way:
            self._keep()
        self._is_under_way = False

    def note_asked(self) -> None:
        """Called before a person is asked: who redrives the job after that wants the mail to be sent.

        A worker killed between this and the end of its attempt leaves nothing to be asked about.
        """
        if self._decides:
            self._try_to_keep()

    def _keep(self) -> None:
        """Waits for Redis: what is not kept would be sent again, or a person be asked."""
        while True:
            try:
                return self._save(self._delivery.checkpoint)
            except Unavailable as error:
                if not self._patience.has_time_for(_PAUSE_SECONDS):
                    raise self._lost(error) from error
            time.sleep(_PAUSE_SECONDS)

    def _try_to_keep(self) -> None:
        with contextlib.suppress(Unavailable):
            self._save(self._delivery.checkpoint)

    def _save(self, checkpoint: dict[str, Any]) -> None:
        self._context.save_checkpoint(checkpoint)

    def _lost(self, error: Unavailable) -> RetryLater:
        served, everybody = len(self._delivery.served), len(self._delivery.recipients)
        return RetryLater(
            f"Redis could not keep that {served} of {everybody} recipients have the mail, who may get it "
            f"again: {error}"
        )


def _named(recipients: Sequence[str]) -> str:
    shown, more = recipients[:_MOST_NAMED], len(recipients) - _MOST_NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")

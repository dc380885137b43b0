"""What attempts leave for later ones of how far a mail is, so that nobody gets it twice."""

from __future__ import annotations

import time

from backend.domain.errors import RetryLater, Unavailable
from workers.base_worker import JobContext
from workers.mail.delivery import Delivery
from workers.mail.patience import Patience

_PAUSE_SECONDS = 0.5


class DeliveryNotes:
    """The notes of one attempt."""

    def __init__(self, delivery: Delivery, context: JobContext, patience: Patience) -> None:
        self._delivery = delivery
        self._context = context
        self._patience = patience

    def note_answer(self) -> None:
        """Called once the server has answered: keeps who has the mail, unless everybody has it.

        Raises `RetryLater` when Redis could not keep that for as long as the job may run.
        """
        if self._delivery.waiting() or self._delivery.postponed:
            self._keep()

    def _keep(self) -> None:
        """Waits for Redis: what is not kept would be sent again."""
        while True:
            try:
                return self._context.save_checkpoint(self._delivery.checkpoint)
            except Unavailable as error:
                if not self._patience.has_time_for(_PAUSE_SECONDS):
                    raise self._lost(error) from error
            time.sleep(_PAUSE_SECONDS)

    def _lost(self, error: Unavailable) -> RetryLater:
        served, everybody = len(self._delivery.served), len(self._delivery.recipients)
        return RetryLater(
            f"Redis could not keep that {served} of {everybody} recipients have the mail, who may get it "
            f"again: {error}"
        )

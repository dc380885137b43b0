"""Sends mails."""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from backend.domain.errors import ArtifactError
from backend.domain.jobs.options.breaker import Breaker
from workers.base_worker import BaseWorker, JobContext, job_type
from workers.mail.mail import Mail

if TYPE_CHECKING:
    from workers.mail.composer import Composed
    from workers.mail.delivery import Delivery


class EmailWorker(BaseWorker):
    """Hands mails to the SMTP server of the settings, over connections kept between jobs."""

    lane: ClassVar[str] = "email"

    def __init__(self, settings: Any) -> None:
        # Who sends no mail need not hold what it takes, here and below.
        from workers.artifacts.open_store import open_store
        from workers.mail.composer import Composer
        from workers.mail.smtp_connection import connect
        from workers.mail.smtp_pool import SmtpPool

        super().__init__(settings)
        self.artifacts = open_store(settings.artifacts)
        self.composer = Composer(settings.smtp.sender, settings.mail, self.artifacts)
        self.pool = SmtpPool(
            partial(
                connect,
                settings.smtp,
                hello_name=settings.mail.hello_name or socket.gethostname(),
                deadline=settings.mail.deadline,
            ),
            idle_seconds=settings.mail.idle_seconds,
            mails=settings.mail.mails_per_connection,
        )

    def close(self) -> None:
        """Ends the kept connections."""
        self.pool.close()

    @job_type(
        "send_email",
        priority="high",
        timeout=120,
        secret_fields=("text", "html", "data"),
        destination_fields=("to", "cc", "bcc"),
        breaker=Breaker(name="mail_server"),
    )
    def send_email(self, mail: Mail, context: JobContext) -> dict[str, Any]:
        """Sends one mail. A test run stores it as an artifact and sends nothing."""
        from workers.mail.delivery import Delivery
        from workers.mail.sending import keep_for_inspection

        composed = self.composer.compose(mail, context)
        if context.is_test:
            return keep_for_inspection(self.artifacts, composed, context)
        delivery = Delivery.of(composed.recipients, context.checkpoint())
        self._deliver(composed, delivery, context)
        if (failure := delivery.failure()) is not None:
            raise failure
        if delivery.refused:
            context.log.warning("mail.recipients_refused", refused=len(delivery.refused))
        return {
            "message_id": composed.message_id,
            "recipients": len(delivery.served),
            "refused": delivery.refused,
            "answer": delivery.answer,
        }

    def _deliver(self, composed: Composed, delivery: Delivery, context: JobContext) -> None:
        from workers.mail.composer import cannot_attach
        from workers.mail.delivery_notes import DeliveryNotes
        from workers.mail.handover import hand_over
        from workers.mail.outcome_unknown import ASK, OutcomeUnknown, as_failure
        from workers.mail.patience import Patience
        from workers.mail.submission import Submission

        mail = self.settings.mail
        patience = Patience.of(mail.deadline, mail.confirmation_seconds, context)
        notes = DeliveryNotes(
            delivery, context, patience, person_decides=mail.unknown_outcome == ASK
        )
        try:
            notes.check_earlier()
            hand_over(self.pool, Submission(composed.envelope, delivery, patience, notes))
        except OutcomeUnknown as unknown:
            notes.note_asked()
            raise as_failure(unknown, mail.unknown_outcome) from unknown
        except ArtifactError as error:
            raise cannot_attach(error) from error
